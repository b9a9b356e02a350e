#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <set>

#include "protocols/stored_features.h"
#include "reports/table.h"
#include "suite/commands/commands.h"
#include "suite/evaluation.h"
#include "suite/feature_task.h"

namespace repbench {
namespace {

struct Arguments {
  std::string subject, out, label, like;
  std::vector<std::string> protocols, datasets, assignments;
  bool force = false;
  std::shared_ptr<WeightsOptions> weights;
};

Subject subject_of(const Arguments& arguments) {
  if (arguments.subject != "raw_pixels") {
    if (!arguments.like.empty())
      throw std::invalid_argument("[evaluate] --like: expected with raw_pixels alone; got a checkpoint");
    if (is_feature_file(arguments.subject)) return feature_subject(arguments.subject, arguments.label);
    return load_subject(arguments.subject, arguments.label, *arguments.weights);
  }
  if (arguments.like.empty()) {
    throw std::invalid_argument(
        "[evaluate] raw_pixels: expected --like CHECKPOINT, whose input is used; got none");
  }
  return raw_pixels_subject(load_subject(arguments.like).encoder->input(),
                            arguments.label.empty() ? "raw pixels" : arguments.label);
}

/// A report of another encoder or of other settings is not overwritten unasked.
void refuse_another(const std::filesystem::path& folder, const Evaluation& evaluation,
                    const Subject& subject) {
  const std::filesystem::path file = folder / "report.json";
  if (!std::filesystem::exists(file)) return;
  const Record there = read_record(file);
  if (there.requested == evaluation.requested && there.dataset.value("spec", "") == evaluation.dataset &&
      there.checkpoint.value("sha256", "") == subject.sha256 && there.checkpoint.at("label") == subject.label)
    return;
  throw std::invalid_argument(fmt::format(
      "[evaluate] {}: holds a report of {} with other settings or of another encoder; give another --out, or "
      "--force to replace it",
      file.string(), there.checkpoint.at("label").get<std::string>()));
}

/// A file of features is its own data set.
std::vector<std::string> datasets_of(const Arguments& arguments, const std::optional<Subject>& features) {
  if (!features) {
    if (arguments.datasets.empty()) return {"fashion_mnist"};
    std::vector<std::string> specs;
    for (const std::string& list : arguments.datasets) {
      for (std::string& spec : split_dataset_list(list)) specs.push_back(std::move(spec));
    }
    return specs;
  }
  if (!arguments.datasets.empty()) {
    throw std::invalid_argument(fmt::format(
        "[evaluate] --dataset: expected none with a file of features, which holds its own labels; "
        "got {}",
        arguments.datasets.front()));
  }
  for (const std::string& protocol : arguments.protocols) check_judges_features(find_protocol(protocol));
  return {feature_dataset(*features)};
}

void evaluate(const Arguments& arguments) {
  std::optional<Subject> features;
  if (is_feature_file(arguments.subject)) features = subject_of(arguments);
  std::vector<Evaluation> evaluations;  // every setting is checked before anything runs
  for (const std::string& protocol : arguments.protocols) {
    for (const std::string& dataset : datasets_of(arguments, features)) {
      evaluations.push_back(
          prepare_evaluation(protocol, dataset, Json::object(), "command line", arguments.assignments));
    }
  }
  std::set<std::string> folders;
  for (const Evaluation& evaluation : evaluations) {
    if (!folders.insert(folder_name(evaluation)).second) {
      throw std::invalid_argument(fmt::format(
          "[evaluate] expected each protocol on a data set once; got {} twice", folder_name(evaluation)));
    }
  }
  const Subject subject = features ? *features : subject_of(arguments);
  for (Evaluation& evaluation : evaluations) {
    const std::filesystem::path folder = std::filesystem::path(arguments.out) / folder_name(evaluation);
    if (!arguments.force) refuse_another(folder, evaluation, subject);
    Progress progress(folder_name(evaluation) + ": ");
    const Record record = run_evaluation(evaluation, subject, folder, progress);
    for (const Metric& metric : record.metrics) fmt::print("{:32} {}\n", metric.name, format_metric(metric));
    for (const std::string& warning : record.warnings) fmt::print(stderr, "warning: {}\n", warning);
    fmt::print("report: {}\n", (folder / "report.json").string());
  }
}

}  // namespace

void add_evaluate(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("evaluate", "judge an encoder by protocols on data sets");
  command
      ->add_option("subject", arguments->subject,
                   "a checkpoint, weights made elsewhere, a file of features, or raw_pixels")
      ->required();
  command->add_option("assignments", arguments->assignments, "key=value ...");
  command->add_option("--protocol", arguments->protocols, "P[,P...] (see: repbench list protocols)")
      ->required()
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--dataset", arguments->datasets, "D[,D...] (see: repbench list datasets)")
      ->allow_extra_args(false)
      ->default_str("fashion_mnist");
  command->add_option("--out", arguments->out, "folder for the reports")->required();
  command->add_flag("--force", arguments->force, "replace reports of other encoders or settings");
  command->add_option("--label", arguments->label, "the row's name in tables");
  command->add_option("--like", arguments->like, "raw_pixels: a checkpoint whose input is used");
  arguments->weights = add_weights_options(*command);
  command->footer([arguments] {
    std::string text = "Keys of every protocol:\n";
    for (const ProtocolKind& kind : protocol_kinds()) {
      Options fields;
      EvaluateOptions shared;
      if (&kind == &protocol_kinds().front()) shared.describe(fields);
      const std::unique_ptr<Protocol> protocol = kind.make();
      protocol->describe(fields);
      text += fmt::format("\n{}: {}\n{}", kind.name, kind.summary, fields.help());
    }
    return text +
           "\nA file of features (or a folder of train.* and test.*) is its own data set: no --dataset, no "
           "key\n"
           "view; without a split in the file, the key test_share (default 0.2) of its rows is the test "
           "set.\n";
  });
  command->callback([arguments] { evaluate(*arguments); });
}

}  // namespace repbench
