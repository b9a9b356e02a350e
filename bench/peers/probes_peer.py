"""The frozen-feature protocols by scikit-learn on the features that bench/probes.sh judges.

  probes_peer.py make FILE.npz     5,000 x 768 features in 100 classes: a mean a class and noise, of length 10
  probes_peer.py run FILE.npz      logistic regression at 13 values of C chosen on a tenth of train and refitted,
                                   kNN with weighted votes, 1- to 16-shot logistic regression on 5 draws

Both stop where all objectives are within about 1e-4 of their optimum: tolerance 1e-7 for scikit-learn at large C.
"""

import sys
import time

import numpy as np


def make(path):
    generator = np.random.default_rng(0)
    means = generator.standard_normal((100, 768))
    labels = np.arange(5000) % 100
    x = 0.22 * means[labels] + generator.standard_normal((5000, 768))
    x = 10 * x / np.linalg.norm(x, axis=1, keepdims=True)
    split = (np.arange(5000) // 100 % 5 == 4).astype(np.int64)  # ten test pictures a class
    np.savez(path, features=x.astype(np.float32), labels=labels.astype(np.int64), split=split)


def linear_probe(x, y, test, truth):
    from sklearn.linear_model import LogisticRegression
    held = np.arange(len(y)) // 100 % 10 == 9
    best, best_accuracy = None, -1.0
    model = LogisticRegression(tol=1e-7, max_iter=10_000, warm_start=True)
    for c in 10.0 ** np.arange(-6, 7):
        accuracy = model.set_params(C=c).fit(x[~held], y[~held]).score(x[held], y[held])
        if accuracy > best_accuracy:
            best, best_accuracy = c, accuracy
    return LogisticRegression(C=best, tol=1e-7, max_iter=10_000).fit(x, y).score(test, truth)


def knn(x, y, test, truth):
    from sklearn.neighbors import KNeighborsClassifier
    unit = lambda a: a / np.linalg.norm(a, axis=1, keepdims=True)
    votes = lambda d: np.exp((1 - d**2 / 2) / 0.07)
    return KNeighborsClassifier(20, weights=votes).fit(unit(x), y).score(unit(test), truth)


def few_shot(x, y, test, truth):
    from sklearn.linear_model import LogisticRegression
    accuracies = []
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(y))
        for shots in (1, 2, 4, 8, 16):
            rows = np.concatenate([order[y[order] == k][:shots] for k in range(100)])
            mean, deviation = x[rows].mean(0), x[rows].std(0) + 1e-12
            model = LogisticRegression(tol=1e-5, max_iter=1000).fit((x[rows] - mean) / deviation, y[rows])
            accuracies.append(model.score((test - mean) / deviation, truth))
    return np.mean(accuracies[4::5])


def run(path):
    data = np.load(path)
    x, y, test = data["features"], data["labels"], data["split"] == 1
    for work in (linear_probe, knn, few_shot):
        start = time.perf_counter()
        accuracy = work(x[~test], y[~test], x[test], y[test])
        print(f"{work.__name__}: accuracy {accuracy:.4f}, {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    {"make": make, "run": run}[sys.argv[1]](*sys.argv[2:])
