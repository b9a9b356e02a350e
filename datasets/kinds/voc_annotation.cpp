#include "datasets/kinds/voc_annotation.h"

#include <expat.h>
#include <fmt/format.h>

#include <climits>
#include <memory>
#include <new>
#include <stdexcept>
#include <type_traits>

#include "datasets/kinds/text_lines.h"
#include "files/utf8.h"

namespace repbench {
namespace {

constexpr size_t kMostLevels = 64;
constexpr size_t kMostText = 256;  // bytes of a name

struct Free {
  void operator()(XML_Parser parser) const { ::XML_ParserFree(parser); }
};

// Follows expat through the elements. Nothing may be thrown through C: errors are kept.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : path_(path), parser_(::XML_ParserCreate("UTF-8")) {
    if (!parser_) throw std::bad_alloc();
    ::XML_SetUserData(parser_.get(), this);
    ::XML_SetElementHandler(
        parser_.get(),
        [](void* self, const XML_Char* name, const XML_Char**) { static_cast<Reader*>(self)->begin(name); },
        [](void* self, const XML_Char*) { static_cast<Reader*>(self)->end(); });
    ::XML_SetCharacterDataHandler(parser_.get(), [](void* self, const XML_Char* text, int size) {
      static_cast<Reader*>(self)->add({text, static_cast<size_t>(size)});
    });
    ::XML_SetStartDoctypeDeclHandler(parser_.get(),
                                     [](void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
                                       static_cast<Reader*>(self)->stop("no document type", "one");
                                     });
  }

  std::vector<VocObject> read(std::string_view content) {
    if (content.size() > INT_MAX) stop("a file of less than 2 GiB", "more");
    if (!stopped() &&
        ::XML_Parse(parser_.get(), content.data(), static_cast<int>(content.size()), 1) != XML_STATUS_OK) {
      stop("XML", ::XML_ErrorString(::XML_GetErrorCode(parser_.get())));
    }
    if (stopped()) fail_at_line("voc", path_, line_, expected_, got_);
    return std::move(objects_);
  }

 private:
  void stop(std::string_view expected, std::string_view got) {
    if (stopped()) return;
    expected_ = expected;
    got_ = got;
    line_ = ::XML_GetCurrentLineNumber(parser_.get());
    ::XML_StopParser(parser_.get(), XML_FALSE);
  }

  bool in_object(size_t below) const {
    return levels_.size() == 2 + below && levels_[0] == "annotation" && levels_[1] == "object";
  }

  // Expat may call once more after it was stopped.
  bool stopped() const { return !expected_.empty(); }

  void begin(std::string_view name) {
    if (stopped()) return;
    if (levels_.size() >= kMostLevels) return stop(fmt::format("at most {} levels", kMostLevels), "more");
    if (levels_.empty() && name != "annotation") return stop("the element annotation", excerpt(name));
    levels_.emplace_back(name.substr(0, kMostText));
    if (in_object(0)) objects_.emplace_back();
    text_.clear();
  }

  void add(std::string_view text) {
    if (in_object(1) && text_.size() + text.size() <= kMostText) text_ += text;
  }

  void end() {
    if (stopped()) return;
    const std::string_view text = trimmed(text_);
    if (in_object(1) && levels_.back() == "name") objects_.back().name = text;
    if (in_object(1) && levels_.back() == "difficult") objects_.back().difficult = text == "1";
    if (in_object(0) && objects_.back().name.empty()) stop("a name of the object", "none");
    text_.clear();
    levels_.pop_back();
  }

  const std::filesystem::path& path_;
  std::unique_ptr<std::remove_pointer_t<XML_Parser>, Free> parser_;
  std::vector<std::string> levels_;
  std::string text_;
  std::vector<VocObject> objects_;
  std::string expected_, got_;
  size_t line_ = 0;
};

}  // namespace

std::vector<VocObject> read_voc_annotation(std::string_view content, const std::filesystem::path& path) {
  return Reader(path).read(content);
}

}  // namespace repbench
