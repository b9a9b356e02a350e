#include "suite/handshake.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "files/nearest.h"

namespace repbench {
namespace {

constexpr std::string_view kText = "text_features";

[[noreturn]] void fail(const SafetensorsFile& reference, const std::string& what) {
  throw std::invalid_argument(fmt::format("[handshake] {}: {}", reference.path().string(), what));
}

void check_names(const Encoder& encoder, const SafetensorsFile& reference) {
  std::vector<std::string> known = {"input"};
  for (const Stage& stage : encoder.stages()) known.push_back(stage.name);
  if (encoder.text() != nullptr) known.insert(known.end(), {"tokens", std::string(kText)});
  for (const auto& [name, view] : reference.tensors()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    fail(reference, fmt::format("expected input and stages of {}; got '{}'{}", encoder.kind(), name,
                                did_you_mean(name, known)));
  }
  if (reference.tensors().contains("tokens") != reference.tensors().contains(std::string(kText)))
    fail(reference, "expected tokens and text_features, both or neither; got one");
}

/// Our activation in the layout of the reference's; undefined if there is none.
at::Tensor in_layout_of(const at::Tensor& ours, at::IntArrayRef wanted, const std::string& stage) {
  if (ours.sizes() == wanted) return ours;
  at::Tensor other;
  if (stage == "patch" && ours.dim() == 4 && wanted.size() == 3) other = ours.flatten(1, 2);
  if (ours.dim() == 3 && wanted.size() == 2) other = ours.select(1, 0);
  return other.defined() && other.sizes() == wanted ? other : at::Tensor();
}

HandshakeRow compare(const std::string& stage, const at::Tensor& ours, const SafetensorsFile& reference,
                     double tolerance) {
  const at::Tensor theirs = to_tensor(reference.at(stage)).to(at::kDouble);
  const at::Tensor mine = in_layout_of(ours, theirs.sizes(), stage);
  if (!mine.defined()) {
    fail(reference, fmt::format("expected '{}' of the shape [{}]; got [{}]", stage,
                                fmt::join(ours.sizes(), ", "), fmt::join(theirs.sizes(), ", ")));
  }
  HandshakeRow row{stage};
  if (theirs.numel() > 0) {
    row.largest_difference = (mine.cpu().to(at::kDouble) - theirs).abs().max().item<double>();
    row.relative = row.largest_difference / std::max(theirs.abs().max().item<double>(), 1e-30);
  }
  row.ok = row.relative <= tolerance;
  return row;
}

at::Tensor input_of(const Encoder& encoder, const SafetensorsFile& reference) {
  const at::Tensor input = to_tensor(reference.at("input"));
  if (input.dim() != 4 || input.size(1) != encoder.input().channels || input.scalar_type() != at::kFloat) {
    fail(reference,
         fmt::format("expected 'input' [B, {}, H, W] float32; got [{}] {}", encoder.input().channels,
                     fmt::join(input.sizes(), ", "), name(dtype_of(input))));
  }
  return input;
}

}  // namespace

std::vector<HandshakeRow> handshake(const Encoder& encoder, const SafetensorsFile& reference,
                                    double tolerance) {
  const c10::NoGradGuard no_grad;
  check_names(encoder, reference);
  std::vector<HandshakeRow> rows;
  at::Tensor x = input_of(encoder, reference);
  for (size_t k = 0; k < encoder.stages().size(); ++k) {
    const std::string& stage = encoder.stages()[k].name;
    x = encoder.forward(x, static_cast<int64_t>(k), static_cast<int64_t>(k) + 1, {});
    if (reference.tensors().contains(stage)) rows.push_back(compare(stage, x, reference, tolerance));
  }
  if (reference.tensors().contains("tokens")) {
    const at::Tensor tokens = to_tensor(reference.at("tokens")).to(at::kLong);
    rows.push_back(compare(std::string(kText), encoder.text()->features(tokens, {}), reference, tolerance));
  }
  if (rows.empty()) fail(reference, "expected the activations of at least one stage; got none");
  return rows;
}

const HandshakeRow* first_divergence(const std::vector<HandshakeRow>& rows) {
  const auto found = std::find_if(rows.begin(), rows.end(), [](const HandshakeRow& row) { return !row.ok; });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace repbench
