#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "files/tensor_source.h"
#include "files/tensor_view.h"

namespace repbench {

/// Which elements of a storage make a tensor; offset and strides count elements.
struct Strided {
  DType dtype;
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;
  int64_t offset = 0;
};

/// The tensor in C order: a part of the storage where it lies so, else a copy in memory of the source. Throws
/// std::runtime_error "[weights] FILE: WHAT: expected ...; got ..." if it leaves the storage, has more
/// elements than that, or a negative stride.
TensorView strided_view(TensorSource& source, const Strided& tensor, std::span<const std::byte> storage,
                        const std::string& what);

}  // namespace repbench
