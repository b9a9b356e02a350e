#include "datasets/kinds/shard_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>

#include "datasets/kinds/listed_pictures.h"
#include "files/nearest.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostShards = 1'000'000;

[[noreturn]] void fail(const fs::path& path, std::string_view expected, std::string_view got) {
  throw std::runtime_error(fmt::format("[shards] {}: expected {}; got {}", path.string(), expected, got));
}

// ---- Braces ----

void check_count(size_t count) {
  if (count > kMostShards) {
    throw std::invalid_argument(
        fmt::format("[shards] expected braces for at most {} shards; got more", kMostShards));
  }
}

std::optional<int64_t> integer(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = !text.empty() && error == std::errc() && end == text.data() + text.size();
  return whole && std::abs(value) <= 1'000'000'000'000 ? std::optional(value) : std::nullopt;
}

bool is_padded(std::string_view number) {
  if (number.starts_with('-')) number.remove_prefix(1);
  return number.size() > 1 && number.starts_with('0');
}

// "000..011", or "0..10..2" with a step; nothing if it is no range.
std::optional<std::vector<std::string>> range(std::string_view text) {
  const size_t dots = text.find("..");
  if (dots == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(dots + 2), from = text.substr(0, dots);
  const size_t more = rest.find("..");
  const std::string_view to = rest.substr(0, more);
  const auto first = integer(from), last = integer(to);
  const auto step =
      more == std::string_view::npos ? std::optional<int64_t>(1) : integer(rest.substr(more + 2));
  if (!first || !last || !step) return std::nullopt;
  const int64_t stride = std::max<int64_t>(std::abs(*step), 1) * (*first <= *last ? 1 : -1);
  const int64_t count = (*last - *first) / stride + 1;
  check_count(static_cast<size_t>(count));
  const size_t width = is_padded(from) || is_padded(to) ? std::max(from.size(), to.size()) : 0;
  std::vector<std::string> numbers;
  for (int64_t i = 0; i < count; ++i) numbers.push_back(fmt::format("{:0{}}", *first + i * stride, width));
  return numbers;
}

// Where the brace that opens at `open` closes; npos if it does not.
size_t closing(std::string_view text, size_t open) {
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

// Splits at the separators that stand in no brace.
std::vector<std::string_view> split_outside(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && depth > 0) --depth;
    if (depth != 0 || !text.substr(i).starts_with(separator)) continue;
    parts.push_back(text.substr(begin, i - begin));
    begin = i + separator.size();
    i = begin - 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::vector<std::string> expand(std::string_view text, int depth) {
  if (depth > 32) throw std::invalid_argument("[shards] expected braces at most 32 deep; got more");
  const size_t open = text.find('{');
  const size_t close = open == std::string_view::npos ? open : closing(text, open);
  if (close == std::string_view::npos) return {std::string(text)};
  const std::string_view inside = text.substr(open + 1, close - open - 1);
  std::vector<std::string> middles;
  if (const auto parts = split_outside(inside, ","); parts.size() > 1) {
    for (const std::string_view part : parts) {
      for (std::string& word : expand(part, depth + 1)) middles.push_back(std::move(word));
      check_count(middles.size());
    }
  } else if (auto numbers = range(inside)) {
    middles = *std::move(numbers);
  } else {
    for (const std::string& word : expand(inside, depth + 1)) middles.push_back("{" + word + "}");
  }
  const std::vector<std::string> ends = expand(text.substr(close + 1), depth + 1);
  check_count(middles.size() * ends.size());
  std::vector<std::string> words;
  for (const std::string& middle : middles) {
    for (const std::string& end : ends) words.push_back(std::string(text.substr(0, open)) + middle + end);
  }
  return words;
}

// ---- Folders ----

bool is_packed(const fs::path& file) {
  static const std::array<std::string_view, 10> kEndings = {
      ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".tar.lz4", ".tar.z"};
  std::string name = file.filename().string();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::any_of(kEndings.begin(), kEndings.end(), [&](auto ending) { return name.ends_with(ending); });
}

void refuse_packed(const fs::path& file) {
  if (is_packed(file))
    fail(file, "a plain .tar, whose pictures can be reached one by one",
         "a packed one: unpack it to .tar first");
}

std::vector<fs::path> tars_in(const fs::path& folder) {
  std::vector<fs::path> tars;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with('.')) continue;
    refuse_packed(entry.path());
    if (entry.path().extension() == ".tar") tars.push_back(entry.path());
  }
  std::sort(tars.begin(), tars.end());
  return tars;
}

// "val" for "validation"; "" for a word that names no split.
std::string split_named(std::string_view word) {
  if (word == "train" || word == "val" || word == "test") return std::string(word);
  return word == "validation" ? "val" : "";
}

