#include <fmt/format.h>

#include <cstdint>
#include <map>

#include "files/utf8.h"
#include "reports/escape.h"

namespace repbench {
namespace {

using CodePoint = char32_t;

const std::map<CodePoint, std::string_view>& latex_names() {
  static const std::map<CodePoint, std::string_view> kNames = {
      {U'\n', "; "},
      {U'&', "\\&"},
      {U'%', "\\%"},
      {U'$', "\\$"},
      {U'#', "\\#"},
      {U'_', "\\_"},
      {U'{', "\\{"},
      {U'}', "\\}"},
      {U'~', "\\textasciitilde{}"},
      {U'^', "\\textasciicircum{}"},
      {U'\\', "\\textbackslash{}"},
      {U'<', "$<$"},
      {U'>', "$>$"},
      {U'|', "$|$"},
      {U'"', "''"},
      {U'\u00a0', "~"},
      {U'\u202f', "\\,"},
      {U'\u00ad', "\\-"},
      {U'±', "$\\pm$"},
      {U'×', "$\\times$"},
      {U'÷', "$\\div$"},
      {U'·', "$\\cdot$"},
      {U'−', "$-$"},
      {U'†', "\\dag{}"},
      {U'½', "$\\frac{1}{2}$"},
      {U'¼', "$\\frac{1}{4}$"},
      {U'¾', "$\\frac{3}{4}$"},
      {U'¹', "$^{1}$"},
      {U'²', "$^{2}$"},
      {U'³', "$^{3}$"},
      {U'°', "$^{\\circ}$"},
      {U'µ', "$\\mu$"},
      {U'μ', "$\\mu$"},
      {U'α', "$\\alpha$"},
      {U'β', "$\\beta$"},
      {U'λ', "$\\lambda$"},
      {U'σ', "$\\sigma$"},
      {U'τ', "$\\tau$"},
      {U'Δ', "$\\Delta$"},
      {U'≤', "$\\leq$"},
      {U'≥', "$\\geq$"},
      {U'≈', "$\\approx$"},
      {U'→', "$\\to$"},
      {U'—', "---"},
      {U'–', "--"},
      {U'‘', "`"},
      {U'’', "'"},
      {U'“', "``"},
      {U'”', "''"},
      {U'…', "\\ldots{}"},
  };
  return kNames;
}

/// The code point at `at` of valid UTF-8, which is moved behind it.
CodePoint next_code_point(std::string_view text, size_t& at) {
  const auto lead = static_cast<uint8_t>(text[at++]);
  if (lead < 0x80) return lead;
  const int following = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
  CodePoint code = lead & (0x3f >> following);
  for (int i = 0; i < following; ++i) code = code << 6 | (static_cast<uint8_t>(text[at++]) & 0x3f);
  return code;
}

/// Latin letters with accents, which inputenc knows without further packages.
bool is_accented_latin(CodePoint code) {
  // Eth, thorn, eng and their like need another font encoding.
  for (const CodePoint missing : {U'Ð', U'Þ', U'ð', U'þ', U'Đ', U'đ', U'Ħ', U'ħ', U'ĸ', U'ŉ', U'Ŋ', U'ŋ',
                                  U'Ŧ', U'ŧ', U'ſ', U'Ą', U'ą', U'Ę', U'ę', U'Į', U'į', U'Ų', U'ų'}) {
    if (code == missing) return false;
  }
  return code >= 0xc0 && code <= 0x17f;
}

}  // namespace

std::string escape_latex(std::string_view bytes) {
  const std::string text = repaired_utf8(bytes);
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const CodePoint code = next_code_point(text, at);
    const auto name = latex_names().find(code);
    if (name != latex_names().end()) {
      out += name->second;
    } else if (code < 0x20 || code == 0x7f) {
      out += ' ';
    } else if (code < 0x80) {
      // Two hyphens would become a dash.
      if (code == U'-' && out.ends_with('-')) out += "{}";
      out += static_cast<char>(code);
    } else if (is_accented_latin(code)) {
      out += text.substr(begin, at - begin);
    } else {
      out += fmt::format("[U+{:04X}]", static_cast<uint32_t>(code));
    }
  }
  return out;
}

}  // namespace repbench
