#include "datasets/text/clean_text.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "datasets/text/html_entities.h"
#include "datasets/text/repair_text.h"

namespace repbench {
namespace {

TEST(CleanText, CollapsesSpacesAndLowersLetters) {
  EXPECT_EQ(clean_text("  A  photo\tof\r\na CAT! "), "a photo of a cat!");
  EXPECT_EQ(clean_text(""), "");
  EXPECT_EQ(clean_text(" \n\t "), "");
  EXPECT_EQ(clean_text("a\u00a0b\u2003c\u3000d"), "a b c d");
}

TEST(CleanText, LowersByUnicodesFullMapping) {
  EXPECT_EQ(clean_text("\u0130"), "i\u0307");
  EXPECT_EQ(clean_text("\u0391\u03a3 \u03a3\u0391"), "\u03b1\u03c2 \u03c3\u03b1") << "final sigma";
  EXPECT_EQ(clean_text("STRASSE \u1e9e \u00c4"), "strasse \u00df \u00e4");
}

TEST(CleanText, ReadsHtmlTwice) {
  EXPECT_EQ(clean_text("AT&amp;amp;T"), "at&t");
  EXPECT_EQ(clean_text("&amp;amp;amp;lt;"), "<") << "and once more for each round of repair";
  EXPECT_EQ(clean_text("&notit; &notin; &#x41;&#66"), "\u00acit; \u2209 ab");
}

TEST(CleanText, DropsNulAndOtherControls) {
  EXPECT_EQ(clean_text(std::string_view("nul\0inside\x7f", 11)), "nulinside");
  EXPECT_EQ(clean_text("\x1b[31mred\x1b[0m"), "red");
}

TEST(CleanText, RefusesInvalidUtf8) { EXPECT_THROW(clean_text("a\x80"), std::invalid_argument); }

TEST(RepairText, StraightensQuotesAndSplitsLigatures) {
  EXPECT_EQ(repair_text(U"\u201cdon\u2019t\u201d"), U"\"don't\"");
  EXPECT_EQ(repair_text(U"\ufb03 \u01c5 \u0149"), U"ffi D\u017e 'n");
}

TEST(RepairText, GivesCharactersTheirStandardWidth) {
  EXPECT_EQ(repair_text(U"\uff11\uff12\u3000\uff21 \uff76\uff9e"), U"12 A \u30ac");
}

TEST(RepairText, ReadsC1ControlsAsWindows1252) {
  EXPECT_EQ(repair_text(U"\u0085 \u0080"), U"\u2026 \u20ac");
  EXPECT_EQ(repair_text(U"\u0093quoted\u0094"), U"\"quoted\"") << "then as any other quotes";
}

TEST(RepairText, UnifiesLineBreaks) { EXPECT_EQ(repair_text(U"a\r\nb\rc\u2028d"), U"a\nb\nc\nd"); }

TEST(RepairText, ComposesCharacters) { EXPECT_EQ(repair_text(U"e\u0301"), U"\u00e9"); }

TEST(RepairText, LeavesHtmlAloneFromTheFirstTagOn) {
  EXPECT_EQ(repair_text(U"&lt;\n<b>\n&lt;"), U"<\n<b>\n&lt;");
}

TEST(UnescapeHtml, TakesTheLongestNameThatIsKnown) {
  EXPECT_EQ(unescape_html(U"&notit; &ampersand &copy2"), U"\u00acit; &ersand \u00a92");
  EXPECT_EQ(unescape_html(U"&unknown; & &; &#; &#x;"), U"&unknown; & &; &#; &#x;");
  EXPECT_EQ(unescape_html(U"&CounterClockwiseContourIntegral;&NotEqualTilde;"), U"\u2233\u2242\u0338");
}

TEST(UnescapeHtml, ReplacesNumbersThatAreNoCharacters) {
  EXPECT_EQ(unescape_html(U"&#0;&#xD800;&#x110000;&#99999999999999999999;"), U"\ufffd\ufffd\ufffd\ufffd");
  EXPECT_EQ(unescape_html(U"[&#1;&#xFFFE;]&#128;"), U"[]\u20ac");
}

TEST(UnescapeWholeHtml, TakesNamesInCapitalsAndNothingWithoutItsSemicolon) {
  EXPECT_EQ(unescape_whole_html(U"&EACUTE;&eacute;&SZLIG;"), U"\u00c9\u00e9SS");
  EXPECT_EQ(unescape_whole_html(U"&notit; &amp &nTILDE; &#59;"), U"&notit; &amp &nTILDE; &#59;");
}

TEST(LooksLikeMojibake, FindsUtf8ThatWasReadAsWindows1252) {
  EXPECT_TRUE(looks_like_mojibake("caf\u00c3\u00a9"));
  EXPECT_TRUE(looks_like_mojibake("it\u00e2\u20ac\u2122s"));
  EXPECT_FALSE(looks_like_mojibake("caf\u00e9 \u2013 na\u00efve \u201cquoted\u201d \u6771\u4eac"));
  EXPECT_FALSE(looks_like_mojibake(""));
}

}  // namespace
}  // namespace repbench
