#include "protocols/trained_head.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "files/safetensors.h"
#include "pretrain/tensors.h"
#include "protocols/protocol.h"
#include "tests/files/scratch_folder.h"
#include "tests/protocols/toy_subject.h"

namespace repbench {
namespace {

TrainedHead head_of(const Subject& subject) {
  return {subject.sha256,
          "mean",
          "small_eval:8",
          "l2",
          "softmax",
          {"cat", "dog"},
          at::tensor({1.0, 0.0, 0.0, 2.0}).to(at::kDouble).view({2, 2}),
          at::tensor({0.5, -0.5}).to(at::kDouble)};
}

class TrainedHeads : public ::testing::Test {
 protected:
  Subject subject_{.label = "toy", .encoder = nullptr, .sha256 = std::string(64, 'a'), .checkpoint = {}};
  ScratchFolder folder_;
  std::filesystem::path file_ = folder_.path() / "head.safetensors";
};

TEST_F(TrainedHeads, ComeBackAsTheyWereWritten) {
  const TrainedHead head = head_of(subject_);
  write_head(file_, head);
  const TrainedHead back = read_head(file_);
  EXPECT_EQ(back.encoder_sha256, head.encoder_sha256);
  EXPECT_EQ(back.tap, "mean");
  EXPECT_EQ(back.feature_norm, "l2");
  EXPECT_EQ(back.trained_as, "softmax");
  EXPECT_EQ(back.class_names, head.class_names);
  EXPECT_TRUE(back.weight.equal(head.weight) && back.bias.equal(head.bias));
  EXPECT_NO_THROW(check_belongs(back, file_, subject_, "small_eval:8", {"cat", "dog"}));
}

TEST_F(TrainedHeads, ScoreRowsOfLengthOneWhereTheyWereTrainedOnSuch) {
  const at::Tensor scores = head_scores(head_of(subject_), at::tensor({3.0f, 4.0f}).view({1, 2}));
  EXPECT_NEAR(scores[0][0].item<double>(), 0.6 + 0.5, 1e-12);
  EXPECT_NEAR(scores[0][1].item<double>(), 1.6 - 0.5, 1e-12);
}

TEST_F(TrainedHeads, AreRefusedForOtherWeightsViewsAndClasses) {
  const TrainedHead head = head_of(subject_);
  Subject other = subject_;
  other.sha256 = std::string(64, 'b');
  EXPECT_THROW(check_belongs(head, file_, other, "small_eval:8", {"cat", "dog"}), std::invalid_argument);
  EXPECT_THROW(check_belongs(head, file_, subject_, "small_eval:9", {"cat", "dog"}), std::invalid_argument);
  EXPECT_THROW(check_belongs(head, file_, subject_, "small_eval:8", {"dog", "cat"}), std::invalid_argument);
  EXPECT_THROW(check_belongs(head, file_, subject_, "small_eval:8", {"cat"}), std::invalid_argument);
  EXPECT_THROW(head_scores(head, at::zeros({2, 3})), std::invalid_argument);
  other.sha256.clear();
  EXPECT_THROW(check_belongs(head, file_, other, "small_eval:8", {"cat", "dog"}), std::invalid_argument);
}

TEST_F(TrainedHeads, AreRefusedWhereTheFileIsAnotherOrBroken) {
  const at::Tensor some = at::zeros({2, 2}, at::kDouble), bias = at::zeros({2}, at::kDouble);
  write_safetensors(file_, {{"weight", view_of(some)}}, {});
  EXPECT_THROW(read_head(file_), std::invalid_argument);
  TrainedHead head = head_of(subject_);
  head.trained_as = "magic";
  write_head(file_, head);
  EXPECT_THROW(read_head(file_), std::invalid_argument);
  head = head_of(subject_);
  head.weight = at::zeros({3, 2}, at::kDouble);
  write_head(file_, head);
  EXPECT_THROW(read_head(file_), std::invalid_argument);
  head = head_of(subject_);
  head.bias = at::full({2}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
  write_head(file_, head);
  EXPECT_THROW(read_head(file_), std::invalid_argument);
  EXPECT_THROW(read_head(folder_.path() / "none"), std::runtime_error);
}

}  // namespace
}  // namespace repbench
