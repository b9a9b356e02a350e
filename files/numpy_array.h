#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "files/notes.h"
#include "files/tensor_source.h"
#include "files/tensor_view.h"

namespace repbench {

/// A numpy dtype in its short form, such as "<f4", "|b1", "<U12".
struct NumpyType {
  char order = '|';            // '<', '>', '|' or '='
  char kind = 0;               // numpy's letter: b, i, u, f, U, S, O, ...
  size_t size = 0;             // bytes of an element
  std::optional<DType> dtype;  // for numbers that we have
};

/// Nothing if it is no such form.
std::optional<NumpyType> numpy_type(std::string_view descr);

/// An array of numbers is a tensor; an array of texts is a list of texts for the notes, in C order, nothing
/// where the notes are full.
struct NumpyArray {
  std::optional<TensorView> tensor;
  std::optional<Json> texts;
};

struct NumpyLayout {
  std::string descr;
  bool fortran_order = false;
  std::vector<int64_t> shape;
};

/// Throws std::runtime_error "[weights] FILE: WHAT: expected ...; got ..." for objects, structures,
/// big-endian numbers, and a shape that does not make the size of the data.
NumpyArray numpy_array(TensorSource& source, Notes& notes, const NumpyLayout& layout,
                       std::span<const std::byte> data, const std::string& what);

/// A number of any of our dtypes.
double number_at(DType dtype, const std::byte* bytes);

}  // namespace repbench
