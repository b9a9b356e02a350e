#include "files/nearest.h"

#include <gtest/gtest.h>

namespace repbench {
namespace {

const std::vector<std::string> names = {"mask_ratio", "decoder_depth", "width", "lr"};

TEST(Nearest, FindsAMisspeltName) {
  EXPECT_EQ(nearest_name("mask_ration", names), "mask_ratio");
  EXPECT_EQ(nearest_name("widht", names), "width");
  EXPECT_EQ(nearest_name("decoder_deph", names), "decoder_depth");
}

TEST(Nearest, SaysNothingWhenNothingIsCloserThanHalfTheWord) {
  EXPECT_EQ(nearest_name("temperature", names), "");
  EXPECT_EQ(nearest_name("wxyz", {{"wxab"}}), "");  // 2 of 4
  EXPECT_EQ(nearest_name("wxyzq", {{"wxabq"}}), "wxabq");
  EXPECT_EQ(nearest_name("", names), "");
  EXPECT_EQ(nearest_name("width", {}), "");
}

TEST(Nearest, TakesTheFirstOfEquals) { EXPECT_EQ(nearest_name("cat", {{"bat", "rat"}}), "bat"); }

}  // namespace
}  // namespace repbench
