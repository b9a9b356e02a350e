#include "files/pickle_machine.h"

#include <fmt/format.h>

#include <bit>
#include <utility>

namespace repbench {
namespace {

constexpr uint64_t deque_share = 8;  // of a deque's blocks, for each element

}  // namespace

void PickleMachine::run() {
  none_ = make(PickleKind::none);
  for (const bool value : {false, true}) {
    booleans_[value ? 1 : 0] = make(PickleKind::boolean);
    booleans_[value ? 1 : 0]->integer = value ? 1 : 0;
  }
  empty_ = make_container(PickleKind::tuple);
  while (true) {
    start_ = at_;
    const auto code = static_cast<uint8_t>(take(1)[0]);
    if (code == '.') break;
    if (!step_scalar(code) && !step_text(code) && !step_container(code) && !step_memo(code) &&
        !step_object(code)) {
      fail("an opcode of binary pickles", fmt::format("0x{:02x}", code));
    }
  }
  pickle_.root_ = pop();
  if (!stack_.empty() || !marks_.empty()) fail("one value at the end", "several");
  pickle_.size_ = at_;
}

void PickleMachine::fail(std::string_view expected, std::string_view got) const {
  source_.fail(fmt::format("{}: expected {}; got {} at byte {}", what_, expected, got, start_));
}

std::string_view PickleMachine::take(uint64_t count) {
  if (count > bytes_.size() - at_) fail("more bytes", "the end");
  source_.charge(count);  // its pages
  const std::string_view taken = bytes_.substr(at_, count);
  at_ += count;
  return taken;
}

PickleValue* PickleMachine::make(PickleKind kind) {
  source_.charge(sizeof(PickleValue) + deque_share);
  PickleValue& value = pickle_.values_.emplace_back();
  value.kind = kind;
  return &value;
}

PickleValue* PickleMachine::make_container(PickleKind kind) {
  source_.charge(sizeof(PickleValue::Parts) + deque_share);
  PickleValue* value = make(kind);
  value->parts = &pickle_.parts_.emplace_back();
  return value;
}

void PickleMachine::push(PickleValue* value) {
  constexpr size_t most = size_t{1} << 19;
  if (stack_.size() >= most) fail(fmt::format("at most {} values on the stack", most), "more");
  stack_.push_back(value);
}

PickleValue* PickleMachine::pop() {
  if (stack_.size() <= floor()) fail("a value on the stack", "none");
  PickleValue* value = stack_.back();
  stack_.pop_back();
  return value;
}

PickleValue* PickleMachine::top() {
  if (stack_.size() <= floor()) fail("a value on the stack", "none");
  return stack_.back();
}

size_t PickleMachine::pop_mark() {
  if (marks_.empty()) fail("a mark on the stack", "none");
  const size_t mark = marks_.back();
  marks_.pop_back();
  return mark;
}

void PickleMachine::move_items(PickleValue* container, size_t mark) {
  const size_t count = stack_.size() - mark;
  constexpr size_t growth = 3;    // a vector that doubles holds the old and the new for a moment
  constexpr uint64_t block = 16;  // what the allocator adds
  source_.charge(growth * sizeof(void*) * count + block);
  container->parts->items.insert(container->parts->items.end(),
                                 stack_.begin() + static_cast<std::ptrdiff_t>(mark), stack_.end());
  stack_.resize(mark);
}

void PickleMachine::push_integer(int64_t integer) {
  PickleValue* value = make(PickleKind::integer);
  value->integer = integer;
  push(value);
}

void PickleMachine::push_text(PickleKind kind, uint64_t size) {
  const std::string_view text = take(size);
  PickleValue* value = make(kind);
  value->text = text;
  push(value);
}

void PickleMachine::push_long(uint64_t size) {
  const std::string_view digits = take(size);
  if (digits.size() > sizeof(uint64_t)) {
    PickleValue* value = make(PickleKind::big_integer);
    value->text = digits;
    return push(value);
  }
  const bool negative = !digits.empty() && (static_cast<uint8_t>(digits.back()) & 0x80) != 0;
  uint64_t integer = negative ? ~uint64_t{0} : 0;
  std::memcpy(&integer, digits.data(), digits.size());
  push_integer(static_cast<int64_t>(integer));
}

void PickleMachine::push_float() {
  PickleValue* value = make(PickleKind::number);
  value->number = std::bit_cast<double>(__builtin_bswap64(take_number<uint64_t>()));
  push(value);
}

std::string_view PickleMachine::take_line() {
  constexpr size_t longest = 4096;
  const size_t size = bytes_.substr(at_, longest).find('\n');
  if (size == std::string_view::npos)
    fail(fmt::format("a line of at most {} bytes", longest), "no end of it");
  const std::string_view line = take(size);
  take(1);
  return line;
}

void PickleMachine::push_global(std::string_view module, std::string_view name) {
  constexpr uint64_t node = 2 * sizeof(std::string) + 64;  // of a set, and the names joined, roughly
  source_.charge(node + module.size() + name.size());
  std::string joined(module);
  joined.append(".").append(name);
  PickleValue* value = make(PickleKind::global);
  value->text = *pickle_.names_.insert(std::move(joined)).first;
  push(value);
}

void PickleMachine::push_object(const PickleValue* callee, const PickleValue* arguments) {
  PickleValue* object = make_container(PickleKind::object);
  object->parts->callee = callee;
  object->parts->arguments = arguments;
  push(object);
}

}  // namespace repbench
