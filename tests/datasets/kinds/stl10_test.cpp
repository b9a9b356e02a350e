#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/datasets/kinds/small_pictures.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

// The archive, unpacked.
class Stl10 : public testing::Test {
 protected:
  Stl10() {
    unpack(archive_, folder_.path());
    path_ = folder_ / "stl10_binary";
  }

  static std::shared_ptr<const Dataset> open(const fs::path& path, std::string_view split) {
    return open_dataset({"stl10", path.string()}, split);
  }
  std::string complaint(std::string_view split) const {
    return error_message<std::runtime_error>([&] { open(path_, split); });
  }
  void replace(const std::string& name, const std::string& content) {
    write_file_atomically(path_ / name, content);
  }

  const fs::path archive_ = small_pictures() / "stl10_binary.tar.gz";
  const ScratchFolder folder_;
  fs::path path_;
};

TEST_F(Stl10, ReadsWhatTorchvisionReads) {
  for (const char* split : {"train", "test", "unlabeled", "train_fold0", "train_fold9"}) {
    SCOPED_TRACE(split);
    const auto dataset = open(path_, split);
    const Json row = expected_row("stl10", split);
    std::vector<int64_t> labels;
    for (int64_t i = 0; i < dataset->size(); ++i) labels.push_back(dataset->label(i));
    EXPECT_EQ(labels, row.at("labels").get<std::vector<int64_t>>());
    EXPECT_EQ(dataset->class_names(), row.at("class_names").get<std::vector<std::string>>());
    EXPECT_EQ(pixels_sha256(*dataset), row.at("pixels_sha256").get<std::string>());
  }
  EXPECT_EQ(open(path_, "train_fold1")->id(0), "train/00001") << "as in the split train";
  EXPECT_TRUE(open(path_, "unlabeled")->get(2).labels.empty());
}

TEST_F(Stl10, ReadsTheArchiveButForUnlabeledPictures) {
  for (const char* split : {"train", "test", "train_fold3"}) {
    const auto dataset = open(archive_, split);
    EXPECT_EQ(dataset->provenance().sha256, open(folder_.path(), split)->provenance().sha256);
    EXPECT_EQ(open(small_pictures(), split)->size(), dataset->size());
  }
  const auto message = error_message<std::runtime_error>([&] { open(archive_, "unlabeled"); });
  EXPECT_PRED2(contains, message, "stl10_binary.tar.gz: expected the unlabeled pictures unpacked");
  EXPECT_THROW(open(path_, "train_fold10"), std::invalid_argument);
}

TEST_F(Stl10, NamesTheFileThatIsWrong) {
  const std::string pictures = read_file(path_ / "train_X.bin"), labels = read_file(path_ / "train_y.bin");
  replace("train_X.bin", pictures.substr(0, pictures.size() - 1));
  EXPECT_PRED2(contains, complaint("train"), "train_X.bin: expected a multiple of 27648 bytes; got 331775");
  replace("train_X.bin", pictures.substr(0, 27648));
  EXPECT_PRED2(contains, complaint("train"), "train_y.bin: expected 1 bytes, one a picture; got 12");
  replace("train_X.bin", "");
  EXPECT_PRED2(contains, complaint("train"), "train_X.bin: expected a multiple of 27648 bytes; got 0");
  replace("train_X.bin", pictures);
  for (const char wrong : {'\0', '\x0b'}) {
    std::string changed = labels;
    changed[3] = wrong;
    replace("train_y.bin", changed);
    EXPECT_PRED2(contains, complaint("train"), "train_y.bin: expected labels from 1 to 10; got");
    EXPECT_PRED2(contains, complaint("train"), "of picture 3");
  }
  replace("train_y.bin", labels);
  replace("class_names.txt", "cat\r\ndog\r\n");
  EXPECT_PRED2(contains, complaint("train"), "class_names.txt: expected 10 names of classes; got 2");
  fs::remove(path_ / "class_names.txt");
  EXPECT_PRED2(contains, complaint("test"), "expected the file class_names.txt; got none");
  EXPECT_EQ(open(path_, "unlabeled")->size(), 3);
}

TEST_F(Stl10, NamesAFoldThatIsWrong) {
  const std::string nine = "0\n1\n2\n3\n4\n5\n6\n7\n8\n";
  replace("fold_indices.txt", nine);
  EXPECT_PRED2(contains, complaint("train_fold0"), "fold_indices.txt: expected 10 lines, one a fold; got 9");
  replace("fold_indices.txt", nine + "0 12\n");
  EXPECT_PRED2(contains, complaint("train_fold0"),
               "fold_indices.txt:10: expected positions from 0 to 11; got '12'");
  replace("fold_indices.txt", nine + "0 -1\n");
  EXPECT_PRED2(contains, complaint("train_fold0"), "got '-1'");
  replace("fold_indices.txt", nine + "0 x\n");
  EXPECT_PRED2(contains, complaint("train_fold0"), "got 'x'");
  replace("fold_indices.txt", nine + "3 1 3\n");
  EXPECT_PRED2(contains, complaint("train_fold0"),
               "fold_indices.txt:10: expected every picture once; got 3 twice");
}

TEST_F(Stl10, NamesAnArchiveThatIsCutAndAFolderWithoutIt) {
  const std::string whole = read_file(archive_);
  write_file_atomically(folder_ / "cut.tar.gz", whole.substr(0, whole.size() / 2));
  const auto cut = error_message<std::runtime_error>([&] { open(folder_ / "cut.tar.gz", "train"); });
  EXPECT_PRED2(contains, cut, "cut.tar.gz: expected a");
  const auto none = error_message<std::runtime_error>([&] { open(folder_ / "nowhere", "train"); });
  EXPECT_PRED2(contains, none,
               "nowhere: expected stl10_binary, stl10_binary.tar.gz, or a folder with one of them");
}

}  // namespace
}  // namespace repbench
