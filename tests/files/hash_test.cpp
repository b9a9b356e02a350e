#include "files/hash.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "files/atomic.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

// FIPS 180-2, appendix B, and the digest of nothing.
constexpr auto abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr auto nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr auto million = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256, AgreesWithThePublishedDigests) {
  EXPECT_EQ(sha256("abc"), abc);
  EXPECT_EQ(sha256(""), nothing);
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')), million);
}

TEST(Sha256, DoesNotDependOnHowTheBytesAreCut) {
  Sha256 digest;
  digest.update("a");
  digest.update("");
  digest.update(std::as_bytes(std::span("bc", 2)));
  Sha256 moved = std::move(digest);
  EXPECT_EQ(moved.hex(), abc);
}

TEST(Sha256, TakesNothingAfterItsEnd) {
  Sha256 digest;
  digest.hex();
  EXPECT_THROW(digest.update("late"), std::logic_error);
  EXPECT_THROW(digest.hex(), std::logic_error);
}

TEST(Sha256, DigestsAFileOfSeveralPieces) {
  const ScratchFolder folder;
  write_file_atomically(folder / "file", std::string(1'000'000, 'a'));
  EXPECT_EQ(sha256_file(folder / "file"), million);
}

TEST(Sha256, NamesTheFileThatItCannotRead) {
  const ScratchFolder folder;
  const auto missing = folder / "missing";
  const auto message = error_message<std::runtime_error>([&] { sha256_file(missing); });
  EXPECT_EQ(message,
            "[sha256] " + missing.string() + ": expected a readable file; got No such file or directory");
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { sha256_file(folder.path()); }),
               "Is a directory");
}

}  // namespace
}  // namespace repbench
