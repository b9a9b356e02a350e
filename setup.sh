#!/usr/bin/env bash
# Installs what repbench is built with, on Debian 12. Idempotent; says what it does. Called by `make build`.
#   apt packages            compiler, libraries, the Fashion-MNIST data set
#   .deps/libtorch          include/ and lib/ of the PyPI wheel `torch` (or TORCH_ROOT, if that is set)
#   .deps/cuda_runtime      two small wheels that libtorch_cpu.so needs to start, where no CUDA toolkit is found
set -euo pipefail
cd "$(dirname "$0")"

readonly torch_version=2.11.0
readonly torch_sha256=0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756
readonly cuda_runtime_wheels=(nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85)
readonly packages=(
  g++ make cmake ninja-build ccache mold git unzip python3 python3-pip ca-certificates
  libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev libjpeg62-turbo-dev libpng-dev
  libeigen3-dev liblinear-dev nlohmann-json3-dev libfmt-dev libcli11-dev libssl-dev zlib1g-dev
  libgtest-dev libbenchmark-dev dataset-fashion-mnist clang-format clang-tidy gnuplot-nox)

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
  if ! echo "$torch_sha256  ${wheel[0]}" | sha256sum --check --status; then
    say "${wheel[0]}: expected sha256 $torch_sha256; got $(sha256sum "${wheel[0]}" | cut -d' ' -f1)" >&2
    exit 2
  fi
  unzip -q "${wheel[0]}" 'torch/lib/*' 'torch/include/*' -d .deps/libtorch
  rm -rf .deps/download
  touch .deps/libtorch/complete
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
fetch_cuda_runtime
say "done"
