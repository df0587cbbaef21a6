//! Schemas, tables, views, their columns, constraints and comments.

use super::roles::acl;
use super::{Context, Rows, references};
use crate::catalog::Privilege;
use crate::catalog::postgres::listing::{Relation, RelationKind};
use crate::catalog::postgres::rows::builder::Value;

/// The OIDs of the catalogs that comments belong to.
pub(super) const PG_CLASS: u32 = 1259;
const PG_NAMESPACE: u32 = 2615;
const PG_PROC: u32 = 1255;
/// The table access method `heap`.
const HEAP: u32 = 2;
/// The index access method `btree`.
const BTREE: u32 = 403;
/// The size of a page of Postgres, in which clients expect `relpages` to count.
const PAGE: u64 = 8192;

/// `pg_namespace`.
pub(super) fn namespaces(context: &Context, rows: &mut Rows) {
    for schema in &context.listing.schemas {
        rows.push([
            ("oid", schema.oid.into()),
            ("nspname", (&schema.name).into()),
            ("nspowner", schema.access.owner.into()),
            ("nspacl", acl(context.listing, &schema.access, &Privilege::SCHEMA)),
        ]);
    }
}

/// `pg_class`.
pub(super) fn classes(context: &Context, rows: &mut Rows) {
    for relation in context.listing.relations().chain(context.listing.others()) {
        let table = relation.kind == RelationKind::Table;
        let method = match relation.kind {
            RelationKind::Table => HEAP,
            RelationKind::View | RelationKind::Sequence => 0,
            RelationKind::Index => BTREE,
        };
        let pages = relation.bytes.map_or(0, |bytes| bytes.div_ceil(PAGE));
        rows.push([
            ("oid", relation.oid.into()),
            ("relname", (&relation.name).into()),
            ("relnamespace", context.listing.schema_oid(&relation.schema).into()),
            ("relowner", relation.access.owner.into()),
            ("relam", method.into()),
            ("relfilenode", if method > 0 { relation.oid } else { 0 }.into()),
            ("relhasindex", (!relation.keys.is_empty()).into()),
            ("relpages", i64::try_from(pages.min(i32::MAX as u64)).unwrap_or_default().into()),
            // -1 means that the number is not known.
            ("reltuples", relation.rows.map_or(-1, |rows| i64::try_from(rows).unwrap_or(i64::MAX)).into()),
            ("relpersistence", if context.listing.is_temporary(relation) { 't' } else { 'p' }.into()),
            ("relkind", kind(relation).into()),
            ("relnatts", relation.columns.len().into()),
            ("relchecks", relation.checks.len().into()),
            ("relhasrules", (relation.kind == RelationKind::View).into()),
            // What keeps foreign keys are triggers, to Postgres; psql lists none of a table without.
            ("relhastriggers", context.listing.is_linked(relation).into()),
            ("relispopulated", true.into()),
            ("relreplident", if table { 'd' } else { 'n' }.into()),
            (
                "relacl",
                if method == BTREE { Value::Null } else { acl(context.listing, &relation.access, &Privilege::TABLE) },
            ),
        ]);
    }
}

fn kind(relation: &Relation) -> char {
    match relation.kind {
        RelationKind::Table => 'r',
        RelationKind::View => 'v',
        RelationKind::Index => 'i',
        RelationKind::Sequence => 'S',
    }
}

/// `pg_attribute`.
pub(super) fn attributes(context: &Context, rows: &mut Rows) {
    for relation in context.listing.relations().chain(context.listing.others()) {
        for (index, column) in relation.columns.iter().enumerate() {
            let pg_type = column.column_type.pg_type();
            rows.push([
                ("attrelid", relation.oid.into()),
                ("attname", (&column.name).into()),
                ("atttypid", pg_type.oid.into()),
                ("attstattarget", (-1).into()),
                ("attlen", i32::from(pg_type.length).into()),
                ("attnum", (index + 1).into()),
                ("attndims", i32::from(pg_type.is_array()).into()),
                ("attcacheoff", (-1).into()),
                ("atttypmod", column.column_type.modifier.into()),
                ("attbyval", pg_type.by_value.into()),
                ("attalign", pg_type.align.into()),
                ("attstorage", pg_type.storage.into()),
                ("attidentity", column.identity.map_or("", |always| if always { "a" } else { "d" }).into()),
                ("attnotnull", (!column.nullable && relation.kind != RelationKind::Index).into()),
                ("atthasdef", column.default.is_some().into()),
                ("attislocal", true.into()),
                ("attcollation", pg_type.collation.into()),
            ]);
        }
    }
}

/// `pg_attrdef`.
pub(super) fn defaults(context: &Context, rows: &mut Rows) {
    for relation in context.listing.user_relations() {
        for (index, column) in relation.columns.iter().enumerate() {
            if let Some(default) = &column.default {
                rows.push([
                    ("oid", default.oid.into()),
                    ("adrelid", relation.oid.into()),
                    ("adnum", (index + 1).into()),
                    ("adbin", (&default.expression).into()),
                ]);
            }
        }
    }
}

