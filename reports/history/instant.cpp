#include "reports/history/instant.h"

#include <fmt/format.h>

#include <chrono>

namespace repbench {
namespace {

constexpr Instant kSecond = 1'000'000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;

/// Takes what it reads from the front of the text; once something did not fit, nothing more does.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool good() const { return good_; }
  bool at_end() const { return text_.empty(); }
  bool starts_with(char letter) const { return text_.starts_with(letter); }

  bool skip(char letter) {
    if (!text_.starts_with(letter)) return false;
    text_.remove_prefix(1);
    return true;
  }

  void expect(char letter) { good_ = skip(letter) && good_; }

  /// Exactly so many digits, between `least` and `most`.
  int number(size_t digits, int least, int most) {
    int value = 0;
    for (size_t i = 0; i < digits; ++i) {
      if (!has_digit()) return fail();
      value = 10 * value + digit();
    }
    return value < least || value > most ? fail() : value;
  }

  /// Of a second, in microseconds; further digits are dropped.
  Instant fraction() {
    if (!has_digit()) return fail();
    Instant value = 0;
    for (Instant unit = kSecond / 10; has_digit(); unit /= 10) value += unit * digit();
    return value;
  }

  int fail() {
    good_ = false;
    return 0;
  }

 private:
  bool has_digit() const { return !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; }

  int digit() {
    const int value = text_[0] - '0';
    text_.remove_prefix(1);
    return value;
  }

  std::string_view text_;
  bool good_ = true;
};

Instant scan_date(Scanner& scanner) {
  const int year = scanner.number(4, 1, 9999);
  scanner.expect('-');
  const int month = scanner.number(2, 1, 12);
  scanner.expect('-');
  const int day = scanner.number(2, 1, 31);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return scanner.fail();
  return std::chrono::sys_days(date).time_since_epoch().count() * kDay;
}

Instant scan_clock(Scanner& scanner) {
  Instant time = scanner.number(2, 0, 23) * kHour;
  scanner.expect(':');
  time += scanner.number(2, 0, 59) * kMinute;
  if (!scanner.skip(':')) return time;
  time += scanner.number(2, 0, 60) * kSecond;  // 60: a leap second
  if (scanner.skip('.')) time += scanner.fraction();
  return time;
}

/// How far its clock is ahead of UTC.
Instant scan_zone(Scanner& scanner) {
  if (scanner.at_end() || scanner.skip('Z')) return 0;
  const int sign = scanner.starts_with('-') ? -1 : 1;
  if (!scanner.skip('-')) scanner.expect('+');
  Instant offset = scanner.number(2, 0, 23) * kHour;
  if (!scanner.at_end()) {
    scanner.skip(':');
    offset += scanner.number(2, 0, 59) * kMinute;
  }
  return sign * offset;
}

std::chrono::sys_days day_of(Instant instant) {
  return std::chrono::sys_days(std::chrono::floor<std::chrono::days>(std::chrono::microseconds(instant)));
}

}  // namespace

std::optional<Instant> instant_in(std::string_view text) {
  Scanner scanner(text);
  Instant instant = scan_date(scanner);
  if (!scanner.at_end()) {
    if (!scanner.skip('T')) scanner.expect(' ');
    instant += scan_clock(scanner);
    instant -= scan_zone(scanner);
  }
  return scanner.good() && scanner.at_end() ? std::optional(instant) : std::nullopt;
}

std::string date_text(Instant instant) {
  const std::chrono::year_month_day date(day_of(instant));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::string time_text(Instant instant) {
  const Instant second = (instant - day_of(instant).time_since_epoch().count() * kDay) / kSecond;
  return fmt::format("{}T{:02}:{:02}:{:02}Z", date_text(instant), second / 3600, second / 60 % 60,
                     second % 60);
}

}  // namespace repbench
