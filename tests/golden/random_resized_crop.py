"""The rule by which torchvision's RandomResizedCrop turns uniform numbers into a crop.

Each case holds uniforms in [0, 1), in the order in which they are used, and the crop that follows. A try
takes two: `area = height * width * between(scale, u)` and `ratio = exp(between(log(ratios), u))`; then
`w = round(sqrt(area * ratio))` and `h = round(sqrt(area / ratio))`, halves to even. If 0 < w <= width and
0 < h <= height, two more place it: `top = floor(u * (height - h + 1))`, `left = floor(u * (width - w + 1))`
(torchvision draws an integer there; the floor is how an even integer comes from a uniform).
After ten failures the crop is central: as large as the picture and the bounds of the ratio allow.

Every case is checked here against torchvision itself, whose random draws are replaced by the same uniforms,
and no case lies so near to a rounding step that single precision would change it.
"""

import math
from unittest import mock

import numpy as np
import torch
from golden_file import origin, output_folder, save_json
from torchvision.transforms import RandomResizedCrop, transforms

TRIES = 10
RATIOS = (3 / 4, 4 / 3)
# name, height, width, scale, ratio, uniforms for the tries (None: random)
SETTINGS = (
    [(f"fashion_mnist_{k}", 28, 28, (0.2, 1.0), RATIOS, None) for k in range(8)]
    + [(f"landscape_{k}", 375, 500, (0.08, 1.0), RATIOS, None) for k in range(8)]
    + [(f"portrait_{k}", 641, 333, (0.2, 1.0), RATIOS, None) for k in range(4)]
    + [(f"long_{k}", 40, 160, (0.1, 0.9), RATIOS, None) for k in range(4)]
    + [(f"tiny_{k}", 3, 2, (0.08, 1.0), RATIOS, None) for k in range(4)]
    + [
        ("fallback_too_wide", 20, 200, (0.9, 1.0), RATIOS, None),
        ("fallback_too_tall", 200, 21, (0.9, 1.0), RATIOS, None),
        ("fallback_too_wide_half_to_even", 10, 101, (0.9, 1.0), (0.8, 1.25), None),
        ("fallback_too_tall_half_to_even", 101, 10, (0.9, 1.0), (0.8, 1.25), None),
        ("fallback_whole_picture", 50, 50, (0.97, 1.0), RATIOS, [0.9, 0.02] * TRIES),
        ("tenth_try_succeeds", 50, 50, (0.5, 1.0), RATIOS, [0.99, 0.02] * (TRIES - 1) + [0.1, 0.4]),
    ])


def between(bounds, u):
    return bounds[0] + (bounds[1] - bounds[0]) * u


class Uniforms:
    """Hands out numbers one by one and remembers which were used."""

    def __init__(self, numbers):
        self.numbers, self.used = list(numbers), 0

    def next(self):
        self.used += 1
        return self.numbers[self.used - 1]


def rule(height, width, scale, ratio, uniforms):
    """(top, left, h, w), the number of tries, and how near the crop was to being another one."""
    margins = []
    for attempt in range(1, TRIES + 1):
        area = height * width * between(scale, uniforms.next())
        aspect = math.exp(between([math.log(bound) for bound in ratio], uniforms.next()))
        sides = math.sqrt(area * aspect), math.sqrt(area / aspect)
        margins += [abs(side % 1.0 - 0.5) for side in sides]
        w, h = (round(side) for side in sides)
        if 0 < w <= width and 0 < h <= height:
            places = uniforms.next() * (height - h + 1), uniforms.next() * (width - w + 1)
            margins += [min(place % 1.0, 1.0 - place % 1.0) for place in places if place >= 1e-3]
            return (*map(math.floor, places), h, w), attempt, min(margins)
    return central(height, width, ratio), TRIES, min(margins)


def central(height, width, ratio):
    h, w = height, width
    if width / height < min(ratio):
        h = round(width / min(ratio))
    elif width / height > max(ratio):
        w = round(height * max(ratio))
    return (height - h) // 2, (width - w) // 2, h, w


def torchvision_crop(height, width, scale, ratio, uniforms):
    """torchvision's own function with its three sources of chance replaced."""
    class Filled:
        def uniform_(self, low, high):
            return torch.tensor([between((float(low), float(high)), uniforms.next())], dtype=torch.float32)

    def randint(low, high, size):
        return torch.tensor([low + math.floor(uniforms.next() * (high - low))])

    with (mock.patch.object(transforms.torch, "empty", lambda *_: Filled()),
          mock.patch.object(transforms.torch, "randint", randint)):
        return RandomResizedCrop.get_params(torch.zeros(1).expand(3, height, width), scale, ratio)


def case(generator, name, height, width, scale, ratio, tries):
    """One row of the table. Random uniforms are drawn again while rounding makes the case delicate."""
    while True:
        drawn = generator.random(2 * TRIES + 2).round(6).tolist()
        uniforms = Uniforms(drawn if tries is None else tries + drawn[:2])
        crop, attempts, margin = rule(height, width, scale, ratio, uniforms)
        if margin > 1e-3:
            break
    numbers = uniforms.numbers[:uniforms.used]
    assert crop == torchvision_crop(height, width, scale, ratio, Uniforms(numbers)), name
    top, left, h, w = crop
    return {"name": name, "height": height, "width": width, "scale": scale, "ratio": ratio,
            "uniforms": numbers, "tries": attempts, "fallback": len(numbers) == 2 * TRIES,
            "crop": {"top": top, "left": left, "height": h, "width": w}}


def main():
    folder = output_folder(__doc__)
    generator = np.random.default_rng(5)
    cases = [case(generator, *setting) for setting in SETTINGS]
    for row in cases:
        assert row["fallback"] or not row["name"].startswith("fallback"), row["name"]
        assert row["tries"] == 10 or row["name"] != "tenth_try_succeeds"
    save_json(folder / "random_resized_crop.json", {"cases": cases},
              origin(__file__, ("torch", "torchvision", "numpy")))


if __name__ == "__main__":
    main()
