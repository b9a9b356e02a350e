#include "files/safetensors_shards.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "files/json.h"
#include "files/safetensors_header.h"

namespace repbench {
namespace {

// What parsing a JSON text takes at most, roughly: arrays grow by doubling, a member is a node of a map.
uint64_t json_memory(std::string_view text) {
  constexpr uint64_t element = 48, member = 200;
  uint64_t memory = 2 * text.size();
  for (const char c : text) memory += c == ',' || c == '[' || c == '{' ? element : c == ':' ? member : 0;
  return memory;
}

Json parse(TensorSource& index) {
  const std::string_view text = as_text(index.bytes());
  index.charge(json_memory(text));
  try {
    return parse_json(text, "index", Comments::refused);
  } catch (const std::invalid_argument& error) {
    index.fail(error.what());
  }
}

// Tensors by the shard that they lie in.
std::map<std::string, std::vector<std::string>> shards_of(const TensorSource& index, const Json& weight_map) {
  std::map<std::string, std::vector<std::string>> shards;
  for (const auto& [tensor, shard] : weight_map.items()) {
    if (!shard.is_string())
      index.fail(fmt::format("tensor {}: expected the name of a shard; got {}", in_quotes(tensor),
                             brief_json(shard)));
    const auto& name = shard.get_ref<const std::string&>();
    const auto forbidden = [](char c) {
      return c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
    };
    if (name.empty() || name == "." || name == ".." || std::any_of(name.begin(), name.end(), forbidden)) {
      index.fail(fmt::format("tensor {}: expected a shard that lies beside the index; got {}",
                             in_quotes(tensor), in_quotes(name)));
    }
    shards[name].push_back(tensor);
  }
  return shards;
}

}  // namespace

TensorContents read_safetensors_contents(TensorSource& source) {
  uint64_t length = 0;
  const std::span<const std::byte> bytes = source.bytes();
  std::memcpy(&length, bytes.data(), std::min(sizeof length, bytes.size()));
  // The reader says what is wrong with a length beyond these.
  if (bytes.size() >= sizeof length &&
      length <= std::min(safetensors_max_header, bytes.size() - sizeof length)) {
    source.charge(json_memory(as_text(bytes.subspan(sizeof length, length))));
  }
  SafetensorsContents contents = read_safetensors(bytes, source.name());
  return {.format = "safetensors",
          .groups = {{"", std::move(contents.tensors)}},
          .notes = std::move(contents.metadata)};
}

TensorContents read_shards(TensorSource& index, const std::filesystem::path& folder,
                           std::vector<std::unique_ptr<TensorSource>>& shards) {
  const Json document = parse(index);
  if (!document.contains("weight_map") || !document["weight_map"].is_object()) {
    index.fail("expected a file of tensors or an index of shards with a weight_map; got other JSON");
  }
  TensorContents contents{.format = "safetensors", .groups = {{"", {}}}, .notes = Json::object()};
  for (auto& [shard, tensors] : shards_of(index, document["weight_map"])) {
    const std::filesystem::path path = folder / shard;
    if (!std::filesystem::exists(path))
      index.fail(fmt::format("expected the shard {} beside it; got no such file", in_quotes(shard)));
    shards.push_back(std::make_unique<TensorSource>(path));
    TensorContents part = read_safetensors_contents(*shards.back());
    std::map<std::string, TensorView>& views = part.groups.front().tensors;
    for (const std::string& tensor : tensors) {
      auto node = views.extract(tensor);
      if (node.empty())
        index.fail(
            fmt::format("expected tensor {} in shard {}; got none", in_quotes(tensor), in_quotes(shard)));
      contents.groups.front().tensors.insert(std::move(node));
    }
    if (!views.empty()) {
      index.fail(fmt::format("shard {}: expected only tensors that the index lists; got {}", in_quotes(shard),
                             in_quotes(views.begin()->first)));
    }
  }
  if (document.contains("metadata") && document["metadata"].is_object())
    contents.notes = document["metadata"];
  return contents;
}

}  // namespace repbench
