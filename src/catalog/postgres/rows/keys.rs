//! Keys: the indexes that Postgres would have for them, and their columns.

use super::{Context, Rows, references};
use crate::catalog::KeyKind;
use crate::catalog::postgres::keys::operator_class;

/// `pg_index`.
pub(super) fn indexes(context: &Context, rows: &mut Rows) {
    for (table, key) in context.listing.keys() {
        let types = || {
            let of = |name: &String| table.columns.iter().find(|column| column.name == *name);
            key.key.columns.iter().filter_map(of).map(|column| column.column_type.pg_type())
        };
        rows.push([
            ("indexrelid", key.index.into()),
            ("indrelid", table.oid.into()),
            ("indnatts", key.columns.len().into()),
            ("indnkeyatts", key.columns.len().into()),
            ("indisunique", true.into()),
            ("indnullsnotdistinct", key.key.nulls_alike.into()),
            ("indisprimary", (key.key.kind == KeyKind::Primary).into()),
            ("indimmediate", true.into()),
            ("indisvalid", true.into()),
            ("indisready", true.into()),
            ("indislive", true.into()),
            ("indkey", key.columns.clone().into()),
            ("indcollation", types().map(|of| i64::from(of.collation)).collect::<Vec<_>>().into()),
            ("indclass", types().map(operator_class).collect::<Vec<_>>().into()),
            ("indoption", vec![0; key.columns.len()].into()),
        ]);
    }
}

/// `pg_indexes`.
pub(super) fn index_definitions(context: &Context, rows: &mut Rows) {
    for (table, key) in context.listing.keys() {
        rows.push([
            ("schemaname", (&table.schema).into()),
            ("tablename", (&table.name).into()),
            ("indexname", (&key.key.name).into()),
            ("indexdef", key.index_definition(table).into()),
        ]);
    }
}

/// `information_schema.key_column_usage`.
pub(super) fn key_columns(context: &Context, rows: &mut Rows) {
    let database = &context.listing.database;
    for (table, key) in context.listing.keys().filter(|(_, key)| key.is_constraint()) {
        for (at, column) in key.key.columns.iter().enumerate() {
            rows.push([
                ("constraint_catalog", database.into()),
                ("constraint_schema", (&table.schema).into()),
                ("constraint_name", (&key.key.name).into()),
                ("table_catalog", database.into()),
                ("table_schema", (&table.schema).into()),
                ("table_name", (&table.name).into()),
                ("column_name", column.into()),
                ("ordinal_position", (at + 1).into()),
            ]);
        }
    }
    references::key_columns(context, rows);
}
