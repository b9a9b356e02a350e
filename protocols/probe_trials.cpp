#include "protocols/probe_trials.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

/// Nothing if a score is not finite.
std::optional<Classification> judged(const ProbeHeads& heads, size_t head, const FeatureSet& on) {
  const at::Tensor scores = heads.scores(head, on.by_tap);
  if (!scores.isfinite().all().item<bool>()) return std::nullopt;
  return classify(scores, on.labels);
}

Curve empty_curve(const std::string& name) {
  Curve curve;
  curve.name = name;
  curve.x_label = "epochs of the probe";
  curve.y_label = "accuracy";
  return curve;
}

void add_to(Curve& curve, double epoch, int64_t correct, int64_t n) {
  curve.x.push_back(epoch);
  curve.y.push_back(static_cast<double>(correct) / static_cast<double>(n));
  curve.intervals.push_back(wilson_interval(correct, n));
}

}  // namespace

ProbeTrials::ProbeTrials(const ProbeHeads& heads, const FeatureSet* held_out, const FeatureSet& test,
                         int64_t evaluate_every, const ProtocolContext& context)
    : heads_(heads), held_out_(held_out), test_(test), evaluate_every_(evaluate_every), context_(context) {}

void ProbeTrials::on_step(const StepReport& report, const Trainer&) {
  context_.progress("linear heads", report.step, report.total_steps);
  const int64_t every = evaluate_every_ * report.steps_per_epoch;
  if (every > 0 && report.step % every == 0 && report.step < report.total_steps) judge(report);
}

void ProbeTrials::on_finish(const StepReport& report, const Trainer&) {
  judge(report);
  if (last_) return;
  throw std::runtime_error(
      fmt::format("[linear_probe] step {}: expected a head with finite scores; got none of {}", report.step,
                  heads_.heads().size()));
}

void ProbeTrials::judge(const StepReport& report) {
  last_.reset();
  for (size_t head = 0; head < heads_.heads().size(); ++head) {
    ProbeTrial trial;
    trial.head = head;
    trial.epoch = static_cast<double>(report.step) / static_cast<double>(report.steps_per_epoch);
    std::optional<Classification> held_out, test;
    if (heads_.heads()[head].diverged_at == 0) {
      test = judged(heads_, head, test_);
      if (held_out_ != nullptr) held_out = judged(heads_, head, *held_out_);
    }
    trial.finite = test && (held_out || held_out_ == nullptr);
    if (trial.finite) {
      trial.test_correct = test->correct;
      trial.held_out_correct = held_out ? held_out->correct : 0;
      keep(trial, std::move(*test));
    }
    trials_.push_back(trial);
  }
}

void ProbeTrials::keep(const ProbeTrial& trial, Classification test) {
  if (!last_ || trial.held_out_correct > last_->trial.held_out_correct) last_ = {trial, test};
  if (!best_ || trial.test_correct > best_->trial.test_correct) best_ = {trial, test};
  if (held_out_ == nullptr) return;
  if (!selected_ || trial.held_out_correct > selected_->trial.held_out_correct)
    selected_ = {trial, std::move(test)};
}

std::optional<double> ProbeTrials::held_out_accuracy(const ProbeTrial& trial) const {
  if (held_out_ == nullptr) return std::nullopt;
  return static_cast<double>(trial.held_out_correct) / static_cast<double>(held_out_->labels.numel());
}

double ProbeTrials::test_accuracy(const ProbeTrial& trial) const {
  return static_cast<double>(trial.test_correct) / static_cast<double>(test_.labels.numel());
}

Json ProbeTrials::to_json(const ProbeTrial& trial) const {
  const ProbeHeads::Head& head = heads_.heads()[trial.head];
  Json json = {{"tap", heads_.tap_of(trial.head)}, {"base_lr", head.base_lr}, {"epoch", trial.epoch}};
  if (!trial.finite) {
    // 0: its loss was finite to the end, what it made of the last examples was not.
    json["diverged_at_step"] = head.diverged_at;
    return json;
  }
  if (const std::optional<double> held_out = held_out_accuracy(trial)) json["held_out_accuracy"] = *held_out;
  json["test_accuracy"] = test_accuracy(trial);
  return json;
}

Json ProbeTrials::table(size_t most) const {
  Json rows = Json::array();
  for (size_t i = trials_.size() > most ? trials_.size() - most : 0; i < trials_.size(); ++i)
    rows.push_back(to_json(trials_[i]));
  return rows;
}

std::vector<Curve> ProbeTrials::curves() const {
  Curve test = empty_curve("test"), held_out = empty_curve("held-out train");
  for (const ProbeTrial& trial : trials_) {
    if (trial.head != last_->trial.head || !trial.finite) continue;
    add_to(test, trial.epoch, trial.test_correct, test_.labels.numel());
    if (held_out_ != nullptr)
      add_to(held_out, trial.epoch, trial.held_out_correct, held_out_->labels.numel());
  }
  if (test.x.size() < 2) return {};
  if (held_out_ == nullptr) return {test};
  return {test, held_out};
}

}  // namespace repbench
