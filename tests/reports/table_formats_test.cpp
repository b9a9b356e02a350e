// Bold cells in every format, LaTeX and JSON; LaTeX is checked by its own small reading, so that no TeX is
// needed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>
#include <vector>

#include "reports/escape.h"
#include "reports/page.h"
#include "reports/table.h"
#include "tests/files/error_message.h"

namespace repbench {
namespace {

const std::string kNasty = "a&b %$#_{}~^\\ <|> \"q\"";

Table sample_table() {
  Table table{
      "50 % of _all_", "p < 0.05; † & ½", {"en_coder", "knn"}, {{"MAE #1", "80.1 % ± 0.2†"}, {"[x]", "—"}}};
  table.bold = {{0, 1}};
  return table;
}

/// The ways in which a text is no LaTeX that sets as it stands: braces, dollars, environments, columns a
/// line.
std::vector<std::string> latex_faults(const std::string& text, size_t columns) {
  std::vector<std::string> faults, open;
  std::istringstream lines(text);
  bool in_rows = false;
  for (std::string line; std::getline(lines, line);) {
    int braces = 0;
    size_t dollars = 0, cells = 1;
    for (size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      if (c == '\\') {
        ++i;  // whatever follows is escaped, or begins a name
        continue;
      }
      braces += c == '{' ? 1 : c == '}' ? -1 : 0;
      if (braces < 0) faults.push_back("a brace too many: " + line);
      dollars += c == '$' ? 1 : 0;
      cells += c == '&' ? 1 : 0;
      const bool mathematics = dollars % 2 == 1;
      if (c == '#' || c == '%' || ((c == '_' || c == '^') && !mathematics) ||
          ((c == '<' || c == '>' || c == '|') && !mathematics))
        faults.push_back(fmt::format("a bare {}: {}", c, line));
      if (static_cast<unsigned char>(c) >= 0x80 && mathematics)
        faults.push_back("a letter in mathematics: " + line);
    }
    if (braces != 0 || dollars % 2 != 0) faults.push_back("unbalanced: " + line);
    if (line == "\\toprule" || line == "\\bottomrule") {
      in_rows = line == "\\toprule";
    } else if (in_rows && line != "\\midrule") {
      if (cells != columns || !line.ends_with(" \\\\")) faults.push_back("not a row: " + line);
      if (line.starts_with('[') || line.starts_with('*')) faults.push_back("taken for an argument: " + line);
    }
    if (line.starts_with("\\begin{")) open.push_back(line.substr(7, line.find('}') - 7));
    if (line.starts_with("\\end{")) {
      if (open.empty() || open.back() != line.substr(5, line.find('}') - 5))
        faults.push_back("ends what is not open");
      if (!open.empty()) open.pop_back();
    }
  }
  if (!open.empty()) faults.push_back("never ended: " + open.back());
  return faults;
}

TEST(LatexEscape, LeavesNothingThatLatexWouldTakeForItsOwn) {
  EXPECT_EQ(escape_latex(kNasty),
            "a\\&b \\%\\$\\#\\_\\{\\}\\textasciitilde{}\\textasciicircum{}\\textbackslash{} $<$$|$$>$ ''q''");
  EXPECT_EQ(escape_latex("a ± b × ½ † — –"), "a $\\pm$ b $\\times$ $\\frac{1}{2}$ \\dag{} --- --");
  EXPECT_EQ(escape_latex("--where\nnext\tcell"), "-{}-where; next cell");
  EXPECT_EQ(escape_latex("Müller, Łukasz"), "Müller, Łukasz");
}

TEST(LatexEscape, NamesWhatPlainLatexCannotSet) {
  EXPECT_EQ(escape_latex("中 and ą"), "[U+4E2D] and [U+0105]");
  EXPECT_EQ(escape_latex("\xff"), "[U+FFFD]");
  EXPECT_EQ(escape_latex("\xf0\x9f\x99\x82"), "[U+1F642]");
}

TEST(LatexTable, IsWhatBooktabsSets) {
  EXPECT_EQ(
      to_latex(sample_table()),
      "\\begin{table}[!htb]\n\\centering\n\\caption{50 \\% of \\_all\\_}\n\\begin{tabular}{lr}\n\\toprule\n"
      "en\\_coder & knn \\\\\n\\midrule\nMAE \\#1 & \\textbf{80.1 \\% $\\pm$ 0.2\\dag{}} \\\\\n"
      "{}[x] & --- \\\\\n\\bottomrule\n\\end{tabular}\n\n\\medskip\n"
      "\\parbox{\\linewidth}{\\footnotesize p $<$ 0.05; \\dag{} \\& $\\frac{1}{2}$}\n\\end{table}\n");
}

TEST(LatexTable, StaysWholeWhateverItsCellsHold) {
  Table table{kNasty, kNasty, {kNasty, "*b", kNasty}, {}};
  for (const char* begin : {"[", "*", "", "\\\\", "\n", "\xc3"})
    table.rows.push_back({begin + kNasty, begin, kNasty});
  table.bold = {{0, 0}, {1, 2}};
  table.rows.push_back({"long", std::string(100, 'x'), ""});
  const std::string latex = to_latex(table);
  EXPECT_EQ(latex_faults(latex, 3), std::vector<std::string>{}) << latex;
  EXPECT_PRED2(contains, latex, "\\begin{tabular}{lp{0.4\\linewidth}l}");
}

TEST(LatexTable, WouldNotPassItsTestWithoutEscapes) {
  EXPECT_FALSE(latex_faults("\\toprule\na & b_c \\\\\n", 2).empty());
  EXPECT_FALSE(latex_faults("\\toprule\na & b & c \\\\\n", 2).empty());
  EXPECT_FALSE(latex_faults("\\textbf{a", 1).empty());
  EXPECT_FALSE(latex_faults("\\begin{table}\n", 1).empty());
  EXPECT_FALSE(latex_faults("\\toprule\n[a] & b \\\\\n", 2).empty());
}

TEST(LatexPage, IsADocument) {
  const Page page{kNasty, "Lead.", {{"One_", "100 %", {sample_table(), Figure{"a_b", "", "", {}, {}}}}}};
  const std::string latex = to_latex(page);
  EXPECT_TRUE(
      latex.starts_with("\\documentclass{article}\n\\usepackage[utf8]{inputenc}\n\\usepackage{booktabs}\n"));
  EXPECT_TRUE(latex.ends_with("\\end{document}\n"));
  EXPECT_PRED2(contains, latex, "\\subsection*{One\\_}\n100 \\%\n");
  EXPECT_PRED2(contains, latex, "Figure: a\\_b\n");
  EXPECT_EQ(latex_faults(latex, 2), std::vector<std::string>{}) << latex;
}

TEST(BoldCells, AreMarkedInMarkdownAndHtmlAndNotInCsv) {
  EXPECT_PRED2(contains, to_markdown(sample_table()), "| MAE #1 | **80.1 % ± 0.2†** |\n| [x] | — |\n");
  EXPECT_PRED2(contains, to_html(sample_table()), "<td class=\"number\"><strong>80.1");
  EXPECT_PRED2(contains, to_csv(sample_table()), "MAE #1,80.1 % ± 0.2†\r\n");
}

TEST(BoldCells, MustBeThere) {
  for (const auto& cell : {std::pair<size_t, size_t>{2, 0}, {0, 2}}) {
    Table table = sample_table();
    table.bold = {cell};
    EXPECT_PRED2(contains, error_message<std::logic_error>([&] { to_latex(table); }),
                 "a bold cell among 2 x 2");
    EXPECT_THROW(to_json(table), std::logic_error);
    EXPECT_THROW(to_markdown(table), std::logic_error);
  }
  EXPECT_THROW(to_latex(Table{"t", "", {"a", "b"}, {{"1"}}}), std::logic_error);
}

TEST(JsonTable, HasItsCellsAsText) {
  const Json json = to_json(sample_table());
  EXPECT_EQ(json["title"], "50 % of _all_");
  EXPECT_EQ(json["columns"], (Json{"en_coder", "knn"}));
  EXPECT_EQ(json["rows"][0][1], (Json{{"text", "80.1 % ± 0.2†"}, {"bold", true}}));
  EXPECT_EQ(json["rows"][1][1], (Json{{"text", "—"}}));
}

TEST(JsonPage, HasTablesAndTheSeriesOfFigures) {
  const Figure figure{"f", "x", "y", {}, {{"MAE", {1, 2}, {0.5, 0.75}, {{0.4, 0.6}, {0.7, 0.8}}}}};
  const Sheet sheet{"Things", "drawn", {"original"}, {}};
  const Json json = to_json(Page{"T", "Lead.", {{"One", "Words.", {sample_table(), figure, sheet}}}});
  EXPECT_EQ(json["title"], "T");
  const Json& parts = json["sections"][0]["parts"];
  EXPECT_EQ(parts[0]["table"]["rows"].size(), 2u);
  EXPECT_EQ(parts[1]["figure"]["series"][0]["y"], (Json{0.5, 0.75}));
  EXPECT_EQ(parts[1]["figure"]["series"][0]["intervals"][1], (Json{0.7, 0.8}));
  EXPECT_EQ(parts[2]["pictures"]["title"], "Things");
  EXPECT_NO_THROW(pretty_json(json));
}

TEST(Xml, HoldsNoCharactersThatItForbids) {
  EXPECT_EQ(escape_xml("a\x01"
                       "b\xEF\xBF\xBF"
                       "c\xEF\xBF\xBE"
                       "d<\t"),
            "a\uFFFDb\uFFFDc\uFFFDd&lt;\t");
  EXPECT_EQ(escape_xml("\xEF\xBF"), "\xEF\xBF") << "what is cut off is not looked at beyond its end";
}

TEST(ControlCharacters, EndNoLineAndReachNoTerminal) {
  const Table table{"", "", {"a\rb"}, {{std::string("x\x1b[31m\0", 7)}}};
  for (const std::string& text : {to_markdown(table), to_csv(table)}) {
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
    EXPECT_EQ(text.find('\0'), std::string::npos) << text;
    EXPECT_EQ(text.find("a\rb"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace repbench
