#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pretrain/objectives/mae.h"

// Published sizes and costs (facts: MAE's appendix; FLOPs at 2 a multiply-accumulate, 224 pixels). Counts
// grow linearly with depth, so that the large models need not be built: one and two blocks are enough.

namespace repbench {
namespace {

struct Numbers {
  int64_t encoder = 0, whole = 0;           // parameters
  double encoder_flops = 0, mae_flops = 0;  // of one picture, forward; the MAE at its mask ratio
  int64_t depth_factor = 1;
};

VitOptions named_size(const std::string& name) {
  VitOptions options;
  options.name = name;
  options.resolve();
  return options;
}

MaeOptions decoder_of(int64_t depth, double mask_ratio) {
  MaeOptions options;
  options.decoder_depth = depth;
  options.mask_ratio = mask_ratio;
  return options;
}

Numbers measure(const VitOptions& vit, const MaeOptions& decoder) {
  const InputSpec input{3, 224, "eval:256:224", {0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}};
  Mae mae(std::make_unique<Vit>(vit, input), decoder);
  const Encoder& encoder = mae.encoder();
  Numbers numbers;
  numbers.encoder = count_elements(encoder.parameters());
  numbers.whole = numbers.encoder + count_elements(mae.own_tensors());
  numbers.encoder_flops =
      2e-9 * static_cast<double>(encoder.macs(0, static_cast<int64_t>(encoder.stages().size())));
  numbers.mae_flops = 2e-9 * static_cast<double>(mae.forward_macs());
  return numbers;
}

/// Of a named size, from one and two of its blocks.
Numbers extrapolate(const std::string& name, const MaeOptions& decoder) {
  VitOptions vit = named_size(name);
  const int64_t more = vit.depth - 1;
  vit.name = "custom";
  vit.depth = 1;
  const Numbers one = measure(vit, decoder);
  vit.depth = 2;
  const Numbers two = measure(vit, decoder);
  const auto line = [more](auto first, auto second) {
    return first + static_cast<decltype(first)>(more) * (second - first);
  };
  return {line(one.encoder, two.encoder), line(one.whole, two.whole),
          line(one.encoder_flops, two.encoder_flops), line(one.mae_flops, two.mae_flops)};
}

TEST(NamedSizes, AreThoseOfTheMaePaper) {
  const VitOptions large = named_size("vit_large"), huge = named_size("vit_huge");
  EXPECT_EQ((std::vector{large.width, large.depth, large.heads, large.patch_size}),
            (std::vector<int64_t>{1024, 24, 16, 16}));
  EXPECT_EQ((std::vector{huge.width, huge.depth, huge.heads, huge.patch_size}),
            (std::vector<int64_t>{1280, 32, 16, 14}));
}

TEST(NamedSizes, HaveThePublishedNumberOfParameters) {
  const Numbers base = measure(named_size("vit_base"), decoder_of(8, 0.75));
  EXPECT_EQ(base.encoder, 85'798'656);
  EXPECT_EQ(base.whole, 111'907'840);
  const Numbers large = extrapolate("vit_large", decoder_of(8, 0.75));
  EXPECT_EQ(large.encoder, 303'301'632);
  EXPECT_EQ(large.whole, 329'541'888);
  const Numbers huge = extrapolate("vit_huge", decoder_of(8, 0.75));
  EXPECT_EQ(huge.encoder, 630'764'800);
  EXPECT_EQ(huge.whole, 657'074'508);
}

TEST(NamedSizes, CostWhatTheFormulasSay) {
  struct Row {
    const char* name;
    double encoder, mae_one_block, mae_eight_blocks;  // GFLOP
    double tolerance;
  };
  constexpr Row kRows[] = {{"vit_tiny", 2.51, 2.10, 11.33, 0.006},
                           {"vit_small", 9.20, 3.78, 13.01, 0.006},
                           {"vit_base", 35.13, 10.33, 19.56, 0.006},
                           {"vit_large", 123.1, 32.28, 41.51, 0.06},
                           {"vit_huge", 334.6, 84.86, 97.12, 0.06}};
  for (const Row& row : kRows) {
    const Numbers shallow = extrapolate(row.name, decoder_of(1, 0.75));
    EXPECT_NEAR(shallow.encoder_flops, row.encoder, row.tolerance) << row.name;
    EXPECT_NEAR(shallow.mae_flops, row.mae_one_block, 0.006) << row.name;
    EXPECT_NEAR(extrapolate(row.name, decoder_of(8, 0.75)).mae_flops, row.mae_eight_blocks, 0.006)
        << row.name;
  }
}

TEST(NamedSizes, CostLessWithFewerTokensAlive) {
  VitOptions options = named_size("vit_base");
  options.name = "custom";
  options.depth = 1;
  const Vit vit(options, {});
  const int64_t stem = 196 * 768 * 768;
  EXPECT_EQ(vit.macs(0, 1, 50), stem);
  EXPECT_EQ(vit.macs(0, 5, 50), stem + 12 * 50 * 768 * 768 + 2 * 50 * 50 * 768);
  EXPECT_EQ(vit.macs(3, 4, 50), 8 * 50 * 768 * 768);
}

}  // namespace
}  // namespace repbench
