// Files of torch: archives, and the format before 1.6.
#include "tests/fuzz/bounded.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return repbench::open_as_tensors(data, size);
}
