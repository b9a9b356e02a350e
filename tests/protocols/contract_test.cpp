#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>

#include "reports/metric_kinds.h"
#include "reports/statistics/intervals.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/protocols/tap_encoder.h"
#include "tests/protocols/toy_clip.h"

// What every protocol promises; a new row of protocol_kinds() is tested at once.

namespace repbench {
namespace {

/// Settings that make it quick where the defaults are not.
Json quick(const std::string& protocol) {
  if (protocol == "knn") return {{"k", {1, 20}}};
  if (protocol == "finetune")
    return {{"points", {"0", "1"}}, {"train", {{"epochs", 1}, {"batch_size", 16}, {"warmup_epochs", 0.5}}}};
  if (protocol == "throughput")
    return {{"repetitions", 3}, {"block_seconds", 0.01}, {"batch", 2}, {"matmul_size", 32}};
  if (protocol == "zero_shot") return {{"prompts", toy_prompts()}};
  if (protocol == "few_shot") return {{"shots", {1, 2}}, {"seeds", 2}, {"prompts", toy_prompts()}};
  if (protocol == "label_free") return {{"lidar_views", 3}};
  if (protocol == "retrieval") return {{"captions_per_picture", 1}};
  if (protocol == "robustness") return {{"corruptions", {"fog", "contrast"}}, {"severities", {1, 4}}};
  return Json::object();
}

class ProtocolContract : public testing::TestWithParam<std::string> {
 protected:
  const ProtocolKind& kind() const { return find_protocol(GetParam()); }
  Task task() const { return kind().needs != Needs::nothing ? toy_task(64, 20) : Task(); }
  bool needs_texts() const {
    return GetParam() == "zero_shot" || GetParam() == "few_shot" || GetParam() == "retrieval";
  }
  Subject subject() const {
    return needs_texts() ? tiny_clip(folder_ / "run", 0) : tiny_mae(folder_ / "run", 0);
  }
  ProtocolResult run() const { return run_protocol(GetParam(), quick(GetParam()), subject(), task()); }

  ScratchFolder folder_;
};

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const ProtocolKind& kind : protocol_kinds()) all.emplace_back(kind.name);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Kinds, ProtocolContract, testing::ValuesIn(names()),
                         [](const auto& row) { return row.param; });

TEST(ProtocolKinds, HaveDifferentNamesAndASummary) {
  std::set<std::string_view> seen;
  for (const ProtocolKind& kind : protocol_kinds()) {
    EXPECT_TRUE(seen.insert(kind.name).second) << kind.name;
    EXPECT_GT(kind.summary.size(), 10U) << kind.name;
    EXPECT_GE(kind.version, 1) << kind.name;
  }
}

TEST(ProtocolKinds, AMisspeltNameIsToldTheNearest) {
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] { find_protocol("linear_prob"); }),
               "'linear_prob' (did you mean 'linear_probe'?)");
}

TEST_P(ProtocolContract, DescribesItsSettings) {
  const std::unique_ptr<Protocol> protocol = kind().make();
  Options fields;
  protocol->describe(fields);
  EXPECT_FALSE(fields.keys().empty());
  EXPECT_TRUE(fields.differences().empty());
  Options again;
  const std::unique_ptr<Protocol> other = kind().make();
  other->describe(again);
  again.set_all(fields.to_json(), "test");
  EXPECT_EQ(again.to_json(), fields.to_json()) << "the defaults cannot be read back";
}

TEST_P(ProtocolContract, AMisspeltSettingIsToldTheNearest) {
  const std::unique_ptr<Protocol> protocol = kind().make();
  Options fields;
  protocol->describe(fields);
  const std::string key = fields.keys().back();
  const std::string message =
      error_message<std::invalid_argument>([&] { fields.set(key + "x", Json(1), "test"); });
  EXPECT_PRED2(contains, message, "key '" + key + "x'");
  EXPECT_PRED2(contains, message, "'" + key + "'");
}

