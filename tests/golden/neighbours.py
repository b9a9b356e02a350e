"""Weighted votes of nearest neighbours as scikit-learn counts them, by cosine and by Euclidean distance.

By cosine a vote weighs exp(similarity / 0.07), by distance 1 / (distance + 1e-5). The features are float32;
scikit-learn searches in double precision. Votes are stored as shares, [queries, classes].
"""

import numpy as np
from golden_file import origin, output_folder, save_tensors
from sklearn.neighbors import KNeighborsClassifier

BANK, QUERIES, WIDTH, CLASSES = 120, 40, 6, 4
NUMBERS = (1, 5, 20, 120)  # k
WEIGHTS = {"cosine": lambda distance: np.exp((1 - distance) / 0.07), "l2": lambda distance: 1 / (distance + 1e-5)}


def data(generator):
    """Overlapping classes of unequal size, off centre; one query is a row of the bank."""
    y = np.minimum(generator.geometric(0.4, BANK) - 1, CLASSES - 1)
    means = generator.standard_normal((CLASSES, WIDTH))
    bank = (means[y] + generator.standard_normal((BANK, WIDTH)) + 0.3).astype(np.float32)
    queries = (generator.standard_normal((QUERIES, WIDTH)) + 0.3).astype(np.float32)
    queries[0] = bank[7]
    return bank, y.astype(np.int64), queries


def main():
    folder = output_folder(__doc__)
    bank, labels, queries = data(np.random.default_rng(6))
    assert len(np.unique(labels)) == CLASSES
    tensors = {"bank": bank, "labels": labels, "queries": queries}
    for name, weights in WEIGHTS.items():
        metric = "euclidean" if name == "l2" else name
        for k in NUMBERS:
            model = KNeighborsClassifier(k, weights=weights, metric=metric, algorithm="brute")
            votes = model.fit(bank.astype(np.float64), labels).predict_proba(queries.astype(np.float64))
            tensors[f"{name}.{k}"] = votes
    save_tensors(folder / "neighbours.safetensors", tensors, origin(__file__, ("scikit-learn", "numpy")))


if __name__ == "__main__":
    main()
