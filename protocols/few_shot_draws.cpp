#include "protocols/few_shot_draws.h"

#include <algorithm>
#include <iterator>

namespace repbench {
namespace {

constexpr int64_t kValidationShots = 4;

std::vector<int64_t> difference(const IndexList& larger, const IndexList& smaller) {
  std::vector<int64_t> rest;
  std::set_difference(larger.indices.begin(), larger.indices.end(), smaller.indices.begin(),
                      smaller.indices.end(), std::back_inserter(rest));
  return rest;
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

std::vector<int64_t> positions_in(const IndexList& whole, const IndexList& part) {
  std::vector<int64_t> positions;
  for (const int64_t index : part.indices) {
    const auto found = std::lower_bound(whole.indices.begin(), whole.indices.end(), index);
    positions.push_back(found - whole.indices.begin());
  }
  return positions;
}

}  // namespace repbench
