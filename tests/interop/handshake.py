"""Writes what a framework computes at each stage of a model, for `repbench inspect WEIGHTS --handshake OUT`.

  handshake.py timm NAME (--weights FILE | --random FILE) --out OUT
  handshake.py open_clip NAME (--weights FILE | --random FILE) --out OUT
  handshake.py hf FOLDER --out OUT

NAME is a model of timm (a VisionTransformer) or a configuration of open_clip (ViT or ModifiedResNet); FOLDER
holds a ViTModel, ViTMAEModel, Dinov2Model or CLIPModel of transformers. With --random the weights are drawn from
--seed, norms and statistics included, and written to FILE. OUT holds `input` [2, C, H, W], normal noise, and one
tensor a stage under repbench's names; where there is a text side also `tokens` and `text_features`.
"""

import argparse
import contextlib
import json

import torch
from safetensors.torch import load_file, save_file


class Recorder:
    """Keeps what goes into modules or comes out of them."""

    def __init__(self):
        self.found, self.handles = {}, []

    def out(self, name, module, change=lambda x: x):
        def hook(_, __, output):
            self.found[name] = change(output[0] if isinstance(output, tuple) else output)
        self.handles.append(module.register_forward_hook(hook))

    def into(self, name, module):
        """Before a block's second norm stands the sum that its first half made."""
        def hook(_, inputs):
            self.found[name] = inputs[0]
        self.handles.append(module.register_forward_pre_hook(hook))

    def blocks(self, blocks, second_norm):
        for k, block in enumerate(blocks):
            self.into(f"block.{k}.attention", getattr(block, second_norm))
            self.out(f"block.{k}.mlp", block)

    def close(self):
        for handle in self.handles:
            handle.remove()
        return self.found


def flat(convolved):
    return convolved.flatten(2).transpose(1, 2)


def watch_timm(model, record):
    record.out("patch", model.patch_embed)
    record.out("position", model.norm_pre)
    record.blocks(model.blocks, "norm2")
    if not isinstance(model.norm, torch.nn.Identity):  # else the norm stands behind the average
        record.out("norm", model.norm)


def watch_open_clip(model, record):
    visual = model.visual
    if hasattr(visual, "attnpool"):
        record.out("stem", visual.avgpool)
        for layer in range(1, 5):
            for j, block in enumerate(getattr(visual, f"layer{layer}")):
                record.out(f"layer{layer}.{j}", block)
        record.out("projection", visual.attnpool)
        return
    record.out("patch", visual.conv1, flat)
    record.out("position", visual.ln_pre)
    record.blocks(visual.transformer.resblocks, "ln_2")
    record.out("norm", visual.ln_post)
    record.out("projection", visual)


def watch_hf(model, record):
    if model.config.model_type == "clip":
        vision = model.vision_model
        record.out("patch", vision.embeddings.patch_embedding, flat)
        record.out("position", vision.pre_layrnorm)
        record.blocks(vision.encoder.layers, "layer_norm2")
        record.out("norm", vision.post_layernorm)
        record.out("projection", model.visual_projection)
        return
    record.out("patch", model.embeddings.patch_embeddings)
    record.out("position", model.embeddings)
    if model.config.model_type == "dinov2":
        record.blocks(model.encoder.layer, "norm2")
    else:
        record.blocks(model.layers, "layernorm_after")
    record.out("norm", model.layernorm)


@contextlib.contextmanager
def without_projection(pool):
    """An attention pool whose last projection is the identity."""
    kept, width = (pool.c_proj.weight, pool.c_proj.bias), pool.c_proj.in_features
    pool.c_proj.weight = torch.nn.Parameter(torch.eye(width))
    pool.c_proj.bias = torch.nn.Parameter(torch.zeros(width))
    yield
    pool.c_proj.weight, pool.c_proj.bias = kept


def settings(assignments):
    """KEY=JSON pairs; a dotted key sets a value inside a group."""
    found = {}
    for assignment in assignments:
        key, text = assignment.split("=", 1)
        with contextlib.suppress(json.JSONDecodeError):
            text = json.loads(text)
        found[key] = text
    return found


def make_timm(name, given):
    import timm
    model = timm.create_model(name, pretrained=False, **given)
    return model, model.patch_embed.img_size[0], model.patch_embed.proj.in_channels


def make_open_clip(name, given):
    import open_clip
    from open_clip.model import CLIP, CustomTextCLIP
    config = open_clip.get_model_config(name)
    for key, value in given.items():
        *groups, last = key.split(".")
        group = config
        for part in groups:
            group = group[part]
        group[last] = value
    model = CustomTextCLIP(**config) if config.pop("custom_text", False) else CLIP(**config)
    size = model.visual.image_size
    return model, size if isinstance(size, int) else size[0], 3


