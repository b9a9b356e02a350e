#include <gtest/gtest.h>

#include <vector>

#include "reports/record.h"

namespace repbench {
namespace {

struct LockedFingerprint {
  const char* protocol;
  int version;
  const char* settings;
  const char* hashes;
  const char* expected;
};

// Numbers in the world's reports hang on these: a change here makes every older report incomparable. Computed
// with Python: sha256(json.dumps({...}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)).
const std::vector<LockedFingerprint> kLocked = {
    {"linear_probe", 1, R"({"solver":"ridge","lambdas":[0.1,1.0,10.0],"train_examples":20000})",
     R"({"train":"11","test":"22"})", "b249871ca2362f60cf2c202d36f9ea2cb103b517794cbb6c6a6afa93c391fabf"},
    {"linear_probe", 1, R"({"solver":"logistic","train_examples":20000})", R"({"train":"11","test":"22"})",
     "d861e71b6ceecc7d3bcfc3f9a80ddc0d792a33e743aa8935349696deff6b37db"},
    {"knn", 1, R"({"k":20,"temperature":0.07,"metric":"cosine"})", R"({"train":"11","test":"22"})",
     "37d7b851cc5b737e208ddcdbcf43b3cd9780b679b8fff2b4e029655fa4808a49"},
    {"knn", 2, R"({"k":20,"temperature":0.07,"metric":"cosine"})", R"({"train":"11","test":"22"})",
     "97b7fd592f7264ffab81bcd89ff595322abfbdb8bca8d9b29c65a2c258620a47"},
    {"finetune", 1, R"({"blocks":[0,0.5,1,-1],"batch_size":256,"from_scratch":false})",
     R"({"train":"11","test":"22"})", "3b3b310111af12ebdac4692f4b71b30aee43fdbe6df1ab73372e29d5c50cf8f7"},
    {"throughput", 1, R"({})", R"({})", "d36ad72c88e22962c4e7089f441c9971d689f1008793adefe5c80cb333ae1888"},
    {"zero_shot", 1, R"({"prompt":"ein Foto – Größe"})", R"({"test":"33"})",
     "d21a6f472a3f691b2e6f1cbf81c2782b5e54545522e9a7b0b58fd54adfacaf4f"},
    {"robustness", 1, R"({"corruptions":["fog","snow"],"severities":[1,2,3,4,5],"head":"auto","C":1.0})",
     R"({"test":"33","baseline":"44"})", "a0d98a9707f752c85a1053c54d99375f024252fb423d7a0f5f4383948ef935c4"},
};

TEST(Fingerprint, StaysWhatItWas) {
  for (const LockedFingerprint& row : kLocked) {
    EXPECT_EQ(fingerprint(row.protocol, row.version, Json::parse(row.settings), Json::parse(row.hashes)),
              row.expected)
        << row.protocol << " " << row.settings;
  }
}

TEST(Fingerprint, DependsOnEachOfItsParts) {
  const Json settings = {{"k", 20}}, hashes = {{"test", "aa"}};
  const std::string base = fingerprint("knn", 1, settings, hashes);
  EXPECT_EQ(fingerprint("knn", 1, settings, hashes), base);
  EXPECT_NE(fingerprint("ridge", 1, settings, hashes), base);
  EXPECT_NE(fingerprint("knn", 2, settings, hashes), base);
  EXPECT_NE(fingerprint("knn", 1, {{"k", 10}}, hashes), base);
  EXPECT_NE(fingerprint("knn", 1, settings, {{"test", "bb"}}), base);
}

TEST(Fingerprint, DoesNotDependOnTheOrderOfKeys) {
  EXPECT_EQ(fingerprint("knn", 1, Json::parse(R"({"a":1,"b":2})"), Json::object()),
            fingerprint("knn", 1, Json::parse(R"({"b":2,"a":1})"), Json::object()));
}

}  // namespace
}  // namespace repbench
