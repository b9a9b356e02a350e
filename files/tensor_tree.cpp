#include "files/tensor_tree.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "files/numpy_objects.h"
#include "files/torch_objects.h"

namespace repbench {
namespace {

constexpr int most_levels = 64;
constexpr size_t longest_key = size_t{64} << 10;

std::string joined(const std::string& path, const std::string& key) {
  if (path.empty()) return key;
  return path + "." + key;
}

}  // namespace

// A name alone has no path yet: the dictionary that it leads to has.
TensorTree::Place TensorTree::Place::child(const std::string& key, bool module) const {
  if (in_module) return {group, joined(name, key), true, level + 1};
  return {joined(group, name), key, module, level + 1};
}

std::string TensorTree::Place::text() const { return "tensor " + in_quotes(joined(group, name)); }

TensorContents TensorTree::read(const Pickle& pickle, std::string_view format) {
  // Values that several places share are walked once for each; without end only in hostile files.
  constexpr uint64_t spare = 100'000;
  steps_left_ = 4 * pickle.count() + spare;
  std::optional<Json> notes = visit(pickle.root(), {});
  contents_.format = format;
  contents_.notes = notes ? std::move(*notes) : Json::object();
  if (contents_.groups.empty()) contents_.groups.push_back({"", {}});
  notes_.finish(contents_.notes);
  return std::move(contents_);
}

std::optional<Json> TensorTree::visit(const PickleValue& value, const Place& place) {
  count_step(place);
  if (TorchTensors::is_tensor(value)) {
    std::optional<TensorView> view = tensors_.read(value, place.text());
    if (!view) return notes_.placeholder("torch.Tensor");
    add(place, std::move(*view));
    return std::nullopt;
  }
  if (is_numpy_array(value)) {
    NumpyArray array = numpy_array_of(source_, notes_, value, place.text());
    if (array.tensor) add(place, std::move(*array.tensor));
    return std::move(array.texts);
  }
  if (const auto elements = elements_of(value)) return visit_elements(*elements, place);
  const bool module = place.in_module || is_module(value);
  if (const auto members = members_of(source_, value)) return visit_members(*members, place, module);
  return plain_note(source_, notes_, value);
}

// Notes of a dictionary that holds nothing but tensors are none.
std::optional<Json> TensorTree::visit_members(std::span<const PickleValue* const> members, const Place& place,
                                              bool module) {
  Json notes = Json::object();
  for (size_t i = 0; i + 1 < members.size(); i += 2) {
    const std::string key = key_text(*members[i]);
    if (key.size() > longest_key)
      source_.fail(fmt::format("expected keys of at most {} bytes; got {}", longest_key, in_quotes(key)));
    std::optional<Json> note = visit(*members[i + 1], place.child(key, module));
    if (note) notes_.set(notes, key, std::move(*note));
  }
  if (members.empty()) return notes_.value(std::move(notes));
  if (notes.empty()) return std::nullopt;
  return notes_.container(std::move(notes));
}

// A list of notes alone stays a list, if only its beginning where there is no more room; beside tensors,
// notes go by their index as these do.
std::optional<Json> TensorTree::visit_elements(std::span<const PickleValue* const> elements,
                                               const Place& place) {
  const uint64_t left_out = notes_.left_out();
  std::vector<std::pair<size_t, Json>> found;
  for (size_t i = 0; i < elements.size(); ++i) {
    std::optional<Json> note = visit(*elements[i], place.child(fmt::format("{}", i), place.in_module));
    if (note) found.emplace_back(i, std::move(*note));
  }
  if (elements.empty()) return notes_.value(Json::array());
  if (found.empty()) return std::nullopt;
  const bool is_list = found.size() == elements.size() || notes_.left_out() != left_out;
  Json notes = is_list ? Json::array() : Json::object();
  for (auto& [index, note] : found) {
    if (notes.is_array()) {
      notes.push_back(std::move(note));
    } else {
      notes_.set(notes, fmt::format("{}", index), std::move(note));
    }
  }
  return notes_.container(std::move(notes));
}

void TensorTree::add(const Place& place, TensorView view) {
  const auto [found, created] = groups_.try_emplace(place.group, contents_.groups.size());
  if (created) {
    constexpr uint64_t node = 2 * sizeof(std::string) + 64;
    source_.charge(sizeof(TensorGroup) + node + 2 * place.group.size());
    contents_.groups.push_back({place.group, {}});
  }
  add_tensor(source_, contents_.groups[found->second], place.name.empty() ? "tensor" : place.name,
             std::move(view));
}

void TensorTree::count_step(const Place& place) {
  if (place.level > most_levels) {
    source_.fail(fmt::format("expected at most {} levels of dictionaries and lists; got more", most_levels));
  }
  if (steps_left_-- == 0)
    source_.fail("expected values that are used a few times each; got one that multiplies without end");
}

}  // namespace repbench
