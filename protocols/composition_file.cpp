#include "protocols/composition_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "files/checked_json.h"
#include "files/hash.h"
#include "files/json.h"

namespace repbench {
namespace {

constexpr std::string_view kHardNegatives = "hard_negatives", kPairs = "groups";

/// Names rows: as the file does, or by their pictures and how often these came before.
class RowNames {
 public:
  std::string next(const CheckedJson& row, const std::string& pictures) {
    std::string name =
        row.find("id") ? row.at("id").text() : fmt::format("{}#{}", pictures, seen_[pictures]++);
    if (!used_.insert(name).second) row.fail(fmt::format("each id once ('{}' is another row's)", name));
    return name;
  }

 private:
  std::map<std::string, int> seen_;
  std::set<std::string> used_;
};

std::string optional_text(const CheckedJson& row, std::string_view key) {
  const auto found = row.find(key);
  return found ? found->text() : std::string();
}

std::string text_of(const CheckedJson& value, std::string_view what) {
  std::string text = value.text();
  if (text.empty()) value.fail(what);
  return text;
}

std::vector<std::string> captions_of(const CheckedJson& list) {
  std::vector<std::string> captions;
  for (const CheckedJson& item : list.items()) captions.push_back(text_of(item, "a caption"));
  if (captions.empty()) list.fail("at least one caption");
  return captions;
}

std::array<std::string, 2> two_of(const CheckedJson& list, std::string_view what) {
  const std::vector<CheckedJson> items = list.items();
  if (items.size() != 2) list.fail(fmt::format("two {}s", what));
  std::array<std::string, 2> both = {text_of(items[0], fmt::format("a {}", what)),
                                     text_of(items[1], fmt::format("a {}", what))};
  if (both[0] == both[1]) list.fail(fmt::format("two different {}s", what));
  return both;
}

HardNegatives hard_negatives_of(const CheckedJson& row, RowNames& names) {
  row.expect_only({"id", "picture", "captions", "negatives", "category"});
  HardNegatives result;
  result.picture = text_of(row.at("picture"), "a picture");
  result.captions = captions_of(row.at("captions"));
  result.negatives = captions_of(row.at("negatives"));
  result.category = optional_text(row, "category");
  result.id = names.next(row, result.picture);
  for (const std::string& text : result.negatives) {
    if (std::find(result.captions.begin(), result.captions.end(), text) == result.captions.end()) continue;
    row.at("negatives").fail("captions that are not among the right ones");
  }
  return result;
}

CaptionPair pair_of(const CheckedJson& row, RowNames& names) {
  row.expect_only({"id", "pictures", "captions", "tag"});
  CaptionPair result;
  result.pictures = two_of(row.at("pictures"), "picture");
  result.captions = two_of(row.at("captions"), "caption");
  result.tag = optional_text(row, "tag");
  result.id = names.next(row, result.pictures[0] + "|" + result.pictures[1]);
  return result;
}

}  // namespace

CompositionFile read_composition_file(const std::filesystem::path& path) {
  const Json json = read_json(path);
  const CheckedJson document(json, "[retrieval] " + path.string());
  document.expect_only({kHardNegatives, kPairs});
  const auto negatives = document.find(kHardNegatives), pairs = document.find(kPairs);
  if (negatives.has_value() == pairs.has_value()) {
    document.fail("one of the keys 'hard_negatives' and 'groups'");
  }
  CompositionFile file;
  file.sha256 = sha256(canonical_json(json));
  RowNames names;
  const CheckedJson& rows = negatives ? *negatives : *pairs;
  for (const CheckedJson& row : rows.items()) {
    if (negatives) {
      file.hard_negatives.push_back(hard_negatives_of(row, names));
    } else {
      file.pairs.push_back(pair_of(row, names));
    }
  }
  if (rows.items().empty()) rows.fail("at least one row");
  return file;
}

}  // namespace repbench
