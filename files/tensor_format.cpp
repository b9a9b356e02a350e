#include "files/tensor_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "files/tensor_source.h"
#include "files/torch_file.h"

namespace repbench {
namespace {

using namespace std::string_view_literals;

std::string_view without_space(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

bool is_html(std::string_view text) {
  std::string head(without_space(text).substr(0, 16));
  std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return std::tolower(c); });
  return head.starts_with("<!doctype") || head.starts_with("<html") || head.starts_with("<?xml");
}

bool is_tar(std::string_view bytes) {
  constexpr size_t magic_place = 257;
  return bytes.size() > magic_place && bytes.substr(magic_place).starts_with("ustar");
}

}  // namespace

FileKind kind_of_file(std::span<const std::byte> bytes) {
  const std::string_view text = as_text(bytes);
  if (text.starts_with("PK\x03\x04"sv) || text.starts_with("PK\x05\x06"sv)) return FileKind::zip;
  if (is_torch_legacy(bytes)) return FileKind::torch_legacy;
  if (text.starts_with("\x93NUMPY"sv)) return FileKind::npy;
  constexpr size_t longest_space = 64;
  if (without_space(text.substr(0, longest_space)).starts_with('{')) return FileKind::shard_index;
  constexpr size_t length_size = 8;
  if (text.size() > length_size && text[length_size] == '{') return FileKind::safetensors;
  return FileKind::unknown;
}

std::string describe_unknown_file(std::span<const std::byte> bytes) {
  const std::string_view text = as_text(bytes);
  constexpr size_t head = 512;
  if (text.empty()) return "an empty file";
  if (text.starts_with("version https://git-lfs"))
    return "a Git LFS pointer, not the file itself (try: git lfs pull)";
  if (is_html(text.substr(0, head))) return "a web page, not the file itself (a download that failed?)";
  if (is_tar(text))
    return "a tar archive (of torch before 0.1.10, if it is one of torch: save it again with a newer one)";
  if (text.starts_with("\x1f\x8b"sv)) return "a gzip file (unpack it first)";
  if (text.starts_with("\x89HDF"sv)) return "an HDF5 file";
  if (text.starts_with("\x80"sv) && text.size() > 1 && text[1] >= 2 && text[1] <= 5) {
    return "a Python pickle without torch's magic number (load it in Python and save its tensors)";
  }
  std::string hexadecimal;
  for (const char byte : text.substr(0, 8)) hexadecimal += fmt::format(" {:02x}", static_cast<uint8_t>(byte));
  return fmt::format("{} bytes that begin with{}", text.size(), hexadecimal);
}

}  // namespace repbench
