#include "pretrain/weights/names.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <stdexcept>

namespace repbench {
namespace {

/// What "{}" and "*" stand for.
struct Captured {
  std::string number, rest;
};

std::optional<Captured> match(std::string_view name, std::string_view pattern) {
  Captured captured;
  if (const size_t hole = pattern.find("{}"); hole != std::string_view::npos) {
    if (!name.starts_with(pattern.substr(0, hole))) return std::nullopt;
    name.remove_prefix(hole);
    pattern.remove_prefix(hole + 2);
    const size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
    if (digits == 0) return std::nullopt;
    captured.number = name.substr(0, digits);
    name.remove_prefix(digits);
  }
  if (pattern.ends_with('*')) {
    pattern.remove_suffix(1);
    if (!name.starts_with(pattern)) return std::nullopt;
    captured.rest = name.substr(pattern.size());
    return captured;
  }
  return name == pattern ? std::optional(captured) : std::nullopt;
}

std::string substitute(std::string_view pattern, const Captured& captured) {
  std::string name(pattern);
  if (const size_t hole = name.find("{}"); hole != std::string::npos) name.replace(hole, 2, captured.number);
  if (name.ends_with('*')) name.replace(name.size() - 1, 1, captured.rest);
  return name;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t end = 0; end != std::string_view::npos; text.remove_prefix(std::min(end + 1, text.size()))) {
    end = text.find(separator);
    parts.push_back(text.substr(0, end));
  }
  return parts;
}

std::vector<int64_t> without_ones(std::vector<int64_t> shape) {
  std::erase(shape, 1);
  return shape;
}

/// The shape that one of a rule's tensors must have.
std::vector<int64_t> wanted_shape(const at::Tensor& ours, const NameRule& rule) {
  std::vector<int64_t> shape = ours.sizes().vec();
  if (rule.transposed) std::swap(shape[0], shape[1]);
  if (rule.theirs.size() > 1) shape[0] /= static_cast<int64_t>(rule.theirs.size());
  return shape;
}

void copy_into(const at::Tensor& ours, const NameRule& rule, const std::map<std::string, TensorView>& theirs,
               const std::function<void(const TensorView&)>& release) {
  int64_t row = 0;
  for (const std::string& name : rule.theirs) {
    const TensorView& view = theirs.at(name);
    at::Tensor values = borrow(view);
    if (rule.transposed) values = values.t();
    at::Tensor target = ours;
    if (rule.theirs.size() > 1) {
      target = ours.narrow(0, row, values.size(0));
      row += values.size(0);
    }
    target.copy_(values.reshape(target.sizes()));
    release(view);
  }
}

/// Collects what is wrong before anything is changed.
class Comparison {
 public:
  Comparison(const std::map<std::string, TensorView>& theirs, const FillOptions& options)
      : theirs_(theirs), options_(options) {
    for (const auto& [name, view] : theirs) names_.push_back(name);
  }

  void add(const at::Tensor& ours, const NameRule& rule) {
    const std::vector<int64_t> wanted = wanted_shape(ours, rule);
    for (const std::string& name : rule.theirs) {
      expected_.insert(name);
      const auto found = theirs_.find(name);
      if (found == theirs_.end()) {
        if (fitting(name, options_.allow_missing) != nullptr) {
          report_.missing.push_back(name);
        } else {
          mismatch_.add_missing(name, names_);
        }
      } else if (ours.is_floating_point() && !is_floating_point(found->second.dtype)) {
        mismatch_.add_type(name, repbench::name(found->second.dtype));
      } else if (without_ones(found->second.shape) != without_ones(wanted)) {
        mismatch_.add_shape(name, wanted, found->second.shape);
      }
    }
  }

  FillReport finish(const std::string& source) {
    for (const std::string& name : names_) {
      if (expected_.contains(name)) continue;
      if (const std::string* pattern = fitting(name, options_.left_out)) {
        ++report_.left_out[*pattern];
      } else {
        mismatch_.unexpected.push_back(name);
      }
    }
    if (mismatch_.any()) {
      throw std::invalid_argument(fmt::format("[weights] {}: expected the tensors of this model; got {}",
                                              source, mismatch_.describe()));
    }
    return std::move(report_);
  }

 private:
  static const std::string* fitting(const std::string& name, const std::vector<std::string>& patterns) {
    const auto found = std::find_if(patterns.begin(), patterns.end(),
                                    [&](const std::string& pattern) { return fits_pattern(name, pattern); });
    return found == patterns.end() ? nullptr : &*found;
  }

  const std::map<std::string, TensorView>& theirs_;
  const FillOptions& options_;
  std::vector<std::string> names_;
  std::set<std::string> expected_;
  Mismatch mismatch_;
  FillReport report_;
};

}  // namespace

bool fits_pattern(std::string_view name, std::string_view pattern) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return name == pattern;
  if (!name.starts_with(pattern.substr(0, star))) return false;
  const std::string_view rest = pattern.substr(star + 1);
  for (size_t from = star; from <= name.size(); ++from) {
    if (fits_pattern(name.substr(from), rest)) return true;
  }
  return false;
}

std::vector<NameRule> name_rules(const NamedTensors& parameters, std::span<const Renaming> table) {
  std::vector<NameRule> rules;
  for (const NamedTensor& named : parameters) {
    NameRule rule{named.name, {named.name}, false};
    for (const Renaming& row : table) {
      const std::optional<Captured> captured = match(named.name, row.ours);
      if (!captured) continue;
      rule.theirs.clear();
      for (const std::string_view part : split(row.theirs, '|'))
        rule.theirs.push_back(substitute(part, *captured));
      rule.transposed = row.transposed;
      break;
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

FillReport fill_tensors(const std::map<std::string, TensorView>& theirs, const NamedTensors& ours,
                        const std::vector<NameRule>& rules, const FillOptions& options,
                        const std::string& source, const std::function<void(const TensorView&)>& release) {
  Comparison comparison(theirs, options);
  for (size_t i = 0; i < rules.size(); ++i) comparison.add(ours[i].tensor, rules[i]);
  FillReport report = comparison.finish(source);
  const c10::NoGradGuard no_grad;
  for (size_t i = 0; i < rules.size(); ++i) {
    const bool complete = std::all_of(rules[i].theirs.begin(), rules[i].theirs.end(),
                                      [&](const std::string& name) { return theirs.contains(name); });
    if (!complete) continue;
    for (const std::string& name : rules[i].theirs) check_finite(theirs.at(name), name, source);
    copy_into(ours[i].tensor, rules[i], theirs, release);
  }
  return report;
}

NamedTensors their_tensors(const NamedTensors& ours, const std::vector<NameRule>& rules) {
  NamedTensors theirs;
  for (size_t i = 0; i < rules.size(); ++i) {
    const NameRule& rule = rules[i];
    const at::Tensor values = ours[i].tensor.detach();
    const std::vector<at::Tensor> parts = values.dim() == 0
                                              ? std::vector<at::Tensor>{values}
                                              : values.chunk(static_cast<int64_t>(rule.theirs.size()), 0);
    for (size_t part = 0; part < rule.theirs.size(); ++part) {
      theirs.push_back(
          {rule.theirs[part], rule.transposed ? parts[part].t().contiguous() : parts[part].contiguous()});
    }
  }
  return theirs;
}

}  // namespace repbench
