#include "protocols/solvers/neighbours.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/files/error_message.h"
#include "tests/pretrain/golden_tensors.h"

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

at::Tensor reals(int64_t rows, int64_t columns, uint64_t seed) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  return at::randn({rows, columns}, generator, at::kFloat);
}

// Five blocks of the bank and some rows.
TEST(Neighbours, AreTheSameBitForBitInAnyNumberOfShards) {
  constexpr int64_t kBank = 5 * 1024 + 7;
  for (const bool real : {true, false}) {
    const at::Tensor bank = real ? reals(kBank, 33, 5) : integers(kBank, 5, 5);
    const at::Tensor queries = real ? reals(60, 33, 6) : integers(60, 5, 6);
    for (const Similarity by : {Similarity::inner_product, Similarity::l2}) {
      for (const int64_t k : {1, 20, 1100}) {
        const Neighbours whole = nearest_neighbours(queries, bank, k, {by});
        for (const int64_t shards : {2, 3, 7, 6000}) {
          SCOPED_TRACE(fmt::format("{} {} {} {}", real, by == Similarity::l2, k, shards));
          expect_equal(nearest_neighbours(queries, bank, k, {by, shards}), whole);
        }
      }
    }
  }
}

TEST(Neighbours, OfPartsCutAnywhereAreThoseOfTheWholeBank) {
  const at::Tensor queries = integers(30, 4, 7), bank = integers(200, 4, 8);
  const Neighbours whole = nearest_neighbours(queries, bank, 20);
  std::vector<Neighbours> parts;
  for (const auto& [first, last] : {std::pair(0, 3), std::pair(3, 100), std::pair(100, 200)}) {
    const int64_t size = last - first;
    Neighbours part = nearest_neighbours(queries, bank.narrow(0, first, size), std::min<int64_t>(20, size));
    part.index += first;
    parts.insert(parts.begin(), std::move(part));  // in any order
  }
  expect_equal(merge_neighbours(parts, 20), whole);
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { merge_neighbours(parts, 44); }),
               "expected k in 1 ... 43; got 44");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] { merge_neighbours({}, 1); }), "none");
}

TEST(Neighbours, ByDistanceAreThoseOfBruteForceWithTies) {
  const at::Tensor queries = integers(40, 5, 9), bank = integers(1500, 5, 10);
  const Neighbours found = nearest_neighbours(queries, bank, 30, {Similarity::l2});
  for (int64_t row = 0; row < 40; ++row) {
    const at::Tensor distance = (bank - queries[row]).square().sum(1).to(at::kDouble).sqrt();
    const at::Tensor order = std::get<1>(distance.sort(/*stable=*/true, 0, /*descending=*/false));
    EXPECT_TRUE(at::equal(found.index[row], order.narrow(0, 0, 30))) << row;
    EXPECT_TRUE(
        at::equal(found.similarity[row], distance.index({order.narrow(0, 0, 30)}).neg().to(at::kFloat)));
  }
}

// Far from the origin the difference of large squares would be rounding alone.
TEST(Neighbours, EqualRowsFarAwayHaveTheDistanceZeroAndTheFirstOneWins) {
  at::Tensor bank = reals(300, 64, 11) + 1000;
  bank[200] = bank[17];
  bank[90] = bank[17];
  const Neighbours found = nearest_neighbours(bank.narrow(0, 17, 1), bank, 5, {Similarity::l2});
  EXPECT_TRUE(at::equal(found.index[0].narrow(0, 0, 3), at::tensor({17, 90, 200}, at::kLong)));
  EXPECT_TRUE(at::equal(found.similarity[0].narrow(0, 0, 3), at::zeros({3})));
  const double second =
      (bank[found.index[0][3].item<int64_t>()] - bank[17]).to(at::kDouble).norm().item<double>();
  EXPECT_NEAR(found.similarity[0][3].item<double>(), -second, 1e-5 * second);
}

TEST(Neighbours, NoQueryIsItsOwnNeighbour) {
  const at::Tensor bank = integers(2100, 4, 12);
  const std::vector<int64_t> own = {0, 1023, 1024, 2099, -1};
  at::Tensor queries =
      at::cat({bank.narrow(0, 0, 1), bank.narrow(0, 1023, 2), bank.narrow(0, 2099, 1), at::ones({1, 4})});
  for (const int64_t k : {1, 20, 1100, 2099}) {
    const Neighbours all = brute_force(queries, bank, 2100);
    const Neighbours found = nearest_neighbours(queries, bank, k, {Similarity::inner_product, 1, own});
    for (int64_t row = 0; row < 5; ++row) {
      const at::Tensor others = all.index[row].index({all.index[row].ne(own[static_cast<size_t>(row)])});
      EXPECT_TRUE(at::equal(found.index[row], others.narrow(0, 0, k))) << k << " " << row;
    }
    for (const int64_t shards : {2, 3})
      expect_equal(nearest_neighbours(queries, bank, k, {Similarity::inner_product, shards, own}), found);
  }
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
  const auto searched = [&](const NeighbourSearch& search) {
    return error_message<std::invalid_argument>([&] { nearest_neighbours(x, x, 3, search); });
  };
  EXPECT_PRED2(contains, searched({Similarity::l2, 0}), "at least one shard; got 0");
  EXPECT_PRED2(contains, searched({Similarity::l2, 1, {0, 1, 2}}), "expected k in 1 ... 2; got 3");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                 nearest_neighbours(x, x, 2, {Similarity::l2, 1, {0, 1}});
               }),
               "for each of 3 queries; got 2");
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

TEST(Votes, ByDistanceWeighItsInverse) {
  const Neighbours neighbours{at::tensor({0.F, -0.5F, -2.F}).view({1, 3}),
                              at::tensor({1, 0, 2}, at::kLong).view({1, 3})};
  const at::Tensor scores = vote_by_distance(neighbours, at::tensor({1, 0, 1}, at::kLong), 2, 3);
  EXPECT_NEAR(scores[0][0].item<double>(), 1e5, 1e-6);
  EXPECT_NEAR(scores[0][1].item<double>(), 1 / 0.50001 + 1 / 2.00001, 1e-9);
}

// tests/golden/neighbours.py
TEST(Votes, AreThoseOfScikitLearn) {
  const GoldenTensors golden(std::filesystem::path(REPBENCH_SOURCE_DIR) /
                             "tests/golden/neighbours.safetensors");
  const at::Tensor bank = golden.at("bank"), labels = golden.at("labels"), queries = golden.at("queries");
  for (const int64_t k : {1, 5, 20, 120}) {
    const auto expect_votes = [&](const std::string& metric, const at::Tensor& votes) {
      const at::Tensor expected = golden.at(fmt::format("{}.{}", metric, k));
      EXPECT_LT((votes / votes.sum(1, true) - expected).abs().max().item<double>(), 1e-5)
          << metric << " " << k;
      EXPECT_TRUE(at::equal(votes.argmax(1), expected.argmax(1))) << metric << " " << k;
    };
    const auto unit = [](const at::Tensor& rows) { return rows / rows.norm(2, {1}, true); };
    expect_votes("cosine", vote(nearest_neighbours(unit(queries), unit(bank), k), labels, 4, k, 0.07));
    expect_votes("l2",
                 vote_by_distance(nearest_neighbours(queries, bank, k, {Similarity::l2}), labels, 4, k));
  }
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
