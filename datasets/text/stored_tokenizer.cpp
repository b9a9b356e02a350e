#include <fmt/format.h>
#include <zlib.h>

#include <stdexcept>

#include "datasets/text/bpe_tokenizer.h"
#include "datasets/text/data_files.h"
#include "files/checked_json.h"
#include "files/hash.h"
#include "files/nearest.h"

namespace repbench {
namespace {

constexpr std::string_view kVocabularyFile = "bpe_simple_vocab_16e6.txt.gz";
constexpr size_t kClipMerges = 49152 - 256 - 2;  // the file goes on; CLIP does not
// Of the merges, one a line: "i n\nt h\n...".
constexpr std::string_view kClipSha256 = "d308b7377a8ceaa9707a21614fe8c831b9196e197b7aeb69833359362907af02";

std::string hash_of(std::span<const std::string> merges) {
  Sha256 hash;
  for (const std::string& merge : merges) hash.update(merge + "\n");
  return hash.hex();
}

// Gives what is wrong with a merge, "" if it was added.
std::string add_merge(BytePairs& pairs, const std::string& merge) {
  const size_t space = merge.find(' ');
  if (space == std::string::npos) return "two symbols separated by a space";
  const auto left = pairs.find(merge.substr(0, space)), right = pairs.find(merge.substr(space + 1));
  if (!left || !right) return "bytes or symbols merged before";
  return pairs.add(*left, *right) ? "" : "a new symbol whose left part does not end a word";
}

// The unpacked bytes of a gzip file.
std::string read_gzip(const std::filesystem::path& path) {
  const gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) throw std::runtime_error(fmt::format("[text] {}: cannot be opened", path.string()));
  std::string content, block(size_t{1} << 16, '\0');
  int count = 0;
  while ((count = gzread(file, block.data(), static_cast<unsigned>(block.size()))) > 0) {
    content.append(block, 0, static_cast<size_t>(count));
  }
  const bool whole = gzclose(file) == Z_OK && count == 0;
  if (!whole) {
    throw std::runtime_error(
        fmt::format("[text] {}: expected a whole gzip file; got a damaged one", path.string()));
  }
  return content;
}

// The lines after the first, which is a header.
std::vector<std::string> vocabulary_lines(const std::string& content) {
  std::vector<std::string> lines;
  size_t begin = content.find('\n');
  while (begin != std::string::npos && lines.size() < kClipMerges) {
    const size_t end = content.find('\n', ++begin);
    lines.push_back(content.substr(begin, end - begin));
    begin = end;
  }
  return lines;
}

}  // namespace

std::shared_ptr<const Tokenizer> tokenizer_from_json(const Json& json, const std::string& source) {
  const CheckedJson document(json, "[tokenizer] " + source);
  document.expect_only({"kind", "version", "merges"});
  const std::string kind = document.at("kind").text();
  const std::vector<std::string> kinds = {"clip", "bpe"};
  if (kind != kinds[0] && kind != kinds[1]) {
    fail_unknown_name("tokenizer", fmt::format("a kind of tokenizer in {}", source), kind, kinds);
  }
  if (document.at("version").integer() != 1) document.at("version").fail("version 1");
  const std::vector<std::string> merges = document.at("merges").texts();
  if (kind == "clip" && hash_of(merges) != kClipSha256) {
    throw std::invalid_argument(
        fmt::format("[tokenizer] {}: expected CLIP's {} merges (sha256 {}) at merges; got {} (sha256 {})",
                    source, kClipMerges, kClipSha256, merges.size(), hash_of(merges)));
  }
  BytePairs pairs;
  for (size_t i = 0; i < merges.size(); ++i) {
    const std::string wrong = add_merge(pairs, merges[i]);
    if (wrong.empty()) continue;
    throw std::invalid_argument(fmt::format("[tokenizer] {}: expected {} at merges[{}]; got {}", source,
                                            wrong, i, brief_json(merges[i])));
  }
  return make_bpe_tokenizer(kind, std::move(pairs));
}

std::shared_ptr<const Tokenizer> clip_tokenizer() {
  const std::filesystem::path path = text_data_file(kVocabularyFile);
  const std::vector<std::string> lines = vocabulary_lines(read_gzip(path));
  if (hash_of(lines) != kClipSha256) {
    throw std::runtime_error(
        fmt::format("[text] {}: expected CLIP's vocabulary (sha256 of its merges {}); got {}", path.string(),
                    kClipSha256, hash_of(lines)));
  }
  BytePairs pairs;
  for (const std::string& line : lines) add_merge(pairs, line);
  return make_bpe_tokenizer("clip", std::move(pairs));
}

}  // namespace repbench
