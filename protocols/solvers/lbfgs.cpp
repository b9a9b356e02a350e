#include "protocols/solvers/lbfgs.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <numeric>

#include "protocols/solvers/line_search.h"

namespace repbench {
namespace {

constexpr int kMaxTrials = 25;
constexpr int64_t kPatience = 20;  // iterations without a lower value or gradient

std::vector<double> to_vector(const at::Tensor& values) {
  const at::Tensor host = values.to(at::kCPU, at::kDouble).contiguous();
  return {host.const_data_ptr<double>(), host.const_data_ptr<double>() + host.numel()};
}

/// A column [a, 1] beside the rows of `like`.
at::Tensor to_column(const std::vector<double>& values, const at::Tensor& like) {
  return at::tensor(values, at::kDouble).unsqueeze(1).to(like.device());
}

at::Tensor dots(const at::Tensor& a, const at::Tensor& b) {
  return at::bmm(a.unsqueeze(1), b.unsqueeze(2)).squeeze(2);  // [a, 1]
}

template <typename T>
std::vector<T> select(const std::vector<T>& values, const std::vector<int64_t>& rows) {
  std::vector<T> result;
  result.reserve(rows.size());
  for (const int64_t row : rows) result.push_back(values[row]);
  return result;
}

/// Steps and changes of the gradient. A pair without positive curvature has inverse 0 and does nothing.
struct Pair {
  at::Tensor step, change, inverse;  // [a, P], [a, P], [a, 1] = 1 / step . change
};

class Run {
 public:
  Run(BatchObjective& objective, const at::Tensor& start, const LbfgsOptions& options);
  Minimum finish();

 private:
  at::Tensor direction() const;
  std::vector<int64_t> finished() const;
  void retire(const std::vector<int64_t>& rows, bool converged);
  void keep(const std::vector<int64_t>& rows);
  std::vector<int64_t> advance(const at::Tensor& direction, const std::vector<double>& slope);
  std::vector<int64_t> stalled(const std::vector<double>& decrement);
  void remember(const at::Tensor& step, const at::Tensor& change);
  int64_t spent(int64_t member) const {
    return iteration_ + (options_.spent.empty() ? 0 : options_.spent[member]);
  }
  bool drop(const std::vector<int64_t>& rows, bool converged, at::Tensor& also);

