//! Intervals from text: `1 year -2 mons +3 days -04:05:06.5`, `1.5 hours ago`, `1-2`, `P1Y2M3DT4H5M6S`.

use arrow::datatypes::IntervalMonthDayNano;

const NANOSECONDS_PER_SECOND: i64 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
const DAYS_PER_MONTH: i64 = 30;

/// An interval; `None` for text that is none, or that doesn't fit.
pub(super) fn parse(text: &str) -> Option<IntervalMonthDayNano> {
    let text = text.trim().to_ascii_lowercase();
    let sum = match text.strip_prefix('p') {
        Some(designators) => iso(designators)?,
        None => words(&text)?,
    };
    sum.interval()
}

/// Nanoseconds of each part, which are kept apart as far as whole units of it go.
#[derive(Debug, Default, Clone, Copy)]
struct Sum {
    months: i64,
    days: i64,
    nanoseconds: i128,
}

impl Sum {
    fn interval(self) -> Option<IntervalMonthDayNano> {
        let (months, days) = (self.months.try_into().ok()?, self.days.try_into().ok()?);
        Some(IntervalMonthDayNano::new(months, days, self.nanoseconds.try_into().ok()?))
    }

    fn negated(self) -> Self {
        Self { months: -self.months, days: -self.days, nanoseconds: -self.nanoseconds }
    }

    /// Adds so many of a unit; what a fraction of a month or a day leaves goes into the next smaller part.
    fn add(&mut self, number: Number, unit: Unit) -> Option<()> {
        match unit {
            Unit::Months(each) => {
                let months = number.billionths.checked_mul(each.into())?;
                self.months = self.months.checked_add((months / BILLION).try_into().ok()?)?;
                self.add_days(months % BILLION * i128::from(DAYS_PER_MONTH))
            }
            Unit::Days(each) => self.add_days(number.billionths.checked_mul(each.into())?),
            Unit::Nanoseconds(each) => {
                self.nanoseconds =
                    self.nanoseconds.checked_add(number.billionths.checked_mul(each.into())? / BILLION)?;
                Some(())
            }
        }
    }

    fn add_days(&mut self, billionths: i128) -> Option<()> {
        self.days = self.days.checked_add((billionths / BILLION).try_into().ok()?)?;
        let rest = billionths % BILLION * i128::from(SECONDS_PER_DAY * NANOSECONDS_PER_SECOND) / BILLION;
        self.nanoseconds = self.nanoseconds.checked_add(rest)?;
        Some(())
    }
}

const BILLION: i128 = 1_000_000_000;

#[derive(Debug, Clone, Copy)]
enum Unit {
    Months(i32),
    Days(i32),
    Nanoseconds(i64),
}

fn unit(word: &str) -> Option<Unit> {
    Some(match word {
        "y" | "yr" | "yrs" | "year" | "years" => Unit::Months(12),
        "mon" | "mons" | "month" | "months" => Unit::Months(1),
        "dec" | "decs" | "decade" | "decades" => Unit::Months(120),
        "c" | "cent" | "century" | "centuries" => Unit::Months(1200),
        "mil" | "mils" | "millennium" | "millennia" => Unit::Months(12_000),
        "w" | "week" | "weeks" => Unit::Days(7),
        "d" | "day" | "days" => Unit::Days(1),
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Nanoseconds(3600 * NANOSECONDS_PER_SECOND),
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Nanoseconds(60 * NANOSECONDS_PER_SECOND),
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Nanoseconds(NANOSECONDS_PER_SECOND),
        "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => Unit::Nanoseconds(1_000_000),
        "us" | "usec" | "usecs" | "microsecond" | "microseconds" => Unit::Nanoseconds(1000),
        _ => return None,
    })
}

/// A decimal number in billionths.
#[derive(Debug, Clone, Copy)]
struct Number {
    billionths: i128,
}

/// A number at the beginning of a text, and what follows it.
fn number(text: &str) -> Option<(Number, &str)> {
    let (sign, unsigned) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let end = unsigned.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(unsigned.len());
    let (whole, fraction) = unsigned[..end].split_once('.').unwrap_or((&unsigned[..end], ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse::<i64>().ok()?.into() };
    let fraction: i128 = format!("{:0<9.9}", fraction).parse().ok()?;
    Some((Number { billionths: sign * (whole * BILLION + fraction) }, &unsigned[end..]))
}

/// Numbers with units, at most one clock, and `ago`.
fn words(text: &str) -> Option<Sum> {
    let mut sum = Sum::default();
    let mut rest = text.strip_prefix('@').unwrap_or(text).trim();
    let (mut clock_seen, mut ago) = (false, false);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (word, later) = (&rest[..end], rest[end..].trim_start());
        rest = later;
        if ago {
            return None;
        }
        if word == "ago" {
            ago = true;
        } else if word.contains(':') {
            if std::mem::replace(&mut clock_seen, true) {
                return None;
            }
            sum.nanoseconds = sum.nanoseconds.checked_add(clock(word)?.into())?;
        } else if let Some((years, months)) = years_and_months(word) {
            sum.add(years, Unit::Months(12))?;
            sum.add(months, Unit::Months(1))?;
        } else {
            let (count, attached) = number(word)?;
            let named = match attached {
                "" => {
                    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                    match unit(&rest[..end]) {
                        Some(named) => {
                            rest = rest[end..].trim_start();
                            named
                        }
                        // A number without a unit, which only the last one may be, is of seconds; before a clock, of days.
                        None if rest.is_empty() => Unit::Nanoseconds(NANOSECONDS_PER_SECOND),
                        None if rest[..end].contains(':') => Unit::Days(1),
                        None => return None,
                    }
                }
                attached => unit(attached)?,
            };
            sum.add(count, named)?;
        }
    }
    Some(if ago { sum.negated() } else { sum })
}

