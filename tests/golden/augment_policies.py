"""What timm's RandAugment and RandomErasing and torchvision's ColorJitter draw, as distributions.

For each configuration of RandAugment: how many of its layers were applied to a picture (`layers`), and for each
operation how often it was (`count`), how often with the bilinear filter (`bilinear`) and the distribution function of
its argument. A distribution function is `values` and, for each, the share of draws up to it (`shares`). Erasing: the
share of pictures, the distribution of the rectangle's area and of its height over its width, of top and left as
shares of the room. Jitter: of each factor, and the counts of the 24 orders.
"""

import random

import numpy as np
import torch
from golden_file import origin, output_folder, save_json
from timm.data import auto_augment
from timm.data.random_erasing import RandomErasing
from torchvision.transforms import ColorJitter

PICTURES = 30000
CONFIGS = ("rand-m9-mstd0.5-inc1", "rand-m9-mstd0.5", "rand-m7-n3-mstd101-inc1-p0.7", "rand-m15-mmax20-mstd2-inc1")
SIDE = 64


def distribution(values, points=41):
    values = np.sort(np.asarray(values, float))
    chosen = np.unique(values[np.linspace(0, len(values) - 1, points).astype(int)])
    shares = np.searchsorted(values, chosen, side="right") / len(values)
    return {"values": chosen.round(9).tolist(), "shares": shares.round(6).tolist()}


def rand_augment(config):
    transform = auto_augment.rand_augment_transform(config, {"img_mean": (128, 128, 128)})
    drawn = {op.name: [] for op in transform.ops}
    bilinear = dict.fromkeys(drawn, 0)
    geometric = {"Rotate", "ShearX", "ShearY", "TranslateXRel", "TranslateYRel"}
    applied = 0

    def recorder(name):
        def record(image, *arguments, **keywords):
            nonlocal applied
            applied += 1
            drawn[name].append(arguments[0] if arguments else 0)
            if name in geometric:
                bilinear[name] += auto_augment._interpolation(keywords) == auto_augment.Image.Resampling.BILINEAR
            return image
        return record

    for op in transform.ops:
        op.aug_fn = recorder(op.name)
    layers = [0] * (transform.num_layers + 1)
    for _ in range(PICTURES):
        applied = 0
        transform(None)
        layers[applied] += 1
    rows = [{"config": config, "name": name, "count": len(values), "bilinear": bilinear[name], **distribution(values)}
            for name, values in drawn.items()]
    return {"config": config, "pictures": PICTURES, "layers": layers}, rows


def erasing():
    erase = RandomErasing(probability=0.25, mode="const", device="cpu")
    areas, ratios, tops, lefts = [], [], [], []
    for _ in range(PICTURES):
        picture = torch.ones(1, SIDE, SIDE)
        erase(picture)
        rows, columns = np.nonzero(picture[0].numpy() == 0)
        if len(rows) == 0:
            continue
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        areas.append(height * width / SIDE ** 2)
        ratios.append(height / width)
        tops.append(rows.min() / (SIDE - height))
        lefts.append(columns.min() / (SIDE - width))
    parts = {"area": areas, "ratio": ratios, "top": tops, "left": lefts}
    return [{"name": name, "pictures": PICTURES, "erased": len(areas), **distribution(values)}
            for name, values in parts.items()]


def jitter():
    transform = ColorJitter(0.4, 0.3, 1.2, 0.1)
    factors, orders = {name: [] for name in ("brightness", "contrast", "saturation", "hue")}, {}
    for _ in range(PICTURES):
        order, *values = transform.get_params(transform.brightness, transform.contrast, transform.saturation,
                                              transform.hue)
        key = "".join(str(int(part)) for part in order)
        orders[key] = orders.get(key, 0) + 1
        for name, value in zip(factors, values, strict=True):
            factors[name].append(value)
    return [{"name": name, "count": PICTURES, **distribution(values)} for name, values in factors.items()], \
        [{"order": order, "count": count} for order, count in sorted(orders.items())]


def main():
    folder = output_folder(__doc__)
    random.seed(17)
    np.random.seed(17)
    torch.manual_seed(17)
    configs, operations = [], []
    for config in CONFIGS:
        summary, rows = rand_augment(config)
        configs.append(summary)
        operations += rows
    factors, orders = jitter()
    save_json(folder / "augment_policies.json",
              {"configs": configs, "operations": operations, "erasing": erasing(), "jitter": factors, "orders": orders},
              origin(__file__, ("timm", "torchvision", "torch", "numpy")))


if __name__ == "__main__":
    main()
