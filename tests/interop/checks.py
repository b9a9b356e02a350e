"""One line a check; a failure is remembered and turned into the exit status."""

import sys


class Checks:
    def __init__(self):
        self.failed = 0

    def that(self, passed, what):
        print(f"{'ok  ' if passed else 'FAIL'} {what}", flush=True)
        self.failed += not passed
        return bool(passed)

    def close(self, ours, theirs, tolerance, what):
        """Compares two arrays of the same shape by their largest absolute difference."""
        if tuple(ours.shape) != tuple(theirs.shape):
            return self.that(False, f"{what}: shape {tuple(ours.shape)}, expected {tuple(theirs.shape)}")
        worst = float(abs(ours - theirs).max())
        return self.that(worst <= tolerance,  # false for NaN
                         f"{what}: largest difference {worst:.2e} (allowed {tolerance:.0e})")

    def finish(self):
        sys.exit(1 if self.failed else 0)
