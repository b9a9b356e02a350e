#include "reports/migrations.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "reports/metric_kinds.h"
#include "reports/record_json.h"
#include "tests/files/error_message.h"

// One report of each schema that was ever written is kept in tests/golden/reports/.

namespace repbench {
namespace {

std::filesystem::path golden_report(int version) {
  return std::filesystem::path(REPBENCH_SOURCE_DIR) / "tests/golden/reports" /
         ("v" + std::to_string(version)) / "report.json";
}

class EverySchema : public testing::TestWithParam<int> {};

TEST_P(EverySchema, IsReadAndItsOutcomesGiveItsMetrics) {
  const Record record = read_record(golden_report(GetParam()));
  EXPECT_EQ(record.schema_version, GetParam());
  EXPECT_EQ(record.protocol, "knn");
  EXPECT_EQ(record.fingerprint, fingerprint(record)) << "migrated settings must give the fingerprint of old";
  EXPECT_NEAR(record.headline().value, 26.0 / 30, 1e-12);
  const auto outcomes = read_outcomes(golden_report(GetParam()), record);
  ASSERT_TRUE(outcomes.has_value());
  for (const Metric& metric : record.metrics) {
    ASSERT_FALSE(metric.column.empty()) << metric.name;
    EXPECT_NEAR(aggregate_outcomes(metric, *outcomes->table_of(metric.column)), metric.value, 1e-12);
  }
}

INSTANTIATE_TEST_SUITE_P(Reports, EverySchema, testing::Range(1, kReportSchemaVersion + 1),
                         [](const auto& tested) { return "v" + std::to_string(tested.param); });

TEST(Migration, RefusesABrokenReportOfAnOlderSchemaWithItsKey) {
  Json report = read_json(golden_report(1));
  report["protocol"].erase("requested");
  EXPECT_PRED2(contains,
               error_message<std::invalid_argument>([&] { record_from_json(report, "[record] a"); }),
               "protocol.requested");
  report = read_json(golden_report(1));
  report["metrics"] = 3;
  EXPECT_THROW(record_from_json(report, "[record] a"), std::invalid_argument);
  EXPECT_THROW(migrated_outcomes({{"ids", 3}}, 1, "[outcomes] a"), std::invalid_argument);
}

}  // namespace
}  // namespace repbench
