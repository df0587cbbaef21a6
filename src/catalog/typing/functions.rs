//! Functions that Postgres has and the engine lacks, or takes otherwise.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::age;
use super::coalesce::coalesce;
use super::date_part::date_part;
use super::json;
use super::octet_length::octet_length;
use super::regular;
use super::to_char::to_char;

/// The function of this name that stands in for the engine's.
pub(in crate::catalog) fn function(name: &str) -> Option<Arc<ScalarUDF>> {
    match name {
        "coalesce" => Some(Arc::new(coalesce())),
        "date_part" => Some(Arc::new(date_part())),
        "octet_length" => Some(Arc::new(octet_length())),
        "to_char" => Some(Arc::new(to_char())),
        name => {
            let function = regular::function(name).or_else(|| age::function(name)).or_else(|| json::function(name));
            function.map(Arc::new)
        }
    }
}
