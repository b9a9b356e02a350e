"""Compares the pixels that repbench decodes with Pillow's, bit for bit: every format, mode and sampling.

REPBENCH is the program. The pictures are made in a temporary folder; what `repbench view` gives under a view
that leaves each pixel as it is must equal Image.open(file).convert("RGB") or convert("L").
"""

import argparse
import subprocess
import tempfile
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
import picture_files
from checks import Checks
from PIL import Image
from safetensors.numpy import load_file

# Random and smooth, smaller and larger than a block, odd and even.
SIZES = ((1, 1), (2, 3), (17, 15), (31, 37), (64, 48), (257, 300))
LARGE = (1500, 2000)


def write_pictures(folder):
    """The files, by the shorter and the longer side of their pictures."""
    groups = defaultdict(list)
    for height, width in SIZES:
        for kind, files in picture_files.FORMATS.items():
            for name, content in files(height, width):
                path = folder / f"{height}x{width}_{name}"
                path.write_bytes(content)
                with Image.open(path) as image:
                    groups[min(image.size), max(image.size)].append(path)
    for options in dict(subsampling="4:2:0"), dict(progressive=True):
        path = folder / f"large_{len(options)}_{'_'.join(options)}.jpg"
        path.write_bytes(picture_files.saved(picture_files.picture("RGB", *LARGE), "JPEG", **options))
        groups[min(LARGE), max(LARGE)].append(path)
    return groups


def untouched(repbench, paths, sides, channels, out):
    """The pixels of pictures whose shorter and longer side are `sides`: not resized, a black border around."""
    shorter, longer = sides
    subprocess.run([repbench, "view", *map(str, paths), "--view", f"eval:{shorter}:{longer}:bicubic", "--channels",
                    str(channels), "--out", str(out)], check=True, stdout=subprocess.DEVNULL)
    return load_file(out)


def without_border(pixels, height, width):
    """Undoes torchvision's CenterCrop of a picture that is smaller than the crop."""
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return pixels[top:top + height, left:left + width]


def differs(path, pixels, channels):
    """Empty if equal, else in what the two differ."""
    with Image.open(path) as image:
        theirs = np.asarray(image.convert("RGB" if channels == 3 else "L"))
    theirs = theirs.reshape(theirs.shape[0], theirs.shape[1], channels)
    ours = without_border(pixels, *theirs.shape[:2])
    if ours.shape != theirs.shape:
        return f"{ours.shape}, expected {theirs.shape}"
    return "" if np.array_equal(ours, theirs) else f"{np.count_nonzero(ours != theirs)} values differ"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("repbench")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")

    checks = Checks()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        groups = write_pictures(folder)
        for channels in (3, 1):
            wrong, count = [], 0
            for sides, paths in groups.items():
                ours = untouched(arguments.repbench, paths, sides, channels, folder / "pixels.safetensors")
                for path in paths:
                    count += 1
                    trouble = differs(path, ours[str(path)], channels)
                    if trouble:
                        wrong.append(f"{path.name}: {trouble}")
            checks.that(not wrong, "; ".join(wrong[:20]) or f"{count} pictures equal Pillow's, {channels} channels")
    checks.finish()


if __name__ == "__main__":
    main()
