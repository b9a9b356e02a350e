#include "tests/suite/command_line.h"

#include <algorithm>
#include <sstream>

#include "files/json.h"
#include "files/safetensors.h"
#include "reports/metric_kinds.h"

namespace repbench {
namespace {

/// Exit 2 and one line on stderr that holds every one of these words.
void expect_trouble(const Finished& finished, const std::vector<std::string>& words) {
  EXPECT_EQ(finished.exit_code, 2) << finished.err;
  EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
  for (const std::string& word : words)
    EXPECT_NE(finished.err.find(word), std::string::npos) << word << " in " << finished.err;
}

class CommandLine : public testing::Test {
 protected:
  Finished run(const std::string& arguments) { return run_repbench(folder_, arguments); }
  std::string path(const std::string& name) { return (folder_ / name).string(); }

  ScratchFolder folder_;
  std::string preset_ = toy_preset(folder_);
};

TEST_F(CommandLine, PretrainsEvaluatesAndReports) {
  const Finished pretrained = run("pretrain " + preset_ + " --out " + path("run"));
  ASSERT_EQ(pretrained.exit_code, 0) << pretrained.err;
  EXPECT_NE(pretrained.out.find("mae.mask_ratio = 0.5"), std::string::npos)
      << "the resolved settings are printed";
  const Finished evaluated =
      run("evaluate " + path("run") + " --protocol linear_probe,knn --dataset idx:" + path("data") +
          " classifier=ridge --out " + path("reports"));
  EXPECT_EQ(evaluated.exit_code, 2) << "knn has no classifier: refused before anything runs";
  for (const std::string protocol :
       {"linear_probe classifier=ridge", "knn k=1,5 headline_k=5",
        "throughput repetitions=3 block_seconds=0.01 matmul_size=64", "reconstruction examples=8",
        "finetune points=0,all train.epochs=1 train.warmup_epochs=0 train.batch_size=16"}) {
    const Finished judged = run("evaluate " + path("run") + " --dataset idx:" + path("data") + " --out " +
                                path("reports") + " --protocol " + protocol);
    ASSERT_EQ(judged.exit_code, 0) << protocol << ": " << judged.err;
  }
  EXPECT_EQ(
      run("report " + path("reports") + " --out " + path("page.html") + " --pictures " + path("pictures"))
          .exit_code,
      0);
  EXPECT_NE(read_file(path("page.html")).find("<svg"), std::string::npos);
  EXPECT_FALSE(std::filesystem::is_empty(path("pictures")));
}

TEST_F(CommandLine, RunsAnExperimentOnceAndGivesTheSameReportsAgain) {
  write_file_atomically(path("experiment.json"), fmt::format(R"({{
    "pretrain": "preset.json", "grid": {{"mae.mask_ratio": [0.5, 0.75]}}, "seeds": [0, 1], "controls": ["untrained", "raw_pixels"],
    "evaluations": [{{"protocol": "linear_probe", "dataset": "idx:{}", "set": {{"classifier": "ridge"}}}}]}})",
                                                             path("data")));
  const Finished dry = run("run " + path("experiment.json") + " --dry-run --out " + path("a"));
  EXPECT_EQ(std::count(dry.out.begin(), dry.out.end(), '\n'), 6);
  for (const std::string out : {"a", "b"}) {
    const Finished finished = run("run " + path("experiment.json") + " --out " + path(out));
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
  }
  const std::string cell = "/mae.mask_ratio=0.75,seed=1/idx-data.linear_probe-ridge/report.json";
  Json a = read_json(path("a" + cell)), b = read_json(path("b" + cell));
  for (Json* report : {&a, &b}) {
    report->erase("run");
    report->erase("cost");
    report->erase("sha256");  // over the whole report
  }
  EXPECT_EQ(a, b);
  const auto before = std::filesystem::last_write_time(path("a" + cell));
  EXPECT_EQ(run("run " + path("experiment.json") + " --out " + path("a")).exit_code, 0);
  EXPECT_EQ(std::filesystem::last_write_time(path("a" + cell)), before) << "a finished cell is skipped";
  expect_trouble(run("run " + path("experiment.json") + " train.epochs=1 --out " + path("a")),
                 {"cell.json", "settings"});
}