  BatchObjective& objective_;
  LbfgsOptions options_;
  Members members_;
  at::Tensor point_;
  BatchObjective::Evaluation here_;
  std::deque<Pair> history_;
  std::vector<double> best_value_, best_decrement_;
  std::vector<int64_t> last_progress_;
  int64_t iteration_ = 0;
  Minimum result_;
};

Run::Run(BatchObjective& objective, const at::Tensor& start, const LbfgsOptions& options)
    : objective_(objective), options_(options), members_(start.size(0)), point_(start) {
  const size_t m = members_.size();
  std::iota(members_.begin(), members_.end(), 0);
  here_ = objective_.evaluate(point_, members_);
  best_value_.assign(m, std::numeric_limits<double>::infinity());
  best_decrement_ = best_value_;
  last_progress_.assign(m, 0);
  result_ = {at::empty_like(start), std::vector<double>(m), std::vector<double>(m), std::vector<int64_t>(m),
             std::vector<bool>(m)};
}

at::Tensor Run::direction() const {
  at::Tensor q = here_.gradient.clone();
  std::vector<at::Tensor> weights(history_.size());
  for (size_t i = history_.size(); i-- > 0;) {
    const Pair& pair = history_[i];
    weights[i] = pair.inverse * dots(pair.step, q);
    q.addcmul_(weights[i], pair.change, -1);
  }
  q = objective_.precondition(q, members_);
  if (!history_.empty()) {
    const Pair& last = history_.back();
    const at::Tensor curvature =
        last.inverse * dots(last.change, objective_.precondition(last.change, members_));
    q.div_(at::where(curvature > 0, curvature, 1.0));
  }
  for (size_t i = 0; i < history_.size(); ++i) {
    const Pair& pair = history_[i];
    q.addcmul_(weights[i] - pair.inverse * dots(pair.change, q), pair.step);
  }
  return q.neg_();
}

std::vector<int64_t> Run::finished() const {
  std::vector<int64_t> candidates;
  const std::vector<double> gap = objective_.gap(here_.gradient, members_),
                            bound = objective_.norm_at_least(here_.gradient, members_);
  for (size_t i = 0; i < members_.size(); ++i) {
    const bool small_gap = gap[i] <= options_.gap * std::abs(here_.value[i]);
    if (small_gap && bound[i] <= options_.tolerance) candidates.push_back(static_cast<int64_t>(i));
  }
  if (candidates.empty()) return {};
  const at::Tensor rows = at::tensor(candidates, at::kLong).to(point_.device());
  const std::vector<double> norm =
      objective_.norm(here_.gradient.index_select(0, rows), select(members_, candidates));
  std::vector<int64_t> done;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (norm[i] <= options_.tolerance) done.push_back(candidates[i]);
  }
  return done;
}

/// Members whose value and decrement have not fallen for a while: rounding has the last word.
std::vector<int64_t> Run::stalled(const std::vector<double>& decrement) {
  std::vector<int64_t> rows;
  for (size_t i = 0; i < members_.size(); ++i) {
    const double value = here_.value[i], threshold = objective_.noise() * std::abs(value);
    if (value < best_value_[i] - threshold || decrement[i] < best_decrement_[i])
      last_progress_[i] = iteration_;
    best_value_[i] = std::min(best_value_[i], value);
    best_decrement_[i] = std::min(best_decrement_[i], decrement[i]);
    const bool hopeless = !(decrement[i] > 0) || iteration_ - last_progress_[i] >= kPatience;
    if (hopeless || spent(members_[i]) >= options_.max_iterations) rows.push_back(static_cast<int64_t>(i));
  }
  return rows;
}

void Run::retire(const std::vector<int64_t>& rows, bool converged) {
  const at::Tensor index = at::tensor(rows, at::kLong).to(point_.device());
  const at::Tensor to = at::tensor(select(members_, rows), at::kLong).to(point_.device());
  result_.point.index_copy_(0, to, point_.index_select(0, index));
  const std::vector<double> norm =
      objective_.norm(here_.gradient.index_select(0, index), select(members_, rows));
  for (size_t i = 0; i < rows.size(); ++i) {
    const int64_t member = members_[rows[i]];
    result_.value[member] = here_.value[rows[i]];
    result_.norm[member] = norm[i];
    result_.iterations[member] = spent(member);
    result_.converged[member] = converged;
  }
}

void Run::keep(const std::vector<int64_t>& rows) {
  const at::Tensor index = at::tensor(rows, at::kLong).to(point_.device());
  members_ = select(members_, rows);
  here_.value = select(here_.value, rows);
  best_value_ = select(best_value_, rows);
  best_decrement_ = select(best_decrement_, rows);
  last_progress_ = select(last_progress_, rows);
  for (at::Tensor* tensor : {&point_, &here_.gradient}) *tensor = tensor->index_select(0, index);
  for (Pair& pair : history_) {
    for (at::Tensor* tensor : {&pair.step, &pair.change, &pair.inverse})
      *tensor = tensor->index_select(0, index);
  }
}

/// Takes finished rows out, from `also` too; false if none is left.
bool Run::drop(const std::vector<int64_t>& rows, bool converged, at::Tensor& also) {
  if (rows.empty()) return true;
  retire(rows, converged);
  std::vector<int64_t> rest;
  for (int64_t i = 0; i < static_cast<int64_t>(members_.size()); ++i) {
    if (!std::binary_search(rows.begin(), rows.end(), i)) rest.push_back(i);
  }
  keep(rest);
  also = also.index_select(0, at::tensor(rest, at::kLong).to(also.device()));
  return !rest.empty();
}

void Run::remember(const at::Tensor& step, const at::Tensor& change) {
  const at::Tensor product = dots(step, change);
  const at::Tensor floor = dots(change, change) * std::numeric_limits<double>::epsilon();
  history_.push_back({step, change, at::where(product > floor, product.reciprocal(), 0.0)});
  if (static_cast<int64_t>(history_.size()) > options_.history) history_.pop_front();
}

/// One accepted step for every member; returns the rows whose line search found none.
std::vector<int64_t> Run::advance(const at::Tensor& direction, const std::vector<double>& slope) {
  std::vector<LineSearch> lines;
  for (size_t i = 0; i < slope.size(); ++i) lines.emplace_back(here_.value[i], slope[i], objective_.noise());
  std::vector<int64_t> open(slope.size());
  std::iota(open.begin(), open.end(), 0);
  at::Tensor point = point_.clone(), gradient = here_.gradient.clone();
  for (int trial = 0; trial < kMaxTrials && !open.empty(); ++trial) {
    std::vector<double> steps;
    for (const int64_t i : open) steps.push_back(lines[i].step());
    const at::Tensor index = at::tensor(open, at::kLong).to(point_.device());
    const at::Tensor along = direction.index_select(0, index);
    const at::Tensor tried = at::addcmul(point_.index_select(0, index), along, to_column(steps, along));
    const BatchObjective::Evaluation there = objective_.evaluate(tried, select(members_, open));
    const std::vector<double> slopes = to_vector(dots(there.gradient, along));
    std::vector<int64_t> still_open, accepted, to;
    for (size_t j = 0; j < open.size(); ++j) {
      const int64_t i = open[j];
      if (!lines[i].accept(there.value[j], slopes[j])) {
        still_open.push_back(i);
        continue;
      }
      accepted.push_back(static_cast<int64_t>(j));
      to.push_back(i);
      here_.value[i] = there.value[j];
    }
    if (!to.empty()) {
      const at::Tensor from = at::tensor(accepted, at::kLong).to(point_.device());
      const at::Tensor rows = at::tensor(to, at::kLong).to(point_.device());
      point.index_copy_(0, rows, tried.index_select(0, from));
      gradient.index_copy_(0, rows, there.gradient.index_select(0, from));
    }
    open = std::move(still_open);
  }
  remember(point - point_, gradient - here_.gradient);
  point_ = point;
  here_.gradient = gradient;
  return open;
}

Minimum Run::finish() {
  while (!members_.empty()) {
    at::Tensor ahead = direction();
    const auto decrement = [&] { return to_vector(dots(here_.gradient, ahead).neg()); };
    if (!drop(finished(), true, ahead)) break;
    if (!drop(stalled(decrement()), false, ahead)) break;
    ++iteration_;
    const std::vector<int64_t> failed = advance(ahead, to_vector(dots(here_.gradient, ahead)));
    if (!drop(failed, false, ahead)) break;
  }
  return std::move(result_);
}

}  // namespace

Minimum minimise(BatchObjective& objective, const at::Tensor& start, const LbfgsOptions& options) {
  return Run(objective, start, options).finish();
}

}  // namespace repbench
