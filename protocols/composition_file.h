#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace repbench {

/// Captions of one picture, and captions that are nearly right (SugarCrepe; Hsieh et al. 2023).
struct HardNegatives {
  std::string id;  // of the row, unique: "PICTURE#0" where the file gives none
  std::string picture;
  std::vector<std::string> captions, negatives;  // at least one of each
  std::string category;                          // "" if the file names none
};

/// Two pictures and their captions, often of the same words in another order (Winoground; Thrush et al.
/// 2022).
struct CaptionPair {
  std::string id;                                 // unique: "PICTURE|PICTURE#0" where the file gives none
  std::array<std::string, 2> pictures, captions;  // caption i is said of picture i
  std::string tag;                                // "" if the file names none
};

/// Which pictures are judged by which captions; one of the two lists is empty.
struct CompositionFile {
  std::vector<HardNegatives> hard_negatives;
  std::vector<CaptionPair> pairs;
  std::string sha256;  // of its content, whatever the layout
};

/// Reads {"hard_negatives": [{"picture": ID, "captions": [...], "negatives": [...], "category"?, "id"?}]} or
/// {"groups": [{"pictures": [ID, ID], "captions": [TEXT, TEXT], "tag"?, "id"?}]}. Throws
/// std::invalid_argument "[retrieval] FILE: expected ... at groups[3].pictures; got ..." for whatever is
/// missing, empty or said twice; std::runtime_error where the file cannot be read.
CompositionFile read_composition_file(const std::filesystem::path& path);

}  // namespace repbench
