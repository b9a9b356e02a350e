#include "datasets/splits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <stdexcept>
#include <tuple>

#include "datasets/random.h"
#include "files/hash.h"

namespace repbench {
namespace {

// Draws and held-out parts are ranked apart, so that one is a fair sample of the other.
enum class Use : uint64_t { draw = 0, hold_out = 1 };

struct Ranked {
  uint64_t rank;  // pseudo-random, from (seed, id) alone
  int64_t index;

  // clang-tidy takes the 0 that the compiler compares with for a pointer.
  // NOLINTNEXTLINE(modernize-use-nullptr)
  auto operator<=>(const Ranked&) const = default;
};

uint64_t rank_of(const std::string& id, uint64_t seed, Use use) {
  RandomStream stream(seed, Purpose::split, static_cast<uint64_t>(use), hash64(id));
  const uint64_t upper = stream.bits();
  return upper << 32 | stream.bits();
}

// The examples of every class, best rank first; those without a class under -1.
std::map<int64_t, std::vector<Ranked>> rank_by_class(const Dataset& dataset, const IndexList& from,
                                                     uint64_t seed, Use use) {
  std::map<int64_t, std::vector<Ranked>> classes;
  for (const int64_t index : from.indices) {
    classes[dataset.label(index)].push_back({rank_of(dataset.id(index), seed, use), index});
  }
  for (auto& [label, members] : classes) std::sort(members.begin(), members.end());
  return classes;
}

IndexList make_list(const Dataset& dataset, std::vector<int64_t> indices) {
  std::sort(indices.begin(), indices.end());
  Sha256 hash;
  for (size_t i = 0; i < indices.size(); ++i) {
    if (i > 0) hash.update("\n");
    hash.update(dataset.id(indices[i]));
  }
  return {std::move(indices), hash.hex()};
}

// How many of each class make `total`: the exact share rounded down, then the largest remainders rounded up.
std::vector<int64_t> apportion(const std::map<int64_t, std::vector<Ranked>>& classes, double share,
                               int64_t total) {
  struct Remainder {
    double fraction;
    uint64_t rank;
    size_t position;
  };
  std::vector<int64_t> counts;
  std::vector<Remainder> remainders;
  for (const auto& [label, members] : classes) {
    const double exact = share * static_cast<double>(members.size());
    counts.push_back(static_cast<int64_t>(exact));
    remainders.push_back(
        {exact - static_cast<double>(counts.back()), members.front().rank, counts.size() - 1});
  }
  std::sort(remainders.begin(), remainders.end(), [](const Remainder& a, const Remainder& b) {
    return std::tuple(-a.fraction, a.rank) < std::tuple(-b.fraction, b.rank);
  });
  int64_t missing = total - std::accumulate(counts.begin(), counts.end(), int64_t{0});
  for (const Remainder& remainder : remainders) {
    if (missing-- <= 0) break;
    ++counts[remainder.position];
  }
  return counts;
}

std::string class_name(const Dataset& dataset, size_t label) {
  return fmt::format("class {} ('{}')", label, dataset.class_names()[label]);
}

}  // namespace

IndexList all_examples(const Dataset& dataset) {
  std::vector<int64_t> indices(static_cast<size_t>(dataset.size()));
  std::iota(indices.begin(), indices.end(), int64_t{0});
  return make_list(dataset, std::move(indices));
}

IndexList these_examples(const Dataset& dataset, std::vector<int64_t> indices) {
  std::sort(indices.begin(), indices.end());
  indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
  return make_list(dataset, std::move(indices));
}

IndexList draw_examples(const Dataset& dataset, const IndexList& from, int64_t count, uint64_t seed) {
  if (count < 1) throw std::invalid_argument(fmt::format("[draw] expected a positive count; got {}", count));
  // The first of every class, then the second of every class, and so on: every prefix is balanced.
  std::vector<std::tuple<size_t, Ranked>> order;
  for (const auto& [label, members] : rank_by_class(dataset, from, seed, Use::draw)) {
    for (size_t i = 0; i < members.size(); ++i) order.emplace_back(i, members[i]);
  }
  std::sort(order.begin(), order.end());
  order.resize(std::min<size_t>(order.size(), static_cast<size_t>(count)));
  std::vector<int64_t> indices;
  for (const auto& [round, member] : order) indices.push_back(member.index);
  return make_list(dataset, std::move(indices));
}

IndexList draw_few_shot(const Dataset& dataset, const IndexList& from, int64_t shots, uint64_t seed) {
  if (shots < 1)
    throw std::invalid_argument(fmt::format("[few_shot] expected at least 1 shot; got {}", shots));
  const auto classes = rank_by_class(dataset, from, seed, Use::draw);
  std::vector<int64_t> indices;
  for (size_t label = 0; label < dataset.class_names().size(); ++label) {
    const auto found = classes.find(static_cast<int64_t>(label));
    const int64_t members = found == classes.end() ? 0 : static_cast<int64_t>(found->second.size());
    if (members < shots) {
      throw std::invalid_argument(fmt::format("[few_shot] expected {} examples of {}; got {}", shots,
                                              class_name(dataset, label), members));
    }
    for (int64_t i = 0; i < shots; ++i) indices.push_back(found->second[i].index);
  }
  return make_list(dataset, std::move(indices));
}

HoldOut hold_out(const Dataset& dataset, const IndexList& from, double share, uint64_t seed) {
  if (!(share > 0.0 && share < 1.0) || from.size() < 2) {
    throw std::invalid_argument(
        fmt::format("[hold_out] expected a share between 0 and 1 of at least two examples; got {} of {}",
                    share, from.size()));
  }
  const auto classes = rank_by_class(dataset, from, seed, Use::hold_out);
  const auto rounded = static_cast<int64_t>(std::llround(share * static_cast<double>(from.size())));
  const std::vector<int64_t> counts =
      apportion(classes, share, std::clamp<int64_t>(rounded, 1, from.size() - 1));
  std::vector<int64_t> kept, held_out;
  size_t position = 0;
  for (const auto& [label, members] : classes) {
    const int64_t count = counts[position++];
    for (int64_t i = 0; i < static_cast<int64_t>(members.size()); ++i) {
      (i < count ? held_out : kept).push_back(members[i].index);
    }
  }
  return {make_list(dataset, std::move(kept)), make_list(dataset, std::move(held_out))};
}

}  // namespace repbench
