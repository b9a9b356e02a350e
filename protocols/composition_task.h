#pragma once

#include <filesystem>

#include "protocols/protocol.h"

namespace repbench {

/// Judges an encoder with a text side by a file of pictures and captions (protocols/composition_file.h): only
/// the pictures that it names are read. Throws std::invalid_argument "[retrieval] ..." for an encoder without
/// a text side, and naming the file for what is wrong in it or for a picture that the test set lacks.
ProtocolResult judge_composition(const std::filesystem::path& path, const Subject& subject, const Task& task,
                                 const ProtocolContext& context);

}  // namespace repbench
