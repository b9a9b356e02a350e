// Safetensors, their index, and whatever else TensorFile takes them for.
#include "tests/fuzz/bounded.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return repbench::open_as_tensors(data, size);
}
