#include "files/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <stdexcept>

#include "files/atomic.h"
#include "files/hash.h"
#include "tests/files/error_message.h"
#include "tests/files/full_disk.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

template <class T>
TensorView view(DType dtype, std::vector<int64_t> shape, const std::vector<T>& values) {
  return {dtype, std::move(shape), std::as_bytes(std::span(values))};
}

template <class T>
std::vector<T> values_of(const TensorView& tensor) {
  std::vector<T> values(tensor.bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  return values;
}

// One tensor of each dtype that NumPy has, an empty one and a 0-dimensional one.
struct Sample {
  std::vector<float> bias{1, 2};
  std::vector<int64_t> scalar{7};
  std::vector<double> nothing;
  std::vector<uint8_t> mask{1, 0, 1}, bytes{1, 2, 3, 255};
  std::vector<uint16_t> half{0x3e00}, u16{5};
  std::vector<int8_t> i8{-1};
  std::vector<uint64_t> u64{1};
  std::vector<int16_t> i16{-5};
  std::vector<uint32_t> u32{9};
  std::vector<int32_t> i32{-9};

  std::map<std::string, TensorView> tensors() const {
    return {{"bias", view(DType::f32, {2}, bias)},    {"a", view(DType::i64, {}, scalar)},
            {"b", view(DType::f64, {2, 0}, nothing)}, {"mask", view(DType::boolean, {3}, mask)},
            {"h", view(DType::f16, {1}, half)},       {"u", view(DType::u8, {2, 2}, bytes)},
            {"i", view(DType::i8, {1}, i8)},          {"z", view(DType::u64, {1}, u64)},
            {"w", view(DType::u16, {1}, u16)},        {"v", view(DType::i16, {1}, i16)},
            {"q", view(DType::u32, {1}, u32)},        {"r", view(DType::i32, {1}, i32)}};
  }
};

std::string with_length(uint64_t length, const std::string& rest) {
  std::string bytes(sizeof(length), '\0');
  std::memcpy(bytes.data(), &length, sizeof(length));
  return bytes + rest;
}

// What the reader says about a file of this header and `data_bytes` zeros; "" if it accepts it.
class SafetensorsReader : public testing::Test {
 protected:
  std::string verdict(const std::string& header, size_t data_bytes) const {
    return verdict_on_bytes(with_length(header.size(), header + std::string(data_bytes, '\0')));
  }

  std::string verdict_on_bytes(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary) << bytes;
    try {
      const SafetensorsFile file(path_);
      size_t sum = 0;
      for (const auto& [key, tensor] : file.tensors()) {
        for (const std::byte byte : tensor.bytes) sum += std::to_integer<size_t>(byte);
      }
      EXPECT_LE(sum, 255 * bytes.size());
      return "";
    } catch (const std::runtime_error& error) {
      const std::string start = "[safetensors] " + path_.string() + ": ";
      EXPECT_TRUE(std::string(error.what()).starts_with(start)) << error.what();
      return std::string(error.what()).substr(start.size());
    }
  }

  ScratchFolder folder_;
  std::filesystem::path path_ = folder_ / "file.safetensors";
};

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}";
}

TEST(Safetensors, WritesTheBytesOfTheOriginalLibrary) {
  const ScratchFolder folder;
  const Sample sample;
  write_safetensors(folder / "a", sample.tensors(), {{"format", "pt"}});
  // safetensors.numpy.save of the same arrays, safetensors 0.8.0.
  EXPECT_EQ(sha256_file(folder / "a"), "f475dac0387d35638c1680cb51903900a7aedfe47a4a62561dd7935f2c9f2c9d");
}

TEST(Safetensors, ReadsBackWhatItWrote) {
  const ScratchFolder folder;
  const Sample sample;
  write_safetensors(folder / "a", sample.tensors(), {{"format", "pt"}, {"note", "\"é\"\n"}});
  SafetensorsFile opened(folder / "a");
  const SafetensorsFile file = std::move(opened);
  EXPECT_EQ(file.path(), folder / "a");
  EXPECT_EQ(file.metadata().at("note"), "\"é\"\n");
  ASSERT_EQ(file.tensors().size(), sample.tensors().size());
  for (const auto& [key, expected] : sample.tensors()) {
    EXPECT_EQ(file.at(key).dtype, expected.dtype) << key;
    EXPECT_EQ(file.at(key).shape, expected.shape) << key;
    EXPECT_EQ(values_of<uint8_t>(file.at(key)), values_of<uint8_t>(expected)) << key;
  }
  EXPECT_EQ(values_of<float>(file.at("bias")), sample.bias);
}

