#include "reports/compare/sides.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

#include "reports/axes.h"
#include "reports/rows.h"

namespace fs = std::filesystem;

namespace repbench {
namespace {

/// By seed, so that runs of two sides can be paired.
void insert(std::vector<Run>& runs, Run run) {
  const std::string seed = seed_of(run.record);
  for (const Run& other : runs) {
    if (seed_of(other.record) != seed) continue;
    throw std::invalid_argument(
        fmt::format("[compare] expected one report a cell and seed; got two of {} by {} on {}: {} and {}",
                    label_of(run.record), run.record.protocol, run.record.dataset.value("name", ""),
                    other.file.string(), run.file.string()));
  }
  const auto place =
      std::find_if(runs.begin(), runs.end(), [&](const Run& other) { return seed < seed_of(other.record); });
  runs.insert(place, std::move(run));
}

void append_cells(const Row& row, const std::map<const Record*, Run*>& run_of, Side& side) {
  std::map<std::pair<std::string, std::string>, size_t> places;
  for (const Record* record : row.records) {
    const auto [place, fresh] =
        places.emplace(std::pair(record->protocol, record->fingerprint), side.cells.size());
    if (fresh) {
      side.cells.push_back({row.name,
                            row.control,
                            record->dataset.value("name", ""),
                            record->protocol,
                            record->fingerprint,
                            {}});
    }
    insert(side.cells[place->second].runs, *run_of.at(record));
  }
}

/// What tells cells of one protocol and data set apart, as the headings of tables do.
void name_variants(Side& side) {
  std::vector<const Record*> records;
  for (const ReportCell& cell : side.cells) records.push_back(&cell.runs[0].record);
  for (const Column& column : columns_of(records)) {
    const std::string name = column.dataset + ": " + column.protocol,
                      longer = name + ", " + column.example->headline().name;
    const size_t plain = column.heading.starts_with(longer) ? longer.size() : name.size();
    const size_t start = column.heading.find_first_not_of(' ', std::min(plain, column.heading.size()));
    if (start == std::string::npos) continue;
    for (ReportCell& cell : side.cells) {
      if (cell.dataset == column.dataset && cell.protocol == column.protocol &&
          cell.fingerprint == column.fingerprint)
        cell.variant = column.heading.substr(start);
    }
  }
}

}  // namespace

std::vector<Run> read_runs(const std::vector<fs::path>& folders) {
  std::vector<Run> runs;
  for (const fs::path& file : find_reports(folders)) runs.push_back({file, read_record(file)});
  if (!runs.empty()) return runs;
  throw std::runtime_error(fmt::format("[report] expected a report.json below {}; found none",
                                       folders.empty() ? "no folder" : folders[0].string()));
}

Side read_side(const fs::path& path) {
  std::vector<Run> runs = read_runs({path});
  std::map<std::string, std::vector<const Record*>> by_dataset;
  std::map<const Record*, Run*> run_of;
  for (Run& run : runs) {
    by_dataset[run.record.dataset.value("name", "")].push_back(&run.record);
    run_of[&run.record] = &run;
  }
  Side side{path.string(), {}};
  // Names are told apart within a data set: a file of features is another one on each.
  for (const auto& [dataset, records] : by_dataset) {
    for (const Row& row : rows_of(records)) append_cells(row, run_of, side);
  }
  name_variants(side);
  return side;
}

}  // namespace repbench
