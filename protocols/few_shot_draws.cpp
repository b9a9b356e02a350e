#include "protocols/few_shot_draws.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "datasets/class_balance.h"
#include "datasets/index_file.h"

namespace repbench {
namespace {

constexpr int64_t kValidationShots = 4;

std::vector<int64_t> difference(const IndexList& larger, const IndexList& smaller) {
  std::vector<int64_t> rest;
  std::set_difference(larger.indices.begin(), larger.indices.end(), smaller.indices.begin(),
                      smaller.indices.end(), std::back_inserter(rest));
  return rest;
}

std::string name_of(uint64_t seed, int64_t shots, bool validation) {
  return fmt::format("seed{}-shots{}{}", seed, shots, validation ? "-validation" : "");
}

IndexList read_support(const Dataset& dataset, const std::filesystem::path& file, int64_t shots) {
  IndexList list = read_index_file(file, dataset);
  const std::vector<int64_t> counts = class_balance(dataset, list).counts;
  for (size_t k = 0; k < counts.size(); ++k) {
    if (counts[k] == shots) continue;
    throw std::invalid_argument(fmt::format("[few_shot] {}: expected {} examples of class {} ('{}'); got {}",
                                            file.string(), shots, k, dataset.class_names()[k], counts[k]));
  }
  return list;
}

}  // namespace

FewShotDraws few_shot_draws(const Dataset& dataset, const IndexList& from, const std::vector<int64_t>& shots,
                            int64_t seeds, uint64_t seed, bool with_validation) {
  FewShotDraws result;
  std::vector<int64_t> all;
  for (int64_t s = 0; s < seeds; ++s) {
    const uint64_t draw_seed = seed + static_cast<uint64_t>(s);
    FewShotDraw draw;
    const auto add = [&](std::vector<IndexList>& to, IndexList list) {
      all.insert(all.end(), list.indices.begin(), list.indices.end());
      to.push_back(std::move(list));
    };
    for (const int64_t count : shots) add(draw.support, draw_few_shot(dataset, from, count, draw_seed));
    // Draws are nested: the examples behind the largest support are in no support.
    for (size_t i = 0; with_validation && i < shots.size(); ++i) {
      const int64_t more = shots.back() + std::min(shots[i], kValidationShots);
      add(draw.validation, these_examples(dataset, difference(draw_few_shot(dataset, from, more, draw_seed),
                                                              draw.support.back())));
    }
    result.draws.push_back(std::move(draw));
  }
  result.all = these_examples(dataset, std::move(all));
  return result;
}

FewShotDraws read_few_shot_draws(const Dataset& dataset, const std::filesystem::path& folder,
                                 const std::vector<int64_t>& shots, int64_t seeds, uint64_t seed,
                                 bool with_validation) {
  FewShotDraws result;
  std::vector<int64_t> all;
  const auto keep = [&](std::vector<IndexList>& to, IndexList list) {
    all.insert(all.end(), list.indices.begin(), list.indices.end());
    to.push_back(std::move(list));
  };
  for (int64_t s = 0; s < seeds; ++s) {
    FewShotDraw draw;
    const auto file = [&](int64_t count, bool validation) {
      return folder / (name_of(seed + static_cast<uint64_t>(s), count, validation) + ".index.json");
    };
    for (const int64_t count : shots) {
      keep(draw.support, read_support(dataset, file(count, false), count));
      if (with_validation) keep(draw.validation, read_index_file(file(count, true), dataset));
    }
    result.draws.push_back(std::move(draw));
  }
  result.all = these_examples(dataset, std::move(all));
  return result;
}

std::vector<std::pair<std::string, IndexList>> named_draws(const FewShotDraws& draws,
                                                           const std::vector<int64_t>& shots, uint64_t seed) {
  std::vector<std::pair<std::string, IndexList>> lists;
  for (size_t s = 0; s < draws.draws.size(); ++s) {
    const FewShotDraw& draw = draws.draws[s];
    for (size_t i = 0; i < shots.size(); ++i) {
      lists.emplace_back(name_of(seed + s, shots[i], false), draw.support[i]);
      if (!draw.validation.empty()) lists.emplace_back(name_of(seed + s, shots[i], true), draw.validation[i]);
    }
  }
  return lists;
}

std::vector<int64_t> positions_in(const IndexList& whole, const IndexList& part) {
  std::vector<int64_t> positions;
  for (const int64_t index : part.indices) {
    const auto found = std::lower_bound(whole.indices.begin(), whole.indices.end(), index);
    positions.push_back(found - whole.indices.begin());
  }
  return positions;
}

}  // namespace repbench
