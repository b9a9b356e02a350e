#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "protocols/features.h"
#include "protocols/finetune_point.h"
#include "protocols/prefix_source.h"
#include "tests/files/error_message.h"
#include "tests/pretrain/golden_tensors.h"
#include "tests/protocols/toy_subject.h"

// What may be set in fine-tuning beyond the points.

namespace repbench {
namespace {

Json settings_of(const std::vector<std::string>& points, double epochs = 2) {
  return {{"points", points},
          {"from_scratch", false},
          {"train", {{"epochs", epochs}, {"batch_size", 16}, {"base_lr", 0.05}, {"warmup_epochs", 0}}}};
}

Json with(Json settings, const Json& more) {
  settings.update(more);
  return settings;
}

Record run(const Json& settings, const Subject& subject, const Task& task) {
  return run_protocol("finetune", settings, subject, task).record;
}

double loss_of(const Json& settings) {
  return run(settings, tiny_vit(), toy_task(64, 20)).resolved.at("final_train_loss").front().get<double>();
}

std::string refusal(const Json& settings, const Subject& subject = tiny_vit()) {
  const Task task = toy_task(64, 20);
  const std::string message = error_message<std::invalid_argument>([&] { run(settings, subject, task); });
  EXPECT_EQ(reads_of(task), 0) << "said only after training: " << message;
  return message;
}

// ---- The head ----

TEST(FinetuneHead, FcNormStandsInForTheFinalNorm) {
  const Record record =
      run(with(settings_of({"0", "0.5", "all"}), {{"head_norm", "fc_norm"}, {"head_std", 2e-5}}), tiny_vit(),
          toy_task(64, 20));
  // Width 16: the head 4 * 17 = 68, a norm 32, MLP 2160, attention 1120, the stem 368 (see finetune_test).
  const Json trainable = {{"0", 68}, {"0.5", 68 + 32 + 2160}, {"all", 68 + 32 + 2 * 3280 + 368}};
  EXPECT_EQ(record.resolved.at("trainable_parameters"), trainable);
  const Json heads = {{"0", {{"norm", "batch"}, {"std", 0.01}}},
                      {"0.5", {{"norm", "fc_norm"}, {"std", 2e-5}}},
                      {"all", {{"norm", "fc_norm"}, {"std", 2e-5}}}};
  EXPECT_EQ(record.resolved.at("head"), heads);
}

TEST(FinetuneHead, TheFinalNormThatIsLeftOutIsNeitherUsedNorTuned) {
  const at::Tensor pixels = at::arange(16 * 64).reshape({16, 8, 8, 1}).remainder(251).to(at::kByte);
  std::vector<at::Tensor> scores;
  for (const double factor : {1.0, 100.0}) {
    const Subject subject = tiny_vit(2);
    for (const NamedTensor& named : subject.encoder->stages().back().parameters)
      named.tensor.detach().mul_(factor);
    Classifier classifier(subject.encoder->clone(), {.head_norm = HeadNorm::fc_norm, .classes = 4});
    for (const NamedTensor& named : classifier.encoder().stages().back().parameters)
      EXPECT_FALSE(named.tensor.requires_grad()) << named.name;
    scores.push_back(classifier.scores({pixels, Axes::BHWC}, {}).detach());
  }
  EXPECT_TRUE(at::equal(scores[0], scores[1]));
}

TEST(FinetuneHead, StartsAsWideAsAsked) {
  for (const double std : {2e-5, 0.01, 0.5}) {
    const ClassifierHead head({.norm = HeadNorm::none, .std = std, .width = 100, .classes = 100});
    EXPECT_NEAR(head.trained()[0].tensor.std().item<double>() / std, 1, 0.05);
    EXPECT_EQ(head.trained()[1].tensor.abs().max().item<double>(), 0);
  }
}

TEST(FinetuneHead, OfAFrozenEncoderIsKeptAndGivesTheSamePredictions) {
  const Task task = toy_task(128, 40);
  for (const char* norm : {"batch", "none"}) {
    for (const double ema : {0.0, 0.9}) {
      const Subject subject = tiny_vit();
      const ProtocolResult result = run_protocol(
          "finetune", with(settings_of({"1", "0"}, 4), {{"head_norm", norm}, {"ema", ema}}), subject, task);
      ASSERT_TRUE(result.head.has_value());
      EXPECT_EQ(result.head->encoder_sha256, subject.sha256);
      EXPECT_EQ(result.head->tap, "mean");
      EXPECT_EQ(result.head->view, task.view);
      EXPECT_EQ(result.head->trained_as, "softmax");
      EXPECT_EQ(result.head->class_names, task.test->class_names());
      const std::vector<std::string> taps = {"mean"};
      const FeatureSet features =
          extract_features(subject, task.test, task.test_examples, task.view, taps, {});
      const at::Tensor predicted = predict(head_scores(*result.head, features.by_tap.at("mean")));
      const std::vector<double>& stored = result.record.outcomes->column("prediction");
      EXPECT_TRUE(at::equal(predicted.to(at::kDouble), at::tensor(stored, at::kDouble)))
          << norm << " " << ema;
      EXPECT_EQ(result.record.resolved.at("trained_head"), "kept");
    }
  }
}

TEST(FinetuneHead, OfATunedEncoderIsNotKept) {
  const ProtocolResult result =
      run_protocol("finetune", settings_of({"0", "1"}), tiny_vit(), toy_task(64, 20));
  EXPECT_FALSE(result.head.has_value());
  EXPECT_EQ(result.record.resolved.at("trained_head"), "none: it belongs to an encoder that was tuned");
}

// ---- Regularisation ----

TEST(FinetuneSettings, DropPathChangesTunedBlocksAlone) {
  for (const char* point : {"1", "all"}) {
    const double plain = loss_of(settings_of({point}));
    const double dropped = loss_of(with(settings_of({point}), {{"drop_path", 0.5}}));
    EXPECT_NE(dropped, plain) << point;
    EXPECT_EQ(dropped, loss_of(with(settings_of({point}), {{"drop_path", 0.5}}))) << point;
  }
  EXPECT_EQ(loss_of(with(settings_of({"0"}), {{"drop_path", 0.5}})), loss_of(settings_of({"0"})));
}

TEST(FinetuneSettings, DropPathIsNotForTheTestPictures) {
  const at::Tensor pixels = at::arange(4 * 64).reshape({4, 8, 8, 1}).remainder(251).to(at::kByte);
  const Classifier plain(tiny_vit().encoder->clone(), {.classes = 4}),
      dropped(tiny_vit().encoder->clone(), {.classes = 4, .drop_path = 0.9});
  EXPECT_TRUE(at::equal(plain.scores({pixels, Axes::BHWC}, {}), dropped.scores({pixels, Axes::BHWC}, {})));
}

TEST(FinetuneSettings, TheAverageOfTheWeightsLeadsAndTheLastOnesStandBeside) {
  const Task task = toy_task(64, 60);
  const auto with_average = [&](double ema) {
    return run(with(settings_of({"all"}, 12), {{"ema", ema}}), tiny_vit(), task);
  };
  const Record plain = with_average(0), fast = with_average(0.01), slow = with_average(0.999);
  EXPECT_EQ(plain.find("accuracy_all_without_ema"), nullptr);
  EXPECT_EQ(fast.headline().name, "accuracy_all");
  for (const Record* averaged : {&fast, &slow}) {
    ASSERT_NE(averaged->find("accuracy_all_without_ema"), nullptr);
    EXPECT_EQ(averaged->outcomes->column("correct_all_without_ema"), plain.outcomes->column("correct_all"));
  }
  EXPECT_LT(slow.headline().value, fast.headline().value) << "the slow one is still near the first weights";
}

TEST(WeightAverage, IsTheRecurrence) {
  const at::Tensor value = at::tensor({1.0, -2.0}, at::kDouble);
  WeightAverage average({{"w", value}}, 0.75);
  at::Tensor expected = value.clone();
  for (int step = 0; step < 4; ++step) {
    value.add_(step + 1);
    average.update();
    expected = 0.75 * expected + 0.25 * value;
    EXPECT_TRUE(at::allclose(average.tensors()[0].tensor, expected)) << step;
  }
  const at::Tensor last = value.clone();
  average.swap();
  EXPECT_TRUE(at::allclose(value, expected));
  average.swap();
  EXPECT_TRUE(at::equal(value, last));
}

// ---- The prefix cache ----

TEST(PrefixCache, GivesTheBitsOfTheUncachedRun) {
  const Subject subject = tiny_vit(3);
  const Task task = toy_task(76, 30);  // no multiple of the batch
  Json settings = with(settings_of({"0", "0.5", "1", "2", "all"}, 3),
                       {{"from_scratch", true}, {"drop_path", 0.2}, {"ema", 0.5}});
  const auto bits = [&] {
    Record record = run(settings, subject, task);
    return std::pair(record.resolved.dump(), record.outcomes->tables.front().columns);
  };
  const auto plain = bits();
  settings["prefix_cache"] = true;
  EXPECT_EQ(bits(), plain);
}

TEST(PrefixCache, GivesTheWeightsOfTheUncachedRun) {
  const Subject subject = tiny_vit(3);
  const Task task = toy_task(76, 30);
  const auto loader_options = LoaderOptions{.batch_size = 16, .shuffle = true, .drop_last = true, .seed = 9};
  const auto loader = [&](const LoaderOptions& options) {
    return make_loader(task.train, task.train_examples, {make_view(task.view)}, options);
  };
  for (const auto precision : {Precision::fp32, Precision::bf16}) {
    Execution execution;
    execution.precision = precision;
    std::vector<NamedTensors> weights;
    for (const bool cached : {false, true}) {
      Classifier classifier(subject.encoder->clone(),
                            {.classes = 4, .first_stage = first_tuned_stage(*subject.encoder, "1")});
      std::unique_ptr<BatchSource> source = loader(loader_options);
      if (cached) {
        const auto once = loader({.batch_size = 16});
        const auto prefix = [&](const View& view) {
          return classifier.prefix(classifier.encoder().ingest(view), execution.compute_dtype());
        };
        source = make_prefix_source(
            task.train, task.train_examples,
            compute_prefixes(*once, 76, 16, physical_memory(), prefix, [](int64_t) {}), loader_options);
      }
      TrainOptions options;
      options.epochs = 3;
      options.batch_size = 16;
      options.base_lr = 0.05;
      options.warmup_epochs = 0;
      Trainer(classifier, *source, options, execution, 9).fit({});
      NamedTensors all = classifier.encoder().parameters();
      for (const NamedTensor& named : classifier.own_tensors()) all.push_back(named);
      weights.push_back(copied(all));
    }
    expect_identical(weights[0], weights[1]);
  }
}

TEST(PrefixCache, ReadsEachTrainingPictureOnceAPoint) {
  const Task task = toy_task(64, 20);
  run(with(settings_of({"1"}, 5), {{"prefix_cache", true}}), tiny_vit(), task);
  const auto& train = dynamic_cast<const ToyPictures&>(*task.train);
  EXPECT_LE(train.reads, 64 + 64) << "the pass, and what the check of the first batch reads ahead";
}

TEST(PrefixCache, RefusesWhatChangesPictures) {
  const Json cached = with(settings_of({"1"}), {{"prefix_cache", true}});
  EXPECT_EQ(refusal(with(cached, {{"train_view", "small_train:8:1"}})),
            "[finetune] key 'prefix_cache': expected a train_view without chance; got 'small_train:8:1'");
  EXPECT_EQ(refusal(with(cached, {{"mixup", 0.8}})),
            "[finetune] key 'prefix_cache': expected mixup=0 and cutmix=0, which change what frozen stages "
            "see; got 0.8 and 0");
  EXPECT_PRED2(contains, refusal(with(cached, {{"cutmix", 1}})), "got 0 and 1");
}

// ---- Fairness and trouble ----

TEST(FinetuneSettings, FcNormIsForTheMean) {
  EXPECT_EQ(
      refusal(with(settings_of({"1"}), {{"head_norm", "fc_norm"}, {"tap", "cls"}})),
      "[finetune] key 'head_norm': expected fc_norm with tap=mean alone, whose norm it is; got tap=cls");
}

TEST(FinetuneSettings, SeveralViewsAreRefused) {
  EXPECT_PRED2(contains, refusal(with(settings_of({"1"}), {{"train_view", "2*crop:8"}})),
               "key 'train_view': expected one view of each picture; got 2");
}

TEST(FinetuneSettings, ShuffledLabelsGiveChance) {
  const Record record = run(settings_of({"0", "1", "all"}, 8), tiny_vit(), toy_task(128, 200, true));
  for (const char* name : {"accuracy_0", "accuracy_1", "accuracy_all"})
    EXPECT_NEAR(record.find(name)->value, 0.25, 4 * std::sqrt(0.25 * 0.75 / 200)) << name;
}

TEST(FinetuneSettings, AClassWithoutTrainingPicturesIsNamed) {
  Task task = toy_task(64, 40);
  std::vector<int64_t> kept;
  for (int64_t index = 0; index < 64; ++index) {
    if (index % 4 != 2) kept.push_back(index);
  }
  task.train_examples = these_examples(*task.train, kept);
  const Record record = run(settings_of({"all"}, 8), tiny_vit(), task);
  ASSERT_EQ(record.warnings.size(), 1U);
  EXPECT_EQ(record.warnings[0], "[finetune] 1 of 4 classes have no training picture: bottom left");
  EXPECT_LE(record.headline().value, 0.75);
  EXPECT_EQ(record.headline().n.value(), 40);
}

TEST(FinetuneSettings, WeightsThatAreNoNumbersStopTheTraining) {
  const Subject subject = tiny_vit();
  subject.encoder->parameters().front().tensor.detach().fill_(std::numeric_limits<double>::quiet_NaN());
  for (const bool cached : {false, true}) {
    const Json settings = with(settings_of({"1"}), {{"prefix_cache", cached}});
    EXPECT_PRED2(contains,
                 error_message<std::runtime_error>([&] { run(settings, subject, toy_task(64, 20)); }),
                 "[train] step 1: expected a finite loss; got ");
  }
}

TEST(FinetuneSettings, FromScratchMayStandAlone) {
  const Record record = run(with(settings_of({}), {{"from_scratch", true}}), tiny_vit(), toy_task(64, 20));
  EXPECT_EQ(record.headline().name, "accuracy_from_scratch");
  EXPECT_EQ(record.curves.size(), 1U);
  EXPECT_PRED2(contains, refusal(settings_of({})), "key 'points': expected at least one, or from_scratch");
}

TEST(FinetuneSettings, TheHeadlineHasItsMeanOverClasses) {
  const Record record = run(settings_of({"0", "all"}), tiny_vit(), toy_task(64, 20));
  ASSERT_NE(record.find("mean_per_class_accuracy"), nullptr);
  EXPECT_DOUBLE_EQ(record.find("mean_per_class_accuracy")->value, record.headline().value)
      << "five test pictures a class";
}

}  // namespace
}  // namespace repbench
