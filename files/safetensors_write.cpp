#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <tuple>

#include "files/atomic.h"
#include "files/json.h"
#include "files/safetensors_header.h"

namespace repbench {
namespace {

using NamedTensor = std::pair<const std::string, TensorView>;

void check(const NamedTensor& tensor, const std::filesystem::path& path) {
  const auto& [name_of_tensor, view] = tensor;
  const std::optional<uint64_t> bytes = tensor_bytes(view.dtype, view.shape);
  if (name_of_tensor == "__metadata__" || !bytes || *bytes != view.bytes.size()) {
    throw std::invalid_argument(
        fmt::format("[safetensors] {}: tensor {}: expected {} {} in {} bytes under a free name; got {} bytes",
                    path.string(), quoted_name(name_of_tensor), name(view.dtype), Json(view.shape).dump(),
                    bytes.value_or(0), view.bytes.size()));
  }
}

std::vector<const NamedTensor*> in_file_order(const std::map<std::string, TensorView>& tensors) {
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& tensor : tensors) order.push_back(&tensor);
  // Stable: the map has sorted the names.
  std::stable_sort(order.begin(), order.end(), [](const NamedTensor* left, const NamedTensor* right) {
    return dtype_order(left->second.dtype) < dtype_order(right->second.dtype);
  });
  return order;
}

// Members in the order in which the original library writes them, so that equal content gives equal files.
std::string header_text(const std::vector<const NamedTensor*>& order,
                        const std::map<std::string, std::string>& metadata) {
  std::string text = "{";
  if (!metadata.empty()) text += "\"__metadata__\":" + canonical_json(metadata);
  uint64_t position = 0;
  for (const NamedTensor* tensor : order) {
    const auto& [name_of_tensor, view] = *tensor;
    if (text.size() > 1) text += ',';
    text += fmt::format(R"({}:{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})",
                        canonical_json(name_of_tensor), name(view.dtype), canonical_json(view.shape),
                        position, position + view.bytes.size());
    position += view.bytes.size();
  }
  text += '}';
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begin at a multiple of 8
  return text;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const std::map<std::string, TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  for (const NamedTensor& tensor : tensors) check(tensor, path);
  const std::vector<const NamedTensor*> order = in_file_order(tensors);
  const std::string header = header_text(order, metadata);
  if (header.size() > safetensors_max_header) {
    throw std::invalid_argument(fmt::format("[safetensors] {}: expected a header of at most {} bytes; got {}",
                                            path.string(), safetensors_max_header, header.size()));
  }
  const uint64_t length = header.size();
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(header);
  for (const NamedTensor* tensor : order) file.write(tensor->second.bytes);
  file.commit();
}

}  // namespace repbench
