#include "datasets/kinds/class_file.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "files/atomic.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

using Words = std::vector<std::string>;

ClassFile read(const std::string& content, const std::string& name = "classes.txt",
               const std::set<std::string>& keys = {}) {
  const ScratchFolder folder;
  write_file_atomically(folder / name, content);
  return ClassFile(folder / name, "kind", keys);
}

template <class Error = std::runtime_error>
std::string complaint(const std::string& content, const std::string& name = "classes.txt") {
  return error_message<Error>([&] { read(content, name); });
}

TEST(ClassFile, ListsFoldersOrSynsetsWithNames) {
  EXPECT_EQ(read("dog\ncat\n").keys(), (Words{"dog", "cat"}));
  EXPECT_EQ(read("dog\ncat\n").names(), (Words{"dog", "cat"}));
  const ClassFile synsets = read("n01440764 tench, Tinca tinca\nn02012849 crane\nn03126707 crane\n");
  EXPECT_EQ(synsets.keys(), (Words{"n01440764", "n02012849", "n03126707"}));
  EXPECT_EQ(synsets.names(), (Words{"tench", "crane", "crane"}));
  EXPECT_EQ(synsets.find("n03126707"), 2);
  EXPECT_EQ(synsets.find("tench"), 0);
  EXPECT_EQ(synsets.find("crane"), std::nullopt) << "two classes are called so";
  EXPECT_EQ(synsets.find("cow"), std::nullopt);
}

TEST(ClassFile, TellsSpacesInKeysFromNames) {
  const ClassFile file = read("hot dog\ncat a cat, felis\n", "classes.txt", {"hot dog", "cat"});
  EXPECT_EQ(file.keys(), (Words{"hot dog", "cat"}));
  EXPECT_EQ(file.names(), (Words{"hot dog", "a cat"}));
  EXPECT_EQ(read("hot dog\tfrankfurter\n").keys(), (Words{"hot dog"}));
  EXPECT_EQ(read("hot dog\tfrankfurter\n").names(), (Words{"frankfurter"}));
  EXPECT_EQ(read("hot dog\n").keys(), (Words{"hot dog"}));
}

TEST(ClassFile, PassesOverByteOrderMarksCarriageReturnsAndEmptyLines) {
  EXPECT_EQ(read("\xEF\xBB\xBF"
                 "dog\r\n\r\ncat")
                .keys(),
            (Words{"dog", "cat"}));
}

TEST(ClassFile, MayBeJson) {
  const ClassFile index = read(R"({"0": ["n01440764", "tench"], "10": ["n3", "c"], "1": ["n2", "b"],
    "2": ["d", "d"], "3": ["e", "e"], "4": ["f", "f"], "5": ["g", "g"], "6": ["h", "h"], "7": ["i", "i"],
    "8": ["j", "j"], "9": ["k", "k"]})",
                               "imagenet_class_index.json");
  EXPECT_EQ(index.keys().front(), "n01440764");
  EXPECT_EQ(index.names()[1], "b");
  EXPECT_EQ(index.keys()[10], "n3") << "numbers count as numbers";
  EXPECT_EQ(read(R"(["dog", ["n1", "cat"]])", "a.json").keys(), (Words{"dog", "n1"}));
  EXPECT_EQ(read(R"({"b": "dog", "a": "cat, felis"})", "a.json").names(), (Words{"cat", "dog"}));
  EXPECT_EQ(read(R"({"a": 1, "b": 0})", "a.json").keys(), (Words{"b", "a"}));
}

TEST(ClassFile, NamesWhatIsWrong) {
  EXPECT_PRED2(contains, complaint(""), "classes.txt: expected names of classes; got none");
  EXPECT_PRED2(contains, complaint("dog\ncat\ndog\n"),
               "expected every class once; got 'dog' as class 0 and at line 3");
  EXPECT_PRED2(contains, complaint("dog\nc\xe9\n"), "classes.txt:2: expected UTF-8 text; got the byte e9");
  EXPECT_PRED2(contains, complaint("n01440764 , x\n"),
               "classes.txt:1: expected a name of n01440764; got none");
  EXPECT_PRED2(contains, complaint<std::invalid_argument>("{", "a.json"), "a.json] expected JSON");
  EXPECT_PRED2(contains, complaint<std::invalid_argument>("3", "a.json"),
               "a.json: expected an object at the top");
  EXPECT_PRED2(contains, complaint<std::invalid_argument>(R"({"0": ["a"]})", "a.json"),
               "expected a class's key and name at 0");
  EXPECT_PRED2(contains, complaint<std::invalid_argument>(R"({"0": ["a", "a"], "2": ["b", "b"]})", "a.json"),
               "expected each of the numbers 0 to 1 once at 2");
  EXPECT_PRED2(contains, complaint<std::invalid_argument>(R"({"a": 0, "b": 0})", "a.json"),
               "expected each of the numbers 0 to 1 once at b");
  EXPECT_PRED2(contains,
               complaint<std::invalid_argument>(R"({"99999999999999999999": ["a", "a"]})", "a.json"),
               "expected each of the numbers 0 to 0 once");
  const auto absent =
      error_message<std::runtime_error>([] { ClassFile("/nowhere/classes.txt", "kind", {}); });
  EXPECT_PRED2(contains, absent, "/nowhere/classes.txt");
  const auto folder = error_message<std::runtime_error>([] { ClassFile("/tmp", "kind", {}); });
  EXPECT_EQ(folder, "[kind] /tmp: expected a text file; got no regular file");
}

}  // namespace
}  // namespace repbench
