#include "datasets/kinds/class_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "datasets/kinds/text_lines.h"
#include "files/checked_json.h"
#include "files/json.h"

namespace repbench {
namespace {

// WordNet's noun ids: n01440764.
bool is_synset(std::string_view text) {
  return text.size() == 9 && text[0] == 'n' && is_integer(text.substr(1)) && text[1] != '-' && text[1] != '+';
}

struct KeyAndName {
  std::string key, name;
};

std::string first_of_names(std::string_view names) {
  return std::string(trimmed(names.substr(0, names.find(','))));
}

KeyAndName key_and_name(std::string_view line, const std::set<std::string>& known) {
  const std::string whole(line);
  const auto [first, rest] = split_at_first_space(line);
  if (rest.empty() || known.contains(whole)) return {whole, whole};
  if (const size_t tab = line.find('\t'); tab != std::string_view::npos) {
    return {std::string(trimmed(line.substr(0, tab))), first_of_names(line.substr(tab))};
  }
  if (!is_synset(first) && !known.contains(std::string(first))) return {whole, whole};
  return {std::string(first), first_of_names(rest)};
}

// "n01440764", or ["n01440764", "tench"].
KeyAndName key_and_name(const CheckedJson& value) {
  if (!value.is_list()) return {value.text(), value.text()};
  const std::vector<std::string> pair = value.texts();
  if (pair.size() != 2) value.fail("a class's key and name");
  return {pair[0], pair[1]};
}

// The numbers of a dict's values or keys, each once.
class Places {
 public:
  explicit Places(size_t count) : rows_(count) {}

  void put(const CheckedJson& value, int64_t place, KeyAndName row) {
    const bool fits = place >= 0 && place < static_cast<int64_t>(rows_.size());
    if (!fits || !rows_[static_cast<size_t>(place)].key.empty()) {
      value.fail(fmt::format("each of the numbers 0 to {} once", rows_.size() - 1));
    }
    rows_[static_cast<size_t>(place)] = std::move(row);
  }
  const std::vector<KeyAndName>& rows() const { return rows_; }

 private:
  std::vector<KeyAndName> rows_;
};

bool all_numbers(const Json& object) {
  return std::all_of(object.begin(), object.end(), [](const Json& value) { return value.is_number(); });
}

bool numbered_keys(const Json& object) {
  const auto items = object.items();
  return std::all_of(items.begin(), items.end(), [](const auto& item) { return is_integer(item.key()); });
}

std::vector<KeyAndName> rows_of_object(const CheckedJson& root) {
  const Json& object = root.object();
  Places places(object.size());
  const bool to_numbers = all_numbers(object), from_numbers = numbered_keys(object);
  int64_t next = 0;
  for (const auto& item : object.items()) {
    const CheckedJson value = root.at(item.key());
    if (to_numbers) {
      places.put(value, value.integer(), {item.key(), item.key()});
    } else if (from_numbers) {
      places.put(value, clamped_integer(item.key(), INT64_MAX), key_and_name(value));
    } else {
      places.put(value, next++, {item.key(), first_of_names(value.text())});
    }
  }
  return places.rows();
}

}  // namespace

ClassFile::ClassFile(const std::filesystem::path& path, std::string_view where,
                     const std::set<std::string>& keys)
    : path_(path), where_(where) {
  const std::string content = read_text(path, where);
  if (path.extension() == ".json") {
    read_json(content);
  } else {
    read_lines(content, keys);
  }
  if (keys_.empty()) {
    throw std::runtime_error(
        fmt::format("[{}] {}: expected names of classes; got none", where_, path.string()));
  }
}

void ClassFile::read_lines(std::string_view content, const std::set<std::string>& known) {
  for (const TextLine& line : text_lines(content)) {
    KeyAndName row = key_and_name(line.text, known);
    if (row.name.empty()) fail_at_line(where_, path_, line.number, "a name of " + row.key, "none");
    add(std::move(row.key), std::move(row.name), fmt::format("line {}", line.number));
  }
}

void ClassFile::read_json(std::string_view content) {
  const Json document = parse_json(content, path_.string());
  const CheckedJson root(document, fmt::format("[{}] {}", where_, path_.string()));
  std::vector<KeyAndName> rows;
  if (root.is_list()) {
    for (const CheckedJson& item : root.items()) rows.push_back(key_and_name(item));
  } else {
    rows = rows_of_object(root);
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].key.empty() || rows[i].name.empty())
      root.fail(fmt::format("a key and a name of class {}", i));
    add(rows[i].key, rows[i].name, fmt::format("class {}", i));
  }
}

void ClassFile::add(std::string key, std::string name, const std::string& place) {
  const auto label = static_cast<int64_t>(keys_.size());
  if (const auto [found, is_new] = by_key_.emplace(key, label); !is_new) {
    throw std::runtime_error(fmt::format("[{}] {}: expected every class once; got {} as class {} and at {}",
                                         where_, path_.string(), excerpt(key), found->second, place));
  }
  if (const auto [found, is_new] = by_name_.emplace(name, label); !is_new) found->second = -1;
  keys_.push_back(std::move(key));
  names_.push_back(std::move(name));
}

std::optional<int64_t> ClassFile::find(const std::string& word) const {
  if (const auto found = by_key_.find(word); found != by_key_.end()) return found->second;
  const auto found = by_name_.find(word);
  if (found == by_name_.end() || found->second < 0) return std::nullopt;
  return found->second;
}

}  // namespace repbench
