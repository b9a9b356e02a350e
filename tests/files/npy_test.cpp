#include <gtest/gtest.h>

#include <string>

#include "files/npy_header.h"
#include "files/tensor_file.h"
#include "tests/files/error_message.h"
#include "tests/files/tensor_files.h"
#include "tests/files/zip_writer.h"

namespace repbench {
namespace {

std::string npy(const std::string& header, const std::string& data, char version = 1) {
  const auto size = static_cast<uint32_t>(header.size());
  const std::string length = version == 1 ? little_endian(static_cast<uint16_t>(size)) : little_endian(size);
  return std::string("\x93NUMPY") + version + '\0' + length + header + data;
}

std::string header(const std::string& descr, const std::string& shape, const char* fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

TEST(Npy, ParsesTheHeadersThatNumpyWrites) {
  for (const char* text : {"{'descr': '<f4', 'fortran_order': True, 'shape': (3, 4), }          \n",
                           "{\"shape\":(3,4),\"descr\":\"<f4\",\"fortran_order\":True}",
                           "{'descr': '<f4', 'fortran_order': True, 'shape': (3L, 4L)}"}) {
    const auto layout = parse_npy_header(text);
    ASSERT_TRUE(layout) << text;
    EXPECT_EQ(layout->descr, "<f4");
    EXPECT_TRUE(layout->fortran_order);
    EXPECT_EQ(layout->shape, (std::vector<int64_t>{3, 4}));
  }
  EXPECT_EQ(parse_npy_header(header("<f4", "()"))->shape.size(), 0U);
  EXPECT_EQ(parse_npy_header(header("<f4", "(7,)"))->shape, std::vector<int64_t>{7});
}

TEST(Npy, RefusesEveryOtherHeader) {
  const std::string good = "'descr': '<f4', 'fortran_order': True, 'shape': (3,)";
  EXPECT_TRUE(parse_npy_header("{" + good + "}"));
  for (const std::string& text :
       {std::string(), std::string("{}"), good, "{" + good, "{" + good + "}x",
        "{" + good + ", 'shape': (3,)}", "{" + good + ", 'more': 1}",
        std::string("{'descr': '<f4', 'fortran_order': 1, 'shape': (3,)}"),
        std::string("{'descr': '<f4', 'fortran_order': True, 'shape': (-3,)}"),
        std::string("{'descr': '<f4', 'fortran_order': True, 'shape': (3}"),
        std::string("{'descr': '<f4' 'fortran_order': True, 'shape': (3,)}"),
        std::string("{'descr': __import__('os'), 'fortran_order': True, 'shape': (3,)}"),
        std::string("{'descr': '<f4', 'fortran_order': True, 'shape': (99999999999999999999,)}")}) {
    EXPECT_FALSE(parse_npy_header(text)) << text;
  }
}

TEST(Npy, RefusesShapesThatAreNotTheSizeOfTheData) {
  EXPECT_EQ(verdict_on(npy(header("<f4", "(2,)"), std::string(8, 'x'))), "");
  EXPECT_EQ(verdict_on(npy(header("<f4", "(0, 7)"), "")), "");
  EXPECT_PRED2(contains, verdict_on(npy(header("<f4", "(2,)"), std::string(7, 'x'))),
               "array: expected 8 bytes for shape [2]; got 7");
  EXPECT_PRED2(contains, verdict_on(npy(header("<f4", "(2,)"), std::string(9, 'x'))), "got 9");
  EXPECT_PRED2(contains, verdict_on(npy(header("<f4", "(1000000000000,)"), "")), "got 0");
  EXPECT_NE(verdict_on(npy(header("<f4", "(4611686018427387904, 4)"), "")), "");
  EXPECT_NE(verdict_on(npy(header("<f4", "(0, 4611686018427387904, 4)"), "")), "");
  EXPECT_NE(verdict_on(npy(header("<U0", "(1000000000000,)"), "")), "");
  EXPECT_NE(verdict_on(npy(header("<U4000000000", "(4611686018427387904,)"), "")), "");
}

TEST(Npy, RefusesTypesThatAreNoNumbers) {
  for (const char* descr :
       {"|O", "<c8", "<f16", "<M8[ns]", "|V2", "", "<", "f", "<i3", "<f99999999999999999999", "a\x1b"}) {
    EXPECT_PRED2(contains, verdict_on(npy(header(descr, "(0,)"), "")), "array: expected") << descr;
  }
  EXPECT_PRED2(contains, verdict_on(npy(header(">i2", "(1,)"), "xx")), "little-endian");
  EXPECT_EQ(verdict_on(npy(header(">i1", "(1,)"), "x")), "") << "one byte has no order";
}

TEST(Npy, RefusesHeadersBeyondTheFile) {
  EXPECT_PRED2(contains, verdict_on(npy("", "", 4)), "format version 1, 2 or 3; got 4");
  EXPECT_PRED2(contains, verdict_on(std::string("\x93NUMPY\2\0\xff\xff\xff\xff", 12)),
               "of at most 64 kB; got 4294967295");
  const std::string whole = npy(header("<f4", "(2,)"), "12345678");
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_NE(verdict_on(whole.substr(0, size)), "") << size;
}

TEST(Npy, MaterialisesFortranOrder) {
  const std::string bytes = npy(header("|u1", "(2, 3)", "True"), "adbecf");
  EXPECT_EQ(as_text(TensorFile(as_bytes(bytes), "bytes").groups()[0].tensors.at("array").bytes), "abcdef");
}

TEST(Npz, NamesTheArrayThatIsBroken) {
  const std::string good = npy(header("<f4", "(1,)"), "1234");
  EXPECT_EQ(verdict_on(zip_of({{.name = "a.npy", .data = good}, deflated_item("b/c.npy", good)})), "");
  EXPECT_PRED2(contains,
               verdict_on(zip_of({{.name = "a.npy", .data = good}, {.name = "b.npy", .data = "x"}})),
               "array 'b': expected numpy's magic");
  EXPECT_PRED2(contains,
               verdict_on(zip_of({{.name = "a.npy", .data = good}, {.name = "b.txt", .data = "x"}})),
               "zip archive of torch");
}

}  // namespace
}  // namespace repbench
