#include "files/tar.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "files/utf8.h"

namespace repbench {
namespace {

constexpr uint64_t kBlock = 512;
constexpr uint64_t kLongestDescription = uint64_t{1} << 20;  // of one member, in pax records or a long name

using Block = std::array<char, kBlock>;

// Where a header's fields lie.
struct Field {
  size_t begin, size;
};
constexpr Field kName{0, 100}, kSize{124, 12}, kChecksum{148, 8}, kMagic{257, 6}, kPrefix{345, 155};
constexpr size_t kType = 156;

std::string_view bytes_of(const Block& block, Field field) {
  return {block.data() + field.begin, field.size};
}

std::string_view text_of(const Block& block, Field field) {
  const std::string_view bytes = bytes_of(block, field);
  return bytes.substr(0, bytes.find('\0'));
}

// Octal digits between spaces and zeros; nothing at all is 0.
std::optional<uint64_t> octal(std::string_view field) {
  constexpr std::string_view kFill(" \0", 2);
  const size_t begin = std::min(field.find_first_not_of(' '), field.size());
  field = field.substr(begin, field.find_first_of(kFill, begin) - begin);
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value, 8);
  if (field.empty()) return 0;
  if (error != std::errc() || end != field.data() + field.size()) return std::nullopt;
  return value;
}

// Octal, or GNU's big-endian form for what octal cannot hold.
std::optional<uint64_t> number(std::string_view field) {
  const auto first = static_cast<unsigned char>(field.front());
  if ((first & 0x80) == 0) return octal(field);
  uint64_t value = first & 0x7f;
  for (const char letter : field.substr(1)) {
    if (value >> 54 != 0) return std::nullopt;  // also negative ones
    value = value << 8 | static_cast<unsigned char>(letter);
  }
  return value;
}

// The sum of all bytes, the checksum's own being spaces; some old programs summed signed ones.
bool has_its_checksum(const Block& block) {
  const std::optional<uint64_t> written = octal(bytes_of(block, kChecksum));
  uint64_t sum = 0;
  int64_t signed_sum = 0;
  for (size_t i = 0; i < kBlock; ++i) {
    const bool own = i >= kChecksum.begin && i < kChecksum.begin + kChecksum.size;
    const char letter = own ? ' ' : block[i];
    sum += static_cast<unsigned char>(letter);
    signed_sum += static_cast<signed char>(letter);
  }
  return written && (*written == sum || static_cast<int64_t>(*written) == signed_sum);
}

// For messages: short, on one line, valid UTF-8.
std::string brief(std::string_view name) {
  constexpr size_t kLongest = 200;
  std::string text = repaired_utf8(name.substr(0, kLongest)) + (name.size() > kLongest ? "..." : "");
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return text;
}

bool is_regular(char type, std::string_view name) {
  // Before ustar, a folder was a file whose name ends with a slash.
  return type == '0' || type == '7' || (type == '\0' && !name.ends_with('/'));
}

// Links, devices, folders and pipes: nothing follows them, whatever their size says.
bool is_without_contents(char type) { return type >= '1' && type <= '6'; }

}  // namespace

struct TarReader::Header {
  bool is_end;
  char type;
  std::string name;
  uint64_t size;
};

TarReader::TarReader(const Descriptor& file, const std::filesystem::path& path, std::string_view where)
    : file_(file), path_(path), where_(where) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_system_error(where, path, "a readable file");
  if (!S_ISREG(status.st_mode)) fail("a tar file", "no regular file");
  file_size_ = static_cast<uint64_t>(status.st_size);
}

void TarReader::fail(std::string_view expected, std::string_view got) const {
  throw std::runtime_error(
      fmt::format("[{}] {}: expected {}; got {}", where_, path_.string(), expected, got));
}

