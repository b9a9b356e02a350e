#include "pretrain/checkpoint.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "files/atomic.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr int kFormat = 1;

std::string folder_name(int64_t step) { return fmt::format("step-{:06}", step); }

/// 500 of "step-000500"; nothing for any other name.
std::optional<int64_t> step_of(std::string_view name) {
  constexpr std::string_view kPrefix = "step-";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  int64_t step = -1;
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + kPrefix.size(), end, step);
  if (error != std::errc() || stop != end || step < 0) return std::nullopt;
  return step;
}

/// Removes what killed processes left and, up to the step just written, all but the last `keep`.
void remove_old(const fs::path& run, int64_t written, int keep) {
  std::vector<std::pair<int64_t, fs::path>> steps;
  std::vector<fs::path> unwanted;
  for (const auto& entry : fs::directory_iterator(run)) {
    const std::string name = entry.path().filename().string();
    const std::optional<int64_t> step = step_of(name);
    if (step && *step <= written) steps.emplace_back(*step, entry.path());
    if (name.starts_with("step-") && name.ends_with(".tmp")) unwanted.push_back(entry.path());
  }
  std::sort(steps.begin(), steps.end());
  for (size_t i = 0; keep > 0 && i + static_cast<size_t>(keep) < steps.size(); ++i) {
    unwanted.push_back(steps[i].second);
  }
  for (const fs::path& path : unwanted) fs::remove_all(path);
}

/// What `read` returns; its errors name the file that it reads from.
template <class Read>
auto naming(const fs::path& file, Read read) {
  try {
    return read();
  } catch (const std::exception& error) {
    throw std::invalid_argument(fmt::format("[checkpoint] {}: {}", file.string(), error.what()));
  }
}

Json config_of(const CheckpointContent& content) {
  Objective& objective = content.trainer.objective();
  const Encoder& encoder = objective.encoder();
  return {{"format", kFormat},
          {"encoder", encoder.kind()},
          {"model", encoder.config()},
          {"input", encoder.input().to_json()},
          {"options", content.options},
          {"weights_sha256", hash_of(encoder.parameters())},
          {"parameters",
           {{"encoder", count_elements(encoder.parameters())},
            {"objective", count_elements(objective.own_tensors())},
            {"trained", content.trainer.trainable_parameters()}}},
          {"training",
           {{"steps", content.trainer.step()},
            {"seconds", content.cost.seconds},
            {"examples_seen", content.cost.examples},
            {"final_loss", content.cost.final_loss},
            {"broken_pictures", content.cost.broken_pictures},
            {"macs_per_example", 3 * objective.forward_macs()}}}};
}

/// The step folder meant by a run folder or a step folder.
fs::path step_folder(const fs::path& path) {
  if (const auto latest = latest_checkpoint(path)) return *latest;
  if (fs::exists(path / "config.json")) return path;
  throw std::invalid_argument(fmt::format(
      "[checkpoint] {}: expected a checkpoint (config.json, or a run with a file 'latest'); found none",
      path.string()));
}

Json read_config(const fs::path& folder) {
  const fs::path file = folder / "config.json";
  Json config = read_json(file);
  for (const char* key : {"format", "encoder", "model", "input", "options", "training"}) {
    if (!config.contains(key)) {
      throw std::invalid_argument(fmt::format("[checkpoint] {}: expected the key '{}'", file.string(), key));
    }
  }
  for (const char* key : {"model", "input", "options", "training"}) {
    if (!config[key].is_object()) {
      throw std::invalid_argument(fmt::format("[checkpoint] {}: expected an object at '{}'; got {}",
                                              file.string(), key, brief_json(config[key])));
    }
  }
  if (config["format"] != kFormat) {
    throw std::invalid_argument(fmt::format("[checkpoint] {}: expected format {}; got {}", file.string(),
                                            kFormat, config["format"].dump()));
  }
  return config;
}

/// "key: A then, B now" for the first wanted key whose value differs; "" if none does.
std::string first_difference(const Json& saved, const Json& wanted, const std::string& group = "") {
  for (const auto& [name, value] : wanted.items()) {
    const Json before = saved.is_object() ? saved.value(name, Json()) : Json();
    if (value.is_object()) {
      std::string inner = first_difference(before, value, group + name + ".");
      if (!inner.empty()) return inner;
    } else if (before != value) {
      return fmt::format("{}{}: {} then, {} now", group, name, before.dump(), value.dump());
    }
  }
  return "";
}

struct SavedState {
  int64_t step = 0;
  TrainingCost cost;
};

SavedState read_state(const fs::path& file) {
  const Json json = read_json(file);
  return naming(file, [&] {
    SavedState state{json.at("step").get<int64_t>(),
                     {json.at("seconds").get<double>(), json.at("examples").get<int64_t>(),
                      json.at("final_loss").get<double>(), json.value("broken_pictures", int64_t{0})}};
    if (state.step < 0) {
      throw std::invalid_argument(fmt::format("expected a step of at least 0; got {}", state.step));
    }
    return state;
  });
}

