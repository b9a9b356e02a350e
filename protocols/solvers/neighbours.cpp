#include "protocols/solvers/neighbours.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "protocols/solvers/checks.h"

namespace repbench {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr int64_t kQueryBlock = 512, kBankBlock = 1024;
constexpr double kLeastDistance = 1e-5;  // keeps the weight of an equal picture finite

struct Candidate {
  float similarity;
  int64_t index;
};

bool nearer(const Candidate& a, const Candidate& b) {
  return a.similarity > b.similarity || (a.similarity == b.similarity && a.index < b.index);
}

/// The k nearest of a stream that comes in the order of the bank, so that an equal similarity that comes
/// later loses.
class Nearest {
 public:
  explicit Nearest(int64_t k) : k_(static_cast<size_t>(k)) { kept_.reserve(2 * k_ + kSlack); }

  void offer(const float* similarities, int64_t count, int64_t first_index) {
    int64_t i = 0;
    for (; i < count && kept_.size() < k_; ++i) {
      // Finite features may still overflow: infinity minus infinity is the farthest.
      keep(std::isnan(similarities[i]) ? -kInfinity : similarities[i], first_index + i);
    }
    for (; i < count; ++i) {
      if (similarities[i] > threshold_) keep(similarities[i], first_index + i);
    }
  }

  void write(float* similarities, int64_t* indices) {
    shrink();
    std::sort(kept_.begin(), kept_.end(), nearer);
    // One fewer where the query's own row is in a shard of k.
    kept_.resize(k_, {-kInfinity, std::numeric_limits<int64_t>::max()});
    for (size_t i = 0; i < k_; ++i) {
      similarities[i] = kept_[i].similarity;
      indices[i] = kept_[i].index;
    }
  }

 private:
  static constexpr size_t kSlack = 64;

  void keep(float similarity, int64_t index) {
    kept_.push_back({similarity, index});
    if (kept_.size() == 2 * k_ + kSlack) shrink();
  }

  void shrink() {
    if (kept_.size() <= k_) return;
    std::nth_element(kept_.begin(), kept_.begin() + static_cast<int64_t>(k_) - 1, kept_.end(), nearer);
    kept_.resize(k_);
    threshold_ = kept_[k_ - 1].similarity;
  }

  size_t k_;
  std::vector<Candidate> kept_;
  float threshold_ = -kInfinity;
};

/// Rows of the bank, from block to block.
struct Shard {
  int64_t first, last;  // one past the end

  int64_t size() const { return last - first; }
};

/// Whole blocks, so that each similarity is computed in the same product however many shards there are; a
/// bank of fewer blocks than shards has fewer shards.
std::vector<Shard> shards_of(int64_t bank, int64_t shards) {
  const int64_t blocks = (bank + kBankBlock - 1) / kBankBlock;
  const int64_t count = std::min(shards, blocks);
  std::vector<Shard> result;
  for (int64_t s = 0; s < count; ++s) {
    result.push_back(
        {blocks * s / count * kBankBlock, std::min(bank, blocks * (s + 1) / count * kBankBlock)});
  }
  return result;
}

/// Minus the distances of rows, in float64 by |a - b|^2 = |a|^2 + |b|^2 - 2ab; what is left of equal rows by
/// rounding is 0.
at::Tensor negative_distances(const at::Tensor& queries, const at::Tensor& bank) {
  const at::Tensor a = queries.to(at::kDouble), b = bank.to(at::kDouble);
  const at::Tensor norms = a.square().sum(1, true) + b.square().sum(1).unsqueeze(0);
  const at::Tensor squared = norms - at::mm(a, b.t()).mul_(2);
  const double rounding = static_cast<double>(a.size(1) + 8) * std::numeric_limits<double>::epsilon();
  return squared.masked_fill(squared.le(norms * rounding), 0).sqrt_().neg_().to(at::kFloat);
}

at::Tensor similarities(const at::Tensor& queries, const at::Tensor& bank, Similarity by) {
  return by == Similarity::inner_product ? at::mm(queries, bank.t()).cpu()
                                         : negative_distances(queries, bank).cpu().contiguous();
}

/// All of a row but the query's own.
void offer_others(Nearest& nearest, const float* row, int64_t columns, int64_t begin, int64_t own) {
  if (own < begin || own >= begin + columns) return nearest.offer(row, columns, begin);
  nearest.offer(row, own - begin, begin);
  nearest.offer(row + (own - begin) + 1, begin + columns - own - 1, own + 1);
}

/// The k nearest in one shard, places without a row last.
Neighbours search_shard(const at::Tensor& queries, const at::Tensor& bank, const Shard& shard, int64_t k,
                        const NeighbourSearch& search) {
  const int64_t n = queries.size(0);
  Neighbours result{at::empty({n, k}, at::kFloat), at::empty({n, k}, at::kLong)};
  float* similarity = result.similarity.data_ptr<float>();
  int64_t* index = result.index.data_ptr<int64_t>();
  for (int64_t first = 0; first < n; first += kQueryBlock) {
    const int64_t rows = std::min(kQueryBlock, n - first);
    std::vector<Nearest> nearest(static_cast<size_t>(rows), Nearest(k));
    for (int64_t begin = shard.first; begin < shard.last; begin += kBankBlock) {
      const int64_t columns = std::min(kBankBlock, shard.last - begin);
      const at::Tensor scores =
          similarities(queries.narrow(0, first, rows), bank.narrow(0, begin, columns), search.by);
      const float* data = scores.const_data_ptr<float>();
      at::parallel_for(0, rows, 16, [&](int64_t from, int64_t to) {
        for (int64_t row = from; row < to; ++row) {
          const int64_t own = search.own.empty() ? -1 : search.own[static_cast<size_t>(first + row)];
          offer_others(nearest[row], data + row * columns, columns, begin, own);
        }
      });
    }
    for (int64_t row = 0; row < rows; ++row) {
      nearest[row].write(similarity + (first + row) * k, index + (first + row) * k);
    }
  }
  return result;
}

void check(const at::Tensor& queries, const at::Tensor& bank, int64_t k, const NeighbourSearch& search) {
  check_features("neighbours", queries);
  check_features("neighbours", bank);
  if (queries.scalar_type() != at::kFloat || bank.scalar_type() != at::kFloat) {
    refuse("neighbours", "float32 queries and bank", describe(queries) + " and " + describe(bank));
  }
  if (queries.size(1) != bank.size(1)) {
    refuse("neighbours", "queries and bank of one width", describe(queries) + " and " + describe(bank));
  }
  const int64_t most = bank.size(0) - (search.own.empty() ? 0 : 1);
  if (k < 1 || k > most) {
    refuse("neighbours", "k in 1 ... " + std::to_string(most), std::to_string(k));
  }
  if (search.shards < 1) refuse("neighbours", "at least one shard", std::to_string(search.shards));
  if (!search.own.empty() && static_cast<int64_t>(search.own.size()) != queries.size(0)) {
    refuse("neighbours", "a row of its own for each of " + std::to_string(queries.size(0)) + " queries",
           std::to_string(search.own.size()));
  }
}

/// Sums of weights by label.
at::Tensor votes(const Neighbours& neighbours, const at::Tensor& weight, const at::Tensor& bank_labels,
                 int64_t classes) {
  const int64_t k = weight.size(1);
  const at::Tensor label = bank_labels.cpu().index({neighbours.index.narrow(1, 0, k)});
  return at::zeros({weight.size(0), classes}, at::kDouble).scatter_add_(1, label, weight);
}

void check_votes(const Neighbours& neighbours, const at::Tensor& bank_labels, int64_t classes, int64_t k) {
  check_labels("vote", bank_labels, bank_labels.defined() ? bank_labels.numel() : 0, classes);
  const int64_t found = neighbours.index.size(1);
  if (k < 1 || k > found) refuse("vote", "k in 1 ... " + std::to_string(found), std::to_string(k));
  if (neighbours.index.max().item<int64_t>() >= bank_labels.size(0)) {
    refuse("vote", "a label for each row of the bank", describe(bank_labels));
  }
}

}  // namespace

