#include "files/torch_file.h"

#include <fmt/format.h>

#include <string>
#include <unordered_map>

#include "files/pickle.h"
#include "files/tensor_tree.h"
#include "files/torch_tensors.h"

namespace repbench {
namespace {

constexpr std::string_view pickle_name = "/data.pkl";

// Of the entry "ROOT/data.pkl".
bool is_pickle(std::string_view name) {
  return name.ends_with(pickle_name) && name.find('/') == name.size() - pickle_name.size();
}

std::string_view root_of(const TensorSource& source, const ZipArchive& archive) {
  std::string_view root;
  for (const ZipEntry& entry : archive.entries()) {
    if (!is_pickle(entry.name)) continue;
    if (!root.empty()) source.fail("expected one data.pkl in the archive; got several");
    root = entry.name.substr(0, entry.name.size() - pickle_name.size());
  }
  return root;
}

// Reads each storage once, when the first tensor asks for it.
class ArchiveStorages {
 public:
  ArchiveStorages(TensorSource& source, const ZipArchive& archive, std::string_view root)
      : source_(source), archive_(archive), root_(root) {}

  std::span<const std::byte> find(const TorchStorage& storage) {
    std::string name = fmt::format("{}/data/{}", root_, storage.key);
    const auto known = known_.find(name);
    const auto bytes = known != known_.end() ? known->second : read(name);
    if (bytes.size() != storage.bytes) {
      source_.fail(fmt::format("storage {}: expected {} bytes as data.pkl says; got {}",
                               in_quotes(storage.key), storage.bytes, bytes.size()));
    }
    return bytes;
  }

 private:
  std::span<const std::byte> read(const std::string& name) {
    const ZipEntry* entry = archive_.find(name);
    if (entry == nullptr) source_.fail(fmt::format("expected a zip entry {}; got none", in_quotes(name)));
    constexpr uint64_t node = 2 * sizeof(std::string) + 64;
    source_.charge(node + name.size());
    return known_.emplace(name, archive_.read(*entry)).first->second;
  }

  TensorSource& source_;
  const ZipArchive& archive_;
  std::string root_;
  std::unordered_map<std::string, std::span<const std::byte>> known_;
};

}  // namespace

bool is_torch(const ZipArchive& archive) {
  for (const ZipEntry& entry : archive.entries()) {
    if (is_pickle(entry.name)) return true;
  }
  return false;
}

TensorContents read_torch(TensorSource& source, const ZipArchive& archive) {
  const std::string_view root = root_of(source, archive);
  const auto named = [&](std::string_view name) { return archive.find(fmt::format("{}/{}", root, name)); };
  if (const ZipEntry* order = named("byteorder")) {
    const std::string_view text = as_text(archive.read(*order));
    if (text != "little")
      source.fail(fmt::format("expected tensors in little-endian byte order; got {}", in_quotes(text)));
  }
  const Pickle pickle(source, archive.read(*named("data.pkl")), "data.pkl");
  ArchiveStorages storages(source, archive, root);
  TensorTree tree(source, [&](const TorchStorage& storage) { return storages.find(storage); });
  return tree.read(pickle, named("constants.pkl") != nullptr ? "torchscript" : "torch");
}

}  // namespace repbench
