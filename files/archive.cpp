#include "files/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <memory>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "files/descriptor.h"
#include "files/tensor_source.h"
#include "files/utf8.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBlock = size_t{1} << 18;

struct Close {
  void operator()(archive* reader) const { ::archive_read_free(reader); }
};

// The bytes of a file, inflated if it is gzipped: libarchive can do that too, but does not check the CRC-32.
class Inflated {
 public:
  Inflated(const fs::path& path, std::string_view where) : block_(kBlock) {
    const Descriptor file = open_for_reading(path, where);
    const int own = ::dup(file.get());
    if (own >= 0) file_ = ::gzdopen(own, "rb");
    if (file_ == nullptr) throw_system_error(where, path, "a readable file");
  }
  ~Inflated() { ::gzclose(file_); }
  Inflated(const Inflated&) = delete;
  Inflated& operator=(const Inflated&) = delete;

  // The next bytes; none at the end, or where reason() says why.
  std::string_view next() {
    const int size = ::gzread(file_, block_.data(), static_cast<unsigned>(block_.size()));
    int code = Z_OK;
    const char* text = ::gzerror(file_, &code);
    if (size > 0) return {block_.data(), static_cast<size_t>(size)};
    if (code == Z_ERRNO) reason_ = std::error_code(errno, std::generic_category()).message();
    if (code == Z_BUF_ERROR) reason_ = "truncated gzip data";
    if (reason_.empty() && code != Z_OK) reason_ = without_name(text);
    return {};
  }
  const std::string& reason() const { return reason_; }

 private:
  // "<fd:5>: incorrect data check"
  static std::string without_name(std::string_view text) {
    const size_t colon = text.find(": ");
    return repaired_utf8(colon == std::string_view::npos ? text : text.substr(colon + 2));
  }

  gzFile file_ = nullptr;
  std::vector<char> block_;
  std::string reason_;
};

la_ssize_t read_inflated(archive* reader, void* inflated, const void** block) {
  auto* bytes = static_cast<Inflated*>(inflated);
  const std::string_view next = bytes->next();
  *block = next.data();
  if (bytes->reason().empty()) return static_cast<la_ssize_t>(next.size());
  ::archive_set_error(reader, EIO, "%s", bytes->reason().c_str());
  return ARCHIVE_FATAL;
}

class TarReader {
 public:
  TarReader(const fs::path& path, std::string_view where)
      : path_(path), where_(where), bytes_(path, where), reader_(::archive_read_new()) {
    if (!reader_) throw std::bad_alloc();
    ::archive_read_support_format_tar(reader_.get());
    ::archive_read_support_filter_bzip2(reader_.get());
    ::archive_read_support_filter_xz(reader_.get());
    ::archive_read_support_filter_zstd(reader_.get());
    check(::archive_read_open(reader_.get(), &bytes_, nullptr, read_inflated, nullptr), "a tar archive");
  }

  // The next regular file; null at the end.
  archive_entry* next() {
    archive_entry* entry = nullptr;
    while (true) {
      const int status = ::archive_read_next_header(reader_.get(), &entry);
      if (status == ARCHIVE_EOF) return expect_end();
      check(status, "a whole tar archive");
      if (::archive_entry_filetype(entry) == AE_IFREG && ::archive_entry_hardlink(entry) == nullptr)
        return entry;
    }
  }

  // Grows with what comes out of the archive: the announced size is only believed where it is too large.
  std::string read(archive_entry* entry, std::string_view name, uint64_t most) {
    const int64_t announced = ::archive_entry_size(entry);
    if (announced < 0 || static_cast<uint64_t>(announced) > most) fail_too_large(name, most);
    std::string content;
    const void* block = nullptr;
    size_t size = 0;
    for (int64_t offset = 0;;) {
      const int status = ::archive_read_data_block(reader_.get(), &block, &size, &offset);
      if (status == ARCHIVE_EOF) break;
      check(status, "a whole tar archive");
      // A sparse file skips zeros; the files that we read have no holes.
      if (offset != static_cast<int64_t>(content.size()) || size > most - content.size()) {
        fail_too_large(name, most);
      }
      content.append(static_cast<const char*>(block), size);
    }
    if (static_cast<int64_t>(content.size()) != announced) {
      fail(fmt::format("{} bytes of {}", announced, in_quotes(name)), std::to_string(content.size()));
    }
    return content;
  }

 private:
  [[noreturn]] void fail(std::string_view expected, std::string_view got) const {
    throw std::runtime_error(
        fmt::format("[{}] {}: expected {}; got {}", where_, path_.string(), expected, got));
  }

  [[noreturn]] void fail_too_large(std::string_view name, uint64_t most) const {
    fail(fmt::format("at most {} bytes of {}", most, in_quotes(name)), "more, or holes in it");
  }

  // The archive may end before the file: the rest holds the CRC-32.
  archive_entry* expect_end() {
    while (!bytes_.next().empty()) continue;
    if (!bytes_.reason().empty()) fail("a whole tar archive", bytes_.reason());
    return nullptr;
  }

  void check(int status, std::string_view expected) const {
    if (status == ARCHIVE_OK || status == ARCHIVE_WARN) return;
    const char* reason = ::archive_error_string(reader_.get());
    fail(expected, reason != nullptr ? repaired_utf8(reason) : "a damaged one");
  }

  const fs::path& path_;
  std::string_view where_;
  Inflated bytes_;
  std::unique_ptr<archive, Close> reader_;
};

}  // namespace

void read_archive(const fs::path& path, std::string_view where,
                  const std::function<uint64_t(std::string_view)>& most,
                  const std::function<void(std::string_view, std::string)>& take) {
  TarReader reader(path, where);
  while (archive_entry* entry = reader.next()) {
    const char* text = ::archive_entry_pathname(entry);
    const std::string name = text != nullptr ? text : "";
    if (const uint64_t allowed = most(name); allowed > 0) take(name, reader.read(entry, name, allowed));
  }
}

}  // namespace repbench
