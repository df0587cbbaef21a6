//! Settings that clients of Postgres set or ask for and that have nothing to change here.

use super::Category::Compatibility;
use super::{Context, Kind, Setting, Unit};

const ABOUT: &str = "Accepted for clients of Postgres; it changes nothing.";

const fn accepted(name: &'static str, kind: Kind, default: &'static str) -> Setting {
    Setting { name, kind, default, scope: Context::User, category: Compatibility, announced: false, about: ABOUT }
}

const fn fact(name: &'static str, value: &'static str, about: &'static str) -> Setting {
    Setting { about, ..accepted(name, Kind::Fixed, value) }
}

/// In the order of the alphabet.
pub(super) const COMPATIBILITY: &[Setting] = &[
    accepted("array_nulls", Kind::OneOf(&[&["on", "true", "1", "yes"]]), "on"),
    accepted("backslash_quote", Kind::OneOf(&[&["safe_encoding"], &["on"], &["off"]]), "safe_encoding"),
    fact("block_size", "8192", "The size of a page of Postgres."),
    accepted("check_function_bodies", Kind::Switch, "on"),
    accepted("constraint_exclusion", Kind::OneOf(&[&["partition"], &["on"], &["off"]]), "partition"),
    accepted("default_table_access_method", Kind::OneOf(&[&["heap"]]), "heap"),
    accepted("default_tablespace", Kind::Text, ""),
    accepted("default_transaction_deferrable", Kind::Switch, "off"),
    accepted("enable_hashjoin", Kind::Switch, "on"),
    accepted("enable_indexscan", Kind::Switch, "on"),
    accepted("enable_mergejoin", Kind::Switch, "on"),
    accepted("enable_nestloop", Kind::Switch, "on"),
    accepted("enable_seqscan", Kind::Switch, "on"),
    accepted("escape_string_warning", Kind::Switch, "on"),
    accepted("geqo", Kind::Switch, "off"),
    Setting { announced: true, ..fact("in_hot_standby", "off", "Whether the server follows another one.") },
    accepted("jit", Kind::Switch, "off"),
    fact("lc_collate", "C.UTF-8", "Text compares by its bytes."),
    fact("lc_ctype", "C.UTF-8", "The letters that text is made of."),
    accepted("lc_messages", Kind::Text, "C.UTF-8"),
    accepted("lc_monetary", Kind::Text, "C.UTF-8"),
    accepted("lc_numeric", Kind::Text, "C.UTF-8"),
    accepted("lc_time", Kind::Text, "C.UTF-8"),
    accepted("maintenance_work_mem", Kind::Quantity(Unit::Kilobytes, 1024, i32::MAX as i64), "64MB"),
    fact("max_function_args", "100", "The most arguments of a function of Postgres."),
    fact("max_index_keys", "32", "The most columns of an index of Postgres."),
    accepted("max_parallel_workers_per_gather", Kind::Integer(0, 1024), "2"),
    fact("max_prepared_transactions", "0", "Transactions in two phases are not supported."),
    accepted("plan_cache_mode", Kind::OneOf(&[&["auto"], &["force_generic_plan"], &["force_custom_plan"]]), "auto"),
    accepted("quote_all_identifiers", Kind::Switch, "off"),
    accepted("row_security", Kind::Switch, "on"),
    accepted("session_replication_role", Kind::OneOf(&[&["origin"], &["replica"], &["local"]]), "origin"),
    accepted("synchronize_seqscans", Kind::Switch, "on"),
    accepted(
        "synchronous_commit",
        Kind::OneOf(&[&["on", "true", "1"], &["local"], &["remote_write"], &["remote_apply"], &["off", "false", "0"]]),
        "on",
    ),
    accepted("temp_tablespaces", Kind::Text, ""),
    accepted("transaction_deferrable", Kind::Switch, "off"),
    accepted("transform_null_equals", Kind::OneOf(&[&["off", "false", "0", "no"]]), "off"),
    accepted("work_mem", Kind::Quantity(Unit::Kilobytes, 64, i32::MAX as i64), "4MB"),
    accepted("xmlbinary", Kind::OneOf(&[&["base64"], &["hex"]]), "base64"),
    accepted("xmloption", Kind::OneOf(&[&["content"], &["document"]]), "content"),
];
