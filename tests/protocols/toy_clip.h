#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/protocols/toy_subject.h"

// A picture-text encoder whose numbers can be worked out by hand.

namespace repbench {

/// The vectors of phrases; a text's feature is the sum over the phrases in it.
using Phrases = std::map<std::string, std::vector<float>>;

/// Each class name of toy pictures is its quadrant.
inline Phrases toy_phrases() {
  return {{"top left", {1, 0, 0, 0}},
          {"top right", {0, 1, 0, 0}},
          {"bottom left", {0, 0, 1, 0}},
          {"bottom right", {0, 0, 0, 1}}};
}

class ToyText final : public TextSide {
 public:
  ToyText(Phrases phrases, int64_t context_length)
      : phrases_(std::move(phrases)), context_length_(context_length) {}

  std::shared_ptr<const Tokenizer> tokenizer() const override {
    static const auto bytes = train_bpe({}, smallest_bpe_vocabulary);
    return bytes;
  }
  int64_t vocabulary_size() const override { return tokenizer()->vocabulary_size(); }
  int64_t context_length() const override { return context_length_; }
  double scale() const override { return 100; }
  const NamedTensors& parameters() const override { return parameters_; }
  int64_t macs(int64_t) const override { return 0; }

  at::Tensor features(const at::Tensor& tokens, const StageContext&) const override {
    at::Tensor result = at::zeros({tokens.size(0), 4});
    for (int64_t row = 0; row < tokens.size(0); ++row) {
      const at::Tensor ids = tokens[row].contiguous();
      const std::string text =
          tokenizer()->text({ids.const_data_ptr<int64_t>(), static_cast<size_t>(ids.numel())});
      for (const auto& [phrase, vector] : phrases_) {
        if (text.find(phrase) != std::string::npos) result[row].add_(at::tensor(vector));
      }
      ++read;
    }
    return result;
  }

  Json description() const { return phrases_; }

  mutable std::atomic<int64_t> read = 0;  // texts

 private:
  Phrases phrases_;
  int64_t context_length_;
  NamedTensors parameters_;
};

/// `projected` and `quadrants` are the mean brightness of the four quadrants, `constant` is always 1.
class ToyClip final : public Encoder {
 public:
  explicit ToyClip(std::shared_ptr<const ToyText> text) : text_(std::move(text)) {}

  std::string kind() const override { return "toy_clip"; }
  Json config() const override { return text_->description(); }
  const InputSpec& input() const override { return input_; }
  const std::vector<Stage>& stages() const override { return stages_; }
  at::Tensor forward(at::Tensor x, int64_t, int64_t, const StageContext&) const override { return x; }
  std::map<std::string, at::Tensor> features(const at::Tensor& images, std::span<const std::string> taps,
                                             const StageContext&) const override {
    std::map<std::string, at::Tensor> found;
    const at::Tensor quadrants = images.reshape({images.size(0), 2, 4, 2, 4}).mean({2, 4}).flatten(1);
    for (const std::string& tap : taps) found[tap] = tap == "constant" ? at::ones_like(quadrants) : quadrants;
    return found;
  }
  std::vector<std::string> default_taps() const override { return {"quadrants", "constant"}; }
  int64_t macs(int64_t, int64_t, int64_t) const override { return 0; }
  std::unique_ptr<Encoder> clone() const override { return std::make_unique<ToyClip>(*this); }
  void initialise(uint64_t) override {}
  const ToyText* text() const override { return text_.get(); }

 private:
  std::shared_ptr<const ToyText> text_;
  InputSpec input_ = toy_input();
  std::vector<Stage> stages_;
};

inline Subject toy_clip(Phrases phrases = toy_phrases(), int64_t context_length = 77) {
  auto text = std::make_shared<ToyText>(std::move(phrases), context_length);
  return subject_of(std::make_shared<ToyClip>(std::move(text)), "toy CLIP");
}

inline std::string toy_prompts() {
  return std::string(REPBENCH_SOURCE_DIR) + "/tests/protocols/toy_prompts.json";
}

/// Is there a warning with this in it?
inline bool warns(const Record& record, const std::string& part) {
  return std::any_of(record.warnings.begin(), record.warnings.end(),
                     [&](const std::string& warning) { return warning.find(part) != std::string::npos; });
}

}  // namespace repbench