/// The objective that the options describe, with any weights.
std::unique_ptr<Objective> make_objective(const Json& config,
                                          const std::shared_ptr<const Tokenizer>& tokenizer) {
  const Json& options = config.at("options");
  std::unique_ptr<Recipe> recipe = make_recipe(options.at("objective").get<std::string>());
  Options fields;
  recipe->describe(fields);
  for (const std::string& key : fields.keys()) {
    std::string pointer = "/" + key;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    fields.set(key, options.at(Json::json_pointer(pointer)), "options");
  }
  return recipe->make(InputSpec::from_json(config.at("input")), tokenizer, 0);
}

}  // namespace

void save_checkpoint(const fs::path& run, const CheckpointContent& content, int keep) {
  fs::create_directories(run);
  const std::string name = folder_name(content.trainer.step());
  AtomicFolder folder(run / name);
  Objective& objective = content.trainer.objective();
  save_tensors(folder.path() / "model.safetensors", objective.encoder().parameters());
  save_tensors(folder.path() / "objective.safetensors", objective.own_tensors());
  save_tensors(folder.path() / "state.safetensors", content.trainer.optimizer_state());
  const Json state = {{"step", content.trainer.step()},
                      {"seconds", content.cost.seconds},
                      {"examples", content.cost.examples},
                      {"final_loss", content.cost.final_loss},
                      {"broken_pictures", content.cost.broken_pictures}};
  write_file_atomically(folder.path() / "state.json", pretty_json(state));
  write_file_atomically(folder.path() / "config.json", pretty_json(config_of(content)));
  if (const TextSide* text = objective.encoder().text())
    write_file_atomically(folder.path() / "tokenizer.json", canonical_json(text->tokenizer()->to_json()));
  folder.commit();
  write_file_atomically(run / "latest", name + "\n");
  remove_old(run, content.trainer.step(), keep);
}

std::optional<fs::path> latest_checkpoint(const fs::path& run) {
  if (!fs::exists(run / "latest")) return std::nullopt;
  std::string name = read_file(run / "latest");
  while (!name.empty() && std::isspace(static_cast<unsigned char>(name.back()))) name.pop_back();
  if (step_of(name) && !fs::exists(run / name)) {
    throw std::invalid_argument(fmt::format("[checkpoint] {}: expected the folder {} beside it; found none",
                                            (run / "latest").string(), name));
  }
  if (!step_of(name)) {
    throw std::invalid_argument(fmt::format("[checkpoint] {}: expected the name of a step folder; got '{}'",
                                            (run / "latest").string(), name));
  }
  return run / name;
}

TrainingCost resume(const fs::path& run, Trainer& trainer, const Json& options) {
  const fs::path folder = step_folder(run);
  const Json config = read_config(folder);
  if (const std::string difference = first_difference(config["options"], options); !difference.empty()) {
    throw std::invalid_argument(
        fmt::format("[resume] {}: expected the options that the run was started with; {}",
                    (folder / "config.json").string(), difference));
  }
  Objective& objective = trainer.objective();
  load_tensors(folder / "model.safetensors", objective.encoder().parameters());
  load_tensors(folder / "objective.safetensors", objective.own_tensors());
  load_tensors(folder / "state.safetensors", trainer.optimizer_state());
  const SavedState state = read_state(folder / "state.json");
  trainer.resume_at(state.step);
  return state.cost;
}

std::shared_ptr<const Tokenizer> stored_tokenizer(const fs::path& path) {
  const fs::path file = step_folder(path) / "tokenizer.json";
  return fs::exists(file) ? tokenizer_from_json(read_json(file), file.string()) : nullptr;
}

LoadedEncoder load_encoder(const fs::path& path) {
  const fs::path folder = step_folder(path);
  Json config = read_config(folder);
  std::shared_ptr<Encoder> encoder = naming(folder / "config.json", [&] {
    return make_encoder(config["encoder"].get<std::string>(), config["model"],
                        InputSpec::from_json(config["input"]), stored_tokenizer(folder));
  });
  load_tensors(folder / "model.safetensors", encoder->parameters());
  std::string hash = hash_of(encoder->parameters());
  if (config.contains("weights_sha256") && config["weights_sha256"] != hash) {
    throw std::invalid_argument(fmt::format("[checkpoint] {}: expected weights with the sha256 {}; got {}",
                                            (folder / "model.safetensors").string(),
                                            config["weights_sha256"].dump(), hash));
  }
  return {std::move(encoder), std::move(config), std::move(hash)};
}

std::unique_ptr<Objective> load_objective(const fs::path& path) {
  const fs::path folder = step_folder(path);
  const Json config = read_config(folder);
  std::unique_ptr<Objective> objective =
      naming(folder / "config.json", [&] { return make_objective(config, stored_tokenizer(folder)); });
  load_tensors(folder / "model.safetensors", objective->encoder().parameters());
  load_tensors(folder / "objective.safetensors", objective->own_tensors());
  return objective;
}

}  // namespace repbench
