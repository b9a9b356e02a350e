#pragma once

#include <map>
#include <string>

#include "tests/pretrain/tiny_mae.h"

namespace repbench {

/// A tiny ViT of each kind that is read from elsewhere, by a name that a test may carry.
inline std::map<std::string, VitOptions> tiny_vit_variants() {
  VitOptions plain = tiny_vit_options();
  plain.channels = 3;
  std::map<std::string, VitOptions> variants;
  variants["vit_learned"] = plain;
  variants["vit_learned"].variant.positions = "learned";
  VitVariant& registers = (variants["vit_registers"] = plain).variant;
  registers.positions = "learned";
  registers.register_tokens = 2;
  registers.layer_scale = true;
  VitVariant& bare = (variants["vit_bare_class"] = plain).variant;  // DeiT III, timm's DINOv2 with registers
  bare.positions = "learned";
  bare.positioned = "none";
  bare.register_tokens = 3;
  bare.layer_scale = true;
  VitVariant& distilled = (variants["vit_distilled"] = plain).variant;
  distilled.positions = "learned";
  distilled.positioned = "prefix";
  distilled.distillation_token = true;
  VitVariant& clip = (variants["vit_norm_pre"] = plain).variant;
  clip.positions = "learned";
  clip.position_resize = "antialias";
  clip.norm_pre = true;
  clip.patch_bias = false;
  clip.activation = "quick_gelu";
  variants["vit_norm_pre"].norm_eps = 1e-5;
  VitVariant& pooled = (variants["vit_fc_norm"] = plain).variant;
  pooled.final_norm = "pooled";
  pooled.qkv_bias = false;
  VitVariant& gap = (variants["vit_no_class"] = plain).variant;
  gap.positions = "learned";
  gap.class_token = false;
  VitVariant& swiglu = (variants["vit_swiglu"] = plain).variant;
  swiglu.positions = "learned";
  swiglu.layer_scale = true;
  swiglu.activation = "swiglu";
  return variants;
}

}  // namespace repbench
