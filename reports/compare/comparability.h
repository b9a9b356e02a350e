#pragma once

#include <string>
#include <vector>

#include "reports/record.h"

namespace repbench {

/// A field in which two reports must agree and do not.
struct FieldDifference {
  std::string field;  // "protocol.requested.k", "dataset.hashes.test_examples", ...
  std::string a, b;   // "—" where it is absent
  bool allowed = false;
};

/// "k" of "protocol.requested.k".
std::string last_part(const std::string& field);

/// The names that a user lets differ.
struct AllowedFields {
  std::vector<std::string> names;  // whole ("protocol.requested.k") or last part ("k")
  bool holds(const std::string& field) const;
};

/// What two reports must agree in, whether they do or not.
std::vector<std::string> compared_fields(const Record& a, const Record& b);

/// Every field whose difference makes two numbers incomparable: schema, protocol and its version, each
/// identity setting as it was asked for, the data set with its splits' hashes; for times the measurement and
/// the machine.
std::vector<FieldDifference> field_differences(const Record& a, const Record& b,
                                               const AllowedFields& allowed);

/// What differs and is worth knowing, but does not forbid a comparison: the encoders' own views, library
/// versions, the precision of the machine. One line each.
std::vector<std::string> notable_differences(const Record& a, const Record& b);

}  // namespace repbench
