#include <gtest/gtest.h>

#include <cmath>

#include "files/atomic.h"
#include "protocols/zero_shot_classifier.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/protocols/several_labels.h"
#include "tests/protocols/toy_clip.h"

namespace repbench {
namespace {

using Names = std::vector<std::string>;

const Names kNames = {"top left", "top right", "bottom left", "bottom right"};

class ZeroShot : public testing::Test {
 protected:
  /// A file of prompts.
  std::string prompts(const Names& names, const Names& templates, const std::string& set = "words") const {
    const std::filesystem::path file = folder_ / (set + ".json");
    Json json = {{"source", "a test"}, {"templates", templates}};
    if (!names.empty()) json["class_names"] = names;
    write_file_atomically(file, json.dump());
    return file.string();
  }

  static Record run(const Subject& subject, const Task& task, const Json& settings) {
    return run_protocol("zero_shot", settings, subject, task).record;
  }

  static std::string error_of(const Subject& subject, const Task& task, const Json& settings) {
    return error_message<std::invalid_argument>([&] { run(subject, task, settings); });
  }

  static const Metric& metric(const Record& record, const std::string& name) {
    const Metric* found = record.find(name);
    if (found == nullptr) throw std::runtime_error("no metric " + name);
    return *found;
  }

  /// "not NAME" is the next class.
  static Phrases with_negations() {
    Phrases phrases = toy_phrases();
    for (size_t k = 0; k < kNames.size(); ++k) {
      std::vector<float> vector(4, 0.F);
      vector[k] = -1;
      vector[(k + 1) % 4] = 1;
      phrases["not " + kNames[k]] = vector;
    }
    return phrases;
  }

