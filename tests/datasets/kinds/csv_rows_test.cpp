#include "datasets/kinds/csv_rows.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/files/error_message.h"

namespace repbench {
namespace {

using Rows = std::vector<std::vector<std::string>>;

const std::filesystem::path kPath = "list.csv";

Rows read(std::string_view content, char delimiter) {
  CsvRows rows(content, kPath, delimiter, "kind");
  Rows result;
  for (std::vector<std::string> row; rows.next(row);) result.push_back(row);
  return result;
}

// What Python's csv.reader gives for these texts.
TEST(CsvRows, ReadAsPythonDoes) {
  EXPECT_EQ(read("a,b\n1,2\n", ','), (Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(read("a,b\r\n\r\n1,2", ','), (Rows{{"a", "b"}, {"1", "2"}})) << "CRLF, and empty lines";
  EXPECT_EQ(read("\"a, b\",\"say \"\"hi\"\"\"\n", ','), (Rows{{"a, b", "say \"hi\""}}));
  EXPECT_EQ(read("\"two\nlines\",x\n", ','), (Rows{{"two\nlines", "x"}}));
  EXPECT_EQ(read("a\"b,\"c\"d\n", ','), (Rows{{"a\"b", "cd"}})) << "a quote inside of a field is itself";
  EXPECT_EQ(read(",\n", ','), (Rows{{"", ""}}));
  EXPECT_EQ(read("a,b\tc", '\t'), (Rows{{"a,b", "c"}}));
  EXPECT_EQ(read("", ','), Rows{});
}

TEST(CsvRows, CountLinesWithinQuotesToo) {
  CsvRows rows("a\n\"b\nb\"\n\nc\n", kPath, ',');
  std::vector<std::string> row;
  for (const size_t line : {1U, 2U, 5U}) {
    ASSERT_TRUE(rows.next(row));
    EXPECT_EQ(rows.line(), line);
  }
  EXPECT_FALSE(rows.next(row));
}

TEST(CsvRows, NameAQuoteThatIsNeverClosed) {
  const auto message = error_message<std::runtime_error>([] { read("a,b\n1,\"2\n3,4\n", ','); });
  EXPECT_EQ(message, "[kind] list.csv:2: expected a quote that closes the field; got the end of the file");
}

}  // namespace
}  // namespace repbench
