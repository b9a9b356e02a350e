#include "files/tensor_file.h"

#include "files/safetensors.h"

namespace repbench {

struct TensorFile::Impl {
  explicit Impl(const std::filesystem::path& path) : file(path) {
    groups.push_back({"", file.tensors()});
    notes = file.metadata();
  }

  SafetensorsFile file;
  std::vector<TensorGroup> groups;
  Json notes;
};

TensorFile::TensorFile(const std::filesystem::path& path) : impl_(std::make_unique<Impl>(path)) {}
TensorFile::~TensorFile() = default;
TensorFile::TensorFile(TensorFile&&) noexcept = default;
TensorFile& TensorFile::operator=(TensorFile&&) noexcept = default;

const std::filesystem::path& TensorFile::path() const { return impl_->file.path(); }
std::string_view TensorFile::format() const { return "safetensors"; }
const std::vector<TensorGroup>& TensorFile::groups() const { return impl_->groups; }
const Json& TensorFile::notes() const { return impl_->notes; }
void TensorFile::release(const TensorView& view) const { impl_->file.mapping().release(view.bytes); }

}  // namespace repbench
