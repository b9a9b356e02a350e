#!/usr/bin/env bash
# Is every source formatted as .clang-format says? Usage: tests/format.sh SOURCE_DIR
set -euo pipefail
cd "$1"
find files configs reports datasets pretrain protocols suite tests bench \( -name '*.h' -o -name '*.cpp' \) -print0 |
  xargs -0 clang-format --dry-run --Werror
