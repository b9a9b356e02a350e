#pragma once

#include <cstdint>
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

/// Positions of `part` in `whole`, which holds all of it.
std::vector<int64_t> positions_in(const IndexList& whole, const IndexList& part);

}  // namespace repbench
