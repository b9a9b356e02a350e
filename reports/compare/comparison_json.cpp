#include "reports/compare/comparison.h"

namespace repbench {
namespace {

Json to_json(const ErrorLevel& level) {
  return {{"method", level.method},
          {"interval", {level.interval.low, level.interval.high}},
          {"standard_error", level.standard_error},
          {"p", level.p},
          {"p_loss", level.p_loss},
          {"p_gain", level.p_gain},
          {"detectable", level.detectable},
          {"least_p", level.least_p},
          {"n", level.n}};
}

Json to_json(const MetricComparison& metric) {
  Json json = {
      {"name", metric.name}, {"unit", metric.unit}, {"headline", metric.headline}, {"notes", metric.notes}};
  if (!metric.not_comparable.empty()) {
    json["not_comparable"] = metric.not_comparable;
    return json;
  }
  json["a"] = metric.a;
  json["b"] = metric.b;
  json["difference"] = metric.difference;
  if (metric.units) json["units"] = to_json(*metric.units);
  if (metric.seeds) json["seeds"] = to_json(*metric.seeds);
  if (metric.adjusted_p) json["adjusted_p"] = *metric.adjusted_p;
  return json;
}

Json to_json(const CellComparison& cell) {
  Json json = {
      {"encoder_a", cell.encoder_a}, {"encoder_b", cell.encoder_b}, {"dataset", cell.dataset},
      {"protocol", cell.protocol},   {"variant", cell.variant},     {"comparable", cell.comparable()},
      {"fields", Json::array()},     {"metrics", Json::array()},    {"notes", cell.notes}};
  for (const FieldDifference& field : cell.fields) {
    json["fields"].push_back(
        {{"field", field.field}, {"a", field.a}, {"b", field.b}, {"allowed", field.allowed}});
  }
  for (const MetricComparison& metric : cell.metrics) json["metrics"].push_back(to_json(metric));
  return json;
}

Json to_json(const AverageDifference& average) {
  Json json = {{"tasks", average.tasks},
               {"difference", average.difference},
               {"with_one_left_out",
                {{"least", average.least},
                 {"least_without", average.least_without},
                 {"most", average.most},
                 {"most_without", average.most_without}}}};
  if (average.stability) {
    json["rank_correlation"] = {{"encoders", average.encoders},
                                {"mean", average.stability->mean_spearman},
                                {"least", average.stability->least_spearman}};
  }
  return json;
}

}  // namespace

Json to_json(const Comparison& comparison) {
  Json json = {{"schema_version", 1},
               {"a", comparison.a},
               {"b", comparison.b},
               {"correction", comparison.correction == Correction::holm ? "holm" : "benjamini_hochberg"},
               {"cells", Json::array()},
               {"missing", Json::array()}};
  for (const CellComparison& cell : comparison.cells) json["cells"].push_back(to_json(cell));
  for (const MissingCell& cell : comparison.missing) {
    json["missing"].push_back({{"encoder", cell.encoder},
                               {"dataset", cell.dataset},
                               {"protocol", cell.protocol},
                               {"there", cell.in_a ? "a" : "b"}});
  }
  if (comparison.average) json["average"] = to_json(*comparison.average);
  return json;
}

}  // namespace repbench
