#include "pretrain/weights/import.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "datasets/images/views.h"
#include "files/atomic.h"
#include "files/hash.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/pretrain/golden_tensors.h"
#include "tests/pretrain/tiny_clip.h"
#include "tests/pretrain/tiny_vit_variants.h"

namespace repbench {
namespace {

/// A tiny ViT's tensors under timm's names, to be changed by a test.
struct TinyFile {
  ScratchFolder folder;
  std::map<std::string, at::Tensor> tensors;
  std::map<std::string, std::string> metadata;

  explicit TinyFile(const VitOptions& options = tiny_vit_variants().at("vit_learned")) {
    Vit vit(options, tiny_input());
    vit.initialise(1);
    for (const auto& [name, tensor] : vit.parameters()) tensors[name] = tensor;
  }

  std::filesystem::path write(const std::string& name = "vit.safetensors") const {
    NamedTensors list;
    for (const auto& [key, tensor] : tensors) list.push_back({key, tensor});
    save_tensors(folder / name, list, metadata);
    return folder / name;
  }

  LoadedEncoder open(WeightsOptions options = {}) const {
    options.assume.emplace_back("heads=2");
    return open_encoder(write(), options);
  }

  std::string refusal(const WeightsOptions& options = {}) const {
    return error_message<std::invalid_argument>([&] { open(options); });
  }
};

bool warns_of(const LoadedEncoder& loaded, const std::string& part) {
  return std::any_of(loaded.warnings.begin(), loaded.warnings.end(),
                     [&](const std::string& warning) { return contains(warning, part); });
}

TEST(OpenEncoder, FindsTheArchitectureOfEveryVariantInItsShapes) {
  for (const auto& [name, options] : tiny_vit_variants()) {
    SCOPED_TRACE(name);
    const TinyFile file(options);
    const LoadedEncoder loaded =
        file.open({.assume = {"norm_eps=1e-6", "variant.activation=" + options.variant.activation}});
    ASSERT_EQ(loaded.encoder->parameters().size(), file.tensors.size());
    for (const auto& [key, tensor] : loaded.encoder->parameters())
      EXPECT_TRUE(at::equal(tensor, file.tensors.at(key))) << key;
    EXPECT_EQ(loaded.encoder->prefix_tokens(), options.variant.prefix());
    EXPECT_EQ(loaded.encoder->input().size, 8);
  }
}

TEST(OpenEncoder, SaysWhatItReadAndWhatWasAssumed) {
  const LoadedEncoder loaded = TinyFile().open();
  const Json& weights = loaded.config["weights"];
  EXPECT_EQ(weights["format"], "timm");
  EXPECT_EQ(weights["file_format"], "safetensors");
  EXPECT_EQ(weights["file"], "vit.safetensors");
  EXPECT_EQ(weights["assumed"], Json({"heads=2"}));
  EXPECT_EQ(loaded.config["options"]["label"], "vit.safetensors heads=2");
  EXPECT_TRUE(warns_of(loaded, "mean, std and crop are not in the file"));
}

TEST(OpenEncoder, TakesOffWhatWrappersPutBeforeEveryName) {
  for (const std::string prefix : {"module.", "model.", "_orig_mod.", "backbone."}) {
    TinyFile file;
    std::map<std::string, at::Tensor> wrapped;
    for (const auto& [name, tensor] : file.tensors) wrapped[prefix + name] = tensor;
    file.tensors = wrapped;
    EXPECT_EQ(file.open().config["weights"]["prefix"], prefix);
  }
}

TEST(OpenEncoder, LeavesHeadsOutAndSaysSo) {
  TinyFile file;
  file.tensors["head.weight"] = at::zeros({10, 16});
  file.tensors["head.bias"] = at::zeros({10});
  EXPECT_EQ(file.open().config["weights"]["left_out"], Json({{"head.*", 2}}));
}

TEST(OpenEncoder, RefusesANameThatItDoesNotKnow) {
  TinyFile file;
  file.tensors["attn_pool.latent"] = at::zeros({1, 1, 16});
  EXPECT_PRED2(contains, file.refusal(), "1 unexpected: attn_pool.latent");
}

TEST(OpenEncoder, RefusesAMissingTensorUnlessItMayBeMissing) {
  TinyFile file;
  file.tensors.erase("blocks.1.attn.proj.bias");
  EXPECT_PRED2(contains, file.refusal(),
               "1 missing: blocks.1.attn.proj.bias (nearest: blocks.0.attn.proj.bias)");
  const LoadedEncoder loaded = file.open({.allow_missing = {"*.proj.bias"}});
  EXPECT_EQ(loaded.config["weights"]["missing"], Json({"blocks.1.attn.proj.bias"}));
  EXPECT_TRUE(warns_of(loaded, "1 tensors are missing"));
}

TEST(OpenEncoder, AsksForHeadsThatNoWidthTells) {
  const TinyFile file;
  const std::string message = error_message<std::invalid_argument>([&] { open_encoder(file.write()); });
  EXPECT_PRED2(contains, message, "--assume heads=N");
  EXPECT_PRED2(contains, message, "vit.safetensors");
}

TEST(OpenEncoder, AnAssumptionIsCheckedLikeAnOption) {
  const TinyFile file;
  EXPECT_PRED2(contains, file.refusal({.assume = {"head=2"}}), "did you mean 'heads'");
  EXPECT_PRED2(contains, file.refusal({.assume = {"norm_eps=big"}}), "norm_eps");
  EXPECT_PRED2(contains, file.refusal({.assume = {"norm_eps"}}), "KEY=VALUE");
  EXPECT_PRED2(contains, file.refusal({.assume = {"input.view=evil:1"}}), "evil");
  EXPECT_PRED2(contains, file.refusal({.assume = {"input.mean=0.5"}}), "mean");
  EXPECT_PRED2(contains, file.refusal({.assume = {"depth=3"}}), "missing: blocks.2");
}

TEST(OpenEncoder, WarnsOfAGuessUnlessItWasSaid) {
  VitOptions wide = tiny_vit_variants().at("vit_learned");
  wide.width = 64;
  const TinyFile file(wide);
  const LoadedEncoder guessed = open_encoder(file.write());
  EXPECT_TRUE(warns_of(guessed, "heads: 1 are assumed"));
  EXPECT_TRUE(warns_of(guessed, "mean, std and crop are not in the file"));
  const LoadedEncoder said =
      open_encoder(file.write(), {.assume = {"heads=1", "mean=0,0,0", "std=1,1,1", "view=eval:8:8:bicubic"}});
  EXPECT_TRUE(said.warnings.empty()) << said.warnings.front();
}

TEST(OpenEncoder, TheSameTensorsUnderOtherAssumptionsAreAnotherEncoder) {
  const TinyFile file;
  const LoadedEncoder plain = file.open();
  EXPECT_EQ(file.open().sha256, plain.sha256);
  for (const char* assumption :
       {"activation=quick_gelu", "norm_eps=1e-5", "mean=0,0,0", "view=eval:12:8:bilinear"}) {
    const LoadedEncoder other = file.open({.assume = {assumption}});
    EXPECT_NE(other.sha256, plain.sha256) << assumption;
    EXPECT_NE(other.config["options"]["label"], plain.config["options"]["label"]) << assumption;
  }
}

TEST(OpenEncoder, IntegersAreNoWeights) {
  TinyFile file;
  file.tensors["norm.bias"] = at::zeros({16}, at::kChar);
  EXPECT_PRED2(contains, file.refusal(), "1 not of floating-point numbers: norm.bias (I8)");
}

TEST(OpenEncoder, ADateInANameIsNoDigest) {
  const TinyFile file;
  EXPECT_NO_THROW(open_encoder(file.write("vit-20240115.safetensors"), {.assume = {"heads=2"}}));
}

TEST(OpenEncoder, APipeInPlaceOfAConfigurationIsNotWaitedFor) {
  const TinyFile file;
  ASSERT_EQ(::mkfifo((file.folder / "config.json").c_str(), 0600), 0);
  EXPECT_PRED2(contains, file.refusal(), "config.json: expected a regular file");
  file.write("model.safetensors");  // also where a checkpoint of ours could be meant
  for (const std::filesystem::path& path : {file.folder.path(), file.folder / "model.safetensors"}) {
    EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { open_encoder(path); }),
                 "config.json: expected a regular file");
  }
}

