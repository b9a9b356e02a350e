#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "files/json.h"

// A report: what one protocol measured of one checkpoint on one data set. Plain data in, JSON out; valid
// against reports/schema/report.schema.json. No NaN or infinity ever.

namespace repbench {

inline constexpr int kReportSchemaVersion = 2;

enum class Direction { higher_is_better, lower_is_better, neither };

struct Interval {
  double low = 0, high = 0;  // 95 %
};

/// Equal measurements, done again: a metric's value is their mean.
struct Repetitions {
  std::string unit;  // what was repeated: "draw", "timed block"
  std::vector<double> values;
};

/// A metric of the table in reports/metric_kinds.h.
struct Metric {
  std::string name;  // "accuracy", "inference_images_per_second", ...
  int version = 1;   // of its definition; the writer fills it in
  double value = 0;
  std::string unit;  // "" for a share in [0, 1]
  Direction direction = Direction::higher_is_better;
  bool headline = false;     // the one that tables show
  std::optional<int64_t> n;  // examples or repetitions behind it
  std::optional<double> standard_error;
  std::optional<Interval> interval;
  std::optional<double> chance;
  std::optional<double> ceiling;
  std::string column;  // of the outcomes that it is computed from; "" if none
  std::optional<Repetitions> repetitions;
};

/// One line of a figure, e.g. accuracy against the number of tuned blocks.
struct Curve {
  std::string name;
  std::string x_label, y_label;
  std::vector<double> x;
  std::vector<double> y;
  std::vector<Interval> intervals;  // empty or one a point
  std::vector<std::string>
      x_ticks;  // empty, or one a point where a number says too little: "all"; "": the number
};

/// Columns with one row a unit.
struct OutcomeTable {
  std::string unit;              // what a row is: "picture", "text"
  std::vector<std::string> ids;  // each once
  std::vector<int64_t> labels;   // -1: none
  /// "prediction", "correct" (0 or 1, or a share of draws), "image_rank" (from 1), "squared_error", ...
  std::map<std::string, std::vector<double>> columns;
  /// Rows of one number, below the number of rows, stand or fall together: texts of one picture. Empty: each
  /// row stands alone.
  std::vector<int64_t> groups = {};
};

/// What metrics are computed from, kept in a file beside the report. No two tables have a column of one name.
struct Outcomes {
  std::vector<std::string> class_names;  // of the labels; empty if there are none
  std::vector<OutcomeTable> tables;

  /// The table with this column; null if there is none.
  const OutcomeTable* table_of(std::string_view column) const;

  /// Throws std::logic_error if there is none.
  const std::vector<double>& column(const std::string& name) const;
};

struct Record {
  int schema_version = kReportSchemaVersion;  // of the file that it was read from
  Json run = Json::object();                  // time, command, commit, dirty, measurement
  Json environment = Json::object();          // cpu, threads, device, library versions, kernels
  Json checkpoint = Json::object();  // sha256, kind, label, resolved config, trainable and total parameters
  Json dataset = Json::object();     // name, split sizes, hashes
  std::string protocol;
  int protocol_version = 1;
  Json requested = Json::object();    // settings as asked for (every field, defaults filled in)
  Json resolved = Json::object();     // what was chosen on the way: lambda, tap, ...
  std::vector<std::string> identity;  // the keys of `requested` that change results
  std::string fingerprint;            // see `fingerprint` below
  std::vector<Metric> metrics;
  std::vector<Curve> curves;
  std::optional<Outcomes> outcomes;  // loaded on demand by read_outcomes
  std::string outcomes_sha256;       // "" if there are none
  Json cost = Json::object();        // seconds, peak memory, MACs
  std::vector<std::string> warnings;

  /// The headline metric. Throws std::logic_error if there is none.
  const Metric& headline() const;
  const Metric* find(std::string_view metric_name) const;
};

/// sha256 over the requested fields that change results, the data hashes and the protocol's name and version:
/// two numbers may be compared when this is equal.
std::string fingerprint(const std::string& protocol, int protocol_version, const Json& identity_settings,
                        const Json& dataset_hashes);
std::string fingerprint(const Record& record);

/// Writes DIR/report.json, sealed by a sha256 over its own content, and DIR/outcomes.json if there are any;
/// both atomically, outcomes first. Throws std::invalid_argument naming the field if a number is not finite,
/// a metric is not as reports/metric_kinds.h defines it or is not what its outcomes give, not exactly one
/// metric is the headline, an outcome's id occurs twice, or the checkpoint's `label` or the data set's `name`
/// is missing: what is written can be read.
void write_record(const std::filesystem::path& folder, Record record);

/// Throws std::invalid_argument "[record] FILE: expected ...; got ..." naming the key for a missing, unknown
/// or ill-typed key, an unknown metric, a newer schema, and for content that is not what its seal or its
/// fingerprint was made over; what is not JSON at all is told by files/json.h, naming the file. Older schemas
/// are migrated (reports/migrations.h).
Record read_record(const std::filesystem::path& report_json);

/// The outcomes beside a report, checked against their hash; empty if the report has none.
/// Throws std::invalid_argument naming the file if they are missing, altered or uneven, or give another value
/// than a metric of the report has.
std::optional<Outcomes> read_outcomes(const std::filesystem::path& report_json, const Record& record);
std::optional<Outcomes> read_outcomes(const std::filesystem::path& report_json);

/// Every report.json below these folders (a report.json itself may be named, too), each once, sorted by path;
/// unfinished `NAME.tmp` folders are passed over. Throws std::runtime_error for a missing folder.
std::vector<std::filesystem::path> find_reports(const std::vector<std::filesystem::path>& folders);

}  // namespace repbench
