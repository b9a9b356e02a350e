#!/usr/bin/env bash
# Our numbers against the peers' own code. Usage: tests/interop/run.sh BUILD PYTHON
# PYTHON needs tests/interop/requirements.txt; pictures come from REPBENCH_DATA where it is set.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$1
python=$2
if ! "$python" -c 'import timm, open_clip, transformers, sklearn, torchvision, jsonschema' 2>/dev/null; then
  echo "interop: '$python' has no peers; make a virtual environment and run: pip install -r tests/interop/requirements.txt,"
  echo "interop: then: make test-interop PYTHON=path/to/python"
  exit 2
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --build "$build" --target logistic_problem > "$work/log"
repbench=$build/repbench

echo "== reports against the schema"
"$repbench" pretrain configs/pretrain/mae_fashion_mnist_demo.json limit=512 train.epochs=1 train.warmup_epochs=0.5 \
  train.batch_size=128 --out "$work/run" > "$work/log"
"$repbench" evaluate "$work/run" --protocol linear_probe,knn,throughput,reconstruction --out "$work/reports" \
  train_limit=1000 limit=500 > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$python" tests/interop/validate_report.py reports/schema/report.schema.json "$work"/reports/*/report.json

echo "== encoder against timm"
"$repbench" embed "$work/run" tests/golden/jpeg/*.jpg --tap tokens,cls --store-pixels --set precision=fp32 \
  --out "$work/features.safetensors"
"$python" tests/interop/timm_features.py "$work/run/$(cat "$work/run/latest")" "$work/features.safetensors" "$work/features.safetensors"

echo "== CLIP against open_clip"
"$repbench" pretrain configs/pretrain/clip_shapes_demo.json dataset=shapes:train=512 train.epochs=1 \
  train.warmup_epochs=0.5 train.batch_size=128 --out "$work/clip" > "$work/log"
"$repbench" embed "$work/clip" tests/golden/jpeg/*.jpg --tap projected --store-pixels --set precision=fp32 \
  --text "a red circle" --text "two objects: a blue star above a green ring" --out "$work/clip.safetensors"
"$python" tests/interop/open_clip_features.py "$work/clip/$(cat "$work/clip/latest")" "$work/clip.safetensors"

echo "== weights of timm, open_clip and transformers, and back"
"$python" tests/interop/weights.py "$repbench" tests/golden/jpeg/420.jpg tests/golden/jpeg/grey.jpg tests/golden/jpeg/444.jpg 2> "$work/log"

echo "== handshake, stage by stage"
for model in "timm vit_tiny_patch16_224" "timm vit_small_patch14_reg4_dinov2" "open_clip ViT-B-32" "open_clip RN50"; do
  # shellcheck disable=SC2086
  "$python" tests/interop/handshake.py $model --random "$work/random.safetensors" --out "$work/reference.safetensors"
  "$repbench" inspect "$work/random.safetensors" --handshake "$work/reference.safetensors" | tail -1
done

echo "== logistic regression against scikit-learn"
"$build/logistic_problem" "$work/logistic.safetensors"
"$python" tests/interop/sklearn_logistic.py "$work/logistic.safetensors"

echo "== linear probe on a file of features against scikit-learn"
for format in safetensors npz; do
  "$python" tests/interop/sklearn_features.py make "$work/blobs.$format"
  "$repbench" evaluate "$work/blobs.$format" --protocol linear_probe --out "$work/blobs_$format" > "$work/log" 2>&1 ||
    { cat "$work/log"; exit 1; }
  report=$work/blobs_$format/features-blobs.linear_probe-logistic/report.json
  "$python" tests/interop/validate_report.py reports/schema/report.schema.json "$report"
  "$python" tests/interop/sklearn_features.py check "$work/blobs.$format" "$report"
done

echo "== views against torchvision on Pillow"
pictures=(tests/golden/jpeg/*.jpg tests/golden/jpeg/rgb.png)
if [ -n "${REPBENCH_DATA:-}" ]; then
  mapfile -t more < <(find "$REPBENCH_DATA/imagenet50" "$REPBENCH_DATA/caltech101" -name '*.jp*g' -o -name '*.JPEG' | sort | awk 'NR % 40 == 1')
  pictures+=("${more[@]}")
fi
for view in eval:256:224:bicubic eval:64:64:bilinear eval:40:32:bicubic; do
  "$repbench" view "${pictures[@]}" --view "$view" --out "$work/pixels.safetensors"
  "$python" tests/interop/pillow_view.py "$work/pixels.safetensors" "$view" "${pictures[@]}"
done

echo "== every filter, crop and pixel operation against Pillow, torchvision and timm"
"$python" tests/interop/augmentations.py "$repbench" tests/golden/jpeg/*.jpg tests/golden/jpeg/*.png

echo "== pictures of every format, mode and sampling against Pillow"
"$python" tests/interop/pictures.py "$repbench"
echo "interop: all peers agree"
