//! Foreign keys.

use super::{Context, Rows};
use crate::catalog::OnChange;

/// Those among `pg_constraint`.
pub(super) fn constraints(context: &Context, rows: &mut Rows) {
    let letter = |action: OnChange| match action {
        OnChange::NoAction => 'a',
        OnChange::Restrict => 'r',
    };
    for referring in context.listing.references() {
        let reference = referring.reference();
        rows.push([
            ("oid", referring.listed.oid.into()),
            ("conname", (&reference.name).into()),
            ("connamespace", context.listing.schema_oid(&referring.table.schema).into()),
            ("contype", 'f'.into()),
            ("convalidated", true.into()),
            ("conrelid", referring.table.oid.into()),
            ("conindid", referring.key().map_or(0, |key| key.index).into()),
            ("confrelid", referring.parent.oid.into()),
            ("confupdtype", letter(reference.on_update).into()),
            ("confdeltype", letter(reference.on_delete).into()),
            ("confmatchtype", 's'.into()),
            ("conislocal", true.into()),
            ("connoinherit", true.into()),
            ("conkey", referring.columns().into()),
            ("confkey", referring.referenced().into()),
        ]);
    }
}

/// Those among `information_schema.key_column_usage`.
pub(super) fn key_columns(context: &Context, rows: &mut Rows) {
    let database = &context.listing.database;
    for referring in context.listing.references() {
        let (table, reference) = (referring.table, referring.reference());
        for (at, (column, referenced)) in reference.columns.iter().zip(&reference.referenced).enumerate() {
            let in_key = referring.key().and_then(|key| key.key.columns.iter().position(|name| name == referenced));
            rows.push([
                ("constraint_catalog", database.into()),
                ("constraint_schema", (&table.schema).into()),
                ("constraint_name", (&reference.name).into()),
                ("table_catalog", database.into()),
                ("table_schema", (&table.schema).into()),
                ("table_name", (&table.name).into()),
                ("column_name", column.into()),
                ("ordinal_position", (at + 1).into()),
                ("position_in_unique_constraint", in_key.map(|place| place as i64 + 1).into()),
            ]);
        }
    }
}

/// Those among `information_schema.constraint_column_usage`: the columns that they refer to.
pub(super) fn constraint_columns(context: &Context, rows: &mut Rows) {
    let database = &context.listing.database;
    for referring in context.listing.references() {
        let (parent, reference) = (referring.parent, referring.reference());
        for column in &reference.referenced {
            rows.push([
                ("table_catalog", database.into()),
                ("table_schema", (&parent.schema).into()),
                ("table_name", (&parent.name).into()),
                ("column_name", column.into()),
                ("constraint_catalog", database.into()),
                ("constraint_schema", (&referring.table.schema).into()),
                ("constraint_name", (&reference.name).into()),
            ]);
        }
    }
}

/// `information_schema.referential_constraints`.
pub(super) fn referential_constraints(context: &Context, rows: &mut Rows) {
    let database = &context.listing.database;
    let words = |action: OnChange| match action {
        OnChange::NoAction => "NO ACTION",
        OnChange::Restrict => "RESTRICT",
    };
    for referring in context.listing.references() {
        let reference = referring.reference();
        let key = referring.key().filter(|key| key.is_constraint());
        rows.push([
            ("constraint_catalog", database.into()),
            ("constraint_schema", (&referring.table.schema).into()),
            ("constraint_name", (&reference.name).into()),
            ("unique_constraint_catalog", key.map(|_| database.clone()).into()),
            ("unique_constraint_schema", key.map(|_| referring.parent.schema.clone()).into()),
            ("unique_constraint_name", key.map(|key| key.key.name.clone()).into()),
            ("match_option", "NONE".into()),
            ("update_rule", words(reference.on_update).into()),
            ("delete_rule", words(reference.on_delete).into()),
        ]);
    }
}
