#include <fmt/format.h>

#include <cstring>
#include <map>
#include <string_view>

#include "files/pickle.h"
#include "files/tensor_tree.h"
#include "files/torch_file.h"
#include "files/torch_tensors.h"

namespace repbench {
namespace {

using namespace std::string_view_literals;

// 0x1950a86a20f9469cfc6c, pickled by protocol 2.
constexpr std::string_view magic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."sv;
constexpr int64_t protocol_version = 1001;

class LegacyReader {
 public:
  explicit LegacyReader(TensorSource& source)
      : source_(source), rest_(source.bytes().subspan(magic.size())) {}

  TensorContents read() {
    const Pickle protocol(source_, rest_, "protocol version");
    if (protocol.root().kind != PickleKind::integer || protocol.root().integer != protocol_version) {
      source_.fail(
          fmt::format("expected version {} of torch's format before 1.6; got another", protocol_version));
    }
    skip(protocol);
    const Pickle system(source_, rest_, "system information");
    check_byte_order(system.root());
    skip(system);
    const Pickle object(source_, rest_, "object");
    skip(object);
    const Pickle keys(source_, rest_, "storage keys");
    skip(keys);
    read_storages(object, keys.root());
    TensorTree tree(source_, [&](const TorchStorage& storage) { return find(storage); });
    return tree.read(object, "torch_legacy");
  }

 private:
  void skip(const Pickle& pickle) { rest_ = rest_.subspan(pickle.size()); }

  void check_byte_order(const PickleValue& system) const {
    const auto items = system.items();
    for (size_t i = 0; i + 1 < items.size(); i += 2) {
      if (items[i]->text == "little_endian" && items[i + 1]->integer == 0) {
        source_.fail("expected tensors in little-endian byte order; got big-endian ones");
      }
    }
  }

  // In the order of the keys: the number of elements, then their bytes.
  void read_storages(const Pickle& object, const PickleValue& keys) {
    std::map<std::string_view, TorchStorage> said;
    constexpr uint64_t node = sizeof(TorchStorage) + 3 * sizeof(std::string_view) + 2 * 48;
    for (const PickleValue* persistent : object.persistent()) {
      const TorchStorage storage = torch_storage(source_, *persistent, "object");
      source_.charge(node);
      said.emplace(storage.key, storage);
    }
    if (keys.kind != PickleKind::list) source_.fail("expected a list of storage keys; got something else");
    for (const PickleValue* key : keys.items()) {
      const auto found = said.find(key->text);
      if (found == said.end())
        source_.fail(fmt::format("expected the key of a storage; got {}", in_quotes(key->text)));
      const TorchStorage& storage = found->second;
      int64_t count = 0;
      if (rest_.size() < sizeof count) fail_size(storage);
      std::memcpy(&count, rest_.data(), sizeof count);
      rest_ = rest_.subspan(sizeof count);
      if (count < 0 || static_cast<uint64_t>(count) != storage.bytes / storage.item ||
          storage.bytes > rest_.size())
        fail_size(storage);
      if (!storages_.emplace(storage.key, rest_.first(storage.bytes)).second) {
        source_.fail(fmt::format("expected each storage once; got {} twice", in_quotes(storage.key)));
      }
      rest_ = rest_.subspan(storage.bytes);
    }
    if (!rest_.empty())
      source_.fail(
          fmt::format("expected the end of the file after the storages; got {} bytes more", rest_.size()));
  }

  [[noreturn]] void fail_size(const TorchStorage& storage) const {
    source_.fail(fmt::format(
        "storage {}: expected {} bytes as the pickle says; got another number or the end of the file",
        in_quotes(storage.key), storage.bytes));
  }

  std::span<const std::byte> find(const TorchStorage& storage) const {
    const auto found = storages_.find(storage.key);
    if (found == storages_.end() || found->second.size() != storage.bytes) {
      source_.fail(fmt::format("storage {}: expected {} bytes of it in the file; got {}",
                               in_quotes(storage.key), storage.bytes,
                               found == storages_.end() ? "none" : "another number"));
    }
    return found->second;
  }

  TensorSource& source_;
  std::span<const std::byte> rest_;
  std::map<std::string_view, std::span<const std::byte>> storages_;
};

}  // namespace

bool is_torch_legacy(std::span<const std::byte> bytes) { return as_text(bytes).starts_with(magic); }

TensorContents read_torch_legacy(TensorSource& source) { return LegacyReader(source).read(); }

}  // namespace repbench
