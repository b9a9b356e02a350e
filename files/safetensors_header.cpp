#include "files/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "files/json.h"

namespace repbench {
namespace {

// Reads one file's header; every error names the file.
class HeaderReader {
 public:
  HeaderReader(uint64_t data_bytes, std::string_view source) : data_bytes_(data_bytes), source_(source) {}

  SafetensorsHeader read(std::string_view text) const {
    SafetensorsHeader header;
    const Json document = parse(text);
    for (const auto& [key, value] : document.items()) {
      if (key == "__metadata__") {
        header.metadata = read_metadata(value);
      } else {
        header.tensors.emplace(key, read_entry(key, value));
      }
    }
    check_layout(header);
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(fmt::format("[safetensors] {}: {}", source_, what));
  }

  [[noreturn]] void fail(const std::string& tensor, std::string_view expected, const Json& got) const {
    fail(fmt::format("tensor {}: expected {}; got {}", quoted_name(tensor), expected, brief_json(got)));
  }

  Json parse(std::string_view text) const {
    if (!text.starts_with('{')) fail("expected a header that begins with '{'; got something else");
    try {
      return parse_json(text, "header", Comments::refused);
    } catch (const std::invalid_argument& error) {
      fail(error.what());
    }
  }

  std::map<std::string, std::string> read_metadata(const Json& value) const {
    const auto is_text = [](const Json& item) { return item.is_string(); };
    if (!value.is_object() || !std::all_of(value.begin(), value.end(), is_text)) {
      fail(fmt::format("__metadata__: expected an object of strings; got {}", brief_json(value)));
    }
    return value.get<std::map<std::string, std::string>>();
  }

  SafetensorsEntry read_entry(const std::string& tensor, const Json& value) const {
    const bool has_the_keys = value.is_object() && value.size() == 3 && value.contains("dtype") &&
                              value.contains("shape") && value.contains("data_offsets");
    if (!has_the_keys) fail(tensor, "dtype, shape, data_offsets and nothing else", value);
    SafetensorsEntry entry{.dtype = read_dtype(tensor, value["dtype"]),
                           .shape = read_shape(tensor, value["shape"])};
    std::tie(entry.begin, entry.end) = read_offsets(tensor, value["data_offsets"]);
    const std::optional<uint64_t> bytes = tensor_bytes(entry.dtype, entry.shape);
    if (!bytes) fail(tensor, "a shape whose size fits 63 bits", value["shape"]);
    if (*bytes != entry.end - entry.begin) {
      fail(tensor, fmt::format("{} bytes for its dtype and shape", *bytes), value);
    }
    return entry;
  }

  DType read_dtype(const std::string& tensor, const Json& value) const {
    const std::optional<DType> dtype =
        value.is_string() ? dtype_named(value.get_ref<const std::string&>()) : std::nullopt;
    if (!dtype) fail(tensor, "a dtype of BOOL, U8 to U64, I8 to I64, F16, BF16, F32, F64", value);
    return *dtype;
  }

  std::vector<int64_t> read_shape(const std::string& tensor, const Json& value) const {
    const auto is_dimension = [](const Json& item) {
      return item.is_number_unsigned() && item.get<uint64_t>() <= std::numeric_limits<int64_t>::max();
    };
    if (!value.is_array() || !std::all_of(value.begin(), value.end(), is_dimension)) {
      fail(tensor, "a shape of integers of at least 0", value);
    }
    return value.get<std::vector<int64_t>>();
  }

  std::pair<uint64_t, uint64_t> read_offsets(const std::string& tensor, const Json& value) const {
    const bool is_pair = value.is_array() && value.size() == 2 && value[0].is_number_unsigned() &&
                         value[1].is_number_unsigned();
    if (!is_pair) fail(tensor, "data_offsets of two integers of at least 0", value);
    const std::pair<uint64_t, uint64_t> offsets(value[0], value[1]);
    if (offsets.first > offsets.second || offsets.second > data_bytes_) {
      fail(tensor, fmt::format("data_offsets in order and within {} bytes", data_bytes_), value);
    }
    return offsets;
  }

  // One after another from 0 to the end of the file: nothing is hidden and nothing is shared.
  void check_layout(const SafetensorsHeader& header) const {
    std::vector<std::pair<std::pair<uint64_t, uint64_t>, const std::string*>> extents;
    for (const auto& [tensor, entry] : header.tensors) {
      extents.push_back({{entry.begin, entry.end}, &tensor});
    }
    std::sort(extents.begin(), extents.end());
    uint64_t position = 0;
    for (const auto& [extent, tensor] : extents) {
      if (extent.first != position) {
        fail(*tensor, fmt::format("to begin at byte {} without a hole or an overlap", position),
             extent.first);
      }
      position = extent.second;
    }
    if (position != data_bytes_) {
      fail(fmt::format("expected {} bytes of tensors; got {} in the file", position, data_bytes_));
    }
  }

  uint64_t data_bytes_;
  std::string_view source_;
};

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view text, uint64_t data_bytes,
                                           std::string_view source) {
  return HeaderReader(data_bytes, source).read(text);
}

}  // namespace repbench
