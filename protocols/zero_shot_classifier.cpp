#include "protocols/zero_shot_classifier.h"

#include <ATen/ATen.h>

#include <fmt/ranges.h>

#include <map>
#include <stdexcept>
#include <string_view>

#include "files/hash.h"
#include "pretrain/tensors.h"
#include "protocols/feature_file.h"
#include "protocols/text_features.h"

namespace repbench {
namespace {

ZeroShotClassifier stored_classifier(const FeatureFile& file, const std::string& prompts,
                                     std::string_view where) {
  if (!prompts.empty()) {
    throw std::invalid_argument(fmt::format(
        "[{}] key 'prompts': expected none with a file of features, whose texts are encoded; got '{}'", where,
        prompts));
  }
  if (!file.has_class_texts()) {
    const std::string rows =
        file.text_features.defined() ? std::to_string(file.text_features.size(0)) : "none";
    throw std::invalid_argument(fmt::format(
        "[{}] {}: expected 'text_features' with a row for each of {} classes; got {}{}", where,
        file.path.string(), file.class_names.size(), rows, file.owner_given ? " with 'text_owner'" : ""));
  }
  ZeroShotClassifier made;
  made.prompts.class_names = file.class_names;
  made.ensemble = unit_rows(file.text_features);
  made.resolved = {{"text_features_from", file.path.filename().string()},
                   {"text_features_sha256", hash_of({{"text_features", file.text_features}})},
                   {"classes", file.class_names.size()}};
  return made;
}

/// For each row the first that is equal to it, [K] int64.
at::Tensor first_equal_rows(const at::Tensor& vectors) {
  const at::Tensor rows = vectors.to(at::kCPU, at::kFloat).contiguous();
  const auto width = static_cast<size_t>(rows.size(1)) * sizeof(float);
  const char* bytes = static_cast<const char*>(rows.const_data_ptr());
  std::map<std::string_view, int64_t> first;
  std::vector<int64_t> places;
  for (int64_t k = 0; k < rows.size(0); ++k) {
    places.push_back(first.try_emplace({bytes + static_cast<size_t>(k) * width, width}, k).first->second);
  }
  return at::tensor(places, at::kLong);
}

}  // namespace

ZeroShotClassifier make_zero_shot_classifier(const Subject& subject, const std::string& prompts,
                                             const Dataset& dataset, const ProtocolContext& context,
                                             std::string_view where) {
  if (subject.features != nullptr) return stored_classifier(*subject.features, prompts, where);
  const TextSide& side = text_side_of(subject, where);
  ZeroShotClassifier made;
  made.prompts = class_prompts(prompts, dataset, where);
  const ClassPrompts& words = made.prompts;
  std::vector<std::string> texts;
  for (const auto& own : words.texts) texts.insert(texts.end(), own.begin(), own.end());
  const TextFeatures features = extract_text_features(subject, texts, context, where);
  const at::Tensor units = unit_rows(features.values);
  std::vector<at::Tensor> means, firsts;
  int64_t begin = 0;
  for (const auto& own : words.texts) {
    const auto count = static_cast<int64_t>(own.size());
    means.push_back(units.narrow(0, begin, count).mean(0));
    firsts.push_back(units[begin]);
    begin += count;
  }
  made.ensemble = unit_rows(at::stack(means));
  made.resolved = {{"prompts", words.set},
                   {"prompts_source", words.source},
                   {"prompts_sha256", sha256(fmt::format("{}", fmt::join(texts, "\n")))},
                   {"texts", texts.size()},
                   {"templates", words.templates.size()},
                   {"classes", words.class_names.size()},
                   {"class_names_from", words.names_from},
                   {"context_length", side.context_length()}};
  if (!words.templates.empty()) {
    made.single = at::stack(firsts);
    made.resolved["first_template"] = words.templates.front();
  }
  made.warnings = words.warnings;
  if (features.cut > 0) made.warnings.push_back(features.warning(side.context_length()));
  return made;
}

at::Tensor cosines(const at::Tensor& features, const at::Tensor& unit_vectors) {
  const at::Tensor products = unit_rows(features.to(at::kDouble)).matmul(unit_vectors.to(at::kDouble).t());
  return products.index_select(1, first_equal_rows(unit_vectors));
}

}  // namespace repbench
