#include "files/tensor_contents.h"

#include <fmt/format.h>

#include <utility>

#include "files/utf8.h"

namespace repbench {

void add_tensor(TensorSource& source, TensorGroup& group, std::string name, TensorView view) {
  constexpr size_t longest = size_t{64} << 10;
  if (name.size() > longest || find_broken_utf8(name)) {
    source.fail(
        fmt::format("expected tensor names in UTF-8 of at most {} bytes; got {}", longest, in_quotes(name)));
  }
  constexpr uint64_t node = sizeof(std::string) + sizeof(TensorView) + 96;  // of a map, roughly
  source.charge(node + name.size() + view.shape.size() * sizeof(int64_t));
  const auto [place, added] = group.tensors.emplace(std::move(name), std::move(view));
  if (!added) source.fail(fmt::format("expected each tensor once; got {} twice", in_quotes(place->first)));
}

}  // namespace repbench
