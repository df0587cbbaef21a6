//! Functions that Postgres has and the engine lacks, or takes otherwise.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::json;
use super::octet_length::octet_length;
use super::to_char::to_char;

/// The function of this name that stands in for the engine's.
pub(in crate::catalog) fn function(name: &str) -> Option<Arc<ScalarUDF>> {
    match name {
        "octet_length" => Some(Arc::new(octet_length())),
        "to_char" => Some(Arc::new(to_char())),
        name => json::function(name).map(Arc::new),
    }
}
