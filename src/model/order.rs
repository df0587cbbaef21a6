//! The order that a CREATE TABLE asks for: `WITH (entity = 'account_id, contact_id', at = 'occurred_at')`.

use datafusion::sql::sqlparser::ast::{CreateTableOptions, Expr, SqlOption, Value};

use crate::error::{Error, Result, SqlState};

/// The columns to sort rows by, what they belong to first and when they happened last; none without options. 22023 for an
/// option that there isn't, or one of the two without the other.
pub fn order_of(options: &CreateTableOptions) -> Result<Vec<String>> {
    let given = match options {
        CreateTableOptions::None => return Ok(vec![]),
        CreateTableOptions::With(given) => given,
        other => return Err(Error::unsupported(other)),
    };
    let (mut entity, mut at) = (None, None);
    for option in given {
        match option {
            SqlOption::KeyValue { key, value } if key.value.eq_ignore_ascii_case("entity") => {
                entity = Some(names(value)?)
            }
            SqlOption::KeyValue { key, value } if key.value.eq_ignore_ascii_case("at") => at = Some(names(value)?),
            // How much of a page Postgres leaves free: files have no pages that rows could be added to.
            SqlOption::KeyValue { key, value } if key.value.eq_ignore_ascii_case("fillfactor") => check_percent(value)?,
            other => return Err(invalid(format!("unrecognized parameter \"{other}\""))),
        }
    }
    match (entity, at) {
        (Some(mut columns), Some(at)) if at.len() == 1 => {
            columns.extend(at);
            Ok(columns)
        }
        (Some(_), Some(_)) => Err(invalid("at must name one column".to_owned())),
        (None, None) => Ok(vec![]),
        _ => Err(invalid("entity and at belong together".to_owned())),
    }
}

/// 22023 for a value that Postgres refuses.
fn check_percent(value: &Expr) -> Result<()> {
    if let Expr::Value(literal) = value
        && let Value::Number(digits, _) = &literal.value
        && digits.parse().is_ok_and(|percent: u8| (10..=100).contains(&percent))
    {
        return Ok(());
    }
    Err(Error::new(SqlState::InvalidParameterValue, format!("value {value} out of bounds for option \"fillfactor\""))
        .with_hint("valid values are between 10 and 100"))
}

/// Names separated by commas.
fn names(value: &Expr) -> Result<Vec<String>> {
    if let Expr::Value(literal) = value
        && let Value::SingleQuotedString(text) = &literal.value
    {
        return Ok(text.split(',').map(|name| name.trim().to_owned()).collect());
    }
    Err(invalid(format!("a table's entity and at must be names in quotes, got {value}")))
}

fn invalid(message: String) -> Error {
    Error::new(SqlState::InvalidParameterValue, message)
        .with_hint("it is WITH (entity = 'account_id, contact_id', at = 'occurred_at')")
}
