#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "datasets/kinds/caption_files.h"

// Captions in JSON. Errors are std::runtime_error with the file, and the key or the line: broken JSON, a
// missing key, an empty caption, a picture twice.

namespace repbench {

/// Karpathy's dataset_{flickr8k,flickr30k,coco}.json: {"images": [{"filename", "filepath"?, "split",
/// "sentences": [{"raw"}]}]}. Names are "filepath/filename"; splits are train, val and test, where `restval`
/// is joined to train as is customary.
std::vector<CaptionedPicture> read_karpathy(const std::filesystem::path& path);

/// COCO's captions_{train,val}YEAR.json: {"images": [{"id", "file_name"}], "annotations": [{"image_id",
/// "caption"}]}. Captions in the file's order, the first `limit` of each picture. Throws also for captions of
/// pictures that "images" lacks and for pictures without captions (both counted).
std::vector<CaptionedPicture> read_coco_captions(const std::filesystem::path& path, int64_t limit);

}  // namespace repbench
