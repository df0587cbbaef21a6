//! `pg_depend`: what depends on what, as far as clients ask: views on the relations that they read, sequences on their columns.
//!
//! dbt learns from it which views go with a table that it replaces, and makes them again.

use super::objects::PG_CLASS;
use super::{Context, Rows};
use crate::catalog::postgres::listing::RelationKind;

const PG_REWRITE: u32 = 2618;

/// An object: its catalog, its OID, and its column from 1.
type Object = (u32, u32, usize);

/// Its rows.
pub(super) fn dependencies(context: &Context, rows: &mut Rows) {
    let mut depends = |on: Object, (class, object, column): Object, kind: char| {
        rows.push([
            ("classid", class.into()),
            ("objid", object.into()),
            ("objsubid", column.into()),
            ("refclassid", on.0.into()),
            ("refobjid", on.1.into()),
            ("refobjsubid", on.2.into()),
            ("deptype", kind.into()),
        ]);
    };
    for view in context.listing.user_relations().iter().filter(|relation| relation.kind == RelationKind::View) {
        // The rule that makes it a view goes with it.
        let rule = (PG_REWRITE, view.oid, 0);
        depends((PG_CLASS, view.oid, 0), rule, 'i');
        view.reads.iter().for_each(|read| depends((PG_CLASS, *read, 0), rule, 'n'));
    }
    for (relation, sequence) in context.listing.sequences() {
        let Some((table, column)) = &sequence.owner else { continue };
        let columns = context.listing.relation(*table).map(|table| &table.columns);
        let place = columns.and_then(|columns| columns.iter().position(|known| known.name == *column));
        let kind = if sequence.identity.is_some() { 'i' } else { 'a' };
        depends((PG_CLASS, *table, place.map_or(0, |at| at + 1)), (PG_CLASS, relation.oid, 0), kind);
    }
}
