#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <memory>

#include "datasets/text/clean_text.h"
#include "datasets/text/tokenizer.h"
#include "suite/commands/commands.h"

namespace repbench {
namespace {

struct Arguments {
  std::string tokenizer = "clip";
  int64_t length = 0;
  bool cut = false;
  std::vector<std::string> texts;
};

std::shared_ptr<const Tokenizer> open_tokenizer(const std::string& name) {
  if (name == "clip") return clip_tokenizer();
  std::filesystem::path path = name;
  if (std::filesystem::is_directory(path)) path /= "tokenizer.json";
  return tokenizer_from_json(read_json(path), path.string());
}

// SOT, ids, EOT; padded only where a length is asked for.
std::vector<int64_t> tokens_of(const Tokenizer& tokenizer, const std::string& text,
                               const Arguments& arguments) {
  if (arguments.length > 0) {
    return encode(tokenizer, text, arguments.length, arguments.cut ? TooLong::cut : TooLong::refuse);
  }
  std::vector<int64_t> tokens = tokenizer.ids(text);
  tokens.insert(tokens.begin(), tokenizer.start_token());
  tokens.push_back(tokenizer.end_token());
  return tokens;
}

void tokenize(const Arguments& arguments) {
  const std::shared_ptr<const Tokenizer> tokenizer = open_tokenizer(arguments.tokenizer);
  for (const std::string& text : arguments.texts) {
    const std::vector<int64_t> tokens = tokens_of(*tokenizer, text, arguments);
    if (looks_like_mojibake(text)) {
      fmt::print(
          stderr,
          "warning: '{}' looks like UTF-8 read as Windows-1252; CLIP's own tokenizer may repair it, this "
          "one does not\n",
          text);
    }
    fmt::print("{}\n", fmt::join(tokens, " "));
  }
}

}  // namespace

void add_tokenize(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("tokenize", "token ids with SOT and EOT, one line a text");
  command
      ->add_option("--tokenizer", arguments->tokenizer,
                   "clip, a tokenizer.json, or a checkpoint folder that has one")
      ->capture_default_str();
  CLI::Option* length =
      command
          ->add_option("--length", arguments->length, "pad with zeros to so many tokens; refuse longer texts")
          ->check(CLI::Range(2, 1 << 20));
  command->add_flag("--cut", arguments->cut, "cut longer texts to the length, EOT last")->needs(length);
  command->add_option("texts", arguments->texts, "texts, after a --")->required();
  command->callback([arguments] { tokenize(*arguments); });
}

}  // namespace repbench
