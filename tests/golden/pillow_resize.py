"""Pillow's bicubic and bilinear resize of small pictures, up, down and to odd sizes, bit for bit.

Keys: `<source>` is a source [H, W, C]; `<source>.<filter>.<HxW>` the whole picture resized;
`....crop=<left>,<top>,<right>,<bottom>` that part cut out first and then resized (what torchvision's
RandomResizedCrop does); `....box=...` Pillow's `resize(box=...)`, whose filter also reads pixels just
outside the box. The two differ at the edges.
"""

import numpy as np
from golden_file import origin, output_folder, save_tensors
from PIL import Image

FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
# (height, width): source and the sizes that it is resized to.
SOURCES = {
    "rgb": ((23, 31, 3), [(11, 15), (24, 24), (37, 53), (1, 1), (23, 12), (9, 31), (7, 3), (23, 31), (5, 40)]),
    "grey": ((28, 28, 1), [(14, 14), (32, 32), (28, 17), (1, 1), (9, 41), (28, 28), (3, 5)]),
    "column": ((9, 1, 3), [(4, 4), (9, 7), (20, 1), (1, 1)]),
    "row": ((1, 11, 1), [(6, 5), (3, 23), (1, 1)]),
    "dot": ((1, 1, 3), [(3, 2)]),
}
# (left, top, right, bottom) of parts of "rgb" and "grey", resized to 14 x 14.
PARTS = {"rgb": [(3, 2, 25, 20), (0, 0, 5, 23), (29, 10, 31, 11), (10, 4, 24, 18)],
         "grey": [(1, 3, 27, 20), (0, 27, 28, 28)]}


def picture(generator, shape):
    """Noise with black and white areas beside it, where the filters overshoot and must be clipped."""
    pixels = generator.integers(0, 256, shape, dtype=np.uint8)
    rows, columns = shape[0] // 3, shape[1] // 3
    pixels[:rows, :columns] = 0
    pixels[-rows - 1:, -columns - 1:] = 255
    return pixels


def as_image(pixels):
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def as_pixels(image):
    pixels = np.asarray(image)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def main():
    folder = output_folder(__doc__)
    generator = np.random.default_rng(3)
    tensors = {}
    for source, (shape, sizes) in SOURCES.items():
        tensors[source] = picture(generator, shape)
        image = as_image(tensors[source])
        for name, kernel in FILTERS.items():
            for height, width in sizes:
                key = f"{source}.{name}.{height}x{width}"
                tensors[key] = as_pixels(image.resize((width, height), kernel))
            for box in PARTS.get(source, []):
                where = ",".join(map(str, box))
                key = f"{source}.{name}.14x14"
                tensors[f"{key}.crop={where}"] = as_pixels(image.crop(box).resize((14, 14), kernel))
                tensors[f"{key}.box={where}"] = as_pixels(image.resize((14, 14), kernel, box=box))
    save_tensors(folder / "pillow_resize.safetensors", tensors, origin(__file__, ("Pillow", "numpy")))


if __name__ == "__main__":
    main()
