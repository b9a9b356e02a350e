#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "datasets/dataset.h"

namespace repbench {

/// How the classes of one data set are put into words.
struct ClassPrompts {
  std::string set;                              // name of the prompt set
  std::string source;                           // who chose the words
  std::string names_from;                       // "prompts" or "data set"
  std::vector<std::string> class_names;         // one a class, in the order of the data set's labels
  std::vector<std::string> templates;           // each with one "{}"; none: every class has texts of its own
  std::vector<std::vector<std::string>> texts;  // at least one a class, in the same order
  std::vector<std::string> warnings;  // names in another order than the labels; names that occur twice
};

/// The words of `prompts` (a set's name, a path to a JSON file, or empty: the data set's own set, else "a
/// photo of a {}." and a warning) for a data set. A set that names the data set's classes in another order is
/// put into the data set's order, with a warning; a set of which only some names are the data set's, at other
/// places, is warned about and left as it is. Of a set with names for more classes than the data set has,
/// those of the data set's classes are taken by name, with a warning. Texts of each class's own are found by
/// the class's name. Throws std::invalid_argument "[WHERE] ..." for a data set without classes, a set with
/// fewer class names, or more without one of the data set's, or a class without texts.
ClassPrompts class_prompts(const std::string& prompts, const Dataset& dataset, std::string_view where);

}  // namespace repbench
