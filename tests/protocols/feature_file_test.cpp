#include "protocols/feature_file.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "files/atomic.h"
#include "pretrain/tensors.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

using Notes = std::map<std::string, std::string>;

/// Six rows of three numbers and two classes; what a test changes in it is written and read.
class FeatureFiles : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name) const {
    NamedTensors named;
    for (const auto& [key, tensor] : tensors_) named.push_back({key, tensor});
    save_tensors(folder_ / name, named, notes_);
    return folder_ / name;
  }
  FeatureFile read() const { return read_feature_file(write("some.safetensors")); }
  void expect_refused(const std::vector<std::string>& parts) const {
    const std::string message = error_message<std::invalid_argument>([&] { read(); });
    EXPECT_TRUE(message.starts_with("[features] ")) << message;
    EXPECT_PRED2(contains, message, "some.safetensors");
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    for (const std::string& part : parts) EXPECT_PRED2(contains, message, part);
  }
  static at::Tensor counted(int64_t rows, int64_t width) {
    return at::arange(rows * width, at::kFloat).view({rows, width});
  }
  static at::Tensor integers(const std::vector<int64_t>& values) { return at::tensor(values, at::kLong); }

  ScratchFolder folder_;
  std::map<std::string, at::Tensor> tensors_ = {{"features", counted(6, 3)},
                                                {"labels", integers({0, 1, 0, 1, 0, 1})}};
  Notes notes_;
};

TEST_F(FeatureFiles, AMatrixAndLabelsAreEnough) {
  const FeatureFile file = read();
  EXPECT_TRUE(at::equal(file.features, counted(6, 3)));
  EXPECT_EQ(file.labels, (std::vector<int64_t>{0, 1, 0, 1, 0, 1}));
  EXPECT_EQ(file.ids, (std::vector<std::string>{"0", "1", "2", "3", "4", "5"}));
  EXPECT_EQ(file.class_names, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(file.name, "some");
  EXPECT_EQ(file.dataset, "some");
  EXPECT_EQ(file.rows_of_split("train").size(), 6U);
  EXPECT_EQ(file.rows_of_split("test").size(), 6U);
  EXPECT_FALSE(file.text_features.defined());
  EXPECT_TRUE(file.warnings.empty());
}

TEST_F(FeatureFiles, TellAllThatTheyKnow) {
  notes_ = {{"ids", R"(["a","b","c","d","e","f"])"},
            {"split", R"(["train","train","train","train","test","test"])"},
            {"class_names", R"(["cat","dog"])"},
            {"dataset", "pets"},
            {"weights", "123"},
            {"view", "eval:8"}};
  tensors_["text_features"] = counted(2, 3);
  const FeatureFile file = read();
  EXPECT_EQ(file.ids[5], "f");
  EXPECT_EQ(file.rows_of_split("test"), (std::vector<int64_t>{4, 5}));
  EXPECT_EQ(file.class_names[1], "dog");
  EXPECT_EQ(file.dataset, "pets");
  EXPECT_EQ(file.made_by, Json({{"weights", "123"}, {"view", "eval:8"}}));
  EXPECT_TRUE(file.has_class_texts());
}

TEST_F(FeatureFiles, TypesOfNumbersChangeNothing) {
  const FeatureFile plain = read();
  tensors_["features"] = counted(6, 3).to(at::kDouble);
  tensors_["labels"] = tensors_["labels"].to(at::kByte);
  tensors_["ids"] = integers({0, 1, 2, 3, 4, 5});
  EXPECT_EQ(read().sha256, plain.sha256);
  EXPECT_EQ(read().ids, plain.ids);
  tensors_["features"] = counted(6, 3).to(at::kBFloat16);
  EXPECT_EQ(read().sha256, plain.sha256);
  tensors_["features"] = counted(6, 3).to(at::kHalf) + 1;
  EXPECT_NE(read().sha256, plain.sha256);
}

TEST_F(FeatureFiles, MayNumberTheirSplitAndLeaveLabelsOut) {
  tensors_["split"] = integers({1, 0, 1, 0, 0, 0});
  EXPECT_EQ(read().rows_of_split("test"), (std::vector<int64_t>{0, 2}));
  tensors_["labels"] = integers({0, -1, 3, -7, 0, 1});
  const FeatureFile file = read();
  EXPECT_EQ(file.labels, (std::vector<int64_t>{0, -1, 3, -1, 0, 1}));
  ASSERT_EQ(file.warnings.size(), 1U);
  EXPECT_PRED2(contains, file.warnings[0], "1 of 4 classes have no row, first class 2");
  tensors_.erase("labels");
  EXPECT_EQ(read().labels, std::vector<int64_t>(6, -1));
  EXPECT_TRUE(read().class_names.empty());
}

TEST_F(FeatureFiles, TextsAreOfClassesOrOfRows) {
  tensors_["text_features"] = counted(4, 3);
  EXPECT_EQ(read().class_names.size(), 4U) << "a text a class, two of which have no row";
  EXPECT_TRUE(read().has_class_texts());
  tensors_["text_features"] = counted(6, 3);
  EXPECT_EQ(read().text_owner, (std::vector<int64_t>{0, 1, 2, 3, 4, 5}));
  tensors_["text_features"] = counted(2, 3);
  tensors_["text_owner"] = integers({5, 0});
  EXPECT_EQ(read().text_owner, (std::vector<int64_t>{5, 0}));
  EXPECT_FALSE(read().has_class_texts());
}

TEST_F(FeatureFiles, RefuseFeaturesThatAreNone) {
  tensors_["featuers"] = tensors_["features"];
  tensors_.erase("features");
  expect_refused({"expected a tensor 'features'; got featuers, labels", "did you mean 'featuers'?"});
  tensors_["features"] = counted(6, 3).view({6, 3, 1});
  expect_refused({"'features': expected [rows, width]; got [6, 3, 1]"});
  tensors_["features"] = at::empty({0, 3});
  expect_refused({"got [0, 3]"});
  tensors_["features"] = counted(6, 3).to(at::kLong);
  expect_refused({"'features': expected floating-point numbers; got I64"});
}

TEST_F(FeatureFiles, RefuseNumbersThatAreNotFiniteAndNameTheFirstRow) {
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity(), 1e300}) {
    tensors_["features"] = counted(6, 3).to(at::kDouble);
    tensors_["features"][4][2] = bad;
    tensors_["features"][5][0] = bad;
    expect_refused({"'features': expected finite numbers (of float32); got NaN or infinity in row 4"});
  }
}

