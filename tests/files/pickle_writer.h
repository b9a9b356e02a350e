#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/files/zip_writer.h"

// Pickles for tests, opcode by opcode.

namespace repbench::pickled {

inline std::string text(const std::string& value) {
  return "X" + little_endian(static_cast<uint32_t>(value.size())) + value;
}

inline std::string integer(int64_t value) { return "\x8a\x08" + little_endian(value); }

inline std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}

inline std::string tuple(const std::vector<std::string>& items) {
  std::string bytes = "(";
  for (const std::string& item : items) bytes += item;
  return bytes + "t";
}

inline std::string integers(const std::vector<int64_t>& values) {
  std::string bytes = "(";
  for (const int64_t value : values) bytes += integer(value);
  return bytes + "t";
}

inline std::string dict(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string bytes = "}(";
  for (const auto& [key, value] : members) bytes += text(key) + value;
  return bytes + "u";
}

/// What stands for a tensor of torch on the storage `key` of `count` elements.
struct Tensor {
  std::vector<int64_t> shape, strides;
  int64_t offset = 0;
  std::string key = "0";
  int64_t count = 4;
  std::string type = "FloatStorage";
};

inline std::string tensor(const Tensor& value) {
  const std::string storage = tuple({text("storage"), global("torch", value.type), text(value.key),
                                     text("cpu"), integer(value.count)}) +
                              "Q";
  return global("torch._utils", "_rebuild_tensor_v2") +
         tuple({storage, integer(value.offset), integers(value.shape), integers(value.strides), "\x89",
                global("collections", "OrderedDict") + ")R"}) +
         "R";
}

inline std::string whole(const std::string& value) { return "\x80\x02" + value + "."; }

/// A file of torch with this pickle and one storage "0" of 16 bytes, four floats 0, 1, 2, 3.
inline std::string torch_file(const std::string& value, std::vector<ZipItem> more = {}) {
  std::string floats;
  for (const float number : {0.F, 1.F, 2.F, 3.F}) floats += little_endian(number);
  std::vector<ZipItem> items{{.name = "x/data.pkl", .data = whole(value)},
                             {.name = "x/byteorder", .data = "little"},
                             {.name = "x/data/0", .data = floats}};
  items.insert(items.end(), more.begin(), more.end());
  return zip_of(items);
}

}  // namespace repbench::pickled
