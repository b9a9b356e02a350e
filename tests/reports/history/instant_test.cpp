#include "reports/history/instant.h"

#include <gtest/gtest.h>

namespace repbench {
namespace {

TEST(Instant, ReadsDatesTimesFractionsAndZones) {
  constexpr Instant kNoon = 1772366400000000;  // 2026-03-01T12:00:00Z, by `date +%s`
  for (const char* text : {"2026-03-01T12:00:00Z", "2026-03-01T12:00Z", "2026-03-01 12:00:00",
                           "2026-03-01T14:00:00+02:00", "2026-03-01T06:30-0530", "2026-03-01T13:00+01"}) {
    EXPECT_EQ(instant_in(text), kNoon) << text;
  }
  EXPECT_EQ(instant_in("2026-03-01T12:00:00.25Z"), kNoon + 250000);
  EXPECT_EQ(instant_in("2026-03-01T12:00:00.1234567Z"), kNoon + 123456);
  EXPECT_EQ(instant_in("2026-03-01"), kNoon - 12 * 3600 * Instant{1000000});
  EXPECT_EQ(instant_in("2016-12-31T23:59:60Z"), instant_in("2017-01-01T00:00:00Z")) << "a leap second";
}

TEST(Instant, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "yesterday", "2026", "2026-3-1", "2026-02-29", "2026-13-01", "2026-00-01", "2026-03-32",
        "2026-03-01T24:00:00Z", "2026-03-01T12:60:00Z", "2026-03-01T12:00:61Z", "2026-03-01T12:00:00X",
        "2026-03-01T12:00:00.Z", "2026-03-01T12:00:00Z ", "2026-03-01T", "20260301", "2026-03-01T12:00:00+",
        "2026-03-01T12:00:00+2:00", "-026-03-01"}) {
    EXPECT_FALSE(instant_in(text)) << text;
  }
}

TEST(Instant, IsWrittenInUtc) {
  EXPECT_EQ(time_text(*instant_in("2026-03-01T00:30:07+02:00")), "2026-02-28T22:30:07Z");
  EXPECT_EQ(date_text(*instant_in("1969-12-31T23:59:59.5Z")), "1969-12-31");
  EXPECT_EQ(time_text(*instant_in("1969-12-31T23:59:59.5Z")), "1969-12-31T23:59:59Z");
  EXPECT_EQ(date_text(*instant_in("0001-01-01")), "0001-01-01");
}

}  // namespace
}  // namespace repbench
