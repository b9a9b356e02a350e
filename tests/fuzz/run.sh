#!/usr/bin/env bash
# Fuzzes the readers of tensor files, archives and pictures, and flips a bit in every byte of the small files. Usage: tests/fuzz/run.sh BUILD
#   FUZZ_SECONDS      for each reader (default 60)
#   REPBENCH_GOLDEN   a folder with more files to begin with
# Needs clang with its sanitizers (Debian: clang). What a finding leaves behind lies in BUILD-fuzz/findings.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$1
fuzz=$build-fuzz
readers=(safetensors zip pickle torch npy tar picture)

cmake --preset fuzz -B "$fuzz" >/dev/null
cmake --build "$fuzz" --target "${readers[@]/#/fuzz_}"

corpus=$fuzz/corpus
mkdir -p "$fuzz/findings"
for reader in "${readers[@]}"; do mkdir -p "$corpus/$reader"; done

seed() { # FILE: into the corpora of the readers that it is for
  case "$(head -c 2 "$1" | od -An -tx1 | tr -d ' ')" in
    504b) cp "$1" "$corpus/zip/" && seed_archive "$1" ;;
    8002) cp "$1" "$corpus/torch/" ;;
    934e) cp "$1" "$corpus/npy/" ;;
    ffd8 | 8950 | 5249 | 424d | 4949 | 4d4d) cp "$1" "$corpus/picture/" ;;
    *) case "$1" in *.safetensors | *.json) cp "$1" "$corpus/safetensors/" ;; esac ;;
  esac
}

seed_archive() {
  case "$1" in
    *.npz) cp "$1" "$corpus/npy/" ;;
    *)
      cp "$1" "$corpus/torch/"
      unzip -p "$1" '*/data.pkl' >"$corpus/pickle/$(basename "$1").pkl"
      ;;
  esac
}

for file in tests/golden/torch_files/* tests/golden/timm_vit.safetensors tests/golden/jpeg/* ${REPBENCH_GOLDEN:+"$REPBENCH_GOLDEN"/*}; do
  if [ -f "$file" ]; then seed "$file"; fi
done

for format in ustar gnu pax; do # a name of over 100 bytes
  tar --format="$format" --transform="s,^,$(printf 'long/%.0s' {1..25})," -C tests/golden -cf "$corpus/tar/$format" statistics_table.py
done

for reader in "${readers[@]}"; do
  echo "fuzz: $reader for ${FUZZ_SECONDS:-60} s"
  "$fuzz/fuzz_$reader" -max_total_time="${FUZZ_SECONDS:-60}" -rss_limit_mb=1024 -malloc_limit_mb=256 -timeout=20 \
    -artifact_prefix="$fuzz/findings/$reader-" -print_final_stats=1 "$corpus/$reader" 2>"$fuzz/$reader.log" || {
    tail -40 "$fuzz/$reader.log"
    exit 1
  }
  grep -E 'stat::(number_of_executed_units|average_exec_per_sec|peak_rss_mb)' "$fuzz/$reader.log"
done

echo "fuzz: a bit in every byte of the small files, flipped"
cmake --preset release -B "$build" >/dev/null
cmake --build "$build" --target tests_light
REPBENCH_FLIP_STEP=1 "$build/tests_light" --gtest_filter='DamagedFiles.*' --gtest_brief=1
