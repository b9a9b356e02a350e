#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>

#include "files/hash.h"
#include "pretrain/tensors.h"
#include "protocols/composition_task.h"
#include "protocols/features.h"
#include "protocols/kinds.h"
#include "protocols/match_ranks.h"
#include "protocols/metrics.h"
#include "protocols/stored_features.h"
#include "protocols/text_features.h"
#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

/// All texts, those of a picture beside each other.
struct Texts {
  std::vector<std::string> texts;  // of a file of features, which has no words: a hash of each text's feature
  std::vector<std::string> ids;    // "PICTURE#0"
  std::vector<int64_t> start;      // of each picture's texts; one more than there are pictures
  at::Tensor features;             // [M, E] float32, of length 1
  std::string warning;             // of texts that were cut

  int64_t of(int64_t picture) const { return start[picture + 1] - start[picture]; }
};

/// One direction over all galleries.
struct Search {
  std::string name;
  std::string column;          // of the outcomes, for the ranks
  std::vector<int64_t> ranks;  // one a query, from 1
  std::vector<double> chance;  // sums over queries, one a k
};

constexpr int64_t kRecallAt[] = {1, 5, 10};

/// Appends one picture's texts, at most `most` of them (0: all).
void append(Texts& to, std::vector<std::string> own, int64_t most, const Dataset& dataset, int64_t index) {
  if (own.empty()) {
    throw std::invalid_argument(
        fmt::format("[retrieval] expected captions for every test picture; got none "
                    "for '{}' of {}",
                    dataset.id(index), dataset.name()));
  }
  if (most > 0 && static_cast<int64_t>(own.size()) > most) own.resize(static_cast<size_t>(most));
  for (size_t i = 0; i < own.size(); ++i) {
    to.ids.push_back(fmt::format("{}#{}", dataset.id(index), i));
    to.texts.push_back(std::move(own[i]));
  }
  to.start.push_back(static_cast<int64_t>(to.texts.size()));
}

Texts encoded_texts(const Subject& subject, const Task& task, int64_t most, const ProtocolContext& context) {
  const TextSide& side = text_side_of(subject, "retrieval");
  Texts result;
  result.start.push_back(0);
  for (const int64_t index : task.test_examples.indices) {
    append(result, task.test->captions(index), most, *task.test, index);
  }
  const TextFeatures encoded = extract_text_features(subject, result.texts, context, "retrieval");
  result.features = unit_rows(encoded.values);
  result.warning = encoded.warning(side.context_length());
  return result;
}

/// The text features of a file, those about each test row.
Texts stored_texts(const FeatureFile& file, const Task& task, int64_t most) {
  if (file.text_owner.empty()) {
    throw std::invalid_argument(fmt::format(
        "[retrieval] {}: expected 'text_features', one a row or with 'text_owner'; got {}",
        file.path.string(),
        file.text_features.defined() ? fmt::format("{} for {} rows", file.text_features.size(0), file.size())
                                     : "none"));
  }
  const auto& rows = dynamic_cast<const FeatureRows&>(*task.test);
  std::vector<std::vector<int64_t>> of_row(static_cast<size_t>(file.size()));
  for (size_t text = 0; text < file.text_owner.size(); ++text) {
    of_row[static_cast<size_t>(file.text_owner[text])].push_back(static_cast<int64_t>(text));
  }
  Texts result;
  result.start.push_back(0);
  std::vector<int64_t> chosen;
  for (const int64_t index : task.test_examples.indices) {
    std::vector<std::string> own;
    for (const int64_t text : of_row[static_cast<size_t>(rows.row(index))]) {
      const TensorView bytes = view_of(file.text_features[text]);
      own.push_back(sha256({reinterpret_cast<const char*>(bytes.bytes.data()), bytes.bytes.size()}));
      if (most == 0 || static_cast<int64_t>(own.size()) <= most) chosen.push_back(text);
    }
    append(result, std::move(own), most, *task.test, index);
  }
  result.features = unit_rows(rows_of(file.text_features, chosen));
  return result;
}

