"""Loads a repbench CLIP checkpoint into open_clip, strictly, and compares features.

CHECKPOINT holds model.safetensors and config.json; FEATURES holds `images` (float32 BCHW, normalised) with
what repbench made of them (`features` [B, E]), and `tokens` with `text_features` [N, E], not normalised.
"""

import argparse
import json
from pathlib import Path

import torch
from checks import Checks
from open_clip.model import CLIP
from safetensors.torch import load_file

TOLERANCE = 1e-4


def build(config, vocabulary):
    text = config["text"]
    return CLIP(embed_dim=config["embed_dim"], quick_gelu=config["activation"] == "quick_gelu",
                vision_cfg=dict(image_size=config["image_size"], patch_size=config["patch_size"],
                                layers=config["depth"], width=config["width"],
                                head_width=config["width"] // config["heads"]),
                text_cfg=dict(context_length=text["context_length"], width=text["width"], heads=text["heads"],
                              layers=text["depth"], vocab_size=vocabulary)).eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name in ("checkpoint", "features"):
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()

    checks = Checks()
    config = json.loads((arguments.checkpoint / "config.json").read_text(encoding="utf-8"))["model"]
    weights = load_file(arguments.checkpoint / "model.safetensors")
    model = build(config, len(weights["token_embedding.weight"]))
    try:
        model.load_state_dict(weights, strict=True)
        checks.that(True, f"open_clip loads all {len(weights)} tensors, strictly")
    except RuntimeError as error:
        checks.that(False, f"open_clip loads the tensors strictly: {error}")
        checks.finish()

    ours = load_file(arguments.features)
    with torch.inference_mode():
        checks.close(ours["features"], model.encode_image(ours["images"]), TOLERANCE, "picture features")
        checks.close(ours["text_features"], model.encode_text(ours["tokens"]), TOLERANCE, "text features")
    checks.finish()


if __name__ == "__main__":
    main()
