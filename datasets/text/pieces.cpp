#define PCRE2_CODE_UNIT_WIDTH 8

#include "datasets/text/pieces.h"

#include <fmt/format.h>
#include <pcre2.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace repbench {
namespace {

// PCRE2's \s also matches U+180E, which is no White_Space; so the spaces are spelt out. The mark U+0345 is in
// no piece: its capital is a letter, so that Python's `regex`, ignoring case, keeps it from the others.
const std::string kPattern = fmt::format(
    R"({}|{}|'s|'t|'re|'ve|'m|'ll|'d|\p{{L}}++|\p{{N}}|[^\p{{Z}}\t-\r\x{{85}}\x{{345}}\p{{L}}\p{{N}}]++)",
    start_of_text, end_of_text);

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatch {
  void operator()(pcre2_match_data* match) const { pcre2_match_data_free(match); }
};
using Code = std::unique_ptr<pcre2_code, FreeCode>;
using MatchData = std::unique_ptr<pcre2_match_data, FreeMatch>;

std::string message_of(int error) {
  PCRE2_UCHAR text[256] = {};
  pcre2_get_error_message(error, text, sizeof(text));
  return reinterpret_cast<const char*>(text);
}

Code compile() {
  int error = 0;
  PCRE2_SIZE place = 0;
  Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(kPattern.data()), kPattern.size(),
                          PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS, &error, &place, nullptr));
  if (!code) {
    throw std::runtime_error(
        fmt::format("[pieces] expected a PCRE2 with Unicode; got: {} at {}", message_of(error), place));
  }
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);  // without it, it is only slower
  return code;
}

}  // namespace

std::vector<std::string_view> split_pieces(std::string_view clean) {
  static const Code code = compile();  // read only from here on: safe in threads
  const MatchData match(pcre2_match_data_create_from_pattern(code.get(), nullptr));
  if (!match) throw std::bad_alloc();
  std::vector<std::string_view> pieces;
  const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.get());
  for (size_t begin = 0; begin < clean.size(); begin = range[1]) {
    const int found = pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(clean.data()), clean.size(), begin,
                                  PCRE2_NO_UTF_CHECK, match.get(), nullptr);
    if (found == PCRE2_ERROR_NOMATCH) break;
    if (found < 0) throw std::runtime_error(fmt::format("[pieces] PCRE2: {}", message_of(found)));
    pieces.push_back(clean.substr(range[0], range[1] - range[0]));
  }
  return pieces;
}

}  // namespace repbench
