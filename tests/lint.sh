#!/usr/bin/env bash
# Formatting and a dozen clang-tidy checks over our own sources. Usage: tests/lint.sh BUILD
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1

mapfile -t sources < <(git ls-files --cached --others --exclude-standard '*.h' '*.cpp')
clang-format --dry-run --Werror "${sources[@]}"
echo "lint: formatting is right"

checks='-*,bugprone-use-after-move,bugprone-dangling-handle,bugprone-infinite-loop,bugprone-integer-division'
checks+=',bugprone-string-constructor,bugprone-unused-return-value,bugprone-sizeof-expression,bugprone-undefined-memory-manipulation'
checks+=',performance-for-range-copy,performance-unnecessary-copy-initialization,modernize-use-override,modernize-use-nullptr'
checks+=',misc-unused-using-decls,readability-misleading-indentation'

# GCC's precompiled header means nothing to clang.
commands=$(mktemp -d)
trap 'rm -rf "$commands"' EXIT
sed -e 's/-fpch-preprocess//; s/-Winvalid-pch//; s#-include [^ ]*cmake_pch.hxx##' "$build/compile_commands.json" \
  > "$commands/compile_commands.json"
changed=${LINT_SINCE:+$(git diff --name-only --diff-filter=d "$LINT_SINCE" -- '*.cpp')}
mapfile -t units < <(if [ -n "${LINT_SINCE:-}" ]; then echo "$changed"; else printf '%s\n' "${sources[@]}" | grep '\.cpp$'; fi)
printf '%s\n' "${units[@]}" | grep -v '^$' | xargs -r -P "$(nproc)" -n 1 clang-tidy -p "$commands" --quiet --checks="$checks" \
  --warnings-as-errors='*' 2> >(grep -v 'warnings generated' >&2)
echo "lint: clang-tidy is content"
