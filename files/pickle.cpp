#include "files/pickle.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <unordered_map>
#include <utility>

namespace repbench {

std::span<const PickleValue* const> PickleValue::items() const {
  if (parts == nullptr) return {};
  return parts->items;
}

std::string_view PickleValue::class_name() const {
  if (kind == PickleKind::global) return text;
  if (kind != PickleKind::object || parts->callee->kind != PickleKind::global) return "";
  return parts->callee->text;
}

std::span<const PickleValue* const> PickleValue::arguments() const {
  if (kind != PickleKind::object || parts->arguments->kind != PickleKind::tuple) return {};
  return parts->arguments->items();
}

/// The stack machine of Python's `pickle.py`, with values in place of objects.
class PickleMachine {
 public:
  PickleMachine(Pickle& pickle, TensorSource& source, std::span<const std::byte> bytes,
                const std::string& what)
      : pickle_(pickle), source_(source), bytes_(as_text(bytes)), what_(what) {}

  void run() {
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

 private:
  [[noreturn]] void fail(std::string_view expected, std::string_view got) const {
    source_.fail(fmt::format("{}: expected {}; got {} at byte {}", what_, expected, got, start_));
  }

  std::string_view take(uint64_t count) {
    if (count > bytes_.size() - at_) fail("more bytes", "the end");
    source_.charge(count);  // its pages
    const std::string_view taken = bytes_.substr(at_, count);
    at_ += count;
    return taken;
  }

  template <class Number>
  Number take_number() {
    Number value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  PickleValue* make(PickleKind kind) {
    source_.charge(sizeof(PickleValue));
    PickleValue& value = pickle_.values_.emplace_back();
    value.kind = kind;
    return &value;
  }

  PickleValue* make_container(PickleKind kind) {
    source_.charge(sizeof(PickleValue::Parts));
    PickleValue* value = make(kind);
    value->parts = &pickle_.parts_.emplace_back();
    return value;
  }

  void push(PickleValue* value) {
    constexpr size_t most = size_t{1} << 19;
    if (stack_.size() >= most) fail(fmt::format("at most {} values on the stack", most), "more");
    stack_.push_back(value);
  }

  PickleValue* pop() {
    if (stack_.size() <= floor()) fail("a value on the stack", "none");
    PickleValue* value = stack_.back();
    stack_.pop_back();
    return value;
  }

  PickleValue* top() {
    if (stack_.size() <= floor()) fail("a value on the stack", "none");
    return stack_.back();
  }

  // What lies below the last mark is out of reach.
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  size_t pop_mark() {
    if (marks_.empty()) fail("a mark on the stack", "none");
    const size_t mark = marks_.back();
    marks_.pop_back();
    return mark;
  }

  // Moves the values above `mark` from the stack to the end of a container.
  void move_items(PickleValue* container, size_t mark) {
    const size_t count = stack_.size() - mark;
    constexpr size_t growth = 3;  // a vector that doubles holds the old and the new for a moment
    source_.charge(growth * sizeof(void*) * count);
    container->parts->items.insert(container->parts->items.end(),
                                   stack_.begin() + static_cast<std::ptrdiff_t>(mark), stack_.end());
    stack_.resize(mark);
  }

  void push_integer(int64_t integer) {
    PickleValue* value = make(PickleKind::integer);
    value->integer = integer;
    push(value);
  }

  void push_text(PickleKind kind, uint64_t size) {
    const std::string_view text = take(size);
    PickleValue* value = make(kind);
    value->text = text;
    push(value);
  }

  // Little-endian two's complement of any length.
  void push_long(uint64_t size) {
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

  void push_float() {
    PickleValue* value = make(PickleKind::number);
    value->number = std::bit_cast<double>(__builtin_bswap64(take_number<uint64_t>()));
    push(value);
  }

  bool step_scalar(uint8_t code) {
    switch (code) {
      case 0x80: {
        const auto protocol = take_number<uint8_t>();
        if (protocol > 5) fail("protocol 1 to 5", fmt::format("{}", protocol));
        return true;
      }
      case 0x95:
        if (take_number<uint64_t>() > bytes_.size() - at_) fail("a frame within the pickle", "a longer one");
        return true;
      case 'N':
        push(none_);
        return true;
      case 0x88:
        push(booleans_[1]);
        return true;
      case 0x89:
        push(booleans_[0]);
        return true;
      case 'K':
        push_integer(take_number<uint8_t>());
        return true;
      case 'M':
        push_integer(take_number<uint16_t>());
        return true;
      case 'J':
        push_integer(take_number<int32_t>());
        return true;
      case 0x8a:
        push_long(take_number<uint8_t>());
        return true;
      case 0x8b:
        push_long(take_number<uint32_t>());
        return true;
      case 'G':
        push_float();
        return true;
      default:
        return false;
    }
  }

  bool step_text(uint8_t code) {
    switch (code) {
      case 0x8c:
        push_text(PickleKind::text, take_number<uint8_t>());
        return true;
      case 'X':
        push_text(PickleKind::text, take_number<uint32_t>());
        return true;
      case 0x8d:
        push_text(PickleKind::text, take_number<uint64_t>());
        return true;
      case 'U':
      case 'C':
        push_text(PickleKind::bytes, take_number<uint8_t>());
        return true;
      case 'T':
      case 'B':
        push_text(PickleKind::bytes, take_number<uint32_t>());
        return true;
      case 0x8e:
      case 0x96:
        push_text(PickleKind::bytes, take_number<uint64_t>());
        return true;
      default:
        return false;
    }
  }

  bool step_container(uint8_t code) {
    switch (code) {
      case '}':
        push(make_container(PickleKind::dict));
        return true;
      case ']':
        push(make_container(PickleKind::list));
        return true;
      case 0x8f:
        push(make_container(PickleKind::set));
        return true;
      case ')':
        push(empty_);
        return true;
      case 0x85:
        collect(PickleKind::tuple, back(1));
        return true;
      case 0x86:
        collect(PickleKind::tuple, back(2));
        return true;
      case 0x87:
        collect(PickleKind::tuple, back(3));
        return true;
      case '(': {
        constexpr size_t most = size_t{1} << 16;
        if (marks_.size() >= most) fail(fmt::format("at most {} open marks", most), "more");
        marks_.push_back(stack_.size());
        return true;
      }
      case 't':
        collect(PickleKind::tuple, pop_mark());
        return true;
      case 'l':
        collect(PickleKind::list, pop_mark());
        return true;
      case 0x91:
        collect(PickleKind::set, pop_mark());
        return true;
      case 'd':
        check_pairs(collect(PickleKind::dict, pop_mark()));
        return true;
      case 'a':
        append(back(1), PickleKind::list);
        return true;
      case 'e':
        append(pop_mark(), PickleKind::list);
        return true;
      case 0x90:
        append(pop_mark(), PickleKind::set);
        return true;
      case 's':
        set_items(back(2));
        return true;
      case 'u':
        set_items(pop_mark());
        return true;
      default:
        return false;
    }
  }

  // Where the last `count` values begin.
  size_t back(size_t count) const {
    if (stack_.size() - floor() < count) fail("a value on the stack", "none");
    return stack_.size() - count;
  }

  PickleValue* collect(PickleKind kind, size_t mark) {
    PickleValue* container = make_container(kind);
    move_items(container, mark);
    push(container);
    return container;
  }

  void check_pairs(const PickleValue* dict) const {
    if (dict->items().size() % 2 != 0) fail("keys with values", "a key alone");
  }

  PickleValue* target(size_t mark) const {
    if (mark <= floor()) fail("a container on the stack", "none");
    return stack_[mark - 1];
  }

  void append(size_t mark, PickleKind kind) {
    PickleValue* container = target(mark);
    if (container->kind == kind) {
      move_items(container, mark);
    } else if (container->kind == PickleKind::object) {
      stack_.resize(mark);  // a list of an unknown class: its elements tell nothing without the class
    } else {
      fail("a list", "something else");
    }
  }

  void set_items(size_t mark) {
    PickleValue* container = target(mark);
    if (container->kind != PickleKind::dict && container->kind != PickleKind::object)
      fail("a dict", "something else");
    if ((stack_.size() - mark) % 2 != 0) fail("keys with values", "a key alone");
    move_items(container, mark);
  }

  bool step_memo(uint8_t code) {
    switch (code) {
      case '0':
        if (stack_.size() == floor()) {
          pop_mark();
        } else {
          pop();
        }
        return true;
      case '1':
        stack_.resize(pop_mark());
        return true;
      case '2':
        push(top());
        return true;
      case 'q':
        remember(take_number<uint8_t>());
        return true;
      case 'r':
        remember(take_number<uint32_t>());
        return true;
      case 0x94:
        remember(static_cast<uint32_t>(memo_.size()));
        return true;
      case 'h':
        recall(take_number<uint8_t>());
        return true;
      case 'j':
        recall(take_number<uint32_t>());
        return true;
      default:
        return false;
    }
  }

  void remember(uint32_t index) {
    constexpr uint64_t node = 64;  // of a hash map, roughly
    source_.charge(node);
    memo_[index] = top();
  }

  void recall(uint32_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) fail("a memo that was written", fmt::format("number {}", index));
    push(found->second);
  }

  bool step_object(uint8_t code) {
    switch (code) {
      case 'c': {
        const std::string_view module = take_line();
        push_global(module, take_line());
        return true;
      }
      case 0x93: {
        const PickleValue* name = pop();
        const PickleValue* module = pop();
        if (name->kind != PickleKind::text || module->kind != PickleKind::text)
          fail("a name of a global", "something else");
        push_global(module->text, name->text);
        return true;
      }
      case 'R':
      case 0x81: {
        const PickleValue* arguments = pop();
        push_object(pop(), arguments);
        return true;
      }
      case 0x92: {
        pop();  // arguments with names
        const PickleValue* arguments = pop();
        push_object(pop(), arguments);
        return true;
      }
      case 'b': {
        const PickleValue* state = pop();
        PickleValue* object = top();
        if (object->kind != PickleKind::object) fail("an object to give a state to", "something else");
        object->parts->state = state;
        return true;
      }
      case 'Q': {
        const PickleValue* id = pop();
        PickleValue* value = make_container(PickleKind::persistent);
        value->parts->arguments = id;
        constexpr size_t growth = 3;
        source_.charge(growth * sizeof(void*));
        pickle_.persistent_.push_back(value);
        push(value);
        return true;
      }
      default:
        return false;
    }
  }

  std::string_view take_line() {
    constexpr size_t longest = 4096;
    const size_t size = bytes_.substr(at_, longest).find('\n');
    if (size == std::string_view::npos)
      fail(fmt::format("a line of at most {} bytes", longest), "no end of it");
    const std::string_view line = take(size);
    take(1);
    return line;
  }

  void push_global(std::string_view module, std::string_view name) {
    constexpr uint64_t node = 2 * sizeof(std::string) + 64;  // of a set, and the names joined, roughly
    source_.charge(node + module.size() + name.size());
    std::string joined(module);
    joined.append(".").append(name);
    PickleValue* value = make(PickleKind::global);
    value->text = *pickle_.names_.insert(std::move(joined)).first;
    push(value);
  }

  void push_object(const PickleValue* callee, const PickleValue* arguments) {
    PickleValue* object = make_container(PickleKind::object);
    object->parts->callee = callee;
    object->parts->arguments = arguments;
    push(object);
  }

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

Pickle::Pickle(TensorSource& source, std::span<const std::byte> bytes, std::string what) {
  PickleMachine(*this, source, bytes, what).run();
}

}  // namespace repbench
