// Pickles, and the tensors that they describe on storages of any size they like, up to a bound.
#include "files/pickle.h"

#include <vector>

#include "files/tensor_tree.h"
#include "tests/fuzz/bounded.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace repbench;
  static const std::vector<std::byte> memory(1 << 16);
  return read_or_refused([&] {
    TensorSource source(input(data, size), "input");
    const Pickle pickle(source, source.bytes(), "pickle");
    TensorTree tree(source, [&](const TorchStorage& storage) {
      if (storage.bytes > memory.size()) source.fail("expected a smaller storage");
      return std::span(memory).first(storage.bytes);
    });
    const TensorContents contents = tree.read(pickle, "torch");
    touch(contents.groups);
    touch(as_bytes(canonical_json(contents.notes)));
  });
}
