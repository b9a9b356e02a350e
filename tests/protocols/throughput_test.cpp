#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <new>
#include <thread>

#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/protocols/toy_subject.h"

namespace repbench {
namespace {

const Json kQuick = {
    {"batch", 2}, {"repetitions", 4}, {"block_seconds", 0.01}, {"warmup_calls", 1}, {"matmul_size", 32}};

Json quick_with(const Json& more) {
  Json settings = kQuick;
  settings.update(more);
  return settings;
}

const Curve* find_curve(const Record& record, const std::string& name) {
  for (const Curve& curve : record.curves) {
    if (curve.name == name) return &curve;
  }
  return nullptr;
}

std::vector<std::string> names_of(const Record& record) {
  std::vector<std::string> names;
  for (const Metric& metric : record.metrics) names.push_back(metric.name);
  return names;
}

void expect_repetitions(const Record& record, const std::string& workload) {
  const Metric* metric = record.find(workload + "_images_per_second");
  ASSERT_NE(metric, nullptr);
  EXPECT_EQ(metric->n, 4);
  EXPECT_EQ(metric->unit, "images/s");
  const Curve* repetitions = find_curve(record, workload + " by repetition");
  ASSERT_NE(repetitions, nullptr);
  ASSERT_EQ(repetitions->y.size(), 4U);
  double sum = 0;
  for (const double rate : repetitions->y) {
    EXPECT_GT(rate, 0);
    sum += rate;
  }
  EXPECT_NEAR(metric->value, sum / 4, 1e-6 * sum);
  EXPECT_EQ(metric->repetitions.value().unit, "timed block");
  EXPECT_EQ(metric->repetitions->values, repetitions->y);
  EXPECT_LE(metric->interval->low, metric->value);
  EXPECT_GE(metric->interval->high, metric->value);
}

void expect_percentiles(const Record& record, const std::string& workload) {
  const Metric *half = record.find(workload + "_ms_p50"), *most = record.find(workload + "_ms_p95"),
               *nearly_all = record.find(workload + "_ms_p99");
  ASSERT_TRUE(half != nullptr && most != nullptr && nearly_all != nullptr) << workload;
  EXPECT_GT(half->value, 0);
  EXPECT_LE(half->value, most->value);
  EXPECT_LE(most->value, nearly_all->value);
  EXPECT_GE(half->n.value(), 4) << "a call a block at least";
}

TEST(Throughput, MeasuresInferenceWithoutData) {
  const Subject subject = tiny_vit();
  const Record record = run_protocol("throughput", kQuick, subject, Task()).record;
  EXPECT_EQ(names_of(record),
            (std::vector<std::string>{"inference_images_per_second", "inference_ms_p50", "inference_ms_p95",
                                      "inference_ms_p99", "inference_batch1_images_per_second",
                                      "inference_batch1_ms_p50", "inference_batch1_ms_p95",
                                      "inference_batch1_ms_p99"}));
  EXPECT_EQ(record.headline().name, "inference_images_per_second");
  expect_repetitions(record, "inference");
  expect_percentiles(record, "inference");
  expect_percentiles(record, "inference_batch1");
  EXPECT_EQ(record.resolved.at("batch"), (Json{{"inference", 2}, {"inference_batch1", 1}}));
  EXPECT_EQ(record.resolved.at("pipeline"), "none: no data set was named");
  EXPECT_EQ(find_curve(record, "inference by batch"), nullptr) << "the size was given";
  const auto end = static_cast<int64_t>(subject.encoder->stages().size());
  EXPECT_EQ(record.cost.at("macs_per_example").at("inference"), subject.encoder->macs(0, end));
  EXPECT_FALSE(record.outcomes.has_value());
}

TEST(Throughput, MeasuresAPretrainingStepOfACheckpoint) {
  const ScratchFolder folder;
  const Subject subject = tiny_mae(folder / "run", 0);
  const Record record = run_protocol("throughput", kQuick, subject, Task()).record;
  EXPECT_EQ(record.headline().name, "inference_images_per_second");
  expect_repetitions(record, "inference");
  expect_repetitions(record, "pretraining_step");
  expect_percentiles(record, "pretraining_step");
  EXPECT_EQ(record.resolved.at("batch").at("pretraining_step"), 2);
  EXPECT_EQ(record.cost.at("macs_per_example").at("pretraining_step"),
            3 * load_objective(subject.checkpoint)->forward_macs());
  EXPECT_GT(record.cost.at("gflops_per_second").at("pretraining_step").get<double>(), 0);
}

TEST(Throughput, MeasuresBothTowers) {
  const ScratchFolder folder;
  const Record record = run_protocol("throughput", kQuick, tiny_clip(folder / "run", 0), Task()).record;
  for (const char* name : {"text_inference_texts_per_second", "text_inference_batch1_texts_per_second"}) {
    ASSERT_NE(record.find(name), nullptr) << name;
    EXPECT_EQ(record.find(name)->unit, "texts/s");
  }
  expect_percentiles(record, "text_inference_batch1");
  EXPECT_EQ(record.resolved.at("batch").at("text_inference"), 2);
}

TEST(Throughput, LooksAtEverySizeAndMeasuresTheFastestAnew) {
  const Record record =
      run_protocol("throughput", quick_with({{"batch", 0}, {"batches", {1, 3, 4}}}), tiny_vit(), Task())
          .record;
  const Curve* sweep = find_curve(record, "inference by batch");
  ASSERT_NE(sweep, nullptr);
  EXPECT_EQ(sweep->x, (std::vector<double>{1, 3, 4}));
  const auto fastest =
      static_cast<size_t>(std::max_element(sweep->y.begin(), sweep->y.end()) - sweep->y.begin());
  EXPECT_EQ(record.resolved.at("batch").at("inference"), sweep->x[fastest]);
  EXPECT_NE(record.headline().value, sweep->y[fastest]) << "the look chose it, and does not count";
  expect_repetitions(record, "inference");
}

TEST(Throughput, ThePretrainingStepIsOfTheLargestSizeWhereNoneIsGiven) {
  const ScratchFolder folder;
  const Record record = run_protocol("throughput", quick_with({{"batch", 0}, {"batches", {1, 4}}}),
                                     tiny_mae(folder / "run", 0), Task())
                            .record;
  EXPECT_EQ(record.resolved.at("batch").at("pretraining_step"), 4);
}

TEST(Throughput, SizesThatDoNotRiseAreAnError) {
  for (const Json& batches : {Json{4, 2}, Json{2, 2}}) {
    EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                   run_protocol("throughput", quick_with({{"batches", batches}}), tiny_vit(), Task());
                 }),
                 "[throughput] key 'batches': expected rising sizes, at least one; got [");
  }
}

