#include "datasets/kinds/cifar_batch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <stdexcept>
#include <utility>

#include "datasets/kinds/text_lines.h"
#include "files/notes.h"
#include "files/numpy_objects.h"
#include "files/pickle.h"
#include "files/utf8.h"

namespace repbench {
namespace {

[[noreturn]] void fail(const CifarFile& file, std::string_view kind, std::string_view expected,
                       std::string_view got) {
  throw std::runtime_error(fmt::format("[{}] {}: expected {}; got {}", kind, file.place, expected, got));
}

bool is_text(const PickleValue& value) {
  return value.kind == PickleKind::text || value.kind == PickleKind::bytes;
}

// The dict of one of CIFAR's pickles.
class PickledDict {
 public:
  PickledDict(const CifarFile& file, std::string_view kind)
      : file_(file), kind_(kind), source_(as_bytes(file.content), file.place), pickle_(parse()) {
    if (pickle_->root().kind != PickleKind::dict) fail(file, kind, "a pickled dict", "something else");
  }

  const PickleValue& at(std::string_view key) const {
    const auto items = pickle_->root().items();
    for (size_t i = 0; i + 1 < items.size(); i += 2) {
      if (is_text(*items[i]) && items[i]->text == key) return *items[i + 1];
    }
    fail(file_, kind_, fmt::format("the key {}", key), "none");
  }

  // A list of things of one kind.
  std::span<const PickleValue* const> list(std::string_view key, std::string_view of,
                                           bool (*fits)(const PickleValue&)) const {
    const PickleValue& value = at(key);
    const bool is_list = value.kind == PickleKind::list || value.kind == PickleKind::tuple;
    if (!is_list) fail(file_, kind_, fmt::format("a list of {} under {}", of, key), "something else");
    for (const PickleValue* item : value.items()) {
      if (!fits(*item)) fail(file_, kind_, fmt::format("only {} in {}", of, key), "something else");
    }
    return value.items();
  }

  // uint8 [N, kCifarBytes].
  TensorView pictures(std::string_view key) {
    const PickleValue& value = at(key);
    if (!is_numpy_array(value))
      fail(file_, kind_, fmt::format("a numpy array under {}", key), "something else");
    const NumpyArray array = guarded([&] {
      Notes notes(source_);
      return numpy_array_of(source_, notes, value, std::string(key));
    });
    constexpr auto kBytes = static_cast<int64_t>(kCifarBytes);
    if (!array.tensor || array.tensor->dtype != DType::u8 || array.tensor->shape.size() != 2 ||
        array.tensor->shape[1] != kBytes || array.tensor->shape[0] == 0) {
      fail(file_, kind_, fmt::format("bytes of the shape [N, {}] under {}", kBytes, key),
           array.tensor
               ? fmt::format("{} [{}]", name(array.tensor->dtype), fmt::join(array.tensor->shape, ", "))
               : "texts");
    }
    return *array.tensor;
  }

 private:
  // The readers of weights complain in the name of weights.
  template <class Read>
  auto guarded(const Read& read) const -> decltype(read()) {
    try {
      return read();
    } catch (const std::runtime_error& error) {
      std::string_view text = error.what();
      if (text.starts_with("[weights] ")) text.remove_prefix(std::string_view("[weights] ").size());
      throw std::runtime_error(fmt::format("[{}] {}", kind_, text));
    }
  }

  std::unique_ptr<Pickle> parse() {
    return guarded([&] { return std::make_unique<Pickle>(source_, source_.bytes(), "pickle"); });
  }

  const CifarFile& file_;
  std::string_view kind_;
  TensorSource source_;
  std::unique_ptr<Pickle> pickle_;
};

void check_name(const std::string& name, const CifarFile& file, std::string_view kind) {
  if (name.empty() || find_broken_utf8(name)) {
    fail(file, kind, "names of classes in UTF-8", excerpt(name));
  }
}

}  // namespace

CifarBatch read_binary_batch(const CifarFile& file, std::string_view kind, size_t label_bytes,
                             size_t label_at) {
  const size_t record = label_bytes + kCifarBytes;
  const std::string& content = file.content;
  if (content.empty() || content.size() % record != 0) {
    fail(file, kind, fmt::format("a multiple of {} bytes", record), std::to_string(content.size()));
  }
  CifarBatch batch;
  batch.pixels.reserve(content.size() / record * kCifarBytes);
  for (size_t at = 0; at < content.size(); at += record) {
    batch.labels.push_back(static_cast<unsigned char>(content[at + label_at]));
    batch.pixels.append(content, at + label_bytes, kCifarBytes);
  }
  return batch;
}

CifarBatch read_pickled_batch(const CifarFile& file, std::string_view kind, std::string_view labels_key) {
  PickledDict dict(file, kind);
  const TensorView pictures = dict.pictures("data");
  CifarBatch batch{{}, std::string(as_text(pictures.bytes))};
  const auto is_integer = [](const PickleValue& value) { return value.kind == PickleKind::integer; };
  for (const PickleValue* label : dict.list(labels_key, "integers", is_integer)) {
    batch.labels.push_back(label->integer);
  }
  if (static_cast<int64_t>(batch.labels.size()) != pictures.shape[0]) {
    fail(file, kind, fmt::format("{} {}, one a picture", pictures.shape[0], labels_key),
         std::to_string(batch.labels.size()));
  }
  return batch;
}

std::vector<std::string> read_plain_names(const CifarFile& file, std::string_view kind) {
  std::vector<std::string> names;
  for (const TextLine& line : text_lines(file.content)) {
    names.emplace_back(line.text);
    check_name(names.back(), file, kind);
  }
  return names;
}

std::vector<std::string> read_pickled_names(const CifarFile& file, std::string_view kind,
                                            std::string_view key) {
  const PickledDict dict(file, kind);
  std::vector<std::string> names;
  for (const PickleValue* name : dict.list(key, "texts", is_text)) {
    names.emplace_back(name->text);
    check_name(names.back(), file, kind);
  }
  return names;
}

}  // namespace repbench