TarReader::Header TarReader::read_header() {
  const std::string place = last_name_.empty() ? "at its start" : "after " + brief(last_name_);
  if (position_ >= file_size_ || file_size_ - position_ < kBlock) {
    fail("a whole tar", fmt::format("it cut {} at byte {}", place, file_size_));
  }
  Block block;
  read_at(file_, path_, where_, position_, std::as_writable_bytes(std::span(block)));
  if (std::all_of(block.begin(), block.end(), [](char c) { return c == '\0'; })) return {true, 0, "", 0};
  if (!has_its_checksum(block)) {
    fail("a tar header with its checksum",
         fmt::format("another one {} at byte {} (damaged, or no plain tar)", place, position_));
  }
  Header header{false, block[kType], std::string(text_of(block, kName)), 0};
  // GNU's headers have other things where ustar has the prefix.
  if (const auto prefix = text_of(block, kPrefix);
      !prefix.empty() && bytes_of(block, kMagic) == std::string_view("ustar\0", 6)) {
    header.name = fmt::format("{}/{}", prefix, header.name);
  }
  const std::optional<uint64_t> size = number(bytes_of(block, kSize));
  if (!size) fail("a member's size", fmt::format("none of {} at byte {}", brief(header.name), position_));
  header.size = *size;
  position_ += kBlock;
  return header;
}

void TarReader::check_inside(std::string_view name, uint64_t size) const {
  if (size <= file_size_ - position_) return;
  fail("a whole tar", fmt::format("it cut inside {} at byte {}", brief(name), file_size_));
}

void TarReader::pass_over(uint64_t size) {
  position_ += size + (kBlock - size % kBlock) % kBlock;  // at most a block behind the end of the file
}

std::string TarReader::read_contents(const Header& header) {
  check_inside(header.name, header.size);
  if (header.size > kLongestDescription) {
    fail(fmt::format("at most {} bytes about a member", kLongestDescription), std::to_string(header.size));
  }
  std::string contents(header.size, '\0');
  read_at(file_, path_, where_, position_, std::as_writable_bytes(std::span(contents)));
  pass_over(header.size);
  return contents;
}

// Records "LENGTH KEY=VALUE\n", the length being the whole record's.
void TarReader::read_records(const Header& header) {
  const std::string contents = read_contents(header);
  for (std::string_view rest = contents; !rest.empty() && rest.front() != '\0';) {
    uint64_t length = 0;
    const auto [digits_end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
    const auto digits = static_cast<size_t>(digits_end - rest.data());
    const size_t equals = rest.find('=');
    if (error != std::errc() || length > rest.size() || equals == std::string_view::npos ||
        equals <= digits || equals + 1 >= length || rest[digits] != ' ' || rest[length - 1] != '\n') {
      fail("pax records LENGTH KEY=VALUE", fmt::format("others at byte {}", position_));
    }
    const std::string_view key = rest.substr(digits + 1, equals - digits - 1);
    const std::string_view value = rest.substr(equals + 1, length - equals - 2);
    rest.remove_prefix(length);
    if (key == "path") next_name_ = value;
    if (key.starts_with("GNU.sparse."))
      fail("whole files", fmt::format("a sparse one after {}", brief(last_name_)));
    if (key != "size") continue;
    uint64_t size = 0;
    const auto [end, wrong] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (wrong != std::errc() || end != value.data() + value.size()) {
      fail("a member's size in its pax records", "'" + brief(value) + "'");
    }
    next_size_ = size;
  }
}

std::optional<TarMember> TarReader::next() {
  while (true) {
    const Header header = read_header();
    if (header.is_end) return std::nullopt;
    if (header.type == 'L') {
      next_name_ = read_contents(header);
      next_name_->resize(std::min(next_name_->find('\0'), next_name_->size()));
      continue;
    }
    if (header.type == 'x') {
      read_records(header);
      continue;
    }
    const bool describes = header.type == 'K' || header.type == 'g';
    TarMember member{header.name, position_, header.size};
    if (!describes) {
      member.name = std::exchange(next_name_, std::nullopt).value_or(member.name);
      member.size = std::exchange(next_size_, std::nullopt).value_or(member.size);
      if (header.type == 'S') fail("whole files", "the sparse one " + brief(member.name));
      last_name_ = member.name;
      if (is_without_contents(header.type)) continue;
    }
    check_inside(member.name, member.size);
    pass_over(member.size);
    if (!describes && is_regular(header.type, member.name)) return member;
  }
}

}  // namespace repbench
