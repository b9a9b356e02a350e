"""Pictures of every format, mode and sampling that we read, as Pillow writes them or by hand: (name, bytes)."""

import io
import itertools
import struct
import zlib

import numpy as np
from PIL import Image, ImageFile, PngImagePlugin

ImageFile.MAXBLOCK = 1 << 22  # optimised and progressive files of noise need a large buffer


def pixels(height, width, channels, smooth, seed=0):
    """Noise, or colours that change slowly with a few hard edges: [H, W, C] bytes."""
    generator = np.random.default_rng([seed, height, width, channels])
    if not smooth:
        return generator.integers(0, 256, (height, width, channels), dtype=np.uint8)
    y, x = np.mgrid[0:height, 0:width]
    waves = [128 + 110 * np.sin(x / (7.0 + c) + c) * np.cos(y / (9.0 - c)) for c in range(channels)]
    picture = np.stack(waves, axis=-1)
    picture[(x // 13 + y // 17) % 5 == 1] = generator.integers(0, 256, channels)
    return picture.astype(np.uint8)


def picture(mode, height, width, smooth=True):
    """A Pillow picture of a mode."""
    colours = Image.fromarray(pixels(height, width, 3, smooth))
    if mode == "P":
        return colours.quantize(200, dither=Image.Dither.NONE)
    if mode in ("RGBA", "CMYK"):
        return Image.frombytes(mode, (width, height), pixels(height, width, 4, smooth).tobytes())
    if mode == "LA":
        return Image.frombytes(mode, (width, height), pixels(height, width, 2, smooth).tobytes())
    if mode == "I;16":
        wide = pixels(height, width, 2, smooth).copy()
        wide[::2, :, 1] = 0  # every other row lies within 8 bits
        return Image.frombytes(mode, (width, height), wide.tobytes())
    return colours.convert(mode)


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def resampled(jpeg, factors, height, width):
    """The same blocks read with other sampling factors of the first component (0xHV) and another size: Pillow
    writes no 4:4:0 and no 4:1:1, but these have as many blocks as a 4:2:2 turned on its side and as a 4:2:0."""
    at = next(jpeg.index(marker) for marker in (b"\xff\xc0", b"\xff\xc2") if marker in jpeg)
    return jpeg[:at + 5] + struct.pack(">HHBBB", height, width, 3, 1, factors) + jpeg[at + 12:]


def jpegs(height, width):
    for smooth, progressive in itertools.product((True, False), (True, False)):
        end = f"{'progressive_' * progressive}{smooth}.jpg"
        half = saved(picture("RGB", height, width, smooth), "JPEG", subsampling="4:2:2", progressive=progressive)
        yield f"440_{end}", resampled(half, 0x12, width, height)
        if not progressive:
            quarter = saved(picture("RGB", height, width, smooth), "JPEG", subsampling="4:2:0")
            yield f"411_{end}", resampled(quarter, 0x41, -(-height // 2), 2 * width)
            yield f"441_{end}", resampled(quarter, 0x14, 2 * height, -(-width // 2))
    for smooth, (name, options) in itertools.product((True, False), {
            "444": dict(subsampling="4:4:4"), "422": dict(subsampling="4:2:2"), "420": dict(subsampling="4:2:0"),
            "coarse": dict(quality=5),
            "fine": dict(quality=100), "420_progressive": dict(progressive=True),
            "progressive_444": dict(progressive=True, subsampling="4:4:4", quality=90),
            "progressive_422": dict(progressive=True, subsampling="4:2:2"), "optimised": dict(optimize=True), "restart": dict(restart_marker_blocks=3), "restart_rows": dict(restart_marker_rows=1),
            "rgb": dict(keep_rgb=True)}.items()):
        yield f"{name}_{smooth}.jpg", saved(picture("RGB", height, width, smooth), "JPEG", **options)
    for mode in ("L", "CMYK", "1"):
        yield f"{mode}.jpg", saved(picture(mode, height, width), "JPEG")
        yield f"{mode}_progressive.jpg", saved(picture(mode, height, width), "JPEG", progressive=True)
    cmyk = saved(picture("CMYK", height, width, False), "JPEG", quality=80)
    yield "ycck.jpg", with_adobe_transform(cmyk, 2)
    yield "tail.jpg", saved(picture("RGB", height, width), "JPEG") + b"a tail"


def with_adobe_transform(jpeg, transform):
    """The same file read as another colour space: 2 makes YCCK of CMYK."""
    at = jpeg.index(b"Adobe") + 11
    return jpeg[:at] + bytes([transform]) + jpeg[at + 1:]


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(height, width, bits, colour_type, interlaced=False, extra=b"", colours=None):
    """Any PNG, of random values; an interlaced one has its seven passes one after the other."""
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour_type]
    generator = np.random.default_rng([height, width, bits, colour_type])
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    data = b""
    for top, left, down, right in passes if interlaced else [(0, 0, 1, 1)]:
        rows, columns = -(-(height - top) // down), -(-(width - left) // right)
        if rows <= 0 or columns <= 0:
            continue
        size = (columns * samples * bits + 7) // 8
        lines = generator.integers(0, 256, (rows, size), dtype=np.uint8)
        filters = generator.integers(0, 5, rows)
        data += b"".join(bytes([kind]) + line.tobytes() for kind, line in zip(filters, lines))
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, interlaced)
    if colour_type == 3:
        count = colours or 1 << bits
        extra = chunk(b"PLTE", generator.integers(0, 256, 3 * count, dtype=np.uint8).tobytes()) + extra
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def pngs(height, width):
    kinds = [(0, (1, 2, 4, 8, 16)), (2, (8, 16)), (3, (1, 2, 4, 8)), (4, (8, 16)), (6, (8, 16))]
    for (colour_type, depths), interlaced in itertools.product(kinds, (False, True)):
        for bits in depths:
            yield (f"type{colour_type}_{bits}_{interlaced}.png",
                   png_of(height, width, bits, colour_type, interlaced))
    yield "short_palette.png", png_of(height, width, 8, 3, colours=7)
    yield "alpha_palette.png", png_of(height, width, 4, 3, extra=chunk(b"tRNS", bytes(range(0, 160, 10))))
    yield "alpha_rgb.png", png_of(height, width, 8, 2, extra=chunk(b"tRNS", bytes(6)))
    yield "alpha_grey.png", png_of(height, width, 8, 0, extra=chunk(b"tRNS", bytes([0, 7])))
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        yield f"{mode.replace(';', '')}.png", saved(picture(mode, height, width), "PNG")


def webps(height, width):
    for smooth, mode in itertools.product((True, False), ("RGB", "RGBA")):
        image = picture(mode, height, width, smooth)
        for quality in (5, 80, 100):
            yield f"{mode}_{quality}_{smooth}.webp", saved(image, "WEBP", quality=quality)
        yield f"{mode}_lossless_{smooth}.webp", saved(image, "WEBP", lossless=True)
        yield f"{mode}_exact_{smooth}.webp", saved(image, "WEBP", lossless=True, exact=True)
        yield f"{mode}_exif_{smooth}.webp", saved(image, "WEBP", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0")
        later = picture(mode, height, width, not smooth)
        yield (f"{mode}_animated_{smooth}.webp",
               saved(image, "WEBP", save_all=True, append_images=[later], duration=50))


def bmp_of(height, width, bits, header=40, compression=0, masks=(), colours=0, entries=None, top_down=False):
    """Any BMP that is not run-length encoded, of random values."""
    generator = np.random.default_rng([height, width, bits, header, compression])
    stride = (width * bits + 31) // 32 * 4
    data = generator.integers(0, 256, stride * height, dtype=np.uint8).tobytes()
    if header == 12:
        fields = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        fields = struct.pack("<IiiHHIIiiII", 40, width, -height if top_down else height, 1, bits, compression,
                             len(data), 0, 0, colours, 0)
        rest = b"".join(struct.pack("<I", mask) for mask in masks).ljust(max(header - 40, 0), b"\0")
        fields = struct.pack("<I", header) + fields[4:] + rest
    if entries is None and bits <= 8:
        entries = generator.integers(0, 256, (colours or 1 << bits, 3 if header == 12 else 4), dtype=np.uint8)
    table = b"" if entries is None else np.asarray(entries, np.uint8).tobytes()
    offset = 14 + len(fields) + len(table)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + fields + table + data


def bmps(height, width):
    for bits, top_down in itertools.product((1, 4, 8, 16, 24, 32), (False, True)):
        yield f"{bits}_{top_down}.bmp", bmp_of(height, width, bits, top_down=top_down)
    for bits in (1, 4, 8, 24):
        yield f"{bits}_os2.bmp", bmp_of(height, width, bits, header=12)
    for header, bits in itertools.product((64, 108, 124), (8, 24, 32)):
        yield f"{bits}_{header}.bmp", bmp_of(height, width, bits, header=header)
    yield "8_100_colours.bmp", bmp_of(height, width, 8, colours=100)
    ramp = np.repeat(np.arange(256)[:, None], 4, axis=1)
    yield "8_grey.bmp", bmp_of(height, width, 8, entries=ramp)
    yield "1_black_white.bmp", bmp_of(height, width, 1, entries=[[0, 0, 0, 0], [255, 255, 255, 0]])
    fields = {16: [(0xf800, 0x7e0, 0x1f), (0x7c00, 0x3e0, 0x1f)], 24: [(0xff0000, 0xff00, 0xff)],
              32: [(0xff0000, 0xff00, 0xff), (0xff000000, 0xff0000, 0xff00), (0xff000000, 0xff00, 0xff),
                   (0xff000000, 0xff0000, 0xff00, 0xff), (0xff, 0xff00, 0xff0000, 0xff000000),
                   (0xff0000, 0xff00, 0xff, 0xff000000), (0xff000000, 0xff00, 0xff, 0xff0000), (0, 0, 0, 0)]}
    for bits, layouts in fields.items():
        for index, masks in enumerate(layouts):
            for header in (40, 52, 56, 124):
                if len(masks) == 3 or header >= 56:
                    yield (f"{bits}_masks{index}_{header}.bmp",
                           bmp_of(height, width, bits, header, 3, masks))
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        yield f"{mode}.bmp", saved(picture(mode, height, width), "BMP")
    for nibbles, grey in itertools.product((False, True), (False, True)):
        yield f"runs_{nibbles}_{grey}.bmp", bmp_of_runs(height, width, nibbles, grey)


def bmp_of_runs(height, width, nibbles, grey):
    """Run-length encoded: runs, copied values, ends of lines, and a jump over the last row."""
    generator = np.random.default_rng([height, width, nibbles])
    bits = 4 if nibbles else 8
    data = b""
    for _ in range(height - 1):
        x = 0
        while x < width - 4 and generator.random() > 0.1:
            count = int(generator.integers(1, min(255, width - x) + 1))
            if count < 3 or generator.random() < 0.6:
                data += bytes([count, generator.integers(0, 256)])
            else:
                size = (count + 1) // 2 if nibbles else count
                copied = generator.integers(0, 256, size, dtype=np.uint8).tobytes()
                data += bytes([0, count]) + copied + b"\0" * (size % 2)
            x += count
        data += b"\0\0"
        if x == 0:  # Pillow takes an empty line for none
            data = data[:-2] + bytes([1, 0, 0, 0])
    data += (bytes([min(width, 255), 0x21]) if width < 255 else b"") + bytes([0, 2, 0, 1, 0, 1])
    table = np.repeat(np.arange(1 << bits)[:, None], 4, axis=1).astype(np.uint8)
    if not grey:
        table = generator.integers(0, 256, table.shape, dtype=np.uint8)
    fields = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 2 if nibbles else 1, len(data), 0, 0, 0, 0)
    offset = 14 + 40 + table.size
    return (b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + fields + table.tobytes() + data)


def tiff_of(height, width, photometric, bits, order="<", extra=(), planar=1, fill=1, orientation=None, rows=None,
            tile=None):
    """Any TIFF that is not compressed, of random values, in strips of some rows or in square tiles."""
    generator = np.random.default_rng([height, width, photometric, bits[0], len(bits)])
    planes = len(bits) if planar == 2 else 1
    rows = tile or rows or height
    parts = -(-height // rows) * (-(-width // tile) if tile else 1) * planes
    size = ((tile or width) * sum(bits) // planes + 7) // 8 * rows
    data = generator.integers(0, 256, size * parts, dtype=np.uint8).tobytes()
    offsets, sizes = (4, [8 + size * i for i in range(parts)]), (4, [size] * parts)
    entries = {256: (3, [width]), 257: (3, [height]), 258: (3, bits), 259: (3, [1]), 262: (3, [photometric]),
               277: (3, [len(bits)]), 284: (3, [planar])}
    entries |= ({322: (3, [tile]), 323: (3, [tile]), 324: offsets, 325: sizes} if tile else
                {273: offsets, 278: (3, [rows]), 279: sizes})
    if extra:
        entries[338] = (3, list(extra))
    if fill != 1:
        entries[266] = (3, [fill])
    if photometric == 3:
        entries[320] = (3, generator.integers(0, 65536, 3 << bits[0]).tolist())
    if orientation:
        entries[274] = (3, [orientation])
    return tiff_file(data + b"\0" * (len(data) % 2), entries, order)


def tiff_file(data, entries, order):
    """The pixels, the directory behind them, and what is too long for it behind that."""
    at = 8 + len(data)
    behind = at + 2 + 12 * len(entries) + 4
    directory, rest = struct.pack(order + "H", len(entries)), b""
    for tag, (kind, values) in sorted(entries.items()):
        body = struct.pack(f"{order}{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(body) > 4:
            body, rest = struct.pack(order + "I", behind + len(rest)), rest + body
        directory += struct.pack(order + "HHI", tag, kind, len(values)) + body.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", at)
    return head + data + directory + struct.pack(order + "I", 0) + rest


TIFF_LAYOUTS = {
    "grey1": (1, (1,)), "grey2": (1, (2,)), "grey4": (1, (4,)), "grey8": (1, (8,)), "grey16": (1, (16,)),
    "white1": (0, (1,)), "white2": (0, (2,)), "white4": (0, (4,)), "white8": (0, (8,)), "white16": (0, (16,)),
    "rgb": (2, (8,) * 3), "rgb16": (2, (16,) * 3), "rgba_unsaid": (2, (8,) * 4), "rgba16_unsaid": (2, (16,) * 4),
    "palette1": (3, (1,)), "palette2": (3, (2,)), "palette4": (3, (4,)), "palette8": (3, (8,)),
    "cmyk": (5, (8,) * 4), "cmyk16": (5, (16,) * 4)}
TIFF_EXTRAS = {
    "grey_x": (1, (8,) * 2, (0,)), "grey_alpha": (1, (8,) * 2, (2,)), "palette_x": (3, (8,) * 2, (0,)),
    "cmyk_x": (5, (8,) * 5, (0,)), "cmyk_xx": (5, (8,) * 6, (0, 0)), "rgb_x16": (2, (16,) * 4, (0,)),
    "rgb_a16": (2, (16,) * 4, (1,)), "rgba16": (2, (16,) * 4, (2,)),
    **{f"rgb_{first}_{more}": (2, (8,) * (4 + more), (first,) + (0,) * more)
       for first in (0, 1, 2) for more in (0, 1, 2)}}


def tiffs(height, width):
    for order, (name, (photometric, bits)) in itertools.product("<>", TIFF_LAYOUTS.items()):
        if (order, name) != (">", "white16"):  # which Pillow does not read
            yield f"{name}_{'II' if order == '<' else 'MM'}.tif", tiff_of(height, width, photometric, bits, order)
    for name, (photometric, bits, extra) in TIFF_EXTRAS.items():
        yield f"{name}.tif", tiff_of(height, width, photometric, bits, extra=extra)
    for name in ("rgb", "cmyk", "rgba_unsaid"):
        yield f"{name}_planes.tif", tiff_of(height, width, *TIFF_LAYOUTS[name], planar=2)
    for name in ("grey1", "white1", "grey4", "grey8", "palette8", "rgb"):
        yield f"{name}_reversed.tif", tiff_of(height, width, *TIFF_LAYOUTS[name], fill=2)
        yield f"{name}_tiles.tif", tiff_of(height, width, *TIFF_LAYOUTS[name], tile=16)
        yield f"{name}_strips.tif", tiff_of(height, width, *TIFF_LAYOUTS[name], rows=3)
    yield "rgb_tiles_planes.tif", tiff_of(height, width, 2, (8,) * 3, tile=16, planar=2)
    yield "rgb_strips_planes.tif", tiff_of(height, width, 2, (8,) * 3, rows=2, planar=2)
    for orientation in range(1, 9):
        yield f"turned{orientation}.tif", tiff_of(height, width, 2, (8,) * 3, orientation=orientation)
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"):
        for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd", "lzma"):
            try:
                yield (f"{mode.replace(';', '')}_{compression}.tif",
                       saved(picture(mode, height, width), "TIFF", compression=compression))
            except OSError:
                continue
    for compression in ("group3", "group4", "tiff_ccitt"):
        yield f"1_{compression}.tif", saved(picture("1", height, width), "TIFF", compression=compression)
    for mode, quality in itertools.product(("L", "RGB", "CMYK", "YCbCr"), (30, 95)):
        yield f"{mode}_jpeg{quality}.tif", saved(picture(mode, height, width), "TIFF", compression="jpeg", quality=quality)
    yield "pages.tif", saved(picture("RGB", height, width), "TIFF", save_all=True,
                             append_images=[picture("L", 5, 5)])


def oriented(height, width):
    """Pictures whose EXIF, or XMP where they have no EXIF, says how to turn them."""
    for orientation, order in itertools.product(range(1, 9), "<>"):
        entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
        head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, 1)
        exif = b"Exif\0\0" + head + entry + bytes(4)
        xmp = f'<x:xmpmeta tiff:Orientation="{orientation}"/>'.encode()
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", xmp.decode())
        image, name = picture("RGB", height, width), f"{orientation}_{'II' if order == '<' else 'MM'}"
        for kind, options in ("JPEG", {}), ("PNG", {}), ("WEBP", dict(lossless=True)):
            yield f"exif{name}.{kind.lower()}", saved(image, kind, exif=exif, **options)
            if order == "<":
                packet = dict(pnginfo=text) if kind == "PNG" else dict(xmp=xmp)
                yield f"xmp{orientation}.{kind.lower()}", saved(image, kind, **packet, **options)


FORMATS = {"jpeg": jpegs, "png": pngs, "webp": webps, "bmp": bmps, "tiff": tiffs}
