"""Statistics of comparison as scipy and statsmodels compute them.

(The script is not called statistics.py: it would hide Python's module of that name from what it imports.)
`wilson`: the two-sided interval of k successes in n at each confidence. `mcnemar_mid_p`: for b and c
discordant pairs, the exact two-sided p value less half the probability of the observed split, doubled:
2 P(X <= min(b, c)) - P(X = min(b, c)) with X binomial(b + c, 1/2); 1 where b = c; `loss` is one-sided:
P(X > b) + P(X = b) / 2. `tango`: both ends solve the score equation, the likeliest share of pairs that A alone
has right being where the derivative of the likelihood crosses zero (no closed form as in the program).
`hodges_lehmann`: the shifts between two differences that scipy's Mann-Whitney test does not reject. What asks
for random numbers (`bootstrap`) has a fixed seed and so many resamples that its noise is below `noise`.
"""

import math

import numpy as np
from golden_file import origin, output_folder, save_json
from scipy import optimize, stats
from scipy.stats import binom, binomtest
from statsmodels.stats.multitest import multipletests

COUNTS = [(0, 1), (1, 1), (0, 10), (10, 10), (1, 10), (5, 10), (9, 10), (3, 7), (37, 100), (0, 10_000),
          (1, 10_000), (5_000, 10_000), (8_125, 10_000), (9_999, 10_000), (10_000, 10_000),
          (999_999, 1_000_000)]
CONFIDENCES = (0.95, 0.99)
DISCORDANT = [(0, 0), (1, 0), (0, 1), (1, 1), (0, 5), (5, 1), (2, 3), (10, 10), (12, 25), (25, 12), (30, 60),
              (100, 80), (431, 512), (0, 40), (1_000, 1_150), (2_500, 2_500), (3_000, 3_400), (0, 2_000)]
# both, only A, only B, neither
PAIRS = [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (10, 0, 0, 0), (0, 0, 30, 0), (0, 30, 0, 0),
         (0, 5, 5, 0), (0, 12, 3, 0), (1, 1, 7, 12), (59, 6, 16, 80), (40, 0, 0, 10), (43, 0, 1, 6),
         (43, 2, 0, 5), (90, 5, 5, 0), (150, 20, 10, 20), (9_000, 250, 350, 400), (9_100, 300, 300, 300),
         (42_000, 1_300, 1_200, 5_500), (999_998, 0, 1, 1)]
PROBABILITIES = [1e-300, 1e-100, 1e-20, 1e-10, 1e-4, 0.005, 0.025, 0.2, 0.4, 0.5, 0.50001, 0.6, 0.8, 0.9, 0.975,
                 0.995, 1 - 1e-6, 1 - 2**-40]
TAILS = [-40.0, -8.0, -2.0, -0.1, 0.0, 1e-9, 0.5, 1.96, 5.0, 10.0, 37.0]
T_VALUES = [(t, freedom) for freedom in (1, 2, 3.5, 9, 100, 10_000, 1_000_000)
            for t in (-3.0, -0.5, 0.0, 1e-6, 1.0, 2.5, 6.0, 40.0)]
P_VALUES = [[0.01], [0.04, 0.01, 0.03, 0.005], [0.5, 0.5, 0.5], [0.0, 1.0, 0.2, 0.2], [1.0, 1.0],
            [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216, 0.222, 0.251, 0.269, 0.275,
             0.34, 0.341, 0.384, 0.569, 0.594, 0.696, 0.762, 0.94, 0.942, 0.975, 0.986],
            [0.2, 0.0004, 0.04, 0.0004, 0.9, 0.013, 0.013]]


def wilson(successes, trials, confidence):
    interval = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    return {"k": successes, "n": trials, "confidence": confidence,
            "low": float(interval.low), "high": float(interval.high)}


def mid_p(b, c):
    smaller, both = min(b, c), b + c
    p = 2.0 * binom.cdf(smaller, both, 0.5) - binom.pmf(smaller, both, 0.5)
    loss = binom.sf(b, both, 0.5) + binom.pmf(b, both, 0.5) / 2
    return {"b": b, "c": c, "p": float(p), "loss": float(loss)}


def likeliest_only_a(only_a, only_b, n, gain):
    """The share of pairs that A alone has right, most likely where B's share is greater by `gain`."""
    at_least, most = max(0.0, -gain), (1 - abs(gain)) / 2

    def slope(above):  # of the likelihood, at the share at_least + above
        terms = [(only_b, max(0.0, gain) + above), (only_a, at_least + above),
                 (-2.0 * (n - only_a - only_b), 1 - abs(gain) - 2 * above)]
        return sum(weight / share for weight, share in terms if weight != 0)

    low, high = most * 1e-14, most * (1 - 1e-14)
    if slope(low) <= 0:
        return at_least
    if slope(high) >= 0:
        return at_least + most
    return at_least + optimize.brentq(slope, low, high, xtol=1e-18, rtol=1e-15)


def tango(both, only_a, only_b, neither, confidence):
    n, z = both + only_a + only_b + neither, stats.norm.ppf((1 + confidence) / 2)
    observed = (only_b - only_a) / n

    def excess(gain):
        q = likeliest_only_a(only_a, only_b, n, gain)
        variance = n * (2 * q + gain - gain * gain)
        return abs(only_b - only_a - n * gain) - z * math.sqrt(max(0.0, variance))

    def end(limit):
        near = observed + (limit - observed) * 1e-12
        far = limit + (observed - limit) * 1e-12
        return limit if observed == limit else optimize.brentq(excess, near, far, xtol=1e-14)

    return {"counts": [both, only_a, only_b, neither], "confidence": confidence,
            "low": float(end(-1.0)), "high": float(end(1.0))}


