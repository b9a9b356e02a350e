#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "configs/options.h"
#include "datasets/batch_source.h"
#include "datasets/dataset.h"
#include "datasets/splits.h"
#include "pretrain/encoder.h"
#include "pretrain/execution.h"
#include "protocols/trained_head.h"
#include "reports/picture.h"
#include "reports/record.h"

namespace repbench {

struct FeatureFile;

/// Who is judged.
struct Subject {
  std::string label;  // the row's name: "MAE", "untrained", "raw pixels"
  std::shared_ptr<const Encoder> encoder;
  std::string sha256;                      // over the encoder's tensors
  std::filesystem::path checkpoint;        // of ours: step or run folder; else empty
  Json description = Json::object();       // a report's `checkpoint` section
  double training_seconds = 0;             // over all interruptions
  std::vector<std::string> warnings = {};  // go into every report

  /// Set where features were read from a file: `encoder` then stands in and cannot be run.
  std::shared_ptr<const FeatureFile> features = nullptr;
};

/// On what. Data sets are empty where a protocol needs none and none is named.
struct Task {
  std::shared_ptr<const Dataset> train, test;
  IndexList train_examples, test_examples;
  std::string view;  // evaluation view; in turns: empty for each subject's own

  /// For choosing settings: the split that Protocol::validation_split names; null if it names none.
  std::shared_ptr<const Dataset> validation = nullptr;
  IndexList validation_examples = {};
};

/// Under which circumstances; none of these may change a result but the seed.
struct ProtocolContext {
  Execution execution;
  uint64_t seed = 0;
  int64_t batch_size = 256;  // of extraction
  int workers = 1;
  std::filesystem::path cache;  // feature cache; empty: none
  std::function<void(std::string_view what, int64_t done, int64_t total)> progress = [](auto, auto, auto) {};
  std::function<void(const SourceStatistics& statistics)> on_source_read = [](const auto&) {};  // to its end
};

struct ProtocolResult {
  Record record;                   // its `run` may say more than the caller knows
  std::vector<Sheet> sheets = {};  // pictures for the page
  std::vector<std::pair<std::string, IndexList>> draws =
      {};  // of the training data, named: kept as index files

  /// Of files and data sets that settings name, by the settings' keys: what they hold counts, not where they
  /// lie.
  std::map<std::string, std::string> file_hashes = {};

  std::optional<TrainedHead> head = std::nullopt;  // kept beside the report
};

/// A way to judge. An instance holds its settings and is used for one run.
class Protocol {
 public:
  virtual ~Protocol() = default;

  virtual void describe(Options& options) = 0;

  /// Once settings are set: may an example have no class, or several?
  virtual bool takes_several_labels() const { return false; }

  /// Likewise: the split that settings are chosen on; "": none is asked for.
  virtual std::string validation_split() const { return ""; }

  /// Fills metrics, curves, outcomes, resolved settings, cost and warnings; the caller adds everything else.
  /// Throws std::invalid_argument when the subject or task does not fit ("[zero_shot] expected a text side").
  virtual ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context) = 0;

  /// Several subjects in one measurement, so that a drift of the machine hits all alike: a result a subject,
  /// in their order, of one `run["measurement"]`. Throws std::invalid_argument where ProtocolKind::in_turns
  /// is not set.
  virtual std::vector<ProtocolResult> run_in_turns(std::span<const Subject> subjects, const Task& task,
                                                   const ProtocolContext& context);
};

/// What of a data set a protocol cannot do without. Who needs nothing may make use of one that is named.
enum class Needs { nothing, pictures, labels };

/// What a protocol judges in a file of features: nothing (it needs an encoder), test rows alone, or test rows
/// by what is learned from training rows.
enum class OnFeatures { refused, test_rows, train_and_test_rows };

/// A row of the table of protocols (protocols/kinds.cpp).
struct ProtocolKind {
  std::string_view name;
  std::string_view summary;
  int version;
  Needs needs;
  std::unique_ptr<Protocol> (*make)();
  OnFeatures on_features = OnFeatures::refused;
  bool in_turns = false;  // can it measure several subjects in one measurement?
};
std::span<const ProtocolKind> protocol_kinds();

/// Throws std::invalid_argument naming the nearest kind.
const ProtocolKind& find_protocol(std::string_view name);

/// The names of those that can measure several subjects in turns.
std::string protocols_in_turns();

}  // namespace repbench
