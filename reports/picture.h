#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace repbench {

/// uint8 HWC pixels, channels 1 or 3.
struct Pixels {
  int height = 0, width = 0, channels = 0;
  std::vector<uint8_t> data;
};

/// Rows of pictures with column headings: original, masked, predicted.
struct Sheet {
  std::string title;
  std::string note;
  std::vector<std::string> columns;
  std::vector<std::vector<Pixels>> rows;
};

/// A PNG with nearest-neighbour enlargement `scale`.
std::string to_png(const Pixels& pixels, int scale = 1);

/// The whole sheet as one picture: a line a column, its rows side by side, a white gap between.
Pixels contact_sheet(const Sheet& sheet);

/// An HTML figure with every picture as a data URL.
std::string to_html(const Sheet& sheet);

/// Where a protocol leaves its sheet for the page: `sheet.json` beside (or below) the reports. Atomic.
/// Throws std::invalid_argument naming the file if the sheet is uneven, a picture's size wrong, or the file
/// no sheet.
void write_sheet(const std::filesystem::path& path, const Sheet& sheet);
Sheet read_sheet(const std::filesystem::path& path);

std::string base64(std::string_view bytes);

/// The inverse. Throws std::invalid_argument for a letter outside the alphabet or a wrong length.
std::string from_base64(std::string_view text);

}  // namespace repbench
