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
constexpr int64_t kQueryBlock = 512, kBankBlock = 4096;

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

void check(const at::Tensor& queries, const at::Tensor& bank, int64_t k) {
  check_features("neighbours", queries);
  check_features("neighbours", bank);
  if (queries.scalar_type() != at::kFloat || bank.scalar_type() != at::kFloat) {
    refuse("neighbours", "float32 queries and bank", describe(queries) + " and " + describe(bank));
  }
  if (queries.size(1) != bank.size(1)) {
    refuse("neighbours", "queries and bank of one width", describe(queries) + " and " + describe(bank));
  }
  if (k < 1 || k > bank.size(0)) {
    refuse("neighbours", "k in 1 ... " + std::to_string(bank.size(0)), std::to_string(k));
  }
}

}  // namespace

Neighbours nearest_neighbours(const at::Tensor& queries, const at::Tensor& bank, int64_t k) {
  check(queries, bank, k);
  const int64_t n = queries.size(0), m = bank.size(0);
  Neighbours result{at::empty({n, k}, at::kFloat), at::empty({n, k}, at::kLong)};
  float* similarity = result.similarity.data_ptr<float>();
  int64_t* index = result.index.data_ptr<int64_t>();
  for (int64_t first = 0; first < n; first += kQueryBlock) {
    const int64_t rows = std::min(kQueryBlock, n - first);
    std::vector<Nearest> nearest(static_cast<size_t>(rows), Nearest(k));
    for (int64_t begin = 0; begin < m; begin += kBankBlock) {
      const int64_t columns = std::min(kBankBlock, m - begin);
      const at::Tensor tile = at::mm(queries.narrow(0, first, rows), bank.narrow(0, begin, columns).t());
      const at::Tensor scores = tile.cpu();
      const float* data = scores.const_data_ptr<float>();
      at::parallel_for(0, rows, 16, [&](int64_t from, int64_t to) {
        for (int64_t row = from; row < to; ++row) nearest[row].offer(data + row * columns, columns, begin);
      });
    }
    for (int64_t row = 0; row < rows; ++row) {
      nearest[row].write(similarity + (first + row) * k, index + (first + row) * k);
    }
  }
  return result;
}

at::Tensor vote(const Neighbours& neighbours, const at::Tensor& bank_labels, int64_t classes, int64_t k,
                double temperature) {
  check_labels("vote", bank_labels, bank_labels.defined() ? bank_labels.numel() : 0, classes);
  const int64_t found = neighbours.index.size(1);
  if (k < 1 || k > found) refuse("vote", "k in 1 ... " + std::to_string(found), std::to_string(k));
  if (neighbours.index.max().item<int64_t>() >= bank_labels.size(0)) {
    refuse("vote", "a label for each row of the bank", describe(bank_labels));
  }
  check_positive("vote", "temperature", {temperature});
  const at::Tensor weight = neighbours.similarity.narrow(1, 0, k).to(at::kDouble).div(temperature).exp_();
  if (!std::isfinite(weight.sum().item<double>())) {
    refuse("vote", "similarity / temperature below 700 (normalise the features)", "an infinite vote");
  }
  const at::Tensor label = bank_labels.cpu().index({neighbours.index.narrow(1, 0, k)});
  return at::zeros({weight.size(0), classes}, at::kDouble).scatter_add_(1, label, weight);
}

}  // namespace repbench