/// How many texts are said of another picture, too: by them no encoder can tell these pictures apart.
int64_t ambiguous(const Texts& texts) {
  std::map<std::string_view, std::set<int64_t>> pictures_of;
  const auto picture_of = [&](int64_t text) {
    return std::upper_bound(texts.start.begin(), texts.start.end(), text) - texts.start.begin() - 1;
  };
  const auto n = static_cast<int64_t>(texts.texts.size());
  for (int64_t t = 0; t < n; ++t) pictures_of[texts.texts[t]].insert(picture_of(t));
  int64_t count = 0;
  for (const std::string& text : texts.texts) count += pictures_of[text].size() > 1 ? 1 : 0;
  return count;
}

class Retrieval final : public Protocol {
 public:
  void describe(Options& options) override {
    options.add("candidates", &candidates_,
                {.help = "pictures of a gallery; galleries follow each other in the order of the test set",
                 .unit = "pictures",
                 .minimum = 0,
                 .maximum = 1e9,
                 .zero = "all"});
    options.add("captions_per_picture", &captions_per_picture_,
                {.help = "the first of a picture's captions", .minimum = 0, .maximum = 1e6, .zero = "all"});
    options.add(
        "groups", &groups_,
        {.help = "JSON file of pictures with right and nearly right captions (SugarCrepe), or of pairs "
                 "of pictures and captions (Winoground); then no gallery is searched"});
  }

  ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context) override {
    if (!groups_.empty()) return judge_groups(subject, task, context);
    if (subject.features == nullptr) text_side_of(subject, "retrieval");
    const int64_t pictures = task.test_examples.size();
    const int64_t gallery = candidates_ == 0 ? pictures : candidates_;
    if (gallery > pictures || gallery < 1) {
      throw std::invalid_argument(fmt::format(
          "[retrieval] key 'candidates': expected at most the {} test pictures; got {}", pictures, gallery));
    }
    const Texts texts = subject.features != nullptr
                            ? stored_texts(*subject.features, task, captions_per_picture_)
                            : encoded_texts(subject, task, captions_per_picture_, context);
    const std::vector<std::string> taps = {"projected"};
    const at::Tensor image =
        unit_rows(extract_features(subject, task.test, task.test_examples, task.view, taps, context)
                      .by_tap.at("projected"));

    Search to_image{"text_to_image", "image_rank", {}, {0, 0, 0}},
        to_text{"image_to_text", "text_rank", {}, {0, 0, 0}};
    for (int64_t first = 0; first + gallery <= pictures; first += gallery) {
      search(image, texts, first, gallery, to_image, to_text);
      context.progress("galleries", first / gallery + 1, pictures / gallery);
    }
    Record record = report(to_image, to_text);
    record.outcomes = outcomes_of(texts, task, to_image, to_text);
    record.resolved = {{"galleries", pictures / gallery},
                       {"pictures_in_a_gallery", gallery},
                       {"texts", to_image.ranks.size()},
                       {"ambiguous_texts", ambiguous(texts)}};
    if (!texts.warning.empty()) record.warnings.push_back(texts.warning);
    if (pictures % gallery > 0) {
      record.warnings.push_back(fmt::format("the last {} of {} test pictures fill no gallery of {}: left out",
                                            pictures % gallery, pictures, gallery));
    }
    return {std::move(record), {}};
  }

 private:
  ProtocolResult judge_groups(const Subject& subject, const Task& task,
                              const ProtocolContext& context) const {
    if (subject.features != nullptr) {
      throw std::invalid_argument(fmt::format(
          "[retrieval] key 'groups': expected none with a file of features, whose texts have no words; got "
          "'{}'",
          groups_));
    }
    if (candidates_ != 0 || captions_per_picture_ != 0) {
      throw std::invalid_argument(
          fmt::format("[retrieval] key '{}': expected 0 (all) with groups, which need no gallery; got {}",
                      candidates_ != 0 ? "candidates" : "captions_per_picture",
                      candidates_ != 0 ? candidates_ : captions_per_picture_));
    }
    return judge_composition(groups_, subject, task, context);
  }

  /// Both directions in the gallery of `count` pictures from `first` on, and all their texts.
  static void search(const at::Tensor& image, const Texts& texts, int64_t first, int64_t count,
                     Search& to_image, Search& to_text) {
    const int64_t text_first = texts.start[first], text_count = texts.start[first + count] - text_first;
    std::vector<Matches> pictures_of_texts, texts_of_pictures;
    for (int64_t p = 0; p < count; ++p) {
      const int64_t own = texts.of(first + p), begin = texts.start[first + p] - text_first;
      texts_of_pictures.push_back({begin, begin + own});
      pictures_of_texts.insert(pictures_of_texts.end(), static_cast<size_t>(own), Matches{p, p + 1});
      for (size_t k = 0; k < std::size(kRecallAt); ++k) {
        to_image.chance[k] += static_cast<double>(own) * chance_of_a_match(count, 1, kRecallAt[k]);
        to_text.chance[k] += chance_of_a_match(text_count, own, kRecallAt[k]);
      }
    }
    const at::Tensor images = image.narrow(0, first, count),
                     queries = texts.features.narrow(0, text_first, text_count);
    const auto add = [](std::vector<int64_t>& to, const std::vector<int64_t>& ranks) {
      to.insert(to.end(), ranks.begin(), ranks.end());
    };
    add(to_image.ranks, match_ranks(queries, images, pictures_of_texts));
    add(to_text.ranks, match_ranks(images, queries, texts_of_pictures));
  }

  static Record report(const Search& to_image, const Search& to_text) {
    Record record;
    for (const Search* direction : {&to_image, &to_text}) {
      const auto n = static_cast<int64_t>(direction->ranks.size());
      for (size_t k = 0; k < std::size(kRecallAt); ++k) {
        const auto hits = std::count_if(direction->ranks.begin(), direction->ranks.end(),
                                        [&](int64_t rank) { return rank <= kRecallAt[k]; });
        record.metrics.push_back(share_metric(fmt::format("{}_recall_at_{}", direction->name, kRecallAt[k]),
                                              hits, n, direction->chance[k] / static_cast<double>(n)));
        record.metrics.back().column = direction->column;
      }
      const std::vector<double> ranks(direction->ranks.begin(), direction->ranks.end());
      Metric median;
      median.name = direction->name + "_median_rank";
      median.value = quantile(ranks, 0.5);
      median.unit = "rank";
      median.direction = Direction::lower_is_better;
      median.n = n;
      median.column = direction->column;
      Metric mean = median;
      mean.name = direction->name + "_mean_rank";
      mean.value = std::accumulate(ranks.begin(), ranks.end(), 0.0) / static_cast<double>(n);
      record.metrics.push_back(std::move(median));
      record.metrics.push_back(std::move(mean));
    }
    record.metrics.front().headline = true;
    return record;
  }

  /// The texts and the pictures of all galleries, each with the place of its nearest match.
  static Outcomes outcomes_of(const Texts& texts, const Task& task, const Search& to_image,
                              const Search& to_text) {
    OutcomeTable of_texts{"text",
                          {texts.ids.begin(), texts.ids.begin() + std::ssize(to_image.ranks)},
                          std::vector<int64_t>(to_image.ranks.size(), -1),
                          {}};
    const auto pictures = std::ssize(to_text.ranks);
    if (std::ssize(to_image.ranks) > pictures) {  // several texts of a picture say the same of it
      for (int64_t p = 0; p < pictures; ++p)
        of_texts.groups.insert(of_texts.groups.end(), static_cast<size_t>(texts.of(p)), p);
    }
    of_texts.columns[to_image.column] = {to_image.ranks.begin(), to_image.ranks.end()};
    OutcomeTable of_pictures =
        picture_table(*task.test, std::span(task.test_examples.indices).first(to_text.ranks.size()));
    of_pictures.columns[to_text.column] = {to_text.ranks.begin(), to_text.ranks.end()};
    return {task.test->class_names(), {std::move(of_texts), std::move(of_pictures)}};
  }

  int64_t candidates_ = 0;
  int64_t captions_per_picture_ = 0;
  std::string groups_;
};

}  // namespace

std::unique_ptr<Protocol> make_retrieval() { return std::make_unique<Retrieval>(); }

}  // namespace repbench
