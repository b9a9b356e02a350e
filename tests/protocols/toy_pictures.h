#pragma once

#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/random.h"
#include "files/hash.h"
#include "protocols/protocol.h"
#include "tests/datasets/noise_picture.h"

namespace repbench {

/// Grey pictures of 8x8 pixels in memory: class c of four is the picture whose quadrant c is bright, and both
/// captions say so. Counts how often a picture was read.
class ToyPictures : public Dataset {
 public:
  static constexpr int kClasses = 4, kSide = 8;

  /// `shuffled`: labels that have nothing to do with the pictures.
  ToyPictures(std::string split, int64_t size, bool shuffled = false)
      : split_(std::move(split)), size_(size), shuffled_(shuffled) {
    provenance_ = {"memory", "none", sha256(fmt::format("{} {} {}", split_, size_, shuffled_))};
  }

  std::string name() const override { return "toy_pictures"; }
  std::string split() const override { return split_; }
  int64_t size() const override { return size_; }
  int channels() const override { return 1; }
  std::string id(int64_t index) const override { return fmt::format("{}/{}", split_, index); }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  const Provenance& provenance() const override { return provenance_; }

  int64_t label(int64_t index) const override {
    return shuffled_ ? static_cast<int64_t>(hash64("label of " + id(index)) % kClasses) : index % kClasses;
  }

  std::vector<std::string> captions(int64_t index) const override {
    const std::string& bright = class_names_[static_cast<size_t>(index % kClasses)];
    return {"bright at the " + bright, "the " + bright + " is bright"};
  }

  Example get(int64_t index) const override {
    ++reads;
    Image image = noise_picture(kSide, kSide, 1, hash64(id(index)));
    const auto bright = static_cast<int>(index % kClasses);
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) {
        uint8_t& pixel = image.row(y)[x];
        pixel = static_cast<uint8_t>(pixel / 4 + (y / 4 * 2 + x / 4 == bright ? 160 : 0));
      }
    }
    return {id(index), std::move(image), {label(index)}, captions(index)};
  }

  mutable std::atomic<int64_t> reads = 0;

 private:
  std::string split_;
  int64_t size_;
  bool shuffled_;
  std::vector<std::string> class_names_ = {"top left", "top right", "bottom left", "bottom right"};
  Provenance provenance_;
};

/// A task on toy pictures.
inline Task toy_task(int64_t train, int64_t test, bool shuffled = false) {
  Task task;
  task.train = std::make_shared<ToyPictures>("train", train, shuffled);
  task.test = std::make_shared<ToyPictures>("test", test, shuffled);
  task.train_examples = all_examples(*task.train);
  task.test_examples = all_examples(*task.test);
  task.view = "small_eval:8";
  return task;
}

inline int64_t reads_of(const Task& task) {
  return dynamic_cast<const ToyPictures&>(*task.train).reads +
         dynamic_cast<const ToyPictures&>(*task.test).reads;
}

}  // namespace repbench
