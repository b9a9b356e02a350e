#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

#include "datasets/text/class_names.h"
#include "datasets/verify.h"
#include "files/atomic.h"
#include "files/json.h"
#include "files/utf8.h"
#include "suite/commands/commands.h"
#include "suite/progress.h"

namespace repbench {
namespace {

using Splits = std::vector<std::shared_ptr<const Dataset>>;

struct Arguments {
  std::string dataset, json;
  std::vector<std::string> splits;
  int workers = 1;
  Nearness nearness;
};

struct Opened {
  Splits splits;
  std::vector<DataFinding> refused;  // splits that cannot be opened
};

/// The splits asked for; else those that there are of the usual ones. Throws what was wrong if none can be
/// opened.
Opened open_splits(const Arguments& arguments) {
  const DatasetSpec spec = DatasetSpec::parse(arguments.dataset);
  const bool asked = !arguments.splits.empty();
  Opened opened;
  std::exception_ptr no_split, trouble;
  for (const std::string& name :
       asked ? arguments.splits : std::vector<std::string>{"train", "val", "test"}) {
    try {
      opened.splits.push_back(open_with_problems(spec, name));
    } catch (const std::invalid_argument&) {  // no such split
      if (asked) throw;
      if (!no_split) no_split = std::current_exception();
    } catch (const std::runtime_error& error) {
      opened.refused.push_back({"split that cannot be opened", name, error.what()});
      if (!trouble) trouble = std::current_exception();
    }
  }
  if (opened.splits.empty()) std::rethrow_exception(trouble ? trouble : no_split);
  return opened;
}

std::string split_line(const SplitSummary& split, const Dataset& dataset) {
  std::string text = fmt::format("{}: {} pictures", split.name, split.examples);
  for (const auto& [format, count] : split.formats) text += fmt::format(", {} {}", count, format);
  text += fmt::format(", sides of {} to {} pixels", split.smallest_side, split.largest_side);
  if (!dataset.class_names().empty()) {
    text += fmt::format(", {} classes of {} to {}", dataset.class_names().size(), split.classes.smallest,
                        split.classes.largest);
    if (split.classes.unlabelled > 0) text += fmt::format(", {} without a class", split.classes.unlabelled);
  }
  if (split.captions > 0) text += fmt::format(", {} captions", split.captions);
  return text + fmt::format("\n  contents sha256 {}", split.contents_sha256);
}

Json split_json(const SplitSummary& split, const Dataset& dataset) {
  const Provenance& provenance = dataset.provenance();
  return {{"name", split.name},
          {"examples", split.examples},
          {"broken", split.broken},
          {"captions", split.captions},
          {"classes", dataset.class_names()},
          {"examples_by_class", split.classes.counts},
          {"unlabelled", split.classes.unlabelled},
          {"smallest_side", split.smallest_side},
          {"largest_side", split.largest_side},
          {"formats", Json(std::map<std::string, int64_t>(split.formats.begin(), split.formats.end()))},
          {"source", provenance.source},
          {"licence", provenance.licence},
          {"sha256", provenance.sha256},
          {"hashed", provenance.hashed},
          {"contents_sha256", split.contents_sha256}};
}

void write_json(const std::filesystem::path& file, const Arguments& arguments, const DataReport& report,
                const Splits& splits) {
  Json json = {
      {"dataset", repaired_utf8(arguments.dataset)}, {"splits", Json::array()}, {"findings", Json::array()}};
  for (size_t i = 0; i < splits.size(); ++i)
    json["splits"].push_back(split_json(report.splits[i], *splits[i]));
  for (const DataFinding& finding : report.findings) {
    json["findings"].push_back({{"kind", finding.kind},
                                {"where", finding.where},
                                {"text", finding.text},
                                {"problem", finding.problem}});
  }
  write_file_atomically(file, json.dump(2) + "\n");
}

void print_report(const DataReport& report, const Splits& splits) {
  for (size_t i = 0; i < splits.size(); ++i) fmt::print("{}\n", split_line(report.splits[i], *splits[i]));
  std::map<std::string, int64_t> counts;
  for (const DataFinding& finding : report.findings) {
    ++counts[finding.problem ? finding.kind : finding.kind + " (no problem)"];
    fmt::print("{}{}: {}: {}\n", finding.problem ? "" : "note: ", finding.kind, finding.where, finding.text);
  }
  if (counts.empty()) fmt::print("no problems\n");
  for (const auto& [kind, count] : counts) fmt::print("{:6} {}\n", count, kind);
}

void verify(const Arguments& arguments) {
  Opened opened = open_splits(arguments);
  const Splits& splits = opened.splits;
  Progress progress("data verify: ");
  DataReport report = verify_data(
      splits, {.workers = arguments.workers,
               .nearness = arguments.nearness,
               .progress = [&](int64_t done, int64_t total) { progress.update("pictures", done, total); }});
  report.findings.insert(report.findings.begin(), opened.refused.begin(), opened.refused.end());
  for (std::string& text : class_order_surprises(splits.front()->class_names()))
    report.findings.push_back({"class order", splits.front()->name(), std::move(text)});
  print_report(report, splits);
  if (!arguments.json.empty()) write_json(arguments.json, arguments, report, splits);
  if (report.has_problems()) throw CLI::RuntimeError(1);
}

}  // namespace

void add_data(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("data", "look at a data set itself");
  command->require_subcommand(1);
  CLI::App* check = command->add_subcommand(
      "verify", "decode every picture, find duplicates, compare classes; exit 1 with a list of problems");
  check->add_option("dataset", arguments->dataset, "kind, or kind:path (see: repbench list datasets)")
      ->required();
  check
      ->add_option("--splits", arguments->splits,
                   "S[,S...]; default: those of train, val, test that there are")
      ->delimiter(',')
      ->allow_extra_args(false);
  arguments->workers = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  check->add_option("--workers", arguments->workers, "threads")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  check->add_option("--near-bits", arguments->nearness.bits, "near duplicates: bits of pHash that may differ")
      ->check(CLI::Range(0, 15))
      ->capture_default_str();
  check
      ->add_option("--near-levels", arguments->nearness.levels,
                   "near duplicates: how far 16x16 thumbnails may be apart, in levels (root mean square)")
      ->check(CLI::Range(0.0, 255.0))
      ->capture_default_str();
  check->add_option("--json", arguments->json, "write everything to this file as well");
  check->callback([arguments] { verify(*arguments); });
}

}  // namespace repbench
