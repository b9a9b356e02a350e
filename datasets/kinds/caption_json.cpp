#include "datasets/kinds/caption_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "datasets/kinds/text_lines.h"
#include "files/checked_json.h"
#include "files/json.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

using Pictures = std::vector<CaptionedPicture>;

// Reads the document; whatever is wrong with it is no mistake of the user.
template <class Read>
Pictures read_document(const fs::path& path, std::string_view kind, const Read& read) {
  try {
    const Json document = read_json(path);
    return read(CheckedJson(document, fmt::format("[{}] {}", kind, path.string())));
  } catch (const std::invalid_argument& error) {
    throw std::runtime_error(error.what());
  }
}

std::string caption_at(const CheckedJson& value) {
  const std::string text = value.text();
  const std::string_view caption = trimmed(text);
  if (caption.empty()) value.fail("a caption");
  return std::string(caption);
}

std::string split_at(const CheckedJson& value) {
  static const std::array<std::string_view, 4> kSplits = {"train", "restval", "val", "test"};
  std::string split = value.text();
  if (std::find(kSplits.begin(), kSplits.end(), split) == kSplits.end())
    value.fail("train, restval, val or test");
  return split == "restval" ? "train" : split;
}

CaptionedPicture karpathy_picture(const CheckedJson& image) {
  CaptionedPicture picture{image.at("filename").text(), {}, split_at(image.at("split"))};
  if (picture.name.empty()) image.at("filename").fail("the name of a file");
  if (const auto folder = image.find("filepath"); folder && !folder->text().empty()) {
    picture.name = folder->text() + "/" + picture.name;
  }
  for (const CheckedJson& sentence : image.at("sentences").items()) {
    picture.captions.push_back(caption_at(sentence.at("raw")));
  }
  if (picture.captions.empty()) image.at("sentences").fail("captions");
  return picture;
}

Pictures coco_pictures(const CheckedJson& top, std::unordered_map<int64_t, size_t>& positions) {
  Pictures pictures;
  std::unordered_set<std::string> names;
  for (const CheckedJson& image : top.at("images").items()) {
    const CheckedJson id = image.at("id"), name = image.at("file_name");
    if (!positions.emplace(id.integer(), pictures.size()).second) id.fail("an id of its own");
    if (name.text().empty() || !names.insert(name.text()).second) name.fail("a file of its own");
    pictures.push_back({name.text(), {}});
  }
  return pictures;
}

[[noreturn]] void fail(const fs::path& path, std::string_view expected, std::string_view got) {
  throw std::runtime_error(
      fmt::format("[coco_captions] {}: expected {}; got {}", path.string(), expected, got));
}

void check_coco(const Pictures& pictures, const fs::path& path) {
  const CaptionedPicture* first = nullptr;
  size_t without = 0;
  for (const CaptionedPicture& picture : pictures) {
    if (picture.captions.empty() && without++ == 0) first = &picture;
  }
  if (pictures.empty()) fail(path, "pictures", "none");
  if (first != nullptr) {
    fail(path, "captions of every picture",
         fmt::format("none of {} ({} of {} pictures have none)", first->name, without, pictures.size()));
  }
}

}  // namespace

Pictures read_karpathy(const fs::path& path) {
  return read_document(path, "karpathy", [](const CheckedJson& top) {
    Pictures pictures;
    std::unordered_set<std::string> names;
    for (const CheckedJson& image : top.at("images").items()) {
      pictures.push_back(karpathy_picture(image));
      if (!names.insert(pictures.back().name).second) image.at("filename").fail("every picture once");
    }
    if (pictures.empty()) top.at("images").fail("pictures");
    return pictures;
  });
}

Pictures read_coco_captions(const fs::path& path, int64_t limit) {
  return read_document(path, "coco_captions", [&](const CheckedJson& top) {
    std::unordered_map<int64_t, size_t> positions;
    Pictures pictures = coco_pictures(top, positions);
    int64_t first_stray = 0;
    size_t strays = 0, count = 0;
    for (const CheckedJson& annotation : top.at("annotations").items()) {
      ++count;
      std::string caption = caption_at(annotation.at("caption"));
      const int64_t id = annotation.at("image_id").integer();
      const auto found = positions.find(id);
      if (found == positions.end()) {
        if (strays++ == 0) first_stray = id;
        continue;
      }
      std::vector<std::string>& captions = pictures[found->second].captions;
      if (static_cast<int64_t>(captions.size()) < limit) captions.push_back(std::move(caption));
    }
    if (strays > 0) {
      fail(path, "captions of pictures in the list images",
           fmt::format("image_id {} ({} of {} captions are of none)", first_stray, strays, count));
    }
    check_coco(pictures, path);
    return pictures;
  });
}

}  // namespace repbench
