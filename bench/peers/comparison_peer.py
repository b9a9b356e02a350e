"""BCa interval of a mean by scipy.stats.bootstrap: 2,000 resamples of 10,000 units.

scipy leaves each unit out once for the acceleration, repbench each of 100 groups. Batches of 100 resamples
keep scipy's arrays small, and are faster than all at once.
"""

import numpy as np
import scipy
from measure import measure, parser
from scipy import stats

RESAMPLES = 2000


def main():
    arguments = parser(__doc__, repetitions=3)
    arguments.add_argument("--units", type=int, nargs="+", default=[10_000],
                           help="units of a sample (default: 10000); 50000 take half a minute a repetition")
    arguments = arguments.parse_args()
    for units in arguments.units:
        i = np.arange(units)
        values = (i * i % 97) / 97
        generator = np.random.default_rng(0)
        measure(f"bootstrap/bca_of_mean/2000_resamples/{units}",
                lambda: stats.bootstrap((values,), np.mean, n_resamples=RESAMPLES, batch=100, method="BCa",
                                        rng=generator),
                items=RESAMPLES, unit="resamples/s", peer=f"scipy {scipy.__version__}", arguments=arguments,
                warm_up=0)


if __name__ == "__main__":
    main()
