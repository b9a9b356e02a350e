#include "protocols/composition_task.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <map>
#include <stdexcept>

#include "files/nearest.h"
#include "protocols/composition.h"
#include "protocols/features.h"
#include "protocols/text_features.h"

namespace repbench {
namespace {

/// Cosines of the pictures and captions that a file names.
class NamedCosines {
 public:
  NamedCosines(const CompositionFile& file, const std::filesystem::path& path, const Subject& subject,
               const Task& task, const ProtocolContext& context) {
    std::map<std::string, int64_t> index_of;
    for (const int64_t index : task.test_examples.indices) index_of[task.test->id(index)] = index;
    std::vector<int64_t> wanted;
    const auto add_picture = [&](const std::string& id, const std::string& row) {
      const auto found = index_of.find(id);
      if (found == index_of.end()) refuse_picture(path, id, row, index_of);
      if (picture_.try_emplace(id, 0).second) wanted.push_back(found->second);
    };
    std::vector<std::string> texts;
    const auto add_texts = [&](std::span<const std::string> captions) {
      for (const std::string& text : captions) {
        if (text_.try_emplace(text, std::ssize(texts)).second) texts.push_back(text);
      }
    };
    for (const HardNegatives& row : file.hard_negatives) {
      add_picture(row.picture, row.id);
      add_texts(row.captions);
      add_texts(row.negatives);
    }
    for (const CaptionPair& row : file.pairs) {
      for (const std::string& id : row.pictures) add_picture(id, row.id);
      add_texts(row.captions);
    }
    encode(these_examples(*task.test, std::move(wanted)), texts, subject, task, context);
  }

  double operator()(const std::string& picture, const std::string& text) const {
    const int64_t width = images_.size(1);
    const float* image = images_.const_data_ptr<float>() + picture_.at(picture) * width;
    const float* words = texts_.const_data_ptr<float>() + text_.at(text) * width;
    double sum = 0;  // always in one order: equal texts have equal scores
    for (int64_t i = 0; i < width; ++i) sum += static_cast<double>(image[i]) * static_cast<double>(words[i]);
    return sum;
  }

  int64_t pictures() const { return images_.size(0); }
  int64_t texts() const { return texts_.size(0); }
  const std::string& warning() const { return warning_; }

 private:
  [[noreturn]] static void refuse_picture(const std::filesystem::path& path, const std::string& id,
                                          const std::string& row,
                                          const std::map<std::string, int64_t>& index_of) {
    std::vector<std::string> known;
    for (const auto& [name, index] : index_of) known.push_back(name);
    throw std::invalid_argument(
        fmt::format("[retrieval] {}: expected ids of the {} test pictures; got '{}' in "
                    "'{}'{}",
                    path.string(), known.size(), id, row, did_you_mean(id, known)));
  }

  void encode(const IndexList& examples, const std::vector<std::string>& texts, const Subject& subject,
              const Task& task, const ProtocolContext& context) {
    const TextFeatures words = extract_text_features(subject, texts, context, "retrieval");
    texts_ = unit_rows(words.values).contiguous();
    warning_ = words.warning(text_side_of(subject, "retrieval").context_length());
    const std::vector<std::string> taps = {"projected"};
    const FeatureSet set = extract_features(subject, task.test, examples, task.view, taps, context);
    images_ = unit_rows(set.by_tap.at("projected")).contiguous();
    for (size_t i = 0; i < set.ids.size(); ++i) picture_.at(set.ids[i]) = static_cast<int64_t>(i);
  }

  std::map<std::string, int64_t> picture_, text_;  // rows
  at::Tensor images_, texts_;                      // [P, E] and [T, E] float32, of length 1
  std::string warning_;
};

Record hard_negatives(std::span<const HardNegatives> rows, const NamedCosines& cosine) {
  std::vector<uint8_t> is_right;
  for (const HardNegatives& row : rows) {
    std::vector<double> right, wrong;
    for (const std::string& text : row.captions) right.push_back(cosine(row.picture, text));
    for (const std::string& text : row.negatives) wrong.push_back(cosine(row.picture, text));
    is_right.push_back(prefers_right(right, wrong));
  }
  return hard_negative_record(rows, is_right);
}

Record pairs(std::span<const CaptionPair> rows, const NamedCosines& cosine) {
  std::vector<PairScore> scores;
  for (const CaptionPair& row : rows) {
    std::array<std::array<double, 2>, 2> of_pair;
    for (size_t i = 0; i < 2; ++i) {
      for (size_t j = 0; j < 2; ++j) of_pair[i][j] = cosine(row.pictures[i], row.captions[j]);
    }
    scores.push_back(score_pair(of_pair));
  }
  return pair_record(rows, scores);
}

}  // namespace

ProtocolResult judge_composition(const std::filesystem::path& path, const Subject& subject, const Task& task,
                                 const ProtocolContext& context) {
  text_side_of(subject, "retrieval");
  const CompositionFile file = read_composition_file(path);
  const NamedCosines cosine(file, path, subject, task, context);
  Record record =
      file.pairs.empty() ? hard_negatives(file.hard_negatives, cosine) : pairs(file.pairs, cosine);
  record.resolved["pictures"] = cosine.pictures();
  record.resolved["texts"] = cosine.texts();
  if (!cosine.warning().empty()) record.warnings.push_back(cosine.warning());
  ProtocolResult result{std::move(record)};
  result.file_hashes["groups"] = file.sha256;
  return result;
}

}  // namespace repbench
