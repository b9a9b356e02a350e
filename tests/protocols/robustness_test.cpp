#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgcodecs.hpp>

#include "files/atomic.h"
#include "protocols/corruption_error.h"
#include "protocols/effective_robustness.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/protocols/tap_encoder.h"
#include "tests/protocols/toy_clip.h"

namespace repbench {
namespace {

using Names = std::vector<std::string>;

const Json kTwo = {
    {"corruptions", {"gaussian_noise", "contrast"}}, {"severities", {5, 1, 1}}, {"prompts", toy_prompts()}};

double value(const Record& record, const std::string& metric) {
  const Metric* found = record.find(metric);
  if (found == nullptr) throw std::runtime_error("no metric " + metric);
  return found->value;
}

class Robustness : public testing::Test {
 protected:
  static Record run(const Json& changes, const Subject& subject = toy_clip(),
                    const Task& task = toy_task(64, 40), const ProtocolContext& context = {}) {
    Json settings = kTwo;
    if (changes.is_object()) settings.update(changes);
    return run_protocol("robustness", settings, subject, task, context).record;
  }

  static std::string error_of(const Json& changes) {
    return error_message<std::invalid_argument>([&] { run(changes); });
  }

  /// Written as a report of these test pictures.
  std::string saved(Record record, const Task& task, const std::string& name) const {
    record.protocol = "robustness";
    record.checkpoint = {{"label", name}, {"kind", "toy"}, {"sha256", "ab"}};
    record.dataset = {
        {"name", "toy"},
        {"hashes",
         {{"test_data", task.test->provenance().sha256}, {"test_examples", task.test_examples.hash}}}};
    record.fingerprint = fingerprint(record);
    write_record(folder_ / name, record);
    return (folder_ / name / "report.json").string();
  }

  /// A folder of pictures, `count` of each of these classes; of `wrong` of them a quadrant of another is
  /// bright.
  std::string pictures(const std::string& name, const Names& classes, int count, int wrong) const {
    const ToyPictures toys(name, 4000);
    const Names& quadrants = toys.class_names();
    for (const std::string& title : classes) {
      const auto quadrant = std::find(quadrants.begin(), quadrants.end(), title) - quadrants.begin();
      for (int i = 0; i < count; ++i) {
        const int64_t bright = std::max<int64_t>(quadrant, 0) + (i < wrong ? 1 : 0);
        Image image = std::get<Image>(toys.get(4 * i + bright % 4).picture);
        std::vector<uint8_t> file;
        cv::imencode(".png", cv::Mat(8, 8, CV_8U, image.pixels.data()), file);
        write_file_atomically(folder_ / name / title / (std::to_string(i) + ".png"),
                              std::string(file.begin(), file.end()));
      }
    }
    return "image_folder:" + (folder_ / name).string();
  }

  std::string line(const std::string& text) const {
    write_file_atomically(folder_ / "line.json", text);
    return (folder_ / "line.json").string();
  }

