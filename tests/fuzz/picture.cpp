// Pictures of every format: whole, in their own mode and turned, a part of them, and what their headers say.
#include "datasets/images/decode.h"
#include "tests/fuzz/bounded.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace repbench;
  const auto bytes = input(data, size);
  const auto touch_pixels = [](const Image& image) { touch(std::as_bytes(std::span(image.pixels))); };
  return read_or_refused([&] {
    const PictureInfo info = picture_info(bytes, "input");
    // Larger ones are allowed, but slow.
    if (static_cast<int64_t>(info.height) * info.width > 1 << 20) return;
    if (trailing_bytes(bytes, "input") > size) std::abort();
    const CropWindow window{info.height / 3, info.width / 3, (info.height + 2) / 3, (info.width + 2) / 3};
    read_or_refused([&] { touch_pixels(decode_region(bytes, 3, window, "input")); });
    const Image image = decode_native(bytes, "input", {.apply_orientation = true});
    if (image.pixels.size() != static_cast<size_t>(image.height) * image.width * image.channels) std::abort();
    touch_pixels(convert(image, 3));
    touch_pixels(convert(image, 1));
  });
}
