#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "files/json.h"

// Typed options. A struct of options has plain members with defaults and one function
//     void describe(Options& options);
// that lists its fields once; parsing, help, printing, JSON, differences and identity all follow that list.
// An option is set by dotted key ("model.width"); a preset file may nest objects or write dotted keys.

namespace repbench {

/// What is said once about a field.
struct Field {
  std::string help;       // one line
  std::string unit = "";  // "epochs", "pixels", ...; "" if it has none
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices = {};  // allowed strings; empty: any
  std::string zero = "";  // of an integer: the word that may be said for 0, e.g. "auto" or "all"
  bool identity = true;   // does it change results? (device, workers, paths do not)
};

/// Bindings from keys to the members of option structs. It points into them: keep them alive and in place.
class Options {
 public:
  using Target = std::variant<bool*, int64_t*, double*, std::string*, std::vector<int64_t>*,
                              std::vector<double>*, std::vector<std::string>*>;

  /// Binds `key` (below the current group) to a member whose present value is the default.
  /// Throws std::logic_error if the key exists already, is a group's name, or if the default is not allowed
  /// by the field itself (a stored configuration could not be read back).
  void add(std::string key, Target target, Field field);

  /// Binds another struct's fields under "name.".
  template <class Struct>
  void add_group(const std::string& name, Struct& group) {
    const std::string outer = prefix_;
    prefix_ += name + ".";
    group.describe(*this);
    prefix_ = outer;
  }

  /// Sets one key, or a whole group from an object. Throws std::invalid_argument
  /// "[source] key 'mask_ration': unknown; did you mean 'mask_ratio'?" or
  /// "[source] key 'mask_ratio': expected a number in [0, 0.99]; got 1.5".
  void set(std::string_view key, const Json& value, std::string_view source);

  /// `key=value`, the value read as JSON if it is JSON, else as a string; lists also as `a,b,c`.
  void set_from_text(std::string_view assignment, std::string_view source = "command line");

  /// Every key of a (nested or dotted) object; a key given in both ways is an error.
  void set_all(const Json& object, std::string_view source);

  /// The same, and no key may be left out: how a stored configuration is read back.
  void set_every(const Json& object, std::string_view source);

  /// A preset file: JSON with comments.
  void set_from_file(const std::filesystem::path& path);

  /// The resolved values as a nested object; `identity_only` keeps the fields that change results.
  Json to_json(bool identity_only = false) const;

  /// "key  default  unit  range  help", one line a field.
  std::string help() const;

  /// "key = value" one line a field; a star marks what differs from its default.
  std::string print() const;

  /// Keys whose value differs from the default, as "key = value (default D)".
  std::vector<std::string> differences() const;

  std::vector<std::string> keys() const;

 private:
  struct Entry {
    std::string key;
    Target target;
    Json default_value;
    Field field;
  };
  const Entry& find(std::string_view key, std::string_view source) const;
  std::set<std::string> set_and_name(const Json& object, std::string_view source);

  std::string prefix_;
  std::vector<Entry> entries_;
};

}  // namespace repbench
