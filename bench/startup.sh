#!/usr/bin/env bash
# From the shell's prompt to features and back: ViT-B loaded, then eight pictures embedded, one thread, fp32, against timm.
# Also a ViT-L: how long until it is loaded, and how much memory. Usage: bench/startup.sh BUILD PYTHON PICTURE...
# PYTHON has tests/interop/requirements.txt; the features must agree to 1e-4.
set -euo pipefail
build=$1
python=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(dirname "$0")

"$python" "$here/peers/startup_peer.py" make "$work/vit_b.safetensors" vit_base_patch16_224
"$python" "$here/peers/startup_peer.py" make "$work/vit_l.safetensors" vit_large_patch16_224
"$python" "$here/peers/startup_peer.py" make "$work/vit_l.pth" vit_large_patch16_224
"$python" "$here/peers/startup_peer.py" repeat 5 "load ViT-B (repbench)" "$build/repbench" inspect "$work/vit_b.safetensors" --assume input.view=eval:248:224:bicubic
"$python" "$here/peers/startup_peer.py" repeat 5 "load ViT-B (timm)" "$python" "$here/peers/startup_peer.py" load "$work/vit_b.safetensors"
"$python" "$here/peers/startup_peer.py" repeat 5 "embed $# pictures (repbench)" "$build/repbench" embed "$work/vit_b.safetensors" "$@" --tap cls --set precision=fp32 --set threads=1 --assume input.view=eval:248:224:bicubic --out "$work/ours.safetensors"
"$python" "$here/peers/startup_peer.py" repeat 5 "embed $# pictures (timm)" "$python" "$here/peers/startup_peer.py" embed "$work/vit_b.safetensors" "$work/theirs.safetensors" "$@"
"$python" "$here/peers/startup_peer.py" compare "$work/ours.safetensors" "$work/theirs.safetensors"
for file in vit_l.safetensors vit_l.pth; do
  "$python" "$here/peers/startup_peer.py" repeat 3 "load ViT-L, $file (repbench)" "$build/repbench" inspect "$work/$file"
done
