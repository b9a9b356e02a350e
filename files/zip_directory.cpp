#include "files/zip_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

#include "files/utf8.h"

namespace repbench {
namespace {

constexpr uint32_t local_signature = 0x04034b50, central_signature = 0x02014b50, end_signature = 0x06054b50;
constexpr uint32_t end64_signature = 0x06064b50, locator_signature = 0x07064b50,
                   descriptor_signature = 0x08074b50;
constexpr size_t local_size = 30, central_size = 46, end_size = 22, end64_size = 56, locator_size = 20;
constexpr uint16_t has_descriptor = 1 << 3;
constexpr uint16_t encrypted = 1 << 0 | 1 << 6 | 1 << 13;
constexpr uint32_t in_zip64 = 0xFFFFFFFF;

// Little-endian numbers at a place that the caller has checked.
template <class Number>
Number number(std::span<const std::byte> bytes, size_t at) {
  Number value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

struct Directory {
  uint64_t begin = 0, size = 0, count = 0;
  uint64_t end = 0;  // where what follows the directory begins
};

// Sizes and the place of an entry that moved into its extra field.
struct Sizes {
  uint64_t size = 0, packed = 0, header = 0;
};

class DirectoryReader {
 public:
  explicit DirectoryReader(TensorSource& source) : source_(source), bytes_(source.bytes()) {}

  std::vector<ZipEntry> read() {
    const Directory directory = locate();
    if (directory.begin > directory.end || directory.size > directory.end - directory.begin ||
        directory.begin + directory.size != directory.end) {
      fail("a zip directory that ends where its end record begins", "another place");
    }
    if (directory.count > directory.size / central_size) {
      fail(fmt::format("a zip directory of {} entries in {} bytes", directory.count, directory.size),
           "too few bytes");
    }
    // The entries, three indices to sort by, and the directory's own pages.
    source_.charge(directory.count * (sizeof(ZipEntry) + sizeof(uint32_t) + 2 * sizeof(void*)) +
                   directory.size);
    std::vector<ZipEntry> entries;
    entries.reserve(directory.count);
    uint64_t at = directory.begin;
    for (uint64_t i = 0; i < directory.count; ++i) entries.push_back(read_entry(at, directory));
    if (at != directory.end) fail("a zip directory of as many entries as it says", "more bytes");
    check_layout(entries, directory.begin);
    return entries;
  }

 private:
  [[noreturn]] void fail(std::string_view expected, std::string_view got) const {
    source_.fail(fmt::format("expected {}; got {}", expected, got));
  }
  [[noreturn]] void fail_entry(std::string_view name, std::string_view expected, std::string_view got) const {
    source_.fail(fmt::format("zip entry {}: expected {}; got {}", in_quotes(name), expected, got));
  }

  // The end record is the last thing in the file, but for a comment that reaches exactly to the end.
  size_t find_end_record() const {
    constexpr size_t longest_comment = 0xFFFF;
    if (bytes_.size() < end_size) fail("the end of a zip archive", "a shorter file");
    const size_t last = bytes_.size() - end_size;
    const size_t first = last > longest_comment ? last - longest_comment : 0;
    for (size_t at = last + 1; at-- > first;) {
      if (number<uint32_t>(bytes_, at) == end_signature && number<uint16_t>(bytes_, at + 20) == last - at)
        return at;
    }
    fail("the end of a zip archive", "a file that is cut short or has something behind");
  }

  Directory locate() const {
    const size_t end = find_end_record();
    const auto disk = number<uint16_t>(bytes_, end + 4), first_disk = number<uint16_t>(bytes_, end + 6);
    const auto here = number<uint16_t>(bytes_, end + 8), count = number<uint16_t>(bytes_, end + 10);
    const auto size = number<uint32_t>(bytes_, end + 12), begin = number<uint32_t>(bytes_, end + 16);
    if (end < locator_size || number<uint32_t>(bytes_, end - locator_size) != locator_signature) {
      if (disk != 0 || first_disk != 0 || here != count) fail("a zip archive in one part", "several");
      return {.begin = begin, .size = size, .count = count, .end = end};
    }
    const Directory directory = locate64(end - locator_size);
    const auto agree = [](uint64_t wide, uint64_t narrow, uint64_t moved) {
      return narrow == wide || narrow == moved;
    };
    if (!agree(directory.count, count, 0xFFFF) || !agree(directory.size, size, in_zip64) ||
        !agree(directory.begin, begin, in_zip64) || (disk != 0 && disk != 0xFFFF)) {
      fail("two end records of the zip archive that agree", "others");
    }
    return directory;
  }

  Directory locate64(size_t locator) const {
    const auto at = number<uint64_t>(bytes_, locator + 8);
    if (number<uint32_t>(bytes_, locator + 4) != 0 || number<uint32_t>(bytes_, locator + 16) > 1) {
      fail("a zip archive in one part", "several");
    }
    if (locator < end64_size || at > locator - end64_size ||
        number<uint32_t>(bytes_, at) != end64_signature ||
        number<uint64_t>(bytes_, at + 4) != locator - at - 12) {
      fail("a zip64 end record before its locator", "something else");
    }
    const auto count = number<uint64_t>(bytes_, at + 32);
    if (number<uint32_t>(bytes_, at + 16) != 0 || number<uint32_t>(bytes_, at + 20) != 0 ||
        number<uint64_t>(bytes_, at + 24) != count) {
      fail("a zip archive in one part", "several");
    }
    return {.begin = number<uint64_t>(bytes_, at + 48),
            .size = number<uint64_t>(bytes_, at + 40),
            .count = count,
            .end = at};
  }

  ZipEntry read_entry(uint64_t& at, const Directory& directory) const {
    if (directory.end - at < central_size || number<uint32_t>(bytes_, at) != central_signature) {
      fail("an entry of the zip directory", fmt::format("something else at byte {}", at));
    }
    const std::span<const std::byte> record = bytes_.subspan(at);
    const uint64_t name_size = number<uint16_t>(record, 28), extra_size = number<uint16_t>(record, 30),
                   comment_size = number<uint16_t>(record, 32);
    const uint64_t whole = central_size + name_size + extra_size + comment_size;
    if (whole > directory.end - at) fail("an entry of the zip directory", "one that is cut short");
    at += whole;
    ZipEntry entry;
    entry.name = as_text(record.subspan(central_size, name_size));
    check_name(entry.name);
    const auto flags = number<uint16_t>(record, 8), method = number<uint16_t>(record, 10);
    if ((flags & encrypted) != 0) fail_entry(entry.name, "plain contents", "encrypted ones");
    if (method != 0 && method != 8)
      fail_entry(entry.name, "stored or deflated contents", fmt::format("method {}", method));
    if (number<uint16_t>(record, 34) != 0) fail_entry(entry.name, "an archive in one part", "several");
    entry.deflated = method == 8;
    entry.crc = number<uint32_t>(record, 16);
    Sizes sizes{.size = number<uint32_t>(record, 24),
                .packed = number<uint32_t>(record, 20),
                .header = number<uint32_t>(record, 42)};
    read_extra(entry.name, record.subspan(central_size + name_size, extra_size), sizes, true);
    entry.size = sizes.size;
    entry.begin = sizes.header;
    if (!entry.deflated && sizes.size != sizes.packed)
      fail_entry(entry.name, "one size where it is stored", "two");
    read_local(entry, flags, sizes, directory.begin);
    return entry;
  }

  // Relative, printable, and the same after normalisation: a name could become a path.
  void check_name(std::string_view name) const {
    const auto control = [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\';
    };
    bool good = !name.empty() && std::none_of(name.begin(), name.end(), control) && !find_broken_utf8(name);
    for (size_t begin = 0; good && begin < name.size();) {
      const size_t end = std::min(name.find('/', begin), name.size());
      const std::string_view part = name.substr(begin, end - begin);
      good = !part.empty() && part != "." && part != "..";
      begin = end + 1;
    }
    if (!good) fail_entry(name, "a relative name without '..' and control characters", "this one");
  }

  // Takes what is 0xFFFFFFFF out of the zip64 field, in the order that the format gives.
  void read_extra(std::string_view name, std::span<const std::byte> extra, Sizes& sizes, bool central) const {
    bool size_moved = sizes.size == in_zip64, packed_moved = sizes.packed == in_zip64,
         header_moved = central && sizes.header == in_zip64;
    if (!size_moved && !packed_moved && !header_moved) return;
    while (extra.size() >= 4) {
      const auto id = number<uint16_t>(extra, 0), length = number<uint16_t>(extra, 2);
      if (length > extra.size() - 4) break;
      std::span<const std::byte> field = extra.subspan(4, length);
      extra = extra.subspan(4 + size_t{length});
      if (id != 1) continue;
      const auto take = [&](bool& moved, uint64_t& value) {
        if (!moved || field.size() < 8) return;
        value = number<uint64_t>(field, 0);
        field = field.subspan(8);
        moved = false;
      };
      take(size_moved, sizes.size);
      take(packed_moved, sizes.packed);
      take(header_moved, sizes.header);
      break;
    }
    if (size_moved || packed_moved || header_moved) fail_entry(name, "its sizes in a zip64 field", "none");
  }

  void read_local(ZipEntry& entry, uint16_t flags, const Sizes& sizes, uint64_t limit) const {
    const auto differ = [&] {
      fail_entry(entry.name, "a local header that agrees with the directory", "another");
    };
    if (limit < local_size || entry.begin > limit - local_size)
      fail_entry(entry.name, "a place within the file", "one beyond");
    const std::span<const std::byte> local = bytes_.subspan(entry.begin, limit - entry.begin);
    if (number<uint32_t>(local, 0) != local_signature) differ();
    const uint64_t name_size = number<uint16_t>(local, 26), extra_size = number<uint16_t>(local, 28);
    const uint64_t begin = local_size + name_size + extra_size;
    if (begin > local.size() || sizes.packed > local.size() - begin)
      fail_entry(entry.name, "contents within the file", "some beyond");
    if (as_text(local.subspan(local_size, name_size)) != entry.name) differ();
    if (number<uint16_t>(local, 8) != (entry.deflated ? 8 : 0) || number<uint16_t>(local, 6) != flags)
      differ();
    Sizes here{.size = number<uint32_t>(local, 22), .packed = number<uint32_t>(local, 18)};
    const auto crc = number<uint32_t>(local, 14);
    read_extra(entry.name, local.subspan(local_size + name_size, extra_size), here, false);
    const bool same = here.size == sizes.size && here.packed == sizes.packed && crc == entry.crc;
    const bool later = (flags & has_descriptor) != 0 && here.size == 0 && here.packed == 0 && crc == 0;
    if (!same && !later) differ();
    entry.data = local.subspan(begin, sizes.packed);
    entry.end = entry.begin + begin + sizes.packed;
    if ((flags & has_descriptor) == 0) return;
    const size_t descriptor = descriptor_size(entry, sizes, local.subspan(begin + sizes.packed));
    if (descriptor == 0) differ();
    entry.end += descriptor;
  }

  // A data descriptor comes with or without a signature, with short or long sizes; 0 if it says otherwise.
  static size_t descriptor_size(const ZipEntry& entry, const Sizes& sizes, std::span<const std::byte> bytes) {
    for (const size_t signature : {4, 0}) {
      if (bytes.size() < signature + 12) continue;
      if (signature != 0 && number<uint32_t>(bytes, 0) != descriptor_signature) continue;
      if (number<uint32_t>(bytes, signature) != entry.crc) continue;
      if (number<uint32_t>(bytes, signature + 4) == sizes.packed &&
          number<uint32_t>(bytes, signature + 8) == sizes.size) {
        return signature + 12;
      }
      if (bytes.size() >= signature + 20 && number<uint64_t>(bytes, signature + 4) == sizes.packed &&
          number<uint64_t>(bytes, signature + 12) == sizes.size) {
        return signature + 20;
      }
    }
    return 0;
  }

  // No byte belongs to two entries.
  void check_layout(const std::vector<ZipEntry>& entries, uint64_t limit) const {
    std::vector<const ZipEntry*> ordered;
    ordered.reserve(entries.size());
    for (const ZipEntry& entry : entries) ordered.push_back(&entry);
    std::sort(ordered.begin(), ordered.end(),
              [](const ZipEntry* a, const ZipEntry* b) { return a->begin < b->begin; });
    for (size_t i = 0; i < ordered.size(); ++i) {
      if (ordered[i]->end > (i + 1 < ordered.size() ? ordered[i + 1]->begin : limit)) {
        fail_entry(ordered[i]->name, "bytes of its own", "some that another entry has too");
      }
    }
  }

  TensorSource& source_;
  std::span<const std::byte> bytes_;
};

}  // namespace

std::vector<ZipEntry> read_zip_directory(TensorSource& source) { return DirectoryReader(source).read(); }

}  // namespace repbench
