#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "datasets/splits.h"

namespace repbench {

/// The training examples of one draw. Lists run along the numbers of shots.
struct FewShotDraw {
  std::vector<IndexList> support;  // nested
  std::vector<IndexList>
      validation;  // min(shots, 4) a class, outside every support; empty: nothing to choose
};

struct FewShotDraws {
  std::vector<FewShotDraw> draws;  // one a seed
  IndexList all;                   // every example of any draw, each once
};

/// Draws with the seeds `seed`, `seed` + 1, ...; `shots` ascending. Validation shots as in CoOp's
/// reimplementation of CLIP's linear probe (Zhou et al. 2022). Throws std::invalid_argument naming a class
/// with fewer examples than the largest number of shots (and 4 more where something is chosen).
FewShotDraws few_shot_draws(const Dataset& dataset, const IndexList& from, const std::vector<int64_t>& shots,
                            int64_t seeds, uint64_t seed, bool with_validation);

/// The same lists from index files, as `named_draws` names them: FOLDER/NAME.index.json. Throws
/// std::runtime_error for a missing file or an id that the data set lacks, std::invalid_argument for a list
/// without the promised number of examples of a class.
FewShotDraws read_few_shot_draws(const Dataset& dataset, const std::filesystem::path& folder,
                                 const std::vector<int64_t>& shots, int64_t seeds, uint64_t seed,
                                 bool with_validation);

/// "seed0-shots4", "seed0-shots4-validation", and what they hold.
std::vector<std::pair<std::string, IndexList>> named_draws(const FewShotDraws& draws,
                                                           const std::vector<int64_t>& shots, uint64_t seed);

/// Positions of `part` in `whole`, which holds all of it.
std::vector<int64_t> positions_in(const IndexList& whole, const IndexList& part);

}  // namespace repbench
