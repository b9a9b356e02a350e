#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "datasets/rendering.h"
#include "files/atomic.h"
#include "protocols/features.h"
#include "suite/commands/commands.h"
#include "suite/evaluation.h"

namespace repbench {
namespace {

struct Arguments {
  std::string checkpoint, out, split = "test";
  std::vector<std::string> inputs, taps = {"cls"}, texts, assignments;
  bool store_pixels = false;
  std::shared_ptr<WeightsOptions> weights;
};

/// The pictures under the encoder's own view: uint8 [N, S, S, C].
at::Tensor read_pictures(std::span<const std::string> paths, const InputSpec& input) {
  const Rendering rendering{.views = {make_view(input.view)}, .channels = static_cast<int>(input.channels)};
  const int64_t size = rendering.views[0]->size();
  const at::Tensor pixels =
      at::empty({static_cast<int64_t>(paths.size()), size, size, input.channels}, at::kByte);
  const auto bytes = static_cast<size_t>(size * size * input.channels);
  StageSeconds unused;
  for (size_t i = 0; i < paths.size(); ++i) {
    const std::string content = read_regular_file(paths[i]);
    const auto* begin = reinterpret_cast<const std::byte*>(content.data());
    const std::span<uint8_t> output(pixels.mutable_data_ptr<uint8_t>() + i * bytes, bytes);
    render(rendering, {paths[i], EncodedImage{{begin, begin + content.size()}}, {}, {}}, 0, {{output}},
           unused);
  }
  return pixels;
}

NamedTensors embed_pictures(const Arguments& arguments, const Encoder& encoder, const Execution& execution) {
  constexpr size_t kBatch = 256;
  const c10::NoGradGuard no_grad;
  const std::span<const std::string> paths = arguments.inputs;
  std::map<std::string, std::vector<at::Tensor>> parts;
  for (size_t begin = 0; begin < paths.size(); begin += kBatch) {
    const auto batch = paths.subspan(begin, std::min(kBatch, paths.size() - begin));
    const at::Tensor images =
        encoder.ingest({read_pictures(batch, encoder.input()).to(execution.device), Axes::BHWC});
    for (auto& [tap, values] : encoder.features(images, arguments.taps,
                                                {.training = false, .compute = execution.compute_dtype()})) {
      parts[arguments.taps.size() == 1 ? "features" : tap].push_back(values.to(at::kFloat).cpu());
    }
    if (arguments.store_pixels) parts["images"].push_back(images.cpu());
  }
  NamedTensors tensors;
  for (const auto& [name, batches] : parts) tensors.push_back({name, at::cat(batches)});
  return tensors;
}

/// What was embedded.
struct Named {
  std::vector<std::string> ids;
  std::map<std::string, std::string> notes = {};  // of a data set: its name and classes
};

NamedTensors embed_dataset(const Arguments& arguments, const Encoder& encoder, const EvaluateOptions& options,
                           const Execution& execution, Named& named) {
  const auto dataset = open_dataset(DatasetSpec::parse(arguments.inputs.front()), arguments.split);
  IndexList examples = all_examples(*dataset);
  if (options.limit > 0)
    examples = draw_examples(*dataset, examples, options.limit, static_cast<uint64_t>(options.seed));
  ProtocolContext context;
  context.execution = execution;
  context.workers = static_cast<int>(options.workers);
  Progress progress("embed: ");
  context.progress = [&](std::string_view what, int64_t done, int64_t total) {
    progress.update(what, done, total);
  };
  FeatureSet set =
      compute_features(encoder, dataset, examples, encoder.input().view, arguments.taps, context);
  NamedTensors tensors = {{"labels", set.labels}};
  for (auto& [tap, values] : set.by_tap)
    tensors.push_back({arguments.taps.size() == 1 ? "features" : tap, values});
  named.ids = set.ids;
  named.notes = {{"dataset", dataset->name()}};
  if (!dataset->class_names().empty()) named.notes["class_names"] = canonical_json(dataset->class_names());
  return tensors;
}

/// `tokens` [N, L] int64 and `text_features` [N, E], not normalised.
NamedTensors embed_texts(const Arguments& arguments, const Encoder& encoder, const Execution& execution) {
  const c10::NoGradGuard no_grad;
  const TextSide* side = encoder.text();
  if (side == nullptr) {
    throw std::invalid_argument(
        fmt::format("[embed] --text: expected an encoder with a text side; got {}", encoder.kind()));
  }
  if (side->tokenizer() == nullptr) {
    throw std::invalid_argument(fmt::format(
        "[embed] --text: expected an encoder with a tokenizer; got a vocabulary of {} ids and none",
        side->vocabulary_size()));
  }
  std::vector<int64_t> ids;
  for (const std::string& text : arguments.texts) {
    const auto row = encode(*side->tokenizer(), text, side->context_length(), TooLong::refuse);
    ids.insert(ids.end(), row.begin(), row.end());
  }
  const at::Tensor tokens = at::tensor(ids, at::kLong).view({-1, side->context_length()});
  return {{"tokens", tokens},
          {"text_features",
           side->features(tokens, {.training = false, .compute = execution.compute_dtype()}).cpu()}};
}

void embed(const Arguments& arguments) {
  EvaluateOptions options;
  Options fields;
  options.describe(fields);
  for (const std::string& assignment : arguments.assignments) fields.set_from_text(assignment);
  const Execution execution = start_execution(options.execution);
  const LoadedEncoder loaded = open_encoder(arguments.checkpoint, *arguments.weights);
  print_warnings(loaded.warnings);
  loaded.encoder->to(execution.device);
  Named named{arguments.inputs};
  const std::vector<std::string>& ids = named.ids;
  NamedTensors tensors;
  if (!arguments.texts.empty()) tensors = embed_texts(arguments, *loaded.encoder, execution);
  if (!ids.empty()) {
    const bool files = std::filesystem::is_regular_file(ids.front());
    if (!files && ids.size() > 1) {
      throw std::invalid_argument(
          fmt::format("[embed] expected picture files or one data set; got {} and {} more, and no such file",
                      ids.front(), ids.size() - 1));
    }
    const NamedTensors pictures = files
                                      ? embed_pictures(arguments, *loaded.encoder, execution)
                                      : embed_dataset(arguments, *loaded.encoder, options, execution, named);
    tensors.insert(tensors.end(), pictures.begin(), pictures.end());
  }
  if (tensors.empty())
    throw std::invalid_argument("[embed] expected pictures, a data set or --text; got none");
  named.notes.insert(
      {{"ids", canonical_json(ids)}, {"weights", loaded.sha256}, {"view", loaded.encoder->input().view}});
  save_tensors(arguments.out, tensors, named.notes);
  fmt::print("{} examples: {}\n", ids.size() + arguments.texts.size(), arguments.out);
}

}  // namespace

void add_embed(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("embed", "write features of pictures, of a data set, or of texts");
  command->add_option("checkpoint", arguments->checkpoint, "a checkpoint, or weights made elsewhere")
      ->required();
  command->add_option("inputs", arguments->inputs, "picture files, or one data set (kind or kind:path)");
  command->add_option("--text", arguments->texts, "texts, for an encoder with a text side")
      ->allow_extra_args(false);
  command->add_option("--tap", arguments->taps, "T[,T...], e.g. cls, mean, block:3:mean, tokens, attention")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  command->add_option("--split", arguments->split, "of a data set")->capture_default_str();
  command->add_option("--set", arguments->assignments,
                      "key=value ... (device, precision, threads, limit, workers)");
  command->add_flag("--store-pixels", arguments->store_pixels,
                    "also write the normalised pixels as 'images'");
  command->add_option("--out", arguments->out, "features.safetensors")->required();
  arguments->weights = add_weights_options(*command);
  command->callback([arguments] { embed(*arguments); });
}

}  // namespace repbench
