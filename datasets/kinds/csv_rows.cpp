#include "datasets/kinds/csv_rows.h"

#include <fmt/format.h>

#include <stdexcept>

namespace repbench {

void CsvRows::skip_line_end() {
  if (content_.substr(position_).starts_with("\r\n")) ++position_;
  ++position_;
  ++line_;
}

// Stands on the opening quote; ends behind the closing one.
void CsvRows::read_quoted(std::string& field) {
  const size_t opened = line_;
  for (++position_; !at_end(); ++position_) {
    const char letter = content_[position_];
    if (letter == '\n') ++line_;
    if (letter == '"') {
      if (!content_.substr(position_ + 1).starts_with('"')) {
        ++position_;
        return;
      }
      ++position_;
    }
    field += letter;
  }
  throw std::runtime_error(
      fmt::format("[{}] {}:{}: expected a quote that closes the field; got the end of the file", where_,
                  path_.string(), opened));
}

void CsvRows::read_field(std::string& field) {
  field.clear();
  if (!at_end() && content_[position_] == '"') read_quoted(field);
  while (!at_end() && content_[position_] != delimiter_ && !at_line_end()) field += content_[position_++];
}

bool CsvRows::next(std::vector<std::string>& fields) {
  while (!at_end() && at_line_end()) skip_line_end();
  if (at_end()) return false;
  row_line_ = line_;
  size_t count = 0;
  while (true) {
    if (fields.size() == count) fields.emplace_back();
    read_field(fields[count++]);
    if (at_end() || at_line_end()) break;
    ++position_;  // the delimiter
  }
  fields.resize(count);
  if (!at_end()) skip_line_end();
  return true;
}

}  // namespace repbench
