#include "files/tar.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "files/atomic.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/files/tar_writer.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

using Names = std::vector<std::string>;

class Tar : public testing::Test {
 protected:
  // The members' names and contents.
  std::vector<std::pair<std::string, std::string>> read(const std::string& tar) const {
    const fs::path path = folder_ / "a.tar";
    write_file_atomically(path, tar);
    const Descriptor file = open_for_reading(path, "test");
    TarReader reader(file, path, "test");
    std::vector<std::pair<std::string, std::string>> members;
    while (const auto member = reader.next()) {
      members.emplace_back(member->name, tar.substr(member->offset, member->size));
    }
    return members;
  }
  Names names(const std::string& tar) const {
    Names found;
    for (auto& [name, contents] : read(tar)) found.push_back(name);
    return found;
  }
  std::string failure(const std::string& tar) const {
    return error_message<std::runtime_error>([&] { read(tar); });
  }

  ScratchFolder folder_;
};

TEST_F(Tar, GivesNamesAndContentsInEveryFormat) {
  const std::string long_name = std::string(90, 'a') + "/" + std::string(90, 'b') + ".jpg";
  for (const TarFormat format : {TarFormat::ustar, TarFormat::gnu, TarFormat::pax}) {
    const auto members =
        read(tar_of({{"a.txt", "A dog."}, {long_name, std::string(513, 'x')}, {"e", ""}}, format));
    ASSERT_EQ(members.size(), 3u);
    EXPECT_EQ(members[0], std::pair(std::string("a.txt"), std::string("A dog.")));
    EXPECT_EQ(members[1], std::pair(long_name, std::string(513, 'x')));
    EXPECT_EQ(members[2].first, "e");
  }
}

TEST_F(Tar, GivesNamesThatAreNoUtf8AndOnesThatClimb) {
  EXPECT_EQ(names(tar_of({{"\xFF.jpg", "x"}, {"../../etc/passwd", "x"}})),
            (Names{"\xFF.jpg", "../../etc/passwd"}));
}

TEST_F(Tar, PassesOverWhatIsNoFile) {
  // Links and folders have no contents, whatever their size says; unknown types have.
  TarItem link{"link", "", '2', fmt::format("{:011o}", 4096)};
  EXPECT_EQ(names(tar_of({{"folder/", "", '5'},
                          link,
                          {"old/", "", '\0'},
                          {"a", "x", '\0'},
                          {"b", "x", '7'},
                          {"v", "xx", 'V'},
                          {"c", "x"}})),
            (Names{"a", "b", "c"}));
}

TEST_F(Tar, ReadsSizesThatOctalDigitsCannotHold) {
  TarItem item{"a", "hello", '0', std::string("\x80\0\0\0\0\0\0\0\0\0\0\x05", 12)};
  EXPECT_EQ(read(tar_of({item}))[0].second, "hello");
  item.size_field = " 5 ";
  EXPECT_EQ(read(tar_of({item}))[0].second, "hello");
  const std::string record = pax_record("size", "5") + pax_record("mtime", "1.5");
  item.size_field = "00000000000";
  EXPECT_EQ(read(tar_member({"x", record, 'x'}) + tar_member(item) + kTarEnd)[0].second, "hello");
}

TEST_F(Tar, EndsAtTheFirstEmptyBlock) {
  const std::string member = tar_member({"a", "x"});
  EXPECT_EQ(names(member + std::string(512, '\0')), Names{"a"});
  EXPECT_EQ(names(member + kTarEnd + "what follows is no matter"), Names{"a"});
  EXPECT_EQ(names(kTarEnd), Names{});
}

