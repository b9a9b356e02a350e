#include "datasets/text/class_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>

#include "datasets/text/prompts.h"

namespace repbench {
namespace {

using Names = std::vector<std::string>;

bool is_digit(char letter) { return std::isdigit(static_cast<unsigned char>(letter)) != 0; }

// "class_10" as {"class_", "10" without leading zeros}; nothing if it does not end in a number.
struct Numbered {
  std::string stem, number;

  // clang-tidy takes the 0 that the compiler compares with for a pointer.
  // NOLINTNEXTLINE(modernize-use-nullptr)
  bool before(const Numbered& other) const {
    return number.size() != other.number.size() ? number.size() < other.number.size() : number < other.number;
  }
};

std::optional<Numbered> numbered(const std::string& name) {
  size_t digits = name.size();
  while (digits > 0 && is_digit(name[digits - 1])) --digits;
  if (digits == name.size()) return std::nullopt;
  const size_t first = std::min(name.find_first_not_of('0', digits), name.size() - 1);
  return Numbered{name.substr(0, digits), name.substr(first)};
}

// Two neighbours of one stem whose numbers fall.
std::optional<std::string> numbers_out_of_order(const Names& names) {
  for (size_t k = 0; k + 1 < names.size(); ++k) {
    const auto here = numbered(names[k]), next = numbered(names[k + 1]);
    if (!here || !next || here->stem != next->stem || !next->before(*here)) continue;
    return fmt::format("class {} is '{}' and class {} is '{}': their numbers fall", k, names[k], k + 1,
                       names[k + 1]);
  }
  return std::nullopt;
}

Names same_in_other_spelling(const Names& names, const Names& folded) {
  Names found;
  std::map<std::string, size_t> first;
  for (size_t k = 0; k < names.size(); ++k) {
    const auto [earlier, is_new] = first.try_emplace(folded[k], k);
    if (is_new || folded[k].empty()) continue;
    found.push_back(fmt::format("classes {} and {} have names that differ in spelling alone: '{}' and '{}'",
                                earlier->second, k, names[earlier->second], names[k]));
  }
  return found;
}

struct KnownOrder {
  std::string set;
  Names names;
};

// The prompt sets', and data sets' own for which those have no names.
std::vector<KnownOrder> known_orders() {
  std::vector<KnownOrder> orders = {
      {"CIFAR-10",
       {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}},
      {"STL-10", {"airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"}}};
  for (const std::string& set : prompt_set_names()) orders.push_back({set, prompts_for(set).class_names});
  return orders;
}

// Where the names stand in a known set that has the same ones in another order; nothing if any set has this
// order too.
std::optional<std::string> order_of_another(const Names& names, const Names& folded) {
  Names sorted = folded;
  std::sort(sorted.begin(), sorted.end());
  std::optional<std::string> surprise;
  for (const auto& [set, set_names] : known_orders()) {
    const Names theirs = folded_names(set_names);
    if (theirs == folded) return std::nullopt;
    Names sorted_theirs = theirs;
    std::sort(sorted_theirs.begin(), sorted_theirs.end());
    if (surprise || sorted_theirs != sorted) continue;
    const auto k = std::mismatch(folded.begin(), folded.end(), theirs.begin()).first - folded.begin();
    const auto place = std::find(theirs.begin(), theirs.end(), folded[k]) - theirs.begin();
    surprise = fmt::format("class {} is '{}', which is class {} of {}", k, names[k], place, set);
  }
  return surprise;
}

}  // namespace

std::string folded_name(std::string_view name) {
  std::string result;
  for (const char letter : name) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte >= 0x80 || std::isalnum(byte) != 0) result += static_cast<char>(std::tolower(byte));
  }
  return result;
}

std::vector<std::string> folded_names(const std::vector<std::string>& names) {
  std::vector<std::string> result;
  result.reserve(names.size());
  for (const std::string& name : names) result.push_back(folded_name(name));
  return result;
}

std::vector<std::string> class_order_surprises(const std::vector<std::string>& names) {
  const Names folded = folded_names(names);
  std::vector<std::string> surprises = same_in_other_spelling(names, folded);
  if (const auto found = numbers_out_of_order(names)) surprises.push_back(*found);
  if (names.size() < 2) return surprises;
  if (const auto found = order_of_another(names, folded)) surprises.push_back(*found);
  return surprises;
}

}  // namespace repbench
