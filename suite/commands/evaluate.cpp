#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>

#include "files/json.h"
#include "protocols/stored_features.h"
#include "reports/table.h"
#include "suite/commands/commands.h"
#include "suite/evaluation.h"
#include "suite/feature_task.h"

namespace repbench {
namespace {

struct Arguments {
  std::string subject, out, like;
  std::vector<std::string> beside, labels, protocols, datasets, settings, assignments;
  bool force = false;
  std::shared_ptr<WeightsOptions> weights;
};

/// The encoder itself, then those measured beside it.
std::vector<std::string> paths_of(const Arguments& arguments) {
  std::vector<std::string> paths = arguments.beside;
  paths.insert(paths.begin(), arguments.subject);
  return paths;
}

/// Complains before anything is loaded.
void check(const Arguments& arguments) {
  const std::vector<std::string> paths = paths_of(arguments);
  const bool controls = std::find(paths.begin(), paths.end(), "raw_pixels") != paths.end();
  if (!controls && !arguments.like.empty())
    throw std::invalid_argument("[evaluate] --like: expected with raw_pixels alone; got a checkpoint");
  if (controls && arguments.like.empty()) {
    throw std::invalid_argument(
        "[evaluate] raw_pixels: expected --like CHECKPOINT, whose input is used; got none");
  }
  if (arguments.labels.size() > paths.size()) {
    throw std::invalid_argument(
        fmt::format("[evaluate] --label: expected at most one an encoder ({}); got {}", paths.size(),
                    arguments.labels.size()));
  }
  for (const std::string& protocol : arguments.protocols) {
    if (arguments.beside.empty() || find_protocol(protocol).in_turns) continue;
    throw std::invalid_argument(
        fmt::format("[evaluate] --beside: expected a protocol that measures encoders in turns ({}); got {}",
                    protocols_in_turns(), protocol));
  }
}

Subject subject_of(const Arguments& arguments, const std::string& path, const std::string& label) {
  if (path == "raw_pixels") {
    return raw_pixels_subject(load_subject(arguments.like).encoder->input(),
                              label.empty() ? "raw pixels" : label);
  }
  if (is_feature_file(path)) return feature_subject(path, label);
  return load_subject(path, label, *arguments.weights);
}

std::vector<Subject> subjects_of(const Arguments& arguments) {
  const std::vector<std::string> paths = paths_of(arguments);
  std::vector<Subject> subjects;
  for (size_t i = 0; i < paths.size(); ++i) {
    subjects.push_back(
        subject_of(arguments, paths[i], i < arguments.labels.size() ? arguments.labels[i] : ""));
  }
  return subjects;
}

/// A label as the name of a folder, which it does not leave.
std::string folder_of(std::string label) {
  const auto fits = [](unsigned char letter) { return std::isalnum(letter) != 0 || letter == '-'; };
  for (size_t i = 0; i < label.size(); ++i) {
    if (!fits(static_cast<unsigned char>(label[i])) && (label[i] != '.' || i == 0)) label[i] = '_';
  }
  return label;
}

/// Where each subject's report goes: beside each other they need names of their own.
std::vector<std::filesystem::path> folders_of(const Arguments& arguments, const Evaluation& evaluation,
                                              std::span<const Subject> subjects) {
  const std::filesystem::path out = arguments.out;
  if (subjects.size() == 1) return {out / folder_name(evaluation)};
  std::vector<std::filesystem::path> folders;
  for (const Subject& subject : subjects) {
    folders.push_back(out / folder_of(subject.label) / folder_name(evaluation));
    if (std::count(folders.begin(), folders.end(), folders.back()) == 1) continue;
    throw std::invalid_argument(fmt::format(
        "[evaluate] --beside: expected labels that differ in letters and digits (--label, once an encoder in "
        "their order); got '{}' twice",
        subject.label));
  }
  return folders;
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
std::vector<std::string> datasets_of(const Arguments& arguments, const std::string& protocol,
                                     const std::optional<Subject>& features) {
  if (!features) {
    if (arguments.datasets.empty()) return {default_dataset(protocol)};
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
  for (const std::string& each : arguments.protocols) check_judges_features(find_protocol(each));
  return {feature_dataset(*features)};
}

struct Settings {
  Json values = Json::object();
  std::string source = "command line";
};

/// What files of settings say, by the protocol that each names under the key "protocol".
std::map<std::string, Settings> settings_of(const Arguments& arguments) {
  std::map<std::string, Settings> result;
  for (const std::string& file : arguments.settings) {
    Settings settings{read_json(file), file};
    const Json name = settings.values.is_object() ? settings.values.value("protocol", Json()) : Json();
    const auto asked = [&](const std::string& protocol) { return name == protocol; };
    if (std::none_of(arguments.protocols.begin(), arguments.protocols.end(), asked)) {
      throw std::invalid_argument(fmt::format(
          "[evaluate] --settings {}: expected the key 'protocol' with one of --protocol ({}); got {}", file,
          fmt::join(arguments.protocols, ", "), brief_json(name)));
    }
    settings.values.erase("protocol");
    settings.values.emplace("recipe", std::filesystem::path(file).stem().string());
    if (!result.emplace(name.get<std::string>(), std::move(settings)).second) {
      throw std::invalid_argument(
          fmt::format("[evaluate] --settings {}: expected one file a protocol; got another for {}", file,
                      brief_json(name)));
    }
  }
  return result;
}

/// Every setting is checked before anything runs.
std::vector<Evaluation> evaluations_of(const Arguments& arguments, const std::optional<Subject>& features) {
  std::vector<Evaluation> evaluations;
  std::map<std::string, Settings> settings = settings_of(arguments);
  for (const std::string& protocol : arguments.protocols) {
    const Settings& of_file = settings[protocol];
    for (const std::string& dataset : datasets_of(arguments, protocol, features)) {
      evaluations.push_back(
          prepare_evaluation(protocol, dataset, of_file.values, of_file.source, arguments.assignments));
    }
  }
  std::set<std::string> folders;
  for (const Evaluation& evaluation : evaluations) {
    if (!folders.insert(folder_name(evaluation)).second) {
      throw std::invalid_argument(fmt::format(
          "[evaluate] expected each protocol on a data set once; got {} twice", folder_name(evaluation)));
    }
  }
  return evaluations;
}

void print(const Record& record, const std::filesystem::path& folder) {
  for (const Metric& metric : record.metrics) fmt::print("{:32} {}\n", metric.name, format_metric(metric));
  print_warnings(record.warnings);
  fmt::print("report: {}\n", (folder / "report.json").string());
}

void evaluate(const Arguments& arguments) {
  check(arguments);
  std::optional<Subject> features;
  if (is_feature_file(arguments.subject))
    features = subject_of(arguments, arguments.subject, arguments.labels.empty() ? "" : arguments.labels[0]);
  std::vector<Evaluation> evaluations = evaluations_of(arguments, features);
  const std::vector<Subject> subjects = features ? std::vector{*features} : subjects_of(arguments);
  for (Evaluation& evaluation : evaluations) {
    const auto folders = folders_of(arguments, evaluation, subjects);
    for (size_t i = 0; i < subjects.size() && !arguments.force; ++i)
      refuse_another(folders[i], evaluation, subjects[i]);
    Progress progress(folder_name(evaluation) + ": ");
    if (subjects.size() == 1) {
      print(run_evaluation(evaluation, subjects[0], folders[0], progress), folders[0]);
      continue;
    }
    const std::vector<Record> records = run_in_turns(evaluation, subjects, folders, progress);
    for (size_t i = 0; i < records.size(); ++i) print(records[i], folders[i]);
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
      ->default_str("fashion_mnist; throughput: none, no real pictures");
  command
      ->add_option("--settings", arguments->settings,
                   "a file of settings of the protocol that it names, as those in configs/protocols; "
                   "assignments go before it")
      ->allow_extra_args(false);
  command->add_option("--out", arguments->out, "folder for the reports")->required();
  command->add_flag("--force", arguments->force, "replace reports of other encoders or settings");
  command->add_option("--beside", arguments->beside, "throughput: another encoder, measured in turns with it")
      ->allow_extra_args(false);
  command->add_option("--label", arguments->labels, "the row's name in tables; with --beside once an encoder")
      ->allow_extra_args(false);
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
