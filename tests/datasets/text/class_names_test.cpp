#include "datasets/text/class_names.h"

#include <gtest/gtest.h>

#include "tests/datasets/text/vocabulary.h"
#include "tests/files/error_message.h"

namespace repbench {
namespace {

using Names = std::vector<std::string>;

TEST(ClassNames, AreComparedByLettersAndDigitsAlone) {
  EXPECT_EQ(folded_name("AnnualCrop_Land"), folded_name("annual crop land"));
  EXPECT_NE(folded_name("class 1"), folded_name("class 10"));
}

TEST(ClassOrder, OfPlainNamesIsNoSurprise) {
  EXPECT_TRUE(class_order_surprises({"cat", "dog", "horse"}).empty());
  EXPECT_TRUE(class_order_surprises({"0", "1", "2", "3"}).empty());
  EXPECT_TRUE(class_order_surprises({"n01440764", "n01443537", "n01484850"}).empty());
  EXPECT_TRUE(class_order_surprises({"001.Albatross", "002.Auklet", "010.Finch"}).empty());
  EXPECT_TRUE(class_order_surprises({}).empty());
}

TEST(ClassOrder, NamesNumbersThatAreSortedAsText) {
  const Names found = class_order_surprises({"0", "1", "10", "11", "2"});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0], "class 3 is '11' and class 4 is '2': their numbers fall");
  EXPECT_EQ(class_order_surprises({"class_1", "class_10", "class_2"}).size(), 1U);
  EXPECT_TRUE(class_order_surprises({"class_01", "class_02", "class_10"}).empty());
}

TEST(ClassOrder, NamesTwoThatDifferInSpellingAlone) {
  const Names found = class_order_surprises({"Cat", "cat"});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_PRED2(contains, found[0], "'Cat' and 'cat'");
}

TEST(ClassOrder, KnowsDataSetsWhosePromptSetsHaveNoNames) {
  const Names reversed = {"truck", "ship", "horse", "frog",       "dog",
                          "deer",  "cat",  "bird",  "automobile", "airplane"};
  ASSERT_EQ(class_order_surprises(reversed).size(), 1U);
  EXPECT_EQ(class_order_surprises(reversed)[0], "class 0 is 'truck', which is class 9 of CIFAR-10");
  EXPECT_TRUE(class_order_surprises(Names(reversed.rbegin(), reversed.rend())).empty());
}

TEST(ClassOrder, NamesAKnownSetInAnotherOrder) {
  const Names alphabetical = {"ankle boot", "bag",    "coat",  "dress",   "pair of trousers",
                              "pullover",   "sandal", "shirt", "sneaker", "t-shirt"};
  const Names found = class_order_surprises(alphabetical);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0], "class 0 is 'ankle boot', which is class 9 of fashion_mnist");
}

}  // namespace
}  // namespace repbench
