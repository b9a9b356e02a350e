#include "datasets/kinds/shard_files.h"

#include <fmt/format.h>

#include <stdexcept>

namespace repbench {
namespace {

constexpr size_t kMostOpen = 256;

}  // namespace

std::shared_ptr<const Descriptor> ShardFiles::open(size_t shard) {
  const std::lock_guard lock(mutex_);
  if (open_[shard] != nullptr) return open_[shard];
  const File& file = files_[shard];
  if (stamp_of(file.path) != file.stamp) {
    throw std::runtime_error(fmt::format(
        "[shards] {}: expected the file that was there at the start; got another one", file.path.string()));
  }
  if (order_.size() == kMostOpen) {
    open_[order_.front()].reset();
    order_.pop_front();
  }
  open_[shard] = std::make_shared<const Descriptor>(open_for_reading(file.path, "shards"));
  order_.push_back(shard);
  return open_[shard];
}

}  // namespace repbench
