//! Decimal numbers from text, with exactly the digits they came with.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, i256};
use datafusion::scalar::ScalarValue;
use postgres_types::Type;

use super::parameter::invalid;
use crate::error::{Error, Result, SqlState};

/// A number such as `-12.50` or `1e3`; 22P02 for other text, 22003 for more digits than the engine holds.
pub(super) fn parse(text: &str) -> Result<ScalarValue> {
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