/// `1-2`: a year and two months.
fn years_and_months(word: &str) -> Option<(Number, Number)> {
    let (sign, unsigned) = match word.strip_prefix('-') {
        Some(unsigned) => (-1, unsigned),
        None => (1, word.strip_prefix('+').unwrap_or(word)),
    };
    let (years, months) = unsigned.split_once('-')?;
    let whole = |text: &str| Some(Number { billionths: sign * i128::from(text.parse::<u32>().ok()?) * BILLION });
    Some((whole(years)?, whole(months)?))
}

/// `hh:mm` or `hh:mm:ss` with a fraction and a sign before all of it, in nanoseconds.
fn clock(text: &str) -> Option<i64> {
    let (sign, unsigned) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let mut parts = unsigned.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next().unwrap_or("0"));
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if parts.next().is_some() || ![hours, minutes, seconds, fraction].into_iter().all(digits) || fraction.len() > 9 {
        return None;
    }
    let number = |text: &str| text.parse::<i64>().ok();
    let (hours, minutes, seconds) = (number(hours)?, number(minutes)?, number(seconds)?);
    if minutes >= 60 || seconds >= 60 {
        return None;
    }
    let nanoseconds: i64 = format!("{fraction:0<9}").parse().ok()?;
    let whole = hours.checked_mul(3600)?.checked_add(minutes * 60 + seconds)?;
    whole.checked_mul(NANOSECONDS_PER_SECOND)?.checked_add(nanoseconds)?.checked_mul(sign)
}

/// ISO 8601's designators after the P.
fn iso(designators: &str) -> Option<Sum> {
    let mut sum = Sum::default();
    let (dates, times) = designators.split_once('t').unwrap_or((designators, ""));
    if designators.is_empty() || designators.ends_with('t') {
        return None;
    }
    for (mut rest, of_day) in [(dates, false), (times, true)] {
        while !rest.is_empty() {
            let (count, later) = number(rest)?;
            let named = match (later.chars().next()?, of_day) {
                ('y', false) => "year",
                ('m', false) => "month",
                ('w', false) => "week",
                ('d', false) => "day",
                ('h', true) => "hour",
                ('m', true) => "minute",
                ('s', true) => "second",
                _ => return None,
            };
            sum.add(count, unit(named)?)?;
            rest = &later[1..];
        }
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_no_interval_is_refused() {
        for text in [
            "",
            "soon",
            "1:2:3:4",
            "00:60",
            "1:-2",
            "04:05 06:07",
            "99999999999999999:00",
            "1 day ago 1",
            "P",
            "PT",
            "1 x",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    /// Read off PostgreSQL 15: `SELECT extract(epoch FROM ...)` and the printed form.
    #[test]
    fn intervals_are_read_as_by_postgres() {
        let second = NANOSECONDS_PER_SECOND;
        for (text, months, days, nanoseconds) in [
            ("2 hours 00:30", 0, 0, 9_000 * second),
            ("1 day", 0, 1, 0),
            ("-1 days", 0, -1, 0),
            ("1 week", 0, 7, 0),
            ("1 year 2 mons 3 days 04:05:06.5", 14, 3, 14_706_500_000_000),
            ("-1 years -2 mons +3 days -04:05:06", -14, 3, -14_706 * second),
            ("1.5 days", 0, 1, 43_200 * second),
            ("1.5 months", 1, 15, 0),
            ("0.5 years", 6, 0, 0),
            ("1-2", 14, 0, 0),
            ("-1-2", -14, 0, 0),
            ("P1Y2M3DT4H5M6S", 14, 3, 14_706 * second),
            ("PT0.5S", 0, 0, second / 2),
            ("0", 0, 0, 0),
            ("90", 0, 0, 90 * second),
            ("3 04:05:06", 0, 3, 14_706 * second),
            ("1 hour ago", 0, 0, -3600 * second),
            ("@ 1 minute", 0, 0, 60 * second),
            ("2h", 0, 0, 7200 * second),
            ("150 ms", 0, 0, 150_000_000),
            ("1 DECADE", 120, 0, 0),
        ] {
            assert_eq!(parse(text), Some(IntervalMonthDayNano::new(months, days, nanoseconds)), "{text}");
        }
    }
}
