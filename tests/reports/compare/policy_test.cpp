#include "reports/compare/policy.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "files/atomic.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

GatePolicy policy_of(const std::string& json) {
  const ScratchFolder folder;
  write_file_atomically(folder / "gate.json", json);
  return read_policy((folder / "gate.json").string());
}

std::string refusal_of(const std::string& json) {
  return error_message<std::invalid_argument>([&] { policy_of(json); });
}

TEST(GatePolicy, HasTwoRulesWithNames) {
  EXPECT_EQ(read_policy("detect").rule, GateRule::detect);
  EXPECT_EQ(read_policy("detect").alpha, 0.01);
  EXPECT_EQ(read_policy("detect").margin, 0.005);
  EXPECT_EQ(read_policy("noninferiority").rule, GateRule::noninferiority);
}

TEST(GatePolicy, NamesTheNearestRuleWhereThereIsNoSuchFile) {
  const std::string message = error_message<std::invalid_argument>([] { read_policy("detct"); });
  EXPECT_PRED2(contains, message, "got 'detct' (did you mean 'detect'?)");
}

TEST(GatePolicy, IsReadFromAFileWithComments) {
  const GatePolicy policy = policy_of(R"({
    // ours
    "policy": "detect", "alpha": 0.05, "margin": 0.01, "margins": {"fashion_mnist/knn": 0.02},
    "metrics": ["accuracy"], "allow": ["k"],
    "slices": [{"name": "signs", "dataset": "gtsrb", "classes": ["stop", 7], "margin": 0, "alpha": 0.02},
               {"name": "every class", "protocol": "knn", "classes": "each"}]
  })");
  EXPECT_EQ(policy.alpha, 0.05);
  EXPECT_EQ(policy.margin, 0.01);
  EXPECT_EQ(policy.metrics, std::vector<std::string>{"accuracy"});
  EXPECT_EQ(policy.allowed, std::vector<std::string>{"k"});
  ASSERT_EQ(policy.slices.size(), 2u);
  EXPECT_EQ(policy.slices[0].classes.at(0).name, "stop");
  EXPECT_EQ(policy.slices[0].classes.at(1).label, 7);
  EXPECT_EQ(policy.slices[0].margin, 0.0);
  EXPECT_TRUE(policy.slices[0].matches("gtsrb", "linear_probe"));
  EXPECT_FALSE(policy.slices[0].matches("cifar10", "linear_probe"));
  EXPECT_TRUE(policy.slices[1].each_class);
}

TEST(GatePolicy, TakesTheMostSpecificMargin) {
  GatePolicy policy = policy_of(R"({"margins": {"accuracy": 0.01, "masked_mse": 0.1}})");
  EXPECT_EQ(margin_of(policy, "d", "knn", "accuracy", "").value, 0.01);
  policy.margins["d/knn"] = 0.02;
  EXPECT_EQ(margin_of(policy, "d", "knn", "accuracy", "").value, 0.02);
  policy.margins["d/knn/accuracy"] = 0.03;
  EXPECT_EQ(margin_of(policy, "d", "knn", "accuracy", "").value, 0.03);
  EXPECT_EQ(margin_of(policy, "e", "knn", "accuracy", "").value, 0.01);
}

TEST(GatePolicy, HasAMarginForSharesAloneByDefault) {
  EXPECT_EQ(margin_of({}, "d", "knn", "accuracy", "").value, 0.005);
  EXPECT_EQ(margin_of({}, "d", "reconstruction", "masked_mse", "normalised pixels squared").value, 0);
}

TEST(GatePolicy, NamesAnUnknownKeyAndItsNearest) {
  const std::string message = refusal_of(R"({"margns": {}})");
  EXPECT_PRED2(contains, message, "[gate] ");
  EXPECT_PRED2(contains, message, "gate.json: expected a known key; got margns (did you mean 'margins'?)");
  EXPECT_PRED2(contains, refusal_of(R"({"slices": [{"name": "a", "class": "each"}]})"),
               "got slices[0].class (did you mean 'classes'?)");
}

TEST(GatePolicy, RefusesNumbersOutOfRange) {
  EXPECT_PRED2(contains, refusal_of(R"({"alpha": 0})"),
               "expected an alpha above 0, at most 0.5 at alpha; got 0");
  EXPECT_PRED2(contains, refusal_of(R"({"alpha": 0.6})"), "at alpha; got 0.6");
  EXPECT_PRED2(contains, refusal_of(R"({"margins": {"accuracy": -1}})"),
               "expected a margin of 0 or more at margins.accuracy; got -1");
  EXPECT_PRED2(contains, refusal_of(R"({"margin": 0.5})"),
               "expected a margin below 0.5, as a share (half a point is 0.005) at margin; got 0.5");
}

TEST(GatePolicy, RefusesAlphaWhereIntervalsDecide) {
  EXPECT_PRED2(contains, refusal_of(R"({"policy": "noninferiority", "alpha": 0.05})"),
               "expected no alpha under noninferiority, which goes by 95 % intervals at alpha; got 0.05");
}

TEST(GatePolicy, RefusesWhatIsNoPolicy) {
  EXPECT_PRED2(contains, refusal_of(R"({"policy": "detct"})"), "expected detect or noninferiority at policy");
  EXPECT_PRED2(contains, refusal_of("[]"), "expected an object at the top");
  EXPECT_PRED2(contains, refusal_of("{"), "expected JSON");
  EXPECT_PRED2(contains, refusal_of(R"({"metrics": []})"), "expected at least one metric at metrics");
  EXPECT_PRED2(contains, refusal_of(R"({"metrics": "some"})"), "\"headline\", \"all\" or a list of metrics");
  EXPECT_PRED2(contains, refusal_of(R"({"slices": [{"name": "a", "classes": "all"}]})"),
               "expected \"each\" or a list of class names and label numbers at slices[0].classes");
  EXPECT_PRED2(contains, refusal_of(R"({"slices": [{"name": "a", "classes": []}]})"), "at least one class");
  EXPECT_PRED2(contains, refusal_of(R"({"slices": [{"name": "a"}, {"name": "a"}]})"),
               "expected a name of its own at slices[1].name");
  EXPECT_PRED2(contains, refusal_of(R"({"slices": [{}]})"), "expected the key slices[0].name");
}

TEST(GatePolicy, IsWrittenAsItWasRead) {
  const Json json = to_json(policy_of(R"({"margins": {"accuracy": 0.01}, "metrics": "all",
      "slices": [{"name": "s", "classes": [3, "cat"], "alpha": 0.1}]})"));
  EXPECT_EQ(json.at("policy"), "detect");
  EXPECT_EQ(json.at("metrics"), "all");
  EXPECT_EQ(json.at("margins").at("accuracy"), 0.01);
  EXPECT_EQ(json.at("slices")[0].at("classes"), Json({3, "cat"}));
}

}  // namespace
}  // namespace repbench
