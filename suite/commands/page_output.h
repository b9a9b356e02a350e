#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "reports/page.h"

namespace repbench {

/// Where a command's page goes and in which form.
struct PageOutput {
  std::string format;  // md, csv, latex, html or json; empty: as the file's name says, else md
  std::string out;     // file; empty: standard output

  void add_options(CLI::App& command);
  std::string resolved_format() const;

  void write(const Page& page) const;
  void write(const std::string& text) const;
};

/// Every figure of a page as SVG and every sheet as PNG, named by its title.
void write_pictures(const Page& page, const std::filesystem::path& folder);

}  // namespace repbench
