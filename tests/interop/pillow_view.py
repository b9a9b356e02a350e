"""Compares the pixels of `repbench view` with torchvision's and timm's on Pillow, bit for bit.

PIXELS was written by `repbench view IMAGE... --view SPEC --out PIXELS`: one uint8 [H, W, 3] tensor a picture,
named by its path as given. SPEC is a view that draws nothing, for example eval:256:224:bicubic, timm_eval:224:0.9,
squash:224, border:224, clip_eval:224 or eval:64+grey:1+blur:1:1.5:1.5.
"""

import argparse
import math
from pathlib import Path

import numpy as np
from checks import Checks
from PIL import Image, ImageFilter, ImageOps
from safetensors.numpy import load_file
from timm.data.transforms import CenterCropOrPad, ResizeKeepRatio
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize

IMAGENET_MEAN = (124, 116, 104)


def to_rgb(image):
    return image.convert("RGB")


def part(parts, index, missing):
    return type(missing)(parts[index]) if len(parts) > index else missing


def filter_at(parts, index):
    return InterpolationMode(part(parts, index, "bicubic"))


def geometry(text):
    """The steps that a geometry stands for, conversion to RGB among them."""
    parts = text.split(":")
    kind, size = parts[0], int(parts[1])
    if kind in ("eval", "clip_eval"):
        steps = [Resize(size, filter_at(parts, 3)), CenterCrop(part(parts, 2, size))]
        return [*steps, to_rgb] if kind == "clip_eval" else [to_rgb, *steps]
    if kind == "timm_eval":
        return [to_rgb, Resize(math.floor(size / part(parts, 2, 0.875)), filter_at(parts, 3)), CenterCrop(size)]
    if kind == "squash":
        return [to_rgb, Resize((size, size), filter_at(parts, 2))]
    if kind == "small_eval":
        return [to_rgb, Resize((size, size), InterpolationMode.BICUBIC)]
    if kind == "border":
        side = math.floor(size / part(parts, 2, 1.0))
        fill = tuple(map(int, parts[4].split(","))) if len(parts) > 4 else IMAGENET_MEAN
        return [to_rgb, ResizeKeepRatio((side, side), longest=1.0, interpolation=part(parts, 3, "bicubic")),
                CenterCropOrPad(size, fill=fill)]
    raise argparse.ArgumentTypeError(f"expected a view that draws nothing; got {text}")


def operation(text):
    """The step that an operation with probability 1 stands for."""
    parts = text.split(":")
    if part(parts, 1, 0.0) != 1.0:
        raise argparse.ArgumentTypeError(f"expected an operation with probability 1; got {text}")
    if parts[0] == "flip":
        return ImageOps.mirror
    if parts[0] == "grey":
        return lambda image: image.convert("L").convert("RGB")
    if parts[0] == "solarise":
        return lambda image: ImageOps.solarize(image, part(parts, 2, 128))
    if parts[0] == "blur" and part(parts, 2, 0.1) == part(parts, 3, 2.0):
        return lambda image: image.filter(ImageFilter.GaussianBlur(float(parts[2])))
    raise argparse.ArgumentTypeError(f"expected flip, grey, solarise or blur with one radius; got {text}")


def view(specification):
    """The transform of a Pillow picture, as opened, that a SPEC stands for."""
    first, *operations = specification.split("+")
    return Compose([*geometry(first), *map(operation, operations)])


def difference(ours, theirs):
    """Empty if equal, else in what the two differ."""
    if ours.dtype != np.uint8 or ours.shape != theirs.shape:
        return f"{ours.dtype} {ours.shape}, expected uint8 {theirs.shape}"
    levels = np.abs(ours.astype(int) - theirs.astype(int))
    return f"{np.count_nonzero(levels)} values differ, by up to {levels.max()}" if levels.any() else ""


def compare(checks, pixels, specification, images):
    """One check a picture."""
    transform = view(specification)
    for path in images:
        if not checks.that(path in pixels, f"{path}: there"):
            continue
        with Image.open(path) as image:
            theirs = np.asarray(transform(image))
        wrong = difference(pixels[path], theirs)
        checks.that(not wrong, f"{path}: {wrong or f'equal, {theirs.shape[0]}x{theirs.shape[1]}'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pixels", type=Path)
    parser.add_argument("view", metavar="SPEC")
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    arguments = parser.parse_args()
    checks = Checks()
    compare(checks, load_file(arguments.pixels), arguments.view, arguments.images)
    checks.finish()


if __name__ == "__main__":
    main()
