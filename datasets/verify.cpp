#include "datasets/verify.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include "datasets/images/decode.h"
#include "files/hash.h"

namespace repbench {
namespace {

// What one picture told.
struct Seen {
  std::string bytes_sha256, format, trouble, damage;
  size_t trailing = 0;
  int height = 0, width = 0;
  PicturePrint print;
};

Seen look_at_encoded(const EncodedImage& encoded, const std::string& id, int channels) {
  Seen seen;
  seen.bytes_sha256 = sha256({reinterpret_cast<const char*>(encoded.bytes.data()), encoded.bytes.size()});
  seen.format = picture_info(encoded.bytes, id).format;
  const Image image = decode(encoded.bytes, channels, id);
  seen.height = image.height;
  seen.width = image.width;
  seen.trailing = trailing_bytes(encoded.bytes, id);
  seen.damage = overlooked_damage(encoded.bytes, id);
  seen.print = print_of(image);
  return seen;
}

Seen look_at(const Dataset& dataset, int64_t index) {
  try {
    const Example example = dataset.get(index);
    if (const auto* encoded = std::get_if<EncodedImage>(&example.picture))
      return look_at_encoded(*encoded, example.id, dataset.channels());
    const Image& image = std::get<Image>(example.picture);
    Seen seen;
    seen.format = "pixels";
    seen.height = image.height;
    seen.width = image.width;
    seen.print = print_of(image);
    seen.bytes_sha256 = seen.print.pixels;
    return seen;
  } catch (const std::exception& error) {
    Seen seen;
    seen.trouble = error.what();
    return seen;
  }
}

std::vector<Seen> look_at_all(const Dataset& dataset, const VerifyOptions& options, int64_t before,
                              int64_t total) {
  std::vector<Seen> seen(static_cast<size_t>(dataset.size()));
  std::atomic<int64_t> next = 0;
  std::mutex mutex;
  int64_t done = 0;
  const auto work = [&] {
    for (int64_t index = next++; index < dataset.size(); index = next++) {
      seen[index] = look_at(dataset, index);
      const std::lock_guard lock(mutex);
      options.progress(before + ++done, total);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < options.workers; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  return seen;
}

std::string contents_hash(const Dataset& dataset, const std::vector<Seen>& seen) {
  std::vector<std::string> lines;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    lines.push_back(fmt::format("{}\t{}\t{}\t{}\n", dataset.id(i), fmt::join(dataset.labels(i), ","),
                                fmt::join(dataset.captions(i), "\t"), seen[i].bytes_sha256));
  }
  std::sort(lines.begin(), lines.end());
  Sha256 hash;
  for (const std::string& line : lines) hash.update(line);
  return hash.hex();
}

SplitSummary summarise(const Dataset& dataset, const std::vector<Seen>& seen) {
  SplitSummary summary{.name = dataset.split(),
                       .examples = dataset.size(),
                       .classes = class_balance(dataset, all_examples(dataset)),
                       .formats = {},
                       .contents_sha256 = contents_hash(dataset, seen)};
  std::map<std::string, int64_t> formats;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    summary.captions += static_cast<int64_t>(dataset.captions(i).size());
    if (!seen[i].trouble.empty()) {
      ++summary.broken;
      continue;
    }
    ++formats[seen[i].format];
    const auto [smaller, larger] = std::minmax(seen[i].height, seen[i].width);
    summary.smallest_side = summary.smallest_side == 0 ? smaller : std::min(summary.smallest_side, smaller);
    summary.largest_side = std::max(summary.largest_side, larger);
  }
  summary.formats.assign(formats.begin(), formats.end());
  return summary;
}

// Every picture of every split, one after another.
class Findings {
 public:
  void add_split(const Dataset& dataset, std::vector<Seen> seen) {
    const int split = static_cast<int>(datasets_.size());
    datasets_.push_back(&dataset);
    for (const std::string& problem : dataset.problems()) add("cannot be used", dataset.split(), problem);
    for (int64_t i = 0; i < dataset.size(); ++i) add_picture(split, i, seen[i]);
    add_classes(dataset);
  }

