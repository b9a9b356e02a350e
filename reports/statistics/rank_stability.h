#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace repbench {

/// Does the ranking of models by their average score hang on one task?
struct RankStability {
  double mean_spearman = 0;  // over all pairs of tasks
  double least_spearman = 0;
  size_t least_first = 0, least_second = 0;  // the tasks that agree least, the first such pair
  size_t leader = 0;                         // best average over all tasks; the lower index of equal ones
  struct WithoutTask {
    double kendall_tau_b = 0;     // between the averages over all tasks and over the others
    size_t leader = 0;            // who leads without this task
    bool leader_changes = false;  // the leader over all tasks is beaten, not just equalled
  };
  std::vector<WithoutTask> without;  // one a task
  bool leader_changes = false;       // without some task
};

/// `scores[model][task]`, higher is better, on scales that may be averaged. Nothing where there are fewer
/// than three models or two tasks: too few to correlate. Throws std::invalid_argument for rows of unequal
/// length and scores that are not finite.
std::optional<RankStability> rank_stability(const std::vector<std::vector<double>>& scores);

}  // namespace repbench