TEST(Throughput, TellsMemoryAndTheShareOfTheMatrixProductsSpeed) {
  const Subject subject = tiny_vit();
  const Record record = run_protocol("throughput", kQuick, subject, Task()).record;
  int64_t weights = 0;
  for (const NamedTensor& named : subject.encoder->parameters()) weights += 4 * named.tensor.numel();
  EXPECT_EQ(record.cost.at("weight_bytes"), weights);
  const auto bytes = [&](const char* name) {
    return record.cost.at("allocator_peak_bytes").at(name).get<int64_t>();
  };
  EXPECT_GE(bytes("inference_batch1"), 8 * 8 * 4) << "the picture in fp32, at least";
  EXPECT_GT(bytes("inference"), bytes("inference_batch1"));
  EXPECT_GT(record.cost.at("rss_peak_bytes").at("inference").get<int64_t>(), 10 << 20);
  const double peak = record.cost.at("matmul_peak_gflops").at("fp32").get<double>();
  EXPECT_GT(peak, 0);
  EXPECT_FALSE(record.cost.at("matmul_peak_gflops").contains("bf16")) << "nothing ran in it";
  EXPECT_GT(record.cost.at("share_of_matmul_peak").at("inference").get<double>(), 0);
}

TEST(Throughput, MeasuresThePipelineOnADataSet) {
  const Task task = toy_task(64, 20);
  const Record record = run_protocol("throughput", quick_with({{"batch", 32}}), tiny_vit(), task).record;
  expect_repetitions(record, "pipeline");
  const Metric* waited = record.find("pipeline_wait_share");
  ASSERT_NE(waited, nullptr);
  EXPECT_EQ(waited->repetitions.value().values.size(), 4U);
  EXPECT_LE(waited->value, 1);
  EXPECT_EQ(record.resolved.at("batch").at("pipeline"), 20) << "there are no more pictures";
  EXPECT_GT(reads_of(task), 20);
  EXPECT_FALSE(record.outcomes.has_value()) << "fp32 has nothing to be held against";
}

