#include "datasets/class_balance.h"

#include <algorithm>

namespace repbench {

ClassBalance class_balance(const Dataset& dataset, const IndexList& examples) {
  ClassBalance balance;
  balance.counts.resize(dataset.class_names().size());
  for (const int64_t index : examples.indices) {
    const std::vector<int64_t> labels = dataset.labels(index);
    for (const int64_t label : labels) ++balance.counts.at(static_cast<size_t>(label));
    balance.unlabelled += labels.empty() ? 1 : 0;
  }
  if (balance.counts.empty()) return balance;
  const auto [least, most] = std::minmax_element(balance.counts.begin(), balance.counts.end());
  balance.smallest = *least;
  balance.largest = *most;
  for (size_t k = 0; k < balance.counts.size(); ++k) {
    if (balance.counts[k] == 0) balance.empty_classes.push_back(static_cast<int64_t>(k));
  }
  return balance;
}

}  // namespace repbench
