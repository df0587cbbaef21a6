//! What SQL's names of types mean.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast;

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
            Sql::JSON | Sql::JSONB | Sql::Uuid => DataType::Utf8View,
            _ => return Ok(None),
        };
        Ok(Some(Arc::new(Field::new("", planned, true))))
    }
}
