#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "files/pickle.h"

namespace repbench {

/// The stack machine of Python's `pickle.py`, with values in place of objects.
class PickleMachine {
 public:
  PickleMachine(Pickle& pickle, TensorSource& source, std::span<const std::byte> bytes,
                const std::string& what)
      : pickle_(pickle), source_(source), bytes_(as_text(bytes)), what_(what) {}

  /// Throws as Pickle says.
  void run();

 private:
  [[noreturn]] void fail(std::string_view expected, std::string_view got) const;

  std::string_view take(uint64_t count);
  std::string_view take_line();
  template <class Number>
  Number take_number() {
    Number value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  PickleValue* make(PickleKind kind);
  PickleValue* make_container(PickleKind kind);

  // What lies below the last mark is out of reach.
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  void push(PickleValue* value);
  PickleValue* pop();
  PickleValue* top();
  size_t pop_mark();
  // Where the last `count` values begin.
  size_t back(size_t count) const;
  // The value below `mark`.
  PickleValue* target(size_t mark) const;
  // Moves the values above `mark` from the stack to the end of a container.
  void move_items(PickleValue* container, size_t mark);
  PickleValue* collect(PickleKind kind, size_t mark);

  // Each does what one opcode says; false if it is none of theirs.
  bool step_scalar(uint8_t code);
  bool step_text(uint8_t code);
  bool step_container(uint8_t code);
  bool step_memo(uint8_t code);
  bool step_object(uint8_t code);

  void push_integer(int64_t integer);
  void push_long(uint64_t size);
  void push_float();
  void push_text(PickleKind kind, uint64_t size);
  void push_global(std::string_view module, std::string_view name);
  void push_object(const PickleValue* callee, const PickleValue* arguments);
  void check_pairs(const PickleValue* dict) const;
  void append(size_t mark, PickleKind kind);
  void set_items(size_t mark);
  void remember(uint32_t index);
  void recall(uint32_t index);

  Pickle& pickle_;
  TensorSource& source_;
  std::string_view bytes_;
  const std::string& what_;
  size_t at_ = 0;
  size_t start_ = 0;  // of the opcode at hand
  std::vector<PickleValue*> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, PickleValue*> memo_;
  PickleValue* none_ = nullptr;
  PickleValue* booleans_[2] = {};
  PickleValue* empty_ = nullptr;  // the tuple, which nothing can be put into
};

}  // namespace repbench
