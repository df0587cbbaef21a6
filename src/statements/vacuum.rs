//! VACUUM: joins the small and overlapping files of tables and removes what nobody needs any more, now and to the end. In the
//! background the same goes on by itself, less thoroughly.

use datafusion::sql::sqlparser::ast::VacuumStatement;

use super::context::Context;
use super::names;
use crate::catalog::RelationRecord;
use crate::error::{Error, Result, SqlState};
use crate::outcome::Tag;

/// VACUUM of one table, or of all that the role owns. FULL changes nothing: files are always written anew.
pub(super) async fn vacuum(context: &Context, vacuum: &VacuumStatement) -> Result<Tag> {
    context.transaction().admit_alone("VACUUM")?;
    let VacuumStatement { full: _, sort_only, delete_only, reindex, recluster, table_name, threshold, boost } = vacuum;
    if *sort_only || *delete_only || *reindex || *recluster || threshold.is_some() || *boost {
        return Err(Error::unsupported("VACUUM with options").with_hint("write VACUUM, or VACUUM table"));
    }
    let resolver = context.resolver();
    let catalog = &resolver.moment().state;
    let owned = |relation: &RelationRecord| catalog.require_owner(context.role(), relation);
    let tables: Vec<_> = match table_name {
        Some(name) => {
            let relation = resolver.relation(&names::reference(name)?)?;
            let table = catalog.table(relation).ok_or_else(|| {
                Error::new(SqlState::WrongObjectType, format!("cannot vacuum view \"{}\"", relation.name))
                    .with_hint("vacuum the tables it reads")
            })?;
            owned(relation)?;
            vec![table.clone()]
        }
        None => {
            let relations = catalog.record.relations.iter().filter(|relation| owned(relation).is_ok());
            relations.filter_map(|relation| catalog.table(relation).cloned()).collect()
        }
    };
    drop(resolver);
    for table in tables {
        context.catalog.shared().home().vacuum(&table).await?;
    }
    Ok(Tag::of("VACUUM"))
}