TEST(Safetensors, AFileWithoutTensorsIsAFile) {
  const ScratchFolder folder;
  write_safetensors(folder / "a", {});
  EXPECT_EQ(read_file(folder / "a"), with_length(8, "{}      "));
  EXPECT_TRUE(SafetensorsFile(folder / "a").tensors().empty());
}

TEST(Safetensors, EachDTypeHasItsNameAndSize) {
  EXPECT_EQ(name(DType::bf16), "BF16");
  EXPECT_EQ(name(DType::boolean), "BOOL");
  EXPECT_EQ(size_in_bytes(DType::bf16), 2u);
  EXPECT_EQ(size_in_bytes(DType::i64), 8u);
  EXPECT_EQ(size_in_bytes(DType::boolean), 1u);
}

TEST(Safetensors, AMissingTensorIsNamedWithItsNearestNeighbour) {
  const ScratchFolder folder;
  const std::vector<float> values{1};
  write_safetensors(folder / "a", {{"blocks.0.norm1.weight", view(DType::f32, {1}, values)}});
  const SafetensorsFile file(folder / "a");
  const auto message = [&](std::string_view key) {
    return error_message<std::runtime_error>([&] { file.at(key); });
  };
  EXPECT_EQ(message("blocks.0.norm.weight"),
            "[safetensors] " + (folder / "a").string() +
                ": expected a tensor 'blocks.0.norm.weight'; got only 'blocks.0.norm1.weight'");
  EXPECT_PRED2(contains, message("head"), "expected a tensor 'head'; got 1 others");
}

TEST(Safetensors, RefusesToWriteTensorsThatContradictThemselves) {
  const ScratchFolder folder;
  const std::vector<float> values{1, 2};
  const auto refusal = [&](const std::string& key, const TensorView& tensor) {
    return error_message<std::invalid_argument>([&] { write_safetensors(folder / "a", {{key, tensor}}); });
  };
  EXPECT_PRED2(contains, refusal("x", view(DType::f32, {3}, values)),
               "tensor 'x': expected F32 [3] in 12 bytes");
  refusal("x", view(DType::f32, {-2}, values));
  refusal("x", view(DType::f32, {int64_t{1} << 62, 2}, values));
  refusal("__metadata__", view(DType::f32, {2}, values));
  refusal("x\xff", view(DType::f32, {2}, values));
  EXPECT_FALSE(std::filesystem::exists(folder / "a"));
}

