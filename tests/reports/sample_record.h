#pragma once

#include <cmath>
#include <string>

#include "reports/record.h"
#include "reports/statistics/intervals.h"

// Invented reports: plausible in form, meaningless in value.

namespace repbench {

/// Outcomes of `n` examples of which the first `correct` are right.
inline Outcomes sample_outcomes(int n, int correct) {
  OutcomeTable table{"picture", {}, {}, {}};
  for (int i = 0; i < n; ++i) {
    table.ids.push_back("test/" + std::to_string(i));
    table.labels.push_back(i % 10);
    table.columns["prediction"].push_back(i < correct ? i % 10 : (i + 1) % 10);
    table.columns["correct"].push_back(i < correct ? 1 : 0);
  }
  return {{}, {table}};
}

inline Metric accuracy_metric(int correct, int n) {
  Metric metric;
  metric.name = "accuracy";
  metric.value = static_cast<double>(correct) / n;
  metric.headline = true;
  metric.n = n;
  metric.standard_error = binomial_standard_error(correct, n);
  metric.interval = wilson_interval(correct, n);
  metric.chance = 0.1;
  metric.ceiling = 1;
  metric.column = "correct";
  return metric;
}

/// A complete report of `protocol` on fashion_mnist: what the schema asks for is there.
inline Record sample_record(const std::string& label, const std::string& protocol, int correct,
                            int n = 1000) {
  Record record;
  record.run = {{"time", "2026-03-01T12:00:00Z"},
                {"command", "repbench run demo"},
                {"commit", "abc1234"},
                {"dirty", false}};
  record.environment = {
      {"cpu", "Invented CPU"}, {"threads", 2}, {"device", "cpu"}, {"versions", {{"torch", "2.11.0"}}}};
  record.checkpoint = {
      {"sha256",
       label == "raw pixels" ? std::string() : std::string(64, "0123456789abcdef"[label.size() % 16])},
      {"kind", label == "raw pixels" ? "pixels" : "vit"},
      {"label", label},
      {"config", Json::object()},
      {"parameters", {{"total", 1812096}, {"trainable", 1930}}}};
  record.dataset = {{"name", "fashion_mnist"},
                    {"splits", {{"train", 20000}, {"test", n}}},
                    {"hashes", {{"train", "11"}, {"test", "22"}}}};
  record.protocol = protocol;
  record.requested = {{"solver", "ridge"}, {"train_examples", 20000}};
  record.resolved = {{"tap", "mean"}};
  record.identity = {"solver", "train_examples"};
  record.fingerprint = fingerprint(record);
  record.metrics = {accuracy_metric(correct, n)};
  record.outcomes = sample_outcomes(n, correct);
  record.cost = {{"seconds", 3.5}};
  return record;
}

/// A cell of a mask-ratio x decoder-depth grid.
inline Record grid_record(double mask_ratio, int decoder_depth, int seed, const std::string& protocol,
                          int correct) {
  Record record = sample_record("MAE", protocol, correct, 10000);
  record.checkpoint["config"] = {
      {"seed", seed},
      {"model", {{"width", 192}}},
      {"objective", {{"mask_ratio", mask_ratio}, {"decoder_depth", decoder_depth}}}};
  const std::string digits =
      std::to_string(std::lround(mask_ratio * 100)) + std::to_string(decoder_depth) + std::to_string(seed);
  record.checkpoint["sha256"] = digits + std::string(64 - digits.size(), 'a');
  record.outcomes.reset();
  record.metrics[0].column.clear();
  return record;
}

}  // namespace repbench
