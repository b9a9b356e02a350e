// Arrays of numpy, alone or in an archive whose checksums are right.
#include "tests/files/zip_writer.h"
#include "tests/fuzz/bounded.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace repbench;
  open_as_tensors(data, size);
  const std::string array(as_text(input(data, size)));
  const std::string archive = zip_of({{.name = "a.npy", .data = array}, deflated_item("b.npy", array)});
  return open_as_tensors(reinterpret_cast<const uint8_t*>(archive.data()), archive.size());
}
