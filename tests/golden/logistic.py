"""Multinomial logistic and ridge regression as scikit-learn solves them in double precision.

The logistic objective is C * (sum of cross-entropies) + |W|^2 / 2, the intercepts unpenalised. Coefficients
and intercepts are stored with their mean over the classes taken off (only that much of them is determined).
The ridge targets are +1 for the class and -1 for all others: |XW' + b - T|^2 + alpha |W|^2.
"""

import numpy as np
from golden_file import origin, output_folder, save_tensors
from sklearn.linear_model import LogisticRegression, Ridge

SAMPLES, WIDTH, CLASSES = 400, 16, 5
PENALTIES = (1e-3, 1.0, 100.0)  # C
ALPHAS = (1e-2, 1.0, 100.0)
PATH = 10.0 ** np.arange(-6, 7)  # C


def data(generator):
    """Overlapping classes of unequal size, features of unequal scale and off centre."""
    y = np.minimum(generator.geometric(0.4, SAMPLES) - 1, CLASSES - 1)
    means = generator.standard_normal((CLASSES, WIDTH))
    scales = np.linspace(0.5, 2.0, WIDTH)
    x = (0.6 * means[y] + generator.standard_normal((SAMPLES, WIDTH))) * scales + 0.3
    return x, y.astype(np.int64)


def centred(model):
    return model.coef_ - model.coef_.mean(axis=0), model.intercept_ - model.intercept_.mean()


def logistic(x, y, penalty):
    """The solution of L-BFGS, checked against Newton's method."""
    settings = dict(C=penalty, tol=1e-10, max_iter=100_000)
    model = LogisticRegression(solver="lbfgs", **settings).fit(x, y)
    other = LogisticRegression(solver="newton-cholesky", **settings).fit(x, y)
    apart = max(np.abs(a - b).max() for a, b in zip(centred(model), centred(other), strict=True))
    assert apart < 1e-5, f"C={penalty}: L-BFGS and Newton differ by {apart:.1e}"
    return model


def objective(model, x, y, penalty):
    scores = model.decision_function(x)
    loss = np.logaddexp.reduce(scores, axis=1) - scores[np.arange(len(y)), y]
    return penalty * loss.sum() + 0.5 * np.square(model.coef_).sum()


def lowest_objectives(x, y):
    """At each C of the path, by whichever solver comes lowest (extreme C are hard for each)."""
    result = []
    for penalty in PATH:
        fits = [LogisticRegression(solver=solver, C=penalty, tol=1e-10, max_iter=20_000).fit(x, y)
                for solver in ("lbfgs", "newton-cholesky", "newton-cg")]
        result.append(min(objective(model, x, y, penalty) for model in fits))
    return np.array(result)


def separable(generator):
    """Fewer examples than dimensions: every C up to infinity has weights without an error."""
    y = np.arange(24) % 4
    return 0.5 * generator.standard_normal((4, 30))[y] + generator.standard_normal((24, 30)), y.astype(np.int64)


def main():
    folder = output_folder(__doc__)
    generator = np.random.default_rng(4)
    x, y = data(generator)
    assert len(np.unique(y)) == CLASSES
    tensors = {"x": x, "y": y, "C": np.array(PENALTIES), "ridge.alpha": np.array(ALPHAS)}
    accuracy = []
    for i, penalty in enumerate(PENALTIES):
        model = logistic(x, y, penalty)
        tensors[f"coef.{i}"], tensors[f"intercept.{i}"] = centred(model)
        accuracy.append(model.score(x, y))
    tensors["accuracy"] = np.array(accuracy)
    tensors["path.C"], tensors["path.objective"] = PATH, lowest_objectives(x, y)
    wide_x, wide_y = separable(generator)
    tensors["separable.x"], tensors["separable.y"] = wide_x, wide_y
    tensors["separable.objective"] = lowest_objectives(wide_x, wide_y)

    targets = np.where(y[:, None] == np.arange(CLASSES), 1.0, -1.0)
    for i, alpha in enumerate(ALPHAS):
        model = Ridge(alpha=alpha, solver="cholesky").fit(x, targets)
        tensors[f"ridge.coef.{i}"], tensors[f"ridge.intercept.{i}"] = model.coef_, model.intercept_
    save_tensors(folder / "logistic.safetensors", tensors,
                 origin(__file__, ("scikit-learn", "scipy", "numpy"), tol=1e-10))


if __name__ == "__main__":
    main()
