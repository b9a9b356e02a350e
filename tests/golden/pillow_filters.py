"""Pillow's resize with all six filters, of pictures in every mode that a view meets, bit for bit.

Keys: `<mode>` is a source [H, W, C] (`I;16`: two bytes a pixel, the lower one first; `P`: positions in `palette`);
`<mode>.<filter>.<HxW>` the whole picture resized in its own mode. `1` and `P` come out as nearest whatever filter
is asked for, `LA` and `RGBA` are premultiplied on the way.
"""

import numpy as np
from golden_file import origin, output_folder, save_tensors
from PIL import Image

FILTERS = ("nearest", "bilinear", "bicubic", "box", "hamming", "lanczos")
CHANNELS = {"L": 1, "RGB": 3, "1": 1, "P": 1, "LA": 2, "RGBA": 4, "CMYK": 4, "I;16": 2}
SIZES = [(9, 7), (21, 13), (1, 1), (11, 3), (15, 17)]
SHAPE = (15, 12)


def picture(generator, mode):
    """Noise with extreme areas beside it, where the filters overshoot and must be clipped."""
    pixels = generator.integers(0, 256, (*SHAPE, CHANNELS[mode]), dtype=np.uint8)
    pixels[:5, :4] = 0
    pixels[-6:, -5:] = 255
    if mode in ("LA", "RGBA"):
        pixels[4:7, :, -1] = 0
        pixels[7:10, :, -1] = 255
    return np.where(pixels < 128, 0, 255).astype(np.uint8) if mode == "1" else pixels


def as_image(pixels, mode, palette):
    if mode == "1":
        return Image.fromarray(pixels[:, :, 0]).convert("1", dither=Image.Dither.NONE)
    image = Image.frombytes(mode, SHAPE[::-1], pixels.tobytes())
    if mode == "P":
        image.putpalette(palette.tobytes())
    return image


def as_pixels(image):
    plain = image.convert("L") if image.mode == "1" else image
    return np.frombuffer(plain.tobytes(), np.uint8).reshape(image.height, image.width, -1)


def main():
    folder = output_folder(__doc__)
    generator = np.random.default_rng(11)
    palette = generator.integers(0, 256, (256, 3), dtype=np.uint8)
    tensors = {"palette": palette}
    for mode in CHANNELS:
        tensors[mode] = picture(generator, mode)
        image = as_image(tensors[mode], mode, palette)
        for name in FILTERS:
            for height, width in SIZES:
                result = image.resize((width, height), Image.Resampling[name.upper()])
                tensors[f"{mode}.{name}.{height}x{width}"] = as_pixels(result)
    save_tensors(folder / "pillow_filters.safetensors", tensors, origin(__file__, ("Pillow", "numpy")))


if __name__ == "__main__":
    main()
