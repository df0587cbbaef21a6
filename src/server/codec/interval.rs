//! Intervals from text, as Postgres prints them: `1 year -2 mons +3 days -04:05:06.5`.

use arrow::datatypes::{DataType, IntervalMonthDayNano, IntervalUnit};
use datafusion::scalar::ScalarValue;

const NANOSECONDS_PER_SECOND: i64 = 1_000_000_000;

/// An interval; `None` for text that is none, or that doesn't fit. Units are the engine's to read, the clock is ours.
pub(super) fn parse(text: &str) -> Option<IntervalMonthDayNano> {
    let (clocks, units): (Vec<&str>, Vec<&str>) = text.split_whitespace().partition(|word| word.contains(':'));
    let clock = match clocks.as_slice() {
        [] => 0,
        [one] => clock(one)?,
        _ => return None,
    };
    if units.is_empty() {
        return (!clocks.is_empty()).then(|| IntervalMonthDayNano::new(0, 0, clock));
    }
    let units: Vec<&str> = units.into_iter().map(|word| word.strip_prefix('+').unwrap_or(word)).collect();
    let target = DataType::Interval(IntervalUnit::MonthDayNano);
    match ScalarValue::Utf8(Some(units.join(" "))).cast_to(&target) {
        Ok(ScalarValue::IntervalMonthDayNano(Some(rest))) => {
            Some(IntervalMonthDayNano { nanoseconds: rest.nanoseconds.checked_add(clock)?, ..rest })
        }
        _ => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_no_interval_is_refused() {
        for text in ["", "soon", "1:2:3:4", "00:60", "1:-2", "04:05 06:07", "99999999999999999:00"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse("2 hours 00:30"), Some(IntervalMonthDayNano::new(0, 0, 9_000 * NANOSECONDS_PER_SECOND)));
    }
}
