#include "datasets/duplicates.h"

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <stdexcept>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace repbench {
namespace {

// By the later picture and the group of the earlier one.
using Found = std::map<std::pair<size_t, int>, Duplicate>;

void keep_best(Found& found, const Duplicate& pair, int group) {
  const auto [kept, is_new] = found.try_emplace({pair.second, group}, pair);
  if (is_new) return;
  const auto rank = [](const Duplicate& d) { return std::tuple(!d.exact, d.difference, d.first); };
  if (rank(pair) < rank(kept->second)) kept->second = pair;
}

void find_exact(std::span<const PicturePrint> prints, std::span<const int> groups, Found& found) {
  std::unordered_map<std::string_view, std::map<int, size_t>> first;  // by pixels and group
  for (size_t i = 0; i < prints.size(); ++i) {
    std::map<int, size_t>& by_group = first[prints[i].pixels];
    for (const auto& [group, earlier] : by_group) keep_best(found, {earlier, i, true, 0.0}, group);
    by_group.try_emplace(groups[i], i);
  }
}

// The p-th of `parts` almost equal parts of 64 bits.
uint64_t part_of(uint64_t bits, int p, int parts) {
  const int begin = 64 * p / parts, end = 64 * (p + 1) / parts;
  return bits >> begin & ((uint64_t{1} << (end - begin)) - 1);
}

class NearSearch {
 public:
  NearSearch(std::span<const PicturePrint> prints, std::span<const int> groups, const Nearness& nearness,
             Found& found)
      : prints_(prints), groups_(groups), nearness_(nearness), parts_(nearness.bits + 1), found_(found) {}

  // Pictures that agree in the p-th part of their pHash.
  void run(int p) {
    std::vector<size_t> order(prints_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const auto key = [&](size_t i) { return part_of(prints_[i].phash, p, parts_); };
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return key(a) < key(b); });
    for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
      while (end < order.size() && key(order[end]) == key(order[begin])) ++end;
      compare_all(std::span(order).subspan(begin, end - begin), p);
    }
  }

 private:
  // `members` ascend.
  void compare_all(std::span<const size_t> members, int p) {
    for (size_t j = 1; j < members.size(); ++j) {
      for (size_t i = 0; i < j; ++i) compare(members[i], members[j], p);
    }
  }

  void compare(size_t first, size_t second, int p) {
    const PicturePrint &a = prints_[first], &b = prints_[second];
    if (std::popcount(a.phash ^ b.phash) > nearness_.bits) return;
    for (int earlier = 0; earlier < p; ++earlier) {
      if (part_of(a.phash, earlier, parts_) == part_of(b.phash, earlier, parts_)) return;  // seen there
    }
    if (a.pixels == b.pixels) return;  // exact, and found already
    const double difference = thumbnail_difference(a, b);
    if (difference <= nearness_.levels) keep_best(found_, {first, second, false, difference}, groups_[first]);
  }

  std::span<const PicturePrint> prints_;
  std::span<const int> groups_;
  Nearness nearness_;
  int parts_;
  Found& found_;
};

}  // namespace

std::vector<Duplicate> find_duplicates(std::span<const PicturePrint> prints, std::span<const int> groups,
                                       const Nearness& nearness) {
  if (nearness.bits < 0 || nearness.bits > 15)
    throw std::invalid_argument("[duplicates] expected 0 to 15 bits; got " + std::to_string(nearness.bits));
  Found found;
  find_exact(prints, groups, found);
  NearSearch search(prints, groups, nearness, found);
  for (int p = 0; p <= nearness.bits; ++p) search.run(p);
  std::vector<Duplicate> duplicates;
  for (const auto& [key, pair] : found) duplicates.push_back(pair);
  std::sort(duplicates.begin(), duplicates.end(), [](const Duplicate& a, const Duplicate& b) {
    return std::tie(a.second, a.first) < std::tie(b.second, b.first);
  });
  return duplicates;
}

}  // namespace repbench
