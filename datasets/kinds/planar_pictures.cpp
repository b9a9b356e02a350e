#include "datasets/kinds/planar_pictures.h"

#include <fmt/format.h>

#include <numeric>
#include <stdexcept>
#include <utility>

#include "files/hash.h"

namespace repbench {
namespace {

constexpr size_t kMostBytesToHash = size_t{1} << 30;

class PlanarDataset final : public Dataset {
 public:
  PlanarDataset(PlanarPictures pictures, Provenance provenance)
      : pictures_(std::move(pictures)), provenance_(std::move(provenance)) {}

  std::string name() const override { return pictures_.name; }
  std::string split() const override { return pictures_.split; }
  int64_t size() const override { return static_cast<int64_t>(pictures_.chosen.size()); }
  int channels() const override { return 3; }
  const std::vector<std::string>& class_names() const override { return pictures_.class_names; }
  const Provenance& provenance() const override { return provenance_; }

  std::string id(int64_t index) const override {
    return fmt::format("{}/{:05}", pictures_.id_prefix, position(index));
  }
  int64_t label(int64_t index) const override {
    return pictures_.labels[static_cast<size_t>(position(index))];
  }

  Example get(int64_t index) const override {
    Image image{pictures_.side, pictures_.side, 3, {}};
    const size_t plane = static_cast<size_t>(pictures_.side) * static_cast<size_t>(pictures_.side);
    image.pixels.resize(3 * plane);
    const std::byte* source = pictures_.pixels.data() + static_cast<size_t>(position(index)) * 3 * plane;
    const auto side = static_cast<size_t>(pictures_.side);
    for (size_t y = 0; y < side; ++y) {
      uint8_t* row = image.pixels.data() + y * side * 3;
      for (size_t x = 0; x < side; ++x) {
        const std::byte* from = source + (pictures_.column_major ? x * side + y : y * side + x);
        for (size_t c = 0; c < 3; ++c) row[x * 3 + c] = std::to_integer<uint8_t>(from[c * plane]);
      }
    }
    return {id(index), std::move(image), labels(index), {}};
  }

 private:
  int64_t position(int64_t index) const {
    if (index >= 0 && index < size()) return pictures_.chosen[static_cast<size_t>(index)];
    throw std::out_of_range(
        fmt::format("[{}] expected an index from 0 to {}; got {}", pictures_.kind, size() - 1, index));
  }

  PlanarPictures pictures_;
  Provenance provenance_;
};

}  // namespace

std::shared_ptr<const Dataset> make_planar_pictures(PlanarPictures pictures) {
  if (pictures.chosen.empty()) {
    pictures.chosen.resize(pictures.labels.size());
    std::iota(pictures.chosen.begin(), pictures.chosen.end(), int64_t{0});
  }
  const size_t size = 3 * static_cast<size_t>(pictures.side) * static_cast<size_t>(pictures.side);
  const bool whole = pictures.chosen.size() <= kMostBytesToHash / size;
  Sha256 hash;
  for (const std::string& name : pictures.class_names) hash.update(fmt::format("class\t{}\n", name));
  for (const int64_t position : pictures.chosen) {
    const auto at = static_cast<size_t>(position);
    hash.update(fmt::format("{}/{:05}\t{}\n", pictures.id_prefix, position, pictures.labels[at]));
    if (whole) hash.update(pictures.pixels.subspan(at * size, size));
  }
  if (!whole) hash.update(fmt::format("{}\n", pictures.pixels.size()));
  Provenance provenance{pictures.source, "", hash.hex(), whole ? "contents" : "names and sizes"};
  return std::make_shared<PlanarDataset>(std::move(pictures), std::move(provenance));
}

}  // namespace repbench
