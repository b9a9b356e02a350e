#include "files/zip.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/files/error_message.h"
#include "tests/files/tensor_files.h"
#include "tests/files/zip_writer.h"

namespace repbench {
namespace {

/// What opening an archive and reading all of it fails with.
std::string zip_verdict(const std::string& bytes) {
  TensorSource source(as_bytes(bytes), "bytes");
  try {
    const ZipArchive archive(source);
    for (const ZipEntry& entry : archive.entries()) archive.read(entry);
    return "";
  } catch (const std::runtime_error& error) {
    EXPECT_TRUE(is_one_line(error.what())) << error.what();
    return error.what();
  }
}

std::string item_verdict(const ZipItem& item) { return zip_verdict(zip_of({item})); }

TEST(Zip, ReadsStoredAndDeflatedEntries) {
  const std::string long_text(100'000, 'x');
  const std::string bytes = zip_of(
      {{.name = "a/b.txt", .data = "stored"}, deflated_item("c", long_text), {.name = "d/", .data = ""}});
  TensorSource source(as_bytes(bytes), "bytes");
  const ZipArchive archive(source);
  ASSERT_EQ(archive.entries().size(), 3U);
  const auto stored = archive.read(*archive.find("a/b.txt"));
  EXPECT_EQ(as_text(stored), "stored");
  EXPECT_TRUE(stored.data() >= as_bytes(bytes).data() &&
              stored.data() < as_bytes(bytes).data() + bytes.size())
      << "stored entries are not copied";
  EXPECT_EQ(as_text(archive.read(*archive.find("c"))), long_text);
  EXPECT_EQ(archive.find("b.txt"), nullptr);
}

TEST(Zip, RefusesSizesThatAreNotTrue) {
  EXPECT_PRED2(contains, item_verdict({.name = "a", .data = "xyz", .size = 4}),
               "one size where it is stored");
  EXPECT_PRED2(contains, item_verdict({.name = "a", .data = "xyz", .size = 900, .packed_size = 900}),
               "contents within the file");
  EXPECT_PRED2(contains, item_verdict({.name = "a", .data = "xyz", .local_size = 2}),
               "local header that agrees");
  EXPECT_PRED2(contains,
               item_verdict({.name = "a", .data = "xyz", .size = 2, .packed_size = 2, .offset = 900}),
               "a place within the file");
  EXPECT_PRED2(contains, item_verdict({.name = "a", .data = "xyz", .crc = 7}), "CRC-32 00000007; got");
  for (const int difference : {-1, 1}) {
    ZipItem item = deflated_item("a", std::string(100, 'x'));
    *item.size += static_cast<uint32_t>(difference);
    EXPECT_PRED2(contains, item_verdict(item), "bytes after inflating");
  }
  ZipItem cut = deflated_item("a", "some text that is longer");
  cut.data.pop_back();
  EXPECT_NE(item_verdict(cut), "");
  ZipItem longer = deflated_item("a", "some text");
  longer.data += "more";
  EXPECT_PRED2(contains, item_verdict(longer), "before the end of the data");
}

TEST(Zip, RefusesNamesThatAreNoRelativePaths) {
  for (const std::string name :
       {"/a", "../a", "a/../b", "a/..", ".", "a//b", "", "a\\b", "a\nb", "\x1b[2J", "\xff", "./a"}) {
    EXPECT_PRED2(contains, item_verdict({.name = name, .data = "x"}), "a relative name") << name;
  }
  EXPECT_PRED2(contains, item_verdict({.name = std::string("a\0b", 3), .data = "x"}), "a relative name");
  EXPECT_EQ(item_verdict({.name = "..a/...", .data = "x"}), "");
}

TEST(Zip, RefusesWhatItDoesNotKnow) {
  EXPECT_PRED2(contains, item_verdict({.name = "a", .data = "x", .method = 12}), "method 12");
  EXPECT_PRED2(contains, item_verdict({.name = "a", .data = "x", .flags = 1}), "encrypted");
  EXPECT_PRED2(contains, item_verdict({.name = "a", .data = "x", .flags = 8, .crc = crc_of("x")}), "agrees")
      << "no descriptor";
  EXPECT_PRED2(contains, item_verdict({.name = "a", .data = "x", .local_name = "b"}), "agrees");
  EXPECT_PRED2(contains, item_verdict({.name = "a", .data = "x", .local_method = 8}), "agrees");
}

TEST(Zip, RefusesEntriesThatShareANameOrBytes) {
  EXPECT_PRED2(contains, zip_verdict(zip_of({{.name = "a", .data = "x"}, {.name = "a", .data = "y"}})),
               "got 'a' twice");
  EXPECT_PRED2(contains,
               zip_verdict(zip_of({{.name = "a", .data = "x"}, {.name = "a", .data = "x", .offset = 0}})),
               "bytes of its own");
  // A second entry within the contents of the first.
  const std::string inner = zip_of({{.name = "b", .data = "y"}}).substr(0, 30 + 2);
  EXPECT_PRED2(contains,
               zip_verdict(zip_of({{.name = "a", .data = inner}, {.name = "b", .data = "y", .offset = 31}})),
               "bytes of its own");
}

TEST(Zip, RefusesDirectoriesThatAreNotWhereTheyShouldBe) {
  const std::string whole = zip_of({{.name = "a", .data = "x"}});
  EXPECT_EQ(zip_verdict(whole), "");
  EXPECT_NE(zip_verdict(whole + "x"), "");
  EXPECT_NE(zip_verdict("x" + whole), "");
  std::string many = whole;
  many[many.size() - 12] = many[many.size() - 14] = '\x7f';
  EXPECT_PRED2(contains, zip_verdict(many), "entries in");
  std::string disk = whole;
  disk[disk.size() - 18] = 1;
  EXPECT_PRED2(contains, zip_verdict(disk), "in one part");
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(zip_verdict(whole.substr(0, size)), "") << size;
}

TEST(Zip, RefusesToInflateMoreThanTheFileAllows) {
  const std::string zeros(size_t{64} << 20, '\0');
  EXPECT_PRED2(contains, item_verdict(deflated_item("bomb", zeros)), "MB of memory");
  ZipItem item{.name = "a", .data = "xxxx", .method = 8, .size = 1u << 30};
  EXPECT_PRED2(contains, item_verdict(item), "after inflating; got fewer") << "more than deflate can make";
  // Each entry is allowed, all of them are not.
  const std::string quarter(size_t{16} << 20, '\0');
  std::vector<ZipItem> items;
  for (const char* name : {"a", "b", "c", "d"}) items.push_back(deflated_item(name, quarter));
  EXPECT_PRED2(contains, zip_verdict(zip_of(items)), "MB of memory");
  items.resize(2);
  EXPECT_EQ(zip_verdict(zip_of(items)), "");
}

}  // namespace
}  // namespace repbench
