//! What SQL's names of types mean.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::{self, ExactNumberInfo};

use super::postgres;
use super::typing::{ANY_NUMERIC, PRECISION};
use crate::model::{PG_TYPE_KEY, text_type};

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
        if let Some(text) = text_type(sql_type)? {
            return Ok(Some(Arc::new(text)));
        }
        let precision = match sql_type {
            Sql::Timestamp(Some(digits), _) => Some((PRECISION.to_owned(), digits.to_string())),
            _ => None,
        };
        let planned = match sql_type {
            Sql::Timestamp(_, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => {
                DataType::Timestamp(TimeUnit::Microsecond, Some(self.zone.as_str().into()))
            }
            Sql::Timestamp(..) => DataType::Timestamp(TimeUnit::Microsecond, None),
            Sql::Time(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => DataType::Time64(TimeUnit::Microsecond),
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
            _ => return Ok(None),
        };
        Ok(Some(Arc::new(Field::new("", planned, true).with_metadata(precision.into_iter().collect()))))
    }
}
