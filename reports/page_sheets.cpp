#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "reports/axes.h"
#include "reports/page_sections.h"
#include "reports/rows.h"

namespace fs = std::filesystem;

namespace repbench {
namespace {

constexpr const char* kSheetFile = "sheet.json";
constexpr std::string_view kVisualise = "visualise";

std::set<fs::path> sheet_files(const std::vector<fs::path>& folders) {
  std::set<fs::path> found;
  for (const fs::path& folder : folders) {
    if (!fs::is_directory(folder)) continue;
    for (auto entry = fs::recursive_directory_iterator(folder); entry != fs::recursive_directory_iterator();
         ++entry) {
      if (entry->is_directory() && entry->path().extension() == ".tmp") entry.disable_recursion_pending();
      if (entry->path().filename() == kSheetFile && entry->is_regular_file()) found.insert(entry->path());
    }
  }
  return found;
}

/// A sheet with the names that may tell it from another.
struct Shown {
  Sheet sheet;
  const Record* record = nullptr;
  std::string subject;  // its row, with the seed where the row has several
  std::string place;    // its folder
};

std::string subject_of(const Record& record, const std::vector<Row>& rows) {
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& candidate) {
    return std::find(candidate.records.begin(), candidate.records.end(), &record) != candidate.records.end();
  });
  if (row == rows.end()) return label_of(record);
  const bool repeated = checkpoints_of(*row).size() > 1 && !seed_of(record).empty();
  return row->name + (repeated ? " seed=" + seed_of(record) : "");
}

std::vector<Shown> shown_sheets(const PageData& data) {
  const std::vector<Row> rows = rows_of(pointers_to(data.records));
  std::vector<Shown> all;
  for (const FoundSheet& found : data.sheets) {
    Shown shown{found.sheet, nullptr, "", ""};
    const fs::path folder = fs::absolute(found.folder).lexically_normal();
    shown.place = (folder.parent_path().filename() / folder.filename()).string();
    if (found.record) {
      shown.record = &data.records[*found.record];
      shown.subject = subject_of(*shown.record, rows);
    }
    all.push_back(std::move(shown));
  }
  return all;
}

std::string dataset_of(const Shown& shown) {
  return shown.record == nullptr ? "" : shown.record->dataset.value("name", "");
}

bool same_column(const Sheet& a, const Sheet& b, size_t column) {
  if (a.columns.at(column) != b.columns.at(column)) return false;
  for (size_t row = 0; row < a.rows.size(); ++row) {
    if (!(a.rows[row][column] == b.rows[row][column])) return false;
  }
  return true;
}

/// The same pictures as several encoders see them: what all sheets share is shown once, what they differ in
/// stands one under the other.
Sheet side_by_side(const std::vector<const Shown*>& group) {
  const Sheet& first = group[0]->sheet;
  Sheet merged = first;
  merged.title += ": " + dataset_of(*group[0]);
  merged.columns.clear();
  for (auto& row : merged.rows) row.clear();
  for (const Shown* shown : group) {
    for (size_t column = 0; column < first.columns.size(); ++column) {
      const bool original = column == 0 && std::all_of(group.begin(), group.end(), [&](const Shown* other) {
                              return same_column(first, other->sheet, column);
                            });
      if (original && shown != group[0]) continue;
      merged.columns.push_back((original ? "" : shown->subject + ": ") + shown->sheet.columns[column]);
      for (size_t row = 0; row < merged.rows.size(); ++row)
        merged.rows[row].push_back(shown->sheet.rows[row][column]);
    }
  }
  return merged;
}

/// Sheets without captions whose rows are the same examples, measured in one way.
std::vector<std::vector<const Shown*>> comparable_groups(const std::vector<const Shown*>& sheets) {
  std::vector<std::vector<const Shown*>> groups;
  std::map<std::tuple<std::string, std::string, size_t, size_t>, size_t> index;
  for (const Shown* shown : sheets) {
    const auto [entry, fresh] =
        index.emplace(std::tuple(shown->sheet.title, shown->record->fingerprint, shown->sheet.rows.size(),
                                 shown->sheet.columns.size()),
                      groups.size());
    if (fresh) groups.emplace_back();
    groups[entry->second].push_back(shown);
  }
  return groups;
}

/// Titles that occur twice are told apart: by encoder and data set, else by folder.
void tell_apart(std::vector<Shown>& sheets) {
  const auto repeated = [&](const auto& title_of) {
    std::map<std::string, int> uses;
    for (const Shown& shown : sheets) ++uses[title_of(shown)];
    return uses;
  };
  const auto named = [](const Shown& shown) {
    return shown.sheet.title + (shown.record == nullptr
                                    ? " (" + shown.place + ")"
                                    : " (" + shown.subject + ", " + dataset_of(shown) + ")");
  };
  const auto plain_uses = repeated([](const Shown& shown) { return shown.sheet.title; });
  const auto named_uses = repeated(named);
  for (Shown& shown : sheets) {
    const std::string name = named(shown);
    if (plain_uses.at(shown.sheet.title) == 1) continue;
    shown.sheet.title = named_uses.at(name) == 1 ? name : shown.sheet.title + " (" + shown.place + ")";
  }
}

Section visualisations(const std::vector<Shown>& sheets) {
  Section section{"Visualisations", "", {}};
  std::vector<const Shown*> plain;
  for (const Shown& shown : sheets) {
    if (shown.sheet.captions.empty()) plain.push_back(&shown);
  }
  for (const auto& group : comparable_groups(plain)) section.parts.emplace_back(side_by_side(group));
  for (const Shown& shown : sheets) {
    if (shown.sheet.captions.empty()) continue;
    Sheet sheet = shown.sheet;
    sheet.title = shown.subject + ": " + sheet.title + ", " + dataset_of(shown);
    section.parts.emplace_back(std::move(sheet));
  }
  return section;
}

}  // namespace

std::vector<FoundSheet> find_sheets(const std::vector<fs::path>& folders,
                                    const std::vector<fs::path>& reports) {
  std::map<fs::path, size_t> report_in;
  for (size_t i = 0; i < reports.size(); ++i) report_in[reports[i].parent_path()] = i;
  std::vector<FoundSheet> found;
  for (const fs::path& file : sheet_files(folders)) {
    const auto report = report_in.find(file.parent_path());
    for (Sheet& sheet : read_sheets(file)) {
      found.push_back({std::move(sheet), file.parent_path(),
                       report == report_in.end() ? std::nullopt : std::optional(report->second)});
    }
  }
  return found;
}

std::vector<Section> sheet_sections(const PageData& data) {
  std::vector<Shown> visualised, reconstructed, others;
  for (Shown& shown : shown_sheets(data)) {
    const std::string protocol = shown.record == nullptr ? "" : shown.record->protocol;
    auto& part = protocol == kVisualise ? visualised : protocol == "reconstruction" ? reconstructed : others;
    part.push_back(std::move(shown));
  }
  std::vector<Section> sections = {
      visualisations(visualised), {"Reconstructions", "", {}}, {"Pictures", "", {}}};
  tell_apart(reconstructed);
  tell_apart(others);
  for (Shown& shown : reconstructed) sections[1].parts.emplace_back(std::move(shown.sheet));
  for (Shown& shown : others) sections[2].parts.emplace_back(std::move(shown.sheet));
  return sections;
}

}  // namespace repbench
