#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "datasets/dataset.h"
#include "pretrain/execution.h"
#include "suite/commands/commands.h"
#include "suite/version.h"

namespace repbench {
namespace {

/// GFLOP/s of a square matrix product, the median of five.
double matmul_speed(at::ScalarType dtype) {
  constexpr int64_t kSide = 1024;
  const at::Tensor a = at::ones({kSide, kSide}, dtype), b = at::ones({kSide, kSide}, dtype);
  std::vector<double> seconds;
  for (int i = 0; i < 6; ++i) {
    const auto start = std::chrono::steady_clock::now();
    at::mm(a, b);
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(seconds.begin() + 1, seconds.end());
  return 2e-9 * kSide * kSide * kSide / seconds[3];
}

/// Prints a line with a verdict; false if something is missing.
bool check(const std::string& what, const std::string& trouble) {
  fmt::print("{} {}{}\n", trouble.empty() ? "ok     " : "missing", what,
             trouble.empty() ? "" : ": " + trouble);
  return trouble.empty();
}

std::string trouble_with_fashion_mnist() {
  try {
    open_dataset(DatasetSpec::parse("fashion_mnist"), "test");
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}

void doctor() {
  const Execution execution = start_execution({});
  fmt::print("repbench {} {}\n", version(), build_commit());
  const Json facts = environment(execution);
  for (const auto& [key, value] : facts.items()) {
    fmt::print("{:16} {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  fmt::print("{:16} {:.0f} GFLOP/s fp32, {:.0f} GFLOP/s bf16\n", "matmul 1024", matmul_speed(at::kFloat),
             matmul_speed(at::kBFloat16));
  bool whole = check("data set fashion_mnist", trouble_with_fashion_mnist());
  const std::filesystem::space_info space = std::filesystem::space(".");
  constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;
  const double free = static_cast<double>(space.available) / kGiB;
  whole &=
      check(fmt::format("disk: {:.1f} GiB free here", free), free < 1.0 ? "expected at least 1 GiB" : "");
  if (!whole) throw std::runtime_error("[doctor] something is missing; see above");
}

}  // namespace

void add_doctor(CLI::App& program) {
  program.add_subcommand("doctor", "check this machine: libraries, data, speed, disk")->callback(doctor);
}

}  // namespace repbench
