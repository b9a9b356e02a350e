#include "pretrain/weights/export.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "files/atomic.h"
#include "files/nearest.h"
#include "pretrain/weights/format.h"

namespace repbench {

namespace fs = std::filesystem;

std::vector<std::string> export_targets() {
  std::vector<std::string> targets;
  for (const WeightsFormat& format : weights_formats()) {
    const std::string target(format.target);
    if (std::find(targets.begin(), targets.end(), target) == targets.end()) targets.push_back(target);
  }
  return targets;
}

std::vector<std::string> export_weights(const Encoder& encoder, std::string_view target,
                                        const fs::path& folder) {
  const std::vector<std::string> targets = export_targets();
  if (std::find(targets.begin(), targets.end(), target) == targets.end())
    fail_unknown_name("convert", "a target", target, targets);
  if (fs::exists(folder)) {
    throw std::invalid_argument(
        fmt::format("[convert] {}: expected a folder that does not exist yet; it does", folder.string()));
  }
  for (const WeightsFormat& format : weights_formats()) {
    if (format.target != target || !format.writes(encoder)) continue;
    const ExportedWeights exported = format.write(encoder);
    AtomicFolder made(folder);
    save_tensors(made.path() / exported.tensors_file, exported.tensors, {{"format", "pt"}});
    for (const auto& [name, content] : exported.files)
      write_file_atomically(made.path() / name, pretty_json(content));
    made.commit();
    return exported.warnings;
  }
  throw std::invalid_argument(
      fmt::format("[convert] expected an encoder that {} has; got {}", target, encoder.kind()));
}

}  // namespace repbench
