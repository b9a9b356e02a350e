#pragma once

#include <vector>

#include "tests/protocols/toy_pictures.h"

namespace repbench {

/// Toy pictures that are of their quadrant's class and, every third, of class 0 too; some have none.
class SeveralLabels final : public ToyPictures {
 public:
  using ToyPictures::ToyPictures;

  std::vector<int64_t> labels(int64_t index) const override {
    if (index % 11 == 10) return {};
    const int64_t own = index % kClasses;
    return own != 0 && index % 3 == 0 ? std::vector<int64_t>{0, own} : std::vector<int64_t>{own};
  }

  int64_t label(int64_t index) const override {
    const std::vector<int64_t> all = labels(index);
    return all.size() == 1 ? all.front() : -1;
  }
};

inline Task several_labels_task() {
  Task task = toy_task(4, 4);
  task.train = std::make_shared<SeveralLabels>("train", 132);
  task.test = std::make_shared<SeveralLabels>("test", 66);
  task.train_examples = all_examples(*task.train);
  task.test_examples = all_examples(*task.test);
  return task;
}

}  // namespace repbench