  void add_duplicates(const Nearness& nearness) {
    for (const Duplicate& pair : find_duplicates(prints_, groups_, nearness)) add_duplicate(pair);
  }

  std::vector<DataFinding> take() && { return std::move(findings_); }

 private:
  void add(std::string kind, std::string where, std::string text, bool problem = true) {
    findings_.push_back({std::move(kind), std::move(where), std::move(text), problem});
  }

  void add_picture(int split, int64_t index, Seen& seen) {
    const Dataset& dataset = *datasets_[split];
    const std::string id = dataset.id(index);
    const auto [earlier, is_new] = splits_by_id_.try_emplace(id, split);
    if (!is_new) {
      add("same id", id,
          fmt::format("in {} and in {}", datasets_[earlier->second]->split(), dataset.split()));
    }
    if (dataset.class_names().empty() && dataset.captions(index).empty())
      add("nothing said", id, "has neither class nor caption", /*problem=*/false);
    if (!seen.trouble.empty()) return add("broken picture", id, seen.trouble);
    if (!seen.damage.empty())
      add("damaged picture", id, seen.damage + "; decoders read over it, as Pillow does");
    if (seen.trailing > 0) {
      add("bytes behind the picture", id, fmt::format("{}, which no decoder reads", seen.trailing),
          /*problem=*/false);
    }
    prints_.push_back(std::move(seen.print));
    groups_.push_back(split);
    places_.emplace_back(split, index);
  }

  void add_classes(const Dataset& dataset) {
    const std::vector<std::string>& names = dataset.class_names();
    const ClassBalance balance = class_balance(dataset, all_examples(dataset));
    for (const int64_t label : balance.empty_classes) {
      add("empty class", dataset.split(), fmt::format("no example of class {} ('{}')", label, names[label]));
    }
    const Dataset& first = *datasets_.front();
    if (names.empty() || names == first.class_names()) return;
    add("other classes", dataset.split(),
        fmt::format("{} classes, which are not the {} of {}", names.size(), first.class_names().size(),
                    first.split()));
  }

  std::string classes_of(size_t picture) const {
    const auto& [split, index] = places_[picture];
    std::vector<std::string> names;
    for (const int64_t label : datasets_[split]->labels(index))
      names.push_back(datasets_[split]->class_names()[label]);
    return fmt::format("{}", fmt::join(names, ", "));
  }

  void add_duplicate(const Duplicate& pair) {
    const auto& [first_split, first_index] = places_[pair.first];
    const auto& [split, index] = places_[pair.second];
    const Dataset &first = *datasets_[first_split], &second = *datasets_[split];
    std::string text = fmt::format("of {}", first.id(first_index));
    if (split != first_split) text += fmt::format(" ({} and {})", first.split(), second.split());
    if (!pair.exact) text += fmt::format(", {:.1f} levels apart", pair.difference);
    const std::string ours = classes_of(pair.second), theirs = classes_of(pair.first);
    if (ours != theirs) text += fmt::format("; their classes differ: '{}' and '{}'", theirs, ours);
    add(pair.exact ? "exact duplicate" : "near duplicate", second.id(index), std::move(text));
  }

  std::vector<const Dataset*> datasets_;
  std::vector<DataFinding> findings_;
  std::unordered_map<std::string, int> splits_by_id_;
  std::vector<PicturePrint> prints_;
  std::vector<int> groups_;
  std::vector<std::pair<int, int64_t>> places_;
};

}  // namespace

bool DataReport::has_problems() const {
  return std::any_of(findings.begin(), findings.end(), [](const auto& finding) { return finding.problem; });
}

DataReport verify_data(std::span<const std::shared_ptr<const Dataset>> splits, const VerifyOptions& options) {
  int64_t total = 0, before = 0;
  for (const auto& split : splits) total += split->size();
  DataReport report;
  Findings findings;
  for (const auto& split : splits) {
    std::vector<Seen> seen = look_at_all(*split, options, before, total);
    before += split->size();
    report.splits.push_back(summarise(*split, seen));
    findings.add_split(*split, std::move(seen));
  }
  findings.add_duplicates(options.nearness);
  report.findings = std::move(findings).take();
  return report;
}

}  // namespace repbench
