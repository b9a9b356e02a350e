#include "files/hash.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <stdexcept>

#include "files/descriptor.h"

namespace repbench {
namespace {

void check(bool succeeded) {
  if (!succeeded)
    throw std::runtime_error("[sha256] expected OpenSSL to digest; got an error from libcrypto");
}

}  // namespace

struct Sha256::Impl {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  bool ended = false;
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {
  check(impl_->context != nullptr && EVP_DigestInit_ex(impl_->context.get(), EVP_sha256(), nullptr) == 1);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) { update(std::as_bytes(std::span(bytes))); }

void Sha256::update(std::span<const std::byte> bytes) {
  if (impl_->ended) throw std::logic_error("[sha256] expected bytes before hex(); got some after it");
  check(EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::hex() {
  if (impl_->ended) throw std::logic_error("[sha256] expected one call of hex(); got a second one");
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  check(EVP_DigestFinal_ex(impl_->context.get(), digest.data(), &size) == 1);
  impl_->ended = true;
  std::string text;
  for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string sha256(std::string_view bytes) {
  Sha256 digest;
  digest.update(bytes);
  return digest.hex();
}

std::string sha256_file(const std::filesystem::path& path) {
  Sha256 digest;
  read_pieces(path, "sha256", [&](std::string_view piece) { digest.update(piece); });
  return digest.hex();
}

}  // namespace repbench
