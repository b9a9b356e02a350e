#include "protocols/solvers/neighbours.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/files/error_message.h"

namespace repbench {
namespace {

/// Small integers: every product is exact, and many are equal.
at::Tensor integers(int64_t rows, int64_t columns, uint64_t seed) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  return at::randint(-2, 3, {rows, columns}, generator, at::kFloat);
}

/// All similarities sorted, equal ones by index.
Neighbours brute_force(const at::Tensor& queries, const at::Tensor& bank, int64_t k) {
  const at::Tensor all = at::mm(queries.to(at::kDouble), bank.to(at::kDouble).t());
  Neighbours result{at::empty({queries.size(0), k}, at::kFloat), at::empty({queries.size(0), k}, at::kLong)};
  for (int64_t row = 0; row < all.size(0); ++row) {
    const double* similarity = all.const_data_ptr<double>() + row * all.size(1);
    std::vector<int64_t> order(static_cast<size_t>(all.size(1)));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return similarity[a] > similarity[b]; });
    for (int64_t i = 0; i < k; ++i) {
      result.index.data_ptr<int64_t>()[row * k + i] = order[i];
      result.similarity.data_ptr<float>()[row * k + i] = static_cast<float>(similarity[order[i]]);
    }
  }
  return result;
}

void expect_equal(const Neighbours& found, const Neighbours& expected) {
  EXPECT_TRUE(at::equal(found.index, expected.index));
  EXPECT_TRUE(at::equal(found.similarity, expected.similarity));
}

TEST(Neighbours, EqualBruteForceBitForBitWithTies) {
  const at::Tensor queries = integers(40, 6, 1), bank = integers(900, 6, 2);
  for (const int64_t k : {1, 2, 20, 200, 899, 900}) {
    SCOPED_TRACE(k);
    expect_equal(nearest_neighbours(queries, bank, k), brute_force(queries, bank, k));
  }
}

TEST(Neighbours, CrossTheBlocksOfBankAndQueries) {
  const at::Tensor bank = integers(3 * 4096 + 7, 3, 3), queries = integers(513, 3, 4);
  for (const int64_t size : {4095, 4096, 4097, 3 * 4096 + 7}) {
    SCOPED_TRACE(size);
    const at::Tensor part = bank.narrow(0, 0, size);
    expect_equal(nearest_neighbours(queries, part, 5), brute_force(queries, part, 5));
  }
  // More neighbours than a block holds.
  const at::Tensor one = queries.narrow(0, 0, 1);
  expect_equal(nearest_neighbours(one, bank, 5000), brute_force(one, bank, 5000));
}

TEST(Neighbours, OfAllEqualSimilaritiesTheFirstIndicesWin) {
  const Neighbours found = nearest_neighbours(at::ones({2, 3}), at::ones({5000, 3}), 4);
  EXPECT_TRUE(at::equal(found.index, at::tensor({0, 1, 2, 3, 0, 1, 2, 3}, at::kLong).view({2, 4})));
}

TEST(Neighbours, OverflowingSimilaritiesStillGiveKDistinctNeighbours) {
  const at::Tensor queries = at::tensor({3e38f, 3e38f}).view({1, 2});
  const at::Tensor bank = at::tensor({-3e38f, 3e38f, -3e38f, -3e38f, 1.0f, 1.0f}).view({3, 2});
  at::Tensor index = std::get<0>(nearest_neighbours(queries, bank, 3).index.sort());
  EXPECT_TRUE(at::equal(index, at::tensor({0, 1, 2}, at::kLong).view({1, 3})));
}

TEST(Neighbours, BadInputIsRefused) {
  const auto message = [](const at::Tensor& queries, const at::Tensor& bank, int64_t k) {
    return error_message<std::invalid_argument>([&] { nearest_neighbours(queries, bank, k); });
  };
  const at::Tensor x = at::ones({3, 2});
  EXPECT_EQ(message(x, x, 4), "[neighbours] expected k in 1 ... 3; got 4");
  EXPECT_EQ(message(x, x, 0), "[neighbours] expected k in 1 ... 3; got 0");
  EXPECT_PRED2(contains, message(x, at::ones({3, 5}), 1), "of one width; got Float [3, 2] and Float [3, 5]");
  EXPECT_PRED2(contains, message(x.to(at::kDouble), x, 1), "float32");
  EXPECT_PRED2(contains, message(x, x / 0, 1), "finite");
}

Neighbours two_queries() {
  return {at::tensor({0.9f, 0.8f, 0.1f, 0.5f, 0.5f, 0.0f}).view({2, 3}),
          at::tensor({2, 0, 1, 1, 3, 0}, at::kLong).view({2, 3})};
}

TEST(Votes, AreSumsOfExponentials) {
  const at::Tensor labels = at::tensor({1, 0, 2, 1}, at::kLong);
  const at::Tensor all = vote(two_queries(), labels, 4, 3, 0.5);
  const at::Tensor expected = at::tensor({std::exp(0.2), std::exp(1.6), std::exp(1.8), 0.0,  //
                                          std::exp(1.0), std::exp(1.0) + 1, 0.0, 0.0},
                                         at::kDouble);
  EXPECT_TRUE(at::allclose(all.view({8}), expected, 1e-6));  // similarities are float32
  const at::Tensor first = vote(two_queries(), labels, 4, 1, 0.5);
  EXPECT_EQ(first.gt(0).sum().item<int64_t>(), 2);
  EXPECT_NEAR(first[0][2].item<double>(), std::exp(1.8), 1e-6);
}

TEST(Votes, BadInputIsRefused) {
  const at::Tensor labels = at::tensor({1, 0, 2, 1}, at::kLong);
  const auto message = [&](const at::Tensor& of, int64_t k, double temperature) {
    return error_message<std::invalid_argument>([&] { vote(two_queries(), of, 3, k, temperature); });
  };
  EXPECT_EQ(message(labels, 4, 1), "[vote] expected k in 1 ... 3; got 4");
  EXPECT_EQ(message(labels, 3, 0), "[vote] expected temperature > 0 and finite; got 0");
  EXPECT_EQ(message(labels + 1, 3, 1), "[vote] expected labels in 0 ... 2; got 1 ... 3");
  EXPECT_PRED2(contains, message(labels.narrow(0, 0, 3), 3, 1), "a label for each row of the bank");
  EXPECT_PRED2(contains, message(labels, 3, 1e-4), "normalise");
}

}  // namespace
}  // namespace repbench
