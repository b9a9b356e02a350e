"""Loads a repbench checkpoint into timm's VisionTransformer and compares features.

CHECKPOINT holds model.safetensors and config.json with, under "model", image_size, patch_size, width, depth,
heads and channels. IMAGES holds `images` (float32 BCHW, normalised); FEATURES holds what repbench made of
them: `tokens` [B, N+1, D] after the final norm, and `cls` [B, D].
"""

import argparse
import json
from pathlib import Path

import torch
from checks import Checks
from safetensors.torch import load_file
from timm.models.vision_transformer import VisionTransformer

TOLERANCE = 1e-4


def build(config):
    return VisionTransformer(img_size=config["image_size"], patch_size=config["patch_size"],
                             embed_dim=config["width"], depth=config["depth"], num_heads=config["heads"],
                             in_chans=config["channels"], num_classes=0).eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name in ("checkpoint", "images", "features"):
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()

    checks = Checks()
    config = json.loads((arguments.checkpoint / "config.json").read_text(encoding="utf-8"))["model"]
    model = build(config)
    weights = load_file(arguments.checkpoint / "model.safetensors")
    try:
        model.load_state_dict(weights, strict=True)
        checks.that(True, f"timm loads all {len(weights)} tensors, strictly")
    except RuntimeError as error:
        checks.that(False, f"timm loads the tensors strictly: {error}")
        checks.finish()

    ours = load_file(arguments.features)
    with torch.inference_mode():
        tokens = model.forward_features(load_file(arguments.images)["images"])
    checks.close(ours["tokens"], tokens, TOLERANCE, f"tokens {tuple(tokens.shape)}")
    checks.close(ours["cls"], tokens[:, 0], TOLERANCE, "class token")
    checks.finish()


if __name__ == "__main__":
    main()
