#include <algorithm>
#include <cmath>
#include <random>
#include <span>

#include "files/json.h"
#include "files/safetensors.h"
#include "tests/suite/command_line.h"

// Comparison and gate through the built program: a checkpoint that was made worse on purpose, and broken
// reports.

namespace repbench {
namespace {

namespace fs = std::filesystem;

/// Adds noise to every float of a file of weights.
void perturb(const fs::path& weights, double deviation) {
  std::map<std::string, std::vector<float>> values;
  std::map<std::string, TensorView> tensors;
  std::mt19937 random(1);
  {
    const SafetensorsFile file(weights);
    for (const auto& [name, tensor] : file.tensors()) {
      std::vector<float>& own = values[name];
      own.resize(tensor.bytes.size() / sizeof(float));
      std::copy(tensor.bytes.begin(), tensor.bytes.end(), reinterpret_cast<std::byte*>(own.data()));
      for (float& value : own) {
        const double uniform = static_cast<double>(random()) / 4294967296.0 - 0.5;
        value += static_cast<float>(deviation * std::sqrt(12.0) * uniform);
      }
      tensors[name] = tensor;
      tensors[name].bytes = std::as_bytes(std::span<const float>(own));
    }
  }
  write_safetensors(weights, tensors);
}

class Guarding : public testing::Test {
 protected:
  Finished run(const std::string& arguments) { return run_repbench(folder_, arguments); }
  std::string path(const std::string& name) { return (folder_ / name).string(); }

  /// Pictures that are really there, judged by an encoder that hardly learned.
  std::string judge(const std::string& checkpoint, const std::string& out, const std::string& settings = "") {
    const Finished finished = run("evaluate " + path(checkpoint) +
                                  " --label MAE --protocol linear_probe classifier=ridge "
                                  "train_limit=2000 limit=5000 threads=1 precision=fp32 " +
                                  settings + " --out " + path(out));
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    return path(out);
  }
  void pretrain() {
    const Finished finished =
        run("pretrain " + toy_preset(folder_) +
            " model.image_size=28 model.patch_size=7 model.width=32 view=small_train:28:2 "
            "eval_view=small_eval:28 --out " +
            path("run"));
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
    for (const std::string copy : {"good", "worse"}) {
      ASSERT_EQ(run("convert " + path("run") + " --to timm --out " + path(copy)).exit_code, 0);
    }
    perturb(folder_ / "worse/model.safetensors", 0.5);
  }
  /// Noise, judged by a tiny encoder: the folder of a report that is there in a moment.
  std::string toy(const std::string& out, const std::string& settings = "") {
    const std::string data = toy_idx(folder_);
    if (!fs::exists(path("small"))) {
      EXPECT_EQ(run("pretrain " + toy_preset(folder_) + " --out " + path("small")).exit_code, 0);
    }
    const Finished finished = run("evaluate " + path("small") + " --protocol knn --dataset " + data +
                                  " k=1,3 headline_k=3 " + settings + " --out " + path(out));
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    return path(out) + "/idx-data.knn";
  }
  void expect_trouble(const Finished& finished, const std::string& words) {
    EXPECT_EQ(finished.exit_code, 2) << finished.out;
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
    EXPECT_NE(finished.err.find(words), std::string::npos) << words << " in " << finished.err;
  }

