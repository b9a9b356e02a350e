#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "reports/record_json.h"
#include "tests/reports/sample_record.h"

// That real reports are valid is checked by an independent validator in tests/interop; here, that the schema
// and the program speak of the same keys.

namespace repbench {
namespace {

Json schema() {
  return read_json(std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() /
                   "reports/schema/report.schema.json");
}

std::set<std::string> keys(const Json& object) {
  std::set<std::string> names;
  for (const auto& item : object.items()) names.insert(item.key());
  return names;
}

std::set<std::string> required(const Json& schema_part) {
  std::set<std::string> names;
  for (const Json& name : schema_part.at("required")) names.insert(name.get<std::string>());
  return names;
}

Json sealed(const Record& record) {
  Json report = to_json(record);
  report[kSeal] = seal_of(report);
  return report;
}

/// A report with every optional key.
Json complete_report() {
  Record record = sample_record("MAE", "knn", 800);
  record.curves = {{"c", "x", "y", {1}, {2}, {{1, 3}}, {"one"}}};
  record.outcomes_sha256 = std::string(64, 'a');
  record.metrics[0].repetitions = {"draw", {0.8}};
  return sealed(record);
}

/// A report with none.
Json least_report() {
  Record record = sample_record("MAE", "knn", 800);
  record.outcomes.reset();
  Metric bare;
  bare.headline = true;
  record.metrics = {bare};
  record.curves = {{"c", "x", "y", {1}, {2}, {}, {}}};
  return sealed(record);
}

TEST(Schema, IsOfThisVersionAndStrict) {
  EXPECT_EQ(schema().at("$schema"), "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(schema().at("properties").at("schema_version").at("const"), kReportSchemaVersion);
  EXPECT_EQ(schema().at("additionalProperties"), false);
  for (const char* part : {"run", "protocol", "metric", "curve", "outcomes"}) {
    EXPECT_EQ(schema().at("$defs").at(part).at("additionalProperties"), false) << part;
  }
}

TEST(Schema, ListsExactlyTheKeysOfAReport) {
  const Json definitions = schema().at("$defs"), report = complete_report();
  EXPECT_EQ(keys(schema().at("properties")), keys(report));
  EXPECT_EQ(keys(definitions.at("protocol").at("properties")), keys(report.at("protocol")));
  EXPECT_EQ(keys(definitions.at("metric").at("properties")), keys(report.at("metrics")[0]));
  EXPECT_EQ(keys(definitions.at("curve").at("properties")), keys(report.at("curves")[0]));
  EXPECT_EQ(keys(definitions.at("outcomes").at("properties")), keys(report.at("outcomes")));
}

TEST(Schema, RequiresExactlyTheKeysThatAreAlwaysThere) {
  const Json definitions = schema().at("$defs"), report = least_report();
  EXPECT_EQ(required(schema()), keys(report));
  EXPECT_EQ(required(definitions.at("protocol")), keys(report.at("protocol")));
  EXPECT_EQ(required(definitions.at("metric")), keys(report.at("metrics")[0]));
  EXPECT_EQ(required(definitions.at("curve")), keys(report.at("curves")[0]));
}

TEST(Schema, RequiresWhatTheSampleReportHas) {
  const Json definitions = schema().at("$defs"), report = complete_report();
  for (const char* part : {"run", "environment", "checkpoint", "dataset"}) {
    for (const std::string& key : required(definitions.at(part)))
      EXPECT_TRUE(report.at(part).contains(key)) << part << "." << key;
  }
}

}  // namespace
}  // namespace repbench
