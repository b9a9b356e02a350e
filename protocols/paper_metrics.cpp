#include "protocols/paper_metrics.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <span>
#include <stdexcept>

#include "files/nearest.h"
#include "protocols/ranking_metrics.h"

namespace repbench {
namespace {

constexpr std::string_view kAccuracy = "accuracy", kPerClass = "mean_per_class_accuracy",
                           kElevenPoint = "mean_average_precision_11_point", kAuc = "roc_auc",
                           kTop1Top5 = "mean_top1_top5";
constexpr std::string_view kClip = "Radford et al. 2021 (CLIP), appendix A.1, table 9";

struct Row {
  std::string_view dataset;  // lower case, letters and digits alone
  std::string_view metric;
};

// The 27 data sets of the CLIP paper's linear probes and zero-shot transfer, with other names in use.
constexpr Row kRows[] = {
    {"food101", kAccuracy},
    {"cifar10", kAccuracy},
    {"cifar100", kAccuracy},
    {"birdsnap", kAccuracy},
    {"sun397", kAccuracy},
    {"cars", kAccuracy},
    {"stanfordcars", kAccuracy},
    {"aircraft", kPerClass},
    {"fgvcaircraft", kPerClass},
    {"voc2007", kElevenPoint},
    {"voc2007cls", kElevenPoint},
    {"voc2007multilabel", kElevenPoint},
    {"pascalvoc2007", kElevenPoint},
    {"dtd", kAccuracy},
    {"pets", kPerClass},
    {"oxfordpets", kPerClass},
    {"oxfordiiitpet", kPerClass},
    {"caltech101", kPerClass},
    {"flowers", kPerClass},
    {"flowers102", kPerClass},
    {"oxfordflowers102", kPerClass},
    {"mnist", kAccuracy},
    {"fer2013", kAccuracy},
    {"stl10", kAccuracy},
    {"eurosat", kAccuracy},
    {"resisc45", kAccuracy},
    {"gtsrb", kAccuracy},
    {"kitti", kAccuracy},
    {"kittidistance", kAccuracy},
    {"kitticlosestvehicledistance", kAccuracy},
    {"country211", kAccuracy},
    {"pcam", kAccuracy},
    {"patchcamelyon", kAccuracy},
    {"ucf101", kAccuracy},
    {"kinetics700", kTop1Top5},
    {"clevrcounts", kAccuracy},
    {"clevrcountall", kAccuracy},
    {"hatefulmemes", kAuc},
    {"renderedsst2", kAccuracy},
    {"imagenet", kAccuracy},
    {"imagenet1k", kAccuracy},
};

std::string letters_and_digits(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)))
      result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

/// The name that a data set of files got from its folder; other names as they are.
std::string_view own_name(std::string_view dataset) {
  if (const size_t of = dataset.rfind(" of "); of != std::string_view::npos) dataset.remove_prefix(of + 4);
  for (const std::string_view kind : {"image_folder:", "image_list:", "shards:", "idx:", "voc:"}) {
    if (dataset.starts_with(kind)) return dataset.substr(kind.size());
  }
  return dataset;
}

Metric* metric_of(Record& record, std::string_view name) {
  const auto found = std::find_if(record.metrics.begin(), record.metrics.end(),
                                  [&](const Metric& metric) { return metric.name == name; });
  return found == record.metrics.end() ? nullptr : &*found;
}

/// The number of classes, from accuracy's chance.
int64_t classes_of(Record& record) {
  const Metric* accuracy = metric_of(record, kAccuracy);
  return accuracy != nullptr && accuracy->chance ? static_cast<int64_t>(1 / *accuracy->chance + 0.5) : 0;
}

/// From the columns of the pictures' table, where they are there.
void add_mean_top1_top5(Record& record) {
  if (!record.outcomes || record.outcomes->table_of("correct_top5") == nullptr) return;
  for (OutcomeTable& table : record.outcomes->tables) {
    if (table.columns.contains("correct_top5"))
      record.metrics.push_back(mean_top1_top5(table, classes_of(record)));
  }
}

}  // namespace

PaperMetric paper_metric(std::string_view dataset) {
  std::string name = letters_and_digits(own_name(dataset));
  for (const std::string_view prefix : {"wds", "vtab"}) {
    if (name.starts_with(prefix)) name.erase(0, prefix.size());
  }
  std::vector<std::string> known;
  for (const Row& row : kRows) {
    if (row.dataset == name) return {row.metric, kClip};
    known.emplace_back(row.dataset);
  }
  throw std::invalid_argument(
      fmt::format("[metrics] expected a data set of the CLIP paper's evaluation; "
                  "got '{}'{}",
                  dataset, did_you_mean(name, known)));
}

std::vector<std::string> headline_choices() {
  std::vector<std::string> choices;
  for (const std::string_view name :
       {kAccuracy, kPerClass, kTop1Top5, std::string_view("mean_average_precision"), kElevenPoint, kAuc})
    choices.emplace_back(name);
  choices.emplace_back("paper");
  return choices;
}

void check_headline(std::string_view choice, std::string_view dataset, std::string_view where) {
  const std::vector<std::string> choices = headline_choices();
  if (std::find(choices.begin(), choices.end(), choice) == choices.end())
    throw std::invalid_argument(fmt::format("[{}] key 'headline': expected one of {}; got '{}'{}", where,
                                            fmt::join(choices, ", "), choice, did_you_mean(choice, choices)));
  try {
    if (choice == "paper") paper_metric(dataset);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(fmt::format("[{}] key 'headline': paper: {}", where, error.what()));
  }
}

void set_headline(Record& record, std::string_view dataset, std::string_view choice, std::string_view where) {
  std::string_view wanted = choice;
  if (choice == "paper") {
    const PaperMetric paper = paper_metric(dataset);
    wanted = paper.metric;
    record.resolved["paper_metric"] = paper.metric;
    record.resolved["paper_metric_source"] = paper.source;
  }
  if (wanted == kTop1Top5 && metric_of(record, wanted) == nullptr) add_mean_top1_top5(record);
  if (metric_of(record, wanted) == nullptr) {
    std::vector<std::string_view> names;
    for (const Metric& metric : record.metrics) names.push_back(metric.name);
    throw std::invalid_argument(
        fmt::format("[{}] key 'headline': expected a metric that is measured on {}: {}; got {}", where,
                    dataset, fmt::join(names, ", "), wanted));
  }
  for (Metric& metric : record.metrics) metric.headline = metric.name == wanted;
}

}  // namespace repbench
