//! Numbers of JSON as a numeric prints them, which is how `jsonb` keeps them.

use crate::error::{Error, Result, SqlState};

/// Digits before and after the point of Postgres' numeric.
const MOST_WHOLE: i64 = 131_072;
const MOST_DECIMALS: i64 = 16_383;

/// The digits without an exponent; 22003 where there would be too many.
pub(super) fn plain(number: &str) -> Result<String> {
    let (negative, unsigned) = number.strip_prefix('-').map_or((false, number), |rest| (true, rest));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // Where digits of an exponent don't fit, the number doesn't either.
    let exponent: i64 = exponent.parse().map_err(|_| overflow())?;
    let shown = decimals.len() as i64 - exponent;
    let digits = format!("{whole}{decimals}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        let zeros = shown.clamp(0, MOST_DECIMALS) as usize;
        return Ok(if zeros == 0 { "0".to_owned() } else { format!("0.{}", "0".repeat(zeros)) });
    }
    if shown > MOST_DECIMALS || digits.len() as i64 - shown > MOST_WHOLE {
        return Err(overflow());
    }
    let sign = if negative { "-" } else { "" };
    if shown <= 0 {
        return Ok(format!("{sign}{digits}{}", "0".repeat(shown.unsigned_abs() as usize)));
    }
    let padded = format!("{digits:0>width$}", width = shown as usize + 1);
    let (whole, decimals) = padded.split_at(padded.len() - shown as usize);
    Ok(format!("{sign}{whole}.{decimals}"))
}

fn overflow() -> Error {
    Error::new(SqlState::NumericValueOutOfRange, "value overflows numeric format")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `'...'::jsonb` in PostgreSQL 15.
    #[test]
    fn digits_are_those_of_numeric() {
        for (number, expected) in [
            ("1", "1"),
            ("-1.50", "-1.50"),
            ("1e2", "100"),
            ("1.5e3", "1500"),
            ("1.50e1", "15.0"),
            ("1E-5", "0.00001"),
            ("-0", "0"),
            ("-0.0", "0.0"),
            ("0.00e1", "0.0"),
            ("12345678901234567890.123", "12345678901234567890.123"),
            ("-12e-1", "-1.2"),
            ("0.001", "0.001"),
            ("0e5", "0"),
        ] {
            assert_eq!(plain(number).unwrap(), expected, "{number}");
        }
        for number in ["1e131073", "1e99999999999999999999"] {
            assert_eq!(plain(number).unwrap_err().state(), SqlState::NumericValueOutOfRange);
        }
    }
}
