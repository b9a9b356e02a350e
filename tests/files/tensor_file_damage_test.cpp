// What happens to files that were cut, flipped, or made to hurt.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "files/atomic.h"
#include "tests/files/error_message.h"
#include "tests/files/pickle_writer.h"
#include "tests/files/scratch_folder.h"
#include "tests/files/tensor_files.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

/// Every which byte is flipped: `make fuzz` takes all of them.
size_t flip_step() {
  const char* step = ::getenv("REPBENCH_FLIP_STEP");
  return step == nullptr ? 7 : std::max<size_t>(1, std::strtoul(step, nullptr, 10));
}

std::vector<fs::path> damaged_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(kTorchFiles)) files.push_back(entry.path());
  if (shared_golden_folder()) {
    for (const char* name : {"clip_tiny.pt", "mae_tiny.pth", "clip_fp16.torchscript.pt",
                             "clip_tiny.ddp_partial_legacy.pt", "clip_fp16.io.safetensors"}) {
      files.push_back(*shared_golden_folder() / name);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool is_whole(const std::string& bytes) { return verdict_on(bytes).empty(); }

/// In how many bytes two files of the same tensors differ; nothing if they are not of the same tensors.
std::optional<size_t> differing_bytes(const TensorFile& a, const TensorFile& b) {
  size_t count = 0;
  if (a.groups().size() != b.groups().size()) return std::nullopt;
  for (size_t i = 0; i < a.groups().size(); ++i) {
    if (a.groups()[i].tensors.size() != b.groups()[i].tensors.size()) return std::nullopt;
    for (const auto& [name, view] : a.groups()[i].tensors) {
      const auto found = b.groups()[i].tensors.find(name);
      if (found == b.groups()[i].tensors.end() || found->second.shape != view.shape ||
          found->second.dtype != view.dtype)
        return std::nullopt;
      for (size_t k = 0; k < view.bytes.size(); ++k) count += view.bytes[k] != found->second.bytes[k];
    }
  }
  return count;
}

TEST(DamagedFiles, AFlippedBitInAnArchiveIsAnErrorOrChangesNothing) {
  for (const fs::path& path : damaged_files()) {
    std::string bytes = read_file(path);
    if (!bytes.starts_with("PK") || !is_whole(bytes)) continue;
    const std::string original = bytes;
    const TensorFile whole(as_bytes(original), "whole");
    for (size_t at = 0, bit = 0; at < bytes.size(); at += flip_step(), bit = (bit + 1) % 8) {
      bytes[at] = static_cast<char>(original[at] ^ (1 << bit));
      try {
        const TensorFile flipped(as_bytes(bytes), "flipped");
        ASSERT_TRUE(equal(whole, flipped)) << path << " bit " << bit << " of byte " << at;
      } catch (const std::exception& error) {
        ASSERT_TRUE(is_one_line(error.what())) << error.what();
      }
      bytes[at] = original[at];
    }
  }
}

TEST(DamagedFiles, AFlippedBitWithoutAChecksumChangesOneElement) {
  for (const fs::path& path : damaged_files()) {
    std::string bytes = read_file(path);
    if (bytes.starts_with("PK") || !is_whole(bytes)) continue;
    const std::string original = bytes;
    const TensorFile whole(as_bytes(original), "whole");
    for (size_t at = 0, bit = 0; at < bytes.size(); at += flip_step(), bit = (bit + 1) % 8) {
      bytes[at] = static_cast<char>(original[at] ^ (1 << bit));
      try {
        const TensorFile flipped(as_bytes(bytes), "flipped");
        // Nothing where the header says other tensors now; two names can share one byte.
        const std::optional<size_t> count = differing_bytes(whole, flipped);
        const bool in_data = path.extension() == ".npy" || path.extension() == ".safetensors";
        if (count && in_data && at > bytes.size() / 2) {
          ASSERT_LE(*count, 1U) << path << " byte " << at;
        }
      } catch (const std::exception& error) {
        ASSERT_TRUE(is_one_line(error.what())) << error.what();
      }
      bytes[at] = original[at];
    }
  }
}

TEST(DamagedFiles, AFileCutAtAnyLengthIsAnError) {
  for (const fs::path& path : damaged_files()) {
    const std::string bytes = read_file(path);
    constexpr size_t small = 10'000;
    if (!is_whole(bytes) || (bytes.size() > small && shared_golden_folder() &&
                             path.parent_path() == *shared_golden_folder() && flip_step() != 1))
      continue;
    for (size_t size = 0; size < bytes.size(); ++size) {
      // A copy of its own, so that a sanitizer sees a step over the end.
      const std::vector<std::byte> cut(as_bytes(bytes).begin(),
                                       as_bytes(bytes).begin() + static_cast<std::ptrdiff_t>(size));
      try {
        const TensorFile file(cut, "cut");
        FAIL() << path << " at " << size;
      } catch (const std::runtime_error& error) {
        ASSERT_TRUE(is_one_line(error.what())) << error.what();
      }
    }
  }
}

/// By how many bytes this process grows at most while it opens the file, in a child of its own.
size_t growth_of(const fs::path& path) {
  const auto peak = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<size_t>(usage.ru_maxrss) * 1024;
  };
  int ends[2];
  if (::pipe(ends) != 0) return SIZE_MAX;
  const pid_t child = ::fork();
  if (child == 0) {
    const size_t before = peak();
    try {
      const TensorFile file(path);
    } catch (const std::exception&) {
    }
    const size_t growth = peak() - before;
    ::_exit(::write(ends[1], &growth, sizeof growth) == sizeof growth ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  size_t growth = SIZE_MAX;
  if (status == 0 && ::read(ends[0], &growth, sizeof growth) != sizeof growth) growth = SIZE_MAX;
  ::close(ends[0]);
  ::close(ends[1]);
  return growth;
}

std::string repeated(const std::string& piece, size_t count) {
  std::string text;
  text.reserve(piece.size() * count);
  for (size_t i = 0; i < count; ++i) text += piece;
  return text;
}

/// Names of attacks, and the files that try them.
std::vector<std::pair<std::string, std::string>> attacks() {
  using namespace pickled;
  constexpr size_t many = 5'000'000;
  const std::string tensor_once = "q" + std::string(1, '\x01') + "0";
  const std::string one = tensor({.shape = {4}, .strides = {1}}),
                    turned = tensor({.shape = {2, 2}, .strides = {1, 2}});
  const std::string header =
      R"({"a":{"dtype":"U8","shape":[)" + repeated("0,", many) + R"(0],"data_offsets":[0,0]}})";
  return {
      {"a deflate bomb", torch_file("}", {deflated_item("x/data/1", std::string(size_t{200} << 20, '\0'))})},
      {"a bomb for a pickle", zip_of({deflated_item("x/data.pkl", repeated("]0", many) + "N.")})},
      {"empty lists", torch_file(repeated("]0", many) + "N")},
      {"a stack", torch_file(repeated("N", many))},
      {"memos", torch_file("N" + repeated(std::string("r\0\0\0\1", 5), many))},
      {"globals", torch_file(repeated("ca\nb\n0", many / 5) + "N")},
      {"one-element tuples", torch_file("]" + repeated("\x85", many))},
      {"one tensor under many names",
       torch_file(one + tensor_once + "](" + repeated("h\x01", 400'000) + "e")},
      {"copies of one storage", torch_file("](" + repeated(turned, 20'000) + "e")},
      {"many notes", torch_file("](" + repeated("K\x01", 400'000) + "e")},
      {"a shape of zeros", little_endian(uint64_t{header.size()}) + header},
      {"an index of lists", "{\"weight_map\":[" + repeated("[],", many) + "[]]}"},
      {"an end of many entries", zip_of(std::vector<ZipItem>(60'000, ZipItem{.name = "a", .data = ""}))},
  };
}

TEST(DamagedFiles, NeverTakeMoreMemoryThanTwiceTheirSizeAnd64MB) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's own memory would count";
#endif
  const ScratchFolder folder;
  for (const auto& [name, bytes] : attacks()) {
    const fs::path path = folder / "attack";
    write_file_atomically(path, bytes);
    EXPECT_LE(growth_of(path), 2 * bytes.size() + (size_t{64} << 20))
        << name << ", a file of " << bytes.size() << " bytes";
  }
}

TEST(DamagedFiles, OpeningALargeFileKeepsItsPagesOut) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's own memory would count";
#endif
  const ScratchFolder folder;
  std::string floats(size_t{100} << 20, '\x01');
  const int64_t count = static_cast<int64_t>(floats.size() / 4);
  const std::string object = pickled::whole(
      pickled::dict({{"w", pickled::tensor({.shape = {count}, .strides = {1}, .count = count})}}));
  write_file_atomically(folder / "large.pt", zip_of({{.name = "x/data.pkl", .data = object},
                                                     {.name = "x/data/0", .data = std::move(floats)}}));
  EXPECT_LE(growth_of(folder / "large.pt"), size_t{16} << 20);
}

}  // namespace
}  // namespace repbench
