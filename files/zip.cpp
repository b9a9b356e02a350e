#include "files/zip.h"

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <memory>

#include "files/zip_directory.h"

namespace repbench {
namespace {

// Pieces, so that what is checked never counts as this process's memory all at once.
uint32_t checksum(const TensorSource& source, std::span<const std::byte> bytes) {
  constexpr size_t piece_size = size_t{4} << 20;
  uint32_t crc = 0;
  for (size_t begin = 0; begin < bytes.size(); begin += piece_size) {
    const auto piece = bytes.subspan(begin, std::min(piece_size, bytes.size() - begin));
    crc = libdeflate_crc32(crc, piece.data(), piece.size());
    source.release(piece);
  }
  return crc;
}

std::span<const std::byte> inflate(TensorSource& source, const ZipEntry& entry) {
  const auto fail = [&](std::string_view got) {
    source.fail(fmt::format("zip entry {}: expected {} bytes after inflating; got {}", in_quotes(entry.name),
                            entry.size, got));
  };
  // Deflate makes at most 258 bytes of 2 bits.
  constexpr uint64_t largest_ratio = 1032;
  if (entry.size / largest_ratio > entry.data.size()) fail("fewer");
  source.charge(entry.data.size());
  const std::span<std::byte> contents = source.allocate(entry.size);
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> decompressor(
      libdeflate_alloc_decompressor(), &libdeflate_free_decompressor);
  if (decompressor == nullptr) throw std::bad_alloc();
  size_t consumed = 0;
  // Without a place for the actual size, anything but the whole of it is an error.
  const libdeflate_result result =
      libdeflate_deflate_decompress_ex(decompressor.get(), entry.data.data(), entry.data.size(),
                                       contents.data(), contents.size(), &consumed, nullptr);
  if (result != LIBDEFLATE_SUCCESS) fail(result == LIBDEFLATE_BAD_DATA ? "broken data" : "another size");
  if (consumed != entry.data.size()) fail("them before the end of the data");
  source.release(entry.data);
  source.give_back(entry.data.size());
  return contents;
}

}  // namespace

ZipArchive::ZipArchive(TensorSource& source) : source_(&source), entries_(read_zip_directory(source)) {
  by_name_.reserve(entries_.size());
  for (uint32_t i = 0; i < entries_.size(); ++i) by_name_.push_back(i);
  std::sort(by_name_.begin(), by_name_.end(),
            [&](uint32_t a, uint32_t b) { return entries_[a].name < entries_[b].name; });
  for (size_t i = 1; i < by_name_.size(); ++i) {
    const std::string_view name = entries_[by_name_[i]].name;
    if (name == entries_[by_name_[i - 1]].name) {
      source.fail(fmt::format("expected zip entries with names of their own; got {} twice", in_quotes(name)));
    }
  }
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
  const auto found = std::lower_bound(
      by_name_.begin(), by_name_.end(), name,
      [&](uint32_t entry, std::string_view wanted) { return entries_[entry].name < wanted; });
  if (found == by_name_.end() || entries_[*found].name != name) return nullptr;
  return &entries_[*found];
}

std::span<const std::byte> ZipArchive::read(const ZipEntry& entry) const {
  const std::span<const std::byte> contents = entry.deflated ? inflate(*source_, entry) : entry.data;
  const uint32_t crc = checksum(*source_, contents);
  if (crc != entry.crc) {
    source_->fail(
        fmt::format("zip entry {}: expected contents with CRC-32 {:08x}; got {:08x} (the file is damaged)",
                    in_quotes(entry.name), entry.crc, crc));
  }
  return contents;
}

}  // namespace repbench
