"""ImageNet-C's corruptions of one picture at two sizes, their formulas written out in NumPy and SciPy.

Random numbers are the program's own (Philox4x32-10 keyed by seed, corruption, severity and example), so that random
corruptions can be compared pixel by pixel, too. `spatter` of water (severities 1 to 3) is left out: it is made of
OpenCV's Canny and distance transform.

Keys: `source` [S, S, 3] uint8; `<corruption>:<severity>` every STEP-th pixel of every STEP-th row of the result.
"""

import io

import numpy as np
from golden_file import origin, output_folder, save_tensors
from PIL import Image
from scipy import ndimage, stats

SEED, ITEM, PURPOSE = 7, 12345, 14
LARGE, SMALL = 0, 1  # columns of the constants: 224 and 32 pixels
STEPS = {96: 8, 32: 3}
U64 = (1 << 64) - 1


def hash64(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 & U64
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & U64
    value = (value ^ value >> 27) * 0x94D049BB133111EB & U64
    return value ^ value >> 31


class Stream:
    def __init__(self, epoch):
        blocks = np.arange(1 << 17, dtype=np.uint64)
        counter = [blocks, np.full_like(blocks, ITEM & 0xFFFFFFFF), np.full_like(blocks, ITEM >> 32),
                   np.full_like(blocks, PURPOSE << 24 | epoch)]
        key, low = [SEED & 0xFFFFFFFF, SEED >> 32], np.uint64(0xFFFFFFFF)
        for _ in range(10):
            a, b = counter[0] * np.uint64(0xD2511F53), counter[2] * np.uint64(0xCD9E8D57)
            high = [np.right_shift(x, np.uint64(32)) for x in (a, b)]
            counter = [high[1] ^ counter[1] ^ np.uint64(key[0]), b & low,
                       high[0] ^ counter[3] ^ np.uint64(key[1]), a & low]
            key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
        self.words, self.at = np.stack(counter, axis=1).ravel(), 0

    def bits(self, count):
        self.at += count
        assert self.at <= len(self.words)
        return self.words[self.at - count:self.at]

    def uniform(self, shape=(), low=0.0, high=1.0):
        pairs = self.bits(2 * int(np.prod(shape, dtype=int))).reshape(-1, 2).astype(np.float64)
        unit = (np.floor(pairs[:, 0] / 32) * 67108864 + np.floor(pairs[:, 1] / 64)) / 9007199254740992
        return (low + (high - low) * unit).reshape(shape)

    def normal(self, shape):
        u = self.uniform((*shape, 2))
        return np.sqrt(-2 * np.log(1 - u[..., 0])) * np.cos(2 * np.pi * u[..., 1])

    def integer(self, count):  # for powers of two: Lemire's method redraws nothing
        return int(self.bits(1)[0]) * count >> 32 if count & (count - 1) == 0 else self.integer_redrawn(count)

    def integer_redrawn(self, count):
        surplus = (1 << 32) % count
        while True:
            product = int(self.bits(1)[0]) * count
            if product & 0xFFFFFFFF >= surplus:
                return product >> 32


def smooth(x, sigma, truncate=4.0, mode="nearest"):
    return ndimage.gaussian_filter(x, [sigma, sigma] + [0] * (x.ndim - 2), truncate=truncate, mode=mode)


def zoom(x, factor):
    side = len(x)
    part = int(np.ceil(side / factor))
    start = (side - part) // 2
    big = ndimage.zoom(x[start:start + part, start:start + part], [factor, factor] + [1] * (x.ndim - 2), order=1)
    trim = (len(big) - side) // 2
    return big[trim:trim + side, trim:trim + side]


def motion(x, radius, sigma, angle):
    """x in bytes; ImageMagick 6's rule."""
    width = 2 * int(np.ceil(radius)) + 1
    weights = np.exp(-np.arange(width) ** 2 / (2 * sigma ** 2))
    weights /= weights.sum()
    rows, columns = np.mgrid[:len(x), :len(x)]
    result = np.zeros(x.shape)
    for i, weight in enumerate(weights):
        dx = int(np.ceil(i * np.cos(np.radians(angle)) - 0.5))
        dy = int(np.ceil(i * np.sin(np.radians(angle)) - 0.5))
        result += weight * x[np.clip(rows + dy, 0, len(x) - 1), np.clip(columns + dx, 0, len(x) - 1)]
    return np.floor(np.floor(result * 257 + 0.5) / 257)  # rounded to 16 bits, then cut to 8


def hsv_changed(x, change):
    """To hue, saturation, value and back, by the hexagon's formulas."""
    value, least = x.max(-1), x.min(-1)
    span = value - least
    safe = np.where(span > 0, span, 1)
    r, g, b = np.moveaxis(x, -1, 0)
    hue = np.select([span == 0, value == r, value == g], [0 * r, (g - b) / safe % 6, (b - r) / safe + 2],
                    (r - g) / safe + 4)
    saturation, value = change(np.where(value > 0, span / np.where(value > 0, value, 1), 0), value)
    def channel(n):
        k = (n + hue) % 6
        return value - value * saturation * np.clip(np.minimum(k, 4 - k), 0, 1)
    return np.stack([channel(5), channel(3), channel(1)], axis=-1)


def plasma(size, decay, stream):
    field, step, wobble = np.zeros((size, size)), size, 100.0
    def fill(top, left, offsets):
        y, x = np.mgrid[top:size:step, left:size:step]
        total = sum(field[(y + dy) % size, (x + dx) % size] for dy, dx in offsets)
        field[top::step, left::step] = total / 4 + wobble * stream.uniform(y.shape, -wobble, wobble)
    while step >= 2:
        half = step // 2
        fill(half, half, [(-half, -half), (-half, half), (half, -half), (half, half)])
        fill(0, half, [(-half, 0), (half, 0), (0, -half), (0, half)])
        fill(half, 0, [(-half, 0), (half, 0), (0, -half), (0, half)])
        step, wobble = half, wobble / decay
    field -= field.min()
    return field / field.max()


def disk(radius, rim):
    reach, ring = (8, 1) if radius <= 8 else (int(radius), 2)
    y, x = np.mgrid[-reach:reach + 1, -reach:reach + 1]
    flat = (x ** 2 + y ** 2 <= radius ** 2).astype(float)
    kernel = np.exp(-np.arange(-ring, ring + 1) ** 2 / (2 * rim ** 2))
    kernel /= kernel.sum()
    flat = ndimage.correlate1d(flat / flat.sum(), kernel, axis=0, mode="mirror")
    return ndimage.correlate1d(flat, kernel, axis=1, mode="mirror")


def defocus_blur(x, s, c):
    kernel = disk(*c)
    return np.stack([ndimage.correlate(x[..., k], kernel, mode="mirror") for k in range(3)], axis=-1)


def shot_noise(x, s, c):
    return stats.poisson.ppf(s.uniform(x.shape), x * c) / c


def impulse_noise(x, s, c):
    u = s.uniform(x.shape)
    return np.where(u < c / 2, 0, np.where(u < c, 1, x))


def glass_blur(x, s, c):
    sigma, reach, rounds = c
    y = np.uint8(smooth(x, sigma) * 255)
    for _ in range(rounds):
        for row in range(len(y) - reach, reach, -1):
            for column in range(len(y) - reach, reach, -1):
                dx, dy = s.integer(2 * reach) - reach, s.integer(2 * reach) - reach
                y[row, column] = y[row + dy, column + dx]
    return smooth(y / 255, sigma)


def motion_blur(x, s, c):
    return motion(np.round(x * 255), *c, s.uniform((), -45, 45)) / 255 + 1e-9


def zoom_blur(x, s, c):
    return (x + sum(zoom(x, factor) for factor in c)) / (len(c) + 1)


def snow(x, s, c):
    layer = zoom(c[0] + c[1] * s.normal(x.shape[:2]), c[2])
    layer = np.floor(np.clip(np.where(layer < c[3], 0, layer), 0, 1) * 255)
    layer = motion(layer, c[4], c[5], s.uniform((), -135, -45))[..., None] / 255
    grey = (x @ np.array([0.299, 0.587, 0.114]))[..., None]
    return c[6] * x + (1 - c[6]) * np.maximum(x, 1.5 * grey + 0.5) + layer + layer[::-1, ::-1]


def fog(x, s, c):
    size = 1 << (len(x) - 1).bit_length()
    field = plasma(size, c[1], s)[:len(x), :len(x), None]
    return (x + c[0] * field) * x.max() / (x.max() + c[0])


def brightness(x, s, c):
    return hsv_changed(x, lambda saturation, value: (saturation, np.clip(value + c, 0, 1)))


def saturate(x, s, c):
    return hsv_changed(x, lambda saturation, value: (np.clip(saturation * c[0] + c[1], 0, 1), value))


def spatter(x, s, c):
    if not c[5]:
        return None
    drops = smooth(c[0] + c[1] * s.normal(x.shape[:2]), c[2])
    mud = smooth((drops > c[3]).astype(float), c[4])
    mud = np.where(mud < 0.8, 0, mud)[..., None]
    return x * (1 - mud) + np.array([63, 42, 20]) / 255 * mud


def contrast(x, s, c):
    mean = x.mean((0, 1), keepdims=True)
    return (x - mean) * c + mean


def elastic_transform(x, s, c):
    side, third = len(x), len(x) // 3
    middle = side // 2
    corners = np.array([[1, 1], [1, -1], [-1, -1]]) * third + middle + 0.0
    targets = corners + s.uniform((3, 2), -c[2], c[2])
    forward = np.linalg.solve(np.c_[targets, np.ones(3)], corners).T  # from where to where, in x and y
    rows, columns = np.mgrid[:side, :side]
    at = forward @ np.stack([columns.ravel(), rows.ravel(), np.ones(side * side)])
    where = [at[1].reshape(side, side), at[0].reshape(side, side)]
    x = np.stack([ndimage.map_coordinates(x[..., k], where, order=1, mode="mirror") for k in range(3)], axis=-1)
    if c[0] == 0:
        return x
    right = smooth(s.uniform((side, side), -1, 1), c[1], 3, "reflect") * c[0]
    down = smooth(s.uniform((side, side), -1, 1), c[1], 3, "reflect") * c[0]
    where = [rows + down, columns + right]
    return np.stack([ndimage.map_coordinates(x[..., k], where, order=1, mode="reflect") for k in range(3)], axis=-1)


def pixelate(x, s, c):
    image, side = Image.fromarray(np.uint8(np.round(x * 255))), len(x)
    small = image.resize((int(side * c), int(side * c)), Image.BOX)
    return np.asarray(small.resize((side, side), Image.BOX))


def jpeg_compression(x, s, c):
    file = io.BytesIO()
    Image.fromarray(np.uint8(np.round(x * 255))).save(file, "JPEG", quality=c)
    return np.asarray(Image.open(file))


def zooms(*rows):
    return [np.arange(1, stop, step) for stop, step in rows]


CORRUPTIONS = {
    "gaussian_noise": (lambda x, s, c: x + c * s.normal(x.shape),
                       [.08, .12, .18, .26, .38], [.04, .06, .08, .09, .10]),
    "shot_noise": (shot_noise, [60, 25, 12, 5, 3], [500, 250, 100, 75, 50]),
    "impulse_noise": (impulse_noise, [.03, .06, .09, .17, .27], [.01, .02, .03, .05, .07]),
    "speckle_noise": (lambda x, s, c: x + x * c * s.normal(x.shape),
                      [.15, .2, .35, .45, .6], [.06, .1, .12, .16, .2]),
    "defocus_blur": (defocus_blur, [(3, .1), (4, .5), (6, .5), (8, .5), (10, .5)],
                     [(.3, .4), (.4, .5), (.5, .6), (1, .2), (1.5, .1)]),
    "glass_blur": (glass_blur, [(.7, 1, 2), (.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)],
                   [(.05, 1, 1), (.25, 1, 1), (.4, 1, 1), (.25, 1, 2), (.4, 1, 2)]),
    "motion_blur": (motion_blur, [(10, 3), (15, 5), (15, 8), (15, 12), (20, 15)],
                    [(6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)]),
    "zoom_blur": (zoom_blur, zooms((1.11, .01), (1.16, .01), (1.21, .02), (1.26, .02), (1.31, .03)),
                  zooms((1.06, .01), (1.11, .01), (1.16, .01), (1.21, .01), (1.26, .01))),
    "gaussian_blur": (lambda x, s, c: smooth(x, c), [1, 2, 3, 4, 6], [.4, .6, .7, .8, 1]),
    "snow": (snow, [(.1, .3, 3, .5, 10, 4, .8), (.2, .3, 2, .5, 12, 4, .7), (.55, .3, 4, .9, 12, 8, .7),
                    (.55, .3, 4.5, .85, 12, 8, .65), (.55, .3, 2.5, .85, 12, 12, .55)],
             [(.1, .2, 1, .6, 8, 3, .95), (.1, .2, 1, .5, 10, 4, .9), (.15, .3, 1.75, .55, 10, 4, .9),
              (.25, .3, 2.25, .6, 12, 6, .85), (.3, .3, 1.25, .65, 14, 12, .8)]),
    "fog": (fog, [(1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)],
            [(.2, 3), (.5, 3), (.75, 2.5), (1, 2), (1.5, 1.75)]),
    "brightness": (brightness, [.1, .2, .3, .4, .5], [.05, .1, .15, .2, .3]),
    "spatter": (spatter, [(.65, .3, 4, .69, .6, 0), (.65, .3, 3, .68, .6, 0), (.65, .3, 2, .68, .5, 0),
                          (.65, .3, 1, .65, 1.5, 1), (.67, .4, 1, .65, 1.5, 1)],
                [(.62, .1, .7, .7, .5, 0), (.65, .1, .8, .7, .5, 0), (.65, .3, 1, .69, .5, 0),
                 (.65, .1, .7, .69, .6, 1), (.65, .1, .5, .68, .6, 1)]),
    "contrast": (contrast, [.4, .3, .2, .1, .05], [.75, .5, .4, .3, .15]),
    "elastic_transform": (elastic_transform,
                          [(488, 170.8, 24.4), (488, 19.52, 48.8), (12.2, 2.44, 4.88), (17.08, 2.44, 4.88),
                           (29.28, 2.44, 4.88)],
                          [(0, 0, 2.56), (1.6, 6.4, 2.24), (2.56, 1.92, 1.92), (3.2, 1.28, 1.6), (3.2, .96, .96)]),
    "pixelate": (pixelate, [.6, .5, .4, .3, .25], [.95, .9, .85, .75, .65]),
    "jpeg_compression": (jpeg_compression, [25, 18, 15, 10, 7], [80, 65, 58, 50, 40]),
    "saturate": (saturate, [(.3, 0), (.1, 0), (2, 0), (5, .1), (20, .2)],
                 [(.3, 0), (.1, 0), (1.5, 0), (2, .1), (2.5, .2)]),
}


def source(side):
    """Smooth colours, a few edges, a grey corner."""
    y, x = np.mgrid[:side, :side] / side
    picture = np.stack([0.5 + 0.4 * np.sin(5 * x + 2 * y), 0.2 + 0.6 * y * x, 0.6 - 0.4 * np.cos(7 * y)], axis=-1)
    picture[(x - 0.6) ** 2 + (y - 0.4) ** 2 < 0.04] = (0.9, 0.75, 0.1)
    picture[(x < 0.2) & (y < 0.2)] = 0.45
    picture[(x > 0.9) & (y > 0.9)] = 0
    return np.uint8(np.round(picture * 255))


def as_bytes(values):
    return values if values.dtype == np.uint8 else np.uint8(np.clip(values, 0, 1) * 255)


def corrupted(side, size):
    picture = source(side)
    tensors = {"source": picture}
    for name, (change, *constants) in CORRUPTIONS.items():
        for severity, c in enumerate(constants[size], start=1):
            stream = Stream(hash64(f"{name}:{severity}") >> 40)
            values = change(picture / 255, stream, c)
            if values is not None:
                tensors[f"{name}:{severity}"] = as_bytes(values)[::STEPS[side], ::STEPS[side]]
    return tensors


def main():
    folder = output_folder(__doc__)
    for name, side, size in (("large", 96, LARGE), ("small", 32, SMALL)):
        made = origin(__file__, ["numpy", "scipy", "pillow"], seed=SEED, item=ITEM, step=STEPS[side])
        save_tensors(folder / f"corruptions_{name}.safetensors", corrupted(side, size), made)


if __name__ == "__main__":
    main()
