#include <string_view>

#include "datasets/kinds/captioned_pictures.h"
#include "datasets/kinds/spec_keys.h"
#include "datasets/kinds/text_lines.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

// A tab in the header; open_clip's tables are called .csv, and have tabs by default.
char delimiter_of(const std::string& content) {
  const std::string_view header = std::string_view(content).substr(0, content.find('\n'));
  return header.find('\t') != std::string_view::npos || header.find(',') == std::string_view::npos ? '\t'
                                                                                                   : ',';
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
    const std::string content = read_text(path, "captions");
    list_captions(list, path.parent_path(),
                  read_caption_table(content, path, delimiter_of(content), columns));
    keep_own_split(list);
    return list;
  });
}

}  // namespace repbench
