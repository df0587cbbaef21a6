//! What becomes of foreign keys when columns, keys and tables change their names or go.

use super::super::context::Context;
use super::super::dependants::name;
use crate::catalog::{Block, Body, Key, Reference, RelationRecord};
use crate::error::{Error, Result, SqlState};
use crate::outcome::Notice;

/// The foreign keys of tables that stay, which refer to some that go: what messages call each, and what it depends on.
pub(in crate::statements) fn dependants(
    context: &Context,
    block: &Block,
    going: &[&RelationRecord],
) -> Vec<(String, String)> {
    let stays = |oid: u32| !going.iter().any(|relation| relation.oid == oid);
    let of_table = |table: &&RelationRecord| {
        let on = name(context, block, table);
        let referring = block.state().record.referring_to(table.oid).filter(|(child, _)| stays(child.oid));
        let called = |(child, reference): (&RelationRecord, &Reference)| {
            (format!("constraint {} on {}", reference.name, name(context, block, child)), on.clone())
        };
        referring.map(called).collect::<Vec<_>>()
    };
    going.iter().flat_map(of_table).collect()
}

/// Takes out the foreign keys that refer to a table that went.
pub(in crate::statements) fn leave(block: &mut Block, table: u32) {
    retain(block, |_, reference| reference.table != table);
}

/// 2BP01 where a foreign key refers to the columns of a key that is to go, and to no other key of the same columns.
pub(in crate::statements) fn require_unused_key(
    block: &Block,
    table: &RelationRecord,
    key: &Key,
    called: &str,
) -> Result<()> {
    let are_those = |key: &Key, reference: &Reference| {
        key.columns.len() == reference.referenced.len() && key.columns.iter().all(|c| reference.referenced.contains(c))
    };
    let others: Vec<&Key> = table.keys().iter().filter(|other| other.name != key.name).collect();
    let is_needed =
        |reference: &Reference| are_those(key, reference) && !others.iter().any(|other| are_those(other, reference));
    let mut referring = block.state().record.referring_to(table.oid);
    match referring.find(|(_, reference)| is_needed(reference)) {
        None => Ok(()),
        Some((child, reference)) => {
            let constraint = format!("constraint {} on table {}", reference.name, child.name);
            Err(depended(called, &constraint, &format!("index {}", key.name)))
        }
    }
}

/// Columns of a table are to go: their own foreign keys go along; 2BP01 where others refer to them, but for CASCADE.
pub(in crate::statements) fn columns_go(
    context: &Context,
    block: &mut Block,
    table: &mut RelationRecord,
    columns: &[&str],
    cascade: bool,
) -> Result<()> {
    let oid = table.oid;
    let are_gone = |names: &[String]| names.iter().any(|name| columns.contains(&name.as_str()));
    let depends = |child: u32, reference: &Reference| {
        reference.table == oid && are_gone(&reference.referenced) && (child != oid || !are_gone(&reference.columns))
    };
    for (child, reference) in block.state().record.referring_to(oid).filter(|(child, r)| depends(child.oid, r)) {
        let constraint = format!("constraint {} on table {}", reference.name, child.name);
        if !cascade {
            let column = reference.referenced.iter().find(|name| columns.contains(&name.as_str()));
            let column = format!("column {} of table {}", column.map_or("", String::as_str), table.name);
            return Err(depended(&column, &constraint, &column));
        }
        let message = format!("drop cascades to {constraint}");
        context.notice(Notice::information(SqlState::SuccessfulCompletion, message));
    }
    retain(block, |child, reference| !(depends(child, reference) || child == oid && are_gone(&reference.columns)));
    if let Some(now) = block.state().record.relation(&table.schema, &table.name) {
        let kept = now.references().to_vec();
        if let Body::Table { references, .. } = &mut table.body {
            *references = kept;
        }
    }
    Ok(())
}

/// Follows a column of a table to its new name.
pub(in crate::statements) fn rename_column(block: &mut Block, table: &mut RelationRecord, old: &str, new: &str) {
    let oid = table.oid;
    let rename = |names: &mut Vec<String>| {
        names.iter_mut().filter(|name| *name == old).for_each(|name| new.clone_into(name));
    };
    let follow = |relation: &mut RelationRecord| {
        let own = relation.oid == oid;
        let Body::Table { references, .. } = &mut relation.body else { return };
        for reference in references {
            if own {
                rename(&mut reference.columns);
            }
            if reference.table == oid {
                rename(&mut reference.referenced);
            }
        }
    };
    let refers = |relation: &RelationRecord| {
        relation.references().iter().any(|reference| relation.oid == oid || reference.table == oid)
    };
    follow(table);
    if block.state().record.relations.iter().any(refers) {
        block.state_mut().record.relations.iter_mut().for_each(follow);
    }
}

/// The tables that refer to one that is to be emptied without them: 0A000, but for CASCADE, which empties them too.
pub(in crate::statements) fn truncated_with(
    context: &Context,
    block: &Block,
    truncated: &[RelationRecord],
    cascade: bool,
) -> Result<Vec<RelationRecord>> {
    let mut all = truncated.to_vec();
    let mut at = 0;
    while let Some(table) = all.get(at).cloned() {
        let referring: Vec<RelationRecord> =
            block.state().record.referring_to(table.oid).map(|(child, _)| child.clone()).collect();
        for child in referring {
            if all.iter().any(|known| known.oid == child.oid) {
                continue;
            }
            let (name, parent) = (&child.name, &table.name);
            if !cascade {
                let message = "cannot truncate a table referenced in a foreign key constraint";
                return Err(Error::new(SqlState::FeatureNotSupported, message)
                    .with_detail(format!("Table \"{name}\" references \"{parent}\"."))
                    .with_hint(format!("Truncate table \"{name}\" at the same time, or use TRUNCATE ... CASCADE.")));
            }
            let message = format!("truncate cascades to table \"{name}\"");
            context.notice(Notice::information(SqlState::SuccessfulCompletion, message));
            all.push(child);
        }
        at += 1;
    }
    Ok(all.split_off(truncated.len()))
}

/// Keeps the foreign keys, each with the object id of its table, that a condition holds for.
fn retain(block: &mut Block, keeps: impl Fn(u32, &Reference) -> bool) {
    let loses = |relation: &RelationRecord| relation.references().iter().any(|r| !keeps(relation.oid, r));
    if !block.state().record.relations.iter().any(loses) {
        return;
    }
    for relation in &mut block.state_mut().record.relations {
        let oid = relation.oid;
        if let Body::Table { references, .. } = &mut relation.body {
            references.retain(|reference| keeps(oid, reference));
        }
    }
}

/// The error of an object that another one depends on.
fn depended(going: &str, dependant: &str, on: &str) -> Error {
    let message = format!("cannot drop {going} because other objects depend on it");
    Error::new(SqlState::DependentObjectsStillExist, message)
        .with_detail(format!("{dependant} depends on {on}"))
        .with_hint("Use DROP ... CASCADE to drop the dependent objects too.")
}
