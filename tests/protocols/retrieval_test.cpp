#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "protocols/match_ranks.h"
#include "reports/metric_kinds.h"
#include "tests/files/error_message.h"
#include "tests/protocols/toy_clip.h"

namespace repbench {
namespace {

Record run(const Subject& subject, const Task& task, const Json& settings = Json::object()) {
  return run_protocol("retrieval", settings, subject, task).record;
}

std::string error_of(const Subject& subject, const Task& task, const Json& settings = Json::object()) {
  return error_message<std::invalid_argument>([&] { run(subject, task, settings); });
}

double value(const Record& record, const std::string& name) {
  const Metric* metric = record.find(name);
  if (metric == nullptr) throw std::runtime_error("no metric " + name);
  return metric->value;
}

/// Toy pictures with captions of the test's own.
class Captioned final : public ToyPictures {
 public:
  Captioned(int64_t size, std::function<std::vector<std::string>(int64_t)> captions)
      : ToyPictures("test", size), captions_(std::move(captions)) {}
  std::vector<std::string> captions(int64_t index) const override { return captions_(index); }

 private:
  std::function<std::vector<std::string>(int64_t)> captions_;
};

Task captioned_task(int64_t size, std::function<std::vector<std::string>(int64_t)> captions) {
  Task task = toy_task(4, size);
  task.test = std::make_shared<Captioned>(size, std::move(captions));
  return task;
}

// Five pictures of each of four classes; the texts of a class are the same. One picture of a class comes
// first for all of them, and is right for one; ties among texts go to the lower index.
TEST(Retrieval, OneCaptionAPictureGivesTheNumbersWorkedOutByHand) {
  const Record record = run(toy_clip(), toy_task(4, 20), {{"captions_per_picture", 1}});
  EXPECT_EQ(record.headline().name, "text_to_image_recall_at_1");
  EXPECT_DOUBLE_EQ(record.headline().value, 0.2);
  EXPECT_EQ(record.headline().n, 20);
  EXPECT_NEAR(record.headline().chance.value(), 0.05, 1e-12);
  EXPECT_DOUBLE_EQ(value(record, "text_to_image_recall_at_5"), 1.0);
  EXPECT_DOUBLE_EQ(value(record, "image_to_text_recall_at_1"), 0.2);
  EXPECT_DOUBLE_EQ(value(record, "image_to_text_recall_at_5"), 1.0);
  EXPECT_DOUBLE_EQ(value(record, "image_to_text_recall_at_10"), 1.0);
  EXPECT_DOUBLE_EQ(value(record, "text_to_image_median_rank"), 3.0);
  EXPECT_DOUBLE_EQ(value(record, "image_to_text_mean_rank"), 3.0);
  EXPECT_EQ(record.resolved.at("ambiguous_texts"), 20);
}

TEST(Retrieval, AnyCaptionOfAPictureIsAHit) {
  const std::vector<std::string> names = {"top left", "top right", "bottom left", "bottom right"};
  const Task task = captioned_task(4, [&](int64_t index) -> std::vector<std::string> {
    return {"says nothing", "the " + names[static_cast<size_t>(index)]};
  });
  const Record record = run(toy_clip(), task);
  EXPECT_DOUBLE_EQ(value(record, "image_to_text_recall_at_1"), 1.0);
  EXPECT_EQ(record.find("image_to_text_recall_at_1")->n, 4);
  EXPECT_NEAR(record.find("image_to_text_recall_at_1")->chance.value(), 0.25, 1e-12);
  // A text that says nothing is as near to every picture: the first one is taken.
  EXPECT_DOUBLE_EQ(record.headline().value, 5.0 / 8);
  EXPECT_EQ(record.headline().n, 8);
  EXPECT_DOUBLE_EQ(value(run(toy_clip(), task, {{"captions_per_picture", 1}}), "image_to_text_recall_at_1"),
                   0.25);
}

TEST(Retrieval, GalleriesFollowEachOther) {
  const Record record = run(toy_clip(), toy_task(4, 22), {{"candidates", 4}});
  EXPECT_DOUBLE_EQ(record.headline().value, 1.0) << "one picture of each class in every gallery";
  EXPECT_DOUBLE_EQ(value(record, "image_to_text_recall_at_1"), 1.0);
  EXPECT_NEAR(record.headline().chance.value(), 0.25, 1e-12);
  EXPECT_EQ(record.headline().n, 40);
  EXPECT_EQ(record.resolved.at("galleries"), 5);
  EXPECT_PRED2(warns, record, "the last 2 of 22 test pictures fill no gallery of 4");
  EXPECT_DOUBLE_EQ(record.find("text_to_image_recall_at_5")->chance.value(), 1.0);
}

TEST(Retrieval, OutcomesHaveARowATextAndARowAPicture) {
  const Record record = run(toy_clip(), toy_task(4, 22), {{"candidates", 4}});
  ASSERT_EQ(record.outcomes.value().tables.size(), 2U);
  const OutcomeTable &texts = record.outcomes->tables[0], &pictures = record.outcomes->tables[1];
  EXPECT_EQ(texts.unit, "text");
  ASSERT_EQ(texts.ids.size(), 40U) << "the last two pictures fill no gallery";
  EXPECT_EQ(texts.ids[0], "test/0#0");
  EXPECT_EQ(texts.ids[39], "test/19#1");
  ASSERT_EQ(texts.groups.size(), 40U) << "two texts of a picture stand together";
  EXPECT_EQ(texts.groups[38], 19);
  EXPECT_EQ(texts.groups[39], 19);
  EXPECT_EQ(pictures.unit, "picture");
  ASSERT_EQ(pictures.ids.size(), 20U);
  EXPECT_EQ(pictures.ids[19], "test/19");
  EXPECT_EQ(pictures.labels[18], 2);
}

TEST(Retrieval, RanksGiveTheRecalls) {
  const Record record = run(toy_clip(), toy_task(4, 20));
  for (const auto& [direction, column] :
       {std::pair("text_to_image", "image_rank"), std::pair("image_to_text", "text_rank")}) {
    const std::vector<double>& ranks = record.outcomes.value().column(column);
    EXPECT_EQ(*std::min_element(ranks.begin(), ranks.end()), 1) << "ranks count from 1";
    for (const int k : {1, 5, 10}) {
      const auto hits = std::count_if(ranks.begin(), ranks.end(), [k](double rank) { return rank <= k; });
      EXPECT_DOUBLE_EQ(value(record, fmt::format("{}_recall_at_{}", direction, k)),
                       static_cast<double>(hits) / static_cast<double>(ranks.size()));
    }
    for (const char* name : {"median", "mean"}) {
      const Metric& metric = *record.find(fmt::format("{}_{}_rank", direction, name));
      EXPECT_EQ(metric.column, column);
      EXPECT_NEAR(aggregate_outcomes(metric, *record.outcomes->table_of(column)), metric.value, 1e-9);
    }
  }
  EXPECT_LT(value(record, "text_to_image_recall_at_1"), value(record, "text_to_image_recall_at_5"));
}

TEST(Retrieval, EachPictureIsReadOnce) {
  const Task task = toy_task(4, 20);
  run(toy_clip(), task);
  EXPECT_EQ(reads_of(task), 20);
}

TEST(Retrieval, CaptionsThatAreCutAreReported) {
  EXPECT_PRED2(warns, run(toy_clip(toy_phrases(), 12), toy_task(4, 20)),
               "40 of 40 texts were cut to 12 tokens");
}

TEST(Retrieval, ADataSetWithoutCaptionsIsAnError) {
  const Task task = captioned_task(4, [](int64_t) { return std::vector<std::string>(); });
  EXPECT_EQ(error_of(toy_clip(), task),
            "[retrieval] expected captions for every test picture; got none for 'test/0' of toy_pictures");
}

TEST(Retrieval, AnEncoderWithoutATextSideIsAnError) {
  EXPECT_EQ(error_of(tiny_vit(), toy_task(4, 4)),
            "[retrieval] expected an encoder with a text side; got vit");
}

TEST(Retrieval, AGalleryLargerThanTheTestSetIsAnError) {
  EXPECT_PRED2(contains, error_of(toy_clip(), toy_task(4, 20), {{"candidates", 21}}),
               "key 'candidates': expected at most the 20 test pictures; got 21");
}

TEST(MatchRanks, CountLargerOnesAndEqualOnesOfLowerIndex) {
  const at::Tensor candidates = at::tensor({1.F, 3.F, 2.F, 3.F, 2.F}).view({5, 1});
  const at::Tensor query = at::ones({1, 1});
  const auto rank = [&](int64_t first, int64_t last) {
    return match_ranks(query, candidates, std::vector<Matches>{{first, last}}).at(0);
  };
  EXPECT_EQ(rank(0, 1), 5);
  EXPECT_EQ(rank(1, 2), 1);
  EXPECT_EQ(rank(3, 4), 2) << "the equal one before it comes first";
  EXPECT_EQ(rank(2, 3), 3);
  EXPECT_EQ(rank(4, 5), 4);
  EXPECT_EQ(rank(2, 5), 2) << "the best of several";
  EXPECT_EQ(rank(0, 5), 1);
}

// 2,500 x 2,000 scores are more than a tile.
TEST(MatchRanks, AreThoseOfAllScoresAtOnce) {
  at::manual_seed(0);
  const at::Tensor queries = at::randint(-3, 4, {2500, 4}, at::kFloat),
                   candidates = at::randint(-3, 4, {2000, 4}, at::kFloat);
  std::vector<Matches> matches;
  for (int64_t i = 0; i < 2500; ++i) matches.push_back({i % 2000, i % 2000 + 1});
  const std::vector<int64_t> ranks = match_ranks(queries, candidates, matches);
  for (int64_t i = 0; i < 2500; i += 83) {
    const at::Tensor scores = candidates.matmul(queries[i]);
    const at::Tensor own = scores[i % 2000];
    const int64_t before =
        scores.gt(own).sum().item<int64_t>() + scores.narrow(0, 0, i % 2000).eq(own).sum().item<int64_t>();
    EXPECT_EQ(ranks[static_cast<size_t>(i)], before + 1) << i;
  }
}

TEST(MatchRanks, RefuseMatchesThatAreNoCandidates) {
  const at::Tensor two = at::ones({2, 3});
  const auto message = [&](const std::vector<Matches>& matches) {
    return error_message<std::invalid_argument>([&] { match_ranks(two, two, matches); });
  };
  EXPECT_PRED2(contains, message({{0, 1}, {1, 3}}), "among the 2 candidates");
  EXPECT_PRED2(contains, message({{0, 1}, {1, 1}}), "among the 2 candidates");
  EXPECT_PRED2(contains, message({{0, 1}}), "matches of 2 queries");
}

TEST(ChanceOfAMatch, IsHypergeometric) {
  EXPECT_NEAR(chance_of_a_match(100, 1, 1), 0.01, 1e-12);
  EXPECT_NEAR(chance_of_a_match(10, 1, 5), 0.5, 1e-12);
  EXPECT_NEAR(chance_of_a_match(10, 2, 3), 1 - 8.0 * 7 * 6 / (10 * 9 * 8), 1e-12);
  EXPECT_DOUBLE_EQ(chance_of_a_match(4, 3, 2), 1.0);
  EXPECT_DOUBLE_EQ(chance_of_a_match(4, 1, 10), 1.0);
}

}  // namespace
}  // namespace repbench
