#include "files/archive.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <stdexcept>

#include "files/atomic.h"
#include "tests/datasets/idx_folder.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

// A file of a tar archive (POSIX ustar); its header may say another size.
std::string tar_entry(const std::string& name, const std::string& content, size_t announced) {
  std::string header = name;
  header.resize(100);
  header += fmt::format("{:07o}", 0644) + '\0' + fmt::format("{:07o}", 0) + '\0' + fmt::format("{:07o}", 0) +
            '\0' + fmt::format("{:011o}", announced) + '\0' + fmt::format("{:011o}", 0) + '\0' +
            std::string(8, ' ') + '0';
  header.resize(257);
  header += std::string(
      "ustar\0"
      "00",
      8);
  header.resize(512);
  unsigned sum = 0;
  for (const unsigned char byte : header) sum += byte;
  header.replace(148, 8, fmt::format("{:06o}", sum) + '\0' + ' ');
  std::string padded = content;
  padded.resize((content.size() + 511) / 512 * 512);
  return header + padded;
}

std::string tar_entry(const std::string& name, const std::string& content) {
  return tar_entry(name, content, content.size());
}

const std::string kEnd(1024, '\0');

std::map<std::string, std::string> read(const std::string& bytes, uint64_t most = 100) {
  const ScratchFolder folder;
  write_file_atomically(folder / "a.tar", bytes);
  std::map<std::string, std::string> files;
  read_archive(
      folder / "a.tar", "kind", [&](std::string_view name) { return name == "skip" ? uint64_t{0} : most; },
      [&](std::string_view name, std::string content) { files[std::string(name)] = std::move(content); });
  return files;
}

std::string complaint(const std::string& bytes, uint64_t most = 100) {
  return error_message<std::runtime_error>([&] { read(bytes, most); });
}

TEST(Archive, HandsOutTheFilesThatAreWanted) {
  const std::string tar =
      tar_entry("d/a", "one") + tar_entry("skip", std::string(5000, 'x')) + tar_entry("b", "") + kEnd;
  const std::map<std::string, std::string> files = {{"d/a", "one"}, {"b", ""}};
  EXPECT_EQ(read(tar), files);
  EXPECT_EQ(read(gzip(tar)), files);
}

TEST(Archive, TakesNoMoreThanItWasAllowedTo) {
  EXPECT_PRED2(contains, complaint(tar_entry("a", std::string(101, 'x')) + kEnd),
               "a.tar: expected at most 100 bytes of 'a'; got more");
  EXPECT_PRED2(contains, complaint(tar_entry("a", "x", 077777777777) + kEnd),
               "expected at most 100 bytes of 'a'");
  EXPECT_PRED2(contains, complaint(gzip(tar_entry("a", std::string(1 << 20, '\0')) + kEnd)),
               "expected at most 100 bytes of 'a'");
}

TEST(Archive, NamesOneThatIsCutOrDamaged) {
  const std::string tar = tar_entry("a", std::string(3000, 'x')) + tar_entry("b", "two") + kEnd;
  EXPECT_PRED2(contains, complaint(tar.substr(0, 2000), 5000), "[kind] ");
  EXPECT_PRED2(contains, complaint(tar.substr(0, 2000), 5000), "a.tar: expected a whole tar archive; got");
  EXPECT_PRED2(contains, complaint(tar.substr(0, 512 + 3072 + 100), 5000), "expected a whole tar archive");
  const std::string packed = gzip(tar);
  EXPECT_PRED2(contains, complaint(packed.substr(0, packed.size() - 12), 5000),
               "expected a whole tar archive");
  EXPECT_PRED2(contains, complaint(tar_entry("a", "x", 5000), 1 << 20), "expected a whole tar archive");
  std::string damaged = tar;
  damaged[512 + 3072 + 3] = 'Z';  // in the second header, against its checksum
  EXPECT_PRED2(contains, complaint(damaged, 5000), "expected a whole tar archive");
  EXPECT_PRED2(contains, complaint("not an archive"), "expected a");
  const auto absent = error_message<std::runtime_error>([] { read_archive("/nowhere.tar", "kind", {}, {}); });
  EXPECT_PRED2(contains, absent, "/nowhere.tar");
}

}  // namespace
}  // namespace repbench
