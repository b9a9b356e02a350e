#include "datasets/images/view_parts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "files/nearest.h"

namespace repbench {

ViewParts::ViewParts(std::string_view specification) : text_(specification) {
  for (size_t start = 0; start <= text_.size();) {
    const size_t end = std::min(text_.find(':', start), text_.size());
    parts_.push_back(text_.substr(start, end - start));
    start = end + 1;
  }
  const size_t at = kind().find('@');
  if (at == std::string_view::npos) return;
  const std::string_view version = kind().substr(at + 1);
  const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), version_);
  if (error != std::errc() || end != version.data() + version.size()) {
    fail("KIND or KIND@VERSION", fmt::format("'{}'", kind()));
  }
  parts_.front() = kind().substr(0, at);
}

void ViewParts::take_version(int version) {
  if (version_ != 0 && version_ != version) {
    fail(fmt::format("version {} of {}", version, kind()), fmt::format("version {}", version_));
  }
  label_ = version == 1 ? std::string(kind()) : fmt::format("{}@{}", kind(), version);
}

template <typename Number>
Number ViewParts::number(size_t index, std::string_view what, Number low, Number high) const {
  const std::string_view part = parts_.at(index);
  const char* const last = part.data() + part.size();
  Number value{};
  const auto [end, error] = std::from_chars(part.data(), last, value);
  if (error != std::errc() || end != last || !(value >= low && value <= high)) {
    fail(fmt::format("{} between {} and {}", what, low, high), fmt::format("'{}'", part));
  }
  return value;
}

int ViewParts::integer(size_t index, std::string_view what, int low, int high) const {
  return number<int>(index, what, low, high);
}

double ViewParts::real(size_t index, std::string_view what, double low, double high) const {
  return number<double>(index, what, low, high);
}

Interpolation ViewParts::interpolation(size_t index) const {
  if (!has(index)) return Interpolation::bicubic;
  const std::vector<std::string> names = interpolation_names();
  return parse_interpolation(names[choice(index, "an interpolation", names)]);
}

size_t ViewParts::choice(size_t index, std::string_view what, std::span<const std::string> words) const {
  const std::string_view part = parts_.at(index);
  const auto found = std::find(words.begin(), words.end(), part);
  if (found == words.end()) {
    fail(fmt::format("{}: {}", what, fmt::join(words, ", ")),
         fmt::format("'{}'{}", part, did_you_mean(part, words)));
  }
  return static_cast<size_t>(found - words.begin());
}

Colour ViewParts::colour(size_t index) const {
  const std::string_view part = parts_.at(index);
  Colour colour{};
  const char* at = part.data();
  const char* const last = part.data() + part.size();
  for (size_t c = 0; c < colour.size(); ++c) {
    const bool after_comma = c == 0 || (at != last && *at++ == ',');
    const auto [end, error] = std::from_chars(at, last, colour[c]);
    if (!after_comma || error != std::errc() || (c + 1 == colour.size() && end != last)) {
      fail("a colour R,G,B of numbers between 0 and 255", fmt::format("'{}'", part));
    }
    at = end;
  }
  return colour;
}

void ViewParts::fail(std::string_view expected, std::string_view got) const {
  throw std::invalid_argument(fmt::format("[view] {}: expected {}; got {}", text_, expected, got));
}

}  // namespace repbench