TEST(OpenEncoder, AnArchitectureWithOtherBlocksUnderTheSameNamesIsRefused) {
  const TinyFile file;
  for (const char* name : {"vit_base_patch16_rpn_224", "vit_small_patch16_rope_ape_224"}) {
    write_file_atomically(file.folder / "config.json", fmt::format(R"({{"architecture": "{}"}})", name));
    EXPECT_PRED2(contains, file.refusal(), name);
  }
}

TEST(OpenEncoder, AnUnknownGroupIsRefused) {
  WeightsOptions options;
  options.group = "model_ema";
  EXPECT_PRED2(contains, TinyFile().refusal(options), "got 'model_ema'");
}

TEST(OpenEncoder, PreprocessingThatIsNotDoneHereIsWarnedOf) {
  VitOptions options = tiny_vit_variants().at("vit_learned");
  options.width = 64;
  const TinyFile file(options);
  write_file_atomically(
      file.folder / "config.json",
      R"({"architecture": "vit_x", "pretrained_cfg": {"crop_mode": "border", "input_size": [3, 99, 99], "mean": 0.5}})");
  const LoadedEncoder loaded = open_encoder(file.write());
  EXPECT_TRUE(warns_of(loaded, "crop_mode"));
  EXPECT_TRUE(warns_of(loaded, "input_size"));
  EXPECT_EQ(loaded.encoder->input().mean, (std::vector<double>{0.5, 0.5, 0.5}));
}

