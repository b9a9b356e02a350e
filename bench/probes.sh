#!/usr/bin/env bash
# A cached feature set of 5,000 x 768 in 100 classes answers a linear probe (13 values of C), kNN and few-shot (5 draws of
# 1 to 16 pictures a class): wall time of the whole command, and scikit-learn's for the same work.
# Usage: bench/probes.sh BUILD PYTHON      PYTHON has tests/interop/requirements.txt.
set -euo pipefail
build=$1
python=$2
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" "$here/peers/probes_peer.py" make "$work/features.npz"
values=1e-6,1e-5,1e-4,1e-3,1e-2,1e-1,1,10,100,1e3,1e4,1e5,1e6
time {
  "$build/repbench" evaluate "$work/features.npz" --protocol linear_probe "C=$values" normalisation=none report_best=true --out "$work/out"
  "$build/repbench" evaluate "$work/features.npz" --protocol knn --out "$work/out"
  "$build/repbench" evaluate "$work/features.npz" --protocol few_shot --out "$work/out"
}
time "$python" "$here/peers/probes_peer.py" run "$work/features.npz"
