#include "datasets/index_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

#include "files/atomic.h"
#include "files/checked_json.h"
#include "files/hash.h"
#include "files/utf8.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, std::string_view expected, std::string_view got) {
  throw std::runtime_error(fmt::format("[index file] {}: expected {}; got {}", path.string(), expected, got));
}

std::string hash_of(const std::vector<std::string>& ids) {
  return sha256(fmt::format("{}", fmt::join(ids, "\n")));
}

IndexFile from_json(const std::string& content, const fs::path& path) {
  try {
    const Json document = parse_json(content, path.string());
    const CheckedJson top(document, fmt::format("[index file] {}", path.string()));
    IndexFile file{.dataset = top.at("dataset").text(),
                   .split = top.at("split").text(),
                   .hash = top.at("hash").text(),
                   .ids = top.at("ids").texts(),
                   .origin = document.value("origin", Json()),
                   .is_json = true};
    if (const std::string hash = hash_of(file.ids); hash != file.hash) {
      fail(path, "ids with the hash " + brief_json(file.hash), hash);
    }
    return file;
  } catch (const std::invalid_argument& error) {
    throw std::runtime_error(error.what());
  }
}

IndexFile from_text(std::string_view content, const fs::path& path) {
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
  IndexFile file;
  for (size_t line = 1; !content.empty(); ++line) {
    const size_t end = std::min(content.find('\n'), content.size());
    std::string_view id = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    if (id.ends_with('\r')) id.remove_suffix(1);
    if (find_broken_utf8(id)) fail(path, "UTF-8 text", fmt::format("other bytes in line {}", line));
    if (!id.empty()) file.ids.emplace_back(id);
  }
  return file;
}

std::optional<int64_t> position(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<int64_t> as_positions(const IndexFile& file, const fs::path& path, const Dataset& dataset) {
  std::vector<int64_t> indices;
  std::unordered_set<int64_t> seen;
  for (const std::string& text : file.ids) {
    const int64_t index = *position(text);
    if (index < 0 || index >= dataset.size()) {
      fail(path, fmt::format("positions from 0 to {}", dataset.size() - 1), text);
    }
    if (!seen.insert(index).second) fail(path, "every example once", text + " twice");
    indices.push_back(index);
  }
  return indices;
}

}  // namespace

IndexFile load_index_file(const fs::path& path) {
  const std::string content = read_file(path);
  const size_t first = content.find_first_not_of(" \t\r\n", content.starts_with("\xEF\xBB\xBF") ? 3 : 0);
  const bool is_json = first != std::string::npos && content[first] == '{';
  IndexFile file = is_json ? from_json(content, path) : from_text(content, path);
  if (file.ids.empty()) fail(path, "ids of examples", "none");
  std::unordered_set<std::string_view> seen;
  for (const std::string& id : file.ids) {
    if (!seen.insert(id).second) fail(path, "every example once", brief_json(id) + " twice");
  }
  return file;
}

IndexList find_examples(const IndexFile& file, const fs::path& path, const Dataset& dataset) {
  std::unordered_map<std::string, int64_t> positions;
  for (int64_t i = 0; i < dataset.size(); ++i) positions.emplace(dataset.id(i), i);
  std::vector<int64_t> indices;
  const std::string* first_missing = nullptr;
  for (const std::string& id : file.ids) {
    const auto found = positions.find(id);
    if (found != positions.end()) {
      indices.push_back(found->second);
    } else if (first_missing == nullptr) {
      first_missing = &id;
    }
  }
  const bool numbered = !file.is_json && indices.empty() &&
                        std::all_of(file.ids.begin(), file.ids.end(),
                                    [](const std::string& id) { return position(id).has_value(); });
  if (numbered) return these_examples(dataset, as_positions(file, path, dataset));
  if (first_missing != nullptr) {
    fail(path, fmt::format("ids of {} ({})", dataset.name(), dataset.split()),
         fmt::format("{} ({} of {} ids are missing there)", brief_json(*first_missing),
                     file.ids.size() - indices.size(), file.ids.size()));
  }
  return these_examples(dataset, std::move(indices));
}

IndexList read_index_file(const fs::path& path, const Dataset& dataset) {
  const IndexFile file = load_index_file(path);
  if (file.is_json && file.split != dataset.split()) {
    fail(path, "examples of the split " + dataset.split(), "the split " + brief_json(file.split));
  }
  return find_examples(file, path, dataset);
}

void write_index_file(const fs::path& path, std::string_view spec, const Dataset& dataset,
                      const IndexList& list, const Json& origin) {
  std::vector<std::string> ids;
  for (const int64_t index : list.indices) ids.push_back(dataset.id(index));
  const Json document = {{"dataset", spec},
                         {"split", dataset.split()},
                         {"hash", hash_of(ids)},
                         {"ids", ids},
                         {"origin", origin}};
  write_file_atomically(path, pretty_json(document));
}

}  // namespace repbench
