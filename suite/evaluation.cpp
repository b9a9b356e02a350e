#include "suite/evaluation.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <ctime>

#include "files/atomic.h"
#include "files/hash.h"
#include "files/utf8.h"
#include "pretrain/models/kinds.h"
#include "protocols/stored_features.h"
#include "suite/evaluation_task.h"
#include "suite/feature_task.h"
#include "suite/version.h"

namespace repbench {
namespace {

constexpr int64_t kExtractionBatch = 256;

std::string& command_line() {
  static std::string text;
  return text;
}

Json run_section(std::chrono::system_clock::time_point start) {
  return {{"time",
           fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(start)))},
          {"command", command_line()},
          {"commit", std::string(build_commit())},
          {"dirty", build_dirty()}};
}

/// Of the prompts that a protocol used; "" if it used none.
std::string prompts_hash(const Json& resolved) { return resolved.value("prompts_sha256", std::string()); }

/// Over lists by name.
std::string hash_of(const std::vector<std::pair<std::string, IndexList>>& draws) {
  Sha256 hash;
  for (const auto& [name, list] : draws) hash.update(fmt::format("{}\t{}\n", name, list.hash));
  return hash.hex();
}

void add(SourceStatistics& total, const SourceStatistics& more) {
  total.waited += more.waited;
  total.read += more.read;
  total.decode += more.decode;
  total.view += more.view;
  total.pictures += more.pictures;
}

/// Seconds of the loader's threads, and of those who waited for them.
Json to_json(const SourceStatistics& data) {
  return {{"pictures", data.pictures},
          {"read_seconds", data.read},
          {"decode_seconds", data.decode},
          {"view_seconds", data.view},
          {"wait_seconds", data.waited}};
}

/// Of one run: when it began, how it is run, what was read for it.
struct Circumstances {
  Circumstances(const Evaluation& evaluation, Progress& progress) {
    const EvaluateOptions& options = evaluation.options;
    context.execution = start_execution(options.execution);
    context.seed = static_cast<uint64_t>(options.seed);
    context.batch_size = options.batch_size > 0 ? options.batch_size : kExtractionBatch;
    context.workers = static_cast<int>(options.workers);
    context.cache = options.cache;
    context.progress = [&progress](std::string_view what, int64_t done, int64_t total) {
      progress.update(what, done, total);
    };
    context.on_source_read = [this](const SourceStatistics& read) { add(data, read); };
    reset_peak_memory();
  }
  Circumstances(const Circumstances&) = delete;  // the context points here
  Circumstances& operator=(const Circumstances&) = delete;

  std::chrono::system_clock::time_point start = std::chrono::system_clock::now();
  ProtocolContext context;
  SourceStatistics data;
};

Task task_of(const Evaluation& evaluation, const Subject& subject) {
  const ProtocolKind& kind = find_protocol(evaluation.protocol);
  if (subject.features != nullptr) check_judges_features(kind);
  return evaluation.dataset.empty() ? Task{} : open_task(evaluation, subject);
}

/// What was asked, of which data: what two reports must share to be compared.
void identify(ProtocolResult& result, const Evaluation& evaluation, const Task& task) {
  Record& record = result.record;
  record.dataset = dataset_section(task, evaluation);
  record.protocol = evaluation.protocol;
  record.protocol_version = find_protocol(evaluation.protocol).version;
  record.requested = evaluation.requested;
  const std::string words = prompts_hash(record.resolved);
  if (!words.empty()) record.dataset["hashes"]["prompts"] = words;
  for (const auto& [key, sha256] : result.file_hashes) record.dataset["hashes"][key] = sha256;
  if (!result.draws.empty()) record.dataset["hashes"]["draws"] = hash_of(result.draws);
  for (const auto& setting : evaluation.identity.items()) {
    const bool by_content =
        setting.key() == "prompts" ? !words.empty() : result.file_hashes.contains(setting.key());
    if (!by_content) record.identity.push_back(setting.key());
  }
  record.fingerprint = fingerprint(record);
}

