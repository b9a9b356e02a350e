"""Average precision and the area under the ROC curve as scikit-learn computes them, with many equal scores.

`scores` are multiples of 1/8; `weights` are how often each picture is drawn in two resamples (0 to 3 times).
Averages are scikit-learn's `macro`, over the classes that have pictures (for the area: and others) in the
sample. `ap11`: VOC 2007's mean over recalls 0, 0.1, ... 1 of the highest precision at that recall or more,
over the thresholds of scikit-learn's precision_recall_curve.
"""

import numpy as np
from golden_file import origin, output_folder, save_tensors
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

PICTURES, CLASSES = 120, 7


def eleven_point(truth, scores, weights):
    precision, recall, _ = precision_recall_curve(truth, scores, sample_weight=weights)
    precision = precision[:-1]  # the last point (1, 0) is a convention, not a threshold
    recall = recall[:-1]
    return np.mean([max(precision[recall >= tenth / 10 - 1e-12], default=0) for tenth in range(11)])


def measures(targets, scores, weights):
    seen = weights > 0
    with_some = [k for k in range(CLASSES) if targets[seen, k].any()]
    with_both = [k for k in with_some if not targets[seen, k].all()]
    columns = lambda k: (targets[:, k], scores[:, k])
    return np.array([
        np.mean([average_precision_score(*columns(k), sample_weight=weights) for k in with_some]),
        np.mean([eleven_point(*columns(k), weights) for k in with_some]),
        np.mean([roc_auc_score(*columns(k), sample_weight=weights) for k in with_both])])


def main():
    folder = output_folder(__doc__)
    generator = np.random.default_rng(7)
    shares = np.array([0.5, 0.3, 0.1, 0.02, 0.4, 0, 1])  # one class never, one always
    targets = generator.random((PICTURES, CLASSES)) < shares
    targets[5, 3] = True
    scores = np.round(8 * (generator.standard_normal((PICTURES, CLASSES)) + targets)) / 8
    weights = np.stack([np.ones(PICTURES), generator.poisson(1, PICTURES), generator.integers(0, 4, PICTURES)])
    save_tensors(folder / "ranking.safetensors", {
        "scores": scores, "targets": targets.astype(np.int64), "weights": weights.astype(np.int64),
        "expected": np.stack([measures(targets, scores, row) for row in weights]),
        "binary_auc": np.array([roc_auc_score(targets[:, 0], scores[:, 0])]),
    }, origin(__file__, ["numpy", "scikit-learn"]))


if __name__ == "__main__":
    main()
