#include "datasets/kinds/tar_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>
#include <string_view>
#include <unordered_set>

#include "datasets/kinds/listed_pictures.h"
#include "datasets/kinds/sample_texts.h"
#include "files/descriptor.h"
#include "files/hash.h"
#include "files/tar.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLongestText = uint64_t{1} << 20;
constexpr size_t kPiece = size_t{1} << 18;

// Which of a sample's pictures is meant: the lowest rank.
constexpr std::array<std::string_view, 7> kPictures = {"jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff"};

// Nothing if it is no picture; "seg.png" comes after "png".
std::optional<size_t> picture_rank(std::string_view extension) {
  const size_t dot = extension.rfind('.');
  const std::string_view last = extension.substr(dot == std::string_view::npos ? 0 : dot + 1);
  const auto found = std::find(kPictures.begin(), kPictures.end(), last);
  if (found == kPictures.end()) return std::nullopt;
  const auto rank = static_cast<size_t>(found - kPictures.begin());
  return dot == std::string_view::npos ? rank : rank + kPictures.size();
}

// Ids are lines of index files, and of error messages.
std::string one_line(const std::string& name) {
  std::string text;
  for (const char letter : printable_name(name)) {
    const auto code = static_cast<unsigned char>(letter);
    text += code < 0x20 || code == 0x7f ? fmt::format("\\x{:02x}", code) : std::string(1, letter);
  }
  return text;
}

bool is_text(std::string_view extension) {
  return extension == "txt" || extension == "json" || extension == "cls";
}

class TarIndexer {
 public:
  TarIndexer(const fs::path& path, bool hash_contents)
      : path_(path), file_(open_for_reading(path, "shards")), hash_contents_(hash_contents) {}

  TarIndex run() {
    TarReader tar(file_, path_, "shards");
    while (const auto member = tar.next()) {
      if (const auto parts = split_member_name(member->name)) add(*member, parts->first, parts->second);
    }
    finish_sample();
    if (index_.samples.empty()) fail("samples", "none");
    index_.listing_hash = listing_.hex();
    if (hash_contents_) index_.contents_hash = contents_.hex();
    return std::move(index_);
  }

 private:
  [[noreturn]] void fail(std::string_view expected, std::string_view got) const {
    throw std::runtime_error(fmt::format("[shards] {}: expected {}; got {}", path_.string(), expected, got));
  }

  void add(const TarMember& member, const std::string& key, const std::string& extension) {
    if (extensions_.empty() || key != raw_key_) start_sample(key);
    if (std::find(extensions_.begin(), extensions_.end(), extension) != extensions_.end()) {
      fail("every extension of a sample once", one_line(member.name) + " again");
    }
    extensions_.push_back(extension);
    hash_both(fmt::format("member\t{}\t{}\n", member.name, member.size));
    if (is_text(extension)) {
      read_text(member, extension);
      return;
    }
    if (const auto rank = picture_rank(extension); rank && (!rank_ || *rank < *rank_)) {
      rank_ = rank;
      sample_.offset = member.offset;
      sample_.size = member.size;
    }
    if (hash_contents_) hash_pieces(member);
  }

  void start_sample(const std::string& key) {
    finish_sample();
    raw_key_ = key;
    sample_ = {.key = one_line(key), .captions = {}};
    if (!keys_.insert(sample_.key).second) {
      fail("all members of a sample next to each other, and every key once", sample_.key + " again");
    }
  }

  void finish_sample() {
    if (extensions_.empty()) return;
    if (!rank_) fail("a picture in every sample", "none in " + sample_.key);
    try {
      read_sample_texts(texts_, sample_);
    } catch (const std::invalid_argument& error) {
      throw std::runtime_error(fmt::format("[shards] {}: {}", path_.string(), error.what()));
    }
    index_.samples.push_back(std::move(sample_));
    extensions_.clear();
    texts_ = {};
    rank_.reset();
  }

  void read_text(const TarMember& member, const std::string& extension) {
    if (member.size > kLongestText) {
      fail(fmt::format("texts of at most {} bytes", kLongestText),
           fmt::format("{} in {}", member.size, one_line(member.name)));
    }
    std::string text(member.size, '\0');
    read_at(file_, path_, "shards", member.offset, std::as_writable_bytes(std::span(text)));
    hash_both(text);
    (extension == "txt" ? texts_.txt : extension == "cls" ? texts_.cls : texts_.json) = std::move(text);
  }

  void hash_both(std::string_view bytes) {
    listing_.update(bytes);
    if (hash_contents_) contents_.update(bytes);
  }

  void hash_pieces(const TarMember& member) {
    piece_.resize(kPiece);
    for (uint64_t done = 0; done < member.size;) {
      const auto piece = std::span(piece_).first(std::min<uint64_t>(kPiece, member.size - done));
      read_at(file_, path_, "shards", member.offset + done, piece);
      contents_.update(piece);
      done += piece.size();
    }
  }

  const fs::path& path_;
  Descriptor file_;
  bool hash_contents_;
  TarIndex index_;
  Sha256 listing_, contents_;
  std::unordered_set<std::string> keys_;
  std::vector<std::byte> piece_;

  // The sample that we are in; none while it has no extensions.
  std::string raw_key_;
  ShardSample sample_;
  std::vector<std::string> extensions_;
  SampleTexts texts_;
  std::optional<size_t> rank_;  // of the picture
};

bool is_meta(std::string_view name) {
  const std::string_view first = name.substr(0, name.find('/'));
  return first.size() >= 4 && first.starts_with("__") && first.ends_with("__");
}

}  // namespace

std::optional<std::pair<std::string, std::string>> split_member_name(const std::string& name) {
  if (is_meta(name)) return std::nullopt;
  const size_t slash = name.rfind('/');
  const size_t base = slash == std::string::npos ? 0 : slash + 1;
  const size_t dot = name.find('.', base);
  if (dot == std::string::npos || dot == base) return std::nullopt;
  std::string extension = name.substr(dot + 1);
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::pair(name.substr(0, dot), std::move(extension));
}

TarIndex index_tar(const fs::path& tar, bool hash_contents) { return TarIndexer(tar, hash_contents).run(); }

}  // namespace repbench
