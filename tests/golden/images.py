"""Small JPEG and PNG files and the RGB pixels that Pillow makes of them.

The files go to `jpeg/`; `images.safetensors` holds `Image.open(file).convert("RGB")` as [H, W, 3] bytes
under each file's name. Sizes are no multiples of the JPEG block, so that edges are tested. Pillow ignores
the EXIF orientation, drops an alpha channel without blending, keeps the high byte of 16-bit colour, and
clips 16-bit grey at 255: it does not scale it, so that ordinary 16-bit grey pictures turn nearly white.
"""

import struct
import zlib

import numpy as np
from golden_file import origin, output_folder, save_tensors
from PIL import Image, features

HEIGHT, WIDTH = 29, 37


def procedural(height=HEIGHT, width=WIDTH):
    """Smooth colour, a disc with hard edges and a checkerboard: [H, W, 3] bytes."""
    y, x = np.mgrid[0:height, 0:width]
    red = 255 * x // (width - 1)
    green = (128 + 120 * np.sin(x / 5.0) * np.cos(y / 4.0)).astype(np.int64)
    blue = 255 * y // (height - 1)
    pixels = np.stack([red, green, blue], axis=-1)
    pixels[(x - 11) ** 2 + (y - 12) ** 2 < 49] = (240, 30, 20)
    board = (y > height - 9) & (x > width - 13)
    pixels[board] = np.where((x + y)[board][:, None] % 2, 255, 0)
    return pixels.astype(np.uint8)


def sixteen_bit(pixels):
    """The picture with a low byte that differs from the high one."""
    high = pixels.astype(np.uint16)
    return high * 256 + (high * 7 + 100) % 256


def png_of(values, colour_type):
    """A PNG of 16-bit grey (colour type 0) or RGB (2); Pillow reads both but writes only grey."""
    height, width = values.shape[:2]
    lines = values.astype(">u2").reshape(height, -1)
    data = b"".join(b"\0" + line.tobytes() for line in lines)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data, 9))
            + chunk(b"IEND", b""))


def write_jpegs(folder, colour):
    grey, cmyk = colour.convert("L"), colour.convert("CMYK")
    turned = Image.Exif()
    turned[0x0112] = 6  # orientation: a viewer would turn it by 90 degrees
    for name, image, options in (
            ("444.jpg", colour, dict(quality=90, subsampling="4:4:4")),
            ("422.jpg", colour, dict(quality=85, subsampling="4:2:2")),
            ("420.jpg", colour, dict(quality=75, subsampling="4:2:0")),
            ("420_coarse.jpg", colour, dict(quality=10, subsampling="4:2:0")),
            ("progressive.jpg", colour, dict(quality=80, progressive=True)),
            ("restart.jpg", colour, dict(quality=80, restart_marker_blocks=2)),
            ("orientation.jpg", colour, dict(quality=80, exif=turned)),
            ("grey.jpg", grey, dict(quality=80)),
            ("cmyk.jpg", cmyk, dict(quality=90))):
        image.save(folder / name, **options)


def write_pngs(folder, colour):
    pixels = np.asarray(colour)
    alpha = Image.fromarray(np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1)))
    grey, palette = colour.convert("L"), colour.quantize(colors=13, dither=Image.Dither.NONE)
    palette.save(folder / "palette.png")
    palette.save(folder / "palette_transparent.png", transparency=3)
    colour.save(folder / "rgb.png")
    grey.save(folder / "grey.png")
    grey.save(folder / "grey_transparent.png", transparency=int(np.asarray(grey)[12, 11]))
    colour.convert("1").save(folder / "bilevel.png")
    Image.merge("RGBA", (*colour.split(), alpha)).save(folder / "rgba.png")
    Image.merge("LA", (grey, alpha)).save(folder / "grey_alpha.png")
    (folder / "rgb16.png").write_bytes(png_of(sixteen_bit(pixels), colour_type=2))
    deep = sixteen_bit(np.asarray(grey))
    deep[:, WIDTH // 2:] //= 200  # the right half is dark enough to show where the clipping starts
    (folder / "grey16.png").write_bytes(png_of(deep, colour_type=0))


def main():
    root = output_folder(__doc__)
    folder = root / "jpeg"
    folder.mkdir(exist_ok=True)
    colour = Image.fromarray(procedural())
    write_jpegs(folder, colour)
    write_pngs(folder, colour)
    tensors = {}
    for file in sorted([*folder.glob("*.jpg"), *folder.glob("*.png")]):
        assert file.stat().st_size < 10_000, file.name
        with Image.open(file) as image:
            tensors[file.name] = np.asarray(image.convert("RGB"))
    source = origin(__file__, ("Pillow", "numpy"))
    source["versions"]["libjpeg-turbo"] = features.version_feature("libjpeg_turbo")
    save_tensors(root / "images.safetensors", tensors, source)


if __name__ == "__main__":
    main()
