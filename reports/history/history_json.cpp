#include "reports/history/history.h"

namespace repbench {
namespace {

Json to_json(const HistoryPoint& point) {
  const HistoryRun& first = *point.runs[0];
  Json json = {{"time", first.record.run.at("time")},
               {"commit", first.commit},
               {"dirty", first.dirty},
               {"value", point.value},
               {"reports", Json::array()}};
  if (point.interval) json["interval"] = {point.interval->low, point.interval->high};
  if (point.standard_error) json["standard_error"] = *point.standard_error;
  for (const HistoryRun* run : point.runs) {
    json["reports"].push_back(
        {{"file", run->file.string()}, {"checkpoint", run->sha256}, {"seed", run->seed}});
  }
  return json;
}

Json to_json(const ChangePoint& change) {
  Json json = {{"point", change.at},
               {"before", change.before},
               {"after", change.after},
               {"difference", change.difference()},
               {"p", change.p}};
  if (change.p_checkpoints) json["p_checkpoints"] = *change.p_checkpoints;
  return json;
}

Json to_json(const MetricHistory& metric) {
  Json json = {{"encoder", metric.encoder},   {"dataset", metric.dataset},
               {"protocol", metric.protocol}, {"fingerprint", metric.fingerprint},
               {"heading", metric.heading},   {"metric", metric.metric},
               {"unit", metric.unit},         {"test", metric.test},
               {"points", Json::array()},     {"changes", Json::array()}};
  for (const HistoryPoint& point : metric.points) json["points"].push_back(to_json(point));
  for (const ChangePoint& change : metric.changes) json["changes"].push_back(to_json(change));
  return json;
}

}  // namespace

Json to_json(const History& history) {
  Json json = {{"schema_version", 1}, {"metrics", Json::array()}};
  for (const MetricHistory& metric : history.metrics) json["metrics"].push_back(to_json(metric));
  return json;
}

}  // namespace repbench
