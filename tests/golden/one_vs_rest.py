"""One linear classifier a class against all else, as scikit-learn's liblinear solves it.

The objective of a class is C * (sum of its losses, those of positives times a weight) + |w|^2 / 2 + b^2 / 2:
the intercept is the weight of a constant 1 and is penalised. Examples have several classes or none.
"""

import numpy as np
from golden_file import origin, output_folder, save_tensors
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

SAMPLES, WIDTH, CLASSES = 120, 8, 4
PENALTIES = (1e-3, 1.0, 100.0)  # C
WEIGHTS = (1.0, 2.0)  # of positives


def data(generator):
    targets = generator.random((SAMPLES, CLASSES)) < (0.1, 0.3, 0.5, 0.8)
    x = 0.7 * targets @ generator.standard_normal((CLASSES, WIDTH)) + generator.standard_normal((SAMPLES, WIDTH))
    return x * np.linspace(0.5, 2.0, WIDTH) + 0.3, targets


def fit(loss, x, target, penalty, weight):
    settings = dict(C=penalty, class_weight={True: weight, False: 1.0}, tol=1e-10, max_iter=100_000)
    if loss == "logistic":
        return LogisticRegression(solver="liblinear", **settings).fit(x, target)
    return LinearSVC(loss=loss, dual=False, **settings).fit(x, target)


def main():
    folder = output_folder(__doc__)
    x, targets = data(np.random.default_rng(9))
    tensors = {"x": x, "targets": targets.astype(np.int64), "C": np.array(PENALTIES), "weight": np.array(WEIGHTS)}
    for loss in ("squared_hinge", "logistic"):
        for j, weight in enumerate(WEIGHTS):
            for i, penalty in enumerate(PENALTIES):
                models = [fit(loss, x, target, penalty, weight) for target in targets.T]
                key = f"{loss}.{j}.{i}"
                tensors[f"{key}.coef"] = np.concatenate([model.coef_ for model in models])
                tensors[f"{key}.intercept"] = np.concatenate([model.intercept_ for model in models])
    save_tensors(folder / "one_vs_rest.safetensors", tensors,
                 origin(__file__, ("scikit-learn", "numpy"), tol=1e-10))


if __name__ == "__main__":
    main()
