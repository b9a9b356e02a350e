#include "files/tensor_file.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "files/atomic.h"
#include "files/safetensors.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/files/tensor_files.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

/// Every tensor of `expected` is in the group of the file, with the same bits.
void expect_tensors(const TensorFile& file, const std::string& group, const SafetensorsFile& expected) {
  const TensorGroup* found = group_named(file, group);
  ASSERT_NE(found, nullptr) << file.path() << " has no group '" << group << "'";
  for (const auto& [name, view] : expected.tensors()) {
    ASSERT_TRUE(found->tensors.contains(name)) << name;
    EXPECT_TRUE(equal(found->tensors.at(name), view)) << name;
  }
}

class GoldenWeights : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!shared_golden_folder()) GTEST_SKIP() << "REPBENCH_GOLDEN names no folder";
    folder_ = *shared_golden_folder();
  }
  fs::path folder_;
};

TEST_F(GoldenWeights, ThreeFormatsOfOneClipModelHoldTheSameTensors) {
  const SafetensorsFile expected(folder_ / "clip_tiny.safetensors");
  const TensorFile plain(folder_ / "clip_tiny.safetensors"), torch(folder_ / "clip_tiny.pt"),
      script(folder_ / "clip_tiny.torchscript.pt");
  EXPECT_EQ(plain.format(), "safetensors");
  EXPECT_EQ(torch.format(), "torch");
  EXPECT_EQ(script.format(), "torchscript");
  for (const TensorFile* file : {&plain, &torch, &script}) {
    ASSERT_EQ(file->groups().size(), 1U);
    expect_tensors(*file, "", expected);
  }
  EXPECT_EQ(torch.groups()[0].tensors.size(), expected.tensors().size());
  // The causal mask is a buffer that a state_dict leaves out.
  EXPECT_EQ(script.groups()[0].tensors.size(), expected.tensors().size() + 1);
  EXPECT_TRUE(script.groups()[0].tensors.contains("attn_mask"));
  EXPECT_EQ(script.notes()["training"], false);
}

TEST_F(GoldenWeights, AMaeCheckpointHasItsModelAndItsArguments) {
  const TensorFile file(folder_ / "mae_tiny.pth");
  const SafetensorsFile expected(folder_ / "mae_tiny.safetensors");
  ASSERT_EQ(file.groups().size(), 1U);
  expect_tensors(file, "model", expected);
  EXPECT_EQ(file.groups()[0].tensors.size(), expected.tensors().size());
  EXPECT_EQ(file.notes()["epoch"], 7);
  EXPECT_EQ(file.notes()["args"]["mask_ratio"], 0.75);
  EXPECT_EQ(file.notes()["args"]["model"], "mae_vit_tiny_patch8");
}

TEST_F(GoldenWeights, AFileFromBeforeTheZipFormatIsRead) {
  const TensorFile file(folder_ / "clip_tiny.ddp_partial_legacy.pt");
  const SafetensorsFile expected(folder_ / "clip_tiny.safetensors");
  EXPECT_EQ(file.format(), "torch_legacy");
  const TensorGroup* group = group_named(file, "state_dict");
  ASSERT_NE(group, nullptr);
  EXPECT_LT(group->tensors.size(), expected.tensors().size());
  for (const auto& [name, view] : group->tensors) {
    ASSERT_TRUE(name.starts_with("module.")) << name;
    EXPECT_TRUE(equal(view, expected.at(name.substr(7)))) << name;
  }
}

TEST_F(GoldenWeights, AHalfPrecisionArchiveKeepsItsDtypes) {
  const TensorFile file(folder_ / "clip_fp16.torchscript.pt");
  const auto& tensors = file.groups().at(0).tensors;
  EXPECT_EQ(tensors.at("visual.conv1.weight").dtype, DType::f16);
  EXPECT_EQ(tensors.at("text_projection").dtype, DType::f16);
  EXPECT_EQ(tensors.at("ln_final.weight").dtype, DType::f32);
}

