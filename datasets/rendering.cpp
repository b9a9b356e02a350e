#include "datasets/rendering.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "datasets/random.h"

namespace repbench {
namespace {

// Far from the items of other examples: their keys are hashes too.
constexpr uint64_t kBetweenViews = 0x9e3779b97f4a7c15u;

class Stopwatch {
 public:
  /// Seconds since the last lap.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - start_).count();
    start_ = now;
    return seconds;
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// The smallest window that holds both.
CropWindow hull(const CropWindow& a, const CropWindow& b) {
  const int top = std::min(a.top, b.top), left = std::min(a.left, b.left);
  return {top, left, std::max(a.top + a.height, b.top + b.height) - top,
          std::max(a.left + a.width, b.left + b.width) - left};
}

// One example on its way.
class Renderer {
 public:
  Renderer(const Rendering& rendering, const Example& example, uint64_t epoch)
      : rendering_(rendering), example_(example), epoch_(epoch), key_(hash64(example.id)) {}

  void decode_picture() {
    const bool native = any_view([](const ViewTransform& view) { return view.native(); });
    const bool plain = any_view([](const ViewTransform& view) { return !view.native(); });
    if (const auto* image = std::get_if<Image>(&example_.picture)) {
      native_ = image;
      if (plain) use_plain(*image);
      return;
    }
    const std::vector<std::byte>& bytes = std::get<EncodedImage>(example_.picture).bytes;
    if (native) {
      decoded_ = decode_native(bytes, example_.id, rendering_.decoding);
      native_ = &decoded_;
      if (plain) use_plain(decoded_);
    } else if (rendering_.regions && !rendering_.decoding.apply_orientation) {
      decode_part(bytes);
    } else {
      plain_ = decode(bytes, rendering_.channels, example_.id, rendering_.decoding);
      part_ = whole(plain_);
    }
  }

  void write_views(std::span<const std::span<uint8_t>> outputs) const {
    for (size_t v = 0; v < rendering_.views.size(); ++v) {
      const ViewTransform& view = *rendering_.views[v];
      RandomStream stream = stream_of(v);
      if (view.native()) {
        view.apply_native(*native_, rendering_.channels, stream, outputs[v]);
      } else {
        view.apply(part_, stream, outputs[v]);
      }
    }
  }

 private:
  template <typename Is>
  bool any_view(Is is) const {
    return std::any_of(rendering_.views.begin(), rendering_.views.end(),
                       [&](const auto& view) { return is(*view); });
  }

  RandomStream stream_of(size_t view) const {
    return {rendering_.seed, Purpose::view, epoch_, key_ + view * kBetweenViews};
  }

  static PicturePart whole(const Image& image) { return {view_of(image), 0, 0, image.height, image.width}; }

  void use_plain(const Image& image) {
    const bool fits = image.kind == PixelKind::plain && image.channels == rendering_.channels;
    if (!fits) plain_ = convert(image, rendering_.channels);
    part_ = whole(fits ? image : plain_);
  }

  // What is drawn is known before anything is decoded.
  void decode_part(std::span<const std::byte> bytes) {
    const PictureInfo info = picture_info(bytes, example_.id);
    CropWindow window = rendering_.views[0]->source(info.height, info.width, stream_of(0));
    for (size_t v = 1; v < rendering_.views.size(); ++v)
      window = hull(window, rendering_.views[v]->source(info.height, info.width, stream_of(v)));
    plain_ = decode_region(bytes, rendering_.channels, window, example_.id);
    part_ = {view_of(plain_), window.top, window.left, info.height, info.width};
  }

  const Rendering& rendering_;
  const Example& example_;
  uint64_t epoch_, key_;
  Image decoded_, plain_;
  const Image* native_ = nullptr;
  PicturePart part_{};
};

}  // namespace

StageSeconds& StageSeconds::operator+=(const StageSeconds& other) {
  read += other.read;
  decode += other.decode;
  view += other.view;
  return *this;
}

void render(const Rendering& rendering, const Example& example, uint64_t epoch,
            std::span<const std::span<uint8_t>> outputs, StageSeconds& seconds) {
  Stopwatch watch;
  Renderer renderer(rendering, example, epoch);
  renderer.decode_picture();
  seconds.decode += watch.lap();
  renderer.write_views(outputs);
  seconds.view += watch.lap();
}

}  // namespace repbench
