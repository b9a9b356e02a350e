#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "datasets/loader.h"
#include "pretrain/checkpoint.h"
#include "pretrain/objectives/mae.h"
#include "protocols/kinds.h"
#include "protocols/metrics.h"
#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

constexpr uint8_t kGrey = 128;  // removed patches in a sheet

/// Normalised float [C, H, W] to uint8 HWC.
Pixels to_pixels(const at::Tensor& image, const InputSpec& input) {
  const at::Tensor mean = at::tensor(input.mean, at::kFloat).view({-1, 1, 1});
  const at::Tensor deviation = at::tensor(input.std, at::kFloat).view({-1, 1, 1});
  const at::Tensor bytes = ((image * deviation + mean) * 255.0)
                               .round()
                               .clamp(0, 255)
                               .to(at::kByte)
                               .permute({1, 2, 0})
                               .contiguous();
  const uint8_t* data = bytes.const_data_ptr<uint8_t>();
  return {static_cast<int>(bytes.size(0)), static_cast<int>(bytes.size(1)), static_cast<int>(bytes.size(2)),
          std::vector<uint8_t>(data, data + bytes.numel())};
}

class Reconstruction final : public Protocol {
 public:
  void describe(Options& options) override {
    options.add("examples", &examples_,
                {.help = "test pictures, class-balanced",
                 .unit = "pictures",
                 .minimum = 0,
                 .maximum = 1e9,
                 .zero = "all"});
    options.add("rows", &rows_,
                {.help = "pictures on the sheet", .minimum = 1, .maximum = 64, .identity = false});
  }

  ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context) override {
    if (subject.checkpoint.empty())
      throw std::invalid_argument("[reconstruction] expected a checkpoint; got " + subject.label);
    const std::unique_ptr<Objective> objective = load_objective(subject.checkpoint);
    auto* mae = dynamic_cast<Mae*>(objective.get());
    if (mae == nullptr)
      throw std::invalid_argument("[reconstruction] expected an MAE checkpoint; got another objective");
    move_to(*objective, context.execution.device);

    const IndexList chosen = examples_ > 0
                                 ? draw_examples(*task.test, task.test_examples, examples_, context.seed)
                                 : task.test_examples;
    const std::unique_ptr<BatchSource> source =
        make_loader(task.test, chosen, {make_view(task.view)},
                    {.batch_size = context.batch_size,
                     .workers = context.workers,
                     .channels = static_cast<int>(subject.encoder->input().channels)});
    Sheet sheet = empty_sheet(*mae);
    std::vector<double> errors;
    source->begin(0);
    while (std::optional<Batch> batch = source->next()) {
      add_batch(*mae, *batch, context, errors, sheet);
      context.progress("reconstruction", static_cast<int64_t>(errors.size()), chosen.size());
    }
    Record record = summarise(errors, *mae);
    OutcomeTable table = picture_table(*task.test, chosen.indices);
    table.columns[record.headline().column] = std::move(errors);
    record.outcomes = {task.test->class_names(), {std::move(table)}};
    return {std::move(record), {std::move(sheet)}};
  }

 private:
  static Sheet empty_sheet(const Mae& mae) {
    Sheet sheet;
    sheet.title =
        fmt::format("MAE reconstructions, {:.0f} % of the patches removed", 100 * mae.options().mask_ratio);
    sheet.columns = {"original", "masked", "predicted", "predicted, kept patches pasted in"};
    sheet.note = mae.options().norm_pix
                     ? "The model predicts patches standardised one by one; each is shown with the mean and "
                       "the spread "
                       "of the original patch."
                     : "The model predicts pixels; nothing of a removed patch is given to it.";
    return sheet;
  }

  /// Predicted patches in the pixels' own units.
  static at::Tensor denormalise(const Mae& mae, const at::Tensor& prediction, const at::Tensor& target) {
    if (!mae.options().norm_pix) return prediction;
    const auto [variance, mean] =
        at::var_mean(target, at::IntArrayRef{-1}, /*unbiased=*/true, /*keepdim=*/true);
    return prediction * (variance + 1e-6).sqrt() + mean;
  }

  void add_batch(Mae& mae, const Batch& batch, const ProtocolContext& context, std::vector<double>& errors,
                 Sheet& sheet) const {
    const c10::NoGradGuard no_grad;
    const StageContext stage{.training = false, .compute = context.execution.compute_dtype()};
    const at::Tensor images = mae.encoder().ingest(batch.views[0]);
    const at::Tensor target = mae.patchify(images);
    const at::Tensor noise = mask_noise(batch.keys, target.size(1), context.seed, 0).to(images.device());
    const Masking masking = random_masking(noise, mae.options().mask_ratio);
    const at::Tensor predicted =
        denormalise(mae, mae.decode(mae.encode(images, masking, stage), masking.ids_restore, stage), target);

    const at::Tensor error =
        ((predicted - target).square().mean(-1) * masking.mask).sum(1) / masking.mask.sum(1);
    const at::Tensor on_cpu = error.cpu().to(at::kDouble);
    errors.insert(errors.end(), on_cpu.const_data_ptr<double>(),
                  on_cpu.const_data_ptr<double>() + on_cpu.numel());

    const InputSpec& input = mae.encoder().input();
    const at::Tensor kept = (1.0 - masking.mask).unsqueeze(-1);
    const at::Tensor pasted = mae.unpatchify(target * kept + predicted * (1.0 - kept)).cpu();
    const at::Tensor full = mae.unpatchify(predicted).cpu(), originals = images.cpu();
    const at::Tensor visible = mae.unpatchify(kept.expand_as(target)).cpu();
    for (int64_t i = 0; i < images.size(0) && static_cast<int64_t>(sheet.rows.size()) < rows_; ++i) {
      Pixels masked = to_pixels(originals[i], input);
      const at::Tensor shown = visible[i].permute({1, 2, 0}).contiguous();
      const float* keep = shown.const_data_ptr<float>();
      for (size_t p = 0; p < masked.data.size(); ++p)
        masked.data[p] = keep[p] > 0.5F ? masked.data[p] : kGrey;
      sheet.rows.push_back(
          {to_pixels(originals[i], input), masked, to_pixels(full[i], input), to_pixels(pasted[i], input)});
    }
  }

  static Record summarise(const std::vector<double>& errors, const Mae& mae) {
    const MeanAndDeviation error = mean_and_deviation(errors);
    Metric metric;
    metric.name = "masked_mse";
    metric.value = error.mean;
    metric.unit = "normalised pixels squared";
    metric.direction = Direction::lower_is_better;
    metric.headline = true;
    metric.n = error.n;
    metric.standard_error = error.standard_deviation / std::sqrt(static_cast<double>(error.n));
    metric.interval = error.interval;
    metric.column = "squared_error";
    Record record;
    record.metrics.push_back(std::move(metric));
    record.resolved = {{"mask_ratio", mae.options().mask_ratio}, {"norm_pix", mae.options().norm_pix}};
    if (mae.options().norm_pix)
      record.warnings.push_back("masked_mse uses the original patches' mean and spread");
    return record;
  }

  int64_t examples_ = 1000;
  int64_t rows_ = 8;
};

}  // namespace

std::unique_ptr<Protocol> make_reconstruction() { return std::make_unique<Reconstruction>(); }

}  // namespace repbench
