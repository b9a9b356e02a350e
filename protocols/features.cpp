#include "protocols/features.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "datasets/loader.h"
#include "files/hash.h"
#include "pretrain/tensors.h"
#include "protocols/stored_features.h"

namespace repbench {
namespace {

std::string cache_key(const Subject& subject, const Dataset& dataset, const IndexList& examples,
                      std::string_view view, std::span<const std::string> taps,
                      const ProtocolContext& context) {
  const Json key = {{"weights", subject.sha256},
                    {"encoder", subject.encoder->kind()},
                    {"model", subject.encoder->config()},
                    {"input", subject.encoder->input().to_json()},
                    {"extractor", kExtractorVersion},
                    {"taps", std::vector<std::string>(taps.begin(), taps.end())},
                    {"view", view},
                    {"data", dataset.provenance().sha256},
                    {"split", examples.hash},
                    {"precision", context.execution.precision == Precision::bf16 ? "bf16" : "fp32"},
                    {"device", context.execution.device.is_cuda() ? "cuda" : "cpu"}};
  return sha256(canonical_json(key));
}

std::vector<std::string> ids_of(const Dataset& dataset, const IndexList& examples) {
  std::vector<std::string> ids;
  ids.reserve(examples.indices.size());
  for (const int64_t index : examples.indices) ids.push_back(dataset.id(index));
  return ids;
}

at::Tensor labels_of(const Dataset& dataset, const IndexList& examples) {
  const at::Tensor labels = at::empty({examples.size()}, at::kLong);
  int64_t* out = labels.mutable_data_ptr<int64_t>();
  for (const int64_t index : examples.indices) *out++ = dataset.label(index);
  return labels;
}

/// Probes need a vector an example.
void check_flat(const FeatureSet& features) {
  for (const auto& [tap, values] : features.by_tap) {
    if (values.dim() == 2) continue;
    throw std::invalid_argument(fmt::format(
        "[features] key 'taps': expected taps that give a vector an example; '{}' gives {} dimensions", tap,
        values.dim() - 1));
  }
}

/// Reads a cached file; false if there is none or it is broken.
bool read_cache(const std::filesystem::path& file, std::span<const std::string> taps, int64_t rows,
                FeatureSet& into) {
  if (!std::filesystem::exists(file)) return false;
  try {
    const SafetensorsFile cached(file);
    for (const std::string& tap : taps) {
      into.by_tap[tap] = to_tensor(cached.at(tap));
      if (into.by_tap[tap].dim() == 2 && into.by_tap[tap].size(0) == rows) continue;
      throw std::runtime_error(fmt::format("[features] {}: tensor '{}': expected {} rows; got {}",
                                           file.string(), tap, rows, into.by_tap[tap].size(0)));
    }
    return true;
  } catch (const std::exception& error) {
    fmt::print(stderr, "warning: {}; extracting again\n", error.what());
    into.by_tap.clear();
    return false;
  }
}

}  // namespace

FeatureSet compute_features(const Encoder& encoder, std::shared_ptr<const Dataset> dataset,
                            const IndexList& examples, std::string_view view,
                            std::span<const std::string> taps, const ProtocolContext& context) {
  const c10::NoGradGuard no_grad;
  const std::unique_ptr<Encoder> frozen = encoder.clone();
  frozen->to(context.execution.device);
  frozen->convert_matrices(context.execution.compute_dtype());
  const std::unique_ptr<BatchSource> source =
      make_loader(dataset, examples, {make_view(view)},
                  {.batch_size = context.batch_size,
                   .workers = context.workers,
                   .channels = static_cast<int>(encoder.input().channels)});
  const StageContext stage{.training = false, .compute = context.execution.compute_dtype()};
  FeatureSet features;
  features.labels = labels_of(*dataset, examples);
  features.ids = ids_of(*dataset, examples);
  int64_t done = 0;
  source->begin(0);
  while (std::optional<Batch> batch = source->next()) {
    for (auto& [tap, values] : frozen->features(frozen->ingest(batch->views[0]), taps, stage)) {
      at::Tensor& all = features.by_tap[tap];
      if (!all.defined()) {
        std::vector<int64_t> shape = values.sizes().vec();
        shape[0] = examples.size();
        all = at::empty(shape, at::kFloat);
      }
      all.narrow(0, done, batch->size()).copy_(values);
    }
    done += batch->size();
    context.progress("features", done, examples.size());
  }
  context.on_source_read(source->statistics());
  return features;
}

FeatureSet extract_features(const Subject& subject, std::shared_ptr<const Dataset> dataset,
                            const IndexList& examples, std::string_view view,
                            std::span<const std::string> taps, const ProtocolContext& context) {
  if (subject.features != nullptr) return stored_features(subject, *dataset, examples, taps);
  if (context.cache.empty()) {
    FeatureSet computed = compute_features(*subject.encoder, dataset, examples, view, taps, context);
    check_flat(computed);
    return computed;
  }
  const std::filesystem::path file =
      context.cache / (cache_key(subject, *dataset, examples, view, taps, context) + ".safetensors");
  FeatureSet features;
  if (read_cache(file, taps, examples.size(), features)) {
    features.labels = labels_of(*dataset, examples);
    features.ids = ids_of(*dataset, examples);
    return features;
  }
  features = compute_features(*subject.encoder, dataset, examples, view, taps, context);
  check_flat(features);
  NamedTensors tensors;
  for (const auto& [tap, values] : features.by_tap) tensors.push_back({tap, values});
  save_tensors(file, tensors);
  return features;
}

at::Tensor rows_of(const at::Tensor& tensor, const std::vector<int64_t>& rows) {
  return tensor.index_select(0, at::tensor(rows, at::kLong));
}

Standardiser Standardiser::fit(const at::Tensor& features) {
  const auto [variance, mean] =
      at::var_mean(features.to(at::kDouble), at::IntArrayRef{0}, /*unbiased=*/false);
  const at::Tensor deviation = variance.sqrt();
  const at::Tensor scale = at::where(deviation > 1e-12, 1.0 / deviation, at::zeros_like(deviation));
  return {mean.to(at::kFloat), scale.to(at::kFloat)};
}

at::Tensor Standardiser::apply(const at::Tensor& features) const { return (features - mean) * scale; }

SelectionSplit selection_split(const Dataset& dataset, const IndexList& from, double share, uint64_t seed) {
  const HoldOut parts = hold_out(dataset, from, share, seed);
  SelectionSplit split;
  for (int64_t row = 0; row < from.size(); ++row) {
    const int64_t index = from.indices[static_cast<size_t>(row)];
    const bool held = std::binary_search(parts.held_out.indices.begin(), parts.held_out.indices.end(), index);
    (held ? split.held_out : split.kept).push_back(row);
  }
  return split;
}

}  // namespace repbench