/// `pg_constraint`: the CHECK constraints, the keys and the foreign keys.
pub(super) fn constraints(context: &Context, rows: &mut Rows) {
    for relation in context.listing.user_relations() {
        for check in &relation.checks {
            rows.push([
                ("oid", check.oid.into()),
                ("conname", (&check.name).into()),
                ("connamespace", context.listing.schema_oid(&relation.schema).into()),
                ("contype", 'c'.into()),
                ("convalidated", true.into()),
                ("conrelid", relation.oid.into()),
                ("confupdtype", ' '.into()),
                ("confdeltype", ' '.into()),
                ("confmatchtype", ' '.into()),
                ("conislocal", true.into()),
                ("conkey", check.columns.clone().into()),
                ("conbin", (&check.condition).into()),
            ]);
        }
    }
    for (table, key) in context.listing.keys().filter(|(_, key)| key.is_constraint()) {
        rows.push([
            ("oid", key.oid.into()),
            ("conname", (&key.key.name).into()),
            ("connamespace", context.listing.schema_oid(&table.schema).into()),
            ("contype", key.letter().into()),
            ("convalidated", true.into()),
            ("conrelid", table.oid.into()),
            ("conindid", key.index.into()),
            ("confupdtype", ' '.into()),
            ("confdeltype", ' '.into()),
            ("confmatchtype", ' '.into()),
            ("conislocal", true.into()),
            ("connoinherit", true.into()),
            ("conkey", key.columns.clone().into()),
        ]);
    }
    references::constraints(context, rows);
}

/// `pg_rewrite`: the rule that makes a view of a relation.
pub(super) fn rules(context: &Context, rows: &mut Rows) {
    for view in context.listing.user_relations().iter().filter(|r| r.kind == RelationKind::View) {
        rows.push([
            ("oid", view.oid.into()),
            ("rulename", "_RETURN".into()),
            ("ev_class", view.oid.into()),
            ("ev_type", '1'.into()),
            ("ev_enabled", 'O'.into()),
            ("is_instead", true.into()),
        ]);
    }
}

/// `pg_description`: comments on schemas, relations, columns and functions.
pub(super) fn descriptions(context: &Context, rows: &mut Rows) {
    let mut describe = |oid: u32, class: u32, column: usize, comment: &Option<String>| {
        if let Some(comment) = comment {
            rows.push([
                ("objoid", oid.into()),
                ("classoid", class.into()),
                ("objsubid", column.into()),
                ("description", comment.into()),
            ]);
        }
    };
    for schema in &context.listing.schemas {
        describe(schema.oid, PG_NAMESPACE, 0, &schema.comment);
    }
    for relation in context.listing.relations() {
        describe(relation.oid, PG_CLASS, 0, &relation.comment);
        for (index, column) in relation.columns.iter().enumerate() {
            describe(relation.oid, PG_CLASS, index + 1, &column.comment);
        }
    }
    for function in &context.listing.functions {
        describe(function.oid, PG_PROC, 0, &function.entry.comment);
    }
}

/// `pg_tables`.
pub(super) fn tables(context: &Context, rows: &mut Rows) {
    for table in context.listing.relations().filter(|r| r.kind == RelationKind::Table) {
        rows.push([
            ("schemaname", (&table.schema).into()),
            ("tablename", (&table.name).into()),
            ("tableowner", context.listing.roles.name(table.access.owner).into()),
            ("hasindexes", (!table.keys.is_empty()).into()),
            ("hasrules", false.into()),
            ("hastriggers", false.into()),
            ("rowsecurity", false.into()),
        ]);
    }
}

/// `pg_views`.
pub(super) fn views(context: &Context, rows: &mut Rows) {
    for view in context.listing.relations().filter(|r| r.kind == RelationKind::View) {
        rows.push([
            ("schemaname", (&view.schema).into()),
            ("viewname", (&view.name).into()),
            ("viewowner", context.listing.roles.name(view.access.owner).into()),
            ("definition", view.definition.clone().into()),
        ]);
    }
}

/// `pg_stat_user_tables`: the number of rows where known; what we do not count is NULL.
pub(super) fn table_statistics(context: &Context, rows: &mut Rows) {
    for table in context.listing.user_relations().iter().filter(|r| r.kind == RelationKind::Table) {
        let live = table.rows.and_then(|rows| i64::try_from(rows).ok());
        rows.push([
            ("relid", table.oid.into()),
            ("schemaname", (&table.schema).into()),
            ("relname", (&table.name).into()),
            ("n_live_tup", live.map_or(Value::Null, Value::Int)),
        ]);
    }
}
