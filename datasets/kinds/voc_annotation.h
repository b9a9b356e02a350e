#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace repbench {

struct VocObject {
  std::string name;
  bool difficult = false;
};

/// The objects of a VOC annotation, in order: of every <object> its own <name> and <difficult>, not those of
/// its <part>s. Throws std::runtime_error "[voc] FILE:LINE: ...": no XML, another root than <annotation>, an
/// object without a name, a document type (VOC has none, and entities could grow without end), more than 64
/// levels.
std::vector<VocObject> read_voc_annotation(std::string_view content, const std::filesystem::path& path);

}  // namespace repbench