def make_hf(folder):
    import transformers
    config = transformers.AutoConfig.from_pretrained(folder)
    kinds = {"vit": transformers.ViTModel, "vit_mae": transformers.ViTMAEModel,
             "dinov2": transformers.Dinov2Model, "clip": transformers.CLIPModel}
    if config.model_type not in kinds:
        raise SystemExit(f"handshake.py: expected a model of {', '.join(kinds)}; got {config.model_type}")
    given = {"mask_ratio": 0.0} if config.model_type == "vit_mae" else {}
    model = kinds[config.model_type].from_pretrained(folder, **given)
    vision = config.vision_config if config.model_type == "clip" else config
    return model, vision.image_size, vision.num_channels


def randomise(model, generator):
    """On top of the framework's own start: nothing is left at exactly 0 or 1."""
    for name, tensor in model.state_dict().items():
        if not tensor.is_floating_point() or name.endswith("logit_scale"):
            continue
        if name.endswith("running_var"):
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
        elif tensor.dim() < 2 or "pos" in name or "token" in name:
            tensor.add_(torch.randn(tensor.shape, generator=generator), alpha=0.1)


def load_or_draw(model, arguments, generator):
    if arguments.random:
        randomise(model, generator)
        save_file({name: tensor.contiguous().clone() for name, tensor in model.state_dict().items()
                   if name != "attn_mask"}, arguments.random)
    else:
        weights = (load_file(arguments.weights) if arguments.weights.endswith(".safetensors")
                   else torch.load(arguments.weights, map_location="cpu", weights_only=True))
        model.load_state_dict(weights.get("state_dict", weights), strict=True)


def texts(vocabulary, context, generator):
    """SOT, ids, EOT (the highest id) and zeros, of several lengths."""
    tokens = torch.zeros((3, context), dtype=torch.int64)
    for row, length in enumerate((1, context // 2, context - 2)):
        tokens[row, 0], tokens[row, length + 1] = vocabulary - 2, vocabulary - 1
        tokens[row, 1:length + 1] = torch.randint(0, vocabulary - 2, (length,), generator=generator)
    return tokens


def text_side(framework, model, generator):
    if framework == "open_clip":
        tokens = texts(model.vocab_size, model.context_length, generator)
        return {"tokens": tokens, "text_features": model.encode_text(tokens)}
    if framework == "hf" and model.config.model_type == "clip":
        config = model.config.text_config
        tokens = texts(config.vocab_size, config.max_position_embeddings, generator)
        pooled = model.text_model(input_ids=tokens).pooler_output
        return {"tokens": tokens, "text_features": model.text_projection(pooled)}
    return {}


def run(framework, model, images):
    """The activations of one pass."""
    record = Recorder()
    {"timm": watch_timm, "open_clip": watch_open_clip, "hf": watch_hf}[framework](model, record)
    if framework == "timm":
        model.forward_features(images)
    elif framework == "open_clip":
        model.encode_image(images)
    elif model.config.model_type == "clip":
        model.get_image_features(pixel_values=images)
    elif model.config.model_type == "vit_mae":
        patches = (images.shape[2] // model.config.patch_size) * (images.shape[3] // model.config.patch_size)
        model(pixel_values=images, noise=torch.arange(float(patches)).expand(len(images), -1))  # keeps the order
    else:
        model(pixel_values=images)
    found = record.close()
    if framework == "open_clip" and hasattr(model.visual, "attnpool"):
        with without_projection(model.visual.attnpool):
            found["attnpool"] = model.encode_image(images)
    return found


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("framework", choices=("timm", "open_clip", "hf"))
    parser.add_argument("name", help="a model's name, or a folder")
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument("--weights", help="a state dict that the framework loads, .safetensors or torch's")
    weights.add_argument("--random", help="draw weights and write them here (.safetensors)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                        help="an argument of the model (timm) or a key of its configuration (open_clip)")
    parser.add_argument("--size", type=int, help="side of the input (default: the model's)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    if arguments.framework != "hf" and not (arguments.weights or arguments.random):
        parser.error("expected --weights or --random")

    torch.manual_seed(arguments.seed)
    generator = torch.Generator().manual_seed(arguments.seed)
    if arguments.framework == "hf":
        model, size, channels = make_hf(arguments.name)
    else:
        make = make_timm if arguments.framework == "timm" else make_open_clip
        model, size, channels = make(arguments.name, settings(arguments.set))
        load_or_draw(model, arguments, generator)
    model = model.float().eval()
    size = arguments.size or size
    images = torch.randn((2, channels, size, size), generator=generator)
    found = {"input": images, **run(arguments.framework, model, images),
             **text_side(arguments.framework, model, generator)}
    save_file({name: tensor.contiguous().clone() for name, tensor in found.items()}, arguments.out)
    print(f"{arguments.out}: {len(found)} tensors, {', '.join(found)}")


if __name__ == "__main__":
    main()
