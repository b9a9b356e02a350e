"""A tiny CLIP with a modified ResNet as open_clip computes it: every stage, and the features of both sides.

Everything stored is random, the batch norms' statistics included, so that a tensor that is left out or mixed
up changes the numbers. Weights are rounded to float16, and the picture is one plane of bytes, to keep the file small.
"""

import numpy as np
import torch
from golden_file import origin, output_folder, save_tensors
from open_clip.model import CLIP

VOCABULARY = 40  # SOT 38, EOT 39
CONTEXT = 12
LAYERS, WIDTH, SIDE, EMBED = [1, 2, 1, 1], 2, 64, 12


def build():
    return CLIP(embed_dim=EMBED, quick_gelu=True,
                vision_cfg=dict(layers=LAYERS, width=WIDTH, image_size=SIDE, head_width=16),
                text_cfg=dict(context_length=CONTEXT, vocab_size=VOCABULARY, width=8, heads=2, layers=1)).eval()


def values_of(name, shape, generator):
    if name.endswith("num_batches_tracked"):
        return np.int64(7)
    if name.endswith("running_var"):
        return generator.uniform(0.5, 1.5, shape)
    if name == "logit_scale":
        return 2.0
    values = generator.standard_normal(shape)
    if len(shape) == 4:
        return values * (2.0 / np.prod(shape[1:])) ** 0.5
    norm = ".bn" in name or "ln_" in name or "downsample.1" in name
    return 0.25 * values + (1.0 if norm and name.endswith("weight") else 0.0)


def randomise(model, generator):
    for name, tensor in sorted(model.state_dict().items()):
        values = torch.from_numpy(np.asarray(values_of(name, tuple(tensor.shape), generator)))
        with torch.no_grad():
            tensor.copy_(values.to(torch.float16 if tensor.is_floating_point() else torch.int64))


def stages(visual, x):
    """Each stage's output, under repbench's names."""
    found = {"stem": visual.stem(x)}
    x = found["stem"]
    for number in range(1, 5):
        for index, block in enumerate(getattr(visual, f"layer{number}")):
            x = block(x)
            found[f"layer{number}.{index}"] = x
    found["projection"] = visual.attnpool(x)
    weight, bias = visual.attnpool.c_proj.weight, visual.attnpool.c_proj.bias
    visual.attnpool.c_proj.weight = torch.nn.Parameter(torch.eye(weight.shape[1]))
    visual.attnpool.c_proj.bias = torch.nn.Parameter(torch.zeros(weight.shape[1]))
    found["attnpool"] = visual.attnpool(x)
    visual.attnpool.c_proj.weight, visual.attnpool.c_proj.bias = weight, bias
    return found


def with_grid(visual, rows, columns):
    """Positions for another grid, as open_clip.model.resize_pos_embed makes them for its ViTs."""
    positions = visual.attnpool.positional_embedding.detach()
    side = int((len(positions) - 1) ** 0.5)
    grid = positions[1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    grid = torch.nn.functional.interpolate(grid, size=(rows, columns), mode="bicubic", antialias=True,
                                           align_corners=False)
    grid = grid.permute(0, 2, 3, 1).reshape(rows * columns, -1)
    visual.attnpool.positional_embedding = torch.nn.Parameter(torch.cat([positions[:1], grid]))


@torch.no_grad()
def main():
    folder = output_folder(__doc__)
    torch.set_num_threads(1)
    generator = np.random.default_rng(11)
    model = build()
    randomise(model, generator)
    tensors = {f"param.{name}": value.clone().to(torch.float16) if value.is_floating_point() else value.clone()
               for name, value in model.state_dict().items() if name != "attn_mask"}
    picture = torch.from_numpy(generator.integers(0, 256, (1, 1, SIDE, SIDE), np.uint8))
    grey = picture.float() / 127.5 - 1.0
    images = torch.cat([grey, grey.flip(3), grey.flip(2)], 1)
    tokens = torch.from_numpy(generator.integers(0, VOCABULARY - 2, (2, CONTEXT)))
    tokens[:, 0], tokens[0, 5], tokens[1, 11] = VOCABULARY - 2, VOCABULARY - 1, VOCABULARY - 1
    found = stages(model.visual, images)
    assert torch.equal(found["projection"], model.encode_image(images))
    tensors.update({f"stage.{name}": value for name, value in found.items()})
    tensors.update(picture=picture, text=tokens, text_features=model.encode_text(tokens))
    wide = torch.cat([images, images.flip(3)[..., :SIDE // 2]], 3)
    with_grid(model.visual, 2, 3)
    tensors["wide_features"] = model.encode_image(wide)
    save_tensors(folder / "clip_resnet.safetensors", tensors,
                 origin(__file__, ("torch", "open_clip_torch", "numpy"), layers=LAYERS, width=WIDTH, image=SIDE,
                        heads=WIDTH * 32 // 16, embed=EMBED, text_width=8, text_depth=1, text_heads=2,
                        vocabulary=VOCABULARY, context=CONTEXT))


if __name__ == "__main__":
    main()
