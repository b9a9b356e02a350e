#include "reports/page.h"

#include <fmt/format.h>

#include <set>
#include <stdexcept>

#include "files/json.h"
#include "reports/page_sections.h"
#include "reports/rows.h"

namespace fs = std::filesystem;

namespace repbench {
namespace {

/// An experiment's own title, or the folder's name.
std::string title_of(const fs::path& folder) {
  if (fs::exists(folder / "experiment.json"))
    return read_json(folder / "experiment.json").value("title", std::string("experiment"));
  const fs::path clean = fs::absolute(folder).lexically_normal();
  return clean.has_filename() ? clean.filename().string() : clean.parent_path().filename().string();
}

std::string counted(size_t n, const std::string& noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

std::string lead_of(const PageData& data) {
  std::set<std::string> checkpoints, datasets, protocols;
  for (const Record& record : data.records) {
    checkpoints.insert(label_of(record) + record.checkpoint.value("sha256", ""));
    if (const std::string name = record.dataset.value("name", ""); name != "synthetic") datasets.insert(name);
    protocols.insert(record.protocol);
  }
  return fmt::format(
      "{}: {}, {}, {}. Intervals are 95 %; each number is generated from a report.json, none is typed.",
      counted(data.records.size(), "report"), counted(checkpoints.size(), "encoder"),
      counted(datasets.size(), "data set"), counted(protocols.size(), "protocol"));
}

}  // namespace

Page build_page(const std::vector<fs::path>& folders) {
  PageData data;
  data.files = find_reports(folders);
  for (const fs::path& file : data.files) data.records.push_back(read_record(file));
  data.sheets = find_sheets(folders, data.files);
  if (data.records.empty() && data.sheets.empty()) {
    throw std::runtime_error(fmt::format("[report] expected a report.json below {}; found none",
                                         folders.empty() ? "" : folders[0].string()));
  }

  Page page;
  for (const fs::path& folder : folders) page.title += (page.title.empty() ? "" : ", ") + title_of(folder);
  page.lead = lead_of(data);
  page.sections.push_back(comparison_section(data));
  page.sections.push_back(encoder_section(data));
  for (Section& section : grid_sections(data)) page.sections.push_back(std::move(section));
  page.sections.push_back(curve_section(data));
  for (Section& section : sheet_sections(data)) page.sections.push_back(std::move(section));
  page.sections.push_back(throughput_section(data));
  page.sections.push_back(checkpoint_section(data));
  page.sections.push_back(warning_section(data));
  page.sections.push_back(environment_section(data));
  page.sections.push_back(measurement_section(data));
  std::erase_if(page.sections,
                [](const Section& section) { return section.parts.empty() && section.text.empty(); });
  return page;
}

}  // namespace repbench
