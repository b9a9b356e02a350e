#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "reports/page.h"
#include "reports/record.h"

// The sections that build_page puts together. A section without parts and text is left out of the page.

namespace repbench {

/// A sheet, where it lay, and the report beside it.
struct FoundSheet {
  Sheet sheet;
  std::filesystem::path folder;
  std::optional<size_t> record;  // in PageData::records
};

/// What was read for one page. Outcomes are loaded where a table compares.
struct PageData {
  std::vector<std::filesystem::path> files;  // one a record
  std::vector<Record> records;
  std::vector<FoundSheet> sheets;
};

/// Every sheet below these folders, in order of their paths; `reports` are the files of the records.
std::vector<FoundSheet> find_sheets(const std::vector<std::filesystem::path>& folders,
                                    const std::vector<std::filesystem::path>& reports);

Section comparison_section(const PageData& data);
Section encoder_section(const PageData& data);             // how each encoder was made
std::vector<Section> grid_sections(const PageData& data);  // one a label that stands for several settings
Section curve_section(const PageData& data);
std::vector<Section> sheet_sections(
    const PageData& data);  // attention and similarity, reconstructions, others
Section throughput_section(const PageData& data);
Section checkpoint_section(const PageData& data);
Section warning_section(const PageData& data);
Section environment_section(const PageData& data);
Section measurement_section(const PageData& data);  // every metric of every report, one a line

}  // namespace repbench
