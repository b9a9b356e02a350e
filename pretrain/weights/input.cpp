#include "pretrain/weights/input.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace repbench {
namespace {

// By Pillow's number.
constexpr std::array<std::string_view, 6> kPillowFilters = {"nearest", "lanczos", "bilinear",
                                                            "bicubic", "box",     "hamming"};

std::string eval_view(int64_t resize, int64_t size, const std::string& interpolation) {
  return fmt::format("eval:{}:{}:{}", resize, size, interpolation);
}

std::vector<std::string> parts_of(const std::string& view) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= view.size();) {
    const size_t end = std::min(view.find(':', begin), view.size());
    parts.push_back(view.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

/// How a picture becomes a square.
enum class Fit {
  cropped,   // the shorter side is resized, the middle kept
  squashed,  // both sides are resized
  bordered   // the longer side is resized, the rest filled
};

// By Fit: what timm and open_clip call them.
constexpr std::array<const char*, 3> kCropModes = {"center", "squash", "border"};
constexpr std::array<const char*, 3> kResizeModes = {"shortest", "squash", "longest"};

/// Parts of an evaluation view that a configuration may change one by one.
struct Geometry {
  int64_t resize, size;  // resize: of the shorter side, where it is cropped
  std::string interpolation = "bicubic";
  Fit fit = Fit::cropped;

  /// Of "eval:RESIZE:SIZE:INTERPOLATION", "squash:SIZE:INTERPOLATION" or their like.
  static Geometry of(const InputSpec& input) {
    Geometry geometry{input.size, input.size};
    const std::vector<std::string> parts = parts_of(input.view);
    const bool squashed = parts[0] == "squash";
    if (squashed) geometry.fit = Fit::squashed;
    if (parts[0] == "border") geometry.fit = Fit::bordered;
    if (geometry.fit == Fit::cropped && parts.size() > 2) geometry.resize = std::stoll(parts[1]);
    const size_t filter = squashed ? 2 : 3;
    if (parts.size() > filter) geometry.interpolation = parts[filter];
    return geometry;
  }

  void write(InputSpec& input) const {
    input.size = size;
    switch (fit) {
      case Fit::cropped:
        input.view = eval_view(resize, size, interpolation);
        break;
      case Fit::squashed:
        input.view = fmt::format("squash:{}:{}", size, interpolation);
        break;
      case Fit::bordered:
        input.view = fmt::format("border:{}:1:{}:0,0,0", size, interpolation);
        break;
    }
  }
};

bool is_numbers(const Json& value, size_t count) {
  return value.is_array() && value.size() == count &&
         std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_number(); });
}

/// Warns where a configuration asks for what is not done here.
void expect_setting(const Json& from, const char* key, const Json& wanted, const char* consequence,
                    std::vector<std::string>& warnings) {
  const Json got = from.value(key, wanted);
  if (got == wanted || got.is_null()) return;
  warnings.push_back(fmt::format("the configuration says {} = {}; {}", key, brief_json(got), consequence));
}

void set_statistics(const Json& from, const char* mean, const char* std, InputSpec& input) {
  const auto channels = static_cast<size_t>(input.channels);
  for (const auto& [key, target] : {std::pair(mean, &input.mean), std::pair(std, &input.std)}) {
    if (from.contains(key) && from[key].is_number()) target->assign(channels, from[key].get<double>());
  }
  if (from.contains(mean) && is_numbers(from[mean], channels))
    input.mean = from[mean].get<std::vector<double>>();
  if (from.contains(std) && is_numbers(from[std], channels)) input.std = from[std].get<std::vector<double>>();
}

/// 224 of 224, [3, 224, 224], {"shortest_edge": 224} or {"height": 224, "width": 224}; 0 if it is none of
/// these.
int64_t side_of(const Json& value) {
  if (value.is_number_integer()) return value.get<int64_t>();
  if (value.is_array() && !value.empty()) return side_of(value.back());
  for (const char* key : {"shortest_edge", "height"}) {
    if (value.is_object() && value.contains(key)) return side_of(value[key]);
  }
  return 0;
}

