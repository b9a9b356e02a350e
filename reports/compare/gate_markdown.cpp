#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "reports/compare/gate_output.h"
#include "reports/compare/gate_text.h"
#include "reports/escape.h"

namespace repbench {
namespace {

constexpr size_t kFewPasses = 20;
constexpr size_t kLongestComment = 60'000;
constexpr size_t kTail = 4'000;  // for what comes after the tables

using Rows = std::vector<const GateRow*>;

bool passes(const GateRow* row) {
  return row->judgement.verdict == Verdict::pass || row->judgement.verdict == Verdict::improvement;
}

Rows passing(const Rows& rows) {
  Rows kept;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(kept), passes);
  return kept;
}

Rows not_passing(const Rows& rows) {
  Rows kept;
  std::remove_copy_if(rows.begin(), rows.end(), std::back_inserter(kept), passes);
  return kept;
}

/// A text that grows up to a length; tables give up their last rows for it.
class Comment {
 public:
  explicit Comment(size_t room) : room_(room) {}

  void add(const std::string& text) { text_ += text; }

  void add(Table table) {
    if (table.rows.empty()) return;
    const size_t all = table.rows.size();
    size_t kept = 0, used = text_.size() + 500;
    while (kept < all && used < room_) {
      for (const std::string& cell : table.rows[kept]) used += cell.size() + 8;
      if (used < room_) ++kept;
    }
    table.rows.resize(kept);
    std::erase_if(table.bold, [kept](const auto& cell) { return cell.first >= kept; });
    if (kept > 0) text_ += to_markdown(table);
    if (kept < all) text_ += fmt::format("\n{} more rows: see the JSON or JUnit file.\n", all - kept);
    text_ += "\n";
  }

  void add_folded(const std::string& summary, Table table) {
    text_ += fmt::format("<details><summary>{}</summary>\n\n", summary);
    add(std::move(table));
    text_ += "</details>\n\n";
  }

  const std::string& text() const { return text_; }

 private:
  size_t room_;
  std::string text_;
};

/// Why nothing can be said of metrics, each reason once with their number.
void add_reasons(const Rows& rows, Comment& comment) {
  std::vector<std::pair<std::string, size_t>> reasons;
  for (const GateRow* row : rows) {
    if (passes(row) || row->judgement.verdict == Verdict::regression) continue;
    const std::string reason = fmt::format("{}: {}", name_of(row->judgement.verdict), row->judgement.reason);
    const auto known = std::find_if(reasons.begin(), reasons.end(),
                                    [&](const auto& entry) { return entry.first == reason; });
    if (known == reasons.end()) {
      reasons.push_back({reason, 1});
    } else {
      ++known->second;
    }
  }
  constexpr size_t kMost = 10;
  Table table{"", "", {"why", "metrics"}, {}};
  for (const auto& [reason, number] : reasons) table.rows.push_back({reason, std::to_string(number)});
  if (table.rows.size() > kMost) table.rows.resize(kMost);
  comment.add(std::move(table));
}

void add_family(const GateFamily& family, GateRule rule, Comment& comment) {
  const Rows rows = worst_first(family.rows), passed = passing(rows);
  const bool folded = passed.size() > kFewPasses;
  const std::string name = family.slice.empty() ? "" : "Slice " + family.slice;
  Table table = verdict_table(folded ? not_passing(rows) : rows, rule);
  table.title = name;
  comment.add(std::move(table));
  if (folded) {
    comment.add_folded(
        fmt::format("{}{} metrics pass", name.empty() ? "" : escape_xml(name) + ": ", passed.size()),
        verdict_table(passed, rule));
  }
  add_reasons(rows, comment);
}

void add_names(const std::string& title, const std::vector<GateRow>& rows, Comment& comment) {
  if (rows.empty()) return;
  Table table{title, "", {"encoder", "data set", "protocol", "metric"}, {}};
  for (const GateRow& row : rows)
    table.rows.push_back({row.encoder, row.dataset, protocol_text(row), metric_text(row)});
  comment.add(std::move(table));
}

/// A block that no run of backticks in the command can end.
std::string code_block(const std::string& command) {
  std::string fence = "```";
  while (command.find(fence) != std::string::npos) fence += "`";
  return fmt::format("{}\n{}\n{}\n", fence, command, fence);
}

std::string sentence(const GateResult& result) {
  return fmt::format("{} ({} against {}).", counts_text(result), result.candidate, result.baseline);
}

}  // namespace

std::string gate_text(const GateResult& result) {
  std::string text = fmt::format("gate: {}: {}\n", outcome_name(result), sentence(result));
  const auto add = [&](const GateFamily& family) {
    const Rows rows = worst_first(family.rows), failed = not_passing(rows);
    const bool all = rows.size() - failed.size() <= kFewPasses;
    if (!family.slice.empty()) text += fmt::format("\nslice {}:\n", family.slice);
    if (all || !failed.empty())
      text += "\n" + to_markdown(verdict_table(all ? rows : failed, result.policy.rule));
    if (!all) text += fmt::format("\n{} more pass\n", rows.size() - failed.size());
    for (const GateRow* row : failed) {
      if (row->judgement.verdict == Verdict::regression) continue;  // the table says it all
      text += fmt::format("\n{}: {} / {} / {} / {}: {}\n", name_of(row->judgement.verdict), row->encoder,
                          row->dataset, protocol_text(*row), metric_text(*row), row->judgement.reason);
    }
  };
  if (!result.whole.rows.empty()) add(result.whole);
  for (const GateFamily& slice : result.slices) add(slice);
  if (const Table fields = field_table(result); !fields.rows.empty()) text += "\n" + to_markdown(fields);
  if (!result.added.empty())
    text += fmt::format("\n{} only in the candidate: not gated\n", result.added.size());
  return text + "\n" + policy_text(result) + "\n";
}

std::string gate_markdown(const GateResult& result, const std::string& command) {
  Comment comment(kLongestComment - kTail);
  comment.add(fmt::format("**Quality gate: {}**: {}\n\n", outcome_name(result), counts_text(result)));
  add_family(result.whole, result.policy.rule, comment);
  for (const GateFamily& slice : result.slices) add_family(slice, result.policy.rule, comment);
  if (Table fields = field_table(result); !fields.rows.empty()) {
    fields.title = "Fields that differ";
    fields.note = "‡ marks numbers that were compared although they measure different things.";
    comment.add(std::move(fields));
  }
  add_names("Only in the candidate, not gated", result.added, comment);
  add_names("Without a better direction, not gated", result.shown, comment);
  comment.add(policy_text(result) + " Differences are candidate - baseline, shares in points.\n\n");
  comment.add(code_block(command));
  return comment.text();
}

}  // namespace repbench
