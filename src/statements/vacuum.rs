//! VACUUM: joins the small and overlapping files of tables and removes what nobody needs any more, now and to the end. In the
//! background the same goes on by itself, less thoroughly.

use datafusion::sql::sqlparser::ast::VacuumStatement;

use super::context::Context;
use super::{names, write};
use crate::error::{Error, Result};
use crate::outcome::Tag;

/// VACUUM of one table, or of all. FULL changes nothing: files are always written anew.
pub(super) async fn vacuum(context: &Context, vacuum: &VacuumStatement) -> Result<Tag> {
    context.transaction().admit_alone("VACUUM")?;
    let VacuumStatement { full: _, sort_only, delete_only, reindex, recluster, table_name, threshold, boost } = vacuum;
    if *sort_only || *delete_only || *reindex || *recluster || threshold.is_some() || *boost {
        return Err(Error::unsupported("VACUUM with options").with_hint("write VACUUM, or VACUUM table"));
    }
    let resolver = context.resolver();
    let tables = match table_name {
        Some(name) => vec![write::target(&resolver, &names::reference(name)?, "vacuum")?.table],
        None => resolver.moment().state.tables.values().cloned().collect(),
    };
    drop(resolver);
    for table in tables {
        context.catalog.home().vacuum(&table).await?;
    }
    Ok(Tag::of("VACUUM"))
}
