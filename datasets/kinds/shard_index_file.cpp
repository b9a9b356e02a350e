#include "datasets/kinds/shard_index_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <type_traits>

#include "files/atomic.h"
#include "files/descriptor.h"
#include "files/hash.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

// To be counted up when the form changes, or what is understood of a tar.
constexpr std::string_view kMagic = "repbench shard index 1\n";
constexpr size_t kHashDigits = 64;

// Numbers in the machine's own order: the file is a cache of this machine.
class Writer {
 public:
  template <class Number>
  void number(Number value) {
    static_assert(std::is_integral_v<Number>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::string_view text) {
    number(uint64_t{text.size()});
    bytes_ += text;
  }
  std::string take() && { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads of what is not there throw std::out_of_range.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <class Number>
  Number number() {
    Number value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string text() { return std::string(take(number<uint64_t>())); }
  bool at_end() const { return bytes_.empty(); }

 private:
  std::string_view take(uint64_t size) {
    if (size > bytes_.size()) throw std::out_of_range("index file");
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  std::string_view bytes_;
};

std::string as_bytes(const TarIndex& index) {
  Writer writer;
  writer.text(index.listing_hash);
  writer.text(index.contents_hash);
  for (const ShardSample& sample : index.samples) {
    writer.text(sample.key);
    writer.number(sample.offset);
    writer.number(sample.size);
    writer.number(sample.label);
    writer.number(uint64_t{sample.captions.size()});
    for (const std::string& caption : sample.captions) writer.text(caption);
  }
  const std::string body = std::move(writer).take();
  return std::string(kMagic) + sha256(body) + body;
}

std::optional<TarIndex> from_bytes(std::string_view bytes) {
  if (!bytes.starts_with(kMagic) || bytes.size() < kMagic.size() + kHashDigits) return std::nullopt;
  bytes.remove_prefix(kMagic.size());
  const std::string_view body = bytes.substr(kHashDigits);
  if (bytes.substr(0, kHashDigits) != sha256(body)) return std::nullopt;
  Reader reader(body);
  TarIndex index{reader.text(), reader.text(), {}};
  while (!reader.at_end()) {
    ShardSample& sample = index.samples.emplace_back();
    sample.key = reader.text();
    sample.offset = reader.number<uint64_t>();
    sample.size = reader.number<uint64_t>();
    sample.label = reader.number<int64_t>();
    for (auto count = reader.number<uint64_t>(); count > 0; --count) sample.captions.push_back(reader.text());
  }
  return index;
}

// A picture beyond the tar's end would make us allocate what the tar does not hold.
bool fits(const TarIndex& index, const FileStamp& stamp) {
  for (const ShardSample& sample : index.samples) {
    if (sample.offset > stamp.size || sample.size > stamp.size - sample.offset) return false;
  }
  return !index.samples.empty();
}

std::optional<TarIndex> load(const fs::path& file, const FileStamp& stamp) {
  try {
    if (!fs::is_regular_file(file)) return std::nullopt;
    std::optional<TarIndex> index = from_bytes(read_file(file));
    return index && fits(*index, stamp) ? std::move(index) : std::nullopt;
  } catch (const std::exception&) {  // whatever is wrong with it, it can be made again
    return std::nullopt;
  }
}

}  // namespace

FileStamp stamp_of(const fs::path& tar) {
  struct stat status {};
  if (::stat(tar.c_str(), &status) != 0) throw_system_error("shards", tar, "a tar file");
  if (!S_ISREG(status.st_mode)) {
    throw std::runtime_error(
        fmt::format("[shards] {}: expected a tar file; got no regular file", tar.string()));
  }
  return {static_cast<uint64_t>(status.st_size),
          int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

fs::path default_index_folder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/') {
    return fs::path(cache) / "repbench/shards";
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    return fs::path(home) / ".cache/repbench/shards";
  }
  return {};
}

TarIndex kept_tar_index(const fs::path& tar, const FileStamp& stamp, const fs::path& folder,
                        bool hash_contents) {
  if (folder.empty()) return index_tar(tar, hash_contents);
  const std::string identity =
      fmt::format("{}\n{}\n{}", fs::canonical(tar).string(), stamp.size, stamp.modified_ns);
  const fs::path file = folder / (sha256(identity) + ".index");
  if (auto kept = load(file, stamp); kept && (!hash_contents || !kept->contents_hash.empty())) return *kept;
  TarIndex index = index_tar(tar, hash_contents);
  try {
    write_file_atomically(file, as_bytes(index));
  } catch (const std::runtime_error&) {  // a full or read-only disk costs the next start some time, no more
  }
  return index;
}

}  // namespace repbench
