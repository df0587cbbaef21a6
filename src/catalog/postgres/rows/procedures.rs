//! Functions and types.

use datafusion::logical_expr::Volatility;

use super::{Context, Rows};
use crate::catalog::JOURNEYDB;
use crate::catalog::postgres::listing::FunctionKind;
use crate::catalog::postgres::relations::PG_CATALOG_OID;
use crate::catalog::postgres::rows::builder::Value;
use crate::catalog::postgres::types::{self, PgType};

/// The OID of the language `internal`, in which our functions are to a client.
const INTERNAL: u32 = 12;

/// `pg_proc`.
pub(super) fn functions(context: &Context, rows: &mut Rows) {
    for function in &context.listing.functions {
        let entry = &function.entry;
        let types: Vec<i64> = entry.arguments.iter().map(|a| a.type_oid.into()).collect();
        let names: Vec<String> = entry.arguments.iter().map(|a| a.name.clone()).collect();
        let named = names.iter().any(|name| !name.is_empty());
        let aggregate = entry.kind == FunctionKind::Aggregate;
        rows.push([
            ("oid", function.oid.into()),
            ("proname", (&entry.name).into()),
            ("pronamespace", context.listing.schema_oid(&entry.schema).into()),
            ("proowner", JOURNEYDB.into()),
            ("prolang", INTERNAL.into()),
            ("procost", 1.into()),
            ("provariadic", entry.arguments.iter().find(|a| a.variadic).map_or(0, |a| a.type_oid).into()),
            ("prokind", if aggregate { 'a' } else { 'f' }.into()),
            ("proretset", (entry.kind == FunctionKind::Table).into()),
            ("provolatile", volatility(entry.volatility).into()),
            ("proparallel", 's'.into()),
            ("pronargs", types.len().into()),
            ("pronargdefaults", entry.arguments.iter().filter(|a| a.optional).count().into()),
            ("prorettype", entry.result.into()),
            ("proargtypes", types.into()),
            ("proargnames", if named { Value::Texts(names) } else { Value::Null }),
            ("prosrc", (&entry.name).into()),
        ]);
    }
}

fn volatility(volatility: Volatility) -> char {
    match volatility {
        Volatility::Immutable => 'i',
        Volatility::Stable => 's',
        Volatility::Volatile => 'v',
    }
}

/// `pg_aggregate`.
pub(super) fn aggregates(context: &Context, rows: &mut Rows) {
    for function in context.listing.functions.iter().filter(|f| f.entry.kind == FunctionKind::Aggregate) {
        rows.push([("aggfnoid", function.oid.into()), ("aggkind", 'n'.into())]);
    }
}

/// `pg_type`.
pub(super) fn types(_: &Context, rows: &mut Rows) {
    for pg_type in types::types() {
        rows.push([
            ("oid", pg_type.oid.into()),
            ("typname", (&pg_type.name).into()),
            ("typnamespace", PG_CATALOG_OID.into()),
            ("typowner", JOURNEYDB.into()),
            ("typlen", i32::from(pg_type.length).into()),
            ("typbyval", pg_type.by_value.into()),
            ("typtype", pg_type.kind.into()),
            ("typcategory", pg_type.category.into()),
            ("typispreferred", pg_type.preferred.into()),
            ("typisdefined", true.into()),
            ("typdelim", ','.into()),
            ("typsubscript", if pg_type.is_array() { "array_subscript_handler" } else { "-" }.into()),
            ("typelem", pg_type.element.into()),
            ("typarray", pg_type.array.into()),
            ("typinput", (&pg_type.input).into()),
            ("typoutput", output(pg_type).into()),
            ("typreceive", (&pg_type.receive).into()),
            ("typsend", pg_type.receive.replace("recv", "send").into()),
            ("typalign", pg_type.align.into()),
            ("typstorage", pg_type.storage.into()),
            ("typtypmod", (-1).into()),
            ("typcollation", pg_type.collation.into()),
        ]);
    }
}

/// Postgres names a type's output function as its input function, with `out` for the `in` at its end.
fn output(pg_type: &PgType) -> String {
    let stem = pg_type.input.strip_suffix("in").unwrap_or(&pg_type.input);
    format!("{stem}out")
}
