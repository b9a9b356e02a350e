"""Small pictures of every format and mode, and what Pillow holds of them.

`pictures_<format>.safetensors` has for each picture the file's bytes (`NAME.file`), the pixels in their own
mode (`NAME.<mode>`: L, RGB, 1, P, LA, RGBA, CMYK or I16) and as RGB (`NAME.rgb`); of a palette, `NAME.palette`
has the colours. `pictures_oriented.safetensors` has the RGB pixels of `ImageOps.exif_transpose`. The files are
those of tests/interop/picture_files.py, of one small size.
"""

import io
import sys
from pathlib import Path

import numpy as np
from golden_file import origin, output_folder, save_tensors
from PIL import Image, ImageOps, features

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "interop"))
import picture_files  # noqa: E402

HEIGHT, WIDTH = 6, 9
# Kept small: not every mode under every compression.
LEFT_OUT = ("_False.jpg", "_False.webp", "_True.bmp", "_MM.tif", "zstd", "lzma", "_packbits", "masks0_40", "masks0_52",
            "masks0_124", "_124.bmp", "_108.bmp", "_exact_", "_exif_", "_5_", "_100_", "_strips.", "_ccitt",
            "group3", "coarse", "fine", "I16_raw", "RGB_raw", "RGBA_raw", "L_raw", "P_raw", "CMYK_raw", "LA_raw")
KEPT = ("grey16_MM", "rgb16_MM", "4_True.bmp")


def wanted(name):
    return any(kept in name for kept in KEPT) or not any(left in name for left in LEFT_OUT)


def native(image):
    """Mode and [H, W, C] bytes."""
    if image.mode == "1":
        return "1", np.asarray(image.convert("L"))[..., None]
    if image.mode.startswith("I;16"):
        return "I16", np.asarray(image).astype("<u2").view(np.uint8).reshape(image.height, image.width, 2)
    pixels = np.asarray(image)
    return image.mode, pixels.reshape(image.height, image.width, -1)


def tensors_of(files):
    tensors = {}
    for name, content in files:
        image = Image.open(io.BytesIO(content))
        image.load()
        mode, pixels = native(image)
        tensors[f"{name}.file"] = np.frombuffer(content, np.uint8)
        tensors[f"{name}.{mode}"] = pixels
        tensors[f"{name}.rgb"] = np.asarray(image.convert("RGB"))
        if mode == "P":
            tensors[f"{name}.palette"] = np.frombuffer(bytes(image.getpalette("RGB")), np.uint8)
    return tensors


def main():
    root = output_folder(__doc__)
    source = origin(__file__, ("Pillow", "numpy"))
    for library in ("libjpeg_turbo", "zlib", "libtiff", "webp"):
        source["versions"][library] = str(features.version(library) or features.version_feature(library))
    for kind, files in picture_files.FORMATS.items():
        chosen = [(name, content) for name, content in files(HEIGHT, WIDTH) if wanted(name)]
        save_tensors(root / f"pictures_{kind}.safetensors", tensors_of(chosen), source)
    turned = {}
    for name, content in picture_files.oriented(HEIGHT, WIDTH):
        turned[f"{name}.file"] = np.frombuffer(content, np.uint8)
        turned[f"{name}.rgb"] = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB"))
    save_tensors(root / "pictures_oriented.safetensors", turned, source)


if __name__ == "__main__":
    main()
