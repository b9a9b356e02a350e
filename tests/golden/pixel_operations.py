"""Colour and geometric changes of small pictures at fixed parameters, as Pillow, torchvision and timm make them.

Keys: `rgb`, `soft`, `grey`, `wide` (large enough to be equalised) are sources [H, W, C]; `<source>|<operation>|<numbers, joined by commas>` the result.
The numbers of `affine` and `rotate` start with the interpolation (1 bilinear, 2 bicubic) and end with the fill's
three values, which grey pictures see as Rec. 601 luma.
"""

import numpy as np
from golden_file import origin, output_folder, save_tensors
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from timm.data.auto_augment import solarize_add
from torchvision.transforms import functional

ENHANCERS = {"brightness": ImageEnhance.Brightness, "contrast": ImageEnhance.Contrast,
             "saturation": ImageEnhance.Color, "sharpness": ImageEnhance.Sharpness}
FACTORS = (0.0, 0.1, 0.6, 1.0, 1.37, 1.9, 2.8)
FILLS = ((128, 128, 128), (124, 116, 104))
MAPS = [(1, 0.27, 0, 0, 1, 0), (1, -0.3, 0, 0, 1, 0), (1, 0, 0, 0.13, 1, 0), (1, 0, 7.65, 0, 1, 0),
        (1, 0, -3, 0, 1, 0), (1, 0, 0, 0, 1, -8.1), (0.7, 0.2, -1.5, -0.4, 1.3, 2.25)]
ANGLES = (27.0, -30.0, 0.0, 3.3, 90.0, 180.0, -90.0, 391.0)
SIMPLE = {
    "brightness": FACTORS, "contrast": FACTORS, "saturation": FACTORS, "sharpness": FACTORS,
    "hue": (-0.5, -0.1, -0.003, 0.0, 0.05, 0.31, 0.5), "grey": ("",), "invert": ("",), "autocontrast": ("",),
    "equalise": ("",), "solarise": (0, 1, 128, 255, 256), "solarise_add": (0, 55, 110, 128),
    "posterise": (1, 2, 4, 8), "blur": (0.1, 0.5, 0.57, 1.0, 2.0, 3.7, 25.0),
}


def sources(generator):
    noise = generator.integers(0, 256, (11, 11, 3), dtype=np.uint8)
    noise[:4, :4] = 0
    noise[-4:, -4:] = 255
    y, x = np.mgrid[0:7, 0:10]
    soft = np.stack([60 + 14 * x, 200 - 17 * y, 90 + 6 * x + 8 * y], axis=-1).astype(np.uint8)
    grey = generator.integers(30, 200, (9, 8, 1), dtype=np.uint8)
    wide = generator.normal(90, 25, (24, 30, 3)).astype(np.uint8)
    return {"rgb": noise, "soft": soft, "grey": grey, "wide": wide}


def changed(image, operation, number):
    if operation in ENHANCERS:
        return ENHANCERS[operation](image).enhance(number)
    return {
        "hue": lambda: functional.adjust_hue(image, number),
        "grey": lambda: functional.to_grayscale(image, len(image.getbands())),
        "invert": lambda: ImageOps.invert(image),
        "autocontrast": lambda: ImageOps.autocontrast(image),
        "equalise": lambda: ImageOps.equalize(image),
        "solarise": lambda: ImageOps.solarize(image, number),
        "solarise_add": lambda: solarize_add(image, number),
        "posterise": lambda: ImageOps.posterize(image, number),
        "blur": lambda: image.filter(ImageFilter.GaussianBlur(number)),
    }[operation]()


def moved(image, operation, numbers, interpolation, fill):
    if image.mode == "L":
        fill = Image.new("RGB", (1, 1), fill).convert("L").getpixel((0, 0))
    kernel = (None, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)[interpolation]
    if operation == "rotate":
        return image.rotate(*numbers, kernel, fillcolor=fill)
    return image.transform(image.size, Image.Transform.AFFINE, numbers, kernel, fillcolor=fill)


def main():
    folder = output_folder(__doc__)
    tensors = sources(np.random.default_rng(13))
    results = {}
    for name, pixels in tensors.items():
        image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)

        def keep(key, result, shape=pixels.shape, name=name):
            results[f"{name}|{key}"] = np.asarray(result).reshape(shape)

        wanted = ("equalise",) if name == "wide" else SIMPLE
        for operation, numbers in SIMPLE.items():
            if operation not in wanted:
                continue
            for number in numbers:
                keep(f"{operation}|{number}", changed(image, operation, number))
        if name == "wide":
            continue
        moves = [("affine", numbers) for numbers in MAPS] + [("rotate", (angle,)) for angle in ANGLES]
        for place, (operation, numbers) in enumerate(moves):
            for interpolation in (1, 2):
                fill = FILLS[place % 2]
                key = ",".join(map(str, (interpolation, *numbers, *fill)))
                keep(f"{operation}|{key}", moved(image, operation, numbers, interpolation, fill))
    save_tensors(folder / "pixel_operations.safetensors", tensors | results,
                 origin(__file__, ("Pillow", "torchvision", "timm", "numpy")))


if __name__ == "__main__":
    main()
