#include <fmt/format.h>

#include <memory>

#include "datasets/images/decode.h"
#include "datasets/images/views.h"
#include "files/atomic.h"
#include "files/safetensors.h"
#include "suite/commands/commands.h"

namespace repbench {
namespace {

struct Arguments {
  std::vector<std::string> images;
  std::string view, out;
  int channels = 3;
  uint64_t seed = 0;
};

void write_views(const Arguments& arguments) {
  const std::unique_ptr<ViewTransform> view = make_view(arguments.view);
  std::vector<std::vector<uint8_t>> pixels;
  std::map<std::string, TensorView> tensors;
  pixels.reserve(arguments.images.size());
  for (const std::string& path : arguments.images) {
    const std::string content = read_file(path);
    const Image image = decode(std::as_bytes(std::span(content)), arguments.channels, path);
    RandomStream stream(arguments.seed, Purpose::view, 0, hash64(path));
    pixels.emplace_back(static_cast<size_t>(view->size()) *
                        static_cast<size_t>(view->size() * arguments.channels));
    view->apply(image, stream, pixels.back());
    tensors[path] = {
        DType::u8, {view->size(), view->size(), arguments.channels}, std::as_bytes(std::span(pixels.back()))};
  }
  write_safetensors(arguments.out, tensors, {{"view", view->specification()}});
  fmt::print("{} pictures under {}: {}\n", pixels.size(), view->specification(), arguments.out);
}

}  // namespace

void add_view(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("view", "write the pixels that an encoder would see");
  command->add_option("images", arguments->images, "picture files")->required();
  command->add_option("--view", arguments->view, "e.g. eval:256:224:bicubic, mae_train:224")->required();
  command->add_option("--channels", arguments->channels, "1 or 3")
      ->check(CLI::IsMember({1, 3}))
      ->capture_default_str();
  command->add_option("--seed", arguments->seed, "of random views")->capture_default_str();
  command
      ->add_option("--out", arguments->out,
                   "pixels.safetensors: one uint8 HWC tensor a picture, named by its path")
      ->required();
  command->callback([arguments] { write_views(*arguments); });
}

}  // namespace repbench
