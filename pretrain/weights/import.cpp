#include "pretrain/weights/import.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "datasets/images/views.h"
#include "files/nearest.h"
#include "pretrain/weights/format.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

/// Does a config.json of ours say what the folder is?
bool is_ours(const fs::path& folder) {
  if (fs::exists(folder / "latest")) return true;
  if (!fs::exists(folder / "config.json")) return false;
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
  throw std::invalid_argument(fmt::format("[weights] {}: expected names of one of the formats {}; got {}{}",
                                          source.path.string(), fmt::join(formats, ", "),
                                          fmt::join(names, ", "), names.empty() ? "no tensors" : " ..."));
}

Found recognise(const fs::path& path) {
  const WeightsSource source = open_weights(path);
  for (WeightsSource& reading : readings_of(source)) {
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

/// Replaces values that are there; a key that is not is an error that names the nearest.
void assume(const std::vector<std::string>& assignments, Json& settings) {
  const std::vector<std::string> known = dotted_keys(settings);
  for (const std::string& assignment : assignments) {
    const size_t equals = assignment.find('=');
    const std::string key = assignment.substr(0, equals);
    if (equals == std::string::npos)
      throw std::invalid_argument(
          fmt::format("[weights] --assume: expected KEY=VALUE; got '{}'", assignment));
    if (std::find(known.begin(), known.end(), key) == known.end())
      fail_unknown_name("weights", "a key for --assume", key, known);
    std::string pointer = "/" + key;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    settings[Json::json_pointer(pointer)] = value_of(assignment.substr(equals + 1));
  }
}

void check_told(const std::vector<std::string>& untold, const WeightsOptions& options,
                const WeightsSource& source) {
  for (const std::string& key : untold) {
    const bool told = std::any_of(options.assume.begin(), options.assume.end(),
                                  [&](const std::string& text) { return text.starts_with(key + "="); });
    if (told) continue;
    throw std::invalid_argument(fmt::format(
        "[weights] {}: the number of attention heads is not in the weights; say it by --assume {}=N",
        source.path.string(), key));
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
    InputSpec spec = InputSpec::from_json(input);
    spec.size = make_view(spec.view)->size();
    return spec;
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
  assume(options.assume, settings);
  reading.input = assumed_input(settings["input"]);
  settings.erase("input");
  reading.model = settings;
  check_told(reading.untold, options, source);
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

LoadedEncoder load_weights(const fs::path& path, const WeightsOptions& options) {
  const Found found = recognise(path);
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
  if (!report.missing.empty()) {
    loaded.warnings.push_back(
        fmt::format("{} tensors are missing from {} and stay as they were initialised, by "
                    "--allow-missing: {}",
                    report.missing.size(), source.path.filename().string(), fmt::join(report.missing, ", ")));
  }
  loaded.sha256 = hash_of(parameters);
  loaded.config = {{"encoder", loaded.encoder->kind()},
                   {"model", loaded.encoder->config()},
                   {"input", loaded.encoder->input().to_json()},
                   {"options",
                    {{"label", path.filename().empty() ? path.parent_path().filename().string()
                                                       : path.filename().string()}}},
                   {"training", Json::object()},
                   {"weights", description(found, report, options)}};
  return loaded;
}

}  // namespace

LoadedEncoder open_encoder(const fs::path& path, const WeightsOptions& options) {
  const std::optional<fs::path> own = own_checkpoint(path);
  if (!own) return load_weights(path, options);
  if (!options.assume.empty() || !options.allow_missing.empty()) {
    throw std::invalid_argument(fmt::format(
        "[weights] {}: expected --assume and --allow-missing with weights made elsewhere; this is a "
        "checkpoint that says everything itself",
        path.string()));
  }
  return load_encoder(*own);
}

}  // namespace repbench
