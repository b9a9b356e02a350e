#include "protocols/frozen_head.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <memory>

#include "protocols/features.h"
#include "protocols/solvers/logistic.h"
#include "protocols/zero_shot_classifier.h"

namespace repbench {

FrozenHead zero_shot_head(const Subject& subject, const std::string& prompts, const Dataset& dataset,
                          const ProtocolContext& context, std::string_view where) {
  const ZeroShotClassifier words = make_zero_shot_classifier(subject, prompts, dataset, context, where);
  return {"projected",
          [texts = words.ensemble](const at::Tensor& features) { return cosines(features, texts); },
          {{"zero_shot", words.resolved}},
          words.warnings};
}

FrozenHead logistic_head(const Subject& subject, const Task& task, const std::string& tap, double C,
                         const ProtocolContext& context) {
  const std::vector<std::string> taps = {tap};
  const FeatureSet train =
      extract_features(subject, task.train, task.train_examples, task.view, taps, context);
  const auto standardiser = Standardiser::fit(train.by_tap.at(tap));
  const auto solution = std::make_shared<const LogisticSolution>(
      solve_logistic({standardiser.apply(train.by_tap.at(tap)),
                      train.labels,
                      static_cast<int64_t>(task.train->class_names().size()),
                      {C}}));
  FrozenHead head{tap,
                  [standardiser, solution](const at::Tensor& features) {
                    return logistic_scores(*solution, standardiser.apply(features))[0];
                  },
                  {{"tap", tap}, {"C", C}, {"gradient_norm", solution->gradient_norm[0]}}};
  if (!solution->converged[0]) {
    head.warnings.push_back(fmt::format("the linear probe stopped before its tolerance, at gradient {:.1e}",
                                        solution->gradient_norm[0]));
  }
  return head;
}

}  // namespace repbench