TEST(Throughput, ThePipelineTellsWhatItRead) {
  int64_t pictures = 0;
  ProtocolContext context;
  context.workers = 2;
  context.on_source_read = [&](const SourceStatistics& read) { pictures += read.pictures; };
  run_protocol("throughput", kQuick, tiny_vit(), toy_task(64, 20), context);
  EXPECT_GT(pictures, 0);
}

TEST(Throughput, PutsWhatHalfPrecisionCostsBesideItsSpeed) {
  ProtocolContext context;
  context.execution.precision = Precision::bf16;
  Record record = run_protocol("throughput", kQuick, tiny_vit(), toy_task(64, 20), context).record;
  for (const char* name : {"accuracy_at_precision", "accuracy_at_fp32", "top1_agreement_with_fp32",
                           "feature_cosine_with_fp32", "feature_cosine_with_fp32_worst"})
    EXPECT_NE(record.find(name), nullptr) << name;
  EXPECT_TRUE(record.cost.at("matmul_peak_gflops").contains("bf16"));
  const ScratchFolder folder;
  record.checkpoint = {{"label", "tiny"}, {"kind", "vit"}};
  record.dataset = {{"name", "toy"}};
  record.protocol = "throughput";
  write_record(folder / "report", record);
  EXPECT_TRUE(read_outcomes(folder / "report" / "report.json").has_value());
  EXPECT_EQ(run_protocol("throughput", quick_with({{"precision_examples", 0}}), tiny_vit(), toy_task(64, 20),
                         context)
                .record.find("accuracy_at_precision"),
            nullptr);
}

TEST(Throughput, MeasuringLeavesTheCheckpointAlone) {
  const ScratchFolder folder;
  const Subject subject = tiny_mae(folder / "run", 0);
  run_protocol("throughput", kQuick, subject, Task());
  EXPECT_EQ(load_encoder(folder / "run").sha256, subject.sha256);
  EXPECT_EQ(hash_of(subject.encoder->parameters()), subject.sha256);
}

TEST(Throughput, RunsInHalfPrecision) {
  ProtocolContext context;
  context.execution.precision = Precision::bf16;
  EXPECT_GT(run_protocol("throughput", kQuick, tiny_vit(), Task(), context).record.headline().value, 0);
}

TEST(Throughput, MeasuresTheControlWithoutAModel) {
  const Record record = run_protocol("throughput", kQuick, raw_pixels(), Task()).record;
  EXPECT_EQ(record.cost.at("macs_per_example").at("inference"), 0);
}

std::vector<ProtocolResult> run_in_turns(const std::vector<Subject>& subjects,
                                         const Json& settings = kQuick) {
  const std::unique_ptr<Protocol> protocol = find_protocol("throughput").make();
  Options fields;
  protocol->describe(fields);
  fields.set_all(settings, "test");
  return protocol->run_in_turns(subjects, Task(), {});
}

/// Does what it is told with the pictures of a call.
class Told final : public Encoder {
 public:
  explicit Told(std::function<void(int64_t pictures)> what) : what_(std::move(what)) {}

  std::string kind() const override { return "told"; }
  Json config() const override { return Json::object(); }
  const InputSpec& input() const override { return input_; }
  const std::vector<Stage>& stages() const override { return stages_; }
  at::Tensor forward(at::Tensor x, int64_t, int64_t, const StageContext&) const override {
    what_(x.size(0));
    return x;
  }
  std::map<std::string, at::Tensor> features(const at::Tensor&, std::span<const std::string>,
                                             const StageContext&) const override {
    return {};
  }
  std::vector<std::string> default_taps() const override { return {}; }
  int64_t macs(int64_t, int64_t, int64_t) const override { return 0; }
  void initialise(uint64_t) override {}
  std::unique_ptr<Encoder> clone() const override { return std::make_unique<Told>(*this); }

 private:
  std::function<void(int64_t)> what_;
  InputSpec input_ = toy_input();
  std::vector<Stage> stages_ = {{"listen", {}}};
};

Subject with_room_for(int64_t most) {
  return subject_of(std::make_shared<Told>([most](int64_t pictures) {
                      if (pictures > most) throw std::bad_alloc();
                    }),
                    "small");
}

TEST(Throughput, BacksOffWhereMemoryRunsOut) {
  const Record record =
      run_protocol("throughput", quick_with({{"batch", 24}}), with_room_for(5), Task()).record;
  EXPECT_EQ(record.resolved.at("batch").at("inference"), 4);
  EXPECT_EQ(record.warnings,
            std::vector<std::string>{"inference: memory was too small for 24, 16, 8; measured at 4"});
}

