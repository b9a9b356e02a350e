#pragma once

#include "datasets/images/codecs.h"

namespace repbench {

/// The orientation (1 ... 8) of a block of EXIF, with or without "Exif\0\0" before it, or, if that says
/// nothing, of a packet of XMP; 1 where neither says one of them.
int orientation_of(const Metadata& metadata);

/// Does this orientation swap height and width?
inline bool lies_on_its_side(int orientation) { return orientation >= 5 && orientation <= 8; }

/// Turned and mirrored as ImageOps.exif_transpose does; `orientation` is 1 ... 8.
void turn(Image& image, int orientation);

}  // namespace repbench