TEST(TensorFiles, HoldWhatTorchAndNumpyWrote) {
  const SafetensorsFile expected(kTorchFiles.parent_path() / "torch_files.safetensors");
  for (const auto& [place, view] : expected.tensors()) {
    const size_t first = place.find('|'), second = place.find('|', first + 1);
    const TensorFile file(kTorchFiles / place.substr(0, first));
    const TensorGroup* group = group_named(file, place.substr(first + 1, second - first - 1));
    ASSERT_NE(group, nullptr) << place;
    const auto found = group->tensors.find(place.substr(second + 1));
    ASSERT_NE(found, group->tensors.end()) << place;
    EXPECT_TRUE(equal(found->second, view)) << place;
  }
  EXPECT_EQ(TensorFile(kTorchFiles / "tensors.pt").groups()[0].tensors.size(), 22U);
  EXPECT_EQ(TensorFile(kTorchFiles / "arrays.npz").groups()[0].tensors.size(), 8U);
}

TEST(TensorFiles, KeepTheNotesBesideTheTensors) {
  for (const char* name : {"checkpoint.pt", "checkpoint_legacy.pt"}) {
    const TensorFile file(kTorchFiles / name);
    const Json& notes = file.notes();
    EXPECT_EQ(notes["args"], Json::parse(R"({"folder":"/data/images","large":1099511627776,
        "larger":18446744073709551615,"largest":"-0x400000000000000000","limit":"Infinity","lr":"NaN",
        "name":"tiny","sizes":[1,2]})"))
        << name;
    EXPECT_EQ(notes["numpy"], Json::parse(R"({"accuracy":0.5,"count":7,"flag":true,"half":1.5,"text":"é"})"));
    EXPECT_EQ(notes["size"], Json::parse("[2,3]"));
    EXPECT_EQ(notes["dtype"], "torch.float16");
    EXPECT_EQ(notes["device"], "cpu");
    EXPECT_TRUE(notes["nothing"].is_null());
    EXPECT_EQ(notes["optimizer"]["param_groups"][0]["betas"], Json::parse("[0.9,0.999]"));
    EXPECT_FALSE(notes.contains("model")) << "nothing but tensors";
  }
  const TensorFile file(kTorchFiles / "checkpoint.pt");
  EXPECT_EQ(file.notes()["counter"], Json::parse(R"({"__class__":"collections.Counter"})"));
  EXPECT_EQ(file.notes()["complex"], Json::parse(R"({"__class__":"torch.Tensor"})"));
}

TEST(TensorFiles, ListGroupsInTheOrderOfTheFile) {
  std::vector<std::string> paths;
  const TensorFile file(kTorchFiles / "checkpoint.pt");
  for (const TensorGroup& group : file.groups()) paths.push_back(group.path);
  EXPECT_EQ(paths,
            (std::vector<std::string>{"model", "optimizer.state.0", "optimizer.state.1", "numpy", "pair"}));
}

TEST(TensorFiles, KeepArraysOfTextsAsNotes) {
  EXPECT_EQ(TensorFile(kTorchFiles / "arrays.npz").notes(),
            Json::parse(R"({"names":["cat","Häuschen",""],"bytes":["a","bc"]})"));
  EXPECT_EQ(TensorFile(kTorchFiles / "names.npy").notes(), Json::parse(R"({"array":["a","b","c","d"]})"));
}

TEST(TensorFiles, SayWhatTheyCannotHold) {
  const auto verdict = [](const char* name) {
    return error_message<std::runtime_error>([&] { TensorFile(kTorchFiles / name); });
  };
  EXPECT_PRED2(contains, verdict("big_endian.npy"), "array: expected little-endian numbers");
  EXPECT_PRED2(contains, verdict("structure.npy"), "dtype 'a structure'");
  EXPECT_PRED2(contains, verdict("objects.npz"),
               "array 'thing': expected numbers or texts; got Python objects");
  EXPECT_PRED2(contains, verdict("expanded.pt"), "tensor 'expanded': expected no more elements than the 3");
}

