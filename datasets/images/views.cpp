#include "datasets/images/views.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "datasets/images/operations.h"
#include "datasets/images/square_view.h"
#include "files/nearest.h"

namespace repbench {
namespace {

constexpr size_t kMostViews = 64;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(separator, start), text.size());
    pieces.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return pieces;
}

std::vector<ViewKind> view_kinds() {
  std::vector<ViewKind> kinds(eval_views().begin(), eval_views().end());
  kinds.insert(kinds.end(), crop_views().begin(), crop_views().end());
  return kinds;
}

std::unique_ptr<ViewTransform> make_geometry(std::string_view specification) {
  ViewParts parts(specification);
  std::vector<std::string> names, forms;
  for (const ViewKind& kind : view_kinds()) {
    if (parts.kind() != kind.name) {
      names.emplace_back(kind.name);
      forms.emplace_back(kind.form);
      continue;
    }
    if (parts.count() < 1 || parts.count() > kind.most_parts) {
      parts.fail(kind.form, fmt::format("{} parts after the kind", parts.count()));
    }
    parts.take_version(kind.version);
    return kind.make(parts);
  }
  parts.fail(fmt::format("{}", fmt::join(forms, ", ")),
             fmt::format("'{}'{}", parts.kind(), did_you_mean(parts.kind(), names)));
}

// A geometry, and what happens to its pixels afterwards.
class ChainedView final : public ViewTransform {
 public:
  ChainedView(std::unique_ptr<ViewTransform> geometry,
              std::vector<std::unique_ptr<PixelOperation>> operations)
      : geometry_(std::move(geometry)), operations_(std::move(operations)) {}

  std::string specification() const override {
    std::string text = geometry_->specification();
    for (const auto& operation : operations_) text += '+' + operation->specification();
    return text;
  }
  int size() const override { return geometry_->size(); }
  bool native() const override { return geometry_->native(); }
  bool random() const override {
    return geometry_->random() || std::any_of(operations_.begin(), operations_.end(),
                                              [](const auto& operation) { return operation->random(); });
  }

  CropWindow source(int height, int width, RandomStream stream) const override {
    return geometry_->source(height, width, stream);
  }

  void apply(const PicturePart& part, RandomStream& stream, std::span<uint8_t> output) const override {
    geometry_->apply(part, stream, output);
    operate(part.pixels.channels, stream, output);
  }

  void apply_native(const Image& image, int channels, RandomStream& stream,
                    std::span<uint8_t> output) const override {
    geometry_->apply_native(image, channels, stream, output);
    operate(channels, stream, output);
  }

 private:
  void operate(int channels, RandomStream& stream, std::span<uint8_t> output) const {
    const PixelBuffer pixels{output.data(), size(), size(), channels};
    for (const auto& operation : operations_) operation->apply(pixels, stream);
  }

  std::unique_ptr<ViewTransform> geometry_;
  std::vector<std::unique_ptr<PixelOperation>> operations_;
};

// "6*crop:96": how often, and what.
std::pair<size_t, std::string_view> repeated(std::string_view text) {
  const size_t star = text.find('*');
  if (star == std::string_view::npos) return {1, text};
  size_t times = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + star, times);
  if (error != std::errc() || end != text.data() + star || times < 1 || times > kMostViews) {
    throw std::invalid_argument(
        fmt::format("[view] {}: expected a count between 1 and {} before '*'; got '{}'", text, kMostViews,
                    text.substr(0, star)));
  }
  return {times, text.substr(star + 1)};
}

}  // namespace

void ViewTransform::apply_native(const Image&, int, RandomStream&, std::span<uint8_t>) const {
  throw std::logic_error(fmt::format(
      "[view] {}: expected a view that resizes before it converts; got a plain one", specification()));
}

void ViewTransform::apply(const Image& image, RandomStream& stream, std::span<uint8_t> output) const {
  if (image.kind != PixelKind::plain) {
    throw std::logic_error(
        fmt::format("[view] {}: expected a plain picture; got one in its own mode", specification()));
  }
  apply(whole_picture(view_of(image)), stream, output);
}

std::unique_ptr<ViewTransform> make_view(std::string_view specification) {
  const std::vector<std::string_view> pieces = split(specification, '+');
  std::unique_ptr<ViewTransform> geometry = make_geometry(pieces.front());
  if (pieces.size() == 1) return geometry;
  std::vector<std::unique_ptr<PixelOperation>> operations;
  for (size_t i = 1; i < pieces.size(); ++i) operations.push_back(make_operation(pieces[i]));
  return std::make_unique<ChainedView>(std::move(geometry), std::move(operations));
}

std::vector<std::shared_ptr<const ViewTransform>> make_views(std::string_view specification) {
  std::vector<std::shared_ptr<const ViewTransform>> views;
  for (const std::string_view piece : split(specification, ';')) {
    const auto [times, text] = repeated(piece);
    if (views.size() + times > kMostViews) {
      throw std::invalid_argument(fmt::format("[view] {}: expected at most {} views; got {} or more",
                                              specification, kMostViews, views.size() + times));
    }
    views.insert(views.end(), times, std::shared_ptr<const ViewTransform>(make_view(text)));
  }
  return views;
}

std::string specification_of(std::span<const std::shared_ptr<const ViewTransform>> views) {
  std::string text;
  for (size_t i = 0, end = 0; i < views.size(); i = end) {
    const std::string one = views[i]->specification();
    while (end < views.size() && views[end]->specification() == one) ++end;
    if (i > 0) text += ';';
    text += end - i > 1 ? fmt::format("{}*{}", end - i, one) : one;
  }
  return text;
}

std::string view_help() {
  std::string text =
      "A view is a geometry, and operations after it: GEOMETRY+OPERATION+...; several views of one "
      "picture:\nCOUNT*VIEW;VIEW. Trailing parts have defaults.\n\ngeometries:\n";
  for (const ViewKind& kind : view_kinds()) text += fmt::format("  {}\n", kind.form);
  text += "operations:\n";
  for (const std::string_view form : operation_forms()) text += fmt::format("  {}\n", form);
  return text;
}

}  // namespace repbench
