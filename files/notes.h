#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "files/json.h"
#include "files/tensor_source.h"

namespace repbench {

/// Makes the notes of a tensor file within a bound of 8 MB: what is beyond is counted and left out. Nothing
/// it makes is NaN, infinite or other than UTF-8.
class Notes {
 public:
  explicit Notes(TensorSource& source) : source_(source) {}

  /// A number; NaN and infinities become the texts "NaN", "Infinity", "-Infinity".
  std::optional<Json> number(double value);
  std::optional<Json> value(Json small);

  /// Bytes that are no UTF-8 become U+FFFD; a text of more than 64 kB is cut.
  std::optional<Json> text(std::string_view bytes);

  /// {"__class__": NAME}.
  std::optional<Json> placeholder(std::string_view class_name);

  /// An object or array of notes that were made; what holds them finds room once they did.
  Json container(Json notes);

  /// Sets a member of a JSON object, in place of an older one of that key.
  void set(Json& object, std::string_view key, Json item);

  uint64_t left_out() const { return left_out_; }

  /// Says under "__left_out__" how many notes found no room, if any did.
  void finish(Json& notes) const;

 private:
  bool has_room(uint64_t bytes);
  void take(uint64_t bytes);

  TensorSource& source_;
  uint64_t left_ = uint64_t{8} << 20;
  uint64_t left_out_ = 0;
};

}  // namespace repbench
