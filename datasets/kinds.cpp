#include <array>
#include <stdexcept>

#include "datasets/dataset.h"
#include "files/nearest.h"

namespace repbench {

// One function a file in kinds/.
std::shared_ptr<const Dataset> open_caption_tsv(const DatasetSpec& spec, std::string_view split);
std::shared_ptr<const Dataset> open_cifar10(const DatasetSpec& spec, std::string_view split);
std::shared_ptr<const Dataset> open_cifar100(const DatasetSpec& spec, std::string_view split);
std::shared_ptr<const Dataset> open_coco_captions(const DatasetSpec& spec, std::string_view split);
std::shared_ptr<const Dataset> open_coco_instances(const DatasetSpec& spec, std::string_view split);
std::shared_ptr<const Dataset> open_fashion_mnist(const DatasetSpec& spec, std::string_view split);
std::shared_ptr<const Dataset> open_flickr30k(const DatasetSpec& spec, std::string_view split);
std::shared_ptr<const Dataset> open_flickr8k(const DatasetSpec& spec, std::string_view split);
std::shared_ptr<const Dataset> open_idx(const DatasetSpec& spec, std::string_view split);
std::shared_ptr<const Dataset> open_image_folder(const DatasetSpec& spec, std::string_view split);
std::shared_ptr<const Dataset> open_image_list(const DatasetSpec& spec, std::string_view split);
std::shared_ptr<const Dataset> open_karpathy(const DatasetSpec& spec, std::string_view split);
std::shared_ptr<const Dataset> open_shapes(const DatasetSpec& spec, std::string_view split);
std::shared_ptr<const Dataset> open_shards(const DatasetSpec& spec, std::string_view split);
std::shared_ptr<const Dataset> open_stl10(const DatasetSpec& spec, std::string_view split);
std::shared_ptr<const Dataset> open_subset(const DatasetSpec& spec, std::string_view split);
std::shared_ptr<const Dataset> open_voc(const DatasetSpec& spec, std::string_view split);

namespace {

constexpr std::array<DatasetKind, 17> kKinds = {{
    {"caption_tsv",
     "caption_tsv:FILE[:image=COLUMN][:caption=COLUMN]: open_clip's tables with the columns filepath and "
     "title, after tabs or commas (splits: train, test, all)",
     open_caption_tsv},
    {"cifar10", "cifar10:PATH: CIFAR-10, binary or python, unpacked or as .tar.gz", open_cifar10},
    {"cifar100", "cifar100:PATH[:labels=coarse]: CIFAR-100, binary or python, unpacked or as .tar.gz",
     open_cifar100},
    {"coco_captions",
     "coco_captions:FILE[:root=FOLDER][:captions=5]: captions_train2017.json and its pictures (splits: "
     "of the files beside it, such as val; all)",
     open_coco_captions},
    {"coco_instances",
     "coco_instances:FILE[:root=FOLDER]: several classes a picture, from COCO's instances_train2017.json "
     "(splits: of the files beside it, such as val; all)",
     open_coco_instances},
    {"fashion_mnist", "60,000 + 10,000 grey 28x28 pictures of clothes (Debian package dataset-fashion-mnist)",
     open_fashion_mnist},
    {"flickr30k",
     "flickr30k:PATH[:karpathy=FILE]: results_20130124.token, results.csv, captions.txt or "
     "flickr_annotations_30k.csv, and a folder flickr30k-images",
     open_flickr30k},
    {"flickr8k",
     "flickr8k:PATH: NAME.token.txt with lines NAME.jpg#K<TAB>CAPTION, or Kaggle's captions.txt; a folder of "
     "pictures, split files",
     open_flickr8k},
    {"idx", "idx:PATH: MNIST-style files {train,t10k}-{images-idx3,labels-idx1}-ubyte, plain or .gz",
     open_idx},
    {"image_folder",
     "image_folder:PATH[:classes=FILE][:labels=FILE]: pictures in PATH/SPLIT/CLASS, or in PATH/CLASS (80/20 "
     "split); classes: their order and names; labels: of pictures right in PATH/SPLIT (ImageNet's val), by "
     "name, or as numbers that count the lines of classes",
     open_image_folder},
    {"image_list",
     "image_list:FILE[:root=FOLDER][:classes=FILE][:image=COLUMN][:label=COLUMN][:split_column=COLUMN]: CSV "
     "or "
     "TSV with a header, or lines PATH LABEL; labels are names, or numbers from 0",
     open_image_list},
    {"karpathy",
     "karpathy:FILE[:root=FOLDER]: dataset_{flickr8k,flickr30k,coco}.json and its pictures (splits: train "
     "with restval, val, test, all)",
     open_karpathy},
    {"shapes",
     "coloured shapes drawn on the fly, with captions; shapes:KEY=VALUE,... sets task "
     "(captions, shape, colour, count, relation), pairs, size, noise, train, test, seed",
     open_shapes},
    {"stl10", "stl10:PATH: STL-10 (train, test, unlabeled, train_fold0 ... train_fold9), unpacked or .tar.gz",
     open_stl10},
    {"voc", "voc:PATH: Pascal VOC, several classes a picture (train, val, trainval, test)", open_voc},
    {"shards",
     "shards:PATTERN[:classes=FILE][:index=FOLDER]: webdataset tars: a file, a folder, or "
     "name-{000..011}.tar (splits: the folder's train, val, test; else train, test; all)",
     open_shards},
    {"subset",
     "subset:FILE[:of=DATASET]: some examples of any of these, by an index file or a list of ids or "
     "positions",
     open_subset},
}};

}  // namespace

std::span<const DatasetKind> dataset_kinds() { return kKinds; }

std::shared_ptr<const Dataset> open_dataset(const DatasetSpec& spec, std::string_view split) {
  std::shared_ptr<const Dataset> dataset = open_with_problems(spec, split);
  const std::vector<std::string> problems = dataset->problems();
  if (!problems.empty()) throw std::runtime_error(problems.front());
  return dataset;
}

std::shared_ptr<const Dataset> open_with_problems(const DatasetSpec& spec, std::string_view split) {
  std::vector<std::string> names;
  for (const DatasetKind& kind : kKinds) {
    if (kind.name == spec.kind) return kind.open(spec, split);
    names.emplace_back(kind.name);
  }
  fail_unknown_name("dataset", "a kind of data set", spec.kind, names);
}

}  // namespace repbench
