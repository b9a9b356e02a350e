#include "protocols/feature_source.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

#include "files/checked_json.h"
#include "files/nearest.h"
#include "pretrain/tensors.h"

namespace repbench {
namespace {

constexpr std::string_view kPlainArray = "array";  // the name of what a .npy file holds

}  // namespace

FeatureSource::FeatureSource(const std::filesystem::path& path) : path_(path) {
  if (!std::filesystem::is_directory(path)) {
    files_.emplace_back(path);
    add(files_.back(), "");
    return;
  }
  for (const char* name :
       {"features", "labels", "ids", "split", "text_features", "text_owner", "class_names"}) {
    const std::filesystem::path file = path / (std::string(name) + ".npy");
    if (!std::filesystem::exists(file)) continue;
    files_.emplace_back(file);
    add(files_.back(), name);
  }
}

void FeatureSource::add(const TensorFile& file, const std::string& as) {
  for (const TensorGroup& group : file.groups()) {
    if (!group.path.empty()) continue;
    for (const auto& [name, view] : group.tensors) {
      if (as.empty() || name == kPlainArray) tensors_[as.empty() ? name : as] = view;
    }
  }
  if (!file.notes().is_object()) return;
  for (const auto& [name, note] : file.notes().items()) {
    if (as.empty() || name == kPlainArray) notes_[as.empty() ? name : as] = note;
  }
}

bool FeatureSource::has(std::string_view name) const {
  return tensors_.contains(name) || notes_.contains(std::string(name));
}

at::Tensor FeatureSource::tensor(std::string_view name) const {
  if (const auto found = tensors_.find(name); found != tensors_.end()) return to_tensor(found->second);
  std::vector<std::string> names;
  for (const auto& [known, view] : tensors_) names.push_back(known);
  throw std::invalid_argument(fmt::format(
      "[features] {}: expected a tensor '{}'; got {}{}", path_.string(), name,
      names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")), did_you_mean(name, names)));
}

std::optional<std::vector<int64_t>> FeatureSource::integers(std::string_view name) const {
  if (!tensors_.contains(name)) return std::nullopt;
  const at::Tensor stored = tensor(name);
  if (!at::isIntegralType(stored.scalar_type(), /*includeBool=*/false) || stored.dim() != 1) {
    fail(name, "a list of integers",
         fmt::format("{} {}", repbench::name(dtype_of(stored)), shape_text(stored)));
  }
  const at::Tensor values = stored.to(at::kLong);
  const int64_t* data = values.const_data_ptr<int64_t>();
  std::vector<int64_t> result(data, data + values.numel());
  for (size_t i = 0; stored.scalar_type() == at::kUInt64 && i < result.size(); ++i) {
    if (result[i] < 0)
      fail(name, "integers below 2^63", fmt::format("{} in row {}", static_cast<uint64_t>(result[i]), i));
  }
  return result;
}

std::optional<std::vector<std::string>> FeatureSource::texts(std::string_view name) const {
  const auto found = notes_.find(std::string(name));
  if (found == notes_.end()) return std::nullopt;
  const std::string where = fmt::format("[features] {}", path_.string());
  if (!found->is_string()) return CheckedJson(*found, where, std::string(name)).texts();
  const auto text = found->get<std::string>();
  if (!Json::accept(text)) fail(name, "a list of texts", brief_json(*found));
  const Json list = parse_json(text, where);
  return CheckedJson(list, where, std::string(name)).texts();
}

std::string FeatureSource::text(std::string_view name) const {
  const auto found = notes_.find(std::string(name));
  if (found == notes_.end()) return "";
  const bool one = found->is_array() && found->size() == 1;
  return CheckedJson(one ? found->front() : *found, fmt::format("[features] {}", path_.string()),
                     std::string(name))
      .text();
}

void FeatureSource::fail(std::string_view name, std::string_view expected, std::string_view got) const {
  throw std::invalid_argument(
      fmt::format("[features] {}: '{}': expected {}; got {}", path_.string(), name, expected, got));
}

std::string shape_text(const at::Tensor& tensor) {
  return fmt::format("[{}]", fmt::join(tensor.sizes().begin(), tensor.sizes().end(), ", "));
}

}  // namespace repbench