  ScratchFolder folder_;
};

TEST_F(ZeroShot, IsRightWhereWordsMeanWhatPicturesShow) {
  const Record record = run(toy_clip(), toy_task(8, 40), {{"prompts", toy_prompts()}});
  EXPECT_EQ(record.headline().name, "accuracy");
  EXPECT_DOUBLE_EQ(record.headline().value, 1.0);
  EXPECT_EQ(record.headline().n, 40);
  EXPECT_DOUBLE_EQ(record.headline().chance.value(), 0.25);
  EXPECT_DOUBLE_EQ(metric(record, "accuracy_single_prompt").value, 1.0);
  EXPECT_EQ(record.resolved.at("templates"), 2);
  EXPECT_EQ(record.resolved.at("classes"), 4);
  EXPECT_EQ(record.resolved.at("prompts_source"), "a test");
  EXPECT_EQ(record.resolved.at("class_names_from"), "prompts");
  EXPECT_EQ(record.outcomes.value().tables.at(0).ids.at(39), "test/39");
  EXPECT_TRUE(record.warnings.empty());
}

TEST_F(ZeroShot, ReadsNoTrainingPicture) {
  const Task task = toy_task(8, 40);
  run(toy_clip(), task, {{"prompts", toy_prompts()}});
  EXPECT_EQ(reads_of(task), 40);
}

TEST_F(ZeroShot, ComparesTheEnsembleWithItsFirstPrompt) {
  const std::string words = prompts(kNames, {"not {}", "a {}", "the {}"});
  const Record record = run(toy_clip(with_negations()), toy_task(8, 12), {{"prompts", words}});
  EXPECT_DOUBLE_EQ(record.headline().value, 1.0);
  EXPECT_DOUBLE_EQ(metric(record, "accuracy_single_prompt").value, 0.0);
  const Json& pair = record.resolved.at("ensemble_against_single_prompt");
  EXPECT_EQ(pair.at("only_ensemble_correct"), 12);
  EXPECT_EQ(pair.at("only_single_correct"), 0);
  EXPECT_NEAR(pair.at("mcnemar_mid_p").get<double>(), std::pow(0.5, 12), 1e-12);
  EXPECT_EQ(record.outcomes.value().column("correct"), std::vector<double>(12, 1));
  EXPECT_EQ(record.outcomes->column(metric(record, "accuracy_single_prompt").column),
            std::vector<double>(12, 0));
}

TEST_F(ZeroShot, TheFirstPromptCanBeTheHeadline) {
  const std::string words = prompts(kNames, {"not {}", "a {}", "the {}"});
  const Record record =
      run(toy_clip(with_negations()), toy_task(8, 12), {{"prompts", words}, {"templates", "single"}});
  EXPECT_DOUBLE_EQ(record.headline().value, 0.0);
  EXPECT_DOUBLE_EQ(metric(record, "accuracy_ensemble").value, 1.0);
  EXPECT_EQ(record.outcomes.value().column("correct_ensemble"), std::vector<double>(12, 1));
}

// Each prompt is normalised before the mean: a long feature counts no more than a short one.
TEST_F(ZeroShot, EveryPromptOfAnEnsembleCountsAlike) {
  Phrases phrases = with_negations();
  phrases["loud top left"] = {8, 0, 0, 0};
  const ZeroShotClassifier made = make_zero_shot_classifier(
      toy_clip(phrases), prompts(kNames, {"loud {}", "not {}"}), *toy_task(8, 4).test, {}, "test");
  const auto half = static_cast<float>(std::sqrt(0.5));
  EXPECT_TRUE(at::allclose(made.ensemble[0], at::tensor({half, half, 0.F, 0.F})));
  EXPECT_TRUE(at::allclose(made.single[0], at::tensor({1.F, 0.F, 0.F, 0.F})));
  EXPECT_EQ(made.ensemble.size(0), 4);
}

TEST_F(ZeroShot, TakesTheDataSetsNamesWhereThePromptsHaveNone) {
  const Record record = run(toy_clip(), toy_task(8, 20), {{"prompts", prompts({}, {"at the {}"})}});
  EXPECT_DOUBLE_EQ(record.headline().value, 1.0);
  EXPECT_EQ(record.resolved.at("class_names_from"), "data set");
}

TEST_F(ZeroShot, OneNameForTwoClassesIsReportedAndTheLowerClassPredicted) {
  const std::string words = prompts({"top left", "top left", "bottom left", "bottom right"}, {"a {}"});
  const Record record = run(toy_clip(), toy_task(8, 20), {{"prompts", words}});
  EXPECT_DOUBLE_EQ(record.headline().value, 0.75);
  for (const double prediction : record.outcomes.value().column("prediction")) EXPECT_NE(prediction, 1);
  EXPECT_PRED2(warns, record, "classes 0 and 1 have the same name 'top left'");
}

TEST_F(ZeroShot, NamesInAnotherOrderAreMatchedByNameAndReported) {
  const std::string words = prompts({"Bottom Right", "Top Left", "Bottom Left", "Top Right"}, {"a {}"});
  const Record record = run(toy_clip(), toy_task(8, 20), {{"prompts", words}});
  EXPECT_DOUBLE_EQ(record.headline().value, 1.0);
  EXPECT_PRED2(warns, record, "in another order than the data set's labels");
}

TEST_F(ZeroShot, ANameOfAnotherClassIsReported) {
  const std::string words = prompts({"top right", "something", "bottom left", "bottom right"}, {"a {}"});
  EXPECT_PRED2(warns, run(toy_clip(), toy_task(8, 20), {{"prompts", words}}),
               "'top right', the data set's name of class 1");
}

TEST_F(ZeroShot, PermutedNamesThatNobodyKnowsAreFoundByTheirScores) {
  const Phrases phrases = {
      {"north", {1, 0, 0, 0}}, {"east", {0, 1, 0, 0}}, {"south", {0, 0, 1, 0}}, {"west", {0, 0, 0, 1}}};
  const Task task = toy_task(8, 40);
  const Record good =
      run(toy_clip(phrases), task, {{"prompts", prompts({"north", "east", "south", "west"}, {"{}"})}});
  EXPECT_DOUBLE_EQ(good.headline().value, 1.0);
  EXPECT_FALSE(good.resolved.contains("best_permuted_accuracy"));
  const Record bad =
      run(toy_clip(phrases), task, {{"prompts", prompts({"west", "north", "east", "south"}, {"{}"})}});
  EXPECT_DOUBLE_EQ(bad.headline().value, 0.0);
  EXPECT_DOUBLE_EQ(bad.resolved.at("best_permuted_accuracy").get<double>(), 1.0);
  EXPECT_PRED2(warns, bad, "class names look permuted");
}

TEST_F(ZeroShot, LabelsThatSayNothingAreNearChanceAndNotPermuted) {
  const Record record = run(toy_clip(), toy_task(8, 400, /*shuffled=*/true), {{"prompts", toy_prompts()}});
  EXPECT_NEAR(record.headline().value, 0.25, 0.08);
  EXPECT_LT(record.resolved.at("best_permuted_accuracy").get<double>(), 0.5);
  EXPECT_TRUE(record.warnings.empty());
}

TEST_F(ZeroShot, PromptsThatAreCutAreReported) {
  const Record record = run(toy_clip(toy_phrases(), 9), toy_task(8, 8), {{"prompts", prompts({}, {"{}"})}});
  EXPECT_PRED2(warns, record, "3 of 4 texts were cut to 9 tokens");
}

TEST_F(ZeroShot, AListOfClassNamesOfAnotherLengthIsAnError) {
  const std::string message =
      error_of(toy_clip(), toy_task(8, 8), {{"prompts", prompts({"top left", "top right", "left"}, {"{}"})}});
  EXPECT_PRED2(contains, message, "[zero_shot] key 'prompts'");
  EXPECT_PRED2(contains, message, "the 4 classes of toy_pictures");
  EXPECT_PRED2(contains, message, "3 names in the prompt set 'words'");
}

TEST_F(ZeroShot, TextsOfEachClassesOwnAreFoundByItsName) {
  const std::string file = (folder_ / "cupl.json").string();
  const auto write = [&](const Json& texts) { write_file_atomically(file, texts.dump()); };
  // In another order and spelling; of two texts of a class the mean counts.
  write({{"Bottom_Right", {"bottom right"}},
         {"top left", {"top left", "top left indeed"}},
         {"top right", {"top right"}},
         {"bottom left", {"bottom left"}}});
  const Record record = run(toy_clip(), toy_task(8, 40), {{"prompts", file}});
  EXPECT_EQ(record.headline().value, 1.0);
  EXPECT_EQ(record.resolved.at("texts"), 5);
  EXPECT_EQ(record.find("accuracy_single_prompt"), nullptr);
  EXPECT_PRED2(contains, error_of(toy_clip(), toy_task(8, 8), {{"prompts", file}, {"templates", "single"}}),
               "[zero_shot] key 'templates': expected 'ensemble'");
  write({{"top left", {"a"}}, {"top right", {"b"}}, {"bottom left", {"c"}}, {"bottom rigth", {"d"}}});
  EXPECT_PRED2(
      contains, error_of(toy_clip(), toy_task(8, 8), {{"prompts", file}}),
      "expected texts for the class 'bottom right' in the prompt set 'cupl'; got texts for 4 other names "
      "(did you mean 'bottom rigth'?)");
}

TEST_F(ZeroShot, NoneEncodesTheClassNamesAsTheyAre) {
  const Record record = run(toy_clip(), toy_task(8, 40), {{"prompts", "none"}});
  EXPECT_EQ(record.headline().value, 1.0);
  EXPECT_EQ(record.resolved.at("first_template"), "{}");
}

TEST_F(ZeroShot, AnEncoderWithoutATextSideIsAnError) {
  EXPECT_EQ(error_of(tiny_vit(), toy_task(8, 8), {{"prompts", toy_prompts()}}),
            "[zero_shot] expected an encoder with a text side; got vit");
}

TEST_F(ZeroShot, ADataSetThatNobodyWrotePromptsForGetsThePlainestTemplateAndAWarning) {
  const Record record = run(toy_clip(), toy_task(8, 8), Json::object());
  EXPECT_EQ(record.resolved.at("first_template"), "a photo of a {}.");
  EXPECT_EQ(record.resolved.at("class_names_from"), "data set");
  EXPECT_PRED2(warns, record, "there are no prompts for toy_pictures");
}

TEST_F(ZeroShot, OtherSetsOfPromptsAreComparedOnTheSamePictures) {
  const std::string good = prompts(kNames, {"a {}"}, "good"), bad = prompts(kNames, {"not {}"}, "bad"),
                    mixed = prompts(kNames, {"a {}", "not {}", "the {}"}, "mixed");
  const Record record =
      run(toy_clip(with_negations()), toy_task(8, 12), {{"prompts", good}, {"compare", {bad, mixed}}});
  EXPECT_DOUBLE_EQ(record.headline().value, 1.0);
  EXPECT_DOUBLE_EQ(metric(record, "accuracy_prompts_bad").value, 0.0);
  EXPECT_DOUBLE_EQ(metric(record, "accuracy_prompts_mixed").value, 1.0);
  EXPECT_DOUBLE_EQ(metric(record, "accuracy_prompts_bad").chance.value(), 0.25);
  EXPECT_EQ(record.outcomes->column("correct_prompts_bad"), std::vector<double>(12, 0));
  const Json& worse = record.resolved.at("compared").at("bad");
  EXPECT_EQ(worse.at("only_headline_correct"), 12);
  EXPECT_NEAR(worse.at("mcnemar_mid_p").get<double>(), std::pow(0.5, 12), 1e-12);
  EXPECT_EQ(record.resolved.at("compared").at("mixed").at("mcnemar_mid_p"), 1.0);
  EXPECT_EQ(record.resolved.at("compared").at("mixed").at("templates"), 3);
  EXPECT_PRED2(contains, error_of(toy_clip(), toy_task(8, 8), {{"prompts", good}, {"compare", {bad, bad}}}),
               "key 'compare': expected sets of different names; got 'bad' twice");
}

TEST_F(ZeroShot, ASubsetOfTheClassesIsAllThatCanBePredicted) {
  // Pictures of two classes alone; the words of the others are the very words of these.
  Phrases phrases = {{"one", {1, 0, 0, 0}}, {"two", {0, 0, 0, 1}}};
  const std::string words = prompts({"one one", "two", "one", "two two"}, {"a {}"});
  Task task = toy_task(8, 40);
  std::vector<int64_t> of_two;
  for (int64_t i = 0; i < 40; ++i) {
    if (i % 4 == 0 || i % 4 == 3) of_two.push_back(i);
  }
  task.test_examples = these_examples(*task.test, of_two);
  EXPECT_DOUBLE_EQ(run(toy_clip(phrases), task, {{"prompts", words}}).headline().value, 0.5)
      << "class 1 has the words of class 3 and comes first";
  for (const Json& classes : {Json{"Bottom_Right", "top left"}, Json{"3", "0"}}) {
    const Record record = run(toy_clip(phrases), task, {{"prompts", words}, {"classes", classes}});
    EXPECT_DOUBLE_EQ(record.headline().value, 1.0);
    EXPECT_DOUBLE_EQ(record.headline().chance.value(), 0.5);
    EXPECT_EQ(record.outcomes->class_names, (Names{"top left", "bottom right"}));
    EXPECT_EQ(record.outcomes->tables[0].labels[1], 1);
    EXPECT_EQ(record.resolved.at("classes"), 2);
    EXPECT_EQ(record.resolved.at("classes_of"), 4);
  }
  write_file_atomically(folder_ / "subset.json", R"(["top left", 3])");
  const Json from_file = {(folder_ / "subset.json").string()};
  EXPECT_DOUBLE_EQ(
      run(toy_clip(phrases), task, {{"prompts", words}, {"classes", from_file}}).headline().value, 1.0);
}

TEST_F(ZeroShot, ASubsetThatDoesNotFitIsAnError) {
  const auto message = [&](const Json& classes) {
    return error_of(toy_clip(), toy_task(8, 8), {{"prompts", toy_prompts()}, {"classes", classes}});
  };
  EXPECT_EQ(
      message({"top left", "top right"}),
      "[zero_shot] key 'classes': expected test pictures of these 2 classes alone; got 'test/2' of class 2 "
      "('bottom left')");
  EXPECT_PRED2(contains, message({"top lift"}),
               "by name or number; got 'top lift' (did you mean 'top left'?)");
  EXPECT_PRED2(contains, message({"4"}), "one of the 4 classes of toy_pictures, by name or number; got '4'");
  EXPECT_PRED2(contains, message({"-1"}), "got '-1'");
  EXPECT_PRED2(contains, message({"top left", "0"}), "each class once; got class 0 twice");
  write_file_atomically(folder_ / "none.json", "[]");
  EXPECT_PRED2(contains, message({(folder_ / "none.json").string()}),
               "none.json: expected at least one class");
}

TEST_F(ZeroShot, PermutedNamesOfASubsetAreFoundByTheirScores) {
  Phrases phrases = toy_phrases();
  std::swap(phrases["top left"], phrases["top right"]);
  Task task = toy_task(8, 80);
  std::vector<int64_t> of_two;
  for (int64_t i = 0; i < 80; ++i) {
    if (i % 4 < 2) of_two.push_back(i);
  }
  task.test_examples = these_examples(*task.test, of_two);
  const Record record =
      run(toy_clip(phrases), task, {{"prompts", toy_prompts()}, {"classes", {"top left", "top right"}}});
  EXPECT_DOUBLE_EQ(record.headline().value, 0.0);
  EXPECT_DOUBLE_EQ(record.resolved.at("best_permuted_accuracy").get<double>(), 1.0);
  EXPECT_PRED2(warns, record, "class names look permuted");
}

TEST_F(ZeroShot, ASetForMoreClassesServesADataSetOfSomeOfThem) {
  const Names more = {"elephant", "Bottom Right", "top left", "bottom left", "zebra", "top-right"};
  const Record record = run(toy_clip(), toy_task(8, 20), {{"prompts", prompts(more, {"a {}"})}});
  // The toy tokenizer's "top-right" is no phrase: its class is never right.
  EXPECT_DOUBLE_EQ(record.headline().chance.value(), 0.25);
  EXPECT_EQ(record.resolved.at("classes"), 4);
  EXPECT_PRED2(warns, record,
               "the prompt set 'words' names 6 classes: the data set's 4 were found in it by name");
  const Names lacking = {"elephant", "bottom right", "top left", "bottom leaf", "top right"};
  EXPECT_PRED2(contains, error_of(toy_clip(), toy_task(8, 20), {{"prompts", prompts(lacking, {"a {}"})}}),
               "got 5 names in the prompt set 'words', without 'bottom left' (did you mean 'bottom leaf'?)");
}

// As "missile" is the name of two classes of ImageNet; sums of a matrix product may differ by place.
TEST(Cosines, OfEqualVectorsAreEqualBitForBit) {
  at::manual_seed(3);
  const at::Tensor features = at::randn({301, 67});
  at::Tensor vectors = at::randn({1000, 67});
  vectors = vectors / vectors.norm(2, {1}, true);
  vectors[744] = vectors[657];
  vectors[837] = vectors[836];
  const at::Tensor scores = cosines(features, vectors);
  EXPECT_TRUE(at::equal(scores.select(1, 744), scores.select(1, 657)));
  EXPECT_TRUE(at::equal(scores.select(1, 837), scores.select(1, 836)));
  const at::Tensor expected = (features / features.norm(2, {1}, true)).matmul(vectors.t());
  EXPECT_LT((scores - expected).abs().max().item<double>(), 1e-6);
}

class Classless final : public ToyPictures {
 public:
  using ToyPictures::ToyPictures;
  const Names& class_names() const override { return none_; }

 private:
  Names none_;
};

TEST_F(ZeroShot, ADataSetWithoutClassesIsAnError) {
  Task task = toy_task(8, 8);
  task.test = std::make_shared<Classless>("test", 8);
  EXPECT_EQ(error_of(toy_clip(), task, {{"prompts", toy_prompts()}}),
            "[zero_shot] expected a data set with classes; got toy_pictures, which has none");
}

TEST_F(ZeroShot, RanksPicturesOfSeveralClassesByASoftmaxOverThem) {
  const Json settings = {{"prompts", toy_prompts()}, {"headline", "mean_average_precision_11_point"}};
  const Record record = run_protocol("zero_shot", settings, toy_clip(), several_labels_task()).record;
  EXPECT_EQ(record.headline().name, "mean_average_precision_11_point");
  EXPECT_GT(record.headline().value, 0.7);
  EXPECT_LT(record.headline().value, 1.0) << "nothing in the pictures says that class 0 is theirs, too";
  EXPECT_NE(record.find("mean_average_precision"), nullptr);
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                 run_protocol("zero_shot", {{"prompts", toy_prompts()}, {"classes", {"top left"}}},
                              toy_clip(), several_labels_task());
               }),
               "key 'classes'");
}

}  // namespace
}  // namespace repbench
