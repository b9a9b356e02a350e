#include <fmt/format.h>

#include <memory>

#include "datasets/kinds/listed_pictures.h"
#include "datasets/rendering.h"
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
  bool orient = false;
};

EncodedImage read_picture(const std::string& path) {
  const std::string content = read_regular_file(path);
  const auto* bytes = reinterpret_cast<const std::byte*>(content.data());
  return {{bytes, bytes + content.size()}};
}

/// A picture's tensor for each view: its path (bytes that are no UTF-8 as "\xNN"), or with several views its
/// path, ":" and the view's number.
std::string tensor_name(const std::string& path, size_t view, size_t views) {
  const std::string name = printable_name(path);
  return views == 1 ? name : fmt::format("{}:{}", name, view);
}

void write_views(const Arguments& arguments) {
  const Rendering rendering{.views = make_views(arguments.view),
                            .channels = arguments.channels,
                            .seed = arguments.seed,
                            .decoding = {.apply_orientation = arguments.orient}};
  std::vector<std::vector<uint8_t>> pixels;
  pixels.reserve(arguments.images.size() * rendering.views.size());
  std::map<std::string, TensorView> tensors;
  StageSeconds seconds;
  for (const std::string& path : arguments.images) {
    std::vector<std::span<uint8_t>> outputs;
    for (size_t v = 0; v < rendering.views.size(); ++v) {
      const int64_t size = rendering.views[v]->size();
      pixels.emplace_back(static_cast<size_t>(size * size * arguments.channels));
      outputs.emplace_back(pixels.back());
      tensors[tensor_name(path, v, rendering.views.size())] = {
          DType::u8, {size, size, arguments.channels}, std::as_bytes(std::span(pixels.back()))};
    }
    render(rendering, {path, read_picture(path), {}, {}}, 0, outputs, seconds);
  }
  const std::string specification = specification_of(rendering.views);
  write_safetensors(arguments.out, tensors, {{"view", specification}});
  fmt::print("{} pictures under {}: {}\n", arguments.images.size(), specification, arguments.out);
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
  command->add_flag("--orient", arguments->orient, "turn pictures as their EXIF orientation says");
  command
      ->add_option("--out", arguments->out,
                   "pixels.safetensors: one uint8 HWC tensor a picture, named by its path")
      ->required();
  command->footer([] { return view_help(); });
  command->callback([arguments] { write_views(*arguments); });
}

}  // namespace repbench
