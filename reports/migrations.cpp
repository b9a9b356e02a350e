#include "reports/migrations.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "files/checked_json.h"

namespace repbench {
namespace {

/// Schema 1 had one table of outcomes, of what its headline counted. Only an accuracy says in how many
/// examples (`n`) that it is this table's mean: few-shot's is a mean over draws of which the last one was
/// kept.
bool is_counted_in_outcomes(const Json& metric, const Json& document) {
  if (!metric.is_object() || !document.contains("outcomes") || !document["outcomes"].is_object())
    return false;
  const std::string name =
      metric.contains("name") && metric["name"].is_string() ? metric["name"].get<std::string>() : "";
  const bool classifies =
      name == "accuracy" || name == "mean_per_class_accuracy" ||
      (name.starts_with("accuracy_") && metric.value("headline", Json(false)) == Json(true));
  return classifies && metric.value("n", Json()) == document["outcomes"].value("n", Json(-1));
}

/// 1 -> 2: definitions of metrics have versions, outcomes have tables, settings say which are identity. Which
/// were was not kept in schema 1: all that are not known to be of the machine count.
Json report_from_1(Json document, const std::string& where) {
  const CheckedJson json(document, where);
  json.at("protocol").at("requested").object();
  json.at("metrics").items();
  for (Json& metric : document["metrics"]) {
    if (!metric.is_object()) continue;
    metric["version"] = 1;
    if (is_counted_in_outcomes(metric, document)) metric["column"] = "correct";
  }
  if (document.contains("outcomes") && document["outcomes"].is_object()) document["outcomes"].erase("n");
  constexpr auto kOfTheMachine = std::to_array<std::string_view>(
      {"batch_size", "workers", "device", "threads", "train_index", "test_index", "draws"});
  Json identity = Json::array();
  for (const auto& [key, value] : document["protocol"]["requested"].items()) {
    if (std::find(kOfTheMachine.begin(), kOfTheMachine.end(), key) == kOfTheMachine.end())
      identity.push_back(key);
  }
  document["protocol"]["identity"] = identity;
  document["schema_version"] = 2;
  return document;
}

Json outcomes_from_1(const Json& document, const std::string& where) {
  const CheckedJson json(document, where);
  json.expect_only({"ids", "labels", "predictions", "correct"});
  for (const char* column : {"ids", "labels", "predictions", "correct"}) json.at(column).items();
  return {{"class_names", Json::array()},
          {"tables",
           {{{"unit", "example"},
             {"ids", document["ids"]},
             {"labels", document["labels"]},
             {"columns", {{"prediction", document["predictions"]}, {"correct", document["correct"]}}}}}}};
}

}  // namespace

Json migrated_report(Json document, int from, const std::string& where) {
  if (from < 2) document = report_from_1(std::move(document), where);
  return document;
}

Json migrated_outcomes(Json document, int from, const std::string& where) {
  if (from < 2) document = outcomes_from_1(document, where);
  return document;
}

}  // namespace repbench
