"""Compares the pixels of `repbench view` with torchvision's on Pillow, bit for bit.

PIXELS was written by `repbench view IMAGE... --view SPEC --out PIXELS`: one uint8 [H, W, 3] tensor a picture,
named by its path as given. SPEC is eval:RESIZE:CROP:INTERPOLATION, for example eval:256:224:bicubic: resize the
shorter side, then crop the centre.
"""

import argparse
from pathlib import Path

import numpy as np
from checks import Checks
from PIL import Image
from safetensors.numpy import load_file
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize


def view(specification):
    """The torchvision transform that a SPEC stands for."""
    parts = specification.split(":")
    if len(parts) != 4 or parts[0] != "eval" or parts[3] not in ("bicubic", "bilinear"):
        raise argparse.ArgumentTypeError(f"expected eval:RESIZE:CROP:bicubic|bilinear; got {specification}")
    return Compose([Resize(int(parts[1]), InterpolationMode(parts[3])), CenterCrop(int(parts[2]))])


def difference(ours, theirs):
    """Empty if equal, else in what the two differ."""
    if ours.dtype != np.uint8 or ours.shape != theirs.shape:
        return f"{ours.dtype} {ours.shape}, expected uint8 {theirs.shape}"
    levels = np.abs(ours.astype(int) - theirs.astype(int))
    return f"{np.count_nonzero(levels)} values differ, by up to {levels.max()}" if levels.any() else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pixels", type=Path)
    parser.add_argument("view", type=view, metavar="SPEC")
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    arguments = parser.parse_args()

    checks = Checks()
    pixels = load_file(arguments.pixels)
    for path in arguments.images:
        if not checks.that(path in pixels, f"{path}: there"):
            continue
        with Image.open(path) as image:
            theirs = np.asarray(arguments.view(image.convert("RGB")))
        wrong = difference(pixels[path], theirs)
        checks.that(not wrong, f"{path}: {wrong or f'equal, {theirs.shape[0]}x{theirs.shape[1]}'}")
    checks.finish()


if __name__ == "__main__":
    main()
