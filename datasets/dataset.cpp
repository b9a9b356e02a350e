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

std::string DatasetSpec::slug() const {
  std::string end = path.substr(path.find_last_of('/', path.find_last_not_of('/')) + 1);
  while (end.ends_with('/')) end.pop_back();
  std::replace_if(
      end.begin(), end.end(), [](char c) { return c == ':' || c == ',' || c == ' '; }, '-');
  return end.empty() ? kind : kind + "-" + end;
}

}  // namespace repbench
