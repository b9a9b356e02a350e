"""Wilson intervals and McNemar's mid-p values as scipy computes them.

(The script is not called statistics.py: it would hide Python's module of that name from what it imports.)
`wilson`: the two-sided interval of k successes in n at each confidence. `mcnemar_mid_p`: for b and c
discordant pairs, the exact two-sided p value less half the probability of the observed split, doubled:
2 P(X <= min(b, c)) - P(X = min(b, c)) with X binomial(b + c, 1/2); 1 where b = c.
"""

from golden_file import origin, output_folder, save_json
from scipy.stats import binom, binomtest

COUNTS = [(0, 1), (1, 1), (0, 10), (10, 10), (1, 10), (5, 10), (9, 10), (3, 7), (37, 100), (0, 10_000),
          (1, 10_000), (5_000, 10_000), (8_125, 10_000), (9_999, 10_000), (10_000, 10_000),
          (999_999, 1_000_000)]
CONFIDENCES = (0.95, 0.99)
DISCORDANT = [(0, 0), (1, 0), (0, 1), (1, 1), (0, 5), (5, 1), (2, 3), (10, 10), (12, 25), (25, 12), (30, 60),
              (100, 80), (431, 512), (0, 40), (1_000, 1_150), (2_500, 2_500), (3_000, 3_400), (0, 2_000)]


def wilson(successes, trials, confidence):
    interval = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    return {"k": successes, "n": trials, "confidence": confidence,
            "low": float(interval.low), "high": float(interval.high)}


def mid_p(b, c):
    smaller, both = min(b, c), b + c
    p = 2.0 * binom.cdf(smaller, both, 0.5) - binom.pmf(smaller, both, 0.5)
    return {"b": b, "c": c, "p": float(p)}


def main():
    folder = output_folder(__doc__)
    contents = {
        "wilson": [wilson(k, n, level) for level in CONFIDENCES for k, n in COUNTS],
        "mcnemar_mid_p": [mid_p(b, c) for b, c in DISCORDANT],
    }
    save_json(folder / "statistics.json", contents, origin(__file__, ("scipy", "numpy")))


if __name__ == "__main__":
    main()
