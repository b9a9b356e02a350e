#pragma once

#include "files/tensor_contents.h"

// numpy.save (format versions 1 to 3), numpy.savez and numpy.savez_compressed. The header is a Python
// literal, of which only what numpy writes is understood.

namespace repbench {

/// One group "" with one tensor "array"; texts are the note "array".
TensorContents read_npy(TensorSource& source);

class ZipArchive;

/// One group "" with the tensors under their names without ".npy"; arrays of texts are notes.
TensorContents read_npz(TensorSource& source, const ZipArchive& archive);

/// Does the archive look like one of numpy: nothing but .npy files?
bool is_npz(const ZipArchive& archive);

}  // namespace repbench
