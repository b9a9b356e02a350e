#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "files/tensor_source.h"

// Python's pickle (protocols 1 to 5, binary opcodes) as a tree of inert values: no class is looked up,
// nothing is called.

namespace repbench {

enum class PickleKind : uint8_t {
  none,
  boolean,  // integer is 0 or 1
  integer,
  big_integer,  // text holds its bytes, little-endian, two's complement
  number,
  text,   // UTF-8, unchecked
  bytes,  // also Python 2's str
  list,
  tuple,
  set,
  dict,       // items: key, value, key, value, ... in order
  global,     // text is "module.Name"
  object,     // made by calling `callee` with `arguments`; items as a dict's; then given `state`
  persistent  // arguments is the id
};

struct PickleValue {
  struct Parts {
    const PickleValue* callee = nullptr;
    const PickleValue* arguments = nullptr;
    const PickleValue* state = nullptr;
    std::vector<const PickleValue*> items;
  };

  PickleKind kind = PickleKind::none;
  int64_t integer = 0;
  double number = 0;
  std::string_view text;
  Parts* parts = nullptr;

  /// Empty for what has none.
  std::span<const PickleValue* const> items() const;

  /// "module.Name" of a global, or of what an object was made by; "" for everything else.
  std::string_view class_name() const;

  /// The arguments of an object's making; empty if they are no tuple.
  std::span<const PickleValue* const> arguments() const;
};

/// One pickle, parsed on construction. Memory is charged to the source. A value can be shared, and can
/// contain itself: whoever walks the tree counts steps. Throws std::runtime_error "[weights] FILE: WHAT:
/// expected ...; got ... at byte N". Texts point into `bytes`.
class Pickle {
 public:
  Pickle(TensorSource& source, std::span<const std::byte> bytes, std::string what);
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;

  const PickleValue& root() const { return *root_; }

  /// Where the pickle ended in `bytes`.
  size_t size() const { return size_; }

  /// How many values it holds.
  size_t count() const { return values_.size(); }

  /// All persistent values, in the order of the pickle.
  const std::vector<const PickleValue*>& persistent() const { return persistent_; }

 private:
  friend class PickleMachine;
  std::deque<PickleValue> values_;
  std::deque<PickleValue::Parts> parts_;
  std::set<std::string, std::less<>> names_;
  std::vector<const PickleValue*> persistent_;
  const PickleValue* root_ = nullptr;
  size_t size_ = 0;
};

}  // namespace repbench
