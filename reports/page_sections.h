#pragma once

#include <filesystem>
#include <vector>

#include "reports/page.h"
#include "reports/record.h"

// The sections that build_page puts together. A section without parts and text is left out of the page.

namespace repbench {

/// What was read for one page. Outcomes are loaded where a table compares.
struct PageData {
  std::vector<std::filesystem::path> files;  // one a record
  std::vector<Record> records;
  std::vector<Sheet> sheets;
};

Section comparison_section(const PageData& data);
std::vector<Section> grid_sections(const PageData& data);  // one a label that stands for several settings
Section curve_section(const PageData& data);
Section throughput_section(const PageData& data);
Section checkpoint_section(const PageData& data);
Section warning_section(const PageData& data);
Section environment_section(const PageData& data);
Section measurement_section(const PageData& data);  // every metric of every report, one a line

}  // namespace repbench
