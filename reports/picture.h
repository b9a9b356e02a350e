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

  bool operator==(const Pixels&) const = default;
};

/// Rows of pictures with column headings: original, masked, predicted.
struct Sheet {
  std::string title;
  std::string note;
  std::vector<std::string> columns;
  std::vector<std::vector<Pixels>> rows;
  std::vector<std::string> captions = {};            // empty, or one a row
  std::vector<std::vector<std::string>> texts = {};  // empty, or one a picture: shown below it
  int shown_height = 0;  // of a picture on the page, in its pixels; 0: as suits the picture
};

/// A PNG with nearest-neighbour enlargement `scale`.
std::string to_png(const Pixels& pixels, int scale = 1);

/// The whole sheet as one picture with its largest pictures enlarged by `scale`, a white gap between. Without
/// captions: a line a column, its rows side by side. With captions: a line a row, its caption before it.
Pixels contact_sheet(const Sheet& sheet, int scale = 1);

/// An HTML figure with every picture as a data URL, in the same order.
std::string to_html(const Sheet& sheet);

/// Where a protocol leaves its sheets for the page: `sheet.json` beside (or below) the reports. Atomic.
/// Throws std::invalid_argument naming the file if a sheet is uneven, a picture's size wrong, or the file
/// holds no sheets.
void write_sheets(const std::filesystem::path& path, const std::vector<Sheet>& sheets);
std::vector<Sheet> read_sheets(const std::filesystem::path& path);

std::string base64(std::string_view bytes);

/// The inverse. Throws std::invalid_argument for a letter outside the alphabet or a wrong length.
std::string from_base64(std::string_view text);

}  // namespace repbench
