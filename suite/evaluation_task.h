#pragma once

#include <filesystem>

#include "suite/evaluation.h"

namespace repbench {

/// The data of an evaluation: splits, or what index files name of them, or draws of these; the encoder's
/// view. Throws std::invalid_argument for a random view, and for a data set without classes where they are
/// needed.
Task open_task(const Evaluation& evaluation, const Subject& subject);

/// A report's `dataset` section.
Json dataset_section(const Task& task, const Evaluation& evaluation);

/// Draws as index files, FOLDER/{train,test}.index.json, with which they can be repeated anywhere.
void write_draws(const Task& task, const Evaluation& evaluation, const std::filesystem::path& folder);

/// sha256 of what the settings name on the disk (index files, draws, prompts), by key: a result depends on
/// it.
Json hashes_of_named_files(const Evaluation& evaluation);

/// A protocol's own draws of the training data: FOLDER/draws/NAME.index.json.
void write_draws(const ProtocolResult& result, const Task& task, const Evaluation& evaluation,
                 const std::filesystem::path& folder);

}  // namespace repbench
