#include <gtest/gtest.h>

#include <string>

#include "files/tensor_file.h"
#include "tests/files/error_message.h"
#include "tests/files/pickle_writer.h"
#include "tests/files/tensor_files.h"

namespace repbench {
namespace {

using pickled::dict;
using pickled::global;
using pickled::integer;
using pickled::integers;
using pickled::tensor;
using pickled::text;
using pickled::torch_file;
using pickled::tuple;

std::string tensor_verdict(const pickled::Tensor& value) {
  return verdict_on(torch_file(dict({{"w", tensor(value)}})));
}

Json notes_of(const std::string& value) {
  const std::string bytes = torch_file(value);
  return TensorFile(as_bytes(bytes), "bytes").notes();
}

TEST(TorchFiles, ReadTensorsInCOrder) {
  const std::string bytes = torch_file(dict({{"w", tensor({.shape = {2, 2}, .strides = {1, 2}})},
                                             {"v", tensor({.shape = {2}, .strides = {1}, .offset = 2})}}));
  const TensorFile file(as_bytes(bytes), "bytes");
  const auto& tensors = file.groups().at(0).tensors;
  const float transposed[] = {0, 2, 1, 3}, last[] = {2, 3};
  EXPECT_TRUE(std::ranges::equal(tensors.at("w").bytes, std::as_bytes(std::span(transposed))));
  EXPECT_TRUE(std::ranges::equal(tensors.at("v").bytes, std::as_bytes(std::span(last))));
}

TEST(TorchFiles, RefuseTensorsThatLeaveTheirStorage) {
  EXPECT_EQ(tensor_verdict({.shape = {4}, .strides = {1}}), "");
  EXPECT_PRED2(contains, tensor_verdict({.shape = {5}, .strides = {1}}),
               "tensor 'w': expected elements within the 4 of its storage");
  EXPECT_PRED2(contains, tensor_verdict({.shape = {2}, .strides = {4}}), "elements within the 4");
  EXPECT_PRED2(contains, tensor_verdict({.shape = {1}, .strides = {1}, .offset = 4}),
               "elements within the 4");
  EXPECT_PRED2(contains, tensor_verdict({.shape = {1'000'000'000}, .strides = {1}}), "elements within the 4");
  EXPECT_PRED2(contains, tensor_verdict({.shape = {1'000'000'000}, .strides = {0}}), "an expanded tensor");
  EXPECT_PRED2(contains, tensor_verdict({.shape = {5, 1}, .strides = {0, 1}}), "an expanded tensor");
  EXPECT_PRED2(contains, tensor_verdict({.shape = {2}, .strides = {-1}, .offset = 1}),
               "strides of at least 0");
  EXPECT_PRED2(contains, tensor_verdict({.shape = {2}, .strides = {1}, .offset = -1}),
               "offset and strides of at least 0");
  EXPECT_PRED2(contains, tensor_verdict({.shape = {-2}, .strides = {1}}), "shape of at least 0");
  EXPECT_PRED2(contains, tensor_verdict({.shape = {2}, .strides = {1, 1}}), "a stride for each dimension");
  EXPECT_PRED2(contains, tensor_verdict({.shape = {int64_t{1} << 62, 4}, .strides = {1, 1}}), "63 bits");
  EXPECT_PRED2(contains, tensor_verdict({.shape = {0, int64_t{1} << 62, 4}, .strides = {1, 1, 1}}),
               "63 bits");
  EXPECT_NE(tensor_verdict({.shape = {2, 2}, .strides = {INT64_MAX, INT64_MAX}}), "");
  EXPECT_NE(tensor_verdict({.shape = {2}, .strides = {1}, .offset = INT64_MAX}), "");
  EXPECT_NE(tensor_verdict({.shape = std::vector<int64_t>(65, 1), .strides = std::vector<int64_t>(65, 1)}),
            "");
}

TEST(TorchFiles, RefuseStoragesThatAreNotWhatThePickleSays) {
  EXPECT_PRED2(contains, tensor_verdict({.shape = {1}, .strides = {1}, .count = 50'000'000}),
               "storage '0': expected 200000000 bytes as data.pkl says; got 16");
  EXPECT_PRED2(contains, tensor_verdict({.shape = {1}, .strides = {1}, .key = "7"}),
               "expected a zip entry 'x/data/7'; got none");
  EXPECT_PRED2(contains, tensor_verdict({.shape = {1}, .strides = {1}, .key = "../data.pkl"}), "got none");
  EXPECT_PRED2(contains, tensor_verdict({.shape = {1}, .strides = {1}, .type = "OddStorage"}),
               "got type 'torch.OddStorage'");
  EXPECT_NE(tensor_verdict({.shape = {1}, .strides = {1}, .count = -1}), "");
  EXPECT_NE(tensor_verdict({.shape = {1}, .strides = {1}, .count = INT64_MAX}), "");
  const std::string rebuild = global("torch._utils", "_rebuild_tensor_v2");
  for (const std::string& arguments :
       {tuple({}), tuple({"N", "N", "N", "N"}), tuple({"NQ", integer(0), integers({1}), integers({1})}),
        tuple({tuple({text("storage")}) + "Q", integer(0), integers({1}), integers({1})})}) {
    EXPECT_NE(verdict_on(torch_file(rebuild + arguments + "R")), "");
  }
}

TEST(TorchFiles, RefuseBigEndianArchives) {
  const std::string bytes =
      zip_of({{.name = "x/data.pkl", .data = pickled::whole("}")}, {.name = "x/byteorder", .data = "big"}});
  EXPECT_PRED2(contains, verdict_on(bytes), "expected tensors in little-endian byte order; got 'big'");
}

TEST(TorchFiles, NeedOnePickle) {
  EXPECT_PRED2(
      contains,
      verdict_on(zip_of({{.name = "a/data.pkl", .data = "N."}, {.name = "b/data.pkl", .data = "N."}})),
      "one data.pkl");
  EXPECT_PRED2(contains, verdict_on(zip_of({{.name = "readme.txt", .data = "N."}})),
               "one that begins with 'readme.txt'");
  EXPECT_PRED2(contains, verdict_on(zip_of({})), "got an empty one");
}

TEST(TorchFiles, KeepForeignObjectsAsNamesAndRunNothing) {
  const std::string call = global("os", "system") + tuple({text("touch hacked")}) + "R";
  EXPECT_EQ(notes_of(dict({{"a", call}})), Json::parse(R"({"a":{"__class__":"os.system"}})"));
  EXPECT_EQ(notes_of(dict({{"a", global("posix", "system")}})),
            Json::parse(R"({"a":{"__class__":"posix.system"}})"));
  EXPECT_FALSE(std::filesystem::exists("hacked"));
  const std::string bytes = torch_file(dict({{"model", call}}));
  EXPECT_TRUE(TensorFile(as_bytes(bytes), "bytes").groups().at(0).tensors.empty());
}

TEST(TorchFiles, NameKeysThatAreNoTexts) {
  const std::string value = "}(" + integer(3) + integer(1) + "\x88" + integer(2) +
                            tuple({integer(1), text("b")}) + integer(3) + "N" + integer(4) + "u";
  EXPECT_EQ(notes_of(value), Json::parse(R"json({"3":1,"True":2,"(1, b)":3,"None":4})json"));
}

TEST(TorchFiles, KeepNotesPrintable) {
  const Json notes =
      notes_of(dict({{"a\xff", text("b\xfe\n")}, {"nan", std::string("G\x7f\xf8\0\0\0\0\0\0", 9)}}));
  EXPECT_EQ(notes["a\xef\xbf\xbd"], "b\xef\xbf\xbd\n");
  EXPECT_EQ(notes["nan"], "NaN");
  EXPECT_NO_THROW(canonical_json(notes));
  EXPECT_PRED2(contains, verdict_on(torch_file(dict({{"w\xff", tensor({.shape = {4}, .strides = {1}})}}))),
               "names in UTF-8");
}

TEST(TorchFiles, ReadOrderedDictsOfPython2) {
  const std::string pair = "](" + text("w") + tensor({.shape = {4}, .strides = {1}}) + "e";
  const std::string bytes = torch_file(global("collections", "OrderedDict") + "](" + pair + "e\x85R");
  EXPECT_TRUE(TensorFile(as_bytes(bytes), "bytes").groups().at(0).tensors.contains("w"));
}

TEST(TorchFiles, RefuseATensorTwice) {
  const std::string one = tensor({.shape = {4}, .strides = {1}});
  EXPECT_PRED2(contains, verdict_on(torch_file(dict({{"w", one}, {"w", one}}))),
               "each tensor once; got 'w' twice");
}

TEST(TorchFiles, SurviveValuesThatContainThemselves) {
  EXPECT_PRED2(contains, verdict_on(torch_file(std::string("]q\0h\0a", 6))), "at most 64 levels");
  EXPECT_PRED2(contains, verdict_on(torch_file(std::string("}q\0K\1h\0s", 8))), "at most 64 levels");
  // A list that wraps a list and so on, deeper than any stack.
  EXPECT_PRED2(contains, verdict_on(torch_file(std::string(100'000, ']') + std::string(99'999, 'a'))),
               "at most 64 levels");
  std::string parameters = "N";
  for (int i = 0; i < 50'000; ++i) parameters = "(" + parameters + "t";
  EXPECT_NE(verdict_on(torch_file(parameters)), "");
}

TEST(TorchFiles, SurviveABillionLaughs) {
  std::string value = "]";
  for (int level = 0; level < 30; ++level) {
    value += std::string("q") + static_cast<char>(level) + "(";
    for (int i = 0; i < 10; ++i) value += std::string("h") + static_cast<char>(level);
    value += "t";
    value += std::string("q\x7f", 2);
  }
  EXPECT_NE(verdict_on(torch_file(value)), "") << "the stack is not as it should be";
  std::string laughs = "]q" + std::string(1, '\0') + "0";
  for (char level = 0; level < 30; ++level) {
    laughs += "(";
    for (int i = 0; i < 10; ++i) laughs += std::string("h") + level;
    laughs += std::string("tq") + static_cast<char>(level + 1) + "0";
  }
  EXPECT_PRED2(contains, verdict_on(torch_file(laughs + "h\x1e")), "multiplies without end");
}

TEST(TorchFiles, LeaveOutNotesBeyondTheirBound) {
  std::string list = "](";
  for (int i = 0; i < 300'000; ++i) list += "K\x01";
  const Json notes = notes_of(dict({{"history", list + "e"}}));
  EXPECT_GT(notes["__left_out__"], 100'000);
  ASSERT_TRUE(notes.contains("history"));
  EXPECT_GT(notes["history"].size(), 100'000U);
}

std::string legacy_file(const std::string& object, const std::string& keys, const std::string& storages) {
  return "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19." + pickled::whole("M\xe9\x03") +
         pickled::whole(dict({{"little_endian", "\x88"}})) + pickled::whole(object) + pickled::whole(keys) +
         storages;
}

TEST(LegacyTorchFiles, MustFitTheirPickles) {
  const std::string object = dict({{"w", tensor({.shape = {2}, .strides = {1}, .count = 2})}});
  const std::string keys = "]" + text("0") + "a", storage = little_endian(int64_t{2}) + std::string(8, 'x');
  EXPECT_EQ(verdict_on(legacy_file(object, keys, storage)), "");
  EXPECT_PRED2(contains, verdict_on(legacy_file(object, keys, storage + "x")), "got 1 bytes more");
  EXPECT_PRED2(contains,
               verdict_on(legacy_file(object, keys, little_endian(int64_t{3}) + std::string(12, 'x'))),
               "as the pickle says");
  EXPECT_PRED2(contains, verdict_on(legacy_file(object, "]" + text("1") + "a", storage)),
               "key of a storage; got '1'");
  EXPECT_PRED2(contains, verdict_on(legacy_file(object, "]", "")), "of it in the file; got none");
  EXPECT_PRED2(contains,
               verdict_on(legacy_file(object, "](" + text("0") + text("0") + "e", storage + storage)),
               "twice");
  const std::string whole = legacy_file(object, keys, storage);
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_NE(verdict_on(whole.substr(0, size)), "") << size;
}

TEST(LegacyTorchFiles, MayShowAPartOfAStorage) {
  const std::string part = tuple({text("view"), integer(1), integer(2)});
  const std::string storage =
      tuple({text("storage"), global("torch", "FloatStorage"), text("0"), text("cpu"), integer(4), part}) +
      "Q";
  const std::string object = global("torch._utils", "_rebuild_tensor_v2") +
                             tuple({storage, integer(0), integers({2}), integers({1})}) + "R";
  const std::string bytes =
      legacy_file(object, "]" + text("0") + "a", little_endian(int64_t{4}) + "aaaabbbbccccdddd");
  EXPECT_EQ(as_text(TensorFile(as_bytes(bytes), "bytes").groups().at(0).tensors.at("tensor").bytes),
            "bbbbcccc");
}

}  // namespace
}  // namespace repbench