// A folder's configuration, and which view follows from it.
std::string view_by(const std::string& file, const std::string& configuration) {
  VitOptions options = tiny_vit_variants().at("vit_learned");
  options.width = 64;
  const TinyFile weights(options);
  write_file_atomically(weights.folder / "config.json", R"({"architecture": "vit_x"})");
  write_file_atomically(weights.folder / file, configuration);
  const LoadedEncoder loaded = open_encoder(weights.write());
  EXPECT_EQ(loaded.encoder->input().view, make_view(loaded.encoder->input().view)->specification());
  return loaded.encoder->input().view;
}

TEST(OpenEncoder, PicturesAreSquashedOrResizedByTheFilterThatTheConfigurationNames) {
  const std::string size = std::to_string(tiny_vit_variants().at("vit_learned").image_size);
  EXPECT_EQ(
      view_by(
          "config.json",
          R"({"architecture": "vit_x", "pretrained_cfg": {"crop_mode": "squash", "interpolation": "lanczos"}})"),
      "squash:" + size + ":lanczos");
  EXPECT_EQ(
      view_by("config.json",
              R"({"architecture": "vit_x", "pretrained_cfg": {"crop_pct": 0.5, "interpolation": "box"}})"),
      fmt::format("eval:{}:{}:box", 2 * std::stoi(size), size));
}

TEST(OpenEncoder, ADeviationOfNothingIsRefused) {
  EXPECT_PRED2(contains, TinyFile().refusal({.assume = {"input.std=0,1,1"}}), "std above 0");
}

TEST(OpenEncoder, TheInputMayBeAssumed) {
  const LoadedEncoder loaded = TinyFile().open(
      {.assume = {"input.mean=0.5,0.5,0.5", "input.std=[0.5,0.5,0.5]", "input.view=eval:16:12:bilinear"}});
  EXPECT_EQ(loaded.encoder->input().mean, (std::vector<double>{0.5, 0.5, 0.5}));
  EXPECT_EQ(loaded.encoder->input().size, 12);
}

