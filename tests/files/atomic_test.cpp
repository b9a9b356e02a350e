#include "files/atomic.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "tests/files/error_message.h"
#include "tests/files/full_disk.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

using Names = std::vector<std::string>;

// A child process must not throw into GoogleTest, which would go on with the other tests in it.
template <class Action>
pid_t start_child(Action action) {
  const pid_t child = ::fork();
  if (child == 0) [&]() noexcept { action(); }();
  return child;
}

// Runs `action` in a child process, which is killed at its end without any clean-up.
template <class Action>
void run_and_kill(Action action) {
  const pid_t child = start_child([&] {
    action();
    ::raise(SIGKILL);
  });
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
}

TEST(AtomicFile, WritesReplacesAndReadsAnyBytes) {
  const ScratchFolder folder;
  const std::string bytes("a\0b\xff\n", 5);
  write_file_atomically(folder / "deep/er/file", "old");
  write_file_atomically(folder / "deep/er/file", bytes);
  EXPECT_EQ(read_file(folder / "deep/er/file"), bytes);
  EXPECT_EQ(names_in(folder / "deep/er"), Names{"file"});
  write_file_atomically(folder / "empty", "");
  EXPECT_EQ(read_file(folder / "empty"), "");
}

TEST(AtomicFile, ShowsTheOldContentUntilItIsCommitted) {
  const ScratchFolder folder;
  write_file_atomically(folder / "file", "old");
  {
    AtomicFile file(folder / "file");
    file.write("new");
    EXPECT_EQ(read_file(folder / "file"), "old");
  }
  EXPECT_EQ(read_file(folder / "file"), "old");
  EXPECT_EQ(names_in(folder.path()), Names{"file"});
  AtomicFile file(folder / "file");
  file.write("ne");
  file.write("w");
  file.commit();
  EXPECT_EQ(read_file(folder / "file"), "new");
  EXPECT_THROW(file.write("late"), std::logic_error);
  EXPECT_THROW(file.commit(), std::logic_error);
}

TEST(AtomicFile, NamesTheFileWhenTheDiskIsFullAndLeavesTheOldOne) {
  const ScratchFolder folder;
  const auto path = folder / "file";
  write_file_atomically(path, "old");
  const FullDisk disk(1000);
  const auto message =
      error_message<std::runtime_error>([&] { write_file_atomically(path, std::string(5000, 'x')); });
  EXPECT_EQ(message, "[write] " + path.string() + ": expected room for 4000 more bytes; got File too large");
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(names_in(folder.path()), Names{"file"});
}

TEST(AtomicFile, TakesOverWhatAKilledProcessLeft) {
  const ScratchFolder folder;
  const auto path = folder / "file";
  write_file_atomically(path, "old");
  run_and_kill([&] {
    AtomicFile* file = new AtomicFile(path);
    file->write(std::string(5000, 'x'));
  });
  EXPECT_EQ(names_in(folder.path()), (Names{"file", "file.tmp"}));
  EXPECT_EQ(read_file(path), "old");
  write_file_atomically(path, "new");
  EXPECT_EQ(read_file(path), "new");
  EXPECT_EQ(names_in(folder.path()), Names{"file"});
}

TEST(AtomicFile, TwoWritersNeverMixTheirBytes) {
  const ScratchFolder folder;
  const auto path = folder / "file";
  const auto write_often = [&](char letter) {
    for (int i = 0; i < 50; ++i) {
      AtomicFile file(path);
      for (int piece = 0; piece < 20; ++piece) file.write(std::string(100, letter));
      file.commit();
    }
  };
  std::thread first(write_often, 'a');
  std::thread second(write_often, 'b');
  first.join();
  second.join();
  const std::string bytes = read_file(path);
  EXPECT_EQ(bytes, std::string(2000, bytes.at(0)));
  EXPECT_EQ(names_in(folder.path()), Names{"file"});
}

TEST(AtomicFile, NamesAPathThatCannotBeWritten) {
  const ScratchFolder folder;
  write_file_atomically(folder / "file", "old");
  const auto write_to = [&](const fs::path& path) {
    return error_message<std::runtime_error>([&] { write_file_atomically(path, "x"); });
  };
  EXPECT_PRED2(contains, write_to(folder / "file/below/name"), (folder / "file/below").string());
  fs::create_directories(folder / "folder/x");
  EXPECT_PRED2(contains, write_to(folder / "folder"), "Is a directory");
  EXPECT_EQ(names_in(folder.path()), (Names{"file", "folder"}));
  EXPECT_THROW(write_file_atomically(folder / "slash/", "x"), std::invalid_argument);
}

