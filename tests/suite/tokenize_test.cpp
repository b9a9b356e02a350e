#include "datasets/text/tokenizer.h"
#include "tests/datasets/text/vocabulary.h"
#include "tests/suite/command_line.h"

namespace repbench {
namespace {

class Tokenize : public testing::Test {
 protected:
  Finished run(const std::string& arguments) { return run_repbench(folder_, "tokenize " + arguments); }
  std::string path(const std::string& name) { return (folder_ / name).string(); }

  void store_trained() {
    const std::vector<std::string> captions = {"a red circle", "a red square", "a red ring"};
    write_file_atomically(path("checkpoint/tokenizer.json"),
                          pretty_json(train_bpe(captions, 600)->to_json()));
  }

  ScratchFolder folder_;
};

TEST_F(Tokenize, PrintsALineOfIdsForEachText) {
  SKIP_WITHOUT_TEXT_DATA();
  const Finished finished = run("-- 'a photo of a cat.' 'hello world!' ''");
  EXPECT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_EQ(finished.out, "49406 320 1125 539 320 2368 269 49407\n49406 3306 1002 256 49407\n49406 49407\n");
}

TEST_F(Tokenize, PadsAndCutsToALength) {
  SKIP_WITHOUT_TEXT_DATA();
  EXPECT_EQ(run("--length 6 -- 'a dog'").out, "49406 320 1929 49407 0 0\n");
  EXPECT_EQ(run("--length 3 --cut -- 'a dog'").out, "49406 320 49407\n");
  const Finished refused = run("--length 3 -- 'a dog'");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("at most 3 tokens; got 4 in 'a dog'"), std::string::npos) << refused.err;
}

TEST_F(Tokenize, TakesATextThatBeginsWithADash) {
  SKIP_WITHOUT_TEXT_DATA();
  EXPECT_EQ(run("-- '--length' '-'").exit_code, 0);
}

TEST_F(Tokenize, ReadsATokenizerFromAFileOrACheckpoint) {
  store_trained();
  const Finished folder = run("--tokenizer " + path("checkpoint") + " -- 'a red cube'");
  EXPECT_EQ(folder.exit_code, 0) << folder.err;
  EXPECT_EQ(run("--tokenizer " + path("checkpoint/tokenizer.json") + " -- 'a red cube'").out, folder.out);
}

TEST_F(Tokenize, SaysWhatIsWrong) {
  store_trained();
  const std::string tokenizer = "--tokenizer " + path("checkpoint") + " ";
  const Finished invalid = run(tokenizer + "-- \"$(printf 'abc\\377')\"");
  EXPECT_EQ(invalid.exit_code, 2);
  EXPECT_NE(invalid.err.find("0xff at byte 3"), std::string::npos) << invalid.err;
  EXPECT_NE(run("--tokenizer " + path("absent.json") + " -- a").err.find("absent.json"), std::string::npos);
  EXPECT_EQ(run(tokenizer + "--cut -- a").exit_code, 2) << "--cut needs --length";
  EXPECT_EQ(run(tokenizer + "--length 1 -- a").exit_code, 2);
  EXPECT_EQ(run(tokenizer).exit_code, 2) << "no text";
}

TEST_F(Tokenize, WarnsOfMojibake) {
  store_trained();
  const Finished finished = run("--tokenizer " + path("checkpoint") + " -- 'caf\u00c3\u00a9'");
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_NE(finished.err.find("warning: 'caf\u00c3\u00a9'"), std::string::npos) << finished.err;
}

}  // namespace
}  // namespace repbench
