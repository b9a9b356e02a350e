#include "protocols/sgd_probe.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "datasets/images/views.h"
#include "protocols/features.h"
#include "protocols/metrics.h"
#include "protocols/stored_features.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/pretrain/golden_tensors.h"
#include "tests/protocols/tap_encoder.h"

namespace repbench {
namespace {

/// The protocol with classifier=sgd and a small batch; `sgd` holds changed settings of that group.
ProtocolResult probe(const Subject& subject, const Task& task, const Json& sgd = Json::object(),
                     const std::vector<std::string>& taps = {}, const ProtocolContext& context = {}) {
  Json settings = {{"classifier", "sgd"}, {"sgd", {{"train", {{"batch_size", 16}}}}}};
  if (sgd.is_object()) settings["sgd"].merge_patch(sgd);
  if (!taps.empty()) settings["taps"] = taps;
  return run_protocol("linear_probe", settings, subject, task, context);
}

std::string refusal(const Subject& subject, const Task& task, const Json& sgd,
                    const std::vector<std::string>& taps = {}) {
  return error_message<std::invalid_argument>([&] { probe(subject, task, sgd, taps); });
}

double value_of(const Record& record, const std::string& metric) {
  const Metric* found = record.find(metric);
  return found != nullptr ? found->value : -1;
}

const Json kPlain = {{"head_norm", "none"}};
const Json kAdamW = {{"train", {{"optimizer", "adamw"}}}};
const Json kLars = {{"base_lrs", {10, 30, 100, 300, 1000}}, {"train", {{"optimizer", "lars"}}}};

TEST(SgdProbe, IsRightOnSeparablePictures) {
  for (const Json& settings : {Json::object(), kPlain, kAdamW, kLars}) {
    const Record record = probe(raw_pixels(), toy_task(120, 80), settings).record;
    EXPECT_DOUBLE_EQ(record.headline().value, 1.0);
    EXPECT_EQ(record.headline().name, "accuracy");
    EXPECT_EQ(record.headline().n, 80);
    EXPECT_DOUBLE_EQ(value_of(record, "accuracy_selected"), 1.0);
    EXPECT_DOUBLE_EQ(value_of(record, "accuracy_best"), 1.0);
    EXPECT_EQ(record.resolved.at("tap"), "pixels");
    EXPECT_EQ(record.resolved.at("heads"), 5);
    EXPECT_EQ(record.resolved.at("trials"), 5);
    EXPECT_EQ(record.resolved.at("parameters_trained"), 4 * (64 + 1));
    EXPECT_EQ(record.resolved.at("train_examples"), 108);
    EXPECT_EQ(record.resolved.at("held_out_examples"), 12);
    EXPECT_EQ(record.resolved.at("steps"), 20 * (108 / 16));
    EXPECT_TRUE(record.curves.empty());
  }
}

TEST(SgdProbe, IsNearChanceOnLabelsThatSayNothing) {
  const Record record = probe(raw_pixels(), toy_task(400, 400, /*shuffled=*/true)).record;
  EXPECT_NEAR(record.headline().value, 0.25, 0.08);
  EXPECT_NEAR(value_of(record, "accuracy_selected"), 0.25, 0.08);
  EXPECT_GE(value_of(record, "accuracy_best"), record.headline().value);
}

TEST(SgdProbe, FeaturesFromMemoryGiveWhatPicturesGive) {
  ProtocolContext context;
  context.batch_size = 16;
  const std::vector<std::string> taps = {"cls", "block:0:mean", "cls|block:0:mean"};
  const Task task = toy_task(90, 60, /*shuffled=*/true);
  const ProtocolResult memory = probe(tiny_vit(), task, {{"evaluate_every", 5}}, taps, context);
  const Json view = {{"evaluate_every", 5}, {"train_view", "small_eval:8"}};
  const ProtocolResult pictures = probe(tiny_vit(), task, view, taps, context);
  EXPECT_EQ(comparable(memory.record, "linear_probe"), comparable(pictures.record, "linear_probe"));
  EXPECT_LT(relative_error(memory.head->weight, pictures.head->weight), 1e-6);
  EXPECT_LT(relative_error(memory.head->bias, pictures.head->bias), 1e-5);
}

TEST(SgdProbe, WithoutATrainingViewEveryPictureIsReadOnce) {
  const Task task = toy_task(40, 20);
  probe(tiny_vit(), task, {{"evaluate_every", 2}});
  EXPECT_EQ(reads_of(task), 60);
}

TEST(SgdProbe, VariesThePicturesAnewInEveryEpoch) {
  const Task task = toy_task(40, 20);
  const Json view = {{"train_view", "single_crop:8:0.5:1:bicubic+flip"}, {"train", {{"epochs", 3}}}};
  probe(tiny_vit(), task, view);
  EXPECT_GE(reads_of(task), 20 + 4 + 3 * 32) << "test, held-out train, and two full batches an epoch";
}

TEST(SgdProbe, TheNumberOfWorkersChangesNothing) {
  const Json view = {{"train_view", "single_crop:8:0.5:1:bicubic+flip"}, {"train", {{"epochs", 4}}}};
  const Task task = toy_task(90, 60, /*shuffled=*/true);
  ProtocolContext many;
  many.workers = 3;
  const ProtocolResult one = probe(tiny_vit(), task, view), three = probe(tiny_vit(), task, view, {}, many);
  EXPECT_EQ(comparable(one.record, "linear_probe"), comparable(three.record, "linear_probe"));
  EXPECT_TRUE(at::equal(one.head->weight, three.head->weight));
}

TEST(SgdProbe, TheChosenHeadIsWhatItWouldBeAlone) {
  const Task task = toy_task(90, 60, /*shuffled=*/true);
  const ProtocolResult many = probe(tiny_vit(), task, Json::object(), {"mean", "cls", "cls|mean"});
  const Json& resolved = many.record.resolved;
  const ProtocolResult alone =
      probe(tiny_vit(), task, {{"base_lrs", {resolved.at("base_lr")}}}, {resolved.at("tap")});
  EXPECT_TRUE(at::equal(many.head->weight, alone.head->weight));
  EXPECT_EQ(many.record.headline().value, alone.record.headline().value);
}

TEST(SgdProbe, ChoosesTheTapOnHeldOutTrain) {
  const Record record = probe(tap_subject(), toy_task(120, 40), {}, {"a_constant", "z_pixels"}).record;
  EXPECT_EQ(record.resolved.at("tap"), "z_pixels");
  EXPECT_DOUBLE_EQ(record.resolved.at("validation_accuracy").get<double>(), 1.0);
  EXPECT_EQ(record.resolved.at("trials"), 10);
  const Record equal =
      probe(tap_subject(), toy_task(120, 40), {{"base_lrs", {0.3, 0.1}}}, {"z_pixels", "m_pixels"}).record;
  EXPECT_EQ(equal.resolved.at("tap"), "z_pixels") << "equal taps go to the one named first";
}

TEST(SgdProbe, TestLabelsDoNotInfluenceTheChoice) {
  Task task = toy_task(120, 60);
  const ProtocolResult honest = probe(tiny_vit(), task, {{"evaluate_every", 5}});
  task.test = std::make_shared<ToyPictures>("test", 60, /*shuffled=*/true);
  const ProtocolResult other = probe(tiny_vit(), task, {{"evaluate_every", 5}});
  for (const char* key : {"tap", "base_lr", "validation_accuracy"})
    EXPECT_EQ(other.record.resolved.at(key), honest.record.resolved.at(key));
  EXPECT_EQ(other.record.resolved.at("selected").at("epoch"),
            honest.record.resolved.at("selected").at("epoch"));
  EXPECT_TRUE(at::equal(other.head->weight, honest.head->weight));
}

TEST(SgdProbe, KeepsLastSelectedAndBestApart) {
  const Task task = toy_task(120, 80, /*shuffled=*/true);
  const Json settings = {{"evaluate_every", 1}, {"base_lrs", {1, 30}}, {"held_out", 0.3}};
  const Record record = probe(tiny_vit(), task, settings, {"cls", "mean"}).record;
  const Json& table = record.resolved.at("trial_table");
  ASSERT_EQ(table.size(), 80U) << "4 heads, 20 epochs";
  EXPECT_EQ(record.resolved.at("trials"), 80);
  Json selected = table[0], best = table[0], last = table[76];
  for (size_t i = 0; i < table.size(); ++i) {
    EXPECT_EQ(table[i].at("epoch"), static_cast<double>(i / 4 + 1));
    if (table[i].at("held_out_accuracy") > selected.at("held_out_accuracy")) selected = table[i];
    if (table[i].at("test_accuracy") > best.at("test_accuracy")) best = table[i];
    if (i > 76 && table[i].at("held_out_accuracy") > last.at("held_out_accuracy")) last = table[i];
  }
  EXPECT_EQ(record.resolved.at("selected"), selected);
  EXPECT_EQ(record.resolved.at("best"), best);
  EXPECT_DOUBLE_EQ(value_of(record, "accuracy"), last.at("test_accuracy").get<double>());
  EXPECT_DOUBLE_EQ(value_of(record, "accuracy_selected"), selected.at("test_accuracy").get<double>());
  EXPECT_DOUBLE_EQ(value_of(record, "accuracy_best"), best.at("test_accuracy").get<double>());
  EXPECT_EQ(record.resolved.at("tap"), last.at("tap"));
  EXPECT_EQ(record.resolved.at("base_lr"), last.at("base_lr"));
  ASSERT_EQ(record.curves.size(), 2U);
  EXPECT_EQ(record.curves[0].x.size(), 20U);
  EXPECT_DOUBLE_EQ(record.curves[0].y.back(), value_of(record, "accuracy"));
  EXPECT_DOUBLE_EQ(record.curves[1].y.back(), last.at("held_out_accuracy").get<double>());
}

TEST(SgdProbe, AVeryLongTableKeepsItsEnd) {
  const Json settings = {{"evaluate_every", 1}, {"train", {{"epochs", 45}}}};
  const Record record = probe(raw_pixels(), toy_task(40, 12), settings).record;
  EXPECT_EQ(record.resolved.at("trials"), 225);
  ASSERT_EQ(record.resolved.at("trial_table").size(), 200U);
  EXPECT_EQ(record.resolved.at("trial_table").back().at("epoch"), 45.0);
}

TEST(SgdProbe, ASingleHeadNeedsNothingHeldOut) {
  const Json settings = {{"held_out", 0}, {"base_lrs", {0.1}}, {"evaluate_every", 4}};
  const Record record = probe(raw_pixels(), toy_task(64, 30), settings).record;
  EXPECT_EQ(record.find("accuracy_selected"), nullptr);
  EXPECT_FALSE(record.resolved.contains("validation_accuracy"));
  EXPECT_FALSE(record.resolved.contains("selected"));
  EXPECT_EQ(record.resolved.at("train_examples"), 64);
  EXPECT_EQ(record.curves.size(), 1U);
  EXPECT_TRUE(record.warnings.empty());
}

TEST(SgdProbe, ReportsThatTheEncoderDidNotMove) {
  const Json view = {{"train_view", "small_eval:8"}, {"train", {{"epochs", 2}}}};
  for (const Json& settings : {Json::object(), view}) {
    const Subject subject = tiny_vit();
    const Record record = probe(subject, toy_task(64, 20), settings).record;
    EXPECT_EQ(record.resolved.at("backbone_sha256_before"), subject.sha256);
    EXPECT_EQ(record.resolved.at("backbone_sha256_after"), subject.sha256);
  }
}

TEST(SgdProbe, GivesAHeadThatBelongsToTheEncoder) {
  const Task task = toy_task(90, 60, /*shuffled=*/true);
  const Subject subject = tiny_vit();
  const ProtocolResult result = probe(subject, task, {}, {"cls|mean"});
  ASSERT_TRUE(result.head.has_value());
  EXPECT_EQ(result.head->encoder_sha256, subject.sha256);
  EXPECT_EQ(result.head->tap, "cls|mean");
  EXPECT_EQ(result.head->trained_as, "softmax");
  const std::vector<std::string> taps = {"cls+mean"};
  const FeatureSet features =
      compute_features(*subject.encoder, task.test, task.test_examples, task.view, taps, {});
  const Classification judged =
      classify(head_scores(*result.head, features.by_tap.at("cls+mean")), features.labels);
  EXPECT_DOUBLE_EQ(judged.accuracy(), result.record.headline().value);
}

TEST(SgdProbe, AHeadThatDivergesIsDroppedAndNamed) {
  const Json settings = {{"base_lrs", {0.1, 1e6, 0.3}},
                         {"evaluate_every", 10},
                         {"train", {{"epochs", 30}, {"weight_decay", 1}}}};
  const Record record = probe(raw_pixels(), toy_task(64, 30), settings).record;
  EXPECT_DOUBLE_EQ(record.headline().value, 1.0);
  int64_t told = 0;
  for (const std::string& warning : record.warnings)
    told += contains(warning, "1 of 3 heads diverged and were dropped: pixels with base_lr 1000000 in step ")
                ? 1
                : 0;
  EXPECT_EQ(told, 1);
  const Json& last = record.resolved.at("trial_table")[7];
  EXPECT_EQ(last.at("base_lr"), 1e6);
  EXPECT_GT(last.at("diverged_at_step"), 1);
  EXPECT_FALSE(last.contains("test_accuracy"));
  EXPECT_EQ(record.resolved.at("trials"), 9);
  const std::string message = error_message<std::runtime_error>([&] {
    probe(raw_pixels(), toy_task(64, 30), {{"base_lrs", {1e6, 9e5}}, {"train", {{"weight_decay", 1}}}});
  });
  EXPECT_TRUE(message.starts_with("[train] step ")) << message;
  EXPECT_PRED2(contains, message, "expected a finite loss; got nan");
}

TEST(SgdProbe, AClassWithoutTrainingPicturesIsJustNeverRight) {
  Task task = toy_task(120, 40);
  std::vector<int64_t> without;
  for (int64_t i = 0; i < 120; ++i) {
    if (task.train->label(i) != 2) without.push_back(i);
  }
  task.train_examples = these_examples(*task.train, without);
  const Record record = probe(raw_pixels(), task).record;
  EXPECT_DOUBLE_EQ(record.headline().value, 0.75);
  EXPECT_EQ(record.headline().n, 40);
}

TEST(SgdProbe, JudgesAFileOfFeatures) {
  const ScratchFolder folder;
  const at::Tensor labels = at::arange(60, at::kLong).remainder(3);
  save_tensors(folder / "f.safetensors", {{"features", at::one_hot(labels, 3).to(at::kFloat) +
                                                           0.1 * at::sin(at::arange(180)).view({60, 3})},
                                          {"labels", labels}});
  const Subject subject = feature_subject(folder / "f.safetensors", "");
  Task task;
  const std::vector<int64_t> rows = subject.features->rows_of_split("train");
  task.train = std::make_shared<FeatureRows>(subject.features, rows, "train");
  task.test = std::make_shared<FeatureRows>(subject.features, rows, "test");
  task.train_examples = all_examples(*task.train);
  task.test_examples = all_examples(*task.test);
  const Record record = probe(subject, task).record;
  EXPECT_DOUBLE_EQ(record.headline().value, 1.0);
  EXPECT_FALSE(record.resolved.contains("backbone_sha256_before"));
  EXPECT_EQ(refusal(subject, task, {{"train_view", "small_eval:8"}}),
            "[linear_probe] key 'sgd.train_view': expected none with a file of features; got 'small_eval:8'");
}

TEST(SgdProbe, NamesTheSettingThatCannotBe) {
  const Task task = toy_task(40, 8);
  const Subject subject = tiny_vit();
  const auto message = [&](const Json& sgd) { return refusal(subject, task, sgd); };
  const auto train = [](const char* key, double value) { return Json{{"train", {{key, value}}}}; };
  const std::string where = "[linear_probe] key 'sgd.";
  EXPECT_EQ(message({{"base_lrs", Json::array()}}),
            where + "base_lrs': expected at least one, each once; got ");
  EXPECT_PRED2(contains, message({{"base_lrs", {1, 2, 1}}}),
               where + "base_lrs': expected at least one, each once");
  EXPECT_PRED2(contains, message({{"base_lrs", {-1.0}}}), "key 'sgd.base_lrs'");
  EXPECT_EQ(message({{"held_out", 0}}), where + "held_out': expected a share above 0 to choose among " +
                                            std::to_string(5 * subject.encoder->default_taps().size()) +
                                            " heads; got 0");
  EXPECT_EQ(message(train("base_lr", 0.5)),
            where + "train.base_lr': expected no change: sgd.base_lrs are the rates; got 0.5");
  EXPECT_EQ(message(train("lr", 0.5)),
            where + "train.lr': expected no change: sgd.base_lrs are the rates; got 0.5");
  EXPECT_PRED2(contains, message(train("clip_norm", 1)), where + "train.clip_norm': expected 0 with ");
  EXPECT_EQ(message(train("batch_size", 1)),
            where + "train.batch_size': expected at least 2 examples with batch norm; got 1");
  EXPECT_EQ(
      message(train("batch_size", 64)),
      where + "train.batch_size': expected at most the 36 training examples, accumulation included; got 64");
  EXPECT_EQ(
      message(train("accumulation", 3)),
      where + "train.batch_size': expected at most the 36 training examples, accumulation included; got 48");
  EXPECT_EQ(message({{"train_view", "2*small_eval:8"}}),
            where + "train_view': expected one view of each picture; got 2");
  EXPECT_PRED2(contains, message({{"train_view", "crop"}}), "crop");
  EXPECT_PRED2(contains, message({{"head_nrom", "none"}}), "did you mean 'sgd.head_norm'");
  EXPECT_PRED2(contains, message(train("warmup_epochs", 30)), "warmup_epochs");
  EXPECT_EQ(reads_of(task), 48) << "nothing was read but for the last, which the trainer refuses";
  EXPECT_PRED2(contains, refusal(subject, task, {}, {"cls", "cls"}),
               "key 'taps': expected at least one, each once");
  EXPECT_PRED2(contains, refusal(subject, task, {}, {"cls|clss"}), "'clss'");
  EXPECT_PRED2(contains, refusal(subject, task, {}, {"cls|"}), "with | between them");
  EXPECT_PRED2(contains, refusal(tap_subject(), task, {}, {"tokens"}), "key 'taps'");
}

TEST(SgdProbe, WarnsWhereTheChosenRateIsAtTheEdge) {
  const auto warned = [](const std::vector<double>& rates) {
    const Record record = probe(raw_pixels(), toy_task(120, 40), {{"base_lrs", rates}}).record;
    int64_t count = 0;
    for (const std::string& warning : record.warnings)
      count += contains(warning, "at the edge of its grid") ? 1 : 0;
    return count;
  };
  EXPECT_EQ(warned({0.1, 0.3}), 1);
  EXPECT_EQ(warned({0.1}), 0) << "a single rate is no choice";
  EXPECT_EQ(warned({0.1, 0.001, 10}), 0) << "the edges are of the values, not of the list";
}

/// Settings of papers, for `repbench evaluate --settings`.
TEST(SgdProbeRecipes, AreSettingsThatTheProtocolTakes) {
  const auto folder =
      std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "configs/protocols";
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    Json settings = read_json(entry.path());
    if (settings.at("protocol") != "linear_probe" || settings.at("classifier") != "sgd") continue;
    names.insert(entry.path().stem().string());
    settings.erase("protocol");
    const std::unique_ptr<Protocol> protocol = find_protocol("linear_probe").make();
    Options fields;
    protocol->describe(fields);
    fields.set_all(settings, entry.path().string());
    EXPECT_EQ(make_views(settings.at("sgd").at("train_view").get<std::string>()).size(), 1U) << entry.path();
  }
  EXPECT_EQ(names, (std::set<std::string>{"dino_linear_probe", "dinov2_linear_probe", "mae_linear_probe",
                                          "moco_v3_linear_probe"}));
}

}  // namespace
}  // namespace repbench
