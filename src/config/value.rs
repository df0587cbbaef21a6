//! How the value of a setting is read, checked and shown: as Postgres does.

use std::time::Duration;

use super::{Kind, Setting, Unit};
use crate::error::{Error, Result, SqlState};

/// The value as it is kept and shown: 22023 outside of its domain.
pub(super) fn accept(setting: &Setting, value: &str) -> Result<String> {
    let value = value.trim();
    let refuse = |expected: &str| {
        Error::new(
            SqlState::InvalidParameterValue,
            format!("invalid value for parameter \"{}\": \"{value}\"", setting.name),
        )
        .with_hint(expected)
    };
    match setting.kind {
        Kind::Text | Kind::Fixed => Ok(value.to_owned()),
        Kind::Switch => switch(value).map(str::to_owned).ok_or_else(|| refuse("use on or off")),
        Kind::Integer(low, high) => match value.parse::<i64>() {
            Ok(number) if (low..=high).contains(&number) => Ok(number.to_string()),
            _ => Err(refuse(&format!("use a whole number from {low} to {high}"))),
        },
        Kind::Fraction => match value.parse::<f64>() {
            Ok(number) if number > 0.0 && number < 1.0 => Ok(value.to_owned()),
            _ => Err(refuse("use a number between 0 and 1, such as 0.95")),
        },
        Kind::Quantity(unit, low, high) => match count(unit, value) {
            Some(number) if (low..=high).contains(&number) => Ok(shown(unit, number)),
            Some(number) => {
                let (first, name) = (unit.words()[0].0, setting.name);
                let text =
                    format!("{number} {first} is outside the valid range for parameter \"{name}\" ({low} .. {high})");
                Err(Error::new(SqlState::InvalidParameterValue, text))
            }
            None => Err(refuse(&valid_units(unit))),
        },
        Kind::OneOf(words) => {
            let found = words.iter().find(|synonyms| synonyms.iter().any(|word| word.eq_ignore_ascii_case(value)));
            let shown = || words.iter().map(|synonyms| synonyms[0]).collect::<Vec<_>>().join(", ");
            found.map(|synonyms| synonyms[0].to_owned()).ok_or_else(|| refuse(&format!("use one of: {}", shown())))
        }
        Kind::Encoding => encoding(value).map(str::to_owned).ok_or_else(|| refuse("use UTF8")),
        Kind::TimeZone => time_zone(value).ok_or_else(|| refuse("use a name such as Europe/Berlin, or an offset")),
        Kind::Instant => {
            let valid =
                value.is_empty() || arrow::compute::kernels::cast_utils::string_to_timestamp_nanos(value).is_ok();
            if valid { Ok(value.to_owned()) } else { Err(refuse("use an instant such as 2026-01-31 00:00:00Z, or ''")) }
        }
    }
}

impl Kind {
    /// A number, or a quantity in its unit, from its shown form; `None` for what is neither.
    pub fn number(self, shown: &str) -> Option<i64> {
        match self {
            Self::Integer(..) => shown.parse().ok(),
            Self::Quantity(unit, ..) => count(unit, shown),
            _ => None,
        }
    }
}

/// A duration as Postgres reads one; `None` where it is none.
pub fn duration(text: &str) -> Option<Duration> {
    count(Unit::Milliseconds, text).and_then(|number| u64::try_from(number).ok()).map(Duration::from_millis)
}

/// How many of a unit a text says; fractions are rounded, half to even as C does.
fn count(unit: Unit, text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-')).unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let (finer, per_unit) = unit.finer();
    let written = text[digits..].trim();
    let exact = match unit.words().iter().find(|(word, _)| *word == written) {
        Some((_, times)) => number * *times as f64,
        None if written.is_empty() => number,
        None if written == finer => number / per_unit,
        None => return None,
    };
    // Beyond 2^53 a float no longer tells neighbours apart, and no bound is that high.
    (exact.abs() < (1_i64 << 53) as f64).then(|| exact.round_ties_even() as i64)
}

/// A quantity in the largest unit that it is a whole number of; without one where it is nothing or means none.
fn shown(unit: Unit, number: i64) -> String {
    if number <= 0 {
        return number.to_string();
    }
    let whole = unit.words().iter().rev().find(|(_, times)| number % times == 0);
    whole.map_or_else(|| number.to_string(), |(word, times)| format!("{}{word}", number / times))
}

