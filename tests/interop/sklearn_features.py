"""A linear probe on a file of features against scikit-learn.

sklearn_features.py make FILE            writes Gaussian blobs as FILE (.npz or .safetensors)
sklearn_features.py check FILE REPORT    the report of `evaluate FILE --protocol linear_probe` against scikit-learn
"""

import argparse
import json
from pathlib import Path

import numpy as np
from checks import Checks
from safetensors import safe_open
from safetensors.numpy import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

ROWS, TRAIN, WIDTH, CLASSES = 3000, 2000, 24, 5


def make(path):
    random = np.random.default_rng(0)
    labels = random.integers(0, CLASSES, ROWS)
    centres = random.normal(size=(CLASSES, WIDTH))
    features = (centres[labels] + 2 * random.normal(size=(ROWS, WIDTH))).astype(np.float32)
    split = np.where(np.arange(ROWS) < TRAIN, "train", "test")
    if path.suffix == ".npz":
        np.savez(path, features=features, labels=labels, split=split)
    else:
        save_file({"features": features, "labels": labels}, path, {"split": json.dumps(split.tolist())})


def read(path):
    if path.suffix == ".npz":
        stored = np.load(path)
        return stored["features"], stored["labels"]
    with safe_open(path, "numpy") as stored:
        return stored.get_tensor("features"), stored.get_tensor("labels")


def check(path, report_path):
    features, labels = read(path)
    report = json.loads(report_path.read_text(encoding="utf-8"))
    (outcomes,) = json.loads((report_path.parent / "outcomes.json").read_text(encoding="utf-8"))["tables"]
    scaler = StandardScaler().fit(features[:TRAIN].astype(np.float64))
    probe = LogisticRegression(C=report["protocol"]["resolved"]["C"], tol=1e-10, max_iter=100000)
    probe.fit(scaler.transform(features[:TRAIN]), labels[:TRAIN])
    expected = probe.predict(scaler.transform(features[TRAIN:]))
    checks = Checks()
    checks.that(outcomes["labels"] == labels[TRAIN:].tolist(), "the test rows are those of the file's split")
    same = np.mean(np.array(outcomes["columns"]["prediction"]) == expected)
    checks.that(same > 0.998, f"{path.suffix}: predictions of the linear probe agree with scikit-learn's on {same:.2%}")
    accuracy = {metric["name"]: metric["value"] for metric in report["metrics"]}["accuracy"]
    theirs = np.mean(expected == labels[TRAIN:])
    checks.that(abs(accuracy - theirs) < 0.002, f"{path.suffix}: accuracy {accuracy:.4f}, scikit-learn's {theirs:.4f}")
    checks.finish()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("action", choices=["make", "check"])
    parser.add_argument("file", type=Path)
    parser.add_argument("report", type=Path, nargs="?")
    arguments = parser.parse_args()
    if arguments.action == "make":
        make(arguments.file)
    else:
        check(arguments.file, arguments.report)


if __name__ == "__main__":
    main()
