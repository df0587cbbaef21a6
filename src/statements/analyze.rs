//! ANALYZE: statistics are those of the files, so they are always as new as the rows.

use datafusion::sql::sqlparser::ast::ObjectName;

use super::context::Context;
use super::names;
use crate::error::Result;
use crate::outcome::Tag;

/// 42P01 where a table is named that isn't there.
pub(super) fn analyze(context: &Context, tables: &[ObjectName]) -> Result<Tag> {
    let resolver = context.resolver();
    for name in tables {
        resolver.relation(&names::reference(name)?)?;
    }
    Ok(Tag::of("ANALYZE"))
}
