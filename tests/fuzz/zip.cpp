// Archives: the directory, inflating, checksums.
#include "files/zip.h"

#include "tests/fuzz/bounded.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace repbench;
  return read_or_refused([&] {
    TensorSource source(input(data, size), "input");
    const ZipArchive archive(source);
    for (const ZipEntry& entry : archive.entries()) {
      if (archive.find(entry.name) != &entry) std::abort();
      // One damaged entry does not keep the others from being read.
      read_or_refused([&] { touch(archive.read(entry)); });
    }
  });
}
