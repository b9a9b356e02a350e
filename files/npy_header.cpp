#include "files/npy_header.h"

#include <algorithm>
#include <charconv>

namespace repbench {
namespace {

constexpr size_t most_dimensions = 64;

class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  std::optional<NumpyLayout> parse() {
    NumpyLayout layout;
    bool descr = false, order = false, shape = false;
    if (!skip('{')) return std::nullopt;
    while (!skip('}')) {
      const std::optional<std::string_view> key = quoted_text();
      if (!key || !skip(':')) return std::nullopt;
      bool* seen = *key == "descr"           ? &descr
                   : *key == "fortran_order" ? &order
                   : *key == "shape"         ? &shape
                                             : nullptr;
      if (seen == nullptr || *seen) return std::nullopt;
      *seen = true;
      if (seen == &descr ? !read_descr(layout) : seen == &order ? !read_order(layout) : !read_shape(layout)) {
        return std::nullopt;
      }
      if (!skip(',') && !next_is('}')) return std::nullopt;
    }
    skip_spaces();
    if (!descr || !order || !shape || !text_.empty()) return std::nullopt;
    return layout;
  }

 private:
  void skip_spaces() { text_.remove_prefix(std::min(text_.find_first_not_of(" \n"), text_.size())); }

  bool next_is(char wanted) {
    skip_spaces();
    return text_.starts_with(wanted);
  }

  bool skip(char wanted) {
    if (!next_is(wanted)) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool skip(std::string_view word) {
    skip_spaces();
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }

  // Nothing that numpy writes there needs an escape.
  std::optional<std::string_view> quoted_text() {
    skip_spaces();
    if (text_.empty() || (text_[0] != '\'' && text_[0] != '"')) return std::nullopt;
    const size_t end = text_.find(text_[0], 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view text = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return text.find('\\') == std::string_view::npos ? std::optional(text) : std::nullopt;
  }

  bool read_descr(NumpyLayout& layout) {
    if (next_is('[')) {
      layout.descr = "a structure";
      return skip_structure();
    }
    const std::optional<std::string_view> text = quoted_text();
    if (text) layout.descr = *text;
    return text.has_value();
  }

  // A list of fields: named in the error that follows, not read.
  bool skip_structure() {
    int depth = 0;
    for (size_t i = 0; i < text_.size(); ++i) {
      depth += text_[i] == '[' ? 1 : text_[i] == ']' ? -1 : 0;
      if (depth == 0) {
        text_.remove_prefix(i + 1);
        return true;
      }
    }
    return false;
  }

  bool read_order(NumpyLayout& layout) {
    layout.fortran_order = skip("True");
    return layout.fortran_order || skip("False");
  }

  bool read_shape(NumpyLayout& layout) {
    if (!skip('(')) return false;
    while (!skip(')')) {
      skip_spaces();
      int64_t size = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), size);
      if (error != std::errc() || size < 0 || layout.shape.size() == most_dimensions) return false;
      text_.remove_prefix(static_cast<size_t>(end - text_.data()));
      skip('L');  // of Python 2
      layout.shape.push_back(size);
      if (!skip(',') && !next_is(')')) return false;
    }
    return true;
  }

  std::string_view text_;
};

}  // namespace

std::optional<NumpyLayout> parse_npy_header(std::string_view text) { return HeaderParser(text).parse(); }

}  // namespace repbench