fn valid_units(unit: Unit) -> String {
    let words = unit.words().iter().map(|(word, _)| *word);
    let mut words: Vec<String> = [unit.finer().0].into_iter().chain(words).map(|word| format!("\"{word}\"")).collect();
    let last = words.pop().unwrap_or_default();
    format!("Valid units for this parameter are {}, and {last}.", words.join(", "))
}

/// The beginning of a word will do, if no other one begins so.
fn switch(value: &str) -> Option<&'static str> {
    let value = value.to_ascii_lowercase();
    let begins = |word: &str, least: usize| value.len() >= least && word.starts_with(&value);
    if value == "1" || begins("true", 1) || begins("yes", 1) || begins("on", 2) {
        Some("on")
    } else if value == "0" || begins("false", 1) || begins("no", 1) || begins("off", 2) {
        Some("off")
    } else {
        None
    }
}

/// The encoding's name as Postgres shows it; it reads letters and digits alone. Nothing is converted for SQL_ASCII either.
fn encoding(value: &str) -> Option<&'static str> {
    let letters = value.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    match letters.as_str() {
        "utf8" | "unicode" => Some("UTF8"),
        "sqlascii" => Some("SQL_ASCII"),
        _ => None,
    }
}

/// The zone's name in the form the engine takes.
fn time_zone(value: &str) -> Option<String> {
    let bare = value.trim_matches('\'');
    let name = match bare.to_ascii_uppercase().as_str() {
        "UTC" | "GMT" | "Z" | "ZULU" | "ETC/UTC" | "UCT" => "UTC".to_owned(),
        _ => match bare.parse::<f64>() {
            Ok(hours) if hours.abs() <= 15.0 => {
                let (sign, minutes) = (if hours < 0.0 { '-' } else { '+' }, (hours.abs() * 60.0).round() as u32);
                format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
            _ => bare.to_owned(),
        },
    };
    name.parse::<arrow::array::timezone::Tz>().ok().map(|_| name)
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    fn accepted(name: &str, value: &str) -> Result<String> {
        accept(find(name).unwrap(), value)
    }

    /// What PostgreSQL 15 shows of the same.
    #[test]
    fn quantities_are_shown_in_the_largest_unit_that_fits() {
        for (given, expected) in [
            ("120s", "2min"),
            ("1.5s", "1500ms"),
            ("90 s", "90s"),
            ("200", "200ms"),
            ("0", "0"),
            ("1d", "1d"),
            ("1400us", "1ms"),
        ] {
            assert_eq!(accepted("statement_timeout", given).unwrap(), expected, "{given}");
        }
        for (given, expected) in
            [("1023MB", "1023MB"), ("1024MB", "1GB"), ("12", "12kB"), ("-1", "-1"), ("2048B", "2kB")]
        {
            assert_eq!(accepted("temp_file_limit", given).unwrap(), expected, "{given}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused_in_postgres_words() {
        let error = accepted("statement_timeout", "-5").unwrap_err();
        assert_eq!(
            error.message(),
            "-5 ms is outside the valid range for parameter \"statement_timeout\" (0 .. 2147483647)"
        );
        let error = accepted("statement_timeout", "5 parsecs").unwrap_err();
        assert_eq!(error.message(), "invalid value for parameter \"statement_timeout\": \"5 parsecs\"");
        assert_eq!(
            error.hint(),
            Some("Valid units for this parameter are \"us\", \"ms\", \"s\", \"min\", \"h\", and \"d\".")
        );
        for nonsense in ["", "s", "1s2", "1e400", "--1", "99999999999999999999", "NaN", "inf"] {
            let error = accepted("statement_timeout", nonsense).unwrap_err();
            assert_eq!(error.state(), SqlState::InvalidParameterValue, "{nonsense}");
        }
    }

    #[test]
    fn durations_are_those_of_postgres() {
        assert_eq!(duration("5"), Some(Duration::from_millis(5)));
        assert_eq!(duration("2min"), Some(Duration::from_secs(120)));
        assert_eq!(duration("1 parsec"), None);
        assert_eq!(duration("-1"), None);
    }
}