TEST_F(CommandLine, ResumesAfterAKillToTheSameBits) {
  ASSERT_EQ(run("pretrain " + preset_ + " train.epochs=30 --out " + path("straight")).exit_code, 0);
  const std::string command =
      fmt::format("'{}' pretrain {} train.epochs=30 --out {} >/dev/null 2>&1 & sleep 0.6; kill -9 $!; wait",
                  REPBENCH_BINARY, preset_, path("killed"));
  [[maybe_unused]] const int status = std::system(command.c_str());
  ASSERT_EQ(run("pretrain " + preset_ + " train.epochs=30 --resume --out " + path("killed")).exit_code, 0);
  for (const std::string file : {"model.safetensors", "objective.safetensors", "state.safetensors"}) {
    EXPECT_EQ(read_file(path("straight/step-000120/" + file)), read_file(path("killed/step-000120/" + file)))
        << file;
  }
}

TEST_F(CommandLine, TellsWhatIsWrongInOneLine) {
  expect_trouble(run("pretrain " + preset_ + " mae.mask_ration=0.5 --out " + path("x")),
                 {"mae.mask_ration", "mae.mask_ratio"});
  expect_trouble(run("pretrain " + preset_ + " train.epochs=many --out " + path("x")),
                 {"train.epochs", "many"});
  expect_trouble(run("pretrain " + preset_ + " mae.mask_ratio=1.5 --out " + path("x")),
                 {"mae.mask_ratio", "1.5"});
  expect_trouble(run("pretrain " + preset_ + " --out " + path("preset.json/below")), {"preset.json"});
  expect_trouble(run("pretrain " + preset_ + " dataset=idx:" + path("nothing") + " --out " + path("x")),
                 {"nothing"});
  expect_trouble(run("pretrain " + path("absent.json") + " --out " + path("x")), {"absent.json"});
  expect_trouble(run("evaluate " + path("nothing") + " --protocol knn --out " + path("x")), {"nothing"});
  expect_trouble(run("evaluate " + path("nothing") + " --protocol knnn --out " + path("x")), {"knnn", "knn"});
  expect_trouble(run("report " + path("nothing")), {"nothing"});
  expect_trouble(run("pretrain " + preset_ + " --out /proc/run"), {"/proc/run"});
  expect_trouble(run("pretrain " + preset_ + " eval_view=mae_train:8 --out " + path("x")),
                 {"eval_view", "chance"});
  expect_trouble(run("pretrain " + preset_ + " train.warmup_epochs=9 --out " + path("x")), {"warmup_epochs"});
  expect_trouble(run("evaluat"), {"[command line]"});
  expect_trouble(run("view --channels 2 --view eval:8 --out x " + preset_), {"[command line]", "channels"});
}

TEST_F(CommandLine, DoesNotReplaceAReportOfOtherSettingsUnasked) {
  ASSERT_EQ(run("pretrain " + preset_ + " --out " + path("run")).exit_code, 0);
  const std::string evaluate = "evaluate " + path("run") +
                               " --protocol knn k=1 headline_k=1 --dataset idx:" + path("data") + " --out " +
                               path("reports");
  ASSERT_EQ(run(evaluate).exit_code, 0);
  EXPECT_EQ(run(evaluate).exit_code, 0) << "the same again is no loss";
  expect_trouble(run(evaluate + " limit=10"), {"report.json", "--force"});
  EXPECT_EQ(run(evaluate + " limit=10 --force").exit_code, 0);
}

TEST_F(CommandLine, FindsDamagedWeights) {
  ASSERT_EQ(run("pretrain " + preset_ + " --out " + path("run")).exit_code, 0);
  const std::string file = path("run/step-000008/model.safetensors");
  std::string content = read_file(file);
  content[content.size() - 3] ^= 1;
  write_file_atomically(file, content);
  expect_trouble(run("inspect " + path("run")), {"model.safetensors", "sha256"});
}

TEST_F(CommandLine, StopsWhenTheLossIsNotFiniteAndKeepsTheLastCheckpoint) {
  const Finished finished =
      run("pretrain " + preset_ +
          " train.base_lr=100 train.weight_decay=10 train.epochs=20 checkpoint_every=1 --out " + path("run"));
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_NE(finished.err.find("expected a finite"), std::string::npos) << finished.err;
  EXPECT_EQ(run("inspect " + path("run")).exit_code, 0);
}

TEST_F(CommandLine, RefusesAFolderWithARunUnlessItResumes) {
  ASSERT_EQ(run("pretrain " + preset_ + " --out " + path("run")).exit_code, 0);
  EXPECT_EQ(run("pretrain " + preset_ + " --out " + path("run")).exit_code, 2);
  EXPECT_EQ(run("pretrain " + preset_ + " --resume --out " + path("run")).exit_code, 0);
  const Finished changed = run("pretrain " + preset_ + " mae.mask_ratio=0.75 --resume --out " + path("run"));
  EXPECT_EQ(changed.exit_code, 2);
  EXPECT_NE(changed.err.find("mask_ratio"), std::string::npos) << changed.err;
}

