#include "files/utf8.h"
#include "reports/compare/gate_output.h"
#include "reports/compare/gate_text.h"

namespace repbench {
namespace {

std::string direction_name(Direction direction) {
  if (direction == Direction::neither) return "neither";
  return direction == Direction::higher_is_better ? "higher_is_better" : "lower_is_better";
}

Json level_json(const ErrorLevel& level) {
  return {{"method", level.method},
          {"interval", {level.interval.low, level.interval.high}},
          {"standard_error", level.standard_error},
          {"p_loss", level.p_loss},
          {"p_gain", level.p_gain},
          {"n", level.n}};
}

Json fields_json(const std::vector<FieldDifference>& fields) {
  Json list = Json::array();
  for (const FieldDifference& field : fields) {
    list.push_back(
        {{"field", field.field}, {"baseline", field.a}, {"candidate", field.b}, {"allowed", field.allowed}});
  }
  return list;
}

/// Where a row stands: all that there is of a new one.
Json place_json(const GateRow& row) {
  Json json = {{"encoder", row.encoder},   {"dataset", row.dataset},
               {"protocol", row.protocol}, {"metric", row.metric.name},
               {"unit", row.metric.unit},  {"direction", direction_name(row.metric.direction)}};
  if (!row.variant.empty()) json["variant"] = row.variant;
  if (!row.class_name.empty()) json["class"] = row.class_name;
  return json;
}

void add_numbers(Json& json, const GateRow& row) {
  const Verdict verdict = row.judgement.verdict;
  if (row.metric.name.empty()) return;
  json["baseline"] = row.metric.a;
  if (verdict == Verdict::missing || verdict == Verdict::not_comparable) return;
  json["candidate"] = row.metric.b;
  json["difference"] = row.metric.difference;
  if (row.metric.units) json["units"] = level_json(*row.metric.units);
  if (row.metric.seeds) json["seeds"] = level_json(*row.metric.seeds);
}

Json row_json(const GateRow& row) {
  Json json = place_json(row);
  add_numbers(json, row);
  const Judgement& judgement = row.judgement;
  json["verdict"] = name_of(judgement.verdict);
  json["reason"] = judgement.reason;
  json["margin"] = row.margin;
  if (judgement.p_loss) json["p_loss_holm"] = *judgement.p_loss;
  if (judgement.p_gain) json["p_gain_holm"] = *judgement.p_gain;
  if (judgement.smallest_loss) json["smallest_loss"] = *judgement.smallest_loss;
  if (judgement.needed) json["n_needed"] = *judgement.needed;
  json["fields"] = fields_json(row.fields);
  json["notes"] = row.notes;
  for (const std::string& note : row.metric.notes) json["notes"].push_back(note);
  return json;
}

Json rows_json(const std::vector<GateRow>& rows) {
  Json list = Json::array();
  for (const GateRow& row : rows) list.push_back(row_json(row));
  return list;
}

/// Not judged.
Json shown_json(const GateRow& row) {
  Json json = place_json(row);
  add_numbers(json, row);
  return json;
}

}  // namespace

Json gate_json(const GateResult& result, const std::string& command) {
  Json json = {{"schema_version", 1},
               {"outcome", outcome_name(result)},
               {"exit_code", exit_code(result)},
               {"baseline", repaired_utf8(result.baseline)},
               {"candidate", repaired_utf8(result.candidate)},
               {"command", repaired_utf8(command)},
               {"policy", to_json(result.policy)},
               {"counts", Json::object()},
               {"rows", rows_json(result.whole.rows)},
               {"slices", Json::array()},
               {"shown", Json::array()},
               {"new", Json::array()}};
  for (const Verdict verdict : {Verdict::regression, Verdict::missing, Verdict::not_comparable,
                                Verdict::inconclusive, Verdict::improvement, Verdict::pass})
    json["counts"][std::string(name_of(verdict))] = count(result, verdict);
  for (const GateFamily& slice : result.slices) {
    json["slices"].push_back({{"name", slice.slice}, {"rows", rows_json(slice.rows)}});
    if (result.policy.rule == GateRule::detect) json["slices"].back()["alpha"] = slice.alpha;
  }
  for (const GateRow& row : result.shown) json["shown"].push_back(shown_json(row));
  for (const GateRow& row : result.added) json["new"].push_back(place_json(row));
  return json;
}

}  // namespace repbench
