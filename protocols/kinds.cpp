#include "protocols/kinds.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>
#include <vector>

#include "files/nearest.h"

namespace repbench {

std::span<const ProtocolKind> protocol_kinds() {
  static constexpr ProtocolKind kKinds[] = {
      {"linear_probe", "linear classifier on frozen features: logistic, ridge, one against the rest, SGD", 2,
       Needs::labels, make_linear_probe, OnFeatures::train_and_test_rows},
      {"knn", "weighted vote of the nearest training pictures in feature space", 2, Needs::labels, make_knn,
       OnFeatures::train_and_test_rows},
      {"zero_shot", "classes put into words: nearest text feature (CLIP)", 2, Needs::labels, make_zero_shot,
       OnFeatures::test_rows},
      {"few_shot", "classifier on 1, 2, 4, 8, 16 pictures of a class, against zero-shot", 2, Needs::labels,
       make_few_shot, OnFeatures::train_and_test_rows},
      {"retrieval", "pictures found by captions and captions by pictures: recall at 1, 5, 10 (CLIP)", 2,
       Needs::pictures, make_retrieval, OnFeatures::test_rows},
      {"finetune", "tune the last 0, 1/2, 1, ... all blocks, and train from scratch", 2, Needs::labels,
       make_finetune},
      {"throughput", "pictures per second: inference, a pretraining step, and from the disk with --dataset",
       2, Needs::nothing, make_throughput, OnFeatures::refused, /*in_turns=*/true},
      {"reconstruction", "error on removed patches, and a sheet of pictures (MAE)", 1, Needs::pictures,
       make_reconstruction},
      {"visualise",
       "where the class token looks, and with a text side: similarities, pictures found by captions", 1,
       Needs::pictures, make_visualise},
      {"robustness", "top-1 on corrupted pictures (ImageNet-C) and shifted sets, by class texts or a probe",
       1, Needs::labels, make_robustness},
      {"calibration", "are a probe's or zero-shot's probabilities right? before and after a temperature", 1,
       Needs::labels, make_calibration, OnFeatures::train_and_test_rows},
      {"label_free", "what features say of themselves: RankMe, LiDAR, alignment, uniformity, collapse", 1,
       Needs::pictures, make_label_free, OnFeatures::test_rows},
  };
  return kKinds;
}

std::vector<ProtocolResult> Protocol::run_in_turns(std::span<const Subject> subjects, const Task&,
                                                   const ProtocolContext&) {
  throw std::invalid_argument(
      fmt::format("[protocols] expected a protocol that measures encoders in turns ({}); got another for {} "
                  "encoders",
                  protocols_in_turns(), subjects.size()));
}

std::string protocols_in_turns() {
  std::vector<std::string_view> names;
  for (const ProtocolKind& kind : protocol_kinds()) {
    if (kind.in_turns) names.push_back(kind.name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

const ProtocolKind& find_protocol(std::string_view name) {
  std::vector<std::string> names;
  for (const ProtocolKind& kind : protocol_kinds()) {
    if (kind.name == name) return kind;
    names.emplace_back(kind.name);
  }
  fail_unknown_name("protocol", "a kind of protocol", name, names);
}

}  // namespace repbench
