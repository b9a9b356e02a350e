"""Calibration errors, Brier score, log loss and the best temperature, by numpy, scipy and scikit-learn.

`width`: sum over 15 bins of equal width, upper edge inside, of their share times |accuracy - mean confidence|,
from scikit-learn's calibration_curve. `mass`: bins of exactly n / 15 predictions by rising confidence, cut out
of the running sums; equal confidences share what is right. Both also for resamples, in which prediction i
occurs `weights[i]` times. The temperature minimises the log loss (scipy's bounded Brent search).
"""

import numpy as np
from golden_file import origin, output_folder, save_tensors
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

EXAMPLES, CLASSES, BINS = 300, 6, 15


def equal_width(confidence, correct):
    accuracy, mean = calibration_curve(correct, confidence, n_bins=BINS, strategy="uniform")
    index = np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], confidence)
    shares = np.bincount(index, minlength=BINS) / len(confidence)
    return float(np.sum(shares[shares > 0] * np.abs(accuracy - mean)))


def equal_mass(confidence, correct):
    order = np.argsort(confidence, kind="stable")
    confidence, correct = confidence[order], correct[order].astype(float)
    for value in np.unique(confidence):
        correct[confidence == value] = correct[confidence == value].mean()
    n = len(confidence)
    edges = np.linspace(0, n, BINS + 1)
    sums = lambda column: np.diff(np.interp(edges, np.arange(n + 1), np.concatenate([[0], np.cumsum(column)])))
    return float(np.abs(sums(correct) - sums(confidence)).sum() / n)


def measures(logits, labels):
    chances = softmax(logits, axis=1)
    confidence, correct = chances.max(axis=1), chances.argmax(axis=1) == labels
    truth = np.eye(CLASSES)[labels]
    brier = ((chances - truth) ** 2).sum(axis=1)
    nll = -log_softmax(logits, axis=1)[np.arange(EXAMPLES), labels]
    assert abs(brier.mean() - brier_score_loss(labels, chances, scale_by_half=False)) < 1e-12
    assert abs(nll.mean() - log_loss(labels, chances)) < 1e-12
    return confidence, correct, brier, nll


def main():
    folder = output_folder(__doc__)
    generator = np.random.default_rng(11)
    logits = 3 * generator.standard_normal((EXAMPLES, CLASSES))
    chances = softmax(logits / 2.5, axis=1)
    labels = np.array([generator.choice(CLASSES, p=row) for row in chances])
    confidence, correct, brier, nll = measures(logits, labels)
    loss = lambda temperature: log_loss(labels, softmax(logits / temperature, axis=1))
    best = minimize_scalar(loss, bounds=(0.5, 10), method="bounded", options={"xatol": 1e-11}).x
    # Equal confidences and odd numbers: rounded, and drawn again.
    rounded = np.round(confidence, 1)
    weights = np.stack([np.ones(EXAMPLES, int), generator.poisson(1, EXAMPLES)])
    repeat = lambda column, row: np.repeat(column, weights[row])
    save_tensors(folder / "calibration.safetensors", {
        "logits": logits, "labels": labels.astype(np.int64), "confidence": confidence, "brier": brier, "nll": nll,
        "correct": correct.astype(float), "rounded": rounded, "weights": weights.astype(np.int64),
        "temperature": np.array([best]), "loss": np.array([loss(best)]),
        "width": np.array([equal_width(repeat(confidence, row), repeat(correct, row)) for row in (0, 1)]),
        "width_rounded": np.array([equal_width(repeat(rounded, row), repeat(correct, row)) for row in (0, 1)]),
        "mass": np.array([equal_mass(repeat(confidence, row), repeat(correct, row)) for row in (0, 1)]),
        "mass_rounded": np.array([equal_mass(repeat(rounded, row), repeat(correct, row)) for row in (0, 1)]),
    }, origin(__file__, ["numpy", "scipy", "scikit-learn"]))


if __name__ == "__main__":
    main()
