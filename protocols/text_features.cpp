#include "protocols/text_features.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "files/hash.h"
#include "pretrain/tensors.h"

namespace repbench {
namespace {

using Tokens = std::vector<int64_t>;

/// Each text once, and where the given ones are among them.
struct DistinctTexts {
  std::vector<std::string> texts;
  std::vector<int64_t> rows;
};

DistinctTexts distinct(std::span<const std::string> texts) {
  DistinctTexts result;
  std::map<std::string_view, int64_t> row_of;
  for (const std::string& text : texts) {
    const auto [found, is_new] = row_of.try_emplace(text, static_cast<int64_t>(result.texts.size()));
    if (is_new) result.texts.push_back(text);
    result.rows.push_back(found->second);
  }
  return result;
}

/// SOT, ids, EOT, as many as there are.
Tokens tokens_of(const Tokenizer& tokenizer, const std::string& text) {
  Tokens tokens = tokenizer.ids(text);
  tokens.insert(tokens.begin(), tokenizer.start_token());
  tokens.push_back(tokenizer.end_token());
  return tokens;
}

/// Cuts a text that is too long, EOT at its last place; was it?
bool cut_to(int64_t length, Tokens& tokens) {
  if (static_cast<int64_t>(tokens.size()) <= length) return false;
  const int64_t end = tokens.back();
  tokens.resize(static_cast<size_t>(length));
  tokens.back() = end;
  return true;
}

/// [B, N] int64 of the longest of these texts, zeros behind each.
at::Tensor padded(const std::vector<Tokens>& all, std::span<const size_t> members) {
  size_t length = 0;
  for (const size_t i : members) length = std::max(length, all[i].size());
  at::Tensor batch =
      at::zeros({static_cast<int64_t>(members.size()), static_cast<int64_t>(length)}, at::kLong);
  int64_t* out = batch.mutable_data_ptr<int64_t>();
  for (size_t row = 0; row < members.size(); ++row) {
    std::copy(all[members[row]].begin(), all[members[row]].end(), out + row * length);
  }
  return batch;
}

/// Texts of equal length come together: what stands behind the longest of a batch is never computed.
std::vector<size_t> order_by_length(const std::vector<Tokens>& tokens) {
  std::vector<size_t> order(tokens.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return tokens[a].size() < tokens[b].size(); });
  return order;
}

/// What is cached: a row a distinct text.
struct Encoded {
  at::Tensor values;  // [M, E] float32
  at::Tensor cut;     // [M] int64, 1 where a text lost its end
};

Encoded compute(const Subject& subject, const std::vector<std::string>& texts,
                const ProtocolContext& context) {
  const c10::NoGradGuard no_grad;
  const std::unique_ptr<Encoder> frozen = subject.encoder->clone();
  frozen->to(context.execution.device);
  frozen->convert_matrices(context.execution.compute_dtype());
  const TextSide& side = *frozen->text();
  const StageContext stage{.training = false, .compute = context.execution.compute_dtype()};
  std::vector<Tokens> tokens;
  std::vector<int64_t> cut;
  for (const std::string& text : texts) {
    tokens.push_back(tokens_of(*side.tokenizer(), text));
    cut.push_back(cut_to(side.context_length(), tokens.back()) ? 1 : 0);
  }
  Encoded result{{}, at::tensor(cut, at::kLong)};
  const std::vector<size_t> order = order_by_length(tokens);
  const auto batch_size = static_cast<size_t>(context.batch_size);
  for (size_t done = 0; done < order.size(); done += batch_size) {
    const auto members = std::span(order).subspan(done, std::min(batch_size, order.size() - done));
    const at::Tensor values = side.features(padded(tokens, members), stage).to(at::kCPU, at::kFloat);
    if (!result.values.defined()) {
      result.values = at::empty({static_cast<int64_t>(texts.size()), values.size(1)}, at::kFloat);
    }
    for (size_t row = 0; row < members.size(); ++row) {
      result.values.select(0, static_cast<int64_t>(members[row]))
          .copy_(values.select(0, static_cast<int64_t>(row)));
    }
    context.progress("texts", static_cast<int64_t>(done + members.size()),
                     static_cast<int64_t>(order.size()));
  }
  return result;
}

std::string hash_of_texts(const std::vector<std::string>& texts) {
  Sha256 hash;
  for (const std::string& text : texts) hash.update(fmt::format("{}:{}", text.size(), text));
  return hash.hex();
}

std::string cache_key(const Subject& subject, const std::vector<std::string>& texts,
                      const ProtocolContext& context) {
  const TextSide& side = *subject.encoder->text();
  const Json key = {{"weights", subject.sha256},
                    {"encoder", subject.encoder->kind()},
                    {"model", subject.encoder->config()},
                    {"text_extractor", kTextExtractorVersion},
                    {"tokenizer", sha256(canonical_json(side.tokenizer()->to_json()))},
                    {"texts", hash_of_texts(texts)},
                    {"precision", context.execution.precision == Precision::bf16 ? "bf16" : "fp32"},
                    {"device", context.execution.device.is_cuda() ? "cuda" : "cpu"}};
  return sha256(canonical_json(key));
}

/// Reads a cached file; false if there is none or it is broken.
bool read_cache(const std::filesystem::path& file, int64_t rows, Encoded& into) {
  if (!std::filesystem::exists(file)) return false;
  try {
    const SafetensorsFile cached(file);
    into = {to_tensor(cached.at("values")), to_tensor(cached.at("cut"))};
    if (into.values.dim() == 2 && into.values.size(0) == rows && into.values.scalar_type() == at::kFloat &&
        into.cut.dim() == 1 && into.cut.size(0) == rows && into.cut.scalar_type() == at::kLong) {
      return true;
    }
    throw std::runtime_error(
        fmt::format("[texts] {}: expected features of {} texts; got {} rows of features, {} of 'cut'",
                    file.string(), rows, into.values.size(0), into.cut.size(0)));
  } catch (const std::exception& error) {
    fmt::print(stderr, "warning: {}; extracting again\n", error.what());
    return false;
  }
}

}  // namespace

