"""Compares `repbench view` with torchvision, timm and Pillow under every view that draws nothing.

Usage: augmentations.py REPBENCH IMAGE...

Each geometry with each filter, timm's crop_pct, pictures in their own mode (CLIP's order), and the pixel operations
that draw nothing where their probability is 1; all bit for bit. Random policies are compared as distributions by the
unit tests, on what ../golden/augment_policies.py wrote.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from checks import Checks
from pillow_view import compare
from safetensors.numpy import load_file

FILTERS = ("nearest", "bilinear", "bicubic", "box", "hamming", "lanczos")
VIEWS = (
    *(f"eval:72:64:{name}" for name in FILTERS),
    *(f"clip_eval:48:48:{name}" for name in FILTERS),
    *(f"timm_eval:64:{pct}:bicubic" for pct in (0.875, 0.9, 0.95, 1.0)),
    "eval:256:224:bilinear", "eval:40:56:bicubic", "clip_eval:40:56:bicubic", "squash:56:bicubic", "squash:384:lanczos",
    "border:64:1.0:bicubic", "border:64:0.9:bilinear:1,2,3", "small_eval:32",
    "eval:64+flip:1", "eval:64+grey:1", "eval:64+solarise:1:100", "eval:64+blur:1:0.1:0.1", "eval:64+blur:1:2:2",
    "clip_eval:64+blur:1:1.3:1.3+solarise:1+grey:1+flip:1",
)


def main():
    program, *images = sys.argv[1:]
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        for specification in VIEWS:
            pixels = Path(folder) / "pixels.safetensors"
            subprocess.run([program, "view", *images, "--view", specification, "--out", pixels], check=True,
                           stdout=subprocess.DEVNULL)
            print(f"-- {specification}")
            compare(checks, load_file(pixels), specification, images)
    checks.finish()


if __name__ == "__main__":
    main()
