//! What SQL's names of types mean.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::{self, CharacterLength, ExactNumberInfo};
use postgres_types::Type;

use super::postgres;
use super::typing::ANY_NUMERIC;
use crate::error::{Error, Result, SqlState};
use crate::model::{PG_TYPE_KEY, marked};

/// The types that SQL names mean in casts and literals where DataFusion's own choice is not Postgres': times are whole
/// microseconds, and `timestamptz` is read in the session's zone.
#[derive(Debug)]
pub(super) struct ColumnTypes {
    zone: String,
}

impl ColumnTypes {
    /// For a session in this time zone.
    pub(super) fn new(zone: String) -> Self {
        Self { zone }
    }
}

impl TypePlanner for ColumnTypes {
    fn plan_type_field(&self, sql_type: &ast::DataType) -> EngineResult<Option<FieldRef>> {
        use ast::{DataType as Sql, TimezoneInfo};
        let planned = match sql_type {
            Sql::Timestamp(_, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => {
                DataType::Timestamp(TimeUnit::Microsecond, Some(self.zone.as_str().into()))
            }
            Sql::Timestamp(..) => DataType::Timestamp(TimeUnit::Microsecond, None),
            Sql::Numeric(ExactNumberInfo::None)
            | Sql::Decimal(ExactNumberInfo::None)
            | Sql::Dec(ExactNumberInfo::None) => {
                let any = [(ANY_NUMERIC.to_owned(), String::new())].into();
                return Ok(Some(Arc::new(Field::new("", DataType::Decimal128(38, 10), true).with_metadata(any))));
            }
            // `float` alone is double precision; up to 24 binary digits are real.
            Sql::Float(ExactNumberInfo::Precision(1..=24)) => DataType::Float32,
            Sql::Float(_) => DataType::Float64,
            oid if postgres::is_oid(oid) => {
                let mark = [(PG_TYPE_KEY.to_owned(), "oid".to_owned())].into();
                return Ok(Some(Arc::new(Field::new("", DataType::Int64, true).with_metadata(mark))));
            }
            Sql::JSON => return Ok(Some(Arc::new(marked(&Type::JSON, -1)))),
            Sql::JSONB => return Ok(Some(Arc::new(marked(&Type::JSONB, -1)))),
            Sql::Uuid => return Ok(Some(Arc::new(marked(&Type::UUID, -1)))),
            Sql::Varchar(length) | Sql::CharacterVarying(length) => {
                return Ok(Some(Arc::new(marked(&Type::VARCHAR, limit(length.as_ref())?))));
            }
            Sql::Char(length) | Sql::Character(length) => {
                let one = CharacterLength::IntegerLength { length: 1, unit: None };
                return Ok(Some(Arc::new(marked(&Type::BPCHAR, limit(Some(length.as_ref().unwrap_or(&one)))?))));
            }
            _ => return Ok(None),
        };
        Ok(Some(Arc::new(Field::new("", planned, true))))
    }
}

/// The modifier of a text of limited length.
fn limit(length: Option<&CharacterLength>) -> Result<i32> {
    const HEADER: i32 = 4;
    const LONGEST: u64 = 10_485_760;
    match length {
        None | Some(CharacterLength::Max) => Ok(-1),
        Some(CharacterLength::IntegerLength { length: length @ 1..=LONGEST, .. }) => Ok(*length as i32 + HEADER),
        Some(CharacterLength::IntegerLength { .. }) => {
            let message = format!("the length of a text must be 1 to {LONGEST}");
            Err(Error::new(SqlState::InvalidParameterValue, message))
        }
    }
}
