#include "files/pickle.h"

#include "files/pickle_machine.h"

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

Pickle::Pickle(TensorSource& source, std::span<const std::byte> bytes, std::string what) {
  PickleMachine(*this, source, bytes, what).run();
}

}  // namespace repbench
