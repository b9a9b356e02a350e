#include "protocols/class_prompts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>

#include "datasets/text/class_names.h"
#include "datasets/text/prompts.h"
#include "files/nearest.h"

namespace repbench {
namespace {

using Names = std::vector<std::string>;

/// Puts names that are the data set's own, in another order, into the order of its labels.
void match_order(const Names& own, ClassPrompts& prompts) {
  const Names ours = folded_names(own), theirs = folded_names(prompts.class_names);
  if (ours == theirs) return;
  Names sorted_ours = ours, sorted_theirs = theirs;
  std::sort(sorted_ours.begin(), sorted_ours.end());
  std::sort(sorted_theirs.begin(), sorted_theirs.end());
  const bool distinct = std::adjacent_find(sorted_ours.begin(), sorted_ours.end()) == sorted_ours.end();
  if (distinct && sorted_ours == sorted_theirs) {
    Names ordered;
    for (const std::string& name : ours) {
      const auto place = std::find(theirs.begin(), theirs.end(), name) - theirs.begin();
      ordered.push_back(prompts.class_names[static_cast<size_t>(place)]);
    }
    prompts.class_names = std::move(ordered);
    prompts.warnings.push_back(
        fmt::format("the prompt set '{}' names the classes in another order than the data set's labels: "
                    "matched by name",
                    prompts.set));
    return;
  }
  for (size_t k = 0; k < theirs.size(); ++k) {
    const auto found = std::find(ours.begin(), ours.end(), theirs[k]);
    if (theirs[k] == ours[k] || found == ours.end()) continue;
    // A name of two classes in the set, as ImageNet's "missile", stands at its own place, too.
    if (theirs[static_cast<size_t>(found - ours.begin())] == theirs[k]) continue;
    prompts.warnings.push_back(
        fmt::format("class names may be permuted: name {} of the prompt set '{}' is '{}', the data set's "
                    "name of class {}",
                    k, prompts.set, prompts.class_names[k], found - ours.begin()));
    return;
  }
}

/// Of a set with names for more classes than the data set has (ImageNet's, for one of 200 of its classes):
/// those of the data set's own, found by name. A name that the set does not have is returned.
std::optional<std::string> select_names(const Names& own, ClassPrompts& prompts) {
  const Names theirs = folded_names(prompts.class_names);
  Names chosen;
  for (const std::string& name : own) {
    const auto found = std::find(theirs.begin(), theirs.end(), folded_name(name));
    if (found == theirs.end()) return name;
    chosen.push_back(prompts.class_names[static_cast<size_t>(found - theirs.begin())]);
  }
  prompts.warnings.push_back(
      fmt::format("the prompt set '{}' names {} classes: the data set's {} were found in it by name",
                  prompts.set, theirs.size(), own.size()));
  prompts.class_names = std::move(chosen);
  return std::nullopt;
}

/// One name a class, in the order of the labels.
void take_names(const PromptSet& set, const Dataset& dataset, std::string_view where, ClassPrompts& prompts) {
  const Names& own = dataset.class_names();
  prompts.names_from = "prompts";
  prompts.class_names = set.class_names;
  std::optional<std::string> missing;
  if (set.class_names.size() > own.size()) missing = select_names(own, prompts);
  if (prompts.class_names.size() != own.size()) {
    throw std::invalid_argument(fmt::format(
        "[{}] key 'prompts': expected a class name for each of the {} classes of {}; got {} names "
        "in the prompt set '{}'{}",
        where, own.size(), dataset.name(), set.class_names.size(), set.name,
        missing ? fmt::format(", without '{}'{}", *missing, did_you_mean(*missing, set.class_names)) : ""));
  }
  match_order(own, prompts);
}

void warn_of_duplicates(ClassPrompts& prompts) {
  std::map<std::string, size_t> first;
  for (size_t k = 0; k < prompts.class_names.size(); ++k) {
    const auto [found, is_new] = first.try_emplace(prompts.class_names[k], k);
    if (is_new) continue;
    prompts.warnings.push_back(
        fmt::format("classes {} and {} have the same name '{}': the lower one is always predicted",
                    found->second, k, prompts.class_names[k]));
  }
}

/// The data set's own set; for one that has none, CLIP's plainest template and the class names as they are.
PromptSet own_prompts(const Dataset& dataset) {
  const std::vector<std::string> known = prompt_set_names();
  if (std::find(known.begin(), known.end(), dataset.name()) != known.end())
    return prompts_for(dataset.name());
  return {"a photo of a {}.", {}, {"a photo of a {}."}, "no prompts were given", {}};
}

/// The texts of each class's own, by its name.
void find_class_texts(const PromptSet& set, std::string_view where, ClassPrompts& prompts) {
  std::map<std::string, const Names*> by_name;
  Names known;
  for (const auto& [name, texts] : set.class_texts) {
    by_name[folded_name(name)] = &texts;
    known.push_back(name);
  }
  for (const std::string& name : prompts.class_names) {
    const auto found = by_name.find(folded_name(name));
    if (found == by_name.end()) {
      throw std::invalid_argument(fmt::format(
          "[{}] key 'prompts': expected texts for the class '{}' in the prompt set '{}'; got texts for {} "
          "other names{}",
          where, name, set.name, known.size(), did_you_mean(name, known)));
    }
    prompts.texts.push_back(*found->second);
  }
}

void fill_templates(ClassPrompts& prompts) {
  for (const std::string& name : prompts.class_names) {
    Names& texts = prompts.texts.emplace_back();
    for (const std::string& text : prompts.templates) texts.push_back(fill_template(text, name));
  }
}

}  // namespace

ClassPrompts class_prompts(const std::string& prompts, const Dataset& dataset, std::string_view where) {
  const Names& own = dataset.class_names();
  if (own.empty()) {
    throw std::invalid_argument(
        fmt::format("[{}] expected a data set with classes; got {}, which has none", where, dataset.name()));
  }
  const PromptSet set = prompts.empty() ? own_prompts(dataset) : prompts_for(prompts);
  ClassPrompts result{set.name, set.source, "data set", own, set.templates, {}, {}};
  if (!set.class_names.empty()) take_names(set, dataset, where, result);
  if (set.class_texts.empty()) {
    fill_templates(result);
  } else {
    find_class_texts(set, where, result);
  }
  warn_of_duplicates(result);
  if (prompts.empty() && set.source == "no prompts were given") {
    result.warnings.push_back(
        fmt::format("there are no prompts for {}: its class names in '{}' are used; give prompts=SET or "
                    "prompts=FILE.json",
                    dataset.name(), set.templates.front()));
  }
  return result;
}

}  // namespace repbench
