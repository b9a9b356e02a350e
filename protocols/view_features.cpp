#include "protocols/view_features.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <string>
#include <vector>

#include "datasets/loader.h"

namespace repbench {

at::Tensor view_features(const Encoder& encoder, std::shared_ptr<const Dataset> dataset,
                         const IndexList& examples, std::string_view view, int64_t count,
                         std::string_view tap, const ProtocolContext& context) {
  const c10::NoGradGuard no_grad;
  const std::unique_ptr<Encoder> frozen = encoder.clone();
  frozen->to(context.execution.device);
  frozen->convert_matrices(context.execution.compute_dtype());
  const std::unique_ptr<BatchSource> source =
      make_loader(std::move(dataset), examples, {make_view(view)},
                  {.batch_size = context.batch_size,
                   .workers = context.workers,
                   .seed = context.seed,
                   .channels = static_cast<int>(encoder.input().channels)});
  const StageContext stage{.training = false, .compute = context.execution.compute_dtype()};
  const std::vector<std::string> taps = {std::string(tap)};
  at::Tensor all;
  for (int64_t k = 0; k < count; ++k) {
    int64_t done = 0;
    source->begin(k);
    while (std::optional<Batch> batch = source->next()) {
      const at::Tensor values = frozen->features(frozen->ingest(batch->views[0]), taps, stage).at(taps[0]);
      if (!all.defined()) all = at::empty({examples.size(), count, values.size(1)}, at::kFloat);
      all.narrow(0, done, batch->size()).select(1, k).copy_(values);
      done += batch->size();
      context.progress("views", k * examples.size() + done, count * examples.size());
    }
  }
  return all;
}

}  // namespace repbench
