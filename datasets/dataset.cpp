#include "datasets/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "datasets/images/decode.h"

namespace repbench {

Image pixels(const Example& example, int channels) {
  if (const auto* image = std::get_if<Image>(&example.picture)) return convert(*image, channels);
  return decode(std::get<EncodedImage>(example.picture).bytes, channels, example.id);
}

DatasetSpec DatasetSpec::parse(std::string_view text) {
  const size_t colon = text.find(':');
  DatasetSpec spec{std::string(text.substr(0, colon)), ""};
  if (colon != std::string_view::npos) spec.path = text.substr(colon + 1);
  if (spec.kind.empty() || (colon != std::string_view::npos && spec.path.empty())) {
    throw std::invalid_argument(fmt::format("[dataset] expected KIND or KIND:PATH; got '{}'", text));
  }
  return spec;
}

std::string DatasetSpec::text() const { return path.empty() ? kind : kind + ":" + path; }

std::vector<std::string> split_dataset_list(std::string_view text) {
  const auto begins_with_a_kind = [](std::string_view rest) {
    const std::string_view word = rest.substr(0, rest.find_first_of(":,"));
    const auto kinds = dataset_kinds();
    return std::any_of(kinds.begin(), kinds.end(),
                       [&](const DatasetKind& kind) { return kind.name == word; });
  };
  std::vector<std::string> specs;
  size_t begin = 0;
  for (size_t comma = text.find(','); comma != std::string_view::npos; comma = text.find(',', comma + 1)) {
    if (!begins_with_a_kind(text.substr(comma + 1))) continue;
    specs.emplace_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  specs.emplace_back(text.substr(begin));
  return specs;
}

std::string DatasetSpec::slug() const {
  std::string text = kind;
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find(':', begin), path.size());
    std::string_view part = std::string_view(path).substr(begin, end - begin);
    const size_t equals = part.find('=');
    const std::string_view key = equals == std::string_view::npos ? "" : part.substr(0, equals + 1);
    if (key.find('/') == std::string_view::npos) part.remove_prefix(key.size());
    while (part.ends_with('/')) part.remove_suffix(1);
    text += fmt::format("-{}{}", key, part.substr(part.find_last_of('/') + 1));
    begin = end + 1;
  }
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == ',' || c == ' ' || c == '/'; }, '-');
  return text;
}

}  // namespace repbench
