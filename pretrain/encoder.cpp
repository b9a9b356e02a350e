#include "pretrain/encoder.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "files/nearest.h"

namespace repbench {

Json InputSpec::to_json() const {
  return {{"channels", channels}, {"size", size}, {"view", view}, {"mean", mean}, {"std", std}};
}

InputSpec InputSpec::from_json(const Json& json) {
  InputSpec spec;
  json.at("channels").get_to(spec.channels);
  json.at("size").get_to(spec.size);
  json.at("view").get_to(spec.view);
  json.at("mean").get_to(spec.mean);
  json.at("std").get_to(spec.std);
  const auto wanted = static_cast<size_t>(spec.channels);
  if (spec.mean.size() != wanted || spec.std.size() != wanted) {
    throw std::invalid_argument(
        fmt::format("[input] expected a mean and a std for each of {} channels; got {} and {}", spec.channels,
                    spec.mean.size(), spec.std.size()));
  }
  const bool positive = std::all_of(spec.std.begin(), spec.std.end(), [](double value) { return value > 0; });
  if (!positive) {
    throw std::invalid_argument(
        fmt::format("[input] expected a std above 0 for each channel; got {}", Json(spec.std).dump()));
  }
  return spec;
}

NamedTensors Encoder::parameters() const {
  NamedTensors all;
  for (const Stage& stage : stages()) all.insert(all.end(), stage.parameters.begin(), stage.parameters.end());
  if (text() != nullptr) all.insert(all.end(), text()->parameters().begin(), text()->parameters().end());
  return all;
}

int64_t Encoder::trunk_end() const {
  const auto count = static_cast<int64_t>(stages().size());
  return stages().back().name == "projection" ? count - 1 : count;
}

int64_t Encoder::stage_index(std::string_view name) const {
  std::vector<std::string> names;
  for (const Stage& stage : stages()) {
    if (stage.name == name) return static_cast<int64_t>(names.size());
    names.push_back(stage.name);
  }
  throw std::invalid_argument(
      fmt::format("[encoder] expected a stage of {}; got '{}'{}", kind(), name, did_you_mean(name, names)));
}

at::Tensor Encoder::pool(const at::Tensor& tokens, std::string_view how) const {
  const int64_t prefix = prefix_tokens();
  const auto mean = [&] { return tokens.narrow(1, prefix, tokens.size(1) - prefix).mean(1); };
  if (how == "mean") return mean();
  if (prefix == 0) throw std::invalid_argument(fmt::format("[{}] expected a class token; got none", kind()));
  if (how == "cls") return tokens.select(1, 0);
  return at::cat({tokens.select(1, 0), mean()}, 1);
}

at::Tensor Encoder::ingest(const View& view) const {
  const InputSpec& spec = input();
  if (view.axes != Axes::BHWC || view.data.scalar_type() != at::kByte || view.data.size(3) != spec.channels) {
    throw std::invalid_argument(
        fmt::format("[encoder] expected uint8 pictures [B, H, W, {}]; got {} channels", spec.channels,
                    view.data.size(-1)));
  }
  const NamedTensors own = parameters();
  const at::Device device = own.empty() ? view.data.device() : own.front().tensor.device();
  const at::TensorOptions options = at::TensorOptions(at::kFloat).device(device);
  const at::Tensor mean = at::tensor(spec.mean, options) * 255.0;
  const at::Tensor scale = 1.0 / (at::tensor(spec.std, options) * 255.0);
  return view.data.to(device).to(at::kFloat).sub_(mean).mul_(scale).permute({0, 3, 1, 2}).contiguous();
}

void Encoder::to(at::Device device) {
  for (const NamedTensor& named : parameters()) named.tensor.set_data(named.tensor.data().to(device));
}

void Encoder::convert_matrices(at::ScalarType dtype) {
  for (const NamedTensor& named : parameters()) {
    if (named.name.ends_with(".weight") && named.tensor.dim() >= 2) {
      named.tensor.set_requires_grad(false);
      named.tensor.set_data(named.tensor.data().to(dtype));
    }
  }
}

Json without_plain_variant(Json config, const Json& plain) {
  if (config.at("variant") == plain.at("variant")) config.erase("variant");
  return config;
}

Json with_variant(Json config, const Options& fields) {
  if (config.is_object() && !config.contains("variant")) config["variant"] = fields.to_json().at("variant");
  return config;
}

void copy_values(const Encoder& from, const Encoder& to) {
  const NamedTensors source = from.parameters(), target = to.parameters();
  for (size_t i = 0; i < source.size(); ++i) {
    const at::Tensor& tensor = target[i].tensor;
    tensor.set_requires_grad(false);
    tensor.set_data(source[i].tensor.detach().clone());
    tensor.set_requires_grad(source[i].tensor.requires_grad());
  }
}

std::unique_ptr<Encoder> make_encoder(std::string_view kind, const Json& config, const InputSpec& input,
                                      const std::shared_ptr<const Tokenizer>& tokenizer) {
  std::vector<std::string> names;
  for (const EncoderKind& row : encoder_kinds()) {
    if (row.name == kind) return row.make(config, input, tokenizer);
    names.emplace_back(row.name);
  }
  fail_unknown_name("encoder", "a kind of encoder", kind, names);
}

}  // namespace repbench
