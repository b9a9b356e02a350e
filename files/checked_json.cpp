#include "files/checked_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include "files/nearest.h"

namespace repbench {
namespace {

std::string excerpt(const Json& value) {
  if (value.is_object()) return "an object";
  return value.is_array() ? "a list" : brief_json(value);
}

}  // namespace

CheckedJson::CheckedJson(const Json& value, std::string where, std::string path)
    : value_(&value), where_(std::move(where)), path_(std::move(path)) {}

std::string CheckedJson::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void CheckedJson::fail(std::string_view wanted) const {
  throw std::invalid_argument(fmt::format("{}: expected {} at {}; got {}", where_, wanted,
                                          path_.empty() ? "the top" : path_, excerpt(*value_)));
}

CheckedJson CheckedJson::at(std::string_view key) const {
  if (auto member = find(key)) return *std::move(member);
  throw std::invalid_argument(fmt::format("{}: expected the key {}; got none", where_, path_of(key)));
}

std::optional<CheckedJson> CheckedJson::find(std::string_view key) const {
  const auto found = object().find(std::string(key));
  if (found == value_->end()) return std::nullopt;
  return CheckedJson(*found, where_, path_of(key));
}

void CheckedJson::expect_only(std::initializer_list<std::string_view> keys) const {
  for (const auto& member : object().items()) {
    if (std::find(keys.begin(), keys.end(), member.key()) != keys.end()) continue;
    const std::vector<std::string> known(keys.begin(), keys.end());
    throw std::invalid_argument(fmt::format("{}: expected a known key; got {}{}", where_,
                                            path_of(member.key()), did_you_mean(member.key(), known)));
  }
}

const Json& CheckedJson::object() const {
  if (!value_->is_object()) fail("an object");
  return *value_;
}

bool CheckedJson::is_list() const { return value_->is_array(); }

bool CheckedJson::is_number() const { return value_->is_number(); }

std::vector<CheckedJson> CheckedJson::items() const {
  if (!value_->is_array()) fail("a list");
  std::vector<CheckedJson> items;
  items.reserve(value_->size());
  for (const Json& item : *value_)
    items.emplace_back(item, where_, fmt::format("{}[{}]", path_, items.size()));
  return items;
}

std::string CheckedJson::text() const {
  if (!value_->is_string()) fail("a string");
  return value_->get<std::string>();
}

double CheckedJson::number() const {
  if (!value_->is_number()) fail("a number");
  return value_->get<double>();
}

int64_t CheckedJson::integer() const {
  const bool too_large =
      value_->is_number_unsigned() && value_->get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()};
  if (!value_->is_number_integer() || too_large) fail("an integer");
  return value_->get<int64_t>();
}

bool CheckedJson::flag() const {
  if (!value_->is_boolean()) fail("true or false");
  return value_->get<bool>();
}

std::vector<double> CheckedJson::numbers() const {
  std::vector<double> values;
  for (const CheckedJson& item : items()) values.push_back(item.number());
  return values;
}

std::vector<int64_t> CheckedJson::integers() const {
  std::vector<int64_t> values;
  for (const CheckedJson& item : items()) values.push_back(item.integer());
  return values;
}

std::vector<std::string> CheckedJson::texts() const {
  std::vector<std::string> values;
  for (const CheckedJson& item : items()) values.push_back(item.text());
  return values;
}

}  // namespace repbench
