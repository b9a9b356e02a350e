#include "datasets/kinds/shard_list.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "files/atomic.h"
#include "files/json.h"
#include "tests/datasets/golden.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;

TEST(ExpandBraces, IsAsInBash) {
  EXPECT_EQ(expand_braces("a.tar"), Words{"a.tar"});
  EXPECT_EQ(expand_braces("a-{8..11}.tar"), (Words{"a-8.tar", "a-9.tar", "a-10.tar", "a-11.tar"}));
  EXPECT_EQ(expand_braces("{08..11}"), (Words{"08", "09", "10", "11"}));
  EXPECT_EQ(expand_braces("{000000..000002}"), (Words{"000000", "000001", "000002"}));
  EXPECT_EQ(expand_braces("{1..005}").back(), "005");
  EXPECT_EQ(expand_braces("{3..1}"), (Words{"3", "2", "1"}));
  EXPECT_EQ(expand_braces("{0..10..5}"), (Words{"0", "5", "10"}));
  EXPECT_EQ(expand_braces("{-01..01}"), (Words{"-01", "000", "001"}));
  EXPECT_EQ(expand_braces("{train,val}-{0..1}.tar"),
            (Words{"train-0.tar", "train-1.tar", "val-0.tar", "val-1.tar"}));
  EXPECT_EQ(expand_braces("{a,b{1..2}}c"), (Words{"ac", "b1c", "b2c"}));
  EXPECT_EQ(expand_braces("{a}{,x}"), (Words{"{a}", "{a}x"}));
  EXPECT_EQ(expand_braces("{a..b"), Words{"{a..b"});
  EXPECT_EQ(expand_braces("x{0..1}::y.tar"), (Words{"x0", "x1", "y.tar"}));
}

TEST(ExpandBraces, IsAsInWebdataset) {
  const Json golden = read_json(golden_folder() / "shards.json");
  EXPECT_GT(golden.at("braces").size(), 10u);
  for (const Json& row : golden.at("braces")) {
    EXPECT_EQ(expand_braces(row.at(0).get<std::string>()), row.at(1).get<Words>()) << row.at(0);
  }
}

TEST(ExpandBraces, RefusesTooMany) {
  for (const char* pattern :
       {"{0..1000000}", "{0..999}{0..9999}", "{0..600000}::{0..600000}", "{{0..600000},{0..600000}}"}) {
    EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { expand_braces(pattern); }),
                 "expected braces for at most 1000000 shards; got more");
  }
  std::string deep;
  for (int i = 0; i < 100; ++i) deep = "{" + deep + ",a}";
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { expand_braces(deep); }),
               "at most 32 deep");
}

class ShardFolder : public testing::Test {
 protected:
  void put(const Words& names) const {
    for (const std::string& name : names) write_file_atomically(folder_ / name, "");
  }
  Words prefixes(const std::string& pattern, const std::string& split) const {
    Words found;
    for (const Shard& shard : find_shards((folder_ / pattern).string(), split).shards)
      found.push_back(shard.prefix);
    return found;
  }
  std::string failure(const std::string& pattern, const std::string& split = "all") const {
    return error_message<std::runtime_error>([&] { prefixes(pattern, split); });
  }

  ScratchFolder folder_;
};

TEST_F(ShardFolder, HasTheSplitsOfItsSubfolders) {
  put({"train/10.tar", "train/9.tar", "train/.hidden.tar", "train/nshards.txt", "validation/0.tar",
       "other/0.tar"});
  EXPECT_EQ(prefixes("", "train"), (Words{"train/10", "train/9"}));
  EXPECT_EQ(prefixes("", "val"), Words{"validation/0"});
  EXPECT_EQ(prefixes("", "all").size(), 3u);
  EXPECT_FALSE(find_shards(folder_.path().string(), "train").own_split);
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { prefixes("", "test"); }),
               ": all, train, val; got 'test'");
}

TEST_F(ShardFolder, HasTheSplitsThatAllItsNamesTell) {
  put({"d/cc3m-train-0000.tar", "d/cc3m-train-0001.tar", "d/cc3m_validation.0.tar"});
  EXPECT_EQ(prefixes("d", "train"), (Words{"cc3m-train-0000", "cc3m-train-0001"}));
  EXPECT_EQ(prefixes("d/", "val"), Words{"cc3m_validation.0"});
  put({"d/more.tar"});
  EXPECT_TRUE(find_shards((folder_ / "d").string(), "all").own_split) << "one name tells nothing";
  EXPECT_EQ(prefixes("d", "all").size(), 4u);
}

TEST_F(ShardFolder, FilesOfAPatternKeepItsOrder) {
  put({"a-1.tar", "a-2.tar", "b.tar", "test/0.tar", "train/0.tar"});
  EXPECT_EQ(prefixes("a-{2..1}.tar::" + (folder_ / "b.tar").string(), "all"), (Words{"a-2", "a-1", "b"}));
  EXPECT_EQ(find_shards((folder_ / "a-{1..2}.tar").string(), "all").name, "a-{1..2}");
  EXPECT_EQ(find_shards((folder_ / "test/{0..0}.tar").string(), "all").root, folder_.path());
  EXPECT_EQ(prefixes("{train,test}/0.tar", "all"), (Words{"train/0", "test/0"}));
  EXPECT_PRED2(contains, failure("{b,b}.tar"), "expected shards with names of their own");
}

TEST_F(ShardFolder, NamesWhatIsMissingAndWhatIsPacked) {
  put({"a-1.tar", "packed.tar.gz", "in/x.TGZ", "both/0.tar", "both/train/0.tar"});
  EXPECT_PRED2(contains, failure("a-{0..3}.tar"),
               "a-0.tar: expected a tar file; got no such file (3 of 4 shards are missing)");
  EXPECT_PRED2(contains, failure("packed.tar.gz"),
               "packed.tar.gz: expected a plain .tar, whose pictures can be reached one by one; got a packed "
               "one: unpack it to .tar first");
  EXPECT_PRED2(contains, failure("in"), "x.TGZ: expected a plain .tar");
  EXPECT_PRED2(contains, failure("both"),
               "expected .tar files, or folders train, val and test with them; got both");
  fs::create_directories(folder_ / "empty");
  EXPECT_PRED2(contains, failure("empty"), "got none");
}

}  // namespace
}  // namespace repbench
