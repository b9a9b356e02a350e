"""Compares repbench's multinomial logistic regression with scikit-learn's in double precision.

SOLUTION holds `x` [N, D], `y` [N], `C` [m] and repbench's `coef` [m, K, D] and `intercept` [m, K]. Intercepts
are compared after their mean over the classes is taken off: the objective does not determine it.
"""

import argparse
from pathlib import Path

import numpy as np
from checks import Checks
from safetensors.numpy import load_file
from sklearn.linear_model import LogisticRegression

TOLERANCE = 1e-4


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("solution", type=Path)
    solution = load_file(parser.parse_args().solution)

    checks = Checks()
    x, y = solution["x"].astype(np.float64), solution["y"]
    values, classes = len(solution["C"]), len(np.unique(y))
    for name in ("coef", "intercept"):
        if not checks.that(solution[name].shape[:2] == (values, classes),
                           f"{name}: {values} values of C, {classes} classes"):
            checks.finish()
    for penalty, coef, intercept in zip(solution["C"], solution["coef"], solution["intercept"], strict=True):
        peer = LogisticRegression(C=float(penalty), tol=1e-10, max_iter=100_000).fit(x, y)
        checks.close(coef, peer.coef_, TOLERANCE, f"C = {penalty:g}: coefficients")
        checks.close(intercept - intercept.mean(), peer.intercept_ - peer.intercept_.mean(), TOLERANCE,
                     f"C = {penalty:g}: centred intercepts")
    checks.finish()


if __name__ == "__main__":
    main()
