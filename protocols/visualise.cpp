#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "datasets/loader.h"
#include "protocols/kinds.h"
#include "protocols/metrics.h"
#include "protocols/text_features.h"
#include "reports/heat.h"
#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

constexpr int kAttentionHeight = 84, kMatrixHeight = 48, kFoundHeight = 64;  // pixels on the page

/// What one pass over the pictures leaves: attention over the patches, features beside texts, some pictures.
struct Seen {
  at::Tensor attention;               // [B, N]: of the class token, mean over heads, of each picture sum 1
  at::Tensor projected;               // [B, E], of length 1; undefined without a text side
  std::vector<std::string> captions;  // the first of each picture, "" if none
  std::vector<Pixels> pictures;
};

Pixels picture_of(const View& view, int64_t row) {
  const at::Tensor bytes = view.data[row].contiguous();
  const uint8_t* data = bytes.const_data_ptr<uint8_t>();
  return {static_cast<int>(bytes.size(0)), static_cast<int>(bytes.size(1)), static_cast<int>(bytes.size(2)),
          std::vector<uint8_t>(data, data + bytes.numel())};
}

/// The class token's attention to the patches, what the tokens before them get left out.
at::Tensor patch_attention(const at::Tensor& attention, int64_t prefix) {
  const at::Tensor to_patches = attention.select(2, 0).mean(1).narrow(1, prefix, attention.size(3) - prefix);
  return to_patches / to_patches.sum(1, /*keepdim=*/true).clamp_min(1e-12);
}

/// As a share of the logarithm of the number of patches: 1 is even, 0 a single patch.
std::vector<double> entropies(const at::Tensor& attention) {
  const at::Tensor shares = attention.to(at::kDouble);
  const double most = std::log(static_cast<double>(std::max<int64_t>(2, attention.size(1))));
  const at::Tensor entropy = (-(shares * shares.clamp_min(1e-300).log()).sum(1) / most).clamp(0.0, 1.0);
  return {entropy.const_data_ptr<double>(), entropy.const_data_ptr<double>() + entropy.numel()};
}

