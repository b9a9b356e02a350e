#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "files/json.h"

namespace repbench {

/// A JSON value that knows which file and key it came from. What is not as asked throws std::invalid_argument
/// "[where] FILE: expected a number at metrics[0].value; got "abc"". Points into the document: keep that
/// alive.
class CheckedJson {
 public:
  /// `where` is the error's prefix, e.g. "[record] runs/a/report.json".
  CheckedJson(const Json& value, std::string where, std::string path = "");

  /// The member `key`, which must be there.
  CheckedJson at(std::string_view key) const;
  std::optional<CheckedJson> find(std::string_view key) const;

  /// An object with no other keys than these.
  void expect_only(std::initializer_list<std::string_view> keys) const;

  const Json& value() const { return *value_; }
  const Json& object() const;
  bool is_list() const;
  std::vector<CheckedJson> items() const;
  std::string text() const;
  double number() const;
  int64_t integer() const;
  bool flag() const;

  std::vector<double> numbers() const;
  std::vector<int64_t> integers() const;
  std::vector<std::string> texts() const;

  /// "[where]: expected WANTED at PATH; got VALUE".
  [[noreturn]] void fail(std::string_view wanted) const;

 private:
  std::string path_of(std::string_view key) const;

  const Json* value_;
  std::string where_;
  std::string path_;
};

}  // namespace repbench
