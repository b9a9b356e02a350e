#include "suite/observers.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "files/atomic.h"

namespace repbench {

CheckpointObserver::CheckpointObserver(std::filesystem::path run, Json options, TrainingCost before,
                                       int64_t every, int keep)
    : run_(std::move(run)), options_(std::move(options)), before_(before), every_(every), keep_(keep) {}

void CheckpointObserver::save(const StepReport& report, const Trainer& trainer) {
  if (saved_ == report.step) return;
  saved_ = report.step;
  const double loss = report.measurements.empty() ? before_.final_loss : report.measurements[0].second;
  save_checkpoint(
      run_,
      {trainer,
       options_,
       {before_.seconds + report.seconds, before_.examples + report.examples, loss,
        std::max(before_.broken_pictures, static_cast<int64_t>(report.data.broken_pictures.size()))}},
      keep_);
}

void CheckpointObserver::on_step(const StepReport& report, const Trainer& trainer) {
  const int64_t every = every_ > 0 ? every_ : report.steps_per_epoch;
  if (report.step % every == 0) save(report, trainer);
}

void CheckpointObserver::on_finish(const StepReport& report, const Trainer& trainer) {
  save(report, trainer);
}

LogObserver::LogObserver(const std::filesystem::path& file, int64_t resumed_at,
                         const MonitorObserver* monitor)
    : path_(file), monitor_(monitor) {
  std::string kept;
  if (std::filesystem::exists(file)) {
    std::istringstream lines(read_file(file));
    for (std::string line; std::getline(lines, line);) {
      const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (!json.is_object() || json.value("step", int64_t{0}) > resumed_at)
        break;  // a killed run may leave half a line
      kept += line + "\n";
    }
  }
  write_file_atomically(file, kept);
  out_.open(file, std::ios::app);
}

void LogObserver::on_step(const StepReport& report, const Trainer&) {
  Json line = {{"step", report.step},
               {"epoch", report.epoch},
               {"learning_rate", report.learning_rate},
               {"gradient_norm", report.gradient_norm},
               {"images_per_second", static_cast<double>(report.examples) / report.seconds},
               {"waited", report.data.waited / report.seconds}};
  line["read_seconds"] = report.data.read;
  line["decode_seconds"] = report.data.decode;
  line["view_seconds"] = report.data.view;
  if (!report.data.broken_pictures.empty()) line["broken_pictures"] = report.data.broken_pictures.size();
  for (const auto& [name, value] : report.measurements) line[name] = value;
  if (monitor_ != nullptr) line.update(monitor_->measured_at(report.step));
  out_ << canonical_json(line) << '\n' << std::flush;
  if (!out_)
    throw std::runtime_error(
        fmt::format("[log] {}: expected to write a line; the disk may be full", path_.string()));
}

void ProgressObserver::on_step(const StepReport& report, const Trainer&) {
  for (; broken_ < report.data.broken_pictures.size(); ++broken_)
    progress_.say(
        fmt::format("warning: replaced a broken picture: {}", report.data.broken_pictures[broken_]));
  std::string remark;
  for (const auto& [name, value] : report.measurements) remark += fmt::format("{} {:.4f}  ", name, value);
  remark += fmt::format("{:.0f} images/s", static_cast<double>(report.examples) / report.seconds);
  progress_.update("step", report.step, report.total_steps, remark);
}

void ProgressObserver::on_finish(const StepReport& report, const Trainer&) {
  if (report.examples == 0) return;
  progress_.say(fmt::format(
      "trained to step {} in {} ({:.0f} images/s, {:.1f} % of it waiting for data){}", report.step,
      format_seconds(report.seconds), static_cast<double>(report.examples) / report.seconds,
      100.0 * report.data.waited / report.seconds,
      report.measurements.empty() ? "" : fmt::format(", loss {:.4f}", report.measurements[0].second)));
}

}  // namespace repbench
