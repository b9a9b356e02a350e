"""big_vision's few-shot classifier (evaluators/fewshot_lsr.py), written in numpy from its description.

Features are standardised by the support's mean and deviation (divided by the number of examples, plus 1e-5),
a constant feature 100 is added, and the weights are the closed-form ridge solution for targets +1 and -1;
with fewer examples than dimensions through the matrix of inner products.
"""

import numpy as np
from golden_file import origin, output_folder, save_tensors

CLASSES, TESTED, BIAS = 4, 9, 100.0
SHAPES = {"narrow": (30, 6), "wide": (7, 20)}  # examples x width; wide: one class has no example
LAMBDAS = (1.0, 1024.0)


def padded(x):
    return np.pad(x, ((0, 0), (0, 1)), constant_values=BIAS)


def scores(x, y, test, strength):
    mean, deviation = x.mean(axis=0, keepdims=True), x.std(axis=0, keepdims=True) + 1e-5
    x, test = padded((x - mean) / deviation), padded((test - mean) / deviation)
    targets = 2.0 * np.eye(CLASSES)[y] - 1.0
    if len(x) < x.shape[1]:
        weight = x.T @ np.linalg.solve(x @ x.T + strength * np.eye(len(x)), targets)
    else:
        weight = np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T @ targets)
    return test @ weight


def main():
    folder = output_folder(__doc__)
    generator = np.random.default_rng(12)
    tensors = {"lambda": np.array(LAMBDAS)}
    for name, (samples, width) in SHAPES.items():
        y = generator.integers(0, CLASSES - (name == "wide"), samples)
        x = generator.standard_normal((CLASSES, width))[y] + generator.standard_normal((samples, width)) * 3 + 1
        x[:, 2] = 0.5  # a constant feature
        test = generator.standard_normal((TESTED, width)) * 3 + 1
        test[:, 2] = 0.5
        tensors |= {f"{name}.x": x, f"{name}.y": y.astype(np.int64), f"{name}.test": test}
        for i, strength in enumerate(LAMBDAS):
            tensors[f"{name}.scores.{i}"] = scores(x, y, test, strength)
    save_tensors(folder / "few_shot_ridge.safetensors", tensors, origin(__file__, ("numpy",)))


if __name__ == "__main__":
    main()