TEST_F(CommandLine, EmbedsPicturesAndDataSetsAndWritesViews) {
  ASSERT_EQ(run("pretrain " + preset_ + " --out " + path("run")).exit_code, 0);
  const std::string pictures = REPBENCH_SOURCE_DIR "/tests/golden/jpeg/";
  const Finished files = run("embed " + path("run") + " " + pictures + "444.jpg " + pictures +
                             "grey.png --tap cls,mean --out " + path("files.safetensors"));
  ASSERT_EQ(files.exit_code, 0) << files.err;
  const SafetensorsFile embedded(path("files.safetensors"));
  EXPECT_EQ(embedded.at("cls").shape, (std::vector<int64_t>{2, 16}));
  EXPECT_EQ(embedded.at("mean").shape, (std::vector<int64_t>{2, 16}));
  const Finished data =
      run("embed " + path("run") + " idx:" + path("data") + " --tap mean --out " + path("data.safetensors"));
  ASSERT_EQ(data.exit_code, 0) << data.err;
  EXPECT_EQ(SafetensorsFile(path("data.safetensors")).at("features").shape, (std::vector<int64_t>{20, 16}));
  const Finished view =
      run("view " + pictures + "444.jpg --view eval:16:12:bicubic --out " + path("view.safetensors"));
  ASSERT_EQ(view.exit_code, 0) << view.err;
  EXPECT_EQ(SafetensorsFile(path("view.safetensors")).at(pictures + "444.jpg").shape,
            (std::vector<int64_t>{12, 12, 3}));
}

TEST_F(CommandLine, ABrokenPictureIsNamedInOneLine) {
  ASSERT_EQ(run("pretrain " + preset_ + " --out " + path("run")).exit_code, 0);
  const std::string good = read_file(REPBENCH_SOURCE_DIR "/tests/golden/jpeg/444.jpg");
  for (const std::string& content : {good.substr(0, good.size() / 2), good.substr(0, 20), std::string("x")}) {
    write_file_atomically(path("broken.jpg"), content);
    expect_trouble(run("embed " + path("run") + " " + path("broken.jpg") + " --out " + path("x")),
                   {"broken.jpg"});
    expect_trouble(run("view " + path("broken.jpg") + " --view eval:16:12 --out " + path("x")),
                   {"broken.jpg"});
  }
  const std::string png = read_file(REPBENCH_SOURCE_DIR "/tests/golden/jpeg/rgb.png");
  write_file_atomically(path("broken.png"), png.substr(0, png.size() / 2));
  expect_trouble(run("view " + path("broken.png") + " --view eval:16:12 --out " + path("x")), {"broken.png"});
}

TEST_F(CommandLine, ALogGoesOnWhereTheLastCheckpointStood) {
  const std::string command =
      fmt::format("'{}' pretrain {} train.epochs=30 --out {} >/dev/null 2>&1 & sleep 0.6; kill -9 $!; wait",
                  REPBENCH_BINARY, preset_, path("run"));
  [[maybe_unused]] const int status = std::system(command.c_str());
  ASSERT_EQ(run("pretrain " + preset_ + " train.epochs=30 --resume --out " + path("run")).exit_code, 0);
  std::istringstream log(read_file(path("run/log.jsonl")));
  int64_t previous = 0;
  for (std::string line; std::getline(log, line);) {
    const int64_t step = parse_json(line, "log.jsonl").at("step").get<int64_t>();
    EXPECT_EQ(step, previous + 1);
    previous = step;
  }
  EXPECT_EQ(previous, 120);
}

TEST_F(CommandLine, DoctorTellsOfThisMachine) {
  const Finished finished = run("doctor");
  EXPECT_NE(finished.out.find("GFLOP/s"), std::string::npos);
  EXPECT_NE(finished.out.find("fashion_mnist"), std::string::npos);
}

TEST_F(CommandLine, EveryCommandHasHelpAndListsWork) {
  for (const char* command :
       {"pretrain", "evaluate", "run", "report", "inspect", "embed", "view", "list", "doctor"}) {
    EXPECT_EQ(run(std::string(command) + " --help").exit_code, 0) << command;
  }
  EXPECT_NE(run("list protocols").out.find("linear_probe"), std::string::npos);
  const std::string metrics = run("list metrics").out;
  for (const MetricKind& kind : metric_kinds())
    EXPECT_NE(metrics.find(kind.definition), std::string::npos) << kind.name;
  EXPECT_EQ(std::count(metrics.begin(), metrics.end(), '\n'), std::ssize(metric_kinds()) + 1);
  EXPECT_EQ(run("list protocol").exit_code, 2);
}

}  // namespace
}  // namespace repbench