/// Adds to what the protocol measured all that it does not know.
void complete(ProtocolResult& result, const Circumstances& run, const Evaluation& evaluation,
              const Subject& subject, const Task& task) {
  Record& record = result.record;
  identify(result, evaluation, task);
  record.run.update(run_section(run.start));
  record.environment = environment(run.context.execution);
  record.checkpoint = subject.description;
  record.cost["seconds"] =
      std::chrono::duration<double>(std::chrono::system_clock::now() - run.start).count();
  if (!subject.checkpoint.empty()) record.cost["training_seconds"] = subject.training_seconds;
  record.cost["peak_memory_bytes"] = peak_memory_bytes();
  if (run.data.pictures > 0) record.cost["data"] = to_json(run.data);
  record.warnings.insert(record.warnings.end(), subject.warnings.begin(), subject.warnings.end());
  if (subject.features != nullptr) {
    const std::string warning =
        feature_task_warning(subject, find_protocol(evaluation.protocol), evaluation.options);
    if (!warning.empty()) record.warnings.push_back(warning);
  }
  const bool learns = find_protocol(evaluation.protocol).on_features != OnFeatures::test_rows;
  const bool one_split =
      task.train && learns && evaluation.options.train_split == evaluation.options.test_split;
  if (one_split && !record.resolved.contains("leave_one_out"))
    record.warnings.push_back("training and test pictures are of one split");
}

/// All files at once: a report that was there stays whole until the new one is.
void write(const ProtocolResult& result, const Evaluation& evaluation, const Task& task,
           const std::filesystem::path& target) {
  AtomicFolder folder(target);
  if (task.train) write_draws(task, evaluation, folder.path());
  if (task.train) write_draws(result, task, evaluation, folder.path());
  if (!result.sheets.empty()) write_sheets(folder.path() / "sheet.json", result.sheets);
  if (result.head) write_head(folder.path() / "head.safetensors", *result.head);
  write_record(folder.path(), result.record);
  folder.commit();
}

}  // namespace

void remember_command(int argc, const char* const* argv) {
  command_line().clear();
  for (int i = 0; i < argc; ++i) command_line() += (i > 0 ? " " : "") + repaired_utf8(argv[i]);
}

void EvaluateOptions::describe(Options& options, bool of_features) {
  options.add("seed", &seed, {.help = "of splits, draws and heads", .minimum = 0, .maximum = 9e15});
  options.add("train_limit", &train_limit,
              {.help = "training pictures, class-balanced",
               .unit = "pictures",
               .minimum = 0,
               .maximum = 1e12,
               .zero = "all"});
  options.add("limit", &limit,
              {.help = "test pictures, class-balanced",
               .unit = "pictures",
               .minimum = 0,
               .maximum = 1e12,
               .zero = "all"});
  options.add("train_index", &train_index,
              {.help = "index file of the training pictures; empty: all of the split", .identity = false});
  options.add("test_index", &test_index,
              {.help = "index file of the test pictures; empty: all of the split", .identity = false});
  options.add("train_split", &train_split, {.help = "split to learn from"});
  options.add("test_split", &test_split, {.help = "split to be judged on"});
  if (of_features) {
    options.add(
        "test_share", &test_share,
        {.help = "of rows without a split that become the test set", .minimum = 0.01, .maximum = 0.99});
  } else {
    options.add("view", &view, {.help = "evaluation view; empty: the encoder's own"});
  }
  options.add("batch_size", &batch_size,
              {.help = "of extraction",
               .unit = "pictures",
               .minimum = 0,
               .maximum = 1e6,
               .zero = "auto",
               .identity = false});
  options.add("workers", &workers,
              {.help = "loader threads", .minimum = 1, .maximum = 256, .identity = false});
  options.add("recipe", &recipe,
              {.help = "name of these settings in tables; --settings gives its file's", .identity = false});
  options.add("cache", &cache, {.help = "folder of extracted features; empty: none", .identity = false});
  execution.describe(options);
}

std::string default_dataset(const std::string& protocol) {
  return find_protocol(protocol).needs == Needs::nothing ? "" : "fashion_mnist";
}

