#include "files/torch_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "files/numpy_objects.h"
#include "files/torch_tensors.h"
#include "files/utf8.h"

namespace repbench {
namespace {

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Python 2 made an OrderedDict of a list of pairs.
std::vector<const PickleValue*> pairs_of(TensorSource& source, const PickleValue& list) {
  std::vector<const PickleValue*> members;
  source.charge(2 * sizeof(void*) * list.items().size());
  for (const PickleValue* pair : list.items()) {
    const auto items = pair->items();
    const bool good =
        (pair->kind == PickleKind::list || pair->kind == PickleKind::tuple) && items.size() == 2;
    if (good) members.insert(members.end(), items.begin(), items.end());
  }
  return members;
}

// "0x1f", "-0x1f": linear in the digits, where decimal digits are not.
std::string hexadecimal(std::string_view bytes) {
  const bool negative = (static_cast<uint8_t>(bytes.back()) & 0x80) != 0;
  std::string digits;
  unsigned carry = negative ? 1 : 0;
  for (const char byte : bytes) {
    const unsigned value = (negative ? static_cast<uint8_t>(~byte) : static_cast<uint8_t>(byte)) + carry;
    carry = value >> 8;
    for (const unsigned digit : {value & 15, value >> 4 & 15}) digits.push_back("0123456789abcdef"[digit]);
  }
  digits.erase(digits.find_last_not_of('0') + 1);
  std::reverse(digits.begin(), digits.end());
  return (negative ? "-0x" : "0x") + digits;
}

std::optional<Json> big_integer_note(Notes& notes, std::string_view bytes) {
  constexpr size_t longest = 64;
  if (bytes.size() > longest) return notes.placeholder("builtins.int");
  // One that fits 64 bits without a sign comes in nine bytes.
  if (bytes.size() == 9 && bytes.back() == 0) {
    uint64_t value = 0;
    for (size_t i = 8; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
    return notes.value(value);
  }
  return notes.text(hexadecimal(bytes));
}

bool is_path(std::string_view name) { return name.starts_with("pathlib.") && name.ends_with("Path"); }

std::optional<Json> path_note(Notes& notes, const PickleValue& value) {
  constexpr size_t longest = 4096;
  std::string path;
  for (const PickleValue* part : value.arguments()) {
    if (part->kind != PickleKind::text || path.size() > longest) break;
    if (!path.empty() && !path.ends_with('/')) path.push_back('/');
    path.append(part->text.substr(0, longest));
  }
  return notes.text(path);
}

std::optional<Json> device_note(Notes& notes, const PickleValue& value) {
  std::string text;
  for (const PickleValue* part : value.arguments().first(std::min<size_t>(2, value.arguments().size()))) {
    text += (text.empty() ? "" : ":") + key_text(*part);
  }
  return notes.text(text);
}

}  // namespace

std::optional<std::vector<const PickleValue*>> members_of(TensorSource& source, const PickleValue& value) {
  const auto copied = [&](std::span<const PickleValue* const> items) {
    source.charge(sizeof(void*) * items.size());
    return std::vector<const PickleValue*>(items.begin(), items.end());
  };
  if (value.kind == PickleKind::dict) return copied(value.items());
  const std::string_view name = value.kind == PickleKind::object ? value.class_name() : "";
  if (is_one_of(name, {"collections.OrderedDict", "collections.defaultdict"})) {
    const auto arguments = value.arguments();
    if (!arguments.empty() && arguments[0]->kind == PickleKind::list) return pairs_of(source, *arguments[0]);
    return copied(value.items());
  }
  const PickleValue* state = value.kind == PickleKind::object ? value.parts->state : nullptr;
  const bool has_fields =
      is_module(value) || is_one_of(name, {"argparse.Namespace", "types.SimpleNamespace"});
  if (!has_fields || (state != nullptr && state->kind != PickleKind::dict)) return std::nullopt;
  return copied(state == nullptr ? std::span<const PickleValue* const>() : state->items());
}

std::optional<std::span<const PickleValue* const>> elements_of(const PickleValue& value) {
  const auto listed = [](const PickleValue& list) {
    return list.kind == PickleKind::list || list.kind == PickleKind::tuple || list.kind == PickleKind::set;
  };
  if (listed(value)) return value.items();
  const std::string_view name = value.kind == PickleKind::object ? value.class_name() : "";
  const bool wraps = is_one_of(name, {"torch.Size", "builtins.set", "builtins.frozenset", "__builtin__.set",
                                      "__builtin__.frozenset"}) ||
                     (name.starts_with("torch.jit._pickle.build_") && name.ends_with("list"));
  if (!wraps || value.arguments().size() != 1 || !listed(*value.arguments()[0])) return std::nullopt;
  return value.arguments()[0]->items();
}

bool is_module(const PickleValue& value) {
  return value.kind == PickleKind::object && value.class_name().starts_with("__torch__.");
}

std::string key_text(const PickleValue& key) {
  switch (key.kind) {
    case PickleKind::text:
    case PickleKind::bytes:
      return std::string(key.text);
    case PickleKind::global:
      return std::string(key.text);
    case PickleKind::integer:
      return fmt::format("{}", key.integer);
    case PickleKind::number:
      return fmt::format("{}", key.number);
    case PickleKind::boolean:
      return key.integer != 0 ? "True" : "False";
    case PickleKind::none:
      return "None";
    case PickleKind::tuple: {
      constexpr size_t most = 8;
      std::string text = "(";
      for (const PickleValue* item : key.items().first(std::min(most, key.items().size()))) {
        const bool nested = item->kind == PickleKind::tuple;
        text += (text.size() > 1 ? ", " : "") + (nested ? "(...)" : key_text(*item));
      }
      return text + ")";
    }
    default:
      return std::string(key.class_name().empty() ? "(a key)" : key.class_name());
  }
}

std::optional<Json> plain_note(TensorSource& source, Notes& notes, const PickleValue& value) {
  switch (value.kind) {
    case PickleKind::none:
      return notes.value(nullptr);
    case PickleKind::boolean:
      return notes.value(value.integer != 0);
    case PickleKind::integer:
      return notes.value(value.integer);
    case PickleKind::big_integer:
      return big_integer_note(notes, value.text);
    case PickleKind::number:
      return notes.number(value.number);
    case PickleKind::text:
      return notes.text(value.text);
    case PickleKind::bytes:
      return find_broken_utf8(value.text) ? notes.placeholder("builtins.bytes") : notes.text(value.text);
    default:
      break;
  }
  const std::string_view name = value.class_name();
  if (value.kind == PickleKind::global && torch_dtype(name)) return notes.text(name);
  if (value.kind == PickleKind::object && is_path(name)) return path_note(notes, value);
  if (value.kind == PickleKind::object && name == "torch.device") return device_note(notes, value);
  if (std::optional<Json> number = numpy_scalar_note(source, notes, value)) return number;
  return notes.placeholder(name.empty() ? "object" : name);
}

}  // namespace repbench