TEST(Safetensors, AFullDiskIsOneErrorAndLeavesTheOldFile) {
  const ScratchFolder folder;
  const auto path = folder / "model.safetensors";
  const std::vector<float> small{1};
  const std::vector<float> large(100'000, 1.0f);
  write_safetensors(path, {{"x", view(DType::f32, {1}, small)}});
  const FullDisk disk(100'000);
  const auto message = error_message<std::runtime_error>([&] {
    write_safetensors(path, {{"x", view(DType::f32, {100'000}, large)}});
  });
  EXPECT_TRUE(message.starts_with("[write] " + path.string() + ": expected room for")) << message;
  EXPECT_EQ(SafetensorsFile(path).at("x").shape, std::vector<int64_t>{1});
  EXPECT_FALSE(std::filesystem::exists(folder / "model.safetensors.tmp"));
}

TEST_F(SafetensorsReader, AcceptsWhatTheFormatAllows) {
  EXPECT_EQ(verdict("{}", 0), "");
  EXPECT_EQ(verdict("{}  \n ", 0), "");
  EXPECT_EQ(verdict(R"({"__metadata__":{},)" + entry("é", "BF16", "[2,1]", "[0,4]") + "}", 4), "");
  EXPECT_EQ(verdict("{" + entry("b", "U8", "[1]", "[2,3]") + "," + entry("a", "U8", "[2]", "[0,2]") + "}", 3),
            "");
  const std::string empty = entry("m", "F32", "[0,3]", "[2,2]");
  EXPECT_EQ(verdict("{" + empty + "," + entry("b", "U8", "[1]", "[2,3]") + "," +
                        entry("a", "U8", "[2]", "[0,2]") + "}",
                    3),
            "");
}

TEST_F(SafetensorsReader, RefusesAHoleBetweenTensors) {
  const std::string message =
      verdict("{" + entry("a", "U8", "[2]", "[0,2]") + "," + entry("b", "U8", "[2]", "[3,5]") + "}", 5);
  EXPECT_EQ(message, "tensor 'b': expected to begin at byte 2 without a hole or an overlap; got 3");
}

TEST_F(SafetensorsReader, RefusesAHoleBeforeTheFirstTensorAndBytesAfterTheLast) {
  EXPECT_PRED2(contains, verdict("{" + entry("a", "U8", "[2]", "[1,3]") + "}", 3), "begin at byte 0");
  EXPECT_EQ(verdict("{" + entry("a", "U8", "[2]", "[0,2]") + "}", 3),
            "expected 2 bytes of tensors; got 3 in the file");
  EXPECT_PRED2(contains, verdict("{}", 1), "expected 0 bytes");
}

TEST_F(SafetensorsReader, RefusesOverlappingTensors) {
  const std::string a = entry("a", "U8", "[2]", "[0,2]");
  EXPECT_PRED2(contains, verdict("{" + a + "," + entry("b", "U8", "[2]", "[1,3]") + "}", 3), "tensor 'b'");
  EXPECT_PRED2(contains, verdict("{" + a + "," + entry("b", "U8", "[2]", "[0,2]") + "}", 2), "overlap");
}

TEST_F(SafetensorsReader, RefusesOffsetsThatAreNotInOrderOrNotInTheFile) {
  EXPECT_PRED2(contains, verdict("{" + entry("a", "U8", "[2]", "[2,0]") + "}", 2), "data_offsets in order");
  EXPECT_PRED2(contains, verdict("{" + entry("a", "U8", "[3]", "[0,3]") + "}", 2), "within 2 bytes");
  for (const char* offsets : {"[0]", "[0,2,2]", "[-2,0]", "[0,2.0]", "[0,\"2\"]", "[0,1e400]", "{}", "null",
                              "[0,18446744073709551616]", "[18446744073709551615,1]"}) {
    EXPECT_NE(verdict("{" + entry("a", "U8", "[2]", offsets) + "}", 2), "") << offsets;
  }
}

TEST_F(SafetensorsReader, RefusesAShapeThatContradictsItsBytes) {
  EXPECT_PRED2(contains, verdict("{" + entry("a", "F32", "[2]", "[0,4]") + "}", 4),
               "8 bytes for its dtype and shape");
  EXPECT_PRED2(contains, verdict("{" + entry("a", "F32", "[]", "[0,0]") + "}", 0), "4 bytes");
  EXPECT_PRED2(contains, verdict("{" + entry("a", "F32", "[0]", "[0,4]") + "}", 4), "0 bytes");
}

TEST_F(SafetensorsReader, RefusesShapesThatOverflowOrAreNoShapes) {
  // 2^62 * 4 * 1 byte is 0 modulo 2^64.
  EXPECT_PRED2(contains, verdict("{" + entry("a", "U8", "[4611686018427387904,4]", "[0,0]") + "}", 0),
               "63 bits");
  EXPECT_PRED2(contains, verdict("{" + entry("a", "U8", "[0,4611686018427387904,4]", "[0,0]") + "}", 0),
               "63 bits");
  for (const char* shape :
       {"[-1]", "[2.0]", "[\"2\"]", "2", "null", "[[2]]", "[9223372036854775808]", "[true]"}) {
    EXPECT_PRED2(contains, verdict("{" + entry("a", "U8", shape, "[0,2]") + "}", 2), "shape of integers")
        << shape;
  }
}

TEST_F(SafetensorsReader, RefusesUnknownDTypes) {
  for (const char* dtype : {"F8_E4M3", "C64", "f32", "F128", ""}) {
    EXPECT_PRED2(contains, verdict("{" + entry("a", dtype, "[2]", "[0,2]") + "}", 2),
                 "tensor 'a': expected a dtype");
  }
  EXPECT_NE(verdict(R"({"a":{"dtype":3,"shape":[2],"data_offsets":[0,2]}})", 2), "");
}

TEST_F(SafetensorsReader, RefusesMissingAndUnknownMembers) {
  for (const char* tensor : {R"({"dtype":"U8","shape":[2]})", "{}", "[]", "3",
                             R"({"dtype":"U8","shape":[2],"data_offsets":[0,2],"x":1})",
                             R"({"dtype":"U8","shape":[2],"offsets":[0,2]})"}) {
    EXPECT_PRED2(contains, verdict("{\"a\":" + std::string(tensor) + "}", 2), "nothing else") << tensor;
  }
}

TEST_F(SafetensorsReader, RefusesDuplicateNames) {
  const std::string a = entry("a", "U8", "[2]", "[0,2]");
  EXPECT_PRED2(contains, verdict("{" + a + "," + a + "}", 2), "key \"a\" twice");
  EXPECT_PRED2(contains, verdict(R"({"__metadata__":{},"__metadata__":{}})", 0), "twice");
  EXPECT_PRED2(contains, verdict(R"({"a":{"dtype":"U8","dtype":"U8","shape":[2],"data_offsets":[0,2]}})", 2),
               "a.dtype");
}

TEST_F(SafetensorsReader, RefusesMetadataOtherThanStrings) {
  for (const char* metadata : {"{\"a\":1}", "{\"a\":null}", "{\"a\":{}}", "[\"a\"]", "\"a\"", "null"}) {
    EXPECT_PRED2(contains, verdict("{\"__metadata__\":" + std::string(metadata) + "}", 0),
                 "object of strings");
  }
}

TEST_F(SafetensorsReader, RefusesHeadersThatAreNotPlainJson) {
  for (const char* header :
       {"", " {}", "[]", "\xef\xbb\xbf{}", "{", "{}x", "{}{}", "{/* */}", "{\"\xff\":1}", "{\"a\":NaN}"}) {
    EXPECT_NE(verdict(header, 0), "") << header;
  }
  EXPECT_PRED2(contains, verdict(std::string("{}\0x", 4), 0), "NUL");
  EXPECT_PRED2(contains, verdict("{\"a\":" + std::string(1'000'000, '['), 0), "levels");
}

TEST_F(SafetensorsReader, RefusesAHugeOrCutHeaderWithoutAllocatingIt) {
  EXPECT_PRED2(contains, verdict_on_bytes(with_length(~uint64_t{0}, "{}")), "at most 100000000 bytes");
  EXPECT_PRED2(contains, verdict_on_bytes(with_length(100'000'001, "{}")), "at most 100000000 bytes");
  EXPECT_PRED2(contains, verdict_on_bytes(with_length(100'000'000, "{}")),
               "header of 100000000 bytes; got 2");
  EXPECT_PRED2(contains, verdict_on_bytes(with_length(3, "{}")), "got 2 after the length");
  EXPECT_PRED2(contains, verdict_on_bytes(""), "at least 8 bytes; got 0");
}

TEST_F(SafetensorsReader, RefusesAFileCutAtAnyLength) {
  const Sample sample;
  write_safetensors(path_, sample.tensors(), {{"format", "pt"}});
  const std::string whole = read_file(path_);
  EXPECT_EQ(verdict_on_bytes(whole), "");
  EXPECT_NE(verdict_on_bytes(whole + "x"), "");
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(verdict_on_bytes(whole.substr(0, size)), "") << size;
}

TEST_F(SafetensorsReader, AnyFlippedBitIsReadSafelyOrRefused) {
  const std::vector<uint8_t> values{1, 2};
  write_safetensors(path_, {{"a", view(DType::u8, {2}, values)}}, {{"k", "v"}});
  const std::string whole = read_file(path_);
  for (size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    verdict_on_bytes(flipped);
  }
}

TEST_F(SafetensorsReader, NamesWhatIsNoFile) {
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { SafetensorsFile(folder_.path()); }),
               "regular file");
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { SafetensorsFile(folder_ / "none"); }),
               (folder_ / "none").string() + ": expected a readable file; got No such file");
}

}  // namespace
}  // namespace repbench
