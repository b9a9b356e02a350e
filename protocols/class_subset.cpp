#include "protocols/class_subset.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "datasets/text/class_names.h"
#include "files/checked_json.h"
#include "files/hash.h"
#include "files/nearest.h"

namespace repbench {
namespace {

using Names = std::vector<std::string>;

[[noreturn]] void refuse(std::string_view where, const std::string& expected, const std::string& got) {
  throw std::invalid_argument(fmt::format("[{}] key 'classes': expected {}; got {}", where, expected, got));
}

/// A list of names and numbers.
Names read_classes(const std::string& path, std::string_view where) {
  const Json json = read_json(path);
  const CheckedJson document(json, fmt::format("[{}] {}", where, path));
  Names classes;
  for (const CheckedJson& item : document.items()) {
    classes.push_back(item.is_number() ? std::to_string(item.integer()) : item.text());
  }
  if (classes.empty()) document.fail("at least one class");
  return classes;
}

/// A class by its name, else by its number.
int64_t find_class(const std::string& wanted, const Dataset& dataset, const Names& folded,
                   std::string_view where) {
  const std::string name = folded_name(wanted);
  const auto found = std::find(folded.begin(), folded.end(), name);
  if (found != folded.end() && !name.empty()) {
    const auto other = std::find(found + 1, folded.end(), name);
    if (other == folded.end()) return found - folded.begin();
    refuse(where,
           fmt::format("a number for '{}', the name of classes {} and {}", wanted, found - folded.begin(),
                       other - folded.begin()),
           "the name");
  }
  int64_t number = -1;
  const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), number);
  const bool is_number = error == std::errc() && end == wanted.data() + wanted.size();
  if (is_number && number >= 0 && number < std::ssize(folded)) return number;
  refuse(where, fmt::format("one of the {} classes of {}, by name or number", folded.size(), dataset.name()),
         fmt::format("'{}'{}", wanted, did_you_mean(wanted, dataset.class_names())));
}

}  // namespace

at::Tensor ClassSubset::columns(const at::Tensor& scores) const {
  return is_all() ? scores : scores.index_select(1, at::tensor(classes, at::kLong));
}

at::Tensor ClassSubset::labels_within(const at::Tensor& labels, const std::vector<std::string>& ids,
                                      const Dataset& dataset, std::string_view where) const {
  if (is_all()) return labels;
  at::Tensor places = labels.clone();
  int64_t* label = places.data_ptr<int64_t>();
  for (int64_t i = 0; i < places.numel(); ++i) {
    const auto found = std::lower_bound(classes.begin(), classes.end(), label[i]);
    if (found == classes.end() || *found != label[i]) {
      refuse(where, fmt::format("test pictures of these {} classes alone", classes.size()),
             fmt::format("'{}' of class {} ('{}')", ids[static_cast<size_t>(i)], label[i],
                         dataset.class_names()[static_cast<size_t>(label[i])]));
    }
    label[i] = found - classes.begin();
  }
  return places;
}

ClassSubset class_subset(const Names& wanted, const Dataset& dataset, std::string_view where) {
  ClassSubset subset;
  if (wanted.empty()) return subset;
  const std::string& first = wanted.front();
  const bool is_file =
      wanted.size() == 1 && (first.find('/') != std::string::npos || first.ends_with(".json"));
  const Names folded = folded_names(dataset.class_names());
  for (const std::string& name : is_file ? read_classes(first, where) : wanted) {
    subset.classes.push_back(find_class(name, dataset, folded, where));
  }
  std::sort(subset.classes.begin(), subset.classes.end());
  const auto twice = std::adjacent_find(subset.classes.begin(), subset.classes.end());
  if (twice != subset.classes.end()) refuse(where, "each class once", fmt::format("class {} twice", *twice));
  Sha256 hash;
  for (const int64_t k : subset.classes) {
    subset.names.push_back(dataset.class_names()[static_cast<size_t>(k)]);
    hash.update(fmt::format("{}\t{}\n", k, subset.names.back()));
  }
  subset.sha256 = hash.hex();
  return subset;
}

}  // namespace repbench