TEST_F(FeatureFiles, RefuseLabelsThatDoNotFit) {
  tensors_["labels"] = integers({0, 1, 2});
  expect_refused({"'labels': expected one for each of the 6 rows; got 3"});
  tensors_["labels"] = at::zeros({6});
  expect_refused({"'labels': expected a list of integers; got F32 [6]"});
  tensors_["labels"] = at::zeros({6, 1}, at::kLong);
  expect_refused({"'labels': expected a list of integers; got I64 [6, 1]"});
  tensors_["labels"] = integers({0, 1, 2, 5'000'000'000, 0, 1});
  expect_refused({"'labels': expected classes below 100000; got 5000000000 in row 3"});
  tensors_["labels"] = integers({0, 1, 2, 0, 1, 2});
  notes_["class_names"] = R"(["cat","dog"])";
  expect_refused({"expected a class name for each of the labels 0 to 2; got 2 in 'class_names'"});
}

TEST_F(FeatureFiles, RefuseIdsThatDoNotFit) {
  notes_["ids"] = R"(["a","b","c","a","b","c"])";
  expect_refused({"'ids': expected each id once; got 'a' in rows 0 and 3"});
  notes_["ids"] = R"(["a","b"])";
  expect_refused({"'ids': expected one for each of the 6 rows; got 2"});
  notes_["ids"] = R"(["a",2,"c","d","e","f"])";
  expect_refused({"expected a string at ids[1]; got 2"});
  notes_["ids"] = "a, b, c";
  expect_refused({"'ids': expected a list of texts; got \"a, b, c\""});
}

TEST_F(FeatureFiles, RefuseASplitThatDoesNotFit) {
  notes_["split"] = R"(["train","train","tests","train","test","test"])";
  expect_refused(
      {"'split': expected 'train' or 'test' (or 0 or 1); got 'tests' in row 2 (did you mean 'test'?)"});
  notes_["split"] = R"(["train","test"])";
  expect_refused({"'split': expected one for each of the 6 rows; got 2"});
  notes_["split"] = R"(["test","test","test","test","test","test"])";
  expect_refused({"'split': expected rows of train and of test; got one of them alone"});
  notes_.clear();
  tensors_["split"] = integers({0, 1, 2, 0, 1, 0});
  expect_refused({"got '2' in row 2"});
}

TEST_F(FeatureFiles, RefuseTextsThatDoNotFit) {
  tensors_["text_owner"] = integers({0});
  expect_refused({"'text_owner': expected 'text_features' beside it; got none"});
  tensors_["text_features"] = counted(2, 4);
  expect_refused({"'text_features': expected [texts, 3], as wide as 'features'; got [2, 4]"});
  tensors_["text_features"] = counted(2, 3);
  expect_refused({"'text_owner': expected an integer for each of the 2 texts; got 1"});
  tensors_["text_owner"] = integers({5, 6});
  expect_refused({"'text_owner': expected rows 0 to 5; got 6 of text 1"});
  tensors_["text_owner"] = integers({-1, 0});
  expect_refused({"got -1 of text 0"});
}

TEST_F(FeatureFiles, AFolderOfTwoFilesIsASplit) {
  notes_ = {{"class_names", R"(["cat","dog"])"}, {"dataset", "pets"}};
  write("train.safetensors");
  tensors_ = {{"features", counted(2, 3) + 100},
              {"labels", integers({1, 0})},
              {"text_features", counted(3, 3)},
              {"text_owner", integers({1, 1, 0})}};
  write("test.safetensors");
  ASSERT_TRUE(is_feature_file(folder_.path()));
  const FeatureFile file = read_feature_file(folder_.path());
  EXPECT_EQ(file.rows_of_split("train").size(), 6U);
  EXPECT_EQ(file.rows_of_split("test"), (std::vector<int64_t>{6, 7}));
  EXPECT_EQ(file.features[6][0].item<float>(), 100);
  EXPECT_EQ(file.labels[6], 1);
  EXPECT_EQ(file.ids[6], "0");
  EXPECT_EQ(file.text_owner, (std::vector<int64_t>{7, 7, 6}));
  EXPECT_EQ(file.dataset, "pets");
  EXPECT_EQ(file.name, folder_.path().filename().string());
}

TEST_F(FeatureFiles, AFolderWhoseFilesDoNotFitIsRefused) {
  const auto error = [&] {
    return error_message<std::invalid_argument>([&] { read_feature_file(folder_.path()); });
  };
  EXPECT_PRED2(contains, error(), "expected a train and a test file of features, or features.npy; got none");
  write("train.safetensors");
  EXPECT_PRED2(contains, error(), "got train.safetensors alone");
  notes_ = {{"weights", "other"}};
  write("test.safetensors");
  EXPECT_PRED2(contains, error(), R"(of the same weights and view; got {} and {"weights":"other"})");
  notes_.clear();
  tensors_["features"] = counted(6, 4);
  write("test.safetensors");
  EXPECT_PRED2(contains, error(), "expected test features as wide as train's 3; got 4");
  write("test.npz");
  EXPECT_PRED2(contains, error(), "expected one test file; got test.safetensors and test.npz");
}

// Which format a file has, its first bytes say: a tensor named "array" is what a .npy file holds.
TEST_F(FeatureFiles, AFolderOfPlainArraysIsOneFile) {
  save_tensors(folder_ / "features.npy", {{"array", counted(6, 3)}});
  save_tensors(folder_ / "labels.npy", {{"array", integers({0, 1, 2, 0, 1, 2})}});
  save_tensors(folder_ / "split.npy", {{"array", integers({0, 0, 0, 1, 1, 1})}});
  ASSERT_TRUE(is_feature_file(folder_.path()));
  const FeatureFile file = read_feature_file(folder_.path());
  EXPECT_EQ(file.class_names.size(), 3U);
  EXPECT_EQ(file.rows_of_split("test"), (std::vector<int64_t>{3, 4, 5}));
  EXPECT_PRED2(contains,
               error_message<std::invalid_argument>([&] { read_feature_file(folder_ / "features.npy"); }),
               "expected a folder with features.npy and labels.npy; got a single array");
}

TEST_F(FeatureFiles, AreToldFromWeights) {
  EXPECT_TRUE(is_feature_file(write("a.safetensors")));
  tensors_ = {{"cls", counted(6, 3)}, {"labels", integers({0, 1, 0, 1, 0, 1})}};
  EXPECT_TRUE(is_feature_file(write("a.safetensors"))) << "features under another name: told what is missing";
  tensors_ = {{"features.0.weight", counted(6, 3)}};
  EXPECT_FALSE(is_feature_file(write("a.safetensors")));
  write_file_atomically(folder_ / "a.safetensors", "nothing");
  EXPECT_FALSE(is_feature_file(folder_ / "a.safetensors"));
  EXPECT_FALSE(is_feature_file(folder_ / "absent"));
  EXPECT_FALSE(is_feature_file(folder_.path()));
}

}  // namespace
}  // namespace repbench
