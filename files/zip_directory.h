#pragma once

#include <vector>

#include "files/zip.h"

namespace repbench {

/// Every entry of the archive's central directory, checked as ZipArchive says, names being unique aside.
std::vector<ZipEntry> read_zip_directory(TensorSource& source);

}  // namespace repbench
