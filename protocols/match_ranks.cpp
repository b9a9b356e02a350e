#include "protocols/match_ranks.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "protocols/solvers/checks.h"

namespace repbench {
namespace {

constexpr int64_t kTile = int64_t{1} << 22;  // scores at once: 16 MiB

int64_t rank_of(const float* scores, int64_t candidates, const Matches& matches) {
  const float* best = std::max_element(scores + matches.first, scores + matches.last);  // the first of equals
  int64_t before = 0;
  for (const float* other = scores; other < best; ++other) before += *other >= *best;
  for (const float* other = best + 1; other < scores + candidates; ++other) before += *other > *best;
  return before + 1;
}

void check(const at::Tensor& queries, const at::Tensor& candidates, std::span<const Matches> matches) {
  check_features("match_ranks", queries);
  check_features("match_ranks", candidates);
  if (queries.scalar_type() != at::kFloat || candidates.scalar_type() != at::kFloat ||
      queries.size(1) != candidates.size(1)) {
    refuse("match_ranks", "float32 queries and candidates of one width",
           describe(queries) + " and " + describe(candidates));
  }
  if (static_cast<int64_t>(matches.size()) != queries.size(0)) {
    refuse("match_ranks", fmt::format("matches of {} queries", queries.size(0)),
           std::to_string(matches.size()));
  }
  for (const Matches& range : matches) {
    if (range.first >= 0 && range.first < range.last && range.last <= candidates.size(0)) continue;
    refuse("match_ranks", fmt::format("matches among the {} candidates", candidates.size(0)),
           fmt::format("{} ... {}", range.first, range.last - 1));
  }
}

}  // namespace

std::vector<int64_t> match_ranks(const at::Tensor& queries, const at::Tensor& candidates,
                                 std::span<const Matches> matches) {
  check(queries, candidates, matches);
  const int64_t n = queries.size(0), m = candidates.size(0);
  const int64_t rows = std::max<int64_t>(1, kTile / m);
  const at::Tensor transposed = candidates.t();
  std::vector<int64_t> ranks;
  for (int64_t start = 0; start < n; start += rows) {
    const at::Tensor scores =
        at::matmul(queries.narrow(0, start, std::min(rows, n - start)), transposed).contiguous();
    const float* score = scores.const_data_ptr<float>();
    for (int64_t row = 0; row < scores.size(0); ++row) {
      ranks.push_back(rank_of(score + row * m, m, matches[static_cast<size_t>(start + row)]));
    }
  }
  return ranks;
}

double chance_of_a_match(int64_t candidates, int64_t matching, int64_t k) {
  if (matching == 1) return static_cast<double>(std::min(k, candidates)) / static_cast<double>(candidates);
  double miss = 1;
  for (int64_t i = 0; i < std::min(k, candidates); ++i) {
    miss *= static_cast<double>(std::max<int64_t>(candidates - matching - i, 0)) /
            static_cast<double>(candidates - i);
  }
  return 1 - miss;
}

}  // namespace repbench
