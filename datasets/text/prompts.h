#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace repbench {

/// How a data set's classes are put into words: by templates, or by texts of each class's own.
struct PromptSet {
  std::string name;
  std::vector<std::string> class_names;  // empty: those of the data set itself
  std::vector<std::string> templates;    // each with one "{}", where the class name goes
  std::string source;                    // who chose the words
  std::map<std::string, std::vector<std::string>> class_texts = {};  // by class name; then no templates
};

/// Names that `prompts_for` knows here: our own sets, and CLIP's data sets if setup has unpacked them.
/// Sorted.
std::vector<std::string> prompt_set_names();

/// One of these; "none" (class names as they are); or the prompts in a file, a path with a "/" or ending in
/// ".json": {"source": "...", "class_names": [...], "templates": ["a photo of a {}.", ...]} (source and
/// class_names may be missing; "class_names_of" takes those of one of CLIP's sets), or texts of each class's
/// own as CuPL's files have them (Pratt et al. 2023):
/// {"tench": ["A tench is a freshwater fish ...", ...], ...}. CLIP's data sets for which nobody wrote
/// templates get ImageNet's 80, as in clip-benchmark. Throws std::invalid_argument naming the file and key,
/// or the nearest name; std::runtime_error where a file cannot be read.
PromptSet prompts_for(std::string_view dataset_name);

/// The template with the class name in it.
std::string fill_template(std::string_view text, std::string_view class_name);

}  // namespace repbench
