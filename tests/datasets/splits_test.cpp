#include "datasets/splits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "files/hash.h"
#include "tests/datasets/toy_dataset.h"
#include "tests/files/error_message.h"

namespace repbench {
namespace {

std::set<std::string> ids(const Dataset& dataset, const IndexList& list) {
  std::set<std::string> result;
  for (const int64_t index : list.indices) result.insert(dataset.id(index));
  return result;
}

std::map<int64_t, int64_t> class_counts(const Dataset& dataset, const IndexList& list) {
  std::map<int64_t, int64_t> counts;
  for (const int64_t index : list.indices) ++counts[dataset.label(index)];
  return counts;
}

bool is_inside(const IndexList& small, const IndexList& large) {
  return std::includes(large.indices.begin(), large.indices.end(), small.indices.begin(),
                       small.indices.end());
}

TEST(IndexList, IsHashedOverIdsInOrder) {
  const ToyDataset dataset({{"b", 0}, {"a", 0}}, 1);
  const IndexList all = all_examples(dataset);
  EXPECT_EQ(all.indices, (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(all.hash, sha256("b\na"));
}

TEST(DrawExamples, IsNestedBalancedAscendingAndExact) {
  const auto dataset = ToyDataset::of(103, 4);
  const IndexList all = all_examples(*dataset);
  IndexList previous;
  for (int64_t count = 1; count <= 103; ++count) {
    const IndexList drawn = draw_examples(*dataset, all, count, 7);
    ASSERT_EQ(drawn.size(), count);
    EXPECT_TRUE(std::is_sorted(drawn.indices.begin(), drawn.indices.end()));
    EXPECT_TRUE(is_inside(previous, drawn)) << count;
    const auto counts = class_counts(*dataset, drawn);
    for (const auto& [label, members] : counts) EXPECT_LE(std::abs(members - count / 4), 1) << count;
    previous = drawn;
  }
  EXPECT_EQ(draw_examples(*dataset, all, 500, 7).indices, all.indices);
  EXPECT_THROW(draw_examples(*dataset, all, 0, 7), std::invalid_argument);
}

TEST(DrawExamples, FillsUpFromTheLargerClasses) {
  const ToyDataset dataset({{"a", 0}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 1}, {"f", 1}}, 2);
  const IndexList drawn = draw_examples(dataset, all_examples(dataset), 4, 1);
  EXPECT_EQ(class_counts(dataset, drawn), (std::map<int64_t, int64_t>{{0, 1}, {1, 3}}));
}

TEST(DrawExamples, WorksWithoutLabels) {
  std::vector<ToyDataset::Row> rows;
  for (int i = 0; i < 20; ++i) rows.push_back({fmt::format("x{}", i), -1});
  const ToyDataset dataset(rows, 0);
  const IndexList all = all_examples(dataset);
  EXPECT_EQ(draw_examples(dataset, all, 5, 1).size(), 5);
  EXPECT_TRUE(is_inside(draw_examples(dataset, all, 5, 1), draw_examples(dataset, all, 9, 1)));
  EXPECT_EQ(hold_out(dataset, all, 0.25, 1).held_out.size(), 5);
}

TEST(Splits, DependOnIdsAndNotOnOrder) {
  std::vector<ToyDataset::Row> rows;
  for (int i = 0; i < 60; ++i) rows.push_back({fmt::format("x{}", i), i % 3});
  const ToyDataset forwards(rows, 3);
  std::reverse(rows.begin(), rows.end());
  const ToyDataset backwards(rows, 3);
  const IndexList a = all_examples(forwards), b = all_examples(backwards);
  EXPECT_EQ(ids(forwards, draw_examples(forwards, a, 17, 2)),
            ids(backwards, draw_examples(backwards, b, 17, 2)));
  EXPECT_EQ(ids(forwards, draw_few_shot(forwards, a, 4, 2)),
            ids(backwards, draw_few_shot(backwards, b, 4, 2)));
  EXPECT_EQ(ids(forwards, hold_out(forwards, a, 0.3, 2).held_out),
            ids(backwards, hold_out(backwards, b, 0.3, 2).held_out));
}

TEST(Splits, BarelyChangeWhenAnExampleIsAdded) {
  std::vector<ToyDataset::Row> rows;
  for (int i = 0; i < 60; ++i) rows.push_back({fmt::format("x{}", i), i % 3});
  const ToyDataset before(rows, 3);
  rows.insert(rows.begin(), {"new", 0});
  const ToyDataset after(rows, 3);
  const auto old_ids = ids(before, draw_few_shot(before, all_examples(before), 5, 2));
  const auto new_ids = ids(after, draw_few_shot(after, all_examples(after), 5, 2));
  std::vector<std::string> lost;
  std::set_difference(old_ids.begin(), old_ids.end(), new_ids.begin(), new_ids.end(),
                      std::back_inserter(lost));
  EXPECT_LE(lost.size(), 1u);
}

TEST(DrawFewShot, TakesAsManyOfEachClassAndIsNested) {
  const auto dataset = ToyDataset::of(50, 5);
  const IndexList all = all_examples(*dataset);
  IndexList previous;
  for (int64_t shots = 1; shots <= 10; ++shots) {
    const IndexList drawn = draw_few_shot(*dataset, all, shots, 3);
    for (const auto& [label, members] : class_counts(*dataset, drawn)) EXPECT_EQ(members, shots);
    EXPECT_EQ(drawn.size(), 5 * shots);
    EXPECT_TRUE(is_inside(previous, drawn));
    previous = drawn;
  }
  EXPECT_NE(draw_few_shot(*dataset, all, 2, 3).hash, draw_few_shot(*dataset, all, 2, 4).hash);
}

TEST(DrawFewShot, NamesTheClassThatIsTooShort) {
  const ToyDataset dataset({{"a", 0}, {"b", 0}, {"c", 2}, {"d", 2}}, 3);
  const auto message =
      error_message<std::invalid_argument>([&] { draw_few_shot(dataset, all_examples(dataset), 2, 0); });
  EXPECT_PRED2(contains, message, "expected 2 examples of class 1 ('class 1'); got 0");
}

TEST(HoldOut, SplitsEveryClassByTheShare) {
  const auto dataset = ToyDataset::of(400, 4);
  const IndexList all = all_examples(*dataset);
  const HoldOut parts = hold_out(*dataset, all, 0.1, 5);
  EXPECT_EQ(parts.held_out.size(), 40);
  for (const auto& [label, members] : class_counts(*dataset, parts.held_out)) EXPECT_EQ(members, 10);
  std::vector<int64_t> both;
  std::merge(parts.kept.indices.begin(), parts.kept.indices.end(), parts.held_out.indices.begin(),
             parts.held_out.indices.end(), std::back_inserter(both));
  EXPECT_EQ(both, all.indices);
  EXPECT_NE(hold_out(*dataset, all, 0.1, 6).held_out.hash, parts.held_out.hash);
}

TEST(HoldOut, KeepsItsShareWhereClassesAreSmall) {
  const auto dataset = ToyDataset::of(40, 20);  // two of each class: a tenth rounds to nothing
  const HoldOut parts = hold_out(*dataset, all_examples(*dataset), 0.1, 5);
  EXPECT_EQ(parts.held_out.size(), 4);
  EXPECT_EQ(class_counts(*dataset, parts.held_out).size(), 4u);
  const auto pair = ToyDataset::of(2, 2);
  EXPECT_EQ(hold_out(*pair, all_examples(*pair), 0.01, 0).held_out.size(), 1);
  EXPECT_EQ(hold_out(*pair, all_examples(*pair), 0.99, 0).kept.size(), 1);
}

TEST(HoldOut, IsIndependentOfADrawWithTheSameSeed) {
  const auto dataset = ToyDataset::of(2000, 2);
  const IndexList all = all_examples(*dataset);
  const IndexList drawn = draw_examples(*dataset, all, 1000, 9);
  const HoldOut parts = hold_out(*dataset, all, 0.5, 9);
  std::vector<int64_t> both;
  std::set_intersection(drawn.indices.begin(), drawn.indices.end(), parts.held_out.indices.begin(),
                        parts.held_out.indices.end(), std::back_inserter(both));
  EXPECT_NEAR(static_cast<double>(both.size()), 500, 70);
}

TEST(HoldOut, RefusesAShareThatLeavesNothing) {
  const auto dataset = ToyDataset::of(10, 2);
  for (const double share : {0.0, 1.0, -0.5, 2.0, std::nan("")}) {
    EXPECT_THROW(hold_out(*dataset, all_examples(*dataset), share, 0), std::invalid_argument);
  }
}

}  // namespace
}  // namespace repbench