  ScratchFolder folder_;
};

TEST_F(Robustness, JudgesCleanAndCorruptedPicturesByClassTexts) {
  const Task task = toy_task(64, 40);
  const Record record = run({}, toy_clip(), task);
  EXPECT_EQ(reads_of(task), 40 * 5) << "clean and two severities of two corruptions, no training picture";
  EXPECT_EQ(record.headline().name, "accuracy_corrupted");
  EXPECT_EQ(record.headline().n, 40);
  EXPECT_DOUBLE_EQ(value(record, "accuracy_clean"), 1.0);
  const double noise = value(record, "accuracy_corrupted_gaussian_noise"),
               contrast = value(record, "accuracy_corrupted_contrast");
  EXPECT_DOUBLE_EQ(contrast, 1.0) << "less contrast leaves the brightest quadrant the brightest";
  EXPECT_NEAR(record.headline().value, (noise + contrast) / 2, 1e-12);
  EXPECT_EQ(record.resolved.at("head"), "zero_shot");
  EXPECT_EQ(record.resolved.at("severities"), Json({1, 5}));
  for (const double share : record.outcomes->column("correct_gaussian_noise"))
    EXPECT_TRUE(share == 0 || share == 0.5 || share == 1);
  EXPECT_EQ(record.outcomes->column("correct_clean"), std::vector<double>(40, 1));
  ASSERT_EQ(record.curves.size(), 2U);
  EXPECT_EQ(record.curves[0].name, "noise");
  EXPECT_EQ(record.curves[1].name, "digital");
  EXPECT_EQ(record.curves[0].x, (std::vector<double>{0, 1, 5}));
  EXPECT_DOUBLE_EQ(record.curves[0].y[0], 1.0);
  EXPECT_NEAR((record.curves[0].y[1] + record.curves[0].y[2]) / 2, noise, 1e-12);
}

TEST_F(Robustness, SeesWhatAViewWithThatCorruptionShows) {
  ProtocolContext context;
  context.seed = 4;
  const Record record =
      run({{"corruptions", {"impulse_noise"}}, {"severities", {5}}}, toy_clip(), toy_task(64, 200), context);
  Task task = toy_task(64, 200);
  task.view += "+impulse_noise:5:4";
  const Record direct = run_protocol("zero_shot", {{"prompts", toy_prompts()}}, toy_clip(), task).record;
  EXPECT_EQ(record.outcomes->column("correct_impulse_noise"), direct.outcomes->column("correct"));
}

TEST_F(Robustness, AProbeOnCleanPicturesIsTheHeadWithoutTexts) {
  const Record record = run({}, tap_subject());
  EXPECT_EQ(record.resolved.at("head"), "linear_probe");
  EXPECT_EQ(record.resolved.at("tap"), "z_pixels");
  EXPECT_DOUBLE_EQ(value(record, "accuracy_clean"), 1.0);
  EXPECT_GT(value(record, "accuracy_corrupted_contrast"), 0.3);
  EXPECT_EQ(run({{"head", "linear_probe"}}).resolved.at("tap"), "quadrants");
  EXPECT_EQ(run({{"head", "linear_probe"}, {"tap", "constant"}}).resolved.at("tap"), "constant");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                 run({{"head", "zero_shot"}}, tap_subject());
               }),
               "[robustness] expected an encoder with a text side; got taps");
}

TEST_F(Robustness, ShuffledLabelsGiveChance) {
  const Record record = run({}, toy_clip(), toy_task(64, 600, /*shuffled=*/true));
  EXPECT_NEAR(value(record, "accuracy_clean"), 0.25, 0.08);
  EXPECT_NEAR(value(record, "accuracy_corrupted"), 0.25, 0.08);
  EXPECT_DOUBLE_EQ(record.headline().chance.value(), 0.25);
}

TEST_F(Robustness, DoesNotDependOnBatchesAndWorkers) {
  const Json settings = {{"corruptions", {"snow", "glass_blur", "shot_noise"}}};
  ProtocolContext other;
  other.batch_size = 7;
  other.workers = 3;
  const Record a = run(settings), b = run(settings, toy_clip(), toy_task(64, 40), other);
  EXPECT_EQ(comparable(a, "robustness"), comparable(b, "robustness"));
  other.seed = 1;
  EXPECT_NE(comparable(a, "robustness"),
            comparable(run(settings, toy_clip(), toy_task(64, 40), other), "robustness"));
}

TEST_F(Robustness, CorruptedFeaturesAreCached) {
  const Task task = toy_task(64, 40);
  ProtocolContext context;
  context.cache = folder_.path();
  const Record a = run({}, toy_clip(), task, context);
  const int64_t reads = reads_of(task);
  EXPECT_EQ(comparable(a, "robustness"), comparable(run({}, toy_clip(), task, context), "robustness"));
  EXPECT_EQ(reads_of(task), reads);
}

TEST_F(Robustness, NamesTheNearestCorruption) {
  EXPECT_PRED2(contains, error_of({{"corruptions", {"gausian_noise"}}}),
               "got 'gausian_noise' (did you mean 'gaussian_noise'?)");
  EXPECT_PRED2(contains, error_of({{"corruptions", {"frost"}}}), "got 'frost'");
  EXPECT_EQ(error_of({{"corruptions", {"fog", "fog"}}}),
            "[robustness] key 'corruptions': expected each once; got fog twice");
  EXPECT_EQ(error_of({{"severities", Json::array()}}),
            "[robustness] key 'severities': expected at least one; got none");
  EXPECT_EQ(error_of({{"corruptions", Json::array()}}),
            "[robustness] key 'corruptions': expected at least one, or a shifted set; got none");
  EXPECT_PRED2(contains, error_of({{"severities", {0}}}), "key 'severities'");
}

// ---- Against a baseline ----

