#!/usr/bin/env bash
# Writes the demo's comparison table and picture into the README. Usage: docs/readme.sh BUILD DEMO
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
demo=$2
pictures=$(mktemp -d)
trap 'rm -rf "$pictures"' EXIT
"$build/repbench" report "$demo" --pictures "$pictures" --out "$pictures/report.md"
sheets=("$pictures"/mae-reconstructions-*.png)  # one a data set
cp "${sheets[0]}" docs/reconstructions.png
# The comparison: from its heading to the next one.
awk '/^## /{on = ($0 ~ /Comparison/)} on && !/^## /' "$pictures/report.md" > "$pictures/table.md"
[ -s "$pictures/table.md" ] || { echo "readme: no comparison in $demo" >&2; exit 2; }
awk -v table="$pictures/table.md" '
  /<!-- demo begin -->/ {print; while ((getline line < table) > 0) print line; skip = 1}
  /<!-- demo end -->/ {skip = 0}
  !skip && !/<!-- demo begin -->/ {print}' README.md > "$pictures/README.md"
cp "$pictures/README.md" README.md
