#include "protocols/trained_head.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

#include "files/json.h"
#include "files/safetensors.h"
#include "pretrain/tensors.h"
#include "protocols/protocol.h"
#include "protocols/text_features.h"

namespace repbench {
namespace {

constexpr std::string_view kFormat = "repbench.head.1";

[[noreturn]] void refuse(const std::filesystem::path& file, std::string_view what, std::string_view expected,
                         std::string_view got) {
  throw std::invalid_argument(
      fmt::format("[head] {}: {}: expected {}; got {}", file.string(), what, expected, got));
}

std::string text_of(const SafetensorsFile& stored, const std::string& key) {
  const auto found = stored.metadata().find(key);
  if (found == stored.metadata().end()) refuse(stored.path(), key, "a note in the file's header", "none");
  return found->second;
}

std::string one_of(const SafetensorsFile& stored, const std::string& key,
                   const std::vector<std::string>& known) {
  const std::string value = text_of(stored, key);
  for (const std::string& name : known) {
    if (value == name) return value;
  }
  refuse(stored.path(), key, fmt::format("{}", fmt::join(known, " or ")), "'" + value + "'");
}

std::vector<std::string> names_of(const SafetensorsFile& stored) {
  const Json names = parse_json(text_of(stored, "class_names"), stored.path().string());
  std::vector<std::string> result;
  if (!names.is_array()) refuse(stored.path(), "class_names", "a list of texts", names.type_name());
  for (const Json& name : names) {
    if (!name.is_string()) refuse(stored.path(), "class_names", "a list of texts", name.type_name());
    result.push_back(name.get<std::string>());
  }
  return result;
}

at::Tensor tensor_of(const SafetensorsFile& stored, const std::string& name, int64_t dims, int64_t rows) {
  const at::Tensor tensor = to_tensor(stored.at(name));
  if (tensor.scalar_type() != at::kDouble || tensor.dim() != dims || tensor.size(0) != rows)
    refuse(stored.path(), name, fmt::format("float64 with {} rows", rows),
           fmt::format("{} of {} dimensions", at::toString(tensor.scalar_type()), tensor.dim()));
  if (!tensor.isfinite().all().item<bool>()) refuse(stored.path(), name, "finite numbers", "others");
  return tensor;
}

}  // namespace

void write_head(const std::filesystem::path& file, const TrainedHead& head) {
  const at::Tensor weight = head.weight.to(at::kDouble).contiguous(),
                   bias = head.bias.to(at::kDouble).contiguous();
  write_safetensors(file, {{"weight", view_of(weight)}, {"bias", view_of(bias)}},
                    {{"format", std::string(kFormat)},
                     {"encoder_sha256", head.encoder_sha256},
                     {"tap", head.tap},
                     {"view", head.view},
                     {"feature_norm", head.feature_norm},
                     {"trained_as", head.trained_as},
                     {"class_names", Json(head.class_names).dump()}});
}

TrainedHead read_head(const std::filesystem::path& file) {
  const SafetensorsFile stored(file);
  one_of(stored, "format", {std::string(kFormat)});
  TrainedHead head;
  head.encoder_sha256 = text_of(stored, "encoder_sha256");
  head.tap = text_of(stored, "tap");
  head.view = text_of(stored, "view");
  head.feature_norm = one_of(stored, "feature_norm", {"none", "l2"});
  head.trained_as = one_of(stored, "trained_as", {"softmax", "sigmoid", "none"});
  head.class_names = names_of(stored);
  const auto classes = static_cast<int64_t>(head.class_names.size());
  head.weight = tensor_of(stored, "weight", 2, classes);
  head.bias = tensor_of(stored, "bias", 1, classes);
  return head;
}

void check_belongs(const TrainedHead& head, const std::filesystem::path& file, const Subject& subject,
                   std::string_view view, const std::vector<std::string>& class_names) {
  if (subject.sha256.empty()) refuse(file, "weights", "an encoder with weights", subject.label);
  if (head.encoder_sha256 != subject.sha256)
    refuse(file, "weights", "a head of the encoder " + subject.sha256, "one of " + head.encoder_sha256);
  if (head.view != view) refuse(file, "view", fmt::format("'{}'", view), "'" + head.view + "'");
  if (head.class_names.size() != class_names.size())
    refuse(file, "class_names", fmt::format("the {} of the data set", class_names.size()),
           std::to_string(head.class_names.size()));
  for (size_t k = 0; k < class_names.size(); ++k) {
    if (head.class_names[k] != class_names[k])
      refuse(file, fmt::format("class {}", k), "'" + class_names[k] + "'", "'" + head.class_names[k] + "'");
  }
}

at::Tensor head_scores(const TrainedHead& head, const at::Tensor& features) {
  if (features.dim() != 2 || features.size(1) != head.weight.size(1)) {
    throw std::invalid_argument(fmt::format("[head] expected features of width {}; got {}",
                                            head.weight.size(1), features.dim() == 2 ? features.size(1) : 0));
  }
  const at::Tensor x = features.to(at::kDouble);
  return at::addmm(head.bias, head.feature_norm == "l2" ? unit_rows(x) : x, head.weight.t());
}

}  // namespace repbench