Neighbours merge_neighbours(std::span<const Neighbours> parts, int64_t k) {
  if (parts.empty()) refuse("neighbours", "at least one part to merge", "none");
  std::vector<at::Tensor> similarities, indices;
  for (const Neighbours& part : parts) {
    similarities.push_back(part.similarity);
    indices.push_back(part.index);
  }
  const at::Tensor similarity = at::cat(similarities, 1), index = at::cat(indices, 1);
  const int64_t n = similarity.size(0), found = similarity.size(1);
  if (k < 1 || k > found) refuse("neighbours", "k in 1 ... " + std::to_string(found), std::to_string(k));
  Neighbours result{at::empty({n, k}, at::kFloat), at::empty({n, k}, at::kLong)};
  const float* from_similarity = similarity.const_data_ptr<float>();
  const int64_t* from_index = index.const_data_ptr<int64_t>();
  float* to_similarity = result.similarity.data_ptr<float>();
  int64_t* to_index = result.index.data_ptr<int64_t>();
  at::parallel_for(0, n, 16, [&](int64_t first, int64_t last) {
    std::vector<Candidate> all(static_cast<size_t>(found));
    for (int64_t row = first; row < last; ++row) {
      for (int64_t i = 0; i < found; ++i) {
        all[i] = {from_similarity[row * found + i], from_index[row * found + i]};
      }
      std::partial_sort(all.begin(), all.begin() + k, all.end(), nearer);
      for (int64_t i = 0; i < k; ++i) {
        to_similarity[row * k + i] = all[i].similarity;
        to_index[row * k + i] = all[i].index;
      }
    }
  });
  return result;
}

Neighbours nearest_neighbours(const at::Tensor& queries, const at::Tensor& bank, int64_t k,
                              const NeighbourSearch& search) {
  check(queries, bank, k, search);
  std::vector<Neighbours> parts;
  for (const Shard& shard : shards_of(bank.size(0), search.shards)) {
    parts.push_back(search_shard(queries, bank, shard, std::min(k, shard.size()), search));
  }
  return parts.size() == 1 ? parts.front() : merge_neighbours(parts, k);
}

at::Tensor vote(const Neighbours& neighbours, const at::Tensor& bank_labels, int64_t classes, int64_t k,
                double temperature) {
  check_votes(neighbours, bank_labels, classes, k);
  check_positive("vote", "temperature", {temperature});
  const at::Tensor weight = neighbours.similarity.narrow(1, 0, k).to(at::kDouble).div(temperature).exp_();
  if (!std::isfinite(weight.sum().item<double>())) {
    refuse("vote", "similarity / temperature below 700 (normalise the features)", "an infinite vote");
  }
  return votes(neighbours, weight, bank_labels, classes);
}

at::Tensor vote_by_distance(const Neighbours& neighbours, const at::Tensor& bank_labels, int64_t classes,
                            int64_t k) {
  check_votes(neighbours, bank_labels, classes, k);
  const at::Tensor distance = neighbours.similarity.narrow(1, 0, k).to(at::kDouble).neg();
  return votes(neighbours, distance.add_(kLeastDistance).reciprocal_(), bank_labels, classes);
}

}  // namespace repbench
