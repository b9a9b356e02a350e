#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace repbench {

/// What makes "AnnualCrop_Land" of a folder and "annual crop land" of a prompt set one name: letters and
/// digits alone, in lower case. Bytes beyond ASCII stay.
std::string folded_name(std::string_view name);
std::vector<std::string> folded_names(const std::vector<std::string>& names);

/// What is odd about names whose places are the labels, one sentence each: two that differ in spelling alone;
/// numbers that are sorted as text ("1", "10", "2"); the names of a known prompt set in another order.
std::vector<std::string> class_order_surprises(const std::vector<std::string>& names);

}  // namespace repbench