TEST(AtomicFile, NamesAFolderThatIsNotWritable) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  const ScratchFolder folder;
  ::chmod(folder.path().c_str(), 0500);
  const auto message =
      error_message<std::runtime_error>([&] { write_file_atomically(folder / "file", "x"); });
  ::chmod(folder.path().c_str(), 0700);
  EXPECT_PRED2(contains, message, (folder / "file").string());
  EXPECT_PRED2(contains, message, "Permission denied");
}

TEST(ReadFile, NamesWhatItCannotRead) {
  const ScratchFolder folder;
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { read_file(folder / "none"); }),
               "No such file");
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { read_file(folder.path()); }),
               "Is a directory");
}

TEST(AtomicFolder, AppearsWholeOrNotAtAll) {
  const ScratchFolder folder;
  {
    const AtomicFolder abandoned(folder / "step");
    write_file_atomically(abandoned.path() / "a", "1");
    EXPECT_EQ(names_in(folder.path()), Names{"step.tmp"});
  }
  EXPECT_EQ(names_in(folder.path()), Names{});
  AtomicFolder step(folder / "step/");  // the slash changes nothing
  write_file_atomically(step.path() / "a", "1");
  write_file_atomically(step.path() / "sub/b", "2");
  step.commit();
  EXPECT_EQ(names_in(folder.path()), Names{"step"});
  EXPECT_EQ(names_in(folder / "step"), (Names{"a", "sub"}));
  EXPECT_EQ(read_file(folder / "step/sub/b"), "2");
  EXPECT_THROW(step.commit(), std::logic_error);
}

TEST(AtomicFolder, ReplacesAnExistingFolder) {
  const ScratchFolder folder;
  for (const std::string name : {"old", "new"}) {
    AtomicFolder step(folder / "step");
    write_file_atomically(step.path() / name, name);
    step.commit();
  }
  EXPECT_EQ(names_in(folder / "step"), Names{"new"});
  EXPECT_EQ(names_in(folder.path()), Names{"step"});
}

TEST(AtomicFolder, RemovesWhatAKilledProcessLeft) {
  const ScratchFolder folder;
  run_and_kill([&] {
    AtomicFolder* step = new AtomicFolder(folder / "step");
    write_file_atomically(step->path() / "half", "x");
  });
  EXPECT_EQ(names_in(folder / "step.tmp"), Names{"half"});
  const AtomicFolder step(folder / "step");
  EXPECT_EQ(names_in(step.path()), Names{});
}

TEST(AtomicFolder, PutsBackTheOldOneIfAProcessDiedBetweenTwoRenames) {
  const ScratchFolder folder;
  write_file_atomically(folder / "step.tmp.old/a", "old");
  write_file_atomically(folder / "step.tmp/a", "new");
  { const AtomicFolder step(folder / "step"); }
  EXPECT_EQ(read_file(folder / "step/a"), "old");
  EXPECT_EQ(names_in(folder.path()), Names{"step"});
}

TEST(AtomicFolder, DoesNotReplaceAFile) {
  const ScratchFolder folder;
  write_file_atomically(folder / "step", "precious");
  AtomicFolder step(folder / "step");
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { step.commit(); }),
               "expected a folder or nothing");
  EXPECT_EQ(read_file(folder / "step"), "precious");
}

TEST(AtomicFolder, NamesAPathThatCannotBeMade) {
  const ScratchFolder folder;
  write_file_atomically(folder / "file", "x");
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { AtomicFolder(folder / "file/step"); }),
               (folder / "file/step.tmp").string());
  for (const char* nameless : {"", "/", ".", "..", "a/.."}) {
    EXPECT_THROW(AtomicFolder{nameless}, std::invalid_argument) << nameless;
  }
}

// A reader that looks after a kill at any instant finds one generation, whole.
TEST(AtomicFolder, SurvivesAKillAtAnyInstant) {
  const ScratchFolder folder;
  for (int trial = 0; trial < 20; ++trial) {
    const pid_t child = start_child([&] {
      for (int generation = 0;; ++generation) {
        AtomicFolder step(folder / "step");
        write_file_atomically(step.path() / "a", std::to_string(generation));
        write_file_atomically(step.path() / "b", std::to_string(generation));
        step.commit();
      }
    });
    for (int wait = 0; wait < 100'000 && !fs::exists(folder / "step/b"); ++wait) ::usleep(100);
    ::usleep(static_cast<useconds_t>(trial) * 731);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ASSERT_EQ(names_in(folder / "step"), (Names{"a", "b"}));
    ASSERT_EQ(read_file(folder / "step/a"), read_file(folder / "step/b"));
  }
}

TEST(AtomicFile, DoesNotReplaceAPipe) {
  const ScratchFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_PRED2(contains,
               error_message<std::invalid_argument>([&] { write_file_atomically(folder / "pipe", "x"); }),
               "pipe");
  EXPECT_TRUE(std::filesystem::is_fifo(folder / "pipe"));
}

}  // namespace
}  // namespace repbench