TEST(OpenEncoder, ChecksTheDigestThatANameCarries) {
  const TinyFile file;
  const std::string digest = sha256_file(file.write());
  std::filesystem::copy(file.write(), file.folder / ("vit-" + digest.substr(0, 8) + ".safetensors"));
  std::filesystem::copy(file.write(), file.folder / "vit-0123abcd.safetensors");
  std::filesystem::create_directories(file.folder / digest);
  std::filesystem::copy(file.write(), file.folder / digest / "ViT.pt");
  const WeightsOptions heads{.assume = {"heads=2"}};
  open_encoder(file.folder / ("vit-" + digest.substr(0, 8) + ".safetensors"), heads);
  open_encoder(file.folder / digest / "ViT.pt", heads);
  const std::string message = error_message<std::invalid_argument>(
      [&] { open_encoder(file.folder / "vit-0123abcd.safetensors", heads); });
  EXPECT_PRED2(contains, message, "0123abcd; got " + digest.substr(0, 8));
}

TEST(OpenEncoder, RefusesNotANumberByTheTensorsName) {
  TinyFile file;
  file.tensors["norm.weight"] = at::full({16}, std::nan(""));
  EXPECT_PRED2(contains, file.refusal(), "'norm.weight'");
}

TEST(OpenEncoder, RefusesPositionsOfNoSquare) {
  TinyFile file;
  file.tensors["pos_embed"] = at::zeros({1, 19, 16});
  EXPECT_PRED2(contains, file.refusal(), "pos_embed");
}

TEST(OpenEncoder, NamesWhatIsInAFileThatIsNoModelOfOurs) {
  TinyFile file;
  file.tensors = {{"conv1.weight", at::zeros({1})}, {"fc.bias", at::zeros({1})}};
  const std::string message = file.refusal();
  EXPECT_PRED2(contains, message, "open_clip, hf_clip, hf_vit, timm");
  EXPECT_PRED2(contains, message, "'conv1.weight'");
}

TEST(OpenEncoder, SaysWhatAnEmptyFolderLacks) {
  const ScratchFolder folder;
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { open_encoder(folder.path()); }),
               "model.safetensors");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { open_encoder(folder / "none.pt"); }),
               "none.pt");
}

TEST(OpenEncoder, AConfigurationThatIsNoObjectIsNamed) {
  const TinyFile file;
  file.write();
  write_file_atomically(file.folder / "config.json", "[1]");
  EXPECT_PRED2(contains, file.refusal(), "config.json");
}

TEST(OpenEncoder, AModelThatIsMuchLargerThanItsFileIsNotEvenMade) {
  TinyFile file;
  file.tensors["patch_embed.proj.weight"] = at::zeros({2048, 3, 2, 2});
  file.tensors["blocks.0.mlp.fc1.weight"] = at::zeros({8192, 1});
  for (int block = 2; block < 200; ++block)
    file.tensors[fmt::format("blocks.{}.norm1.bias", block)] = at::zeros({1});
  EXPECT_PRED2(contains, file.refusal(), "holds most of its model");
}

TEST(OpenEncoder, SizesThatNoModelHasAreRefused) {
  TinyFile file;
  file.tensors["patch_embed.proj.weight"] = at::zeros({16, 3, 0, 0});
  EXPECT_PRED2(contains, file.refusal(), "'patch_embed.proj.weight'");
  TinyFile wide;
  wide.tensors["patch_embed.proj.weight"] = at::zeros({20000, 1, 2, 2});
  EXPECT_PRED2(contains, wide.refusal(), "vit.safetensors");
}

TEST(OpenEncoder, AConfigurationOfOtherTypesIsNamed) {
  const TinyFile file;
  write_file_atomically(file.folder / "config.json", R"({"architecture": 5})");
  EXPECT_PRED2(contains, file.refusal(), "config.json");
}

