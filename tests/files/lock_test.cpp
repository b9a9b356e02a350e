#include "files/lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "files/atomic.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

// A child process that holds the lock until it is killed.
pid_t start_holder(const std::filesystem::path& path) {
  std::array<int, 2> ready{};
  EXPECT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = FileLock::try_acquire(path);
    const char answer = lock ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char answer = 0;
  EXPECT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  ::close(ready[0]);
  ::close(ready[1]);
  return child;
}

TEST(FileLock, IsRefusedWhileAnotherProcessHoldsItAndFreeWhenThatIsKilled) {
  const ScratchFolder folder;
  const auto path = folder / "cell.lock";
  const pid_t holder = start_holder(path);
  EXPECT_FALSE(FileLock::try_acquire(path));
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  EXPECT_TRUE(FileLock::try_acquire(path));
}

TEST(FileLock, IsRefusedASecondTimeInTheSameProcess) {
  const ScratchFolder folder;
  auto lock = FileLock::try_acquire(folder / "cell.lock");
  ASSERT_TRUE(lock);
  EXPECT_FALSE(FileLock::try_acquire(folder / "cell.lock"));
  EXPECT_TRUE(FileLock::try_acquire(folder / "other.lock"));
  lock.reset();
  EXPECT_TRUE(FileLock::try_acquire(folder / "cell.lock"));
}

TEST(FileLock, SurvivesAMove) {
  const ScratchFolder folder;
  std::optional<FileLock> lock = FileLock::try_acquire(folder / "cell.lock");
  FileLock moved = std::move(*lock);
  lock.reset();
  EXPECT_FALSE(FileLock::try_acquire(folder / "cell.lock"));
}

TEST(FileLock, CreatesMissingFoldersAndNamesThePathItCannotMake) {
  const ScratchFolder folder;
  EXPECT_TRUE(FileLock::try_acquire(folder / "a/b/cell.lock"));
  write_file_atomically(folder / "file", "");
  const auto path = folder / "file/cell.lock";
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { FileLock::try_acquire(path); }),
               (folder / "file").string());
}

}  // namespace
}  // namespace repbench
