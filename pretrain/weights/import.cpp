#include "pretrain/weights/import.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <stdexcept>

#include "datasets/images/views.h"
#include "files/hash.h"
#include "files/nearest.h"
#include "pretrain/weights/format.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

/// Does a config.json of ours say what the folder is?
bool is_ours(const fs::path& folder) {
  if (fs::exists(folder / "latest")) return true;
  if (!fs::is_regular_file(folder / "config.json")) return false;  // a pipe would be waited for
  const Json config = read_json(folder / "config.json");
  return config.is_object() && config.contains("encoder") && config.contains("format");
}

/// The folder of a checkpoint of ours: given itself, or by its model.safetensors.
std::optional<fs::path> own_checkpoint(const fs::path& path) {
  if (fs::is_directory(path)) return is_ours(path) ? std::optional(path) : std::nullopt;
  if (path.filename() == "model.safetensors" && is_ours(path.parent_path())) return path.parent_path();
  return std::nullopt;
}

struct Found {
  WeightsSource source;
  const WeightsFormat* format;
};

[[noreturn]] void fail_unrecognised(const WeightsSource& source) {
  std::vector<std::string> formats, names;
  for (const WeightsFormat& format : weights_formats()) formats.emplace_back(format.name);
  for (const TensorGroup& group : source.file->groups()) {
    for (const auto& [name, view] : group.tensors) {
      names.push_back(quoted_name(group.path.empty() ? name : group.path + ": " + name));
      if (names.size() == 5) break;
    }
    if (names.size() == 5) break;
  }
  std::string kind;
  if (source.config.is_object() && source.config.contains("model_type"))
    kind = fmt::format(" ({} says {})", source.config_path.filename().string(),
                       brief_json(source.config["model_type"]));
  if (names.empty()) kind += " (of a whole pickled module, save its state_dict() instead)";
  throw std::invalid_argument(
      fmt::format("[weights] {}: expected names of one of the formats {}; got {}{}", source.path.string(),
                  fmt::join(formats, ", "),
                  names.empty() ? "no tensors" : fmt::format("{} ...", fmt::join(names, ", ")), kind));
}

void check_group(const WeightsSource& source, const std::optional<std::string>& group) {
  std::vector<std::string> known;
  for (const TensorGroup& candidate : source.file->groups()) known.push_back(candidate.path);
  if (group && std::find(known.begin(), known.end(), *group) == known.end())
    fail_unknown_name("weights", "a group of " + source.path.string(), *group, known);
}

/// Averages beside what is read: which of the two is meant, only the user knows.
void warn_of_averages(const WeightsSource& source, std::vector<std::string>& warnings) {
  for (const char* other : {"model_ema", "state_dict_ema", "ema", "ema_state_dict", "target_encoder"}) {
    for (const TensorGroup& group : source.file->groups()) {
      if (group.path != other || source.group == other) continue;
      warnings.push_back(fmt::format("the file holds '{}' too; '{}' is read: --group {} reads the other",
                                     other, source.group, other));
    }
  }
}

Found recognise(const fs::path& path, const std::optional<std::string>& group) {
  const WeightsSource source = open_weights(path);
  check_group(source, group);
  for (WeightsSource& reading : readings_of(source, group)) {
    for (const WeightsFormat& format : weights_formats()) {
      if (format.recognises(reading)) return {std::move(reading), &format};
    }
  }
  fail_unrecognised(source);
}

/// "0.5,0.5" and JSON are taken, anything else is a text.
Json value_of(const std::string& text) {
  const Json whole = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!whole.is_discarded()) return whole;
  const Json list = Json::parse("[" + text + "]", nullptr, /*allow_exceptions=*/false);
  return list.is_discarded() ? Json(text) : list;
}

std::vector<std::string> dotted_keys(const Json& object, const std::string& prefix = "") {
  std::vector<std::string> keys;
  for (const auto& [name, value] : object.items()) {
    if (!value.is_object()) {
      keys.push_back(prefix + name);
      continue;
    }
    for (std::string& key : dotted_keys(value, prefix + name + ".")) keys.push_back(std::move(key));
  }
  return keys;
}

