#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "configs/option_value.h"
#include "configs/options.h"

// The three ways in which options are shown to people, and the one in which they are stored.

namespace repbench {
namespace {

// A longer cell pushes its own line only.
constexpr size_t max_column = 32;

using Line = std::array<std::string, 5>;

std::string aligned(const std::vector<Line>& lines) {
  std::array<size_t, std::tuple_size_v<Line>> widths{};
  for (const Line& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) {
      if (line[i].size() <= max_column) widths[i] = std::max(widths[i], line[i].size());
    }
  }
  std::string text;
  for (const Line& line : lines) {
    for (size_t i = 0; i + 1 < line.size(); ++i) text += fmt::format("{:<{}}  ", line[i], widths[i]);
    text += line.back() + "\n";
  }
  return text;
}

}  // namespace

std::string Options::help() const {
  std::vector<Line> lines;
  for (const Entry& entry : entries_) {
    lines.push_back({entry.key, display(entry.default_value, entry.field), entry.field.unit,
                     allowed_values(entry.field), entry.field.help});
  }
  return aligned(lines);
}

std::string Options::print() const {
  std::string text;
  for (const Entry& entry : entries_) {
    const Json value = value_of(entry.target);
    text += fmt::format("{} {} = {}\n", value == entry.default_value ? ' ' : '*', entry.key,
                        display(value, entry.field));
  }
  return text;
}

std::vector<std::string> Options::differences() const {
  std::vector<std::string> lines;
  for (const Entry& entry : entries_) {
    const Json value = value_of(entry.target);
    if (value == entry.default_value) continue;
    lines.push_back(fmt::format("{} = {} (default {})", entry.key, display(value, entry.field),
                                display(entry.default_value, entry.field)));
  }
  return lines;
}

Json Options::to_json(bool identity_only) const {
  Json document = Json::object();
  for (const Entry& entry : entries_) {
    if (identity_only && !entry.field.identity) continue;
    Json* node = &document;
    for (size_t begin = 0; begin <= entry.key.size();) {
      const size_t end = std::min(entry.key.find('.', begin), entry.key.size());
      node = &(*node)[entry.key.substr(begin, end - begin)];
      begin = end + 1;
    }
    *node = value_of(entry.target);
  }
  return document;
}

}  // namespace repbench