TEST_P(ProtocolContract, GivesARecordThatCanBeWrittenAndRead) {
  ProtocolResult result = run();
  Record& record = result.record;
  record.checkpoint = {{"label", "tiny"}, {"kind", "vit"}};
  record.dataset = {{"name", "toy"}};
  record.protocol = GetParam();
  write_record(folder_ / "report", record);
  const Record read = read_record(folder_ / "report" / "report.json");
  EXPECT_EQ(read.headline().name, record.headline().name);
  EXPECT_EQ(read.headline().value, record.headline().value);
  EXPECT_EQ(read_outcomes(folder_ / "report" / "report.json").has_value(), record.outcomes.has_value());
  write_sheets(folder_ / "report" / "sheet.json", result.sheets);
}

TEST_P(ProtocolContract, HasOneHeadlineWithItsUncertainty) {
  const Record record = run().record;
  int headlines = 0;
  for (const Metric& metric : record.metrics) headlines += metric.headline ? 1 : 0;
  EXPECT_EQ(headlines, 1);
  const Metric& headline = record.headline();
  EXPECT_TRUE(headline.n.has_value());
  ASSERT_TRUE(headline.interval.has_value());
  EXPECT_LE(headline.interval->low, headline.value);
  EXPECT_GE(headline.interval->high, headline.value);
}

TEST_P(ProtocolContract, EveryAccuracyKnowsItsChance) {
  for (const Metric& metric : run().record.metrics) {
    if (metric.name.find("accuracy") == std::string::npos) continue;
    ASSERT_TRUE(metric.chance.has_value()) << metric.name;
    EXPECT_GE(*metric.chance, 0.25) << metric.name;
    EXPECT_DOUBLE_EQ(metric.ceiling.value(), 1.0) << metric.name;
  }
}

TEST_P(ProtocolContract, OutcomesCoverTheTestSetOnce) {
  const Record record = run().record;
  if (!record.outcomes) return;
  for (const OutcomeTable& table : record.outcomes->tables) {
    EXPECT_EQ(table.ids.size(), 20U) << table.unit;
    EXPECT_EQ(std::set<std::string>(table.ids.begin(), table.ids.end()).size(), 20U) << table.unit;
  }
  EXPECT_EQ(record.headline().n.value() % 20, 0) << "once, or once a draw";
}

TEST_P(ProtocolContract, EveryMetricOfExamplesIsWhatItsColumnGives) {
  const Record record = run().record;
  for (const Metric& metric : record.metrics) {
    const MetricKind& defined = find_metric_kind(metric.name);
    check_metric(metric, metric.name);
    ASSERT_EQ(metric.column.empty(), defined.aggregate == Aggregate::none) << metric.name;
    if (metric.column.empty()) continue;
    ASSERT_TRUE(record.outcomes.has_value()) << metric.name;
    const OutcomeTable* table = record.outcomes->table_of(metric.column);
    ASSERT_NE(table, nullptr) << metric.name;
    EXPECT_NEAR(aggregate_outcomes(metric, *table), metric.value, 1e-9) << metric.name;
  }
}

TEST_P(ProtocolContract, RepetitionsAverageToTheirMetric) {
  for (const Metric& metric : run().record.metrics) {
    const MetricKind& defined = find_metric_kind(metric.name);
    const bool repeated =
        defined.denominator == "timed blocks" || defined.denominator == "test examples times draws";
    ASSERT_EQ(metric.repetitions.has_value(), repeated) << metric.name;
    if (!repeated) continue;
    const MeanAndDeviation mean = mean_and_deviation(metric.repetitions->values);
    EXPECT_NEAR(mean.mean, metric.value, 1e-9 * std::max(1.0, metric.value)) << metric.name;
  }
}

TEST_P(ProtocolContract, MeasuresInTurnsOrRefuses) {
  const std::unique_ptr<Protocol> protocol = kind().make();
  Options fields;
  protocol->describe(fields);
  fields.set_all(quick(GetParam()), "test");
  const std::vector<Subject> two = {subject(), tiny_vit()};
  if (kind().in_turns) {
    EXPECT_EQ(protocol->run_in_turns(two, task(), {}).size(), 2U);
  } else {
    EXPECT_EQ(error_message<std::invalid_argument>([&] { protocol->run_in_turns(two, task(), {}); }),
              "[protocols] expected a protocol that measures encoders in turns (throughput); got another for "
              "2 encoders");
  }
}

