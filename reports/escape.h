#pragma once

#include <string>
#include <string_view>

namespace repbench {

/// Control characters, which terminals obey and lines end at, become U+FFFD; tabs and line feeds stay.
std::string without_controls(std::string_view text);

/// Text for HTML, SVG and XML, in content and in double-quoted attributes; characters that XML cannot hold
/// become U+FFFD.
std::string escape_xml(std::string_view text);

/// Text for pdflatex with inputenc (utf8), on one line: a line break becomes "; ". Letters that plain LaTeX
/// cannot set are named: "[U+4E2D]".
std::string escape_latex(std::string_view text);

/// An anchor's name: lower-case letters, digits and single hyphens.
std::string anchor_name(std::string_view heading);

}  // namespace repbench
