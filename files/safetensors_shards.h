#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "files/safetensors.h"
#include "files/tensor_contents.h"

namespace repbench {

/// One safetensors file: one group "", the metadata as notes.
TensorContents read_safetensors_contents(TensorSource& source);

/// The shards that an index names, beside it, opened into `shards`: one group "", and the index's metadata as
/// notes. Every tensor lies in the shard that the index says, and no shard has others. Throws
/// std::runtime_error "[weights] INDEX: ..." naming the tensor or the shard.
TensorContents read_shards(TensorSource& index, const std::filesystem::path& folder,
                           std::vector<std::unique_ptr<TensorSource>>& shards);

}  // namespace repbench