  ScratchFolder folder_;
};

TEST_F(Guarding, ACheckpointThatWasMadeWorseFailsTheGateAndTheSameOnePasses) {
  pretrain();
  const std::string baseline = judge("good", "baseline"), again = judge("good", "again"),
                    worse = judge("worse", "worse_reports");
  const Finished passed = run("gate --baseline " + baseline + " --candidate " + again);
  EXPECT_EQ(passed.exit_code, 0) << passed.out << passed.err;
  const Finished failed =
      run("gate --baseline " + baseline + " --candidate " + worse + " --junit " + path("junit.xml") +
          " --markdown " + path("gate.md") + " --json " + path("gate.json"));
  EXPECT_EQ(failed.exit_code, 1) << failed.out << failed.err;
  EXPECT_NE(read_file(path("junit.xml")).find("<failure"), std::string::npos);
  EXPECT_NE(read_file(path("gate.md")).find("regression"), std::string::npos);
  EXPECT_EQ(read_json(path("gate.json")).at("exit_code"), 1);
  const Finished compared = run("compare " + baseline + " " + worse + " --format json");
  EXPECT_EQ(compared.exit_code, 0) << compared.err;
  const Json metric = parse_json(compared.out, "compare").at("cells")[0].at("metrics")[0];
  EXPECT_LT(metric.at("difference").get<double>(), -0.02);
  EXPECT_LT(metric.at("units").at("p").get<double>(), 1e-6);
  const Finished resplit = run("compare " + baseline + " " + judge("good", "resplit", "test_split=train"));
  EXPECT_EQ(resplit.exit_code, 3);
  EXPECT_NE(resplit.out.find("protocol.requested.test_split"), std::string::npos) << resplit.out;
}

TEST_F(Guarding, AnotherKIsRefusedWithItsFieldAndBothValues) {
  const std::string a = toy("a"), b = toy("b", "temperature=0.5");
  for (const std::string& command :
       {"compare " + a + " " + b, "gate --baseline " + a + " --candidate " + b}) {
    const Finished finished = run(command);
    EXPECT_EQ(finished.exit_code, 3) << finished.out << finished.err;
    EXPECT_NE(finished.out.find("protocol.requested.temperature"), std::string::npos) << finished.out;
    EXPECT_NE(finished.out.find("0.07"), std::string::npos);
    EXPECT_NE(finished.out.find("0.5"), std::string::npos);
  }
  const Finished allowed = run("compare " + a + " " + b + " --allow temperature");
  EXPECT_EQ(allowed.exit_code, 0) << allowed.err;
  EXPECT_NE(allowed.out.find("‡"), std::string::npos);
  expect_trouble(run("compare " + a + " " + b + " --allow temprature"), "did you mean 'temperature'?");
}

TEST_F(Guarding, BrokenReportsAreOneLineEach) {
  const std::string good = toy("good");
  const std::string report = read_file(good + "/report.json"), outcomes = read_file(good + "/outcomes.json");
  const auto judged = [&](const std::string& text, const std::string& rows, const std::string& words) {
    const fs::path broken = folder_ / "broken";
    fs::remove_all(broken);
    write_file_atomically(broken / "report.json", text);
    if (!rows.empty()) write_file_atomically(broken / "outcomes.json", rows);
    for (const std::string& command : {"compare " + good + " " + broken.string(),
                                       "gate --baseline " + broken.string() + " --candidate " + good}) {
      expect_trouble(run(command), words);
    }
  };
  const auto edited = [&](const std::string& from, const std::string& to) {
    std::string text = report;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  judged(edited("\"headline\": true", "\"headline\": false"), outcomes, "headline");
  judged(edited("\"label\": \"", "\"label\": \"our "), outcomes, "edited by hand?");
  judged(report.substr(0, report.size() / 2), outcomes, "report.json");
  judged(edited("\"schema_version\": 2", "\"schema_version\": 3"), outcomes, "newer");
  judged(edited("\"chance\": 0.5", "\"chance\": NaN"), outcomes, "report.json");
  judged(report, "", "outcomes.json");
  judged(report, outcomes + " ", "sha256");
  expect_trouble(run("compare " + good + " " + good + " --metric acuracy"), "did you mean 'accuracy'?");
  expect_trouble(run("compare " + good + " " + good + " --metric masked_mse"),
                 "expected it in one of these reports");
  fs::copy(good, path("good/twice"));
  expect_trouble(run("compare " + path("good") + " " + good), "expected one report a cell");
  expect_trouble(run("compare " + good + " " + path("nowhere")), "nowhere");
}

TEST_F(Guarding, OutputThatIsLostIsTrouble) {
  if (!fs::is_character_file("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  const std::string good = toy("good");
  for (const std::string& command :
       {"compare " + good + " " + good, "gate --baseline " + good + " --candidate " + good}) {
    const std::string line = fmt::format("'{}' {} >/dev/full 2>'{}'", REPBENCH_BINARY, command, path("lost"));
    const int status = std::system(line.c_str());
    EXPECT_EQ(WEXITSTATUS(status), 2) << command;
    EXPECT_NE(read_file(path("lost")).find("standard output"), std::string::npos);
  }
}

}  // namespace
}  // namespace repbench
