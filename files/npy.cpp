#include "files/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "files/notes.h"
#include "files/npy_header.h"
#include "files/numpy_array.h"
#include "files/zip.h"

namespace repbench {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::string_view suffix = ".npy";

NumpyArray read_array(TensorSource& source, Notes& notes, std::span<const std::byte> file,
                      const std::string& what) {
  const auto fail = [&](std::string_view expected, std::string_view got) {
    source.fail(fmt::format("{}: expected {}; got {}", what, expected, got));
  };
  constexpr size_t version_end = 8;
  constexpr size_t longest_header = size_t{1} << 16;  // numpy itself reads up to 10000 bytes
  if (!as_text(file).starts_with(magic)) fail("numpy's magic bytes", "others");
  if (file.size() < version_end) fail("a numpy header", "the end of the file");
  const auto version = std::to_integer<int>(file[6]);
  if (version < 1 || version > 3) fail("numpy format version 1, 2 or 3", fmt::format("{}", version));
  const size_t length_size = version == 1 ? sizeof(uint16_t) : sizeof(uint32_t);
  if (file.size() - version_end < length_size) fail("a numpy header", "the end of the file");
  uint32_t length = 0;
  std::memcpy(&length, file.data() + version_end, length_size);
  const std::span<const std::byte> rest = file.subspan(version_end + length_size);
  if (length > rest.size() || length > longest_header) {
    fail("a numpy header within the file, of at most 64 kB", fmt::format("{} bytes", length));
  }
  const std::optional<NumpyLayout> layout = parse_npy_header(as_text(rest.first(length)));
  if (!layout)
    fail("a numpy header with descr, fortran_order and shape", in_quotes(as_text(rest.first(length))));
  return numpy_array(source, notes, *layout, rest.subspan(length), what);
}

void add(TensorSource& source, Notes& notes, TensorContents& contents, std::string name, NumpyArray array) {
  if (array.tensor) {
    add_tensor(source, contents.groups.front(), std::move(name), std::move(*array.tensor));
  } else if (array.texts) {
    notes.set(contents.notes, name, std::move(*array.texts));
  }
}

}  // namespace

TensorContents read_npy(TensorSource& source) {
  TensorContents contents{.format = "npy", .groups = {{"", {}}}, .notes = Json::object()};
  Notes notes(source);
  add(source, notes, contents, "array", read_array(source, notes, source.bytes(), "array"));
  notes.finish(contents.notes);
  return contents;
}

bool is_npz(const ZipArchive& archive) {
  const auto is_array = [](const ZipEntry& entry) { return entry.name.ends_with(suffix); };
  return !archive.entries().empty() &&
         std::all_of(archive.entries().begin(), archive.entries().end(), is_array);
}

TensorContents read_npz(TensorSource& source, const ZipArchive& archive) {
  TensorContents contents{.format = "npz", .groups = {{"", {}}}, .notes = Json::object()};
  Notes notes(source);
  for (const ZipEntry& entry : archive.entries()) {
    std::string name(entry.name.substr(0, entry.name.size() - suffix.size()));
    const std::string what = "array " + in_quotes(name);
    add(source, notes, contents, std::move(name), read_array(source, notes, archive.read(entry), what));
  }
  notes.finish(contents.notes);
  return contents;
}

}  // namespace repbench
