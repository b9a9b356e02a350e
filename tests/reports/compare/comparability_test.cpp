#include "reports/compare/comparability.h"

#include <gtest/gtest.h>

#include "tests/reports/compare/reports_on_disk.h"

namespace repbench {
namespace {

std::vector<std::string> differing(const Record& a, const Record& b) {
  std::vector<std::string> names;
  for (const FieldDifference& difference : field_differences(a, b, {})) names.push_back(difference.field);
  return names;
}

TEST(Comparability, IsGivenWhereOnlyTheEncoderDiffers) {
  EXPECT_TRUE(differing(judged("MAE", "knn"), judged("CLIP", "knn", 5)).empty());
}

TEST(Comparability, NamesEachDifferingFieldWithBothValues) {
  const auto differences = field_differences(with_setting(judged("MAE", "knn"), "k", 20),
                                             with_setting(judged("MAE", "knn"), "k", 10), {});
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences[0].field, "protocol.requested.k");
  EXPECT_EQ(differences[0].a, "20");
  EXPECT_EQ(differences[0].b, "10");
  EXPECT_FALSE(differences[0].allowed);
}

TEST(Comparability, CoversSchemaProtocolVersionSettingsDataAndItsHashes) {
  const Record a = judged("MAE", "knn");
  Record b = a;
  b.schema_version = 1;
  b.protocol = "linear_probe";
  b.protocol_version = 2;
  b.dataset["name"] = "cifar10";
  b.dataset["hashes"]["test"] = "23";
  b.dataset["hashes"]["prompts"] = "ab";
  b.requested["solver"] = "logistic";
  EXPECT_EQ(differing(a, b),
            (std::vector<std::string>{"dataset.name", "protocol.name", "protocol.requested.solver",
                                      "protocol.version", "schema_version", "dataset.hashes.prompts",
                                      "dataset.hashes.test"}));
}

TEST(Comparability, DoesNotLookAtWhatIsOfTheMachine) {
  Record a = judged("MAE", "knn"), b = a;
  b.requested["workers"] = 8;
  b.environment["device"] = "cuda";
  b.run["commit"] = "fff";
  EXPECT_TRUE(differing(a, b).empty());
  const auto notes = notable_differences(a, b);
  EXPECT_EQ(notes,
            (std::vector<std::string>{"environment.device: cpu and cuda", "run.commit: abc1234 and fff"}));
}

TEST(Comparability, OfASettingThatOneLacksShowsAnAbsence) {
  const auto differences =
      field_differences(judged("MAE", "knn"), with_setting(judged("MAE", "knn"), "k", 10), {});
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences[0].a, "—");
}

TEST(Comparability, CanBeAllowedByWholeNameOrLastPart) {
  const Record a = with_setting(judged("MAE", "knn"), "k", 20),
               b = with_setting(judged("MAE", "knn"), "k", 10);
  EXPECT_TRUE(field_differences(a, b, {{"k"}})[0].allowed);
  EXPECT_TRUE(field_differences(a, b, {{"protocol.requested.k"}})[0].allowed);
  EXPECT_FALSE(field_differences(a, b, {{"requested.k"}})[0].allowed);
}

Record timed(const std::string& measurement) {
  Record record = judged("MAE", "throughput");
  record.outcomes.reset();
  Metric& metric = record.metrics[0];
  metric = {};
  metric.name = "inference_images_per_second";
  metric.unit = "images/s";
  metric.headline = true;
  metric.value = 100;
  metric.repetitions = {"timed block", {99, 100, 101}};
  if (!measurement.empty()) record.run["measurement"] = measurement;
  return record;
}

TEST(Comparability, OfTimesAsksForOneMeasurementOnOneMachine) {
  EXPECT_TRUE(differing(timed("m1"), timed("m1")).empty());
  EXPECT_EQ(differing(timed("m1"), timed("m2")), (std::vector<std::string>{"run.measurement"}));
  EXPECT_EQ(differing(timed(""), timed("")), (std::vector<std::string>{"run.measurement"}))
      << "unknown measurements are not one";
  Record other = timed("m1");
  other.environment["cpu"] = "Another CPU";
  EXPECT_EQ(differing(timed("m1"), other), (std::vector<std::string>{"environment.cpu"}));
}

}  // namespace
}  // namespace repbench
