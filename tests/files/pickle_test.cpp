#include "files/pickle.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/files/error_message.h"
#include "tests/files/pickle_writer.h"
#include "tests/files/tensor_files.h"

namespace repbench {
namespace {

struct Parsed {
  explicit Parsed(const std::string& bytes)
      : bytes_(bytes), source(as_bytes(bytes_), "bytes"), pickle(source, as_bytes(bytes_), "pickle") {}
  const PickleValue& root() const { return pickle.root(); }

  std::string bytes_;
  TensorSource source;
  Pickle pickle;
};

std::string pickle_verdict(const std::string& bytes) {
  try {
    const Parsed parsed(bytes);
    return "";
  } catch (const std::runtime_error& error) {
    EXPECT_TRUE(is_one_line(error.what())) << error.what();
    return error.what();
  }
}

TEST(Pickles, KeepEachKindOfValue) {
  const Parsed parsed("\x80\x04(N\x88\x89K\x07M\x34\x12J\xff\xff\xff\xff\x8a\x01\x80" +
                      std::string("G\x3f\xf8\0\0\0\0\0\0", 9) + "\x8c\x02hiC\x02\xff\xfe]}\x8f)t.");
  const auto items = parsed.root().items();
  ASSERT_EQ(items.size(), 14U);
  EXPECT_EQ(items[0]->kind, PickleKind::none);
  EXPECT_EQ(items[1]->integer, 1);
  EXPECT_EQ(items[2]->integer, 0);
  EXPECT_EQ(items[3]->integer, 7);
  EXPECT_EQ(items[4]->integer, 0x1234);
  EXPECT_EQ(items[5]->integer, -1);
  EXPECT_EQ(items[6]->integer, -128);
  EXPECT_EQ(items[7]->number, 1.5);
  EXPECT_EQ(items[8]->text, "hi");
  EXPECT_EQ(items[9]->kind, PickleKind::bytes);
  EXPECT_EQ(items[10]->kind, PickleKind::list);
  EXPECT_EQ(items[11]->kind, PickleKind::dict);
  EXPECT_EQ(items[12]->kind, PickleKind::set);
  EXPECT_EQ(items[13]->kind, PickleKind::tuple);
}

TEST(Pickles, KeepDictionariesInOrderAndBigIntegersWhole) {
  const Parsed parsed(pickled::whole(
      pickled::dict({{"z", pickled::integer(1)}, {"a", "\x8a\x09" + std::string(8, '\0') + "\x01"}})));
  const auto items = parsed.root().items();
  ASSERT_EQ(items.size(), 4U);
  EXPECT_EQ(items[0]->text, "z");
  EXPECT_EQ(items[3]->kind, PickleKind::big_integer);
  EXPECT_EQ(items[3]->text.size(), 9U);
}

TEST(Pickles, CallNothing) {
  const Parsed parsed(pickled::whole(pickled::global("os", "system") +
                                     pickled::tuple({pickled::text("touch hacked")}) + "R}b"));
  EXPECT_EQ(parsed.root().kind, PickleKind::object);
  EXPECT_EQ(parsed.root().class_name(), "os.system");
  EXPECT_EQ(parsed.root().arguments()[0]->text, "touch hacked");
  EXPECT_FALSE(std::filesystem::exists("hacked"));
}

TEST(Pickles, FollowTheMemo) {
  const Parsed parsed(std::string("\x80\x02]q\x05(h\x05K\x01", 10) + "e.");
  ASSERT_EQ(parsed.root().items().size(), 2U);
  EXPECT_EQ(parsed.root().items()[0], &parsed.root()) << "a list that contains itself";
  EXPECT_EQ(parsed.pickle.size(), 12U);
}

TEST(Pickles, NameTheUnknownOpcodeAndItsPlace) {
  EXPECT_PRED2(contains, pickle_verdict("\x80\x02\xff."),
               "pickle: expected an opcode of binary pickles; got 0xff at byte 2");
  // Text opcodes of protocol 0, extensions, buffers that lie elsewhere.
  for (const char* code : {"I1\n", "S'a'\n", "ios\nsystem\n", "\x82\x01", "\x97", "\x98"}) {
    EXPECT_PRED2(contains, pickle_verdict("\x80\x02(" + std::string(code)), "at byte 3");
  }
  EXPECT_PRED2(contains, pickle_verdict("\x80\x06."), "protocol 1 to 5; got 6");
}

TEST(Pickles, RefuseAStackThatDoesNotHoldWhatIsAsked) {
  for (const char* bytes :
       {".",      "t.",     "R.",      "N(.",   "NN.",    "a.",      "Na.",    "NNa.",   "(s.", "}Ns.",
        "N(NNu.", "}(Nu.",  "b.",      "]}b.",  "Q.",     "h\x01.",  "q\x01.", "(0.",    "1.",  "2.",
        "\x85.",  "N\x86.", "(N\x86.", "\x81.", "N\x93.", "KK\x93.", "(Nd.",   "]\x90.", ""}) {
    EXPECT_NE(pickle_verdict(bytes), "") << bytes;
  }
}

TEST(Pickles, RefuseLengthsBeyondTheEnd) {
  EXPECT_PRED2(contains,
               pickle_verdict("X\xff\xff\xff\x7f"
                              "abc."),
               "expected more bytes; got the end at byte 0");
  EXPECT_NE(pickle_verdict("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
                           "a."),
            "");
  EXPECT_NE(pickle_verdict("\x95\xff\xff\xff\xff\xff\xff\xff\x7fN."), "");
  EXPECT_NE(pickle_verdict("\x8b\xff\xff\xff\xffN."), "");
  EXPECT_NE(pickle_verdict("cmodule\nname"), "");
  EXPECT_NE(pickle_verdict("c" + std::string(10'000, 'x') + "\nname\n."), "");
}

TEST(Pickles, StayWithinTheirMemory) {
  EXPECT_PRED2(contains, pickle_verdict(std::string(2'000'000, 'N') + "."), "values on the stack");
  EXPECT_PRED2(contains, pickle_verdict(std::string(200'000, '(') + "."), "open marks");
  std::string lists;
  for (int i = 0; i < 2'000'000; ++i) lists += "]0";
  EXPECT_PRED2(contains, pickle_verdict(lists + "N."), "MB of memory");
  std::string nested = "]";
  for (int i = 0; i < 300'000; ++i) nested += "\x85";
  EXPECT_EQ(pickle_verdict(nested + "."), "") << "depth costs no stack until somebody walks";
}

}  // namespace
}  // namespace repbench
