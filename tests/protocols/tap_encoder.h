#pragma once

#include <ATen/ATen.h>

#include <memory>

#include "tests/protocols/toy_subject.h"

namespace repbench {

/// An encoder for tests of choosing: the tap "a_constant" says nothing, "z_pixels" everything.
class TapEncoder final : public Encoder {
 public:
  std::string kind() const override { return "taps"; }
  Json config() const override { return Json::object(); }
  const InputSpec& input() const override { return input_; }
  const std::vector<Stage>& stages() const override { return stages_; }
  at::Tensor forward(at::Tensor x, int64_t, int64_t, const StageContext&) const override { return x; }
  std::map<std::string, at::Tensor> features(const at::Tensor& images, std::span<const std::string> taps,
                                             const StageContext&) const override {
    std::map<std::string, at::Tensor> found;
    for (const std::string& tap : taps) {
      found[tap] = tap == "tokens" ? images.flatten(2) : images.flatten(1) * (tap == "a_constant" ? 0 : 1);
    }
    return found;
  }
  std::vector<std::string> default_taps() const override { return {"z_pixels", "a_constant", "m_pixels"}; }
  int64_t macs(int64_t, int64_t, int64_t) const override { return 0; }
  void initialise(uint64_t) override {}
  std::unique_ptr<Encoder> clone() const override { return std::make_unique<TapEncoder>(*this); }

 private:
  InputSpec input_ = toy_input();
  std::vector<Stage> stages_;
};

inline Subject tap_subject() { return subject_of(std::make_shared<TapEncoder>(), "taps"); }

/// A report without what may differ between two runs.
inline Json comparable(Record record, const std::string& protocol) {
  record.checkpoint = {{"sha256", ""}, {"kind", ""}, {"label", "x"}, {"config", Json::object()}};
  record.dataset = {{"name", "x"}};
  record.protocol = protocol;
  Json json = {{"metrics", Json::array()}, {"resolved", record.resolved}, {"warnings", record.warnings}};
  for (const Metric& metric : record.metrics) json["metrics"].push_back({metric.name, metric.value});
  for (const Curve& curve : record.curves) json["curves"].push_back({curve.name, curve.x, curve.y});
  if (!record.outcomes) return json;
  for (const OutcomeTable& table : record.outcomes->tables) json["outcomes"].push_back(table.columns);
  return json;
}

}  // namespace repbench
