#!/usr/bin/env bash
# Installs what repbench is built with, on Debian 12. Idempotent; says what it does. Called by `make build`.
#   apt packages            compiler, libraries, the Fashion-MNIST data set
#   .deps/libtorch          include/ and lib/ of the PyPI wheel `torch` (or TORCH_ROOT, if that is set)
#   .deps/text              CLIP's vocabulary, class names and prompt templates, from two wheels
#   .deps/cuda_runtime      two small wheels that libtorch_cpu.so needs to start, where no CUDA toolkit is found
set -euo pipefail
cd "$(dirname "$0")"

readonly torch_version=2.11.0
readonly torch_sha256=0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756
readonly cuda_runtime_wheels=(nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85)
readonly open_clip_version=3.3.0
readonly open_clip_sha256=c549ad5ed6bfc119cc11105033c0a2b9d7a2a4afeb40a58a09aab3da1a0043ce
readonly clip_benchmark_version=1.6.2
readonly clip_benchmark_sha256=6fbfd39b454a036a628b7e227b3d4050015009afe418583f21f27886c74e4998
readonly packages=(
  g++ make cmake ninja-build ccache mold git unzip python3 python3-pip ca-certificates
  libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev libjpeg62-turbo-dev libpng-dev libwebp-dev libtiff-dev libarchive-dev libexpat1-dev
  libeigen3-dev liblinear-dev nlohmann-json3-dev libfmt-dev libcli11-dev libssl-dev zlib1g-dev
  libpcre2-dev libicu-dev libdeflate-dev pkg-config libgtest-dev libbenchmark-dev dataset-fashion-mnist clang-format clang-tidy)

say() { echo "setup: $*"; }

missing_packages() {
  local package
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' || echo "$package"
  done
}

install_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  if [ "${#missing[@]}" -eq 0 ]; then
    say "Debian packages are there"
    return
  fi
  local run=()
  if [ "$(id -u)" -ne 0 ]; then
    if sudo -n true 2>/dev/null; then
      run=(sudo)
    else
      say "these Debian packages are missing; run this line, then try again:"
      echo "sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
      exit 2
    fi
  fi
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  "${run[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${run[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# The version that a LibTorch tree says it has, "" if it is none.
torch_tree_version() {
  local header="$1/include/torch/headeronly/version.h"
  [ -e "$header" ] || return 0
  sed -n 's/^#define TORCH_VERSION_\(MAJOR\|MINOR\|PATCH\) \([0-9]*\)$/\2/p' "$header" | paste -sd.
}

check_torch_root() {
  local found
  found=$(torch_tree_version "$TORCH_ROOT")
  case "$found" in
    "${torch_version%.*}".*) say "LibTorch $found from TORCH_ROOT" ;;
    *)
      say "TORCH_ROOT=$TORCH_ROOT: expected LibTorch ${torch_version%.*}; found '${found:-none}'" >&2
      exit 2
      ;;
  esac
}

download_wheel() { # NAME==VERSION FOLDER
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.12 \
    --implementation cp --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 \
    --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 -d "$2" "$1"
}

check_sha256() { # FILE SHA256
  if ! echo "$2  $1" | sha256sum --check --status; then
    say "$1: expected sha256 $2; got $(sha256sum "$1" | cut -d' ' -f1)" >&2
    exit 2
  fi
}

fetch_libtorch() {
  if [ "$(torch_tree_version .deps/libtorch/torch)" = "$torch_version" ] && [ -e .deps/libtorch/complete ]; then
    say "LibTorch $torch_version is there"
    return
  fi
  say "fetching LibTorch $torch_version (a wheel of 531 MB; 1 GB unpacked)"
  rm -rf .deps/libtorch .deps/download
  mkdir -p .deps/libtorch .deps/download
  download_wheel "torch==$torch_version" .deps/download
  local wheel=(.deps/download/torch-*.whl)
  check_sha256 "${wheel[0]}" "$torch_sha256"
  unzip -q "${wheel[0]}" 'torch/lib/*' 'torch/include/*' -d .deps/libtorch
  rm -rf .deps/download
  touch .deps/libtorch/complete
}

# Data files and licences alone; the Python code stays in the wheels.
fetch_text_data() {
  local wanted="open_clip_torch $open_clip_version, clip-benchmark $clip_benchmark_version"
  if [ -e .deps/text/complete ] && [ "$(cat .deps/text/complete)" = "$wanted" ]; then
    say "CLIP's vocabulary and prompts are there"
    return
  fi
  say "fetching CLIP's vocabulary and prompts (two wheels of 3.5 MB)"
  rm -rf .deps/text .deps/download
  mkdir -p .deps/text .deps/download
  download_wheel "open_clip_torch==$open_clip_version" .deps/download
  download_wheel "clip-benchmark==$clip_benchmark_version" .deps/download
  local open_clip=(.deps/download/open_clip_torch-*.whl) clip_benchmark=(.deps/download/clip_benchmark-*.whl)
  check_sha256 "${open_clip[0]}" "$open_clip_sha256"
  check_sha256 "${clip_benchmark[0]}" "$clip_benchmark_sha256"
  unzip -q -j "${open_clip[0]}" open_clip/bpe_simple_vocab_16e6.txt.gz -d .deps/text
  unzip -q -j "${clip_benchmark[0]}" clip_benchmark/datasets/en_classnames.json \
    clip_benchmark/datasets/en_zeroshot_classification_templates.json -d .deps/text
  unzip -q -p "${open_clip[0]}" '*.dist-info/licenses/LICENSE' >.deps/text/LICENSE.open_clip
  unzip -q -p "${clip_benchmark[0]}" '*.dist-info/LICENSE' >.deps/text/LICENSE.clip_benchmark
  rm -rf .deps/download
  echo "$wanted" >.deps/text/complete
}

fetch_cuda_runtime() {
  local folder
  for folder in "${CUDA_HOME:-/usr/local/cuda}/lib64" .deps/cuda_runtime; do
    if [ -e "$folder/libcudart.so.13" ] && [ -e "$folder/libcupti.so.13" ]; then
      say "CUDA runtime libraries from $folder"
      return
    fi
  done
  say "no CUDA 13 toolkit: fetching the two runtime wheels that libtorch_cpu.so needs (13 MB)"
  rm -rf .deps/download
  mkdir -p .deps/download .deps/cuda_runtime
  local wheel
  for wheel in "${cuda_runtime_wheels[@]}"; do download_wheel "$wheel" .deps/download; done
  for wheel in .deps/download/*.whl; do unzip -q -j -o "$wheel" 'nvidia/cu13/lib/*' -d .deps/cuda_runtime; done
  rm -rf .deps/download
}

install_packages
if [ -n "${TORCH_ROOT:-}" ]; then check_torch_root; else fetch_libtorch; fi
fetch_text_data
fetch_cuda_runtime
say "done"
