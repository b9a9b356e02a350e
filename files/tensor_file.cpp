#include "files/tensor_file.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "files/descriptor.h"
#include "files/npy.h"
#include "files/safetensors_shards.h"
#include "files/tensor_contents.h"
#include "files/tensor_format.h"
#include "files/tensor_source.h"
#include "files/torch_file.h"
#include "files/zip.h"

namespace repbench {
namespace {

TensorContents read_zip(TensorSource& source) {
  const ZipArchive archive(source);
  if (is_torch(archive)) return read_torch(source, archive);
  if (is_npz(archive)) return read_npz(source, archive);
  source.fail("expected a zip archive of torch (NAME/data.pkl) or numpy (NAME.npy); got " +
              (archive.entries().empty()
                   ? "an empty one"
                   : "one that begins with " + in_quotes(archive.entries().front().name)));
}

}  // namespace

struct TensorFile::Impl {
  explicit Impl(const std::filesystem::path& file) : path(file), source(file) { read(folder_of(file)); }
  Impl(std::span<const std::byte> bytes, const std::string& name) : path(name), source(bytes, name) {
    read({});
  }

  // The shards of an index lie in `folder`, if there is one.
  void read(const std::optional<std::filesystem::path>& folder) {
    contents = [&]() -> TensorContents {
      switch (kind_of_file(source.bytes())) {
        case FileKind::safetensors:
          return read_safetensors_contents(source);
        case FileKind::zip:
          return read_zip(source);
        case FileKind::torch_legacy:
          return read_torch_legacy(source);
        case FileKind::npy:
          return read_npy(source);
        case FileKind::shard_index:
          if (folder) return read_shards(source, *folder, shards);
          source.fail("expected a file of tensors; got JSON");
        case FileKind::unknown:
          break;
      }
      source.fail("expected a file of tensors (safetensors, torch.save, TorchScript, npz, npy); got " +
                  describe_unknown_file(source.bytes()));
    }();
  }

  std::filesystem::path path;
  TensorSource source;
  std::vector<std::unique_ptr<TensorSource>> shards;
  TensorContents contents;
};

TensorFile::TensorFile(const std::filesystem::path& path) : impl_(std::make_unique<Impl>(path)) {}
TensorFile::TensorFile(std::span<const std::byte> bytes, const std::string& name)
    : impl_(std::make_unique<Impl>(bytes, name)) {}
TensorFile::~TensorFile() = default;
TensorFile::TensorFile(TensorFile&&) noexcept = default;
TensorFile& TensorFile::operator=(TensorFile&&) noexcept = default;

const std::filesystem::path& TensorFile::path() const { return impl_->path; }
std::string_view TensorFile::format() const { return impl_->contents.format; }
const std::vector<TensorGroup>& TensorFile::groups() const { return impl_->contents.groups; }
const Json& TensorFile::notes() const { return impl_->contents.notes; }

// A source leaves bytes alone that are not of its file.
void TensorFile::release(const TensorView& view) const {
  impl_->source.release(view.bytes);
  for (const auto& shard : impl_->shards) shard->release(view.bytes);
}

}  // namespace repbench