def adjusted(values):
    return {"p": values, "holm": multipletests(values, method="holm")[1].tolist(),
            "benjamini_hochberg": multipletests(values, method="fdr_bh")[1].tolist()}


def paired_t(differences, confidence):
    test = stats.ttest_1samp(differences, 0)
    interval = test.confidence_interval(confidence)
    return {"differences": differences, "confidence": confidence, "p": float(test.pvalue),
            "standard_error": float(stats.sem(differences)), "low": float(interval.low),
            "high": float(interval.high)}


def samples():
    """Two samples a row: without ties, with many, shifted, of very unequal size."""
    generator = np.random.default_rng(8)
    rows = [([1.0], [2.0]), ([1.0], [1.0]), ([1.0, 2.0], [3.0, 4.0]), ([3.0, 3.0, 3.0], [3.0, 3.0])]
    for m, n in [(3, 3), (4, 5), (7, 12), (20, 20), (1, 40), (21, 20), (25, 40), (2, 300)]:
        rows.append((generator.normal(0, 1, m).round(6).tolist(), generator.normal(0.7, 1, n).round(6).tolist()))
    for m, n in [(6, 6), (10, 30), (50, 50)]:
        rows.append((generator.integers(0, 5, m).astype(float).tolist(),
                     generator.integers(1, 6, n).astype(float).tolist()))
    return rows


def method(a, b):
    exact = len(set(a + b)) == len(a) + len(b) and len(a) * len(b) <= 400
    return "exact" if exact else "asymptotic"


def rank_test(a, b):
    test = stats.mannwhitneyu(a, b, method=method(a, b))
    p = 1.0 if math.isnan(test.pvalue) else float(test.pvalue)
    differences = np.sort(np.subtract.outer(b, a).ravel())
    steps = np.unique(differences)
    inside = [index for index in range(len(steps) - 1)
              if stats.mannwhitneyu(np.array(b) - (steps[index] + steps[index + 1]) / 2, a,
                                    method=method(a, b)).pvalue > 0.05]
    low, high = (steps[inside[0]], steps[inside[-1] + 1]) if inside else (steps[0], steps[-1])
    return {"a": a, "b": b, "method": method(a, b), "u": float(test.statistic), "p": p,
            "shift": float(np.median(differences)), "low": float(low), "high": float(high)}


def correlations():
    generator = np.random.default_rng(80)
    for n, levels in [(2, 0), (3, 0), (7, 0), (30, 0), (8, 3), (40, 4), (25, 2)]:
        x = generator.normal(0, 1, n)
        y = x + generator.normal(0, 1, n)
        if levels:
            x, y = (np.floor(values * levels / 2) for values in (x, y))
        yield {"x": x.round(6).tolist(), "y": y.round(6).tolist(),
               "spearman": float(stats.spearmanr(x.round(6), y.round(6)).statistic),
               "kendall": float(stats.kendalltau(x.round(6), y.round(6), variant="b").statistic)}


def bootstrapped(name, values, statistic):
    result = stats.bootstrap((np.array(values),), statistic, n_resamples=200_000, batch=20_000, method="BCa",
                             rng=np.random.default_rng(800))
    interval = result.confidence_interval
    return {"statistic": name, "values": values, "low": float(interval.low), "high": float(interval.high),
            "standard_error": float(result.standard_error), "noise": 0.04}


def bootstraps():
    generator = np.random.default_rng(81)
    skewed = (generator.normal(0, 1, 60) ** 2).round(6).tolist()
    signs = generator.choice([-1.0, 0.0, 1.0], 150, p=[0.1, 0.75, 0.15]).tolist()
    return [bootstrapped("mean", skewed, np.mean), bootstrapped("mean", signs, np.mean),
            bootstrapped("root_mean_square", skewed, lambda x, axis: np.sqrt(np.mean(x**2, axis=axis)))]


def main():
    folder = output_folder(__doc__)
    contents = {
        "wilson": [wilson(k, n, level) for level in CONFIDENCES for k, n in COUNTS],
        "mcnemar_mid_p": [mid_p(b, c) for b, c in DISCORDANT],
        "tango": [tango(*counts, level) for level in CONFIDENCES for counts in PAIRS],
        "normal_quantile": [{"probability": p, "z": float(stats.norm.ppf(p))} for p in PROBABILITIES],
        "normal_tail": [{"z": z, "p": float(stats.norm.sf(z))} for z in TAILS],
        "student_t_tail": [{"t": t, "freedom": df, "p": float(stats.t.sf(t, df))} for t, df in T_VALUES],
        "paired_t": [paired_t([0.1, 0.3], 0.95), paired_t([-0.2, 0.2], 0.95),
                     paired_t([0.004, -0.001, 0.0065, 0.003, 0.0052], 0.99)],
        "multiplicity": [adjusted(values) for values in P_VALUES],
        "rank_tests": [rank_test(a, b) for a, b in samples()],
        "correlations": list(correlations()),
        "bootstrap": bootstraps(),
    }
    save_json(folder / "statistics.json", contents, origin(__file__, ("scipy", "statsmodels", "numpy")))


if __name__ == "__main__":
    main()
