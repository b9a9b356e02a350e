"""Measures of features without labels, written out in numpy from the papers' equations.

RankMe from a singular value decomposition; LiDAR with the inverse square root of the within-picture covariance
written out; uniformity and alignment by loops over pairs. `flat`: features of rank 3.
"""

import itertools

import numpy as np
from golden_file import origin, output_folder, save_tensors


def exp_entropy(values, epsilon):
    shares = values / values.sum() + epsilon
    shares = shares[shares > 0]
    return np.exp(-(shares * np.log(shares)).sum())


def rankme(rows):
    return exp_entropy(np.linalg.svd(rows, compute_uv=False), 1e-7)


def jackknife(rows, groups=10):
    values = np.array([rankme(rows[np.arange(len(rows)) % groups != group]) for group in range(groups)])
    return np.sqrt((groups - 1) / groups * ((values - values.mean()) ** 2).sum())


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def covariance_measures(rows):
    values = np.clip(np.linalg.eigvalsh(np.cov(rows.T, bias=True)), 0, None)
    values[values < 1e-14 * values.max()] = 0
    return exp_entropy(values, 0), values.sum() ** 2 / (values ** 2).sum()


def uniformity(rows):
    pairs = itertools.combinations(unit(rows), 2)
    return np.log(np.mean([np.exp(-2 * ((a - b) ** 2).sum()) for a, b in pairs]))


def measures(rows):
    std = np.sqrt(rows.shape[1]) * unit(rows).std(axis=0).mean()
    return np.array([rankme(rows), jackknife(rows), *covariance_measures(rows), std, uniformity(rows)])


def alignments(views):
    return np.array([np.mean([((a - b) ** 2).sum() for a, b in itertools.combinations(unit(picture), 2)])
                     for picture in views])


def lidar(views):
    pictures, count, width = views.shape
    means = views.mean(axis=1)
    between = sum(np.outer(m, m) for m in means - means.mean(axis=0)) / pictures
    within = sum(np.outer(v, v) for picture, m in zip(views, means) for v in picture - m) / (pictures * count)
    values, vectors = np.linalg.eigh(within + 1e-4 * np.eye(width))
    root = vectors @ np.diag(values ** -0.5) @ vectors.T
    return exp_entropy(np.clip(np.linalg.eigvalsh(root @ between @ root), 0, None), 1e-7)


def main():
    folder = output_folder(__doc__)
    generator = np.random.default_rng(5)
    tall = (generator.standard_normal((90, 12)) * np.linspace(0.1, 2, 12) + 0.5).astype(np.float32)
    wide = generator.standard_normal((14, 30)).astype(np.float32)
    flat = (generator.standard_normal((40, 3)) @ generator.standard_normal((3, 9)))
    views = generator.standard_normal((20, 1, 8)) * np.linspace(0.2, 3, 8) + 0.4 * generator.standard_normal((20, 5, 8))
    few = generator.standard_normal((6, 1, 10)) + 0.2 * generator.standard_normal((6, 4, 10))
    save_tensors(folder / "feature_quality.safetensors", {
        "tall": tall, "wide": wide, "flat": flat, "views": views, "few": few,
        "tall.measures": measures(tall.astype(float)), "wide.measures": measures(wide.astype(float)),
        "flat.measures": measures(flat), "views.alignments": alignments(views),
        "lidar": np.array([lidar(views), lidar(few)]),
    }, origin(__file__, ["numpy"]))


if __name__ == "__main__":
    main()
