//! The SQL that makes an object, what is said about it, and its size.

use datafusion::logical_expr::Volatility;

use super::names::{quote_identifier, relation_name};
use super::signature::Kind::{Boolean, Int4, Int8, Oid, Relation, Text};
use super::signature::{Answer, Call, Kind, SystemFunction};
use crate::catalog::postgres::listing::{Argument, Listing, RelationKind};
use crate::catalog::postgres::types::format_type;
use crate::error::{Error, Result, SqlState};

pub(super) const FUNCTIONS: &[SystemFunction] = &[
    text_of("pg_get_viewdef", &[Relation], &[Boolean], |call| {
        Ok(call.relation(0)?.and_then(|view| view.definition.clone()).into())
    }),
    text_of("pg_get_constraintdef", &[Oid], &[Boolean], |call| {
        let (listing, oid) = (call.listing(), call.oid(0));
        let check = listing.check(oid).map(|(_, check)| format!("CHECK ({})", check.condition));
        let mut keys = listing.keys().filter(|(_, key)| key.is_constraint());
        let key = || Some(keys.find(|(_, key)| key.oid == oid)?.1.constraint_definition());
        let mut references = listing.references();
        let reference = || {
            let found = references.find(|reference| reference.listed.oid == oid)?;
            Some(found.definition(&relation_name(call, found.parent)))
        };
        Ok(check.or_else(key).or_else(reference).into())
    }),
    text_of("pg_get_expr", &[Text, Oid], &[Boolean], |call| Ok(call.text(0).into())),
    text_of("pg_get_function_arguments", &[Oid], &[], function_arguments),
    text_of("pg_get_function_identity_arguments", &[Oid], &[], |call| {
        let function = call.listing().function(call.oid(0));
        Ok(function.map(|f| f.entry.arguments.iter().map(argument).collect::<Vec<_>>().join(", ")).into())
    }),
    text_of("pg_get_function_result", &[Oid], &[], |call| {
        Ok(call.listing().function(call.oid(0)).map(|f| format_type(f.entry.result, None)).into())
    }),
    text_of("pg_get_function_sqlbody", &[Oid], &[], |_| Ok(Answer::Null)),
    text_of("pg_get_indexdef", &[Oid], &[Int4, Boolean], index_definition),
    text_of("pg_get_triggerdef", &[Oid], &[Boolean], |_| Ok(Answer::Null)),
    text_of("pg_get_ruledef", &[Oid], &[Boolean], |_| Ok(Answer::Null)),
    text_of("pg_get_partkeydef", &[Oid], &[], |_| Ok(Answer::Null)),
    text_of("pg_get_statisticsobjdef_columns", &[Oid], &[], |_| Ok(Answer::Null)),
    text_of("pg_get_serial_sequence", &[Relation, Text], &[], serial_sequence),
    text_of("obj_description", &[Oid], &[Text], |call| Ok(comment(call.listing(), call.oid(0)).into())),
    text_of("shobj_description", &[Oid, Text], &[], |_| Ok(Answer::Null)),
    text_of("col_description", &[Oid, Int4], &[], column_comment),
    number_of("pg_relation_size", &[Relation], &[Text], size),
    number_of("pg_table_size", &[Relation], &[], size),
    number_of("pg_total_relation_size", &[Relation], &[], size),
    number_of("pg_indexes_size", &[Relation], &[], |_| Ok(0i64.into())),
    // Nobody counts how often a key is looked at.
    number_of("pg_stat_get_numscans", &[Oid], &[], |_| Ok(Answer::Null)),
    number_of("pg_database_size", &[Text], &[], |call| {
        let bytes = call.listing().user_relations().iter().filter_map(|relation| relation.bytes);
        Ok(i64::try_from(bytes.sum::<u64>()).ok().into())
    }),
    text_of("pg_size_pretty", &[Int8], &[], |call| Ok(call.integer(0).map(size_pretty).into())),
    SystemFunction {
        name: "pg_relation_is_publishable",
        required: &[Relation],
        optional: &[],
        result: "bool",
        strict: true,
        volatility: Volatility::Stable,
        answer: |_| Ok(false.into()),
    },
    // No table has partitions, so none has an ancestor.
    SystemFunction {
        name: "pg_partition_ancestors",
        required: &[Relation],
        optional: &[],
        result: "oid",
        strict: true,
        volatility: Volatility::Stable,
        answer: |_| Ok(Answer::Null),
    },
];

const fn text_of(
    name: &'static str,
    required: &'static [Kind],
    optional: &'static [Kind],
    answer: fn(&Call) -> Result<Answer>,
) -> SystemFunction {
    SystemFunction { name, required, optional, result: "text", strict: true, volatility: Volatility::Stable, answer }
}

const fn number_of(
    name: &'static str,
    required: &'static [Kind],
    optional: &'static [Kind],
    answer: fn(&Call) -> Result<Answer>,
) -> SystemFunction {
    SystemFunction { name, required, optional, result: "int8", strict: true, volatility: Volatility::Stable, answer }
}

