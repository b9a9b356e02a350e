#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "datasets/dataset.h"
#include "files/atomic.h"
#include "files/json.h"
#include "tests/datasets/golden.h"
#include "tests/datasets/idx_folder.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/files/tar_writer.h"

namespace repbench {
namespace {

DatasetSpec write_flickr8k(const std::filesystem::path& folder, const std::string& picture) {
  std::string tokens;
  for (const std::string split : {"train", "test"}) {
    std::string names;
    for (int i = 0; i < 12; ++i) {
      const std::string file = fmt::format("{}{}.jpg", split, i);
      write_file_atomically(folder / "images" / file, picture);
      names += file + "\n";
      tokens += fmt::format("{}#0\tA dog .\n{}#1\tAn animal .\n", file, file);
    }
    write_file_atomically(folder / (split + ".txt"), names);
  }
  write_file_atomically(folder / "some.token.txt", tokens);
  return {"flickr8k", folder.string()};
}

// A fifth of sixty is tested.
DatasetSpec write_caption_tsv(const std::filesystem::path& folder, const std::string& picture) {
  std::string rows = "filepath\ttitle\n";
  for (int i = 0; i < 60; ++i) {
    write_file_atomically(folder / fmt::format("{}.jpg", i), picture);
    rows += fmt::format("{}.jpg\tA dog.\n", i);
  }
  write_file_atomically(folder / "pairs.tsv", rows);
  return {"caption_tsv", (folder / "pairs.tsv").string()};
}

DatasetSpec write_image_list(const std::filesystem::path& folder, const std::string& picture) {
  std::string rows = "image,label,split\n";
  for (int i = 0; i < 24; ++i) {
    write_file_atomically(folder / fmt::format("{}.jpg", i), picture);
    rows += fmt::format("{}.jpg,{},{}\n", i, i % 3, i % 2 == 0 ? "train" : "test");
  }
  write_file_atomically(folder / "list.csv", rows);
  return {"image_list", (folder / "list.csv").string()};
}

DatasetSpec write_voc(const std::filesystem::path& folder, const std::string& picture) {
  for (int i = 0; i < 24; ++i) {
    write_file_atomically(folder / fmt::format("JPEGImages/{}.jpg", i), picture);
    write_file_atomically(folder / fmt::format("Annotations/{}.xml", i),
                          i == 0 ? "<annotation/>"
                                 : "<annotation><object><name>dog</name></object>"
                                   "<object><name>cat</name></object></annotation>");
  }
  for (const int first : {0, 12}) {
    std::string ids;
    for (int i = first; i < first + 12; ++i) ids += fmt::format("{}\n", i);
    write_file_atomically(folder / "ImageSets/Main" / (first == 0 ? "train.txt" : "test.txt"), ids);
  }
  return {"voc", folder.string()};
}

DatasetSpec write_coco(const std::filesystem::path& folder, const std::string& picture) {
  for (const std::string split : {"train", "test"}) {
    Json images = Json::array(), annotations = Json::array();
    for (int i = 0; i < 12; ++i) {
      const std::string file = fmt::format("{}{}.jpg", split, i);
      write_file_atomically(folder / (split + "2017") / file, picture);
      images.push_back({{"id", i}, {"file_name", file}});
      annotations.push_back({{"image_id", i / 2}, {"category_id", i % 2 + 1}});
    }
    const Json categories = {{{"id", 1}, {"name", "cat"}}, {{"id", 2}, {"name", "dog"}}};
    const Json file = {{"images", images}, {"annotations", annotations}, {"categories", categories}};
    write_file_atomically(folder / fmt::format("annotations/instances_{}2017.json", split), file.dump());
  }
  return {"coco_instances", (folder / "annotations/instances_train2017.json").string()};
}

// flickr30k and karpathy with the splits of one annotation file.
DatasetSpec write_karpathy(const std::filesystem::path& folder, const std::string& picture,
                           const std::string& kind) {
  std::string rows = "raw,split,filename\n";
  Json images = Json::array();
  for (const std::string split : {"train", "test"}) {
    for (int i = 0; i < 12; ++i) {
      const std::string file = fmt::format("{}{}.jpg", split, i);
      write_file_atomically(folder / "flickr30k-images" / file, picture);
      rows += fmt::format("\"[\"\"A dog .\"\"]\",{},{}\n", split, file);
      images.push_back({{"filename", file}, {"split", split}, {"sentences", {{{"raw", "A dog ."}}}}});
    }
  }
  write_file_atomically(folder / "flickr_annotations_30k.csv", rows);
  write_file_atomically(folder / "dataset.json", canonical_json({{"images", images}}));
  return {kind, (kind == "karpathy" ? folder / "dataset.json" : folder).string()};
}

// One file a split.
DatasetSpec write_coco_captions(const std::filesystem::path& folder, const std::string& picture) {
  for (const std::string split : {"train", "test"}) {
    Json images = Json::array(), annotations = Json::array();
    for (int i = 0; i < 12; ++i) {
      const std::string file = fmt::format("{}{}.jpg", split, i);
      write_file_atomically(folder / file, picture);
      images.push_back({{"id", i}, {"file_name", file}});
      annotations.push_back({{"image_id", i}, {"caption", "A dog."}});
    }
    write_file_atomically(folder / fmt::format("captions_{}.json", split),
                          canonical_json({{"images", images}, {"annotations", annotations}}));
  }
  return {"coco_captions", (folder / "captions_SPLIT.json").string()};
}

DatasetSpec write_shards(const std::filesystem::path& folder, const std::string& picture) {
  for (const std::string split : {"train", "test"}) {
    std::vector<TarItem> items;
    for (int i = 0; i < 12; ++i) {
      items.push_back({fmt::format("{}.jpg", i), picture});
      items.push_back({fmt::format("{}.txt", i), "A dog."});
      items.push_back({fmt::format("{}.cls", i), std::to_string(i % 3)});
    }
    write_file_atomically(folder / split / "0.tar", tar_of(items));
  }
  return {"shards", folder.string() + ":index=" + (folder / "index").string()};
}

// One list a split.
DatasetSpec write_subset(const std::filesystem::path& folder) {
  for (const std::string split : {"train", "test"}) {
    std::string positions;
    for (int i = 0; i < 12; ++i) positions += fmt::format("{}\n", 2 * i);
    write_file_atomically(folder / (split + ".txt"), positions);
  }
  return {"subset", (folder / "SPLIT.txt").string() + ":of=shapes:train=24,test=24"};
}

// At least twelve examples a split, for the kind at hand. Gives what to open; SPLIT in its path stands for
// the split's name, for kinds whose files hold one.
DatasetSpec write_splits(const DatasetKind& kind, const std::filesystem::path& folder) {
  const std::string name(kind.name);
  if (name == "shapes") return {name, "train=12,test=12"};
  if (name == "subset") return write_subset(folder);
  const std::string picture = read_file(golden_folder() / "jpeg/grey.jpg");
  if (name == "shards") return write_shards(folder, picture);
  if (name == "flickr8k") return write_flickr8k(folder, picture);
  if (name == "caption_tsv") return write_caption_tsv(folder, picture);
  if (name == "flickr30k" || name == "karpathy") return write_karpathy(folder, picture, name);
  if (name == "coco_captions") return write_coco_captions(folder, picture);
  if (name == "image_list") return write_image_list(folder, picture);
  if (name == "voc") return write_voc(folder, picture);
  if (name == "coco_instances") return write_coco(folder, picture);
  if (name == "stl10" || name.starts_with("cifar"))
    return {name, (golden_folder() / "small_pictures").string()};
  for (const std::string split : {"train", "test"}) {
    if (kind.name == "image_folder") {
      for (int i = 0; i < 12; ++i) {
        write_file_atomically(folder / fmt::format("{}/class{}/{}.jpg", split, i % 3, i), picture);
      }
    } else {
      write_idx_split(folder, split, {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2});
    }
  }
  return {name, folder.string()};
}

// Captions, classes, or both; of a data set of several classes an example may have none.
void check_example(const Dataset& dataset, int64_t index, const Example& example) {
  EXPECT_EQ(dataset.labels(index), example.labels);
  EXPECT_TRUE(std::is_sorted(example.labels.begin(), example.labels.end()));
  EXPECT_EQ(dataset.label(index), example.labels.size() == 1 ? example.labels.front() : -1);
  for (const int64_t label : example.labels) {
    EXPECT_GE(label, 0);
    EXPECT_LT(label, static_cast<int64_t>(dataset.class_names().size()));
  }
  EXPECT_TRUE(!example.captions.empty() || !dataset.class_names().empty());
  for (const std::string& caption : example.captions) EXPECT_FALSE(caption.empty());
}

void check_contract(const Dataset& dataset, std::set<std::string>& ids) {
  EXPECT_GE(dataset.size(), 12);
  EXPECT_FALSE(dataset.name().empty());
  EXPECT_TRUE(dataset.label(0) == -1 || dataset.class_names().size() >= 3);
  EXPECT_EQ(dataset.provenance().sha256.size(), 64u);
  EXPECT_FALSE(dataset.provenance().source.empty());
  for (int64_t i = 0; i < dataset.size(); ++i) {
    const Example example = dataset.get(i);
    EXPECT_EQ(example.id, dataset.id(i));
    EXPECT_TRUE(ids.insert(example.id).second) << "twice: " << example.id;
    check_example(dataset, i, example);
    const Image image = pixels(example, dataset.channels());
    EXPECT_EQ(image.channels, dataset.channels());
    EXPECT_EQ(image.pixels.size(), static_cast<size_t>(image.height) * image.width * image.channels);
  }
  EXPECT_THROW(dataset.get(dataset.size()), std::out_of_range);
  EXPECT_THROW(dataset.get(-1), std::out_of_range);
}

DatasetSpec for_split(DatasetSpec spec, const std::string& split) {
  const size_t place = spec.path.find("SPLIT");
  if (place != std::string::npos) spec.path.replace(place, 5, split);
  return spec;
}

TEST(DatasetKinds, AllKeepTheContract) {
  for (const DatasetKind& kind : dataset_kinds()) {
    SCOPED_TRACE(kind.name);
    EXPECT_FALSE(kind.summary.empty());
    const ScratchFolder folder;
    const DatasetSpec spec = write_splits(kind, folder.path());
    std::set<std::string> ids;
    for (const std::string split : {"train", "test"}) {
      const auto dataset = open_dataset(for_split(spec, split), split);
      EXPECT_EQ(dataset->split(), split);
      check_contract(*dataset, ids);
    }
  }
}

TEST(DatasetKinds, NameTheNearestOfAnUnknownOne) {
  const auto message = error_message<std::invalid_argument>([] {
    open_dataset({"fashon_mnist", ""}, "train");
  });
  EXPECT_PRED2(contains, message,
               "[dataset] expected a kind of data set: caption_tsv, cifar10, cifar100, coco_captions, ");
  EXPECT_PRED2(contains, message, "got 'fashon_mnist' (did you mean 'fashion_mnist'?)");
}

TEST(DatasetSpec, IsAKindAndPerhapsAPath) {
  EXPECT_EQ(DatasetSpec::parse("fashion_mnist").kind, "fashion_mnist");
  EXPECT_EQ(DatasetSpec::parse("fashion_mnist").path, "");
  const DatasetSpec spec = DatasetSpec::parse("image_folder:/data/with:colon");
  EXPECT_EQ(spec.kind, "image_folder");
  EXPECT_EQ(spec.path, "/data/with:colon");
  EXPECT_EQ(spec.text(), "image_folder:/data/with:colon");
  EXPECT_EQ(DatasetSpec::parse("idx").text(), "idx");
  EXPECT_THROW(DatasetSpec::parse(""), std::invalid_argument);
  EXPECT_THROW(DatasetSpec::parse(":/data"), std::invalid_argument);
  EXPECT_THROW(DatasetSpec::parse("idx:"), std::invalid_argument);
}

TEST(DatasetSpec, ListsAreSplitWhereAKindFollowsTheComma) {
  using Specs = std::vector<std::string>;
  EXPECT_EQ(split_dataset_list("cifar10:a,voc:b,fashion_mnist"),
            (Specs{"cifar10:a", "voc:b", "fashion_mnist"}));
  EXPECT_EQ(split_dataset_list("shapes:train=12,test=12,idx:x"), (Specs{"shapes:train=12,test=12", "idx:x"}));
  EXPECT_EQ(split_dataset_list("shards:{train,val}-{00..11}.tar"), Specs{"shards:{train,val}-{00..11}.tar"});
  EXPECT_EQ(split_dataset_list("idx:a, voc"), Specs{"idx:a, voc"});
}

TEST(DatasetSpec, NamesAFolderByTheDataAndItsKeys) {
  EXPECT_EQ(DatasetSpec::parse("fashion_mnist").slug(), "fashion_mnist");
  EXPECT_EQ(DatasetSpec::parse("idx:/data/digits/").slug(), "idx-digits");
  EXPECT_EQ(DatasetSpec::parse("shapes:task=colour:noise=0.4").slug(), "shapes-task=colour-noise=0.4");
  EXPECT_EQ(DatasetSpec::parse("image_folder:/data/imagenet:classes=/lists/synsets.txt").slug(),
            "image_folder-imagenet-classes=synsets.txt");
  EXPECT_EQ(DatasetSpec::parse("subset:a/ids.txt:of=image_folder:/data/pets").slug(),
            "subset-ids.txt-of=image_folder-pets");
}

}  // namespace
}  // namespace repbench
