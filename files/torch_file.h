#pragma once

#include "files/tensor_contents.h"
#include "files/zip.h"

// Files of torch.save and torch.jit.save (torch/serialization.py, torch/csrc/jit/serialization/export.cpp):
// a pickle, and beside it the raw storages of the tensors.

namespace repbench {

/// Is there a NAME/data.pkl in the archive?
bool is_torch(const ZipArchive& archive);

/// NAME/data.pkl and NAME/data/KEY. The CRC-32 of every storage that a tensor uses is checked. Where there is
/// NAME/constants.pkl, the format is "torchscript"; its code is never read.
TensorContents read_torch(TensorSource& source, const ZipArchive& archive);

/// Before 1.6: five pickles one after another, then the storages. The first pickle is the magic number.
bool is_torch_legacy(std::span<const std::byte> bytes);
TensorContents read_torch_legacy(TensorSource& source);

}  // namespace repbench
