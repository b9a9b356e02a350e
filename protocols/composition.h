#pragma once

#include <array>
#include <span>
#include <vector>

#include "protocols/composition_file.h"
#include "reports/record.h"

namespace repbench {

/// Does the highest of `right` lie above every one of `wrong`? An equal score loses. Neither is empty.
bool prefers_right(std::span<const double> right, std::span<const double> wrong);

/// How a pair of pictures and captions is solved (Thrush et al. 2022, section 4): every comparison must be
/// strictly won.
struct PairScore {
  bool text = false;   // each picture's caption beats the other caption
  bool image = false;  // each caption's picture beats the other picture
  bool group = false;  // both
};

/// scores[i][j]: of picture i with caption j.
PairScore score_pair(const std::array<std::array<double, 2>, 2>& scores);

/// hard_negative_accuracy (headline; chance: the mean share of captions that are right), the same by category
/// as a curve and in `resolved`, and a table of outcomes with a row a picture of the file; rows about one
/// picture stand together. `is_right` one a row.
Record hard_negative_record(std::span<const HardNegatives> rows, std::span<const uint8_t> is_right);

/// winoground_group_score (headline, chance 1/6), winoground_text_score and winoground_image_score (1/4), the
/// group score by tag, and a table of outcomes with a row a pair.
Record pair_record(std::span<const CaptionPair> rows, std::span<const PairScore> scores);

}  // namespace repbench
