"""scikit-learn's multinomial logistic regression for 13 values of C, in single precision, at a stated quality.

The default data are 5000 features of width 768 in 100 classes: a mean a class and noise, scaled to length 10.
Values of C run from 1e-4 to 1e2, and each fit starts where the one before it ended (--start cold: from zero).
The default tolerance of scikit-learn stops 20 % and more above the optimum at large C; at 1e-7 all objectives
come within 1e-4 of it. To show this, the line tells for each C the objective
C * (sum of cross-entropies) + |W|^2 / 2 in double precision, and with --gap how far it is above the optimum.
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
import sklearn
import threadpoolctl
from measure import measure, parser
from safetensors.numpy import load_file
from scipy.special import logsumexp
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

PENALTIES = 10.0 ** np.linspace(-4, 2, 13)  # C


def synthetic(samples, width, classes):
    generator = np.random.default_rng(0)
    means = generator.standard_normal((classes, width))
    y = generator.integers(0, classes, samples)
    x = 0.22 * means[y] + generator.standard_normal((samples, width))
    return (10 * x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), y


def objective(x, y, penalty, coefficients, intercepts):
    """The minimised function, accumulated in double precision."""
    logits = x.astype(np.float64) @ coefficients.T.astype(np.float64) + intercepts
    cross_entropy = logsumexp(logits, axis=1).sum() - logits[np.arange(len(y)), y].sum()
    return float(penalty * cross_entropy + 0.5 * np.square(coefficients.astype(np.float64)).sum())


def solve_path(x, y, tolerance, warm):
    """(coefficients, intercepts, iterations) for each C."""
    model = LogisticRegression(tol=tolerance, max_iter=10_000, warm_start=warm)
    solutions = []
    for penalty in PENALTIES:
        model.set_params(C=penalty).fit(x, y)
        solutions.append((model.coef_.copy(), model.intercept_.copy(), int(model.n_iter_[0])))
    return solutions


def refined(x, y, solutions):
    """Objectives at the optimum: each solution polished in double precision."""
    x, out = x.astype(np.float64), []
    for penalty, (coefficients, intercepts, _) in zip(PENALTIES, solutions, strict=True):
        model = LogisticRegression(C=penalty, tol=1e-9, max_iter=10_000, warm_start=True)
        model.coef_, model.intercept_ = coefficients.astype(np.float64), intercepts.astype(np.float64)
        model.classes_ = np.unique(y)
        model.fit(x, y)
        out.append(objective(x, y, penalty, model.coef_, model.intercept_))
    return out


def quality(x, y, solutions, with_gap):
    """What the path reached, for the JSON line."""
    reached = [objective(x, y, penalty, coefficients, intercepts)
               for penalty, (coefficients, intercepts, _) in zip(PENALTIES, solutions, strict=True)]
    out = {"C": PENALTIES.tolist(), "objectives": reached, "iterations": sum(n for _, _, n in solutions)}
    if with_gap:
        optimum = np.minimum(refined(x, y, solutions), reached)
        out["optimum"] = optimum.tolist()
        out["largest_gap"] = float((np.array(reached) / optimum - 1).max())
    return out


def main():
    arguments = parser(__doc__, repetitions=1)
    arguments.add_argument("--data", type=Path,
                           help="safetensors with x [N, D] and y [N], instead of synthetic data")
    for name, value in dict(samples=5000, width=768, classes=100).items():
        arguments.add_argument(f"--{name}", type=int, default=value,
                               help=f"of the synthetic data (default: {value})")
    arguments.add_argument("--tolerance", type=float, default=1e-7, help="scikit-learn's tol (default: 1e-7)")
    arguments.add_argument("--start", choices=("warm", "cold"), default="warm",
                           help="(default: warm, the faster)")
    arguments.add_argument("--gap", action=argparse.BooleanOptionalAction, default=True,
                           help="solve again in double precision, untimed, for the gap (default: yes)")
    arguments.add_argument("--objectives", type=Path, help="also write C, objectives and gap to this JSON file")
    arguments = arguments.parse_args()
    if arguments.data:
        stored = load_file(arguments.data)
        x, y = stored["x"].astype(np.float32), stored["y"].astype(np.int64)
    else:
        x, y = synthetic(arguments.samples, arguments.width, arguments.classes)

    result = {}

    def path():
        result["solutions"] = solve_path(x, y, arguments.tolerance, arguments.start == "warm")

    def reached():
        result["quality"] = quality(x, y, result["solutions"], arguments.gap)
        return result["quality"]

    # In single precision the line search may stall just above the tolerance; the gap says what that costs.
    warnings.simplefilter("ignore", ConvergenceWarning)
    name = f"logistic/{x.shape[0]}x{x.shape[1]}_{len(np.unique(y))}_classes/{len(PENALTIES)}_C"
    with threadpoolctl.threadpool_limits(arguments.threads):
        measure(name, path, items=1, unit="paths/s", arguments=arguments, warm_up=0, quality=reached,
                peer=f"scikit-learn {sklearn.__version__}, fp32, tol {arguments.tolerance:g}, {arguments.start}")
    if arguments.objectives:
        arguments.objectives.write_text(json.dumps(result["quality"], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
