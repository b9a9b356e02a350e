#include "suite/evaluation_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "datasets/class_balance.h"
#include "datasets/images/views.h"
#include "datasets/index_file.h"
#include "files/hash.h"
#include "files/utf8.h"
#include "suite/feature_task.h"

namespace repbench {
namespace {

/// The split, or what an index file names of it; of that a draw.
IndexList examples_of(const Dataset& dataset, const std::string& index_file, int64_t limit, uint64_t seed) {
  IndexList examples = index_file.empty() ? all_examples(dataset) : read_index_file(index_file, dataset);
  return limit > 0 ? draw_examples(dataset, examples, limit, seed) : examples;
}

Json balance_of(const Dataset& dataset, const IndexList& examples) {
  if (dataset.class_names().empty()) return nullptr;
  const ClassBalance balance = class_balance(dataset, examples);
  return {{"smallest", balance.smallest},
          {"largest", balance.largest},
          {"empty_classes", balance.empty_classes.size()},
          {"unlabelled", balance.unlabelled}};
}

/// Without a picture of several classes one of none is a gap in the labels, not an answer.
bool shows_several(const Dataset& dataset, const IndexList& examples) {
  return std::any_of(examples.indices.begin(), examples.indices.end(),
                     [&](int64_t index) { return dataset.labels(index).size() > 1; });
}

/// Protocols that need labels judge by one class an example, unless they take several.
void check_classes(const std::string& protocol, const Dataset& dataset, const IndexList& examples,
                   bool several) {
  if (dataset.class_names().empty()) {
    throw std::invalid_argument(
        fmt::format("[{}] expected a data set with classes; {} has none", protocol, dataset.name()));
  }
  for (const int64_t index : examples.indices) {
    const size_t count = dataset.labels(index).size();
    if (several || count == 1) continue;
    throw std::invalid_argument(fmt::format(
        "[{}] expected one class an example; {} of {} ({}) has {} (zero_shot, and linear_probe with "
        "classifier=svm or ovr_logistic, take several)",
        protocol, dataset.id(index), dataset.name(), dataset.split(), count));
  }
}

/// Of a file, or of the files in a folder; "" if it is neither.
std::string hash_of_path(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  if (fs::is_regular_file(path)) return sha256_file(path);
  if (!fs::is_directory(path)) return "";
  std::map<std::string, std::string> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    if (entry.is_regular_file()) files[entry.path().filename().string()] = sha256_file(entry.path());
  }
  return sha256(canonical_json(files));
}

}  // namespace

Task open_task(const Evaluation& evaluation, const Subject& subject) {
  if (subject.features != nullptr) {
    if (!evaluation.instance->validation_split().empty())
      throw std::invalid_argument(fmt::format(
          "[{}] key 'validation_split': expected none with a file of features, which has train and test; "
          "got '{}'",
          evaluation.protocol, evaluation.instance->validation_split()));
    return open_feature_task(subject, find_protocol(evaluation.protocol), evaluation.options);
  }
  const DatasetSpec spec = DatasetSpec::parse(evaluation.dataset);
  const EvaluateOptions& options = evaluation.options;
  const auto seed = static_cast<uint64_t>(options.seed);
  Task task;
  task.train = open_dataset(spec, options.train_split);
  task.test = open_dataset(spec, options.test_split);
  task.train_examples = examples_of(*task.train, options.train_index, options.train_limit, seed);
  task.test_examples = examples_of(*task.test, options.test_index, options.limit, seed);
  if (const std::string split = evaluation.instance->validation_split(); !split.empty()) {
    task.validation = open_dataset(spec, split);
    task.validation_examples = all_examples(*task.validation);
  }
  task.view = options.view.empty() ? subject.encoder->input().view : options.view;
  if (make_view(task.view)->random()) {
    throw std::invalid_argument(
        fmt::format("[evaluate] key 'view': expected a view without chance; got '{}'", task.view));
  }
  if (find_protocol(evaluation.protocol).needs == Needs::labels) {
    const bool several =
        evaluation.instance->takes_several_labels() &&
        (shows_several(*task.train, task.train_examples) || shows_several(*task.test, task.test_examples));
    check_classes(evaluation.protocol, *task.train, task.train_examples, several);
    check_classes(evaluation.protocol, *task.test, task.test_examples, several);
    if (task.validation)
      check_classes(evaluation.protocol, *task.validation, task.validation_examples, several);
  }
  return task;
}

Json dataset_section(const Task& task, const Evaluation& evaluation) {
  if (!task.train) return {{"name", "synthetic"}, {"splits", Json::object()}, {"hashes", Json::object()}};
  const Provenance &train = task.train->provenance(), &test = task.test->provenance();
  Json section{{"name", task.train->name()},
               {"spec", repaired_utf8(evaluation.dataset)},
               {"source", train.source},
               {"licence", train.licence},
               {"classes", task.train->class_names().size()},
               {"view", task.view},
               {"splits", {{"train", task.train_examples.size()}, {"test", task.test_examples.size()}}},
               {"class_balance",
                {{"train", balance_of(*task.train, task.train_examples)},
                 {"test", balance_of(*task.test, task.test_examples)}}},
               {"hashed", {{"train_data", train.hashed}, {"test_data", test.hashed}}},
               {"hashes",
                {{"train_data", train.sha256},
                 {"test_data", test.sha256},
                 {"train_examples", task.train_examples.hash},
                 {"test_examples", task.test_examples.hash}}}};
  if (task.validation) {
    section["splits"]["validation"] = task.validation_examples.size();
    section["hashes"]["validation_data"] = task.validation->provenance().sha256;
    section["hashes"]["validation_examples"] = task.validation_examples.hash;
  }
  return section;
}

void write_draws(const Task& task, const Evaluation& evaluation, const std::filesystem::path& folder) {
  if (is_feature_dataset(evaluation.dataset)) return;
  const EvaluateOptions& options = evaluation.options;
  const auto write = [&](const char* name, const Dataset& dataset, const IndexList& examples, int64_t limit) {
    if (limit == 0) return;
    write_index_file(folder / fmt::format("{}.index.json", name), evaluation.dataset, dataset, examples,
                     {{"seed", options.seed}, {"limit", limit}});
  };
  write("train", *task.train, task.train_examples, options.train_limit);
  write("test", *task.test, task.test_examples, options.limit);
}

void write_draws(const ProtocolResult& result, const Task& task, const Evaluation& evaluation,
                 const std::filesystem::path& folder) {
  for (const auto& [name, examples] : result.draws) {
    write_index_file(folder / "draws" / (name + ".index.json"), evaluation.dataset, *task.train, examples,
                     {{"protocol", evaluation.protocol}, {"seed", evaluation.options.seed}});
  }
}

Json hashes_of_named_files(const Evaluation& evaluation) {
  namespace fs = std::filesystem;
  Json hashes = Json::object();
  for (const auto& setting : evaluation.requested.items()) {
    const bool is_list = setting.value().is_array();
    for (const Json& value : is_list ? setting.value() : Json::array({setting.value()})) {
      const fs::path path = value.is_string() ? value.get<std::string>() : std::string();
      const bool is_read = setting.key() == "draws" || fs::is_regular_file(path);
      const std::string hash = is_read ? hash_of_path(path) : "";
      if (hash.empty()) continue;
      hashes[is_list ? fmt::format("{} {}", setting.key(), path.string()) : setting.key()] = hash;
    }
  }
  return hashes;
}

}  // namespace repbench