Evaluation prepare_evaluation(const std::string& protocol, const std::string& dataset, const Json& settings,
                              const std::string& source, const std::vector<std::string>& assignments) {
  Evaluation evaluation{.protocol = protocol,
                        .dataset = dataset,
                        .options = {},
                        .instance = find_protocol(protocol).make(),
                        .requested = {},
                        .identity = {}};
  Options fields;
  evaluation.options.describe(fields, is_feature_dataset(dataset));
  evaluation.instance->describe(fields);
  fields.set_all(settings, source);
  for (const std::string& assignment : assignments) fields.set_from_text(assignment);
  evaluation.requested = fields.to_json();
  evaluation.requested.erase("cache");  // a place, no setting: two runs must be able to agree
  evaluation.identity = fields.to_json(/*identity_only=*/true);
  return evaluation;
}

std::string folder_name(const Evaluation& evaluation) {
  const std::string dataset =
      evaluation.dataset.empty() ? "synthetic" : DatasetSpec::parse(evaluation.dataset).slug();
  const std::string classifier = evaluation.requested.value("classifier", std::string());
  return fmt::format("{}.{}{}{}", dataset, evaluation.protocol, classifier.empty() ? "" : "-", classifier);
}

Subject load_subject(const std::filesystem::path& path, const std::string& label,
                     const WeightsOptions& weights) {
  LoadedEncoder loaded = open_encoder(path, weights);
  const Json& options = loaded.config["options"];
  Subject subject;
  subject.label = label.empty() ? options.value("label", loaded.config["encoder"].get<std::string>()) : label;
  subject.encoder = loaded.encoder;
  subject.sha256 = loaded.sha256;
  if (!loaded.config.contains("weights")) subject.checkpoint = path;
  const int64_t total = count_elements(loaded.encoder->parameters());
  subject.description = {{"sha256", loaded.sha256},
                         {"kind", loaded.config["encoder"]},
                         {"label", subject.label},
                         {"config", options},
                         {"model", loaded.config["model"]},
                         {"input", loaded.config["input"]},
                         {"parameters", {{"total", total}, {"trainable", 0}}},
                         {"training", loaded.config["training"]}};
  if (loaded.config.contains("weights")) subject.description["weights"] = loaded.config["weights"];
  // Times belong to the cost section: all else is equal between two runs of the same settings.
  subject.description["training"].erase("seconds");
  subject.warnings = std::move(loaded.warnings);
  subject.training_seconds = loaded.config["training"].value("seconds", 0.0);
  return subject;
}

Subject raw_pixels_subject(const InputSpec& like, const std::string& label) {
  Subject subject;
  subject.label = label;
  subject.encoder = make_raw_pixels(Json::object(), like);
  subject.description = {{"sha256", ""},
                         {"kind", "raw_pixels"},
                         {"label", subject.label},
                         {"config", Json::object()},
                         {"input", like.to_json()},
                         {"parameters", {{"total", 0}, {"trainable", 0}}}};
  return subject;
}

Record run_evaluation(Evaluation& evaluation, const Subject& subject, const std::filesystem::path& folder,
                      Progress& progress) {
  Circumstances run(evaluation, progress);
  const Task task = task_of(evaluation, subject);
  ProtocolResult result = evaluation.instance->run(subject, task, run.context);
  complete(result, run, evaluation, subject, task);
  write(result, evaluation, task, folder);
  return std::move(result.record);
}

std::vector<Record> run_in_turns(Evaluation& evaluation, std::span<const Subject> subjects,
                                 std::span<const std::filesystem::path> folders, Progress& progress) {
  Circumstances run(evaluation, progress);
  std::vector<Task> tasks;
  for (const Subject& subject : subjects) tasks.push_back(task_of(evaluation, subject));
  Task shared = tasks.front();
  if (evaluation.options.view.empty()) shared.view.clear();
  std::vector<ProtocolResult> results = evaluation.instance->run_in_turns(subjects, shared, run.context);
  std::vector<Record> records;
  for (size_t i = 0; i < subjects.size(); ++i) {
    complete(results[i], run, evaluation, subjects[i], tasks[i]);
    write(results[i], evaluation, tasks[i], folders[i]);
    records.push_back(std::move(results[i].record));
  }
  return records;
}

}  // namespace repbench
