#include <gtest/gtest.h>

#include <algorithm>

#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/protocols/toy_subject.h"

namespace repbench {
namespace {

ProtocolResult run(const Subject& subject, const Json& settings = Json::object(), int64_t batch_size = 256) {
  ProtocolContext context;
  context.batch_size = batch_size;
  return run_protocol("reconstruction", settings, subject, toy_task(4, 40), context);
}

TEST(Reconstruction, RefusesWhatHasNoCheckpoint) {
  const std::string message = error_message<std::invalid_argument>([] { run(raw_pixels()); });
  EXPECT_EQ(message, "[reconstruction] expected a checkpoint; got raw pixels");
}

TEST(Reconstruction, DrawsASheetOfTheRightSizes) {
  const ScratchFolder folder;
  const ProtocolResult result = run(tiny_mae(folder / "run", 0), {{"rows", 3}}, 2);
  ASSERT_EQ(result.sheets.size(), 1U);
  EXPECT_EQ(result.sheets[0].columns.size(), 4U);
  ASSERT_EQ(result.sheets[0].rows.size(), 3U);
  for (const auto& row : result.sheets[0].rows) {
    ASSERT_EQ(row.size(), 4U);
    for (const Pixels& picture : row) {
      EXPECT_EQ(picture.height, 8);
      EXPECT_EQ(picture.width, 8);
      EXPECT_EQ(picture.channels, 1);
      EXPECT_EQ(picture.data.size(), 64U);
    }
  }
}

TEST(Reconstruction, ShowsTheOriginalAndItsMask) {
  const ScratchFolder folder;
  const ProtocolResult result = run(tiny_mae(folder / "run", 0), {{"rows", 4}});
  const ToyPictures test("test", 40);
  for (size_t i = 0; i < 4; ++i) {
    const std::vector<Pixels>& row = result.sheets.at(0).rows.at(i);
    EXPECT_EQ(row[0].data, pixels(test.get(static_cast<int64_t>(i)), 1).pixels);
    // 0.75 of four patches of 16 pixels are removed: grey. The others are as they were, also where pasted.
    int64_t grey = 0;
    for (size_t p = 0; p < 64; ++p) {
      if (row[1].data[p] == 128 && row[0].data[p] != 128) {
        ++grey;
      } else {
        EXPECT_EQ(row[1].data[p], row[0].data[p]);
      }
    }
    EXPECT_NEAR(static_cast<double>(grey), 48, 2);
  }
}

TEST(Reconstruction, MeasuresEveryPictureAsked) {
  const ScratchFolder folder;
  const Subject subject = tiny_mae(folder / "run", 0);
  EXPECT_EQ(run(subject, {{"examples", 0}}).record.headline().n, 40);
  EXPECT_EQ(run(subject, {{"examples", 12}}).record.headline().n, 12);
  const Metric metric = run(subject).record.headline();
  EXPECT_EQ(metric.direction, Direction::lower_is_better);
  EXPECT_LE(metric.interval->low, metric.value);
  const Record drawn = run(subject, {{"examples", 12}}).record;
  EXPECT_EQ(drawn.outcomes.value().column("squared_error").size(), 12U);
  EXPECT_EQ(drawn.outcomes->tables[0].unit, "picture");
  EXPECT_EQ(drawn.outcomes->tables[0].ids.size(), 12U);
}

TEST(Reconstruction, ErrorDoesNotDependOnTheBatchSize) {
  const ScratchFolder folder;
  const Subject subject = tiny_mae(folder / "run", 0);
  EXPECT_NEAR(run(subject, Json::object(), 7).record.headline().value, run(subject).record.headline().value,
              1e-6);
}

TEST(Reconstruction, APicturesErrorIsUnderItsOwnName) {
  const ScratchFolder folder;
  const Subject subject = tiny_mae(folder / "run", 0);
  const Record all = run(subject, {{"examples", 0}}, 7).record, some = run(subject, {{"examples", 8}}).record;
  const OutcomeTable &of_all = all.outcomes.value().tables.at(0),
                     &of_some = some.outcomes.value().tables.at(0);
  for (size_t i = 0; i < of_some.ids.size(); ++i) {
    const auto found = std::find(of_all.ids.begin(), of_all.ids.end(), of_some.ids[i]) - of_all.ids.begin();
    ASSERT_LT(found, std::ssize(of_all.ids));
    EXPECT_NEAR(of_some.columns.at("squared_error")[i],
                of_all.columns.at("squared_error")[static_cast<size_t>(found)], 1e-6);
  }
}

TEST(Reconstruction, TrainingMakesTheErrorSmaller) {
  const ScratchFolder folder;
  for (const bool norm_pix : {false, true}) {
    const std::string name = norm_pix ? "norm" : "plain";
    const double before = run(tiny_mae(folder / (name + "0"), 0, norm_pix)).record.headline().value;
    const double after = run(tiny_mae(folder / (name + "1"), 30, norm_pix)).record.headline().value;
    EXPECT_LT(after, 0.7 * before) << name;
  }
}

}  // namespace
}  // namespace repbench
