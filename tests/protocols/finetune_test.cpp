#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "protocols/classifier.h"
#include "reports/statistics/paired.h"
#include "tests/files/error_message.h"
#include "tests/protocols/toy_subject.h"

namespace repbench {
namespace {

/// Enough to learn the toy pictures.
Json settings_of(const std::vector<std::string>& points, double epochs = 10) {
  return {{"points", points},
          {"from_scratch", false},
          {"train", {{"epochs", epochs}, {"batch_size", 16}, {"base_lr", 0.05}, {"warmup_epochs", 1}}}};
}

Record run(const Json& settings, const Subject& subject, const Task& task) {
  return run_protocol("finetune", settings, subject, task).record;
}

Classifier classifier_of(const Subject& subject, const std::string& point, double layer_decay = 1.0) {
  std::unique_ptr<Encoder> encoder = subject.encoder->clone();
  const int64_t first = first_tuned_stage(*encoder, point);
  return Classifier(std::move(encoder), {.classes = 4, .first_stage = first, .layer_decay = layer_decay});
}

TEST(FirstTunedStage, IsWhereThePointSays) {
  // patch, position, four blocks of attention and MLP, norm.
  const Subject subject = tiny_vit(4);
  const std::map<std::string, int64_t> expected = {{"0", 11}, {"0.5", 9}, {"1", 8},  {"2", 6},
                                                   {"3", 4},  {"4", 2},   {"all", 0}};
  for (const auto& [point, stage] : expected) {
    EXPECT_EQ(first_tuned_stage(*subject.encoder, point), stage) << point;
  }
}

TEST(FirstTunedStage, SaysWhatIsPossible) {
  const Subject subject = tiny_vit(4);
  for (const char* point : {"5", "-1", "0.25", "1.5", "", "al", "99999999999999999999", " 1"}) {
    const std::string message =
        error_message<std::invalid_argument>([&] { first_tuned_stage(*subject.encoder, point); });
    EXPECT_PRED2(contains, message, "key 'points': expected 0, 0.5, 1 ... 4 or all; got '") << point;
  }
}

TEST(Classifier, CountsWhatItTunes) {
  // Width 16: attention 2*16 + 3*16*17 + 16*17 = 1120, MLP 2*16 + 64*17 + 16*65 = 2160, norm 32, head 4*17
  // = 68.
  const Subject subject = tiny_vit(4);
  EXPECT_EQ(classifier_of(subject, "0").expected_trainable(), 68);
  EXPECT_EQ(classifier_of(subject, "0.5").expected_trainable(), 68 + 32 + 2160);
  EXPECT_EQ(classifier_of(subject, "1").expected_trainable(), 68 + 32 + 2160 + 1120);
  EXPECT_EQ(classifier_of(subject, "4").expected_trainable(), 68 + 32 + 4 * (2160 + 1120));
  // The stem: patch projection 16*16 + 16, class token 16, positions 5*16.
  EXPECT_EQ(classifier_of(subject, "all").expected_trainable(), 68 + 32 + 4 * (2160 + 1120) + 272 + 16 + 80);
}

TEST(Classifier, LayerDecayFollowsBeitsTable) {
  Classifier classifier = classifier_of(tiny_vit(4), "all", 0.5);
  std::map<std::string, double> scales;
  for (const ParameterGroup& group : classifier.parameter_groups(0.05)) {
    for (const NamedTensor& named : group.parameters) scales[named.name] = group.lr_scale(0);
  }
  const std::map<std::string, double> expected = {{"patch_embed.proj.weight", 1.0 / 32},
                                                  {"cls_token", 1.0 / 32},
                                                  {"pos_embed", 1.0 / 32},
                                                  {"blocks.0.attn.qkv.weight", 1.0 / 16},
                                                  {"blocks.1.norm2.bias", 1.0 / 8},
                                                  {"blocks.2.mlp.fc1.weight", 1.0 / 4},
                                                  {"blocks.3.mlp.fc2.bias", 1.0 / 2},
                                                  {"norm.weight", 1.0},
                                                  {"head.weight", 1.0},
                                                  {"head.bias", 1.0}};
  for (const auto& [name, scale] : expected) {
    ASSERT_TRUE(scales.contains(name)) << name;
    EXPECT_DOUBLE_EQ(scales.at(name), scale) << name;
  }
}

TEST(Classifier, VectorsTokensAndPositionsDoNotDecay) {
  Classifier classifier = classifier_of(tiny_vit(2), "all");
  for (const ParameterGroup& group : classifier.parameter_groups(0.05)) {
    for (const NamedTensor& named : group.parameters) {
      const bool matrix = named.tensor.dim() >= 2 && named.name != "cls_token" && named.name != "pos_embed";
      EXPECT_DOUBLE_EQ(group.weight_decay(0), matrix ? 0.05 : 0.0) << named.name;
    }
  }
}

TEST(Classifier, TheHeadSeesStandardisedFeatures) {
  const at::Tensor pixels = at::randint(0, 256, {16, 8, 8, 1}).to(at::kByte);
  std::vector<at::Tensor> scores;
  for (const double factor : {1.0, 100.0}) {
    const Subject subject = tiny_vit(2);
    for (const NamedTensor& named : subject.encoder->stages().back().parameters)
      named.tensor.detach().mul_(factor);
    const Classifier classifier = classifier_of(subject, "0");
    const StageContext training{.training = true, .compute = at::kFloat};
    scores.push_back(classifier.scores({pixels, Axes::BHWC}, training).detach());
  }
  EXPECT_TRUE(at::allclose(scores[0], scores[1], 1e-3, 1e-5));
}

TEST(Classifier, TunesItsStagesAndLeavesTheOthers) {
  const Subject subject = tiny_vit(2);
  Classifier classifier = classifier_of(subject, "1");
  const std::string frozen = classifier.frozen_hash();
  const Task task = toy_task(32, 4);
  const auto source =
      make_loader(task.train, task.train_examples, {make_view(task.view)}, {.batch_size = 16});
  TrainOptions options;
  options.epochs = 2;
  options.batch_size = 16;
  options.base_lr = 0.05;
  options.warmup_epochs = 0;
  Trainer(classifier, *source, options, Execution(), 0).fit({});
  EXPECT_EQ(classifier.frozen_hash(), frozen);
  const NamedTensors before = subject.encoder->parameters(), after = classifier.encoder().parameters();
  const int64_t first = first_tuned_stage(*subject.encoder, "1");
  for (size_t i = 0; i < before.size(); ++i) {
    const bool tuned = before[i].name.starts_with("blocks.1.") || before[i].name.starts_with("norm.");
    EXPECT_EQ(at::equal(before[i].tensor, after[i].tensor), !tuned) << before[i].name << " first " << first;
  }
}

TEST(Finetune, LearnsTheToyPicturesAtEveryPoint) {
  const Record record = run(settings_of({"0", "0.5", "1", "2", "all"}, 40), tiny_vit(), toy_task(128, 60));
  for (const char* name : {"accuracy_0.5", "accuracy_1", "accuracy_2", "accuracy_all"}) {
    EXPECT_GT(record.find(name)->value, 0.9) << name;
    EXPECT_DOUBLE_EQ(record.find(name)->chance.value(), 0.25);
  }
  EXPECT_GT(record.find("accuracy_0")->value, 0.3);
  EXPECT_EQ(record.headline().name, "accuracy_all");
  const Json trainable = {{"0", 68}, {"0.5", 2260}, {"1", 3380}, {"2", 6660}, {"all", 7028}};
  EXPECT_EQ(record.resolved.at("trainable_parameters"), trainable);
}

TEST(Finetune, CurveStandsAtTheNumberOfTunedBlocks) {
  Json settings = settings_of({"0", "0.5", "1", "all"}, 1);
  settings["from_scratch"] = true;
  const Record record = run(settings, tiny_vit(), toy_task(32, 20));
  ASSERT_EQ(record.curves.size(), 2U);
  EXPECT_EQ(record.curves[0].x, (std::vector<double>{0, 0.5, 1, 3}));
  EXPECT_EQ(record.curves[0].x_ticks, (std::vector<std::string>{"0", "½", "1", "all"}));
  EXPECT_EQ(record.curves[0].intervals.size(), 4U);
  EXPECT_EQ(record.curves[1].name, "from scratch");
  EXPECT_EQ(record.curves[1].x, (std::vector<double>{3}));
}

TEST(Finetune, FromScratchStartsFromOtherWeights) {
  Json settings = settings_of({"all"}, 1);
  settings["from_scratch"] = true;
  const Record record = run(settings, tiny_vit(), toy_task(64, 20));
  const Json& losses = record.resolved.at("final_train_loss");
  EXPECT_NE(losses.at("all"), losses.at("from scratch"));
  EXPECT_EQ(record.resolved.at("trainable_parameters").at("all"),
            record.resolved.at("trainable_parameters").at("from scratch"));
  EXPECT_EQ(record.headline().name, "accuracy_all");
  ASSERT_NE(record.find("accuracy_from_scratch"), nullptr);
  EXPECT_EQ(record.find("accuracy_from_scratch")->column, "correct_from_scratch");
}

TEST(Finetune, FromScratchDoesNotKnowTheCheckpoint) {
  Json settings = settings_of({"0"}, 1);
  settings["from_scratch"] = true;
  const Task task = toy_task(64, 20);
  EXPECT_EQ(run(settings, tiny_vit(2, 1), task).resolved.at("final_train_loss").at("from scratch"),
            run(settings, tiny_vit(2, 2), task).resolved.at("final_train_loss").at("from scratch"));
}

TEST(Finetune, PointsAreComparedOnTheSameExamples) {
  const Task task = toy_task(64, 60);
  const Record both = run(settings_of({"0", "all"}, 4), tiny_vit(), task);
  const Record none = run(settings_of({"0"}, 4), tiny_vit(), task),
               all = run(settings_of({"all"}, 4), tiny_vit(), task);
  const auto correct = [](const Record& record, const std::string& column) {
    const std::vector<double>& values = record.outcomes.value().column(column);
    return std::vector<uint8_t>(values.begin(), values.end());
  };
  const PairedCounts counts = paired_counts(correct(all, "correct_all"), correct(none, "correct_0"));
  const Json expected = {{"0", mcnemar_mid_p(counts.only_a, counts.only_b)}};
  EXPECT_EQ(both.resolved.at("paired_mid_p_against_all"), expected);
  EXPECT_EQ(correct(both, "correct_all"), correct(all, "correct_all"));
  EXPECT_EQ(correct(both, "correct_0"), correct(none, "correct_0"));
  EXPECT_EQ(both.outcomes->column("prediction"), all.outcomes->column("prediction")) << "the headline's";
}

TEST(Finetune, LeavesTheSubjectAlone) {
  const Subject subject = tiny_vit();
  std::vector<bool> wanted;
  for (const NamedTensor& named : subject.encoder->parameters())
    wanted.push_back(named.tensor.requires_grad());
  run(settings_of({"0", "all"}, 1), subject, toy_task(32, 8));
  EXPECT_EQ(hash_of(subject.encoder->parameters()), subject.sha256);
  size_t i = 0;
  for (const NamedTensor& named : subject.encoder->parameters()) {
    EXPECT_EQ(named.tensor.requires_grad(), wanted[i++]) << named.name;
    EXPECT_FALSE(named.tensor.grad().defined()) << named.name;
  }
}

TEST(Finetune, TwoRunsAgree) {
  const auto losses = [] {
    return run(settings_of({"0", "1"}, 2), tiny_vit(), toy_task(64, 20)).resolved.dump();
  };
  EXPECT_EQ(losses(), losses());
}

TEST(Finetune, MixesItsBatchesWhereAsked) {
  const auto loss = [](double mixup, double cutmix) {
    Json settings = settings_of({"all"}, 2);
    settings["mixup"] = mixup;
    settings["cutmix"] = cutmix;
    return run(settings, tiny_vit(), toy_task(64, 20))
        .resolved.at("final_train_loss")
        .at("all")
        .get<double>();
  };
  const double plain = loss(0, 0), mixup = loss(0.8, 0), cutmix = loss(0, 1.0);
  EXPECT_NE(mixup, plain);
  EXPECT_NE(cutmix, plain);
  EXPECT_NE(cutmix, mixup);
  EXPECT_EQ(loss(0.8, 1.0), loss(0.8, 1.0));
}

TEST(Finetune, TrainsOnAsManyPicturesAsAsked) {
  Json settings = settings_of({"0"}, 1);
  settings["train_examples"] = 32;
  const Task task = toy_task(64, 20);
  const Record record = run(settings, tiny_vit(), task);
  EXPECT_EQ(record.resolved.at("train_examples"), 32);
  EXPECT_EQ(reads_of(task), 32 + 20);
}

std::string refusal(const Json& settings, const Subject& subject) {
  const Task task = toy_task(64, 20);
  const std::string message = error_message<std::invalid_argument>([&] { run(settings, subject, task); });
  EXPECT_EQ(reads_of(task), 0) << "said only after training: " << message;
  return message;
}

TEST(Finetune, RefusesRawPixels) {
  EXPECT_PRED2(contains, refusal(settings_of({"0"}), raw_pixels()),
               "[finetune] expected an encoder with blocks; got raw_pixels");
  EXPECT_PRED2(contains, refusal(settings_of({"all"}), raw_pixels()), "expected an encoder with blocks");
  EXPECT_PRED2(contains, refusal(settings_of({"1"}), raw_pixels()), "expected an encoder with blocks");
}

TEST(Finetune, RefusesPointsBeforeAnyTraining) {
  EXPECT_PRED2(contains, refusal(settings_of({"0", "3"}), tiny_vit()),
               "key 'points': expected 0, 0.5, 1 ... 2 or all");
  EXPECT_PRED2(contains, refusal(settings_of({"0", "1", "0"}), tiny_vit()), "key 'points'");
  EXPECT_PRED2(contains, refusal(settings_of({}), tiny_vit()), "key 'points': expected at least one");
}

TEST(Finetune, SaysThatABatchIsLargerThanTheData) {
  Json settings = settings_of({"0"});
  settings["train"]["batch_size"] = 65;
  EXPECT_PRED2(contains, refusal(settings, tiny_vit()), "train.batch_size");
}

}  // namespace
}  // namespace repbench
