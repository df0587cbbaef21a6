//! JSON taken apart and put together, by Postgres' operators and functions.
//!
//! | file | what |
//! |---|---|
//! | `operators` | `->`, `->>`, `#>`, `#>>`, `@>`, `<@`, `?`, `?\|`, `?&`, `\|\|`, `-` and `#-` as calls |
//! | `change` | a `jsonb` with another, or without some of its parts |
//! | `extract` | a part of a value, as JSON or as text |
//! | `facts` | what a value is, how long, what it has and contains |
//!
//! Of a `json` the answer is the text as it stands, of a `jsonb` a part of its normal form, which is one too.

mod change;
mod extract;
mod facts;
mod operators;

use arrow::datatypes::Field;
use datafusion::logical_expr::ScalarUDF;
use postgres_types::Type;

pub(super) use operators::operator;

use crate::model::mark;

/// The function of this name, if it is one of JSON.
pub(super) fn function(name: &str) -> Option<ScalarUDF> {
    facts::function(name).or_else(|| extract::function(name)).or_else(|| change::function(name))
}

/// Which of the two types of JSON a field is of.
fn json_type(field: &Field) -> Option<Type> {
    mark(field).map(|(postgres, _)| postgres).filter(|postgres| matches!(*postgres, Type::JSON | Type::JSONB))
}
