// The chain of a JPEG file's segments, walked without decoding.
#include <string_view>

#include "datasets/images/byte_order.h"
#include "datasets/images/codecs.h"

namespace repbench {
namespace {

using namespace std::string_view_literals;

constexpr uint32_t kStartOfScan = 0xda, kEndOfImage = 0xd9, kApp1 = 0xe1;

bool stands_alone(uint32_t marker) { return marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8); }

/// Position of the 0xff of the next marker; a stuffed or filling 0xff is none, nor, within a scan, a restart.
size_t next_marker(Bytes bytes, size_t at, bool in_scan) {
  for (; at + 1 < bytes.size(); ++at) {
    if (byte_at(bytes, at) != 0xff) continue;
    const uint32_t marker = byte_at(bytes, at + 1);
    if (marker == 0x00 || marker == 0xff || (in_scan && marker >= 0xd0 && marker <= 0xd7)) continue;
    return at;
  }
  return bytes.size();
}

/// Calls `visit(marker, payload)` for each segment until it says false; returns where the walk ended.
template <typename Visit>
size_t walk(Bytes bytes, Visit visit) {
  bool in_scan = false;
  for (size_t at = 2; (at = next_marker(bytes, at, in_scan)) + 1 < bytes.size();) {
    const uint32_t marker = byte_at(bytes, at + 1);
    at += 2;
    if (marker == kEndOfImage) return at;
    if (stands_alone(marker)) continue;
    const size_t length = big16(bytes, at);
    if (!visit(marker, length < 2 ? Bytes{} : part(bytes, at + 2, length - 2))) return at;
    in_scan = marker == kStartOfScan;
    at += length;
  }
  return bytes.size();
}

bool starts_with(Bytes bytes, std::string_view text) {
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()).starts_with(text);
}

}  // namespace

size_t jpeg_end(Bytes bytes) {
  return walk(bytes, [](uint32_t, Bytes) { return true; });
}

Metadata jpeg_metadata(Bytes bytes) {
  Metadata metadata;
  walk(bytes, [&](uint32_t marker, Bytes payload) {
    if (marker == kApp1 && metadata.exif.empty() && starts_with(payload, "Exif\0\0"sv))
      metadata.exif = payload;
    if (marker == kApp1 && starts_with(payload, "http://ns.adobe.com/xap/1.0/\0"sv)) metadata.xmp = payload;
    return marker != kStartOfScan;
  });
  return metadata;
}

}  // namespace repbench