/// The known key that is meant: itself, or its last part where only one key ends so.
std::string known_key(const std::string& key, const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), key) != known.end()) return key;
  std::vector<std::string> ending;
  std::copy_if(known.begin(), known.end(), std::back_inserter(ending),
               [&](const std::string& name) { return name.ends_with("." + key); });
  if (ending.size() == 1) return ending.front();
  fail_unknown_name("weights", "a key for --assume", key, known);
}

/// Replaces values that are there; a key that is not is an error that names the nearest. The keys.
std::vector<std::string> assume(const std::vector<std::string>& assignments, Json& settings) {
  const std::vector<std::string> known = dotted_keys(settings);
  std::vector<std::string> assumed;
  for (const std::string& assignment : assignments) {
    const size_t equals = assignment.find('=');
    if (equals == std::string::npos || equals + 1 == assignment.size())
      throw std::invalid_argument(
          fmt::format("[weights] --assume: expected KEY=VALUE; got '{}'", assignment));
    assumed.push_back(known_key(assignment.substr(0, equals), known));
    std::string pointer = "/" + assumed.back();
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    settings[Json::json_pointer(pointer)] = value_of(assignment.substr(equals + 1));
  }
  return assumed;
}

void check_told(const std::vector<std::string>& untold, const std::vector<std::string>& assumed,
                const WeightsSource& source) {
  for (const std::string& key : untold) {
    if (std::find(assumed.begin(), assumed.end(), key) != assumed.end()) continue;
    throw std::invalid_argument(fmt::format(
        "[weights] {}: the number of attention heads is not in the weights; say it by --assume {}=N",
        source.path.string(), key));
  }
}

/// What is guessed and was not said.
void warn_of_guesses(const std::vector<std::string>& assumed, WeightsReading& reading) {
  for (const WeightsGuess& guess : reading.guesses) {
    const bool said = std::all_of(guess.keys.begin(), guess.keys.end(), [&](const std::string& key) {
      return std::find(assumed.begin(), assumed.end(), key) != assumed.end();
    });
    if (!said) reading.warnings.push_back(guess.warning);
  }
}

/// A model that could not come from this file is refused before its memory is asked for.
void check_size(const WeightsReading& reading, const WeightsSource& source) {
  double bytes = 0;
  for (const auto& [name, view] : source.tensors) bytes += static_cast<double>(view.bytes.size());
  constexpr double kSlack = 64e6;
  if (4 * reading.elements <= 2 * bytes + kSlack) return;
  throw std::invalid_argument(
      fmt::format("[weights] {}: expected a file that holds most of its model; {} describes one of {:.0f} "
                  "million numbers, "
                  "and the file has {:.1f} MB of tensors",
                  source.path.string(),
                  source.config_path.empty() ? "its shapes" : source.config_path.filename().string(),
                  1e-6 * reading.elements, 1e-6 * bytes));
}

/// What the format makes of it; errors of a configuration's types and of sizes out of range name the file.
WeightsReading read(const Found& found) {
  try {
    WeightsReading reading = found.format->read(found.source);
    check_size(reading, found.source);
    return reading;
  } catch (const Json::exception& error) {
    throw std::invalid_argument(
        fmt::format("[weights] {}: {}", found.source.config_path.string(), error.what()));
  } catch (const std::invalid_argument&) {
    throw;
  } catch (const std::logic_error& error) {
    throw std::invalid_argument(fmt::format("[weights] {}: {}", found.source.path.string(), error.what()));
  }
}

InputSpec assumed_input(const Json& input) {
  try {
    Json sized = input;
    sized["size"] = make_view(input.at("view").get<std::string>())->size();
    return InputSpec::from_json(sized);
  } catch (const Json::exception&) {
    throw std::invalid_argument(fmt::format(
        "[weights] --assume: expected input.view to be a text, input.mean and input.std lists of numbers, "
        "input.channels an integer; got {}",
        brief_json(input)));
  }
}