TEST(CorruptionError, IsTheMeanOfRatios) {
  const CorruptionAccuracies own{0.9, {{"fog", 0.8}, {"snow", 0.5}}},
      base{0.8, {{"fog", 0.6}, {"snow", 0.6}}};
  const CorruptionErrors errors = corruption_errors(own, base, "b");
  EXPECT_DOUBLE_EQ(errors.by_corruption.at("fog"), (1 - 0.8) / (1 - 0.6));
  EXPECT_DOUBLE_EQ(errors.mean, (0.5 + 1.25) / 2);
  EXPECT_NEAR(errors.relative_mean.value(), (0.1 / 0.2 + 0.4 / 0.2) / 2, 1e-12);
  EXPECT_EQ(corruption_errors(base, base, "b").mean, 1.0);
}

TEST(CorruptionError, HasNoRelativeMeanWhereTheBaselineLosesNothing) {
  const CorruptionAccuracies own{0.9, {{"fog", 0.8}}}, base{0.6, {{"fog", 0.6}}};
  const CorruptionErrors errors = corruption_errors(own, base, "b");
  EXPECT_FALSE(errors.relative_mean.has_value());
  EXPECT_EQ(errors.unharmed, "fog");
  const auto refused = [&](const CorruptionAccuracies& baseline) {
    return error_message<std::invalid_argument>([&] { corruption_errors(own, baseline, "b.json"); });
  };
  EXPECT_EQ(refused({0.6, {}}), "[robustness] b.json: expected a baseline that met fog; got none");
  EXPECT_EQ(refused({1, {{"fog", 1}}}),
            "[robustness] b.json: expected a baseline that errs on fog; got accuracy 1");
}

TEST_F(Robustness, IsOneAgainstItself) {
  const Task task = toy_task(64, 60, /*shuffled=*/true);
  const std::string baseline = saved(run({}, toy_clip(), task), task, "base");
  const Record record = run({{"baseline", baseline}}, toy_clip(), task);
  EXPECT_EQ(value(record, "mean_corruption_error"), 1.0);
  EXPECT_EQ(record.find("mean_corruption_error")->direction, Direction::lower_is_better);
  EXPECT_EQ(record.resolved.at("baseline").at("label"), "base");
  EXPECT_EQ(record.resolved.at("corruption_errors").at("contrast"), 1.0);
  const Metric* relative = record.find("relative_mean_corruption_error");
  if (relative != nullptr) {
    EXPECT_NEAR(relative->value, 1.0, 1e-12);
  } else {
    EXPECT_TRUE(warns(record, "no relative_mean_corruption_error"));
  }
}

TEST_F(Robustness, ABaselineThatDoesNotFitIsNamed) {
  const Task task = toy_task(64, 60, /*shuffled=*/true);
  const Record record = run({}, toy_clip(), task);
  const std::string baseline = saved(record, task, "base");
  const auto refused = [&](const Json& changes, const Task& judged) {
    return error_message<std::invalid_argument>([&] { run(changes, toy_clip(), judged); });
  };
  EXPECT_PRED2(contains, refused({{"baseline", baseline}}, toy_task(64, 40)),
               "expected a report on the same test examples; got others");
  EXPECT_PRED2(contains, refused({{"baseline", baseline}, {"severities", {1, 2}}}, task),
               "expected severities 1, 2; got [1,5]");
  EXPECT_PRED2(contains, refused({{"baseline", baseline}, {"corruptions", {"fog"}}}, task),
               "base/report.json: expected a baseline that met fog; got none");
  Record other = run_protocol("zero_shot", {{"prompts", toy_prompts()}}, toy_clip(), task).record;
  other.protocol = "zero_shot";
  other.checkpoint = {{"label", "x"}, {"kind", "toy"}};
  other.dataset = {{"name", "toy"}};
  write_record(folder_ / "other", other);
  EXPECT_PRED2(contains, refused({{"baseline", (folder_ / "other/report.json").string()}}, task),
               "expected a report of robustness; got zero_shot");
  write_file_atomically(folder_ / "broken.json", "{\"metrics\": ");
  EXPECT_PRED2(contains, refused({{"baseline", (folder_ / "broken.json").string()}}, task), "broken.json");
  EXPECT_THROW(run({{"baseline", (folder_ / "none.json").string()}}, toy_clip(), task), std::runtime_error);
}

// ---- Shifted sets ----

TEST(ReferenceLine, GoesThroughReferenceModelsOnTheLogitScale) {
  const ScratchFolder folder;
  const auto logistic = [](double x) { return 1 / (1 + std::exp(-x)); };
  Json points = Json::array();
  for (const double x : {-1.0, 0.5, 2.0})
    points.push_back({{"name", "a"}, {"standard", logistic(x)}, {"shifted", logistic(0.5 * x - 1)}});
  write_file_atomically(folder / "line.json", Json({{"source", "a test"}, {"points", points}}).dump());
  const ReferenceLine line = read_reference_line(folder / "line.json");
  EXPECT_NEAR(line.slope, 0.5, 1e-12);
  EXPECT_NEAR(line.intercept, -1, 1e-12);
  EXPECT_EQ(line.models, 3);
  EXPECT_NEAR(line.at(0.5), logistic(-1), 1e-12);
  EXPECT_EQ(line.at(1), 1.0);
  EXPECT_EQ(line.at(0), 0.0);
}