class Visualise final : public Protocol {
 public:
  void describe(Options& options) override {
    options.add("examples", &examples_,
                {.help = "test pictures measured, and searched for captions; class-balanced",
                 .unit = "pictures",
                 .minimum = 1,
                 .maximum = 10000});
    options.add("shown", &shown_,
                {.help = "pictures with their attention", .minimum = 1, .maximum = 64, .identity = false});
    options.add("captions", &captions_,
                {.help = "captions compared with pictures", .minimum = 1, .maximum = 32, .identity = false});
    options.add("found", &found_,
                {.help = "pictures found for a caption", .minimum = 1, .maximum = 100, .identity = false});
  }

  ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context) override {
    const c10::NoGradGuard no_grad;
    const std::unique_ptr<Encoder> encoder = subject.encoder->clone();
    encoder->to(context.execution.device);
    encoder->convert_matrices(context.execution.compute_dtype());
    const IndexList chosen = draw_examples(*task.test, task.test_examples, examples_, context.seed);
    const Seen seen = look(*encoder, task, chosen, context);

    ProtocolResult result;
    result.record = summarise(seen, picture_table(*task.test, chosen.indices));
    result.record.outcomes->class_names = task.test->class_names();
    result.sheets.push_back(attention_sheet(seen, rows_of(*task.test, chosen, shown_, context.seed)));
    const std::vector<int64_t> captioned = with_captions(seen, *task.test, chosen, context.seed);
    if (seen.projected.defined() && !captioned.empty()) {
      const at::Tensor texts = text_features(*encoder, seen, captioned, context);
      result.sheets.push_back(similarity_sheet(seen, captioned, texts));
      result.sheets.push_back(found_sheet(seen, captioned, texts));
    }
    return result;
  }

 private:
  /// Attention is reduced batch by batch: whole maps of many pictures would not fit into memory.
  static Seen look(const Encoder& encoder, const Task& task, const IndexList& chosen,
                   const ProtocolContext& context) {
    const std::unique_ptr<BatchSource> source =
        make_loader(task.test, chosen, {make_view(task.view)},
                    {.batch_size = context.batch_size,
                     .workers = context.workers,
                     .channels = static_cast<int>(encoder.input().channels)});
    const StageContext stage{.training = false, .compute = context.execution.compute_dtype()};
    std::vector<std::string> taps = {"attention"};
    if (encoder.text() != nullptr) taps.emplace_back("projected");
    std::vector<at::Tensor> attention, projected;
    Seen seen;
    source->begin(0);
    while (std::optional<Batch> batch = source->next()) {
      const auto features = encoder.features(encoder.ingest(batch->views[0]), taps, stage);
      attention.push_back(
          patch_attention(features.at("attention"), encoder.prefix_tokens()).to(at::kFloat).cpu());
      if (taps.size() > 1) projected.push_back(unit_rows(features.at("projected")).cpu());
      for (int64_t row = 0; row < batch->size(); ++row) {
        const std::vector<std::string> captions =
            taps.size() > 1 ? task.test->captions(batch->indices[static_cast<size_t>(row)])
                            : std::vector<std::string>();
        seen.captions.push_back(captions.empty() ? "" : captions.front());
        seen.pictures.push_back(picture_of(batch->views[0], row));
      }
      context.progress("pictures", static_cast<int64_t>(seen.pictures.size()), chosen.size());
    }
    seen.attention = at::cat(attention);
    if (!projected.empty()) seen.projected = at::cat(projected);
    return seen;
  }

  /// Places within `chosen` of a class-balanced draw from it.
  static std::vector<int64_t> rows_of(const Dataset& dataset, const IndexList& chosen, int64_t count,
                                      uint64_t seed) {
    std::vector<int64_t> rows;
    for (const int64_t index : draw_examples(dataset, chosen, count, seed).indices) {
      rows.push_back(std::lower_bound(chosen.indices.begin(), chosen.indices.end(), index) -
                     chosen.indices.begin());
    }
    return rows;
  }

  /// One picture a caption: two pictures of one caption would both be right.
  std::vector<int64_t> with_captions(const Seen& seen, const Dataset& dataset, const IndexList& chosen,
                                     uint64_t seed) const {
    std::vector<int64_t> rows;
    std::vector<std::string> known;
    for (const int64_t row : rows_of(dataset, chosen, std::min(chosen.size(), 4 * captions_), seed)) {
      const std::string& caption = seen.captions[static_cast<size_t>(row)];
      const bool fresh = std::find(known.begin(), known.end(), caption) == known.end();
      if (caption.empty() || !fresh || static_cast<int64_t>(rows.size()) >= captions_) continue;
      known.push_back(caption);
      rows.push_back(row);
    }
    return rows;
  }

  /// [M, E] on the CPU, of length 1.
  static at::Tensor text_features(const Encoder& encoder, const Seen& seen, const std::vector<int64_t>& rows,
                                  const ProtocolContext& context) {
    const TextSide& text = *encoder.text();
    std::vector<int64_t> ids;
    for (const int64_t row : rows) {
      const auto tokens = encode(*text.tokenizer(), seen.captions[static_cast<size_t>(row)],
                                 text.context_length(), TooLong::cut);
      ids.insert(ids.end(), tokens.begin(), tokens.end());
    }
    const at::Tensor tokens =
        at::tensor(ids, at::kLong).view({-1, text.context_length()}).to(context.execution.device);
    const StageContext stage{.training = false, .compute = context.execution.compute_dtype()};
    return unit_rows(text.features(tokens, stage)).to(at::kFloat).cpu();
  }

  static Sheet attention_sheet(const Seen& seen, const std::vector<int64_t>& rows) {
    Sheet sheet;
    sheet.title = "Attention of the class token";
    sheet.note =
        "Last block, mean over heads; each map runs from its own lowest value (dark) to its own highest "
        "(light).";
    sheet.columns = {"picture", "attention"};
    sheet.shown_height = kAttentionHeight;
    const auto side = static_cast<int>(std::lround(std::sqrt(static_cast<double>(seen.attention.size(1)))));
    for (const int64_t row : rows) {
      const at::Tensor map = seen.attention[row].contiguous();
      const Pixels& picture = seen.pictures[static_cast<size_t>(row)];
      const std::span<const float> values(map.const_data_ptr<float>(), static_cast<size_t>(map.numel()));
      sheet.rows.push_back({picture, heat_over(picture, values, side, side)});
    }
    return sheet;
  }

  /// Captions down, pictures across: a trained CLIP is light on the diagonal.
  static Sheet similarity_sheet(const Seen& seen, const std::vector<int64_t>& rows, const at::Tensor& texts) {
    const at::Tensor cosines =
        texts.mm(seen.projected.index_select(0, at::tensor(rows, at::kLong)).t()).to(at::kDouble);
    const auto low = cosines.min().item<double>(), high = cosines.max().item<double>();
    Sheet sheet;
    sheet.title = "Similarity of captions and pictures";
    sheet.note = fmt::format(
        "Cosines, from {:.2f} (dark) to {:.2f} (light); each picture's own caption is on "
        "the diagonal.",
        low, high);
    sheet.shown_height = kMatrixHeight;
    sheet.captions = {""};
    sheet.texts.emplace_back(rows.size());
    sheet.rows.emplace_back();
    for (const int64_t row : rows) {
      sheet.columns.push_back(fmt::format("{}", sheet.columns.size() + 1));
      sheet.rows[0].push_back(seen.pictures[static_cast<size_t>(row)]);
    }
    for (size_t text = 0; text < rows.size(); ++text) {
      sheet.captions.push_back(
          fmt::format("{}. {}", text + 1, seen.captions[static_cast<size_t>(rows[text])]));
      sheet.rows.emplace_back();
      sheet.texts.emplace_back();
      for (size_t picture = 0; picture < rows.size(); ++picture) {
        const auto cosine = cosines[static_cast<int64_t>(text)][static_cast<int64_t>(picture)].item<double>();
        sheet.rows.back().push_back(heat_cell(high > low ? (cosine - low) / (high - low) : 0));
        sheet.texts.back().push_back(fmt::format("{:.2f}", cosine));
      }
    }
    return sheet;
  }

  /// For each caption the pictures nearest to it; equal ones in their order.
  Sheet found_sheet(const Seen& seen, const std::vector<int64_t>& rows, const at::Tensor& texts) const {
    const int64_t count = std::min(found_, seen.projected.size(0));
    const auto [cosines, order] =
        at::sort(texts.mm(seen.projected.t()), /*stable=*/true, /*dim=*/1, /*descending=*/true);
    Sheet sheet;
    sheet.title = "Pictures found by their captions";
    sheet.note = fmt::format(
        "The {} nearest of {} test pictures with their cosines; ✓ is the picture that the caption was "
        "written "
        "for.",
        count, seen.projected.size(0));
    sheet.shown_height = kFoundHeight;
    for (int64_t k = 0; k < count; ++k) sheet.columns.push_back(fmt::format("{}", k + 1));
    for (size_t text = 0; text < rows.size(); ++text) {
      sheet.captions.push_back(seen.captions[static_cast<size_t>(rows[text])]);
      sheet.rows.emplace_back();
      sheet.texts.emplace_back();
      for (int64_t k = 0; k < count; ++k) {
        const auto line = static_cast<int64_t>(text);
        const auto picture = order[line][k].item<int64_t>();
        sheet.rows.back().push_back(seen.pictures[static_cast<size_t>(picture)]);
        sheet.texts.back().push_back(
            fmt::format("{:.2f}{}", cosines[line][k].item<double>(), picture == rows[text] ? " ✓" : ""));
      }
    }
    return sheet;
  }

  static Record summarise(const Seen& seen, OutcomeTable pictures) {
    const std::vector<double> of_pictures = entropies(seen.attention);
    const MeanAndDeviation entropy = mean_and_deviation(of_pictures);
    Metric metric;
    metric.name = "attention_entropy";
    metric.value = entropy.mean;
    metric.direction = Direction::neither;
    metric.headline = true;
    metric.n = entropy.n;
    metric.standard_error = entropy.standard_deviation / std::sqrt(static_cast<double>(entropy.n));
    metric.interval = {std::max(0.0, entropy.interval.low), std::min(1.0, entropy.interval.high)};
    metric.ceiling = 1;
    metric.column = "attention_entropy";
    pictures.columns[metric.column] = of_pictures;
    Record record;
    record.outcomes = {{}, {std::move(pictures)}};
    record.metrics.push_back(std::move(metric));
    record.resolved = {{"patches", seen.attention.size(1)}};
    return record;
  }

  int64_t examples_ = 500;
  int64_t shown_ = 8;
  int64_t captions_ = 10;
  int64_t found_ = 5;
};

}  // namespace

std::unique_ptr<Protocol> make_visualise() { return std::make_unique<Visualise>(); }

}  // namespace repbench
