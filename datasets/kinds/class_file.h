#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// `classes=FILE`: the order of the classes and their names.

namespace repbench {

/// Classes in the order of a file: how the data calls each (a folder's name, a synset), and its name.
class ClassFile {
 public:
  /// Reads one class a line: `KEY`, `KEY NAME` or ImageNet's `n01440764 tench, Tinca tinca`, of whose names
  /// the first counts. `keys` are those that the data has, so that a key may hold spaces: a line that is one
  /// of them as a whole is no `KEY NAME`. Or JSON: imagenet_class_index.json, a list, a dict of key to name
  /// (in the order of the keys) or of key to number. Throws std::runtime_error "[where] FILE:LINE: ...",
  /// std::invalid_argument naming the JSON key: another form, a key twice, no classes.
  ClassFile(const std::filesystem::path& path, std::string_view where, const std::set<std::string>& keys);

  const std::filesystem::path& path() const { return path_; }
  const std::vector<std::string>& keys() const { return keys_; }
  const std::vector<std::string>& names() const { return names_; }

  /// The class of this key, else of this name where only one class has it.
  std::optional<int64_t> find(const std::string& word) const;

 private:
  void add(std::string key, std::string name, const std::string& place);
  void read_lines(std::string_view content, const std::set<std::string>& known);
  void read_json(std::string_view content);

  std::filesystem::path path_;
  std::string where_;
  std::vector<std::string> keys_, names_;
  std::unordered_map<std::string, int64_t> by_key_, by_name_;  // by_name_: -1 where several have it
};

}  // namespace repbench
