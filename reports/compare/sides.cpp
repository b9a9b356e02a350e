#include "reports/compare/sides.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <tuple>

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
  std::vector<const Record*> records;
  std::map<const Record*, Run*> run_of;
  for (Run& run : runs) {
    records.push_back(&run.record);
    run_of[&run.record] = &run;
  }
  Side side{path.string(), {}};
  for (const Row& row : rows_of(records)) {
    std::map<std::tuple<std::string, std::string, std::string>, size_t> places;
    for (const Record* record : row.records) {
      const std::string dataset = record->dataset.value("name", "");
      const auto [place, fresh] =
          places.emplace(std::tuple(dataset, record->protocol, record->fingerprint), side.cells.size());
      if (fresh) {
        side.cells.push_back({row.name, row.control, dataset, record->protocol, record->fingerprint, {}});
      }
      insert(side.cells[place->second].runs, *run_of.at(record));
    }
  }
  return side;
}

}  // namespace repbench
