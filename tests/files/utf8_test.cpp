#include "files/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace repbench {
namespace {

TEST(Utf8, TakesWhatIsWellFormed) {
  for (const std::string text : {"", "plain", "\x7f", "caf\xC3\xA9", "\xE0\xA0\x80", "\xED\x9F\xBF",
                                 "\xEF\xBF\xBF", "\xE2\x82\xAC", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_FALSE(find_broken_utf8(text)) << text;
  }
  EXPECT_FALSE(find_broken_utf8(std::string(1, '\0')));
}

TEST(Utf8, FindsTheFirstByteOfWhatIsNot) {
  for (const std::string broken :
       {"\x80", "\xFF", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xE2\x82",
        "\xE2(\xA1", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF0\x9F\x98"}) {
    EXPECT_EQ(find_broken_utf8(broken), 0u);
    EXPECT_EQ(find_broken_utf8("caf\xC3\xA9 " + broken), 6u);
  }
}

}  // namespace
}  // namespace repbench
