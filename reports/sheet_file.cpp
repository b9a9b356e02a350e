#include <fmt/format.h>
#include <openssl/evp.h>

#include <limits>
#include <optional>
#include <stdexcept>

#include "files/atomic.h"
#include "files/checked_json.h"
#include "reports/picture.h"

namespace repbench {
namespace {

constexpr int64_t kLargestSide = 1 << 14;

/// OpenSSL forgives blanks and padding inside; we do not.
std::optional<std::string> decoded(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string_view letters = text.substr(0, text.find('='));
  const std::string_view padding = text.substr(letters.size());
  if (text.size() % 4 != 0 || text.size() > size_t(std::numeric_limits<int>::max()) ||
      !(padding.empty() || padding == "=" || padding == "==") ||
      letters.find_first_not_of(kAlphabet) != std::string_view::npos) {
    return std::nullopt;
  }
  std::string bytes(text.size() / 4 * 3, '\0');
  EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                  reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  bytes.resize(bytes.size() - padding.size());
  return bytes;
}

Json to_json(const Pixels& pixels) {
  const std::string_view bytes(reinterpret_cast<const char*>(pixels.data.data()), pixels.data.size());
  return {{"height", pixels.height},
          {"width", pixels.width},
          {"channels", pixels.channels},
          {"data", base64(bytes)}};
}

int side(const CheckedJson& json) {
  const int64_t length = json.integer();
  if (length < 1 || length > kLargestSide) json.fail(fmt::format("1 to {} pixels", kLargestSide));
  return static_cast<int>(length);
}

Pixels pixels_from(const CheckedJson& json) {
  json.expect_only({"height", "width", "channels", "data"});
  Pixels pixels;
  pixels.height = side(json.at("height"));
  pixels.width = side(json.at("width"));
  const int64_t channels = json.at("channels").integer();
  if (channels != 1 && channels != 3) json.at("channels").fail("1 or 3");
  pixels.channels = static_cast<int>(channels);
  const auto bytes = decoded(json.at("data").text());
  const size_t size = size_t(pixels.height) * size_t(pixels.width) * size_t(channels);
  if (!bytes || bytes->size() != size) json.at("data").fail(fmt::format("{} bytes in base64", size));
  pixels.data.assign(bytes->begin(), bytes->end());
  return pixels;
}

/// What is there once for each of `wanted` things, or not at all.
std::vector<std::string> texts_for(const CheckedJson& json, size_t wanted, std::string_view thing) {
  std::vector<std::string> texts = json.texts();
  if (texts.size() != wanted) json.fail(fmt::format("{} texts, one a {},", wanted, thing));
  return texts;
}

void read_words(const CheckedJson& json, Sheet& sheet) {
  if (const auto captions = json.find("captions")) {
    sheet.captions = texts_for(*captions, sheet.rows.size(), "row");
  }
  if (const auto texts = json.find("texts")) {
    for (const CheckedJson& row : texts->items()) {
      sheet.texts.push_back(texts_for(row, sheet.columns.size(), "picture"));
    }
    if (sheet.texts.size() != sheet.rows.size()) texts->fail(fmt::format("{} rows", sheet.rows.size()));
  }
}

Sheet sheet_from(const CheckedJson& json) {
  json.expect_only({"title", "note", "columns", "rows", "captions", "texts", "shown_height"});
  Sheet sheet{json.at("title").text(), json.at("note").text(), json.at("columns").texts(), {}};
  for (const CheckedJson& row : json.at("rows").items()) {
    auto& pictures = sheet.rows.emplace_back();
    for (const CheckedJson& picture : row.items()) pictures.push_back(pixels_from(picture));
    if (pictures.size() != sheet.columns.size())
      row.fail(fmt::format("{} pictures, one a column,", sheet.columns.size()));
  }
  read_words(json, sheet);
  if (const auto height = json.find("shown_height")) sheet.shown_height = side(*height);
  return sheet;
}

/// A file with one sheet holds it bare: what the first version wrote.
std::vector<Sheet> sheets_from(const Json& document, const std::string& where) {
  const CheckedJson json(document, where);
  if (document.is_object() && document.contains("title")) return {sheet_from(json)};
  json.expect_only({"sheets"});
  std::vector<Sheet> sheets;
  for (const CheckedJson& sheet : json.at("sheets").items()) sheets.push_back(sheet_from(sheet));
  return sheets;
}

Json to_json(const Sheet& sheet) {
  Json document = {
      {"title", sheet.title}, {"note", sheet.note}, {"columns", sheet.columns}, {"rows", Json::array()}};
  for (const std::vector<Pixels>& row : sheet.rows) {
    Json pictures = Json::array();
    for (const Pixels& pixels : row) pictures.push_back(to_json(pixels));
    document["rows"].push_back(pictures);
  }
  if (!sheet.captions.empty()) document["captions"] = sheet.captions;
  if (!sheet.texts.empty()) document["texts"] = sheet.texts;
  if (sheet.shown_height > 0) document["shown_height"] = sheet.shown_height;
  return document;
}

}  // namespace

void write_sheets(const std::filesystem::path& path, const std::vector<Sheet>& sheets) {
  Json document = {{"sheets", Json::array()}};
  for (const Sheet& sheet : sheets) document["sheets"].push_back(to_json(sheet));
  sheets_from(document, "[sheet] " + path.string());  // what is written can be read
  write_file_atomically(path, canonical_json(document) + "\n");
}

std::vector<Sheet> read_sheets(const std::filesystem::path& path) {
  return sheets_from(read_json(path), "[sheet] " + path.string());
}

std::string base64(std::string_view bytes) {
  if (bytes.size() > size_t(std::numeric_limits<int>::max()) / 2) {
    throw std::invalid_argument(fmt::format("[base64] expected less than 1 GiB; got {} bytes", bytes.size()));
  }
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(length));
  return text;
}

std::string from_base64(std::string_view text) {
  if (auto bytes = decoded(text)) return *std::move(bytes);
  throw std::invalid_argument(
      fmt::format("[from_base64] expected base64; got {} characters that are not", text.size()));
}

}  // namespace repbench