TEST(TensorFiles, SayWhatElseAFileSeemsToBe) {
  const std::string formats =
      "expected a file of tensors (safetensors, torch.save, TorchScript, npz, npy); got ";
  EXPECT_PRED2(contains, verdict_on(""), formats + "an empty file");
  EXPECT_PRED2(contains, verdict_on("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
               "a Git LFS pointer, not the file itself");
  EXPECT_PRED2(contains, verdict_on("\n<!DOCTYPE html><html>"), "a web page");
  EXPECT_PRED2(contains, verdict_on(std::string(257, 'x') + "ustar"),
               "a tar archive (of torch before 0.1.10");
  EXPECT_PRED2(contains, verdict_on("\x80\x03}."), "a Python pickle without torch's magic number");
  EXPECT_PRED2(contains, verdict_on("\x89HDF\r\n"), "an HDF5 file");
  EXPECT_PRED2(contains, verdict_on("\x1f\x8b\x08"), "a gzip file");
  EXPECT_PRED2(contains, verdict_on("something\n"), "10 bytes that begin with 73 6f 6d 65");
  const ScratchFolder folder;
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { TensorFile(folder.path()); }),
               "got a folder");
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { TensorFile(folder / "none"); }),
               "[weights] " + (folder / "none").string() + ": expected a readable file");
}

TEST(TensorFiles, AreReadAgainAfterTheirPagesWereReleased) {
  const TensorFile file(kTorchFiles / "tensors.pt"), other(kTorchFiles / "tensors.pt");
  for (const auto& [name, view] : file.groups()[0].tensors) file.release(view);
  EXPECT_TRUE(equal(file, other));
}

class Shards : public ::testing::Test {
 protected:
  void SetUp() override {
    write_safetensors(folder_ / "a.safetensors", {{"one", view(first_)}});
    write_safetensors(folder_ / "b.safetensors", {{"three", view(first_)}, {"two", view(second_)}});
  }

  static TensorView view(const std::vector<uint8_t>& values) {
    return {DType::u8, {static_cast<int64_t>(values.size())}, std::as_bytes(std::span(values))};
  }

  std::string verdict(const std::string& weight_map) {
    write_file_atomically(index_, R"({"metadata":{"total_size":9},"weight_map":{)" + weight_map + "}}");
    try {
      TensorFile file(index_);
      return "";
    } catch (const std::runtime_error& error) {
      EXPECT_TRUE(is_one_line(error.what()));
      return error.what();
    }
  }

  const std::vector<uint8_t> first_{1, 2}, second_{3};
  const ScratchFolder folder_;
  const fs::path index_ = folder_ / "model.safetensors.index.json";
  const std::string all_ = R"("one":"a.safetensors","two":"b.safetensors","three":"b.safetensors")";
};

TEST_F(Shards, AreOneGroup) {
  ASSERT_EQ(verdict(all_), "");
  const TensorFile file(index_);
  EXPECT_EQ(file.format(), "safetensors");
  ASSERT_EQ(file.groups().size(), 1U);
  EXPECT_EQ(file.groups()[0].tensors.size(), 3U);
  EXPECT_TRUE(equal(file.groups()[0].tensors.at("two"), view(second_)));
  EXPECT_EQ(file.notes(), Json::parse(R"({"total_size":9})"));
  file.release(file.groups()[0].tensors.at("two"));
}

TEST_F(Shards, MustHoldWhatTheIndexSays) {
  EXPECT_PRED2(contains, verdict(R"("one":"c.safetensors")"),
               "expected the shard 'c.safetensors' beside it; got no such");
  EXPECT_PRED2(contains, verdict(R"("one":"a.safetensors","four":"a.safetensors")"),
               "expected tensor 'four' in shard");
  EXPECT_PRED2(contains, verdict(R"("one":"a.safetensors","two":"b.safetensors")"),
               "only tensors that the index lists; got 'three'");
  for (const char* shard : {"../a.safetensors", "/a.safetensors", "", "..", "x\\\\a", "a\\nb"}) {
    EXPECT_PRED2(contains, verdict(R"("one":")" + std::string(shard) + "\""),
                 "a shard that lies beside the index");
  }
  EXPECT_PRED2(contains, verdict(R"("one":1)"), "the name of a shard; got 1");
  write_file_atomically(index_, R"({"a": 1})");
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { TensorFile file(index_); }),
               "with a weight_map");
  EXPECT_PRED2(contains, verdict_on("{\"weight_map\":{}}"), "got JSON");
}

}  // namespace
}  // namespace repbench