TEST(Throughput, TheLookAtSizesEndsWhereMemoryDoes) {
  const Record record = run_protocol("throughput", quick_with({{"batch", 0}, {"batches", {1, 2, 4, 8}}}),
                                     with_room_for(3), Task())
                            .record;
  EXPECT_EQ(find_curve(record, "inference by batch")->x, (std::vector<double>{1, 2}));
  EXPECT_EQ(record.warnings, std::vector<std::string>{"inference: memory was too small for 4"});
  EXPECT_EQ(record.resolved.at("sweep_ended").at("inference"), "memory was too small for 4");
}

TEST(Throughput, SubjectsAreWarmedUpFirstAndThenTakeTurnsForwardsAndBackwards) {
  std::string log;
  std::vector<Subject> subjects;
  for (const char name : {'A', 'B', 'C'}) {
    const auto speak = [&log, name](int64_t) {
      if (log.empty() || log.back() != name) log.push_back(name);
    };
    subjects.push_back(subject_of(std::make_shared<Told>(speak), std::string(1, name)));
  }
  run_in_turns(subjects);
  // Made one by one, warmed up (ABC at the batch, ABC at 1), then both forwards, both backwards, and again;
  // who is last in one row may be first in the next.
  EXPECT_EQ(log, std::string("ABC") + "ABCABC" + "ABCABC" + "BACBA" + "BCABC" + "BACBA");
}

TEST(Throughput, InTurnsEverySubjectIsToldItsPlace) {
  const auto work = [](int64_t milliseconds) {
    return std::make_shared<Told>(
        [milliseconds](int64_t) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); });
  };
  const std::vector<ProtocolResult> results = run_in_turns(
      {subject_of(work(40), "slow"), subject_of(work(1), "quick"), subject_of(work(1), "as quick")});
  const auto place = [&](size_t i) { return results[i].record.resolved.at("rank_among"); };
  for (const size_t i : {0U, 1U, 2U}) {
    EXPECT_EQ(place(i).at("metric"), "inference_images_per_second");
    EXPECT_EQ(place(i).at("of"), 3);
  }
  const bool tied = !place(1).at("tied_with").empty();
  EXPECT_EQ(tied, results[1].record.warnings.size() == 1) << "a tie is warned of, and nothing else";
  EXPECT_FALSE(run_protocol("throughput", kQuick, tiny_vit(), Task()).record.resolved.contains("rank_among"));
}

TEST(Throughput, InTurnsEverySubjectHasItsOwnRatesOfOneMeasurement) {
  const ScratchFolder folder;
  const std::vector<Subject> subjects = {tiny_mae(folder / "run", 0), tiny_vit()};
  const std::vector<ProtocolResult> results = run_in_turns(subjects);
  ASSERT_EQ(results.size(), 2U);
  expect_repetitions(results[0].record, "inference");
  expect_repetitions(results[0].record, "pretraining_step");
  expect_repetitions(results[1].record, "inference");
  EXPECT_EQ(results[1].record.find("pretraining_step_images_per_second"), nullptr)
      << "what is no checkpoint of ours has no pretraining step";
  EXPECT_NE(results[0].record.curves[0].y, results[1].record.curves[0].y);
  EXPECT_EQ(results[0].record.cost.at("encoders_in_turns"), 2);
}

TEST(Throughput, AMeasurementHasANameThatNoOtherHas) {
  const std::vector<ProtocolResult> pair = run_in_turns({tiny_vit(), raw_pixels()}),
                                    again = run_in_turns({tiny_vit(), raw_pixels()});
  const auto name = [](const ProtocolResult& result) {
    return result.record.run.at("measurement").get<std::string>();
  };
  EXPECT_EQ(name(pair[0]), name(pair[1]));
  EXPECT_EQ(name(pair[0]).size(), 64U);
  EXPECT_NE(name(pair[0]), name(again[0]));
  EXPECT_NE(name(run_protocol("throughput", kQuick, tiny_vit(), Task())), name(pair[0]));
}

TEST(Throughput, NobodyToMeasureIsAnError) {
  EXPECT_EQ(error_message<std::invalid_argument>([] { run_in_turns({}); }),
            "[throughput] expected an encoder; got none");
}

}  // namespace
}  // namespace repbench