std::string TextFeatures::warning(int64_t context_length) const {
  if (cut == 0) return "";
  return fmt::format("{} of {} texts were cut to {} tokens", cut, values.size(0), context_length);
}

const TextSide& text_side_of(const Subject& subject, std::string_view where) {
  if (const TextSide* side = subject.encoder->text()) {
    if (side->tokenizer() != nullptr) return *side;
    throw std::invalid_argument(
        fmt::format("[{}] expected an encoder with a tokenizer; {} has a vocabulary of {} ids and none",
                    where, subject.label, side->vocabulary_size()));
  }
  throw std::invalid_argument(
      fmt::format("[{}] expected an encoder with a text side; got {}", where, subject.encoder->kind()));
}

TextFeatures extract_text_features(const Subject& subject, std::span<const std::string> texts,
                                   const ProtocolContext& context, std::string_view where) {
  text_side_of(subject, where);
  if (texts.empty()) {
    throw std::invalid_argument(fmt::format("[{}] expected at least one text; got none", where));
  }
  const DistinctTexts unique = distinct(texts);
  Encoded found;
  const auto file = context.cache.empty()
                        ? std::filesystem::path()
                        : context.cache / (cache_key(subject, unique.texts, context) + ".safetensors");
  if (file.empty() || !read_cache(file, static_cast<int64_t>(unique.texts.size()), found)) {
    found = compute(subject, unique.texts, context);
    if (!file.empty()) save_tensors(file, {{"values", found.values}, {"cut", found.cut}});
  }
  const at::Tensor rows = at::tensor(unique.rows, at::kLong);
  return {found.values.index_select(0, rows), found.cut.index_select(0, rows).sum().item<int64_t>()};
}

at::Tensor unit_rows(const at::Tensor& features) {
  const at::Tensor lengths = features.norm(2, {1}, /*keepdim=*/true);
  const bool plain =
      lengths.ge(1e-12).logical_or(lengths.eq(0)).all().item<bool>() && lengths.isfinite().all().item<bool>();
  if (plain) return features / lengths.clamp_min(1e-12);
  // Squares that no float32 holds.
  const at::Tensor exact = features.to(at::kDouble);
  return (exact / exact.norm(2, {1}, /*keepdim=*/true).clamp_min(1e-300)).to(features.scalar_type());
}

}  // namespace repbench
