#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "files/notes.h"
#include "files/pickle.h"

// The few Python classes that files of weights are made of, known by name; every other one stays a name.

namespace repbench {

/// Key, value, key, value, ... of what is a dictionary to us: dict, OrderedDict, defaultdict, Namespace, a
/// TorchScript module. Nothing for everything else.
std::optional<std::vector<const PickleValue*>> members_of(TensorSource& source, const PickleValue& value);

/// The elements of what is a list to us: list, tuple, set, torch.Size, a TorchScript list.
std::optional<std::span<const PickleValue* const>> elements_of(const PickleValue& value);

/// A module of TorchScript, whose tensors go by dotted names.
bool is_module(const PickleValue& value);

/// The key of a dictionary as a name: "3" for 3.
std::string key_text(const PickleValue& key);

/// The note for a value that is no container: numbers, texts, numpy scalars, paths, dtypes; else its class.
std::optional<Json> plain_note(TensorSource& source, Notes& notes, const PickleValue& value);

}  // namespace repbench
