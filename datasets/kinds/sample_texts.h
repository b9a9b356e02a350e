#pragma once

#include <optional>
#include <string>

#include "datasets/kinds/tar_index.h"

namespace repbench {

/// What a sample of a webdataset tar has beside its picture, by extension.
struct SampleTexts {
  std::optional<std::string> txt, json, cls;
};

/// Sets the sample's captions (txt: one; else json's "caption", "text" or "captions") and label (cls, else
/// json's "label" or "cls"); null is as good as nothing. JSON that could add nothing is not parsed. Throws
/// std::invalid_argument "expected ...; got ..." naming the sample: an empty caption, broken UTF-8 or JSON, a
/// class that is no integer from 0 on.
void read_sample_texts(const SampleTexts& texts, ShardSample& sample);

}  // namespace repbench
