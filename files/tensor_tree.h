#pragma once

#include <string>
#include <unordered_map>

#include "files/notes.h"
#include "files/pickle.h"
#include "files/tensor_contents.h"
#include "files/torch_tensors.h"

namespace repbench {

/// Sorts what a pickle of torch holds into groups of tensors and notes. Throws std::runtime_error
/// "[weights] FILE: ...", also where values contain themselves or each other without end.
class TensorTree {
 public:
  TensorTree(TensorSource& source, TorchTensors::Find find)
      : source_(source), tensors_(source, std::move(find)), notes_(source) {}

  /// `format` for the contents. A pickle that is one tensor gives one named "tensor".
  TensorContents read(const Pickle& pickle, std::string_view format);

 private:
  // Where a value stands: in the dictionary of the path `group`, under `name`. Inside of a module all stands
  // in one dictionary, under dotted names.
  struct Place {
    std::string group;
    std::string name;
    bool in_module = false;
    int level = 0;

    Place child(const std::string& key, bool module) const;
    std::string text() const;
  };

  std::optional<Json> visit(const PickleValue& value, const Place& place);
  std::optional<Json> visit_members(std::span<const PickleValue* const> members, const Place& place,
                                    bool module);
  std::optional<Json> visit_elements(std::span<const PickleValue* const> elements, const Place& place);
  void add(const Place& place, TensorView view);
  void count_step(const Place& place);

  TensorSource& source_;
  TorchTensors tensors_;
  Notes notes_;
  TensorContents contents_;
  std::unordered_map<std::string, size_t> groups_;  // index by path
  uint64_t steps_left_ = 0;
};

}  // namespace repbench
