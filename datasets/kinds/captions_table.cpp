#include <algorithm>
#include <cctype>

#include "datasets/kinds/captioned_pictures.h"
#include "datasets/kinds/spec_keys.h"
#include "files/atomic.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

char delimiter_of(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".csv" ? ',' : '\t';
}

}  // namespace

std::shared_ptr<const Dataset> open_caption_tsv(const DatasetSpec& spec, std::string_view split) {
  const SpecKeys keys = split_spec(spec, {"image", "caption"});
  const fs::path path = given_path(keys.path);
  CaptionColumns columns;
  if (const std::string image = keys.get("image"); !image.empty()) columns.image = image;
  if (const std::string caption = keys.get("caption"); !caption.empty()) columns.caption = caption;
  return open_listed(spec.kind, [&] {
    ListedPictures list{.kind = spec.kind,
                        .name = spec.kind + ":" + path.stem().string(),
                        .split = std::string(split),
                        .pictures = {},
                        .source = path.string()};
    list_captions(list, path.parent_path(),
                  read_caption_table(read_file(path), path, delimiter_of(path), columns));
    keep_own_split(list);
    return list;
  });
}

}  // namespace repbench