/// `value double precision, treated boolean [, baseline double precision]`: our defaults are no SQL expressions, so what
/// may be left out stands in brackets where Postgres writes DEFAULT.
fn function_arguments(call: &Call) -> Result<Answer> {
    let Some(function) = call.listing().function(call.oid(0)) else { return Ok(Answer::Null) };
    let mut text = String::new();
    for (index, one) in function.entry.arguments.iter().enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        text +=
            &if one.optional { format!(" [{comma}{}]", argument(one)) } else { format!("{comma}{}", argument(one)) };
    }
    Ok(text.trim_start().into())
}

/// The statement that would make an index, or the name of one of its columns.
fn index_definition(call: &Call) -> Result<Answer> {
    let oid = call.oid(0);
    let Some((table, key)) = call.listing().keys().find(|(_, key)| key.index == oid) else { return Ok(Answer::Null) };
    match call.integer(1).filter(|place| *place > 0) {
        None => Ok(key.index_definition(table).into()),
        Some(place) => {
            let column = usize::try_from(place - 1).ok().and_then(|at| key.key.columns.get(at));
            Ok(column.map_or_else(String::new, |column| quote_identifier(column)).into())
        }
    }
}

/// The sequence that goes with a column.
fn serial_sequence(call: &Call) -> Result<Answer> {
    let (Some(table), Some(column)) = (call.relation(0)?, call.text(1)) else { return Ok(Answer::Null) };
    if !table.columns.iter().any(|known| known.name == column) {
        let message = format!("column \"{column}\" of relation \"{}\" does not exist", table.name);
        return Err(Error::new(SqlState::UndefinedColumn, message));
    }
    let owned = |owner: &(u32, String)| owner.0 == table.oid && owner.1 == column;
    let mut sequences = call.listing().sequences();
    let found = sequences.find(|(_, sequence)| sequence.owner.as_ref().is_some_and(owned));
    let name = |relation: &crate::catalog::postgres::listing::Relation| {
        format!("{}.{}", quote_identifier(&relation.schema), quote_identifier(&relation.name))
    };
    Ok(found.map(|(relation, _)| name(relation)).into())
}

fn argument(argument: &Argument) -> String {
    let mode = if argument.variadic { "VARIADIC " } else { "" };
    let name = if argument.name.is_empty() { String::new() } else { format!("{} ", argument.name) };
    format!("{mode}{name}{}", format_type(argument.type_oid, None))
}

/// The comment on a schema, relation or function. OIDs of different catalogs differ, so the catalog's name adds nothing.
fn comment(listing: &Listing, oid: u32) -> Option<String> {
    let schema = || listing.schemas.iter().find(|s| s.oid == oid).and_then(|s| s.comment.clone());
    let relation = || listing.relation(oid).and_then(|r| r.comment.clone());
    let function = || listing.function(oid).and_then(|f| f.entry.comment.clone());
    relation().or_else(function).or_else(schema)
}

fn column_comment(call: &Call) -> Result<Answer> {
    let relation = call.listing().relation(call.oid(0));
    let index = call.integer(1).and_then(|number| usize::try_from(number).ok()?.checked_sub(1));
    let column = relation.zip(index).and_then(|(relation, index)| relation.columns.get(index));
    Ok(column.and_then(|column| column.comment.clone()).into())
}

/// Bytes on disk; NULL where not known.
fn size(call: &Call) -> Result<Answer> {
    let Some(relation) = call.relation(0)? else { return Ok(Answer::Null) };
    if relation.kind != RelationKind::Table {
        return Ok(0i64.into());
    }
    Ok(relation.bytes.and_then(|bytes| i64::try_from(bytes).ok()).into())
}

/// A size in the largest unit of which there are ten at least, rounded half away from zero, as Postgres prints it.
fn size_pretty(bytes: i64) -> String {
    let mut size = bytes;
    let mut unit = "bytes";
    // Halves are kept until the end: from kB on `size` counts half units.
    for (index, next) in ["kB", "MB", "GB", "TB", "PB"].into_iter().enumerate() {
        let limit = if index == 0 { 10 * 1024 } else { 20 * 1024 - 1 };
        if size.abs() < limit {
            break;
        }
        size /= if index == 0 { 512 } else { 1024 };
        unit = next;
    }
    if unit != "bytes" {
        size = (size + size.signum()) / 2;
    }
    format!("{size} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_printed_as_postgres_prints_them() {
        // Answers of pg_size_pretty() in PostgreSQL 15.
        for (bytes, printed) in [
            (0, "0 bytes"),
            (10_239, "10239 bytes"),
            (10_240, "10 kB"),
            (-10_240, "-10 kB"),
            (10_485_247, "10239 kB"),
            (10_485_248, "10 MB"),
            (15_728_640, "15 MB"),
            (10_737_418_239, "10 GB"),
            (1_099_511_627_776, "1024 GB"),
            (109_951_162_777_600, "100 TB"),
            (-109_951_162_777_600, "-100 TB"),
        ] {
            assert_eq!(size_pretty(bytes), printed, "{bytes}");
        }
    }
}
