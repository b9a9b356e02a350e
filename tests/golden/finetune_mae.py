"""Ten steps of MAE's fine-tuning recipe on a tiny ViT as PyTorch and timm do them, plainly and with mixing.

Mean of the patch tokens with fc_norm, AdamW (0.9, 0.999) with weight decay 0.05, layer decay 0.65 by the rule
of `layer_decay.py`, a linear warm-up and a half cosine by iteration down to a minimum, label smoothing 0.1, an
average of the weights; batches in order. The mixed run takes timm's Mixup with given draws.
"""

import math
from unittest import mock

import numpy as np
import torch
from golden_file import origin, output_folder, save_tensors
from layer_decay import mae
from timm.data import mixup
from timm.loss import LabelSmoothingCrossEntropy, SoftTargetCrossEntropy
from timm.models.vision_transformer import VisionTransformer
from timm.utils import ModelEmaV3

SHAPE = dict(img_size=16, patch_size=4, in_chans=1, embed_dim=32, depth=3, num_heads=4, num_classes=5)
BATCH, BATCHES, EPOCHS, WARMUP = 4, 5, 2.0, 0.5
RATE, MINIMUM, DECAY, WEIGHT_DECAY, SMOOTHING, EMA = 4e-3, 1e-4, 0.65, 0.05, 0.1, 0.8
MEAN, DEVIATION = 0.5, 0.25
SHARES = [0.3, 0.9, 0.55, 0.2, 0.75, 0.6, 0.1, 0.85, 0.5, 0.4]
CENTRES = {1: (3, 2), 4: (8, 8), 6: (15, 0), 9: (7, 11)}  # steps that cut: rows and columns
SHOWN = ("head.weight", "head.bias", "fc_norm.weight", "cls_token", "patch_embed.proj.bias",
         "blocks.1.mlp.fc1.bias")


def model_of(parameters):
    model = VisionTransformer(**SHAPE, global_pool="avg", fc_norm=True)
    model.load_state_dict({name: tensor.float() for name, tensor in parameters.items()}, strict=True)
    return model.train()


def first_parameters(generator):
    """Values that float16 holds, so that the file stays small."""
    parameters = {}
    for name, tensor in VisionTransformer(**SHAPE, global_pool="avg", fc_norm=True).state_dict().items():
        values = 0.15 * generator.standard_normal(tuple(tensor.shape))
        if "norm" in name and name.endswith("weight"):
            values = 1.0 + values
        parameters[name] = torch.from_numpy(values.astype(np.float16))
    parameters["fc_norm.weight"] = torch.ones(SHAPE["embed_dim"]).half()
    parameters["fc_norm.bias"] = torch.zeros(SHAPE["embed_dim"]).half()
    parameters["head.bias"] = torch.zeros(SHAPE["num_classes"]).half()
    return parameters


def optimizer_of(model):
    groups = []
    for name, parameter in model.named_parameters():
        scale, decays = mae(name, parameter.ndim, SHAPE["depth"], DECAY)
        groups.append(dict(params=[parameter], scale=scale, weight_decay=WEIGHT_DECAY * decays))
    return torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.999))


def rate_at(epoch):
    if epoch < WARMUP:
        return RATE * epoch / WARMUP
    return MINIMUM + (RATE - MINIMUM) * 0.5 * (1 + math.cos(math.pi * (epoch - WARMUP) / (EPOCHS - WARMUP)))


def mixed(images, labels, share, centre):
    """timm's own function with numpy's chance replaced, and the mix that came of it."""
    cut = centre is not None
    mixer = mixup.Mixup(mixup_alpha=0.0 if cut else 1.0, cutmix_alpha=1.0 if cut else 0.0,
                        label_smoothing=SMOOTHING, num_classes=SHAPE["num_classes"])
    boxes, original, places = [], mixup.cutmix_bbox_and_lam, iter(centre or ())

    def remember(*arguments, **keywords):
        boxes.append(original(*arguments, **keywords))
        return boxes[-1]

    with (mock.patch.object(mixup.np.random, "beta", lambda *_, **__: share),
          mock.patch.object(mixup.np.random, "rand", lambda *_: 0.0),
          mock.patch.object(mixup.np.random, "randint", lambda *_, **__: next(places)),
          mock.patch.object(mixup, "cutmix_bbox_and_lam", remember)):
        pictures, targets = mixer(images.clone(), labels)
    box, share = boxes[0] if cut else ((0, 0, 0, 0), share)
    return pictures, targets, [float(share), float(cut), *(float(side) for side in box)]


def train(parameters, pictures, labels, mixes):
    """Losses, gradient norms and the parameters after the last step; appends to `mixes` where it is a list."""
    model = model_of(parameters)
    optimizer = optimizer_of(model)
    average = ModelEmaV3(model, decay=EMA)
    images = (pictures.float().permute(0, 3, 1, 2) / 255 - MEAN) / DEVIATION
    losses, norms = [], []
    for step in range(int(EPOCHS * BATCHES)):
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step / BATCHES) * group["scale"]
        rows = slice(step % BATCHES * BATCH, (step % BATCHES + 1) * BATCH)
        if mixes is None:
            loss = LabelSmoothingCrossEntropy(SMOOTHING)(model(images[rows]), labels[rows])
        else:
            inputs, targets, mix = mixed(images[rows], labels[rows], SHARES[step], CENTRES.get(step))
            mixes.append(mix)
            loss = SoftTargetCrossEntropy()(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), 1e9)))
        optimizer.step()
        average.update(model)
        losses.append(loss.item())
    return losses, norms, model.state_dict(), average.module.state_dict()


def main():
    folder = output_folder(__doc__)
    torch.set_num_threads(1)
    generator = np.random.default_rng(23)
    parameters = first_parameters(generator)
    labels = torch.arange(BATCH * BATCHES) * 7 % SHAPE["num_classes"]
    noise = generator.integers(0, 120, (BATCH * BATCHES, 16, 16, 1))
    pictures = torch.from_numpy((noise + 27 * labels.numpy()[:, None, None, None]).astype(np.uint8))
    tensors = {f"param.{name}": tensor for name, tensor in parameters.items()}
    tensors |= {"pictures": pictures, "labels": labels}
    mixes = []
    for name, kept in (("plain", None), ("mixed", mixes)):
        losses, norms, last, averaged = train(parameters, pictures, labels, kept)
        tensors |= {f"{name}.losses": np.array(losses), f"{name}.norms": np.array(norms)}
        tensors |= {f"{name}.last.{key}": last[key].clone() for key in SHOWN}
        tensors |= {f"{name}.ema.{key}": averaged[key].clone() for key in SHOWN}
    tensors["mixes"] = np.array(mixes)
    save_tensors(folder / "finetune_mae.safetensors", tensors, origin(__file__, ("timm", "torch", "numpy")))


if __name__ == "__main__":
    main()
