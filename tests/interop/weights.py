"""Models of timm, open_clip and transformers at their real size with random weights: repbench's features against
theirs, then `convert` to every library that has the model, loaded there by its ordinary call, and back, bit by bit.

  weights.py REPBENCH PICTURE... [--only WORD]
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import open_clip
import timm
import torch
import transformers
from checks import Checks
from safetensors.torch import load_file, save_file
from timm.models._hub import save_for_hf

TOLERANCE = 1e-4
TEXTS = ["a photo of a cat", "two dogs, one of them asleep"]

TIMM = {  # name: arguments, how it is stored
    "vit_tiny_patch16_224": ({}, "hub"),
    "vit_small_patch32_224": ({}, "bin"),
    "vit_base_patch16_224": ({"norm_layer": None}, "mae"),
    "vit_large_patch16_224": ({"num_classes": 1000}, "hub"),
    "vit_base_patch16_224.fc_norm": ({"global_pool": "avg"}, "finetuned"),
    "deit_small_distilled_patch16_224": ({}, "safetensors"),
    "deit3_small_patch16_224": ({}, "hub"),
    "vit_small_patch14_dinov2": ({}, "hub"),
    "vit_small_patch14_reg4_dinov2": ({}, "hub"),
    "vit_base_patch32_clip_224": ({}, "hub"),
    "vit_base_patch32_clip_quickgelu_224": ({}, "hub"),
    "vit_giant_patch14_dinov2": ({"img_size": 224, "embed_dim": 384, "depth": 6, "num_heads": 6}, "safetensors"),
    "vit_medium_patch16_gap_256": ({}, "hub"),
}
OPEN_CLIP = {"ViT-B-32": {}, "ViT-B-32-quickgelu": {}, "ViT-B-16": {"force_custom_text": True}, "RN50": {}, "RN50x4": {}}
HF = {
    "clip": lambda: transformers.CLIPModel(transformers.CLIPConfig()),
    "vit_mae": lambda: transformers.ViTMAEForPreTraining(transformers.ViTMAEConfig()),
    "vit": lambda: transformers.ViTForImageClassification(transformers.ViTConfig(layer_norm_eps=1e-6)),
    "deit": lambda: transformers.DeiTModel(transformers.DeiTConfig()),
    "dinov2": lambda: transformers.Dinov2Model(transformers.Dinov2Config(image_size=518)),
    "dinov2_registers": lambda: transformers.Dinov2WithRegistersModel(
        transformers.Dinov2WithRegistersConfig(hidden_size=384, num_attention_heads=6)),
    "dinov2_swiglu": lambda: transformers.Dinov2Model(transformers.Dinov2Config(
        hidden_size=384, num_attention_heads=6, num_hidden_layers=4, image_size=224, use_swiglu_ffn=True)),
}


def shake(model):
    """Makes norms, positions and factors something that a mistake would show in."""
    generator = torch.Generator().manual_seed(0)

    def noise(tensor):
        return torch.randn(tensor.shape, generator=generator)

    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if "gamma" in name or "lambda" in name:
                tensor.copy_(0.5 + 0.1 * noise(tensor))
            elif tensor.dim() <= 1:
                tensor.add_(0.1 * noise(tensor))
            elif "pos" in name or "token" in name:
                tensor.copy_(0.1 * noise(tensor))
        for name, tensor in model.named_buffers():
            if name.endswith("running_var"):
                tensor.copy_(1 + 0.2 * noise(tensor).abs())
            elif name.endswith("running_mean"):
                tensor.copy_(0.1 * noise(tensor))
    return model.eval()


class Repbench:
    def __init__(self, binary, pictures, work):
        self.binary, self.pictures, self.work = binary, pictures, work

    def run(self, *arguments):
        done = subprocess.run([self.binary, *map(str, arguments)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"repbench {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done

    def embed(self, weights, tap, texts=(), assume=()):
        out = self.work / "features.safetensors"
        words = [word for text in texts for word in ("--text", text)]
        self.run("embed", weights, *self.pictures, *words, "--tap", tap, "--store-pixels", "--out", out,
                 *[word for item in assume for word in ("--assume", item)], "--set", "precision=fp32")
        return load_file(out)


def timm_file(model, how, folder):
    """Stores it the way people have it; what repbench is given."""
    folder.mkdir()
    if how == "hub":
        save_for_hf(model, folder, safe_serialization=True)
        return folder
    state = model.state_dict()
    if how == "safetensors":
        save_file(state, folder / "weights.safetensors")
        return folder / "weights.safetensors"
    wrapped = {"model": state, "args": argparse.Namespace(model="mae_vit_base_patch16", mask_ratio=0.75), "epoch": 799}
    torch.save({"mae": wrapped, "finetuned": {"model": state}, "bin": state}[how], folder / "weights.pth")
    return folder / "weights.pth"


def same_file(checks, one, other, what):
    one, other = load_file(one), load_file(other)
    ones = {name: tensor for name, tensor in one.items()
            if not name.startswith(("head", "pooler", "classifier", "decoder", "vit.")) and "mask_token" not in name}
    equal = [name for name in ones if name in other and torch.equal(ones[name].float(), other[name].reshape(ones[name].shape))]
    checks.that(len(equal) == len(ones), f"{what}: {len(equal)} of {len(ones)} tensors equal to the last bit")


def check_timm(checks, repbench, name, arguments, how):
    architecture = name.split(".")[0]
    extra = {key: value for key, value in arguments.items() if value is not None}
    torch.manual_seed(1)
    model = shake(timm.create_model(architecture, **({"num_classes": 0} | extra)))
    source = timm_file(model, how, repbench.work / "source")
    pooled = model.global_pool == "avg"
    assume = ["heads=6"] if how == "safetensors" and "giant" in name else []
    ours = repbench.embed(source, "mean" if pooled else "cls", assume=assume)
    with torch.inference_mode():
        tokens = model.forward_features(ours["images"])
        theirs = model.fc_norm(tokens[:, model.num_prefix_tokens:].mean(1)) if pooled else tokens[:, 0]
    checks.close(ours["features"], theirs, TOLERANCE, f"timm {name} ({how}): features {tuple(theirs.shape)}")
    if how == "hub" and not pooled:  # another input size: positions are resampled
        size = 10 * model.patch_embed.patch_size[0]
        smaller = timm.create_model(architecture, num_classes=0, dynamic_img_size=True, **extra).eval()
        smaller.load_state_dict({key: value for key, value in model.state_dict().items() if not key.startswith("head.")})
        view = repbench.embed(source, "cls", assume=[f"input.view=eval:{size}:{size}:bicubic"])
        with torch.inference_mode():
            theirs_smaller = smaller.forward_features(view["images"])[:, 0]
        checks.close(view["features"], theirs_smaller, TOLERANCE, f"timm {name}: pictures of {size} pixels")
    repbench.run("convert", source, "--to", "timm", "--out", repbench.work / "timm",
                 *[word for item in assume for word in ("--assume", item)])
    loaded = timm.create_model(f"local-dir:{repbench.work / 'timm'}", pretrained=True).eval()
    with torch.inference_mode():
        tokens = loaded.forward_features(ours["images"])
        again = loaded.fc_norm(tokens[:, loaded.num_prefix_tokens:].mean(1)) if pooled else tokens[:, 0]
    checks.close(again, theirs, 1e-6, f"timm {name}: timm loads what was converted")
    state = repbench.work / "state.safetensors"
    save_file(model.state_dict(), state)
    same_file(checks, state, repbench.work / "timm" / "model.safetensors", f"timm {name}: to timm and back")
    try:
        repbench.run("convert", repbench.work / "timm", "--to", "hf", "--out", repbench.work / "hf")
    except RuntimeError as error:
        checks.that("no such model" in str(error), f"timm {name}: not for hf: {str(error).rsplit('no such model: ', 1)[-1]}")
        return
    loaded = transformers.AutoModel.from_pretrained(repbench.work / "hf").eval()
    with torch.inference_mode():
        again = loaded(ours["images"]).last_hidden_state[:, 0]
    checks.close(again, theirs, TOLERANCE, f"timm {name}: transformers loads {type(loaded).__name__}")
    repbench.run("convert", repbench.work / "hf", "--to", "timm", "--out", repbench.work / "back")
    same_file(checks, state, repbench.work / "back" / "model.safetensors", f"timm {name}: to hf and back")


def check_open_clip(checks, repbench, name, arguments):
    torch.manual_seed(1)
    model = shake(open_clip.create_model(name, **arguments))
    source = repbench.work / "source"
    source.mkdir()
    how = "safetensors"
    if arguments:  # as training writes it, on several devices
        state = {f"module.{key}": value for key, value in model.state_dict().items()}
        torch.save({"epoch": 3, "name": "run", "state_dict": state, "optimizer": {"state": {}, "param_groups": []}},
                   source / "epoch_3.pt")
        how, source = "training file", source / "epoch_3.pt"
    elif "quickgelu" in name:
        save_file(model.state_dict(), source / "vit_b_32-quickgelu-random.safetensors")
        source = source / "vit_b_32-quickgelu-random.safetensors"
    else:
        save_file(model.state_dict(), source / "open_clip_model.safetensors")
    ours = repbench.embed(source, "projected", TEXTS)

    def compare(loaded, tolerance, what):
        with torch.inference_mode():
            checks.close(ours["features"], loaded.encode_image(ours["images"]), tolerance, f"{what}: pictures")
            checks.close(ours["text_features"], loaded.encode_text(ours["tokens"]), tolerance, f"{what}: texts")

    compare(model, TOLERANCE, f"open_clip {name} ({how})")
    checks.that(torch.equal(ours["tokens"], open_clip.get_tokenizer("ViT-B-32")(TEXTS).long()), f"open_clip {name}: tokens")
    repbench.run("convert", source, "--to", "open_clip", "--out", repbench.work / "open_clip")
    compare(open_clip.create_model(f"local-dir:{repbench.work / 'open_clip'}").eval(), TOLERANCE,
            f"open_clip {name}: open_clip loads what was converted")
    state = repbench.work / "state.safetensors"
    save_file({key.removeprefix("text."): value for key, value in model.state_dict().items()}, state)
    same_file(checks, state, repbench.work / "open_clip" / "open_clip_model.safetensors", f"open_clip {name}: and back")
    if name.startswith("RN"):
        return
    repbench.run("convert", source, "--to", "hf", "--out", repbench.work / "hf")
    loaded = transformers.AutoModel.from_pretrained(repbench.work / "hf").eval()
    with torch.inference_mode():
        found = loaded(input_ids=ours["tokens"], pixel_values=ours["images"])
    unit = torch.nn.functional.normalize
    checks.close(unit(ours["features"], dim=-1), found.image_embeds, TOLERANCE, f"open_clip {name}: {type(loaded).__name__}, pictures")
    checks.close(unit(ours["text_features"], dim=-1), found.text_embeds, TOLERANCE, f"open_clip {name}: texts")
    repbench.run("convert", repbench.work / "hf", "--to", "open_clip", "--out", repbench.work / "back")
    same_file(checks, state, repbench.work / "back" / "open_clip_model.safetensors", f"open_clip {name}: to hf and back")


def check_hf(checks, repbench, name, make):
    torch.manual_seed(1)
    model = shake(make())
    source = repbench.work / "source"
    model.save_pretrained(source, max_shard_size="100MB")
    ours = repbench.embed(source, "projected" if name == "clip" else "cls", TEXTS if name == "clip" else ())
    if name == "clip":
        with torch.inference_mode():
            found = model(input_ids=ours["tokens"], pixel_values=ours["images"])
        unit = torch.nn.functional.normalize
        checks.close(unit(ours["features"], dim=-1), found.image_embeds, TOLERANCE, "hf clip: pictures")
        checks.close(unit(ours["text_features"], dim=-1), found.text_embeds, TOLERANCE, "hf clip: texts")
    else:
        trunk = getattr(model, "vit", model)
        with torch.inference_mode():
            if name == "vit_mae":
                trunk.config.mask_ratio = 0.0
                order = torch.arange(196.0).repeat(len(ours["images"]), 1)
                hidden = trunk(ours["images"], noise=order).last_hidden_state
            else:
                hidden = trunk(ours["images"]).last_hidden_state
        checks.close(ours["features"], hidden[:, 0], TOLERANCE, f"hf {name}: features")
        if name in ("vit", "deit", "dinov2", "dinov2_registers"):
            size = 10 * model.config.patch_size
            view = repbench.embed(source, "cls", assume=[f"input.view=eval:{size}:{size}:bicubic"])
            words = {} if name.startswith("dinov2") else {"interpolate_pos_encoding": True}
            with torch.inference_mode():
                hidden = trunk(view["images"], **words).last_hidden_state
            checks.close(view["features"], hidden[:, 0], TOLERANCE, f"hf {name}: pictures of {size} pixels")
    repbench.run("convert", source, "--to", "hf", "--out", repbench.work / "hf")
    loaded = transformers.AutoModel.from_pretrained(repbench.work / "hf").eval()
    theirs = {key.removeprefix("vit."): value for key, value in model.state_dict().items()}
    mine = loaded.state_dict()
    names = [key for key in mine if "pooler" not in key and "mask_token" not in key]
    equal = [key for key in names if key in theirs and torch.equal(theirs[key], mine[key])]
    checks.that(len(equal) == len(names), f"hf {name}: {type(loaded).__name__} after conversion: {len(equal)} of {len(names)} tensors equal")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("repbench")
    parser.add_argument("pictures", nargs="+")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    checks = Checks()
    jobs = [(f"timm {name}", check_timm, (name, *value)) for name, value in TIMM.items()]
    jobs += [(f"open_clip {name}", check_open_clip, (name, value)) for name, value in OPEN_CLIP.items()]
    jobs += [(f"hf {name}", check_hf, (name, value)) for name, value in HF.items()]
    for title, check, details in jobs:
        if arguments.only not in title:
            continue
        with tempfile.TemporaryDirectory() as work:
            try:
                check(checks, Repbench(arguments.repbench, arguments.pictures, Path(work)), *details)
            except Exception as error:  # noqa: BLE001, whatever a peer throws is a failure of this model alone
                checks.that(False, f"{title}: {error}")
    checks.finish()


if __name__ == "__main__":
    main()
