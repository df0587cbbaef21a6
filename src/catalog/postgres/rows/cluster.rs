//! The database and its settings, and what is the same in every database.

use super::{Context, Rows};
use crate::catalog::JOURNEYDB;
use crate::catalog::postgres::relations::PG_CATALOG_OID;
use crate::config::{Kind, SETTINGS};

/// UTF8 among PostgreSQL's encodings.
const UTF8: i32 = 6;
/// No encoding of its own: fits all.
const ANY_ENCODING: i32 = -1;
/// The OID of the database, as of the one `initdb` makes.
pub(super) const DATABASE_OID: u32 = 5;
/// The OID of the tablespace `pg_default`.
const DEFAULT_TABLESPACE: u32 = 1663;

/// `pg_database`: the one this is.
pub(super) fn databases(context: &Context, rows: &mut Rows) {
    rows.push([
        ("oid", DATABASE_OID.into()),
        ("datname", (&context.listing.database).into()),
        ("datdba", JOURNEYDB.into()),
        ("encoding", UTF8.into()),
        ("datlocprovider", 'c'.into()),
        ("datallowconn", true.into()),
        ("datconnlimit", (-1).into()),
        ("dattablespace", DEFAULT_TABLESPACE.into()),
        ("datcollate", "C.UTF-8".into()),
        ("datctype", "C.UTF-8".into()),
    ]);
}

/// `pg_settings`: every setting with its value in this session, quantities in their unit.
pub(super) fn settings(context: &Context, rows: &mut Rows) {
    let session = context.session.settings();
    for setting in SETTINGS.iter() {
        let bounds = setting.kind.bounds();
        let vartype = match setting.kind {
            Kind::Switch => "bool",
            Kind::OneOf(_) | Kind::Encoding => "enum",
            Kind::Fraction => "real",
            _ if bounds.is_some() => "integer",
            _ => "string",
        };
        let words = match setting.kind {
            Kind::OneOf(words) => Some(words.iter().map(|synonyms| synonyms[0].to_owned()).collect::<Vec<_>>()),
            _ => None,
        };
        let value =
            |shown: &str| setting.kind.number(shown).map_or_else(|| shown.to_owned(), |number| number.to_string());
        rows.push([
            ("name", setting.name.into()),
            ("setting", session.get(setting.name).map(value).into()),
            ("unit", setting.kind.unit().into()),
            ("category", setting.category.title().into()),
            ("short_desc", setting.about.into()),
            ("context", setting.context().word().into()),
            ("vartype", vartype.into()),
            ("source", session.source(setting).into()),
            ("min_val", bounds.map(|(low, _)| low.to_string()).into()),
            ("max_val", bounds.map(|(_, high)| high.to_string()).into()),
            ("enumvals", words.into()),
            ("boot_val", value(setting.default).into()),
            ("reset_val", value(session.at_start(setting)).into()),
            ("pending_restart", false.into()),
        ]);
    }
}

/// `pg_stat_column_cache`: the decoded columns in memory, ours alone.
pub(super) fn column_cache(context: &Context, rows: &mut Rows) {
    let facts = context.session.column_cache();
    let asked = facts.hits + facts.misses;
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    rows.push([
        ("capacity_bytes", count(facts.capacity).into()),
        ("used_bytes", count(facts.used).into()),
        ("columns", count(facts.columns).into()),
        ("hits", count(facts.hits).into()),
        ("misses", count(facts.misses).into()),
        ("hit_rate", (asked > 0).then(|| facts.hits as f64 / asked as f64).into()),
    ]);
}

/// `pg_am`: how tables are stored, under the name that clients know.
pub(super) fn access_methods(_: &Context, rows: &mut Rows) {
    for (oid, name, handler, kind) in [(2, "heap", "heap_tableam_handler", 't'), (403, "btree", "bthandler", 'i')] {
        rows.push([
            ("oid", oid.into()),
            ("amname", name.into()),
            ("amhandler", handler.into()),
            ("amtype", kind.into()),
        ]);
    }
}

/// `pg_language`.
pub(super) fn languages(_: &Context, rows: &mut Rows) {
    for (oid, name, trusted) in [(12, "internal", false), (14, "sql", true)] {
        rows.push([
            ("oid", oid.into()),
            ("lanname", name.into()),
            ("lanowner", JOURNEYDB.into()),
            ("lanpltrusted", trusted.into()),
        ]);
    }
}

/// `pg_collation`: text compares by its bytes.
pub(super) fn collations(_: &Context, rows: &mut Rows) {
    for (oid, name, provider, locale) in
        [(100, "default", 'd', None), (950, "C", 'c', Some("C")), (951, "POSIX", 'c', Some("POSIX"))]
    {
        rows.push([
            ("oid", oid.into()),
            ("collname", name.into()),
            ("collnamespace", PG_CATALOG_OID.into()),
            ("collowner", JOURNEYDB.into()),
            ("collprovider", provider.into()),
            ("collisdeterministic", true.into()),
            ("collencoding", ANY_ENCODING.into()),
            ("collcollate", locale.into()),
            ("collctype", locale.into()),
        ]);
    }
}

/// `pg_tablespace`.
pub(super) fn tablespaces(_: &Context, rows: &mut Rows) {
    for (oid, name) in [(DEFAULT_TABLESPACE, "pg_default"), (1664, "pg_global")] {
        rows.push([("oid", oid.into()), ("spcname", name.into()), ("spcowner", JOURNEYDB.into())]);
    }
}