TEST(OpenEncoder, ACheckpointOfOursTakesNoAssumptions) {
  const ScratchFolder folder;
  write_file_atomically(folder / "config.json", R"({"format": 1, "encoder": "vit"})");
  const std::string message =
      error_message<std::invalid_argument>([&] { open_encoder(folder.path(), {.assume = {"heads=2"}}); });
  EXPECT_PRED2(contains, message, "says everything itself");
}

TEST(OpenEncoder, ATowerThatIsNotClipsIsRefusedByItsKey) {
  const ScratchFolder folder;
  ClipOptions options = tiny_clip_options();
  options.text_variant.vocabulary = 40;
  save_tensors(folder / "open_clip_model.safetensors", Clip(options, InputSpec{}, nullptr).parameters());
  const auto with_config = [&](const std::string& vision, const std::string& text) {
    write_file_atomically(
        folder / "open_clip_config.json",
        R"({"model_cfg": {"embed_dim": 12, "vision_cfg": {"image_size": 8, "patch_size": 4, "width": 16,)"
        R"("layers": 2, "head_width": 8)" +
            vision + R"(}, "text_cfg": {"context_length": 12, "vocab_size": 40, "width": 16, "heads": 2,)" +
            R"("layers": 1)" + text + "}}}");
  };
  with_config("", "");
  EXPECT_EQ(open_encoder(folder.path()).encoder->config()["activation"], "gelu");
  for (const auto& [vision, text, key] : std::vector<std::array<std::string, 3>>{
           {R"(, "timm_model_name": "convnext")", "", "vision_cfg.timm_model_name"},
           {R"(, "attentional_pool": true)", "", "vision_cfg.attentional_pool"},
           {"", R"(, "hf_model_name": "roberta")", "text_cfg.hf_model_name"},
           {R"(, "norm_kwargs": {"eps": 0.001})", "", "vision_cfg.norm_kwargs"},
           {R"(, "new_trick": 1)", "", "vision_cfg.new_trick"},
           {"", R"(, "no_causal_mask": true)", "text_cfg.no_causal_mask"}}) {
    with_config(vision, text);
    EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { open_encoder(folder.path()); }), key);
  }
}

TEST(OpenEncoder, WarnsWhereTheActivationIsAGuess) {
  const ScratchFolder folder;
  ClipOptions options = tiny_clip_options();
  options.text_variant.vocabulary = 40;
  const Clip clip(options, InputSpec{}, nullptr);
  const WeightsOptions heads{.assume = {"heads=2", "text.heads=2"}};
  save_tensors(folder / "laion.safetensors", clip.parameters());
  const LoadedEncoder plain = open_encoder(folder / "laion.safetensors", heads);
  EXPECT_EQ(plain.encoder->config()["activation"], "gelu");
  EXPECT_TRUE(warns_of(plain, "the activation is not in the weights"));
  save_tensors(folder / "ViT-B-32-quickgelu.safetensors", clip.parameters());
  const LoadedEncoder quick = open_encoder(folder / "ViT-B-32-quickgelu.safetensors", heads);
  EXPECT_EQ(quick.encoder->config()["activation"], "quick_gelu");
  EXPECT_FALSE(warns_of(quick, "activation"));
}

TEST(OpenEncoder, WarnsWhereAConfigurationIsNotItsFamilys) {
  TinyFile file;
  write_file_atomically(
      file.folder / "config.json",
      R"({"architecture": "vit_base_patch32_clip_224", "pretrained_cfg": {"tag": "openai", "crop_pct": 0.5, "mean": [0, 0, 0]}})");
  const LoadedEncoder loaded = file.open();
  EXPECT_TRUE(warns_of(loaded, "trained with quick_gelu"));
  EXPECT_EQ(loaded.encoder->input().view, "eval:16:8:bicubic");
}

}  // namespace
}  // namespace repbench
