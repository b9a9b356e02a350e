#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "files/utf8.h"
#include "reports/compare/gate_output.h"
#include "reports/compare/gate_text.h"
#include "reports/escape.h"

namespace repbench {
namespace {

std::string escaped(const std::string& text) { return escape_xml(repaired_utf8(text)); }

struct TestCase {
  std::string class_name, name;
  std::string element, type, message, text;  // element "": it passed
};

struct Suite {
  std::string name;
  std::vector<TestCase> cases;

  size_t count(std::string_view element) const {
    return static_cast<size_t>(std::count_if(
        cases.begin(), cases.end(), [element](const TestCase& one) { return one.element == element; }));
  }
};

TestCase case_of(const GateRow& row) {
  TestCase test{row.dataset + "." + protocol_text(row), metric_text(row), "", "", "", numbers_text(row)};
  const Verdict verdict = row.judgement.verdict;
  if (verdict == Verdict::pass || verdict == Verdict::improvement) return test;
  test.element = verdict == Verdict::regression ? "failure" : "error";
  test.type = std::string(name_of(verdict));
  test.message = test.type + ": " + row.judgement.reason;
  return test;
}

TestCase skipped(const GateRow& row, const std::string& why) {
  return {row.dataset + "." + protocol_text(row), metric_text(row), "skipped", "skipped", why, why};
}

/// By encoder and data set, in order of first appearance.
std::vector<Suite> suites_of(const GateResult& result) {
  std::vector<Suite> suites;
  const auto add = [&](const std::string& name, TestCase test) {
    const auto known =
        std::find_if(suites.begin(), suites.end(), [&](const Suite& suite) { return suite.name == name; });
    if (known == suites.end()) {
      suites.push_back({name, {std::move(test)}});
    } else {
      known->cases.push_back(std::move(test));
    }
  };
  const auto place = [](const GateRow& row) { return row.encoder + " on " + row.dataset; };
  for (const GateRow& row : result.whole.rows) add(place(row), case_of(row));
  for (const GateRow& row : result.shown) add(place(row), skipped(row, "no better direction: not gated"));
  for (const GateRow& row : result.added) add(place(row), skipped(row, "only in the candidate: not gated"));
  for (const GateFamily& slice : result.slices) {
    for (const GateRow& row : slice.rows) {
      TestCase test = case_of(row);
      if (!row.encoder.empty()) test.class_name = row.encoder + "." + test.class_name;
      add("slice " + slice.slice, std::move(test));
    }
  }
  if (result.whole.rows.empty())
    add("gate", {"gate", "metrics", "error", "nothing gated", "nothing was gated", "nothing was gated"});
  return suites;
}

/// CI servers show a name once: rows that would share one are numbered.
void tell_apart(Suite& suite) {
  std::map<std::string, int> uses;
  for (TestCase& test : suite.cases) {
    const int use = ++uses[test.class_name + "\n" + test.name];
    if (use > 1) test.name += fmt::format(" ({})", use);
  }
}

std::string xml_of(const TestCase& test) {
  const std::string start = fmt::format(R"(    <testcase classname="{}" name="{}" time="0")",
                                        escaped(test.class_name), escaped(test.name));
  if (test.element.empty()) return start + "/>\n";
  const std::string type = test.element == "skipped" ? "" : fmt::format(R"( type="{}")", escaped(test.type));
  return fmt::format("{}>\n      <{} message=\"{}\"{}>{}</{}>\n    </testcase>\n", start, test.element,
                     escaped(test.message), type, escaped(test.text), test.element);
}

std::string xml_of(const Suite& suite, size_t id, const std::string& timestamp) {
  std::string out = fmt::format(
      "  <testsuite name=\"{}\" package=\"repbench\" id=\"{}\" hostname=\"localhost\" timestamp=\"{}\" "
      "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"0\">\n    <properties/>\n",
      escaped(suite.name), id, timestamp, suite.cases.size(), suite.count("failure"), suite.count("error"),
      suite.count("skipped"));
  std::string lines;
  for (const TestCase& test : suite.cases) {
    out += xml_of(test);
    lines += fmt::format("{} {}: {}\n", test.class_name, test.name, test.text);
  }
  return out +
         fmt::format("    <system-out>{}</system-out>\n    <system-err/>\n  </testsuite>\n", escaped(lines));
}

}  // namespace

std::string gate_junit(const GateResult& result, const std::string& timestamp) {
  std::vector<Suite> suites = suites_of(result);
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (size_t i = 0; i < suites.size(); ++i) {
    tell_apart(suites[i]);
    out += xml_of(suites[i], i, timestamp);
  }
  return out + "</testsuites>\n";
}

}  // namespace repbench
