#include "datasets/text/prompts.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <stdexcept>

#include "datasets/text/data_files.h"
#include "files/checked_json.h"
#include "files/json.h"
#include "files/nearest.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPlace = "{}";
constexpr std::string_view kWheelPlace = "{c}";  // as clip-benchmark's files write it
constexpr std::string_view kFallback = "imagenet1k";

CheckedJson checked(const Json& document, const fs::path& path) {
  return {document, "[prompts] " + path.string()};
}

void check_class_names(const CheckedJson& list) {
  for (const CheckedJson& item : list.items()) {
    if (item.text().empty()) item.fail("a class name");
  }
}

// The templates of a list, each with one `place`, which becomes "{}".
std::vector<std::string> read_templates(const CheckedJson& list, std::string_view place) {
  std::vector<std::string> templates;
  for (const CheckedJson& item : list.items()) {
    std::string text = item.text();
    const size_t found = text.find(place);
    if (found == std::string::npos || text.find(place, found + 1) != std::string::npos) {
      item.fail(fmt::format("a template with one '{}'", place));
    }
    templates.push_back(text.replace(found, place.size(), kPlace));
  }
  if (templates.empty()) list.fail("at least one template");
  return templates;
}

// Texts of each class's own.
PromptSet read_class_texts(const CheckedJson& document, std::string name) {
  PromptSet set{std::move(name), {}, {}, "texts of each class's own", {}};
  for (const auto& [class_name, texts] : document.object().items()) {
    const CheckedJson list = document.at(class_name);
    std::vector<std::string>& own = set.class_texts[class_name] = list.texts();
    if (own.empty()) list.fail("at least one text");
    for (const CheckedJson& item : list.items()) {
      if (item.text().empty()) item.fail("a text");
    }
  }
  if (set.class_texts.empty()) document.fail("templates, or texts of each class");
  return set;
}

// The two files of the wheel clip-benchmark.
struct Wheel {
  fs::path names_path = text_data_file("en_classnames.json");
  fs::path templates_path = text_data_file("en_zeroshot_classification_templates.json");
  Json names = read_json(names_path);
  Json templates = read_json(templates_path);
};

std::optional<PromptSet> find_in_wheel(const Wheel& wheel, std::string_view name) {
  const auto names = checked(wheel.names, wheel.names_path).find(name);
  const CheckedJson all_templates = checked(wheel.templates, wheel.templates_path);
  const auto templates = all_templates.find(name);
  if (!names && !templates) return std::nullopt;
  PromptSet set{std::string(name), {}, {}, "clip-benchmark (class names and templates of CLIP's paper)", {}};
  if (names) set.class_names = names->texts();  // one of CLEVR's is empty there
  set.templates = read_templates(templates ? *templates : all_templates.at(kFallback), kWheelPlace);
  return set;
}

PromptSet read_prompt_file(const fs::path& path, std::string name) {
  const Json json = read_json(path);
  const CheckedJson document = checked(json, path);
  const bool has_templates = document.find("source") || document.find("templates") ||
                             document.find("class_names") || document.find("class_names_of");
  if (!has_templates) return read_class_texts(document, std::move(name));
  document.expect_only({"source", "class_names", "class_names_of", "templates"});
  PromptSet set{std::move(name),
                {},
                read_templates(document.at("templates"), kPlace),
                document.find("source") ? document.at("source").text() : "not said",
                {}};
  if (const auto names = document.find("class_names")) {
    check_class_names(*names);
    set.class_names = names->texts();
  }
  if (const auto other = document.find("class_names_of")) {
    if (!set.class_names.empty()) other->fail("no other set's names beside 'class_names'");
    const auto found = find_in_wheel(Wheel(), other->text());
    if (!found || found->class_names.empty()) other->fail("one of CLIP's sets that has class names");
    set.class_names = found->class_names;
  }
  return set;
}

std::set<std::string> own_names() {
  std::set<std::string> names;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(own_prompts_folder(), none)) {
    if (entry.path().extension() == ".json") names.insert(entry.path().stem().string());
  }
  return names;
}

bool is_path(std::string_view name) {
  return name.find('/') != std::string_view::npos || name.ends_with(".json");
}

std::vector<std::string> all_names(const Wheel& wheel) {
  std::set<std::string> names = own_names();
  for (const Json* file : {&wheel.names, &wheel.templates}) {
    for (const auto& [name, value] : file->items()) names.insert(name);
  }
  return {names.begin(), names.end()};
}

}  // namespace

std::vector<std::string> prompt_set_names() {
  try {
    return all_names(Wheel());
  } catch (const std::runtime_error&) {  // setup has not run: those of our own that need nothing of CLIP's
    std::set<std::string> names = own_names();
    std::erase_if(names, [](const std::string& name) {
      return read_json(own_prompts_folder() / (name + ".json")).contains("class_names_of");
    });
    return {names.begin(), names.end()};
  }
}

PromptSet prompts_for(std::string_view dataset_name) {
  if (is_path(dataset_name)) return read_prompt_file(dataset_name, fs::path(dataset_name).stem().string());
  std::string name(dataset_name);
  if (name == "none") return {name, {}, {std::string(kPlace)}, "class names as they are", {}};
  if (own_names().contains(name)) return read_prompt_file(own_prompts_folder() / (name + ".json"), name);
  const Wheel wheel;
  if (auto set = find_in_wheel(wheel, dataset_name)) return *std::move(set);
  fail_unknown_name("prompts", "a file of prompts or one of the sets", dataset_name, all_names(wheel));
}

std::string fill_template(std::string_view text, std::string_view class_name) {
  std::string result(text);
  const size_t place = result.find(kPlace);
  if (place == std::string::npos) {
    throw std::invalid_argument(fmt::format("[prompts] expected a template with '{{}}'; got '{}'", text));
  }
  return result.replace(place, kPlace.size(), class_name);
}

}  // namespace repbench
