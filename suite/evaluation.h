#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "configs/options.h"
#include "pretrain/execution.h"
#include "pretrain/weights/import.h"
#include "protocols/protocol.h"
#include "suite/progress.h"

namespace repbench {

/// What all protocols share. Settings of the protocol itself are bound beside these keys.
struct EvaluateOptions {
  int64_t seed = 0;
  int64_t train_limit = 0;
  int64_t limit = 0;
  std::string train_split = "train", test_split = "test";
  std::string train_index, test_index;
  std::string view;
  int64_t batch_size = 0;
  int64_t workers = 1;
  std::string cache;
  std::string recipe;
  double test_share = 0.2;
  ExecutionOptions execution;

  /// A file of features has no view, and perhaps no split.
  void describe(Options& options, bool of_features = false);
};

/// One protocol on one data set, fully set: parsed before anything expensive starts.
struct Evaluation {
  std::string protocol;
  std::string dataset;  // "": none
  EvaluateOptions options;
  std::unique_ptr<Protocol> instance;
  Json requested;  // every setting
  Json identity;   // those that change results
};

/// The data set where none is named: Fashion-MNIST; "" (none) for a protocol that needs nothing of one.
std::string default_dataset(const std::string& protocol);

/// `dataset` may be that of a file of features (suite/feature_task.h), or "" where none is needed. Throws
/// std::invalid_argument naming source and key.
Evaluation prepare_evaluation(const std::string& protocol, const std::string& dataset, const Json& settings,
                              const std::string& source, const std::vector<std::string>& assignments);

/// "fashion_mnist.linear_probe", with "-ridge" where a classifier is chosen: the folder of a report.
std::string folder_name(const Evaluation& evaluation);

/// A checkpoint or weights made elsewhere, or the control "raw_pixels" with the input of `like`. `label`
/// overrides the name in tables.
Subject load_subject(const std::filesystem::path& path, const std::string& label = "",
                     const WeightsOptions& options = {});
Subject raw_pixels_subject(const InputSpec& like, const std::string& label = "raw pixels");

/// Runs it and writes report.json, outcomes.json and sheet.json into `folder`.
Record run_evaluation(Evaluation& evaluation, const Subject& subject, const std::filesystem::path& folder,
                      Progress& progress);

/// The same of several, measured in turns (Protocol::run_in_turns); one folder a subject.
std::vector<Record> run_in_turns(Evaluation& evaluation, std::span<const Subject> subjects,
                                 std::span<const std::filesystem::path> folders, Progress& progress);

/// The command line of this process, for a report's `run` section.
void remember_command(int argc, const char* const* argv);

}  // namespace repbench