TEST_F(Robustness, ALineThatCannotBeDrawnIsNamed) {
  const auto refused = [&](const std::string& text) {
    const std::string file = line(text);
    return error_message<std::invalid_argument>([&] { read_reference_line(file); });
  };
  const auto points = [](const std::string& a, const std::string& b) {
    const std::string one = R"({"name": "a", "standard": )" + a + R"(, "shifted": 0.4})",
                      two = R"({"name": "b", "standard": )" + b + R"(, "shifted": 0.3})";
    return R"({"source": "s", "points": [)" + one + "," + one + "," + two + "]}";
  };
  EXPECT_PRED2(contains,
               refused(R"({"source": "s", "points": [{"name": "a", "standard": 0.5, "shifted": 0.4}]})"),
               "line.json: expected at least 3 points; got 1");
  EXPECT_PRED2(contains, refused(points("0.5", "0.5")), "expected models of different standard accuracy");
  EXPECT_PRED2(contains, refused(points("0.5", "1")), "points[2].standard");
  EXPECT_PRED2(contains, refused(points("0.5", "\"x\"")), "points[2].standard");
  EXPECT_PRED2(contains, refused(R"({"points": []})"), "line.json");
  EXPECT_PRED2(contains, refused("["), "line.json");
  EXPECT_EQ(error_of({{"lines", {line(points("0.5", "0.6"))}}}),
            "[robustness] key 'lines': expected a file for each of 0 shifted sets, or none; got 1");
}

TEST_F(Robustness, JudgesOtherPicturesAmongTheClassesTheyHave) {
  const std::string all = pictures("all", toy_task(4, 4).test->class_names(), 4, 1),
                    few = pictures("few", {"bottom left", "top right"}, 4, 0);
  const std::string points =
      R"({"source": "s", "points": [{"name": "a", "standard": 0.3, "shifted": 0.2},
          {"name": "b", "standard": 0.6, "shifted": 0.5}, {"name": "c", "standard": 0.7, "shifted": 0.6}]})";
  const std::string file = line(points);
  const Record record = run({{"corruptions", Json::array()},
                             {"shifted", {all, few}},
                             {"shifted_split", "all"},
                             {"lines", {file, file}}});
  EXPECT_EQ(record.headline().name, "accuracy_clean");
  EXPECT_DOUBLE_EQ(value(record, "accuracy_shifted_image_folder-all"), 0.75);
  EXPECT_DOUBLE_EQ(value(record, "accuracy_shifted_image_folder-few"), 1.0);
  EXPECT_DOUBLE_EQ(record.find("accuracy_shifted_image_folder-few")->chance.value(), 0.5);
  EXPECT_DOUBLE_EQ(value(record, "effective_robustness_image_folder-all"), 0.75 - 1.0)
      << "clean accuracy is 1, where the line says 1";
  EXPECT_EQ(record.resolved.at("shifted").at("image_folder-few").at("all_classes"), false);
  EXPECT_EQ(record.resolved.at("shifted").at("image_folder-all").at("all_classes"), true);
  EXPECT_EQ(record.outcomes->table_of("correct_shifted_image_folder-few")->ids.size(), 8U);
  saved(record, toy_task(64, 40), "report");
}

TEST_F(Robustness, AShiftedSetOfOtherClassesIsNamed) {
  const auto refused = [&](const Json& specs) {
    return error_of({{"shifted", specs}, {"shifted_split", "all"}});
  };
  const std::string other = pictures("other", {"top lefd"}, 1, 0),
                    good = pictures("good", {"top left"}, 1, 0);
  EXPECT_PRED2(contains, refused({other}),
               "[robustness] key 'shifted': expected classes of toy_pictures, each once; got 'top lefd' in");
  EXPECT_PRED2(contains, refused({other}), "did you mean 'top left'?");
  EXPECT_PRED2(contains, refused({good, good}), "expected each data set once; got image_folder-good twice");
  EXPECT_PRED2(contains, refused({"no_such_kind:x"}), "no_such_kind");
}

}  // namespace
}  // namespace repbench
