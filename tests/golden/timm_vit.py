"""A tiny Vision Transformer as timm computes it, at its own input size and at a larger one.

For the larger input the positions are resampled here, as MAE's fine-tuning does: the class row is kept, the
patch rows are interpolated bicubically, without aligned corners and without antialiasing. (timm's own
resampling antialiases.) All parameters are random, the positions too.
"""

import numpy as np
import torch
from golden_file import origin, output_folder, save_tensors
from timm.models.vision_transformer import VisionTransformer

SHAPE = dict(patch_size=4, embed_dim=24, depth=2, num_heads=4, in_chans=3, num_classes=0)
SIZE = 16
LARGE = 24


def randomised(model, generator):
    for name, parameter in model.named_parameters():
        values = 0.25 * generator.standard_normal(parameter.shape)
        if "norm" in name and name.endswith("weight"):
            values = 1.0 + values
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(values.astype(np.float32)))
    return model.eval()


def resampled(positions, side):
    """[1, 1 + n*n, D] to [1, 1 + side*side, D]."""
    class_row, grid = positions[:, :1], positions[:, 1:]
    old = round(grid.shape[1] ** 0.5)
    grid = grid.reshape(1, old, old, -1).permute(0, 3, 1, 2)
    grid = torch.nn.functional.interpolate(grid, size=(side, side), mode="bicubic", align_corners=False,
                                           antialias=False)
    return torch.cat([class_row, grid.flatten(2).transpose(1, 2)], dim=1)


def main():
    folder = output_folder(__doc__)
    torch.set_num_threads(1)
    generator = np.random.default_rng(2)
    model = randomised(VisionTransformer(img_size=SIZE, **SHAPE), generator)
    assert model.norm.eps == 1e-6 and model.blocks[0].norm1.eps == 1e-6
    parameters = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    def pictures(count, size):
        return torch.from_numpy(generator.standard_normal((count, 3, size, size)).astype(np.float32))

    tensors = {f"param.{name}": tensor for name, tensor in parameters.items()}
    tensors.update(image=pictures(2, SIZE), image24=pictures(1, LARGE))
    for k, block in enumerate(model.blocks):
        block.register_forward_hook(lambda _, __, out, k=k: tensors.update({f"block.{k}": out.clone()}))
    with torch.no_grad():
        tensors["forward_features"] = model.forward_features(tensors["image"])

    large = VisionTransformer(img_size=LARGE, **SHAPE).eval()
    positions = resampled(parameters["pos_embed"], LARGE // SHAPE["patch_size"])
    large.load_state_dict({**parameters, "pos_embed": positions}, strict=True)
    with torch.no_grad():
        tensors["forward_features24"] = large.forward_features(tensors["image24"])
    tensors["pos_embed24"] = positions

    save_tensors(folder / "timm_vit.safetensors", tensors,
                 origin(__file__, ("torch", "timm", "numpy"), image=SIZE, epsilon=1e-6, **SHAPE))


if __name__ == "__main__":
    main()
