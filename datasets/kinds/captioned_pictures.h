#pragma once

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "datasets/kinds/caption_files.h"
#include "datasets/kinds/listed_pictures.h"

// What the caption kinds share: from annotations and a folder of pictures to a data set.

namespace repbench {

/// A path of the command line, absolute.
std::filesystem::path given_path(const std::string& text);

/// The list as the data set that it is; `list` gets to run where errors of the file system become
/// "[kind] FILE: expected a readable file or folder; got: ...".
std::shared_ptr<const Dataset> open_listed(std::string_view kind,
                                           const std::function<ListedPictures()>& list);

/// The first of these folders below `root` that exists; "" if none does.
std::filesystem::path first_folder(const std::filesystem::path& root,
                                   std::initializer_list<const char*> names);

/// Puts the pictures in `folder` into a list that has its kind, name, split and source already.
void list_captions(ListedPictures& list, const std::filesystem::path& folder,
                   std::vector<CaptionedPicture> pictures);

/// Leaves the pictures of `split`, or all for "all". Throws std::invalid_argument naming the splits that
/// there are.
std::vector<CaptionedPicture> pictures_of_split(std::vector<CaptionedPicture> pictures,
                                                const std::string& split, std::string_view kind);

}  // namespace repbench