TEST_P(ProtocolContract, AgreesWithItselfAtBothPrecisions) {
  if (GetParam() == "throughput") GTEST_SKIP() << "measures time";
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    ProtocolContext context;
    context.execution.precision = precision;
    const auto judged = [&] {
      return comparable(run_protocol(GetParam(), quick(GetParam()), subject(), task(), context).record,
                        GetParam());
    };
    EXPECT_EQ(judged(), judged());
  }
}

/// Toy pictures that are all the same.
class EqualPictures final : public ToyPictures {
 public:
  using ToyPictures::ToyPictures;
  Example get(int64_t index) const override {
    Example example = ToyPictures::get(index);
    std::get<Image>(example.picture) = noise_picture(kSide, kSide, 1, 0);
    return example;
  }
};

/// Protocols by labels alone have an answer, or one clear line, whatever the examples are.
class LabelContract : public ProtocolContract {
 protected:
  void SetUp() override {
    if (kind().needs != Needs::labels) GTEST_SKIP() << "needs no labels";
  }

  /// The headline, or nothing where the protocol refuses by one line.
  std::optional<Metric> headline(const Task& task) const {
    try {
      return run_protocol(GetParam(), quick(GetParam()), subject(), task).record.headline();
    } catch (const std::invalid_argument& error) {
      const std::string line = error.what();
      EXPECT_TRUE(line.starts_with("[") && contains(line, "expected") && contains(line, "got")) << line;
      EXPECT_FALSE(contains(line, "\n")) << line;
      return std::nullopt;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, LabelContract, testing::ValuesIn(names()),
                         [](const auto& row) { return row.param; });

TEST_P(LabelContract, IsNearChanceOnLabelsThatSayNothing) {
  const std::optional<Metric> score = headline(toy_task(400, 400, /*shuffled=*/true));
  ASSERT_TRUE(score.has_value());
  EXPECT_NEAR(score->value, score->chance.value_or(score->value), 0.09);
}

TEST_P(LabelContract, IsAtChanceOnPicturesThatAreAllTheSame) {
  Task task = toy_task(64, 40);
  task.train = std::make_shared<EqualPictures>("train", 64);
  task.test = std::make_shared<EqualPictures>("test", 40);
  const std::optional<Metric> score = headline(task);
  ASSERT_TRUE(score.has_value());
  EXPECT_NEAR(score->value, score->chance.value_or(score->value), 0.02);
}

TEST_P(LabelContract, ATestSetOfOneClassIsJudged) {
  Task task = toy_task(64, 40);
  std::vector<int64_t> first;
  for (int64_t i = 0; i < 40; i += 4) first.push_back(i);
  task.test_examples = these_examples(*task.test, first);
  EXPECT_TRUE(headline(task).has_value());
}

TEST_P(LabelContract, AClassWithOneExampleAndOneWithoutAnyAreNoTrap) {
  Task task = toy_task(64, 40);
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < 64; ++i) {
    if (i % 4 < 2 || i == 2) rows.push_back(i);
  }
  task.train_examples = these_examples(*task.train, rows);
  headline(task);
}

TEST_P(LabelContract, AnEmptySplitIsOneClearLine) {
  Task task = toy_task(64, 40);
  task.test_examples = these_examples(*task.test, {});
  EXPECT_FALSE(headline(task).has_value()) << "no test pictures";
  if (kind().on_features == OnFeatures::test_rows) return;
  task = toy_task(64, 40);
  task.train_examples = these_examples(*task.train, {});
  EXPECT_FALSE(headline(task).has_value()) << "no training pictures";
}

TEST_P(ProtocolContract, LeavesTheSubjectAlone) {
  const Subject judged = subject();
  run_protocol(GetParam(), quick(GetParam()), judged, task());
  EXPECT_EQ(hash_of(judged.encoder->parameters()), judged.sha256);
  EXPECT_EQ(load_encoder(judged.checkpoint).sha256, judged.sha256);
}

}  // namespace
}  // namespace repbench
