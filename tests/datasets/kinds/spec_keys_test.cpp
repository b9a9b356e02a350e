#include "datasets/kinds/spec_keys.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/files/error_message.h"

namespace repbench {
namespace {

SpecKeys split(const std::string& path) { return split_spec({"kind", path}, {"classes", "split_column"}); }

std::string complaint(const std::string& path) {
  return error_message<std::invalid_argument>([&] { split(path); });
}

TEST(SpecKeys, StandBehindThePath) {
  const SpecKeys keys = split("/data/list.csv:classes=names.txt:split_column=my split");
  EXPECT_EQ(keys.path, "/data/list.csv");
  EXPECT_EQ(keys.get("classes"), "names.txt");
  EXPECT_EQ(keys.get("split_column"), "my split");
  EXPECT_EQ(split("/data").get("classes"), "");
  EXPECT_EQ(split("/data").path, "/data");
}

TEST(SpecKeys, LeaveOtherColonsToPathsAndValues) {
  const SpecKeys keys = split("/da:ta/a:b.csv:classes=/x:y/n=1.txt");
  EXPECT_EQ(keys.path, "/da:ta/a:b.csv");
  EXPECT_EQ(keys.get("classes"), "/x:y/n=1.txt");
  EXPECT_EQ(split("/data:Year=2007").path, "/data:Year=2007") << "keys are written in lower case";
  EXPECT_EQ(split("/data:=x").path, "/data:=x");
  EXPECT_EQ(split("/data:").path, "/data:");
}

TEST(SpecKeys, NameWhatIsWrong) {
  EXPECT_EQ(complaint(""), "[kind] expected kind:PATH; got no path");
  EXPECT_EQ(complaint(":classes=a"), "[kind] expected kind:PATH; got no path");
  EXPECT_EQ(complaint("/data:classes="), "[kind] classes: expected a value; got none");
  EXPECT_EQ(complaint("/data:classes=a:classes=b"), "[kind] classes: expected once; got twice");
  EXPECT_EQ(complaint("/data:clases=a"),
            "[kind] expected a key: classes, split_column; got 'clases' (did you mean 'classes'?)");
  const auto keyless = error_message<std::invalid_argument>([] {
    split_spec({"kind", "/data:classes=a"}, {});
  });
  EXPECT_EQ(keyless, "[kind] expected a path without keys; got classes=");
}

}  // namespace
}  // namespace repbench