std::string known_interpolation(const std::string& name, std::vector<std::string>& warnings) {
  if (std::find(kPillowFilters.begin(), kPillowFilters.end(), name) != kPillowFilters.end()) return name;
  if (name == "random" || name.empty()) return "bicubic";
  warnings.push_back(fmt::format("pictures are resized bicubically; the configuration says {}", name));
  return "bicubic";
}

}  // namespace

InputSpec imagenet_input(int64_t channels, int64_t size, int64_t resize) {
  InputSpec input{
      channels, size, eval_view(resize, size, "bicubic"), {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
  if (channels == 1) {
    input.mean = {0.449};
    input.std = {0.226};
  }
  return input;
}

InputSpec clip_input(int64_t channels, int64_t size) {
  InputSpec input{channels,
                  size,
                  eval_view(size, size, "bicubic"),
                  {0.48145466, 0.4578275, 0.40821073},
                  {0.26862954, 0.26130258, 0.27577711}};
  if (channels == 1) {
    input.mean = {0.449};
    input.std = {0.269};
  }
  return input;
}

void apply_timm(const Json& pretrained, InputSpec& input, std::vector<std::string>& warnings) {
  if (!pretrained.is_object()) return;
  set_statistics(pretrained, "mean", "std", input);
  if (const Json size = pretrained.value("input_size", Json());
      size.is_array() && size.size() == 3 && size.back() != input.size) {
    warnings.push_back(
        fmt::format("the configuration says input_size = {}; the positions are of {} pixels, which are used",
                    brief_json(size), input.size));
  }
  Geometry geometry{input.size, input.size};
  // Weights of a fixed input size are as their positions; the configuration may only confirm it.
  const Json crop = pretrained.value("crop_pct", Json(1.0));
  if (crop.is_number() && crop.get<double>() > 0.1) {
    geometry.resize = static_cast<int64_t>(std::floor(static_cast<double>(input.size) / crop.get<double>()));
  }
  const Json interpolation = pretrained.value("interpolation", Json("bicubic"));
  if (interpolation.is_string()) geometry.interpolation = known_interpolation(interpolation, warnings);
  if (pretrained.value("crop_mode", Json("center")) == "squash" && geometry.resize == geometry.size) {
    geometry.fit = Fit::squashed;
  } else {
    expect_setting(pretrained, "crop_mode", "center", "here the middle is cropped", warnings);
  }
  geometry.write(input);
}

void apply_open_clip(const Json& preprocess, InputSpec& input, std::vector<std::string>& warnings) {
  if (!preprocess.is_object()) return;
  set_statistics(preprocess, "mean", "std", input);
  Geometry geometry{input.size, input.size};
  const Json interpolation = preprocess.value("interpolation", Json("bicubic"));
  if (interpolation.is_string()) geometry.interpolation = known_interpolation(interpolation, warnings);
  const Json mode = preprocess.value("resize_mode", Json("shortest"));
  if (mode == "squash") {
    geometry.fit = Fit::squashed;
  } else if (mode == "longest") {
    geometry.fit = Fit::bordered;
  } else if (mode != "shortest") {
    warnings.push_back(
        fmt::format("the configuration resizes pictures by '{}'; here the shorter side is resized and the "
                    "middle is cropped",
                    mode.is_string() ? mode.get<std::string>() : mode.dump()));
  }
  geometry.write(input);
}

void apply_hugging_face(const Json& preprocessor, InputSpec& input, std::vector<std::string>& warnings) {
  if (!preprocessor.is_object()) return;
  set_statistics(preprocessor, "image_mean", "image_std", input);
  expect_setting(preprocessor, "do_resize", true, "here pictures are always resized", warnings);
  expect_setting(preprocessor, "do_rescale", true, "here bytes are always scaled to [0, 1]", warnings);
  if (const Json factor = preprocessor.value("rescale_factor", Json());
      factor.is_number() && std::abs(factor.get<double>() * 255 - 1) > 1e-6)
    warnings.push_back(
        fmt::format("the configuration says rescale_factor = {}; here it is 1 / 255", factor.dump()));
  if (preprocessor.value("do_normalize", Json(true)) == false) {
    input.mean.assign(input.mean.size(), 0.0);
    input.std.assign(input.std.size(), 1.0);
  }
  Geometry geometry{input.size, input.size};
  const Json size = preprocessor.value("size", Json());
  const int64_t resize = side_of(size), crop = side_of(preprocessor.value("crop_size", Json()));
  const Json crops = preprocessor.value("do_center_crop", Json());
  const bool cropped = crops == true && crop > 0;
  if (cropped) geometry.size = crop;
  if (resize > 0) geometry.resize = resize;
  if (!cropped && resize > 0) geometry.size = resize;
  geometry.resize = std::max(geometry.resize, geometry.size);
  const Json filter = preprocessor.value("resample", Json(3));
  if (filter.is_number_unsigned() && filter.get<size_t>() < kPillowFilters.size()) {
    geometry.interpolation = kPillowFilters[filter.get<size_t>()];
  }
  if (size.is_object() && size.contains("longest_edge") && !size.contains("shortest_edge"))
    warnings.emplace_back(
        "the configuration resizes the longer side; here the shorter side is resized and the middle cropped");
  const Json crop_size = preprocessor.value("crop_size", Json());
  if (cropped && crop_size.is_object() &&
      crop_size.value("height", Json()) != crop_size.value("width", Json()))
    warnings.push_back(fmt::format("the configuration crops {}; here the crop is a square of {}",
                                   brief_json(crop_size), crop));
  if (!cropped && size.is_object() && size.contains("height")) {
    geometry.fit = Fit::squashed;
    if (size.value("width", Json()) != size["height"])
      warnings.push_back(fmt::format("the configuration resizes pictures to {}; here to a square of {}",
                                     brief_json(size), geometry.size));
  }
  geometry.write(input);
}

Json timm_pretrained_cfg(const InputSpec& input) {
  const Geometry geometry = Geometry::of(input);
  return {{"tag", "repbench"},
          {"custom_load", false},
          {"input_size", {input.channels, input.size, input.size}},
          {"fixed_input_size", true},
          {"interpolation", geometry.interpolation},
          {"crop_pct", static_cast<double>(input.size) / static_cast<double>(geometry.resize)},
          {"crop_mode", kCropModes[static_cast<size_t>(geometry.fit)]},
          {"mean", input.mean},
          {"std", input.std},
          {"num_classes", 0},
          {"pool_size", nullptr},
          {"first_conv", "patch_embed.proj"},
          {"classifier", "head"}};
}

Json open_clip_preprocess_cfg(const InputSpec& input) {
  return {{"mean", input.mean},
          {"std", input.std},
          {"interpolation", Geometry::of(input).interpolation},
          {"resize_mode", kResizeModes[static_cast<size_t>(Geometry::of(input).fit)]}};
}

Json hugging_face_preprocessor(const InputSpec& input) {
  const Geometry geometry = Geometry::of(input);
  const auto filter = std::find(kPillowFilters.begin(), kPillowFilters.end(), geometry.interpolation);
  Json json = {{"do_resize", true},        {"resample", filter - kPillowFilters.begin()},
               {"do_rescale", true},       {"rescale_factor", 1.0 / 255.0},
               {"do_normalize", true},     {"do_convert_rgb", true},
               {"image_mean", input.mean}, {"image_std", input.std}};
  const Json square = {{"height", input.size}, {"width", input.size}};
  if (geometry.fit == Fit::squashed) {
    json["image_processor_type"] = "ViTImageProcessor";
    json["size"] = square;
  } else {  // resizes the shorter side and crops
    json["image_processor_type"] = "CLIPImageProcessor";
    json["size"] = {{"shortest_edge", geometry.resize}};
    json["do_center_crop"] = true;
    json["crop_size"] = square;
  }
  return json;
}

void warn_of_other_statistics(const InputSpec& got, const InputSpec& usual, const std::string& family,
                              std::vector<std::string>& warnings) {
  if (got.mean == usual.mean && got.std == usual.std) return;
  warnings.push_back(fmt::format("mean and std are {} and {} by the configuration; {} uses {} and {}",
                                 got.mean, got.std, family, usual.mean, usual.std));
}

}  // namespace repbench
