//! Decimal numbers from text, with exactly the digits they came with.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, i256};
use datafusion::scalar::ScalarValue;
use postgres_types::Type;

use super::value::invalid;
use crate::error::{Error, Result, SqlState};

/// A number such as `-12.50` or `1e3`; 22P02 for other text, 22003 for more digits than the engine holds.
pub fn parse(text: &str) -> Result<ScalarValue> {
    if let "nan" | "infinity" | "-infinity" = text.to_ascii_lowercase().as_str() {
        return Err(Error::unsupported(format!("a numeric {text}")).with_hint("use double precision"));
    }
    let syntax = || invalid(&Type::NUMERIC, text, SqlState::InvalidTextRepresentation);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| syntax())?),
        None => (text, 0),
    };
    let (negative, unsigned) = match mantissa.as_bytes().first() {
        Some(b'-') => (true, &mantissa[1..]),
        Some(b'+') => (false, &mantissa[1..]),
        _ => (false, mantissa),
    };
    let (whole, decimals) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = format!("{whole}{decimals}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(syntax());
    }
    let too_wide = || {
        let message = format!("a numeric of more than {DECIMAL256_MAX_PRECISION} digits does not fit");
        Error::new(SqlState::NumericValueOutOfRange, message)
    };
    let scale = i64::try_from(decimals.len()).map_err(|_| too_wide())? - i64::from(exponent);
    let mut digits = digits.trim_start_matches('0').to_owned();
    if scale < 0 && !digits.is_empty() {
        let zeros = usize::try_from(-scale).ok().filter(|&zeros| zeros <= DECIMAL256_MAX_PRECISION.into());
        digits.push_str(&"0".repeat(zeros.ok_or_else(too_wide)?));
    }
    let scale = usize::try_from(scale.max(0)).map_err(|_| too_wide())?;
    let precision = digits.len().max(scale).max(1);
    let unscaled = format!("{}{digits}", if negative { "-0" } else { "0" });
    let narrow = |width: usize| u8::try_from(width).map_err(|_| too_wide());
    let (precision, scale) = (narrow(precision)?, narrow(scale)? as i8);
    if precision <= DECIMAL128_MAX_PRECISION {
        Ok(ScalarValue::Decimal128(Some(unscaled.parse().map_err(|_| too_wide())?), precision, scale))
    } else if precision <= DECIMAL256_MAX_PRECISION {
        Ok(ScalarValue::Decimal256(Some(i256::from_string(&unscaled).ok_or_else(too_wide)?), precision, scale))
    } else {
        Err(too_wide())
    }
}

/// The same number as an integer of `scale` decimals, rounded half away from zero as Postgres rounds; 22003 where its whole
/// digits don't fit the precision.
pub fn unscaled(text: &str, precision: u8, scale: i8) -> Result<i128> {
    let value = match plain(text.as_bytes(), usize::from(scale.unsigned_abs())) {
        Some(value) => value,
        None => return rescaled(parse(text)?, precision, scale),
    };
    fitting(value, precision, scale)
}

/// A number of any digits as one of a precision and a scale.
pub fn rescaled(value: ScalarValue, precision: u8, scale: i8) -> Result<i128> {
    match value.cast_to(&DataType::Decimal128(precision, scale)) {
        Ok(ScalarValue::Decimal128(Some(value), ..)) => fitting(value, precision, scale),
        _ => Err(overflow(precision, scale)),
    }
}

/// Whether an integer of `scale` decimals has no more digits than the precision.
pub fn fitting(value: i128, precision: u8, scale: i8) -> Result<i128> {
    let limit = 10u128.checked_pow(precision.into());
    let fits = limit.is_none_or(|limit| value.unsigned_abs() < limit);
    if fits { Ok(value) } else { Err(overflow(precision, scale)) }
}

fn overflow(precision: u8, scale: i8) -> Error {
    let whole = i16::from(precision) - i16::from(scale);
    let hint = format!("a field with precision {precision}, scale {scale} must round to less than 10^{whole}");
    Error::new(SqlState::NumericValueOutOfRange, "numeric field overflow").with_hint(hint)
}

/// Digits with at most a sign and a point, few enough for 128 bits: what almost every number is.
fn plain(text: &[u8], scale: usize) -> Option<i128> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let point = digits.iter().position(|&byte| byte == b'.');
    let (whole, decimals) = digits.split_at(point.unwrap_or(digits.len()));
    let decimals = decimals.get(1..).unwrap_or_default();
    let numeric = whole.iter().chain(decimals).all(u8::is_ascii_digit);
    if !numeric || whole.len() + decimals.len() == 0 || whole.len() + scale > 37 {
        return None;
    }
    let digit = |byte: &u8| i128::from(byte - b'0');
    let padded = (0..scale).map(|at| decimals.get(at).map_or(0, digit));
    let value = whole.iter().map(digit).chain(padded).fold(0, |number, digit| number * 10 + digit);
    let value = value + i128::from(decimals.get(scale).is_some_and(|&byte| byte >= b'5'));
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_kept_as_they_came() {
        assert_eq!(parse("-12.50").unwrap(), ScalarValue::Decimal128(Some(-1250), 4, 2));
        assert_eq!(parse("0").unwrap(), ScalarValue::Decimal128(Some(0), 1, 0));
        assert_eq!(parse(".001").unwrap(), ScalarValue::Decimal128(Some(1), 3, 3));
        assert_eq!(parse("1e3").unwrap(), ScalarValue::Decimal128(Some(1000), 4, 0));
        assert_eq!(parse("12E-1").unwrap(), ScalarValue::Decimal128(Some(12), 2, 1));
        assert!(matches!(parse(&"9".repeat(76)).unwrap(), ScalarValue::Decimal256(Some(_), 76, 0)));
    }

    /// `SELECT x::numeric(p,s)` of PostgreSQL 15.
    #[test]
    fn numbers_are_rounded_to_the_scale_of_a_column() {
        for (text, precision, scale, expected) in [
            ("1.235", 5, 2, 124),
            ("-1.235", 5, 2, -124),
            ("1.2349999", 5, 2, 123),
            ("7", 5, 2, 700),
            (".5", 5, 0, 1),
            ("-.4", 5, 0, 0),
            ("12e-1", 5, 1, 12),
            ("1.25e1", 5, 0, 13),
            ("99999999999999999999999999999999999999", 38, 0, 10i128.pow(38) - 1),
            ("0.00000000000000000000000000000000000000000000001", 5, 2, 0),
        ] {
            assert_eq!(unscaled(text, precision, scale).unwrap(), expected, "{text}");
        }
        for (text, precision, scale) in
            [("999.995", 5, 2), ("1e5", 5, 0), ("100000000000000000000000000000000000000", 38, 0)]
        {
            assert_eq!(
                unscaled(text, precision, scale).unwrap_err().state(),
                SqlState::NumericValueOutOfRange,
                "{text}"
            );
        }
        assert_eq!(unscaled("1.2.3", 5, 2).unwrap_err().state(), SqlState::InvalidTextRepresentation);
    }

    #[test]
    fn text_that_is_no_number_is_refused() {
        for text in ["", "-", ".", "1.2.3", "12a", "1e", "e5", "--1", "0x10"] {
            assert_eq!(parse(text).unwrap_err().state(), SqlState::InvalidTextRepresentation, "{text}");
        }
        for text in ["1e2000000000", "1e-2000000000", &"9".repeat(77)] {
            assert_eq!(parse(text).unwrap_err().state(), SqlState::NumericValueOutOfRange, "{text}");
        }
        assert_eq!(parse("NaN").unwrap_err().state(), SqlState::FeatureNotSupported);
    }
}
