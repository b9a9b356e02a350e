#include <fmt/format.h>

#include "files/pickle_machine.h"

// What each opcode does; the codes are those of Python's pickletools.

namespace repbench {

bool PickleMachine::step_scalar(uint8_t code) {
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

bool PickleMachine::step_text(uint8_t code) {
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

bool PickleMachine::step_container(uint8_t code) {
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

size_t PickleMachine::back(size_t count) const {
  if (stack_.size() - floor() < count) fail("a value on the stack", "none");
  return stack_.size() - count;
}

PickleValue* PickleMachine::collect(PickleKind kind, size_t mark) {
  PickleValue* container = make_container(kind);
  move_items(container, mark);
  push(container);
  return container;
}

void PickleMachine::check_pairs(const PickleValue* dict) const {
  if (dict->items().size() % 2 != 0) fail("keys with values", "a key alone");
}

PickleValue* PickleMachine::target(size_t mark) const {
  if (mark <= floor()) fail("a container on the stack", "none");
  return stack_[mark - 1];
}

void PickleMachine::append(size_t mark, PickleKind kind) {
  PickleValue* container = target(mark);
  if (container->kind == kind) {
    move_items(container, mark);
  } else if (container->kind == PickleKind::object) {
    stack_.resize(mark);  // a list of an unknown class: its elements tell nothing without the class
  } else {
    fail("a list", "something else");
  }
}

void PickleMachine::set_items(size_t mark) {
  PickleValue* container = target(mark);
  if (container->kind != PickleKind::dict && container->kind != PickleKind::object)
    fail("a dict", "something else");
  if ((stack_.size() - mark) % 2 != 0) fail("keys with values", "a key alone");
  move_items(container, mark);
}

bool PickleMachine::step_memo(uint8_t code) {
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

void PickleMachine::remember(uint32_t index) {
  constexpr uint64_t node = 64;  // of a hash map, roughly
  source_.charge(node);
  memo_[index] = top();
}

void PickleMachine::recall(uint32_t index) {
  const auto found = memo_.find(index);
  if (found == memo_.end()) fail("a memo that was written", fmt::format("number {}", index));
  push(found->second);
}

bool PickleMachine::step_object(uint8_t code) {
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

}  // namespace repbench
