#!/usr/bin/env bash
# Our figures, the peers' and the ratio, one thread each. Usage: bench/run.sh BUILD
# PEERS_PYTHON names a Python with tests/interop/requirements.txt installed; without one, only our figures are printed.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
cmake --build "$build" --target repbench_bench
export REPBENCH_BENCH_LOGISTIC_DATA=$build/logistic_data.safetensors
"$build/repbench_bench" --benchmark_repetitions="${REPETITIONS:-5}" --benchmark_enable_random_interleaving=true \
  --benchmark_min_time=0.5 --benchmark_report_aggregates_only=true --benchmark_out="$build/ours.json" --benchmark_out_format=json

if [ -z "${PEERS_PYTHON:-}" ]; then
  echo "bench: no peers (set PEERS_PYTHON to a Python with tests/interop/requirements.txt)"
  exit 0
fi
: > "$build/peers.jsonl"
for peer in resize loader encoder mae_step comparison; do "$PEERS_PYTHON" "bench/peers/${peer}_peer.py" | tee -a "$build/peers.jsonl"; done
"$PEERS_PYTHON" bench/peers/logistic_peer.py --data "$REPBENCH_BENCH_LOGISTIC_DATA" | tee -a "$build/peers.jsonl"
"$PEERS_PYTHON" bench/compare.py "$build/ours.json" "$build/peers.jsonl"
