#pragma once

#include <string>
#include <string_view>

namespace repbench {

/// Text for HTML and SVG, in content and in double-quoted attributes.
std::string escape_xml(std::string_view text);

/// Text for pdflatex with inputenc (utf8), on one line: a line break becomes "; ". Letters that plain LaTeX
/// cannot set are named: "[U+4E2D]".
std::string escape_latex(std::string_view text);

/// An anchor's name: lower-case letters, digits and single hyphens.
std::string anchor_name(std::string_view heading);

}  // namespace repbench
