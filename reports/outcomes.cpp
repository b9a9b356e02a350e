#include "reports/outcomes.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <unordered_set>

#include "files/atomic.h"
#include "files/checked_json.h"
#include "files/hash.h"
#include "reports/record_json.h"

namespace fs = std::filesystem;

namespace repbench {
namespace {

void check_columns(const Outcomes& outcomes, const std::string& where) {
  const size_t n = outcomes.ids.size();
  if (outcomes.labels.size() != n || outcomes.predictions.size() != n || outcomes.correct.size() != n) {
    throw std::invalid_argument(fmt::format(
        "{}: expected {} rows in each column as in ids; got labels {}, predictions {}, correct {}", where, n,
        outcomes.labels.size(), outcomes.predictions.size(), outcomes.correct.size()));
  }
  std::unordered_set<std::string_view> seen;
  for (const std::string& id : outcomes.ids) {
    if (!seen.insert(id).second) {
      throw std::invalid_argument(
          fmt::format("{}: expected each example once; got the id {} twice", where, id));
    }
  }
}

Outcomes outcomes_from(const Json& document, const std::string& where) {
  const CheckedJson json(document, where);
  Outcomes outcomes;
  outcomes.ids = json.at("ids").texts();
  outcomes.labels = json.at("labels").integers();
  outcomes.predictions = json.at("predictions").integers();
  for (const CheckedJson& item : json.at("correct").items()) {
    const int64_t correct = item.integer();
    if (correct != 0 && correct != 1) item.fail("0 or 1");
    outcomes.correct.push_back(static_cast<uint8_t>(correct));
  }
  check_columns(outcomes, where);
  return outcomes;
}

}  // namespace

std::string outcomes_bytes(const Outcomes& outcomes) {
  check_columns(outcomes, "[outcomes] a record's outcomes");
  const bool binary =
      std::all_of(outcomes.correct.begin(), outcomes.correct.end(), [](uint8_t c) { return c <= 1; });
  if (!binary) throw std::invalid_argument("[outcomes] expected 0 or 1 in correct; got another number");
  return canonical_json({{"ids", outcomes.ids},
                         {"labels", outcomes.labels},
                         {"predictions", outcomes.predictions},
                         {"correct", outcomes.correct}}) +
         "\n";
}

std::optional<Outcomes> read_outcomes(const fs::path& report_json) {
  const Record record = read_record(report_json);
  if (record.outcomes_sha256.empty()) return std::nullopt;
  const fs::path path = report_json.parent_path() / kOutcomesFile;
  const std::string where = "[outcomes] " + path.string();
  if (!fs::exists(path)) {
    throw std::invalid_argument(
        fmt::format("{}: expected the outcomes of {}; got no such file", where, report_json.string()));
  }
  const std::string bytes = read_file(path);
  if (const std::string got = sha256(bytes); got != record.outcomes_sha256) {
    throw std::invalid_argument(fmt::format("{}: expected sha256 {} as {} says; got {}", where,
                                            record.outcomes_sha256, report_json.string(), got));
  }
  return outcomes_from(parse_json(bytes, path.string()), where);
}

}  // namespace repbench