TEST_F(Tar, NamesWhereItIsCut) {
  const std::string whole = tar_of({{"a.jpg", std::string(600, 'x')}, {"b.jpg", std::string(600, 'x')}});
  const std::string path = (folder_ / "a.tar").string();
  EXPECT_EQ(failure(whole.substr(0, 2500)),
            "[test] " + path + ": expected a whole tar; got it cut inside b.jpg at byte 2500");
  EXPECT_PRED2(contains, failure(whole.substr(0, 1600)), "got it cut after a.jpg at byte 1600")
      << "inside a header";
  EXPECT_PRED2(contains, failure(whole.substr(0, 1200)), "got it cut after a.jpg at byte 1200")
      << "in the padding";
  EXPECT_PRED2(contains, failure(whole.substr(0, 1536)), "got it cut after a.jpg at byte 1536")
      << "between two";
  EXPECT_PRED2(contains, failure(whole.substr(0, 3072)), "got it cut after b.jpg at byte 3072")
      << "before the end";
  EXPECT_PRED2(contains, failure(whole.substr(0, 100)), "got it cut at its start at byte 100");
  EXPECT_PRED2(contains, failure(""), "got it cut at its start at byte 0");
  for (size_t size = 0; size < 3073; size += 7) failure(whole.substr(0, size));
}

TEST_F(Tar, NamesADamagedHeader) {
  std::string tar = tar_of({{"a.jpg", "x"}, {"b.jpg", "x"}});
  tar[1024 + 3] = '!';
  EXPECT_PRED2(contains, failure(tar),
               "expected a tar header with its checksum; got another one after a.jpg at byte 1024");
  EXPECT_PRED2(contains, failure(std::string(512, 'J')),
               "got another one at its start at byte 0 (damaged, or no plain tar)");
  EXPECT_PRED2(contains, failure(tar_of({{"a", "x", '0', "zzz"}})),
               "expected a member's size; got none of a at byte 0");
}

TEST_F(Tar, RefusesSizesThatTheFileDoesNotHold) {
  for (const std::string& size :
       {std::string("77777777777"), std::string("\x80\0\0\0\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 12)}) {
    for (const char type : {'0', 'L', 'x', 'g', 'K', 'V'}) failure(tar_of({{"a", "x", type, size}}));
  }
  const std::string too_large = "\x80\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", negative(12, '\xFF');
  EXPECT_PRED2(contains, failure(tar_of({{"a", "x", '0', too_large}})),
               "expected a member's size; got none of a");
  EXPECT_PRED2(contains, failure(tar_of({{"a", "x", '0', negative}})),
               "expected a member's size; got none of a");
  const std::string record = pax_record("size", "18446744073709551615");
  EXPECT_PRED2(contains, failure(tar_of({{"x", record, 'x'}, {"a.jpg", "x"}})), "got it cut inside a.jpg");
  EXPECT_PRED2(contains, failure(tar_of({{"x", pax_record("size", "-1"), 'x'}, {"a.jpg", "x"}})),
               "expected a member's size in its pax records; got '-1'");
  EXPECT_PRED2(contains, failure(tar_of({{"n", std::string((1 << 20) + 1, 'n'), 'L'}, {"a.jpg", "x"}})),
               "expected at most 1048576 bytes about a member; got 1048577");
}

TEST_F(Tar, RefusesBrokenPaxRecords) {
  for (const std::string record :
       {"x", "99 path=a\n", "9 path=ab\n", "0 path=a\n", "11 pathabcd\n", "9path=abc\n", "5 a=\n\n"}) {
    EXPECT_PRED2(contains, failure(tar_of({{"x", record, 'x'}, {"a.jpg", "x"}})),
                 "expected pax records LENGTH KEY=VALUE; got others at byte 1024");
  }
}

TEST_F(Tar, RefusesSparseFiles) {
  EXPECT_PRED2(contains, failure(tar_of({{"a.jpg", "x", 'S'}})),
               "expected whole files; got the sparse one a.jpg");
  const std::string record = pax_record("GNU.sparse.major", "1");
  EXPECT_PRED2(contains, failure(tar_of({{"x", record, 'x'}, {"a.jpg", "x"}})),
               "expected whole files; got a sparse one");
}

TEST_F(Tar, RefusesAFolder) {
  const fs::path path = folder_.path();
  const Descriptor file = open_for_reading(path, "test");
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { TarReader(file, path, "test"); }),
               "expected a tar file; got no regular file");
}

}  // namespace
}  // namespace repbench
