// Tar headers: names, sizes, pax records.
#include "files/tar.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "tests/fuzz/bounded.h"

namespace {

// Checksums are put right, or nearly every input would end at its first header.
std::string with_checksums(const uint8_t* data, size_t size) {
  std::string tar(reinterpret_cast<const char*>(data), size);
  for (size_t block = 0; block + 512 <= size; block += 512) {
    if (tar.compare(block + 257, 5, "ustar") != 0) continue;
    tar.replace(block + 148, 8, 8, ' ');
    unsigned sum = 0;
    for (size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(tar[block + i]);
    tar.replace(block + 148, 6, fmt::format("{:06o}", sum));
  }
  return tar;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace repbench;
  const std::string tar = with_checksums(data, size);
  const Descriptor file(::memfd_create("input", MFD_CLOEXEC));
  if (::write(file.get(), tar.data(), size) != static_cast<ssize_t>(size)) std::abort();
  const std::filesystem::path path = "input";
  return read_or_refused([&] {
    TarReader reader(file, path, "fuzz");
    uint64_t end = 0;
    while (const auto member = reader.next()) {
      if (member->offset < end || member->offset > size || member->size > size - member->offset) std::abort();
      end = member->offset + member->size;
    }
  });
}