// The one split that a shard's name has among its words: "cc3m-train-0001.tar"; "" for none or several.
std::string split_in_name(const fs::path& file) {
  const std::string stem = file.stem().string();
  std::set<std::string> splits;
  for (size_t begin = 0; begin < stem.size();) {
    const size_t end = std::min(stem.find_first_of("-_.", begin), stem.size());
    if (std::string split = split_named(stem.substr(begin, end - begin)); !split.empty())
      splits.insert(split);
    begin = end + 1;
  }
  return splits.size() == 1 ? *splits.begin() : "";
}

using Splits = std::map<std::string, std::vector<Shard>>;

Splits splits_by_folder(const fs::path& root) {
  Splits splits;
  for (const char* name : {"train", "val", "validation", "test"}) {
    if (!fs::is_directory(root / name)) continue;
    for (const fs::path& tar : tars_in(root / name)) {
      splits[split_named(name)].push_back({tar, fmt::format("{}/{}", name, printable_name(tar.stem()))});
    }
  }
  return splits;
}

// None unless every name tells its split.
Splits splits_by_name(const std::vector<fs::path>& tars) {
  Splits splits;
  for (const fs::path& tar : tars) splits[split_in_name(tar)].push_back({tar, printable_name(tar.stem())});
  return splits.contains("") ? Splits{} : splits;
}

std::vector<Shard> choose(Splits splits, const fs::path& root, const std::string& split) {
  if (const auto found = splits.find(split); found != splits.end()) return std::move(found->second);
  std::vector<std::string> names = {"all"};
  std::vector<Shard> all;
  for (auto& [name, shards] : splits) {
    names.push_back(name);
    std::move(shards.begin(), shards.end(), std::back_inserter(all));
  }
  if (split != "all") fail_unknown_name("shards", "a split of " + root.string(), split, names);
  return all;
}

ShardList list_folder(const fs::path& root, const std::string& split) {
  ShardList list{.name = root.filename().string(), .root = root, .shards = {}};
  const std::vector<fs::path> tars = tars_in(root);
  Splits splits = splits_by_folder(root);
  if (tars.empty() && splits.empty())
    fail(root, ".tar files, or folders train, val and test with them", "none");
  if (!tars.empty() && !splits.empty()) {
    fail(root, ".tar files, or folders train, val and test with them", "both");
  }
  if (splits.empty()) splits = splits_by_name(tars);
  list.own_split = splits.empty();
  if (!list.own_split) {
    list.shards = choose(std::move(splits), root, split);
  } else {
    for (const fs::path& tar : tars) list.shards.push_back({tar, printable_name(tar.stem())});
  }
  return list;
}

// ---- Patterns ----

void check_files(const std::vector<Shard>& shards) {
  const Shard* first_missing = nullptr;
  size_t missing = 0;
  for (const Shard& shard : shards) {
    refuse_packed(shard.file);
    if (!fs::is_regular_file(shard.file) && missing++ == 0) first_missing = &shard;
  }
  if (first_missing == nullptr) return;
  fail(first_missing->file, "a tar file",
       fmt::format("no such file ({} of {} shards are missing)", missing, shards.size()));
}

// Shards of the same name get their folder's name in front; two of one file remain the same.
void make_unique(std::vector<Shard>& shards) {
  const auto twice = [&]() -> const Shard* {
    std::set<std::string_view> prefixes;
    for (const Shard& shard : shards) {
      if (!prefixes.insert(shard.prefix).second) return &shard;
    }
    return nullptr;
  };
  if (twice() == nullptr) return;
  for (Shard& shard : shards) {
    shard.prefix = printable_name(shard.file.parent_path().filename()) + "/" + shard.prefix;
  }
  if (const Shard* again = twice())
    fail(again->file, "shards with names of their own", again->prefix + " twice");
}

ShardList list_pattern(const std::string& pattern) {
  ShardList list;
  list.own_split = true;
  for (const std::string& word : expand_braces(pattern)) {
    const fs::path file = fs::absolute(word).lexically_normal();
    list.shards.push_back({file, printable_name(file.stem())});
  }
  check_files(list.shards);
  make_unique(list.shards);
  list.name = pattern.substr(pattern.rfind('/') + 1);
  if (list.name.ends_with(".tar")) list.name.resize(list.name.size() - 4);
  list.root = list.shards.front().file.parent_path();
  // root/test/{0..3}.tar: what belongs to all splits lies in root.
  if (!split_named(list.root.filename().string()).empty()) list.root = list.root.parent_path();
  return list;
}

}  // namespace

std::vector<std::string> expand_braces(std::string_view pattern) {
  std::vector<std::string> words;
  for (const std::string_view part : split_outside(pattern, "::")) {
    for (std::string& word : expand(part, 0)) words.push_back(std::move(word));
    check_count(words.size());
  }
  return words;
}

ShardList find_shards(const std::string& pattern, const std::string& split) {
  const fs::path path = fs::absolute(pattern).lexically_normal();
  if (!fs::is_directory(path)) return list_pattern(pattern);
  return list_folder(path.has_filename() ? path : path.parent_path(), split);
}

}  // namespace repbench
