#include "datasets/kinds/sample_texts.h"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>
#include <string_view>

#include "datasets/kinds/caption_files.h"
#include "datasets/kinds/text_lines.h"
#include "files/json.h"
#include "files/utf8.h"

namespace repbench {
namespace {

[[noreturn]] void fail(std::string_view expected, std::string_view got) {
  throw std::invalid_argument(fmt::format("expected {}; got {}", expected, got));
}

std::string as_json(std::string_view text) { return brief_json(std::string(text)); }

void add_caption(ShardSample& sample, std::string_view extension, std::string_view text) {
  const std::string file = fmt::format("{}.{}", sample.key, extension);
  if (find_broken_utf8(text)) fail("UTF-8 text in " + file, as_json(text));
  const std::string_view caption = trimmed(text);
  if (caption.empty()) fail("a caption in " + file, "an empty one");
  sample.captions.emplace_back(caption);
}

int64_t class_in(const ShardSample& sample, std::string_view text) {
  const std::string_view digits = trimmed(text);
  int64_t label = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), label);
  if (error != std::errc() || end != digits.data() + digits.size() || label < 0) {
    fail(fmt::format("a class from 0 on in {}.cls", sample.key), as_json(text));
  }
  return label;
}

Json parse(const ShardSample& sample, const std::string& text) {
  const std::string wanted = fmt::format("a JSON object in {}.json", sample.key);
  try {
    Json json = parse_json(text, "json", Comments::refused);
    if (json.is_object()) return json;
  } catch (const std::invalid_argument& error) {
    const std::string_view message = error.what();
    const size_t got = message.find("; got ");
    fail(wanted, got == std::string_view::npos ? message : message.substr(got + 6));
  }
  fail(wanted, as_json(text));
}

// The first of these keys that is there and not null.
const Json* first_of(const Json& json, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    const auto found = json.find(key);
    if (found != json.end() && !found->is_null()) return &*found;
  }
  return nullptr;
}

void read_captions(const Json& json, ShardSample& sample) {
  const Json* given = first_of(json, {"caption", "captions", "text"});
  if (given == nullptr) return;
  const Json list = given->is_array() ? *given : Json::array({*given});
  for (const Json& caption : list) {
    if (!caption.is_string()) {
      fail(fmt::format("a caption, or a list of them, in {}.json", sample.key), brief_json(caption));
    }
    add_caption(sample, "json", caption.get_ref<const std::string&>());
  }
}

void read_class(const Json& json, ShardSample& sample) {
  const Json* label = first_of(json, {"label", "cls"});
  if (label == nullptr) return;
  const bool fits = label->is_number_integer() &&
                    (!label->is_number_unsigned() || label->get<uint64_t>() <= uint64_t{INT64_MAX}) &&
                    label->get<int64_t>() >= 0;
  if (!fits) fail(fmt::format("a class from 0 on in {}.json", sample.key), brief_json(*label));
  sample.label = label->get<int64_t>();
}

bool may_have_class(const std::string& json) {
  return json.find("\"label\"") != std::string::npos || json.find("\"cls\"") != std::string::npos;
}

}  // namespace

void read_sample_texts(const SampleTexts& texts, ShardSample& sample) {
  if (texts.txt) add_caption(sample, "txt", *texts.txt);
  if (texts.cls) sample.label = class_in(sample, *texts.cls);
  if (!texts.json || (texts.txt && (texts.cls || !may_have_class(*texts.json)))) return;
  const Json json = parse(sample, *texts.json);
  if (!texts.txt) read_captions(json, sample);
  if (!texts.cls) read_class(json, sample);
}

}  // namespace repbench
