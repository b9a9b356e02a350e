#include <gtest/gtest.h>

#include "reports/page.h"
#include "tests/files/scratch_folder.h"
#include "tests/reports/sample_record.h"

namespace repbench {
namespace {

Pixels grey(uint8_t value) { return {1, 1, 1, {value}}; }

/// Two pictures and what an encoder makes of them.
Sheet attention(uint8_t original, uint8_t map) {
  return {"Attention", "", {"picture", "attention"}, {{grey(original), grey(map)}, {grey(2), grey(map)}}};
}

void write_subject(const std::filesystem::path& folder, const Record& record,
                   const std::vector<Sheet>& sheets) {
  write_record(folder, record);
  write_sheets(folder / "sheet.json", sheets);
}

std::vector<Sheet> sheets_of(const Page& page, const std::string& heading) {
  std::vector<Sheet> sheets;
  for (const Section& section : page.sections) {
    for (const auto& part : section.parts) {
      if (section.heading == heading) sheets.push_back(std::get<Sheet>(part));
    }
  }
  return sheets;
}

TEST(Visualisations, OfSeveralEncodersStandSideBySideUnderTheirPictures) {
  const ScratchFolder folder;
  write_subject(folder / "runs/a", sample_record("CLIP", "visualise", 500), {attention(1, 50)});
  write_subject(folder / "runs/b", sample_record("MAE", "visualise", 600), {attention(1, 60)});
  const auto sheets = sheets_of(build_page({folder / "runs"}), "Visualisations");
  ASSERT_EQ(sheets.size(), 1u);
  EXPECT_EQ(sheets[0].title, "Attention: fashion_mnist");
  EXPECT_EQ(sheets[0].columns, (std::vector<std::string>{"picture", "CLIP: attention", "MAE: attention"}));
  ASSERT_EQ(sheets[0].rows.size(), 2u);
  EXPECT_EQ(sheets[0].rows[0], (std::vector<Pixels>{grey(1), grey(50), grey(60)}));
}

TEST(Visualisations, KeepBothPicturesWhereTheEncodersSeeThemDifferently) {
  const ScratchFolder folder;
  write_subject(folder / "runs/a", sample_record("CLIP", "visualise", 500), {attention(1, 50)});
  write_subject(folder / "runs/b", sample_record("MAE", "visualise", 600), {attention(7, 60)});
  const auto sheets = sheets_of(build_page({folder / "runs"}), "Visualisations");
  ASSERT_EQ(sheets.size(), 1u);
  EXPECT_EQ(sheets[0].columns,
            (std::vector<std::string>{"CLIP: picture", "CLIP: attention", "MAE: picture", "MAE: attention"}));
}

TEST(Visualisations, OfOtherDataOrWithCaptionsStandAlone) {
  const ScratchFolder folder;
  Sheet captioned = attention(1, 50);
  captioned.title = "Similarity";
  captioned.captions = {"a", "b"};
  write_subject(folder / "runs/a", sample_record("CLIP", "visualise", 500), {attention(1, 50), captioned});
  Record other = sample_record("MAE", "visualise", 600);
  other.dataset["name"] = "shapes";
  other.dataset["hashes"] = {{"test", "shapes"}};
  other.fingerprint = fingerprint(other);
  write_subject(folder / "runs/b", other, {attention(1, 60)});
  const auto sheets = sheets_of(build_page({folder / "runs"}), "Visualisations");
  ASSERT_EQ(sheets.size(), 3u);
  EXPECT_EQ(sheets[0].title, "Attention: fashion_mnist");
  EXPECT_EQ(sheets[1].title, "Attention: shapes");
  EXPECT_EQ(sheets[2].title, "CLIP: Similarity, fashion_mnist");
}

TEST(Reconstructions, OfOneTitleAreToldApartByEncoderAndDataSet) {
  const ScratchFolder folder;
  Record other = sample_record("MAE", "reconstruction", 600);
  other.dataset["name"] = "shapes";
  write_subject(folder / "runs/a", sample_record("MAE", "reconstruction", 500), {attention(1, 50)});
  const auto alone = sheets_of(build_page({folder / "runs"}), "Reconstructions");
  ASSERT_EQ(alone.size(), 1u);
  EXPECT_EQ(alone[0].title, "Attention");
  write_subject(folder / "runs/b", other, {attention(1, 60)});
  const auto both = sheets_of(build_page({folder / "runs"}), "Reconstructions");
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0].title, "Attention (MAE, fashion_mnist)");
  EXPECT_EQ(both[1].title, "Attention (MAE, shapes)");
}

}  // namespace
}  // namespace repbench
