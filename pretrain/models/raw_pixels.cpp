#include <ATen/ATen.h>
#include <fmt/format.h>

#include <stdexcept>

#include "pretrain/models/kinds.h"

namespace repbench {
namespace {

/// The control without a model: the picture's own pixels as features.
class RawPixels final : public Encoder {
 public:
  explicit RawPixels(InputSpec input) : input_(std::move(input)) {}

  std::string kind() const override { return "raw_pixels"; }
  Json config() const override { return Json::object(); }
  const InputSpec& input() const override { return input_; }
  const std::vector<Stage>& stages() const override { return stages_; }

  at::Tensor forward(at::Tensor x, int64_t from, int64_t to, const StageContext&) const override {
    return from < to ? x.flatten(1) : x;
  }

  std::map<std::string, at::Tensor> features(const at::Tensor& images, std::span<const std::string> taps,
                                             const StageContext&) const override {
    std::map<std::string, at::Tensor> found;
    for (const std::string& tap : taps) {
      if (tap != "pixels")
        throw std::invalid_argument(fmt::format("[raw_pixels] expected the tap pixels; got '{}'", tap));
      found[tap] = images.flatten(1);
    }
    return found;
  }

  std::vector<std::string> default_taps() const override { return {"pixels"}; }
  int64_t macs(int64_t, int64_t, int64_t) const override { return 0; }
  void initialise(uint64_t) override {}
  std::unique_ptr<Encoder> clone() const override { return std::make_unique<RawPixels>(*this); }

 private:
  InputSpec input_;
  std::vector<Stage> stages_ = {{"flatten", {}}};
};

}  // namespace

std::unique_ptr<Encoder> make_raw_pixels(const Json& config, const InputSpec& input,
                                         const std::shared_ptr<const Tokenizer>&) {
  if (!config.empty()) {
    throw std::invalid_argument(
        fmt::format("[raw_pixels] expected an empty config; got {}", brief_json(config)));
  }
  return std::make_unique<RawPixels>(input);
}

}  // namespace repbench