/// Architecture and input as read and as assumed.
std::shared_ptr<Encoder> make_from(WeightsReading& reading, const WeightsSource& source,
                                   const WeightsOptions& options) {
  Json settings = reading.model;
  settings["input"] = reading.input.to_json();
  settings["input"].erase("size");  // the view says it
  const std::vector<std::string> assumed = assume(options.assume, settings);
  reading.input = assumed_input(settings["input"]);
  settings.erase("input");
  reading.model = settings;
  check_told(reading.untold, assumed, source);
  warn_of_guesses(assumed, reading);
  return make_encoder(reading.kind, reading.model, reading.input, reading.tokenizer);
}

Json description(const Found& found, const FillReport& report, const WeightsOptions& options) {
  const WeightsSource& source = found.source;
  return {{"format", found.format->name},
          {"file_format", source.file->format()},
          {"file", source.path.filename().string()},
          {"configuration", source.config_path.filename().string()},
          {"group", source.group},
          {"prefix", source.prefix},
          {"left_out", report.left_out},
          {"missing", report.missing},
          {"assumed", options.assume}};
}

/// Its row in tables: the file, or the folder where the file's name says nothing; and what was chosen and
/// assumed of it.
std::string label_of(const fs::path& given, const WeightsSource& source, const WeightsOptions& options) {
  fs::path path = fs::weakly_canonical(given);
  if (is_usual_name(path.filename().string())) path = path.parent_path();
  std::string label = path.filename().string();
  if (label.empty()) label = source.path.filename().string();
  if (options.group) label += " " + *options.group;
  for (const std::string& assumption : options.assume) label += " " + assumption;
  return label;
}

/// The same tensors under another architecture or input are another encoder.
std::string identity_of(const Encoder& encoder) {
  return sha256(canonical_json({{"weights", hash_of(encoder.parameters())},
                                {"encoder", encoder.kind()},
                                {"model", encoder.config()},
                                {"input", encoder.input().to_json()}}));
}

LoadedEncoder load_weights(const fs::path& path, const WeightsOptions& options) {
  const Found found = recognise(path, options.group);
  const WeightsSource& source = found.source;
  WeightsReading reading = read(found);
  LoadedEncoder loaded;
  loaded.encoder = make_from(reading, source, options);
  const NamedTensors parameters = loaded.encoder->parameters();
  const FillReport report =
      fill_tensors(source.tensors, parameters, name_rules(parameters, reading.names),
                   {.left_out = reading.left_out, .allow_missing = options.allow_missing},
                   source.path.string(), [&](const TensorView& view) { source.file->release(view); });
  loaded.warnings = std::move(reading.warnings);
  if (!options.group) warn_of_averages(source, loaded.warnings);
  if (!report.missing.empty()) {
    loaded.warnings.push_back(
        fmt::format("{} tensors are missing from {} and stay as they were initialised, by "
                    "--allow-missing: {}",
                    report.missing.size(), source.path.filename().string(), fmt::join(report.missing, ", ")));
  }
  loaded.sha256 = identity_of(*loaded.encoder);
  loaded.config = {{"encoder", loaded.encoder->kind()},
                   {"model", loaded.encoder->config()},
                   {"input", loaded.encoder->input().to_json()},
                   {"options", {{"label", label_of(path, source, options)}}},
                   {"training", Json::object()},
                   {"weights", description(found, report, options)}};
  return loaded;
}

}  // namespace

LoadedEncoder open_encoder(const fs::path& path, const WeightsOptions& options) {
  const std::optional<fs::path> own = own_checkpoint(path);
  if (!own) return load_weights(path, options);
  if (!options.assume.empty() || !options.allow_missing.empty() || options.group) {
    throw std::invalid_argument(fmt::format(
        "[weights] {}: expected --assume, --allow-missing and --group with weights made elsewhere; this is a "
        "checkpoint that says everything itself",
        path.string()));
  }
  return load_encoder(*own);
}

}  // namespace repbench
