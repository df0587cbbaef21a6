//! What statements say of foreign keys, what they refer to, and what they are called where nobody says.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use datafusion::sql::sqlparser::ast::{
    self, ColumnOption, ConstraintReferenceMatchKind, DeferrableInitial, ForeignKeyConstraint, ReferentialAction,
    TableConstraint,
};

use super::super::context::Context;
use super::super::{names, tables};
use super::enforce::referring;
use crate::catalog::{Block, Body, Key, KeyKind, OnChange, Reference, RelationRecord};
use crate::error::{Error, Result, SqlState};

/// Whether a table constraint is a foreign key.
pub(in crate::statements) fn is_reference(constraint: &TableConstraint) -> bool {
    matches!(constraint, TableConstraint::ForeignKey(_))
}

/// The foreign keys that the columns and the constraints of a new table declare, as constraints of the table.
pub(in crate::statements) fn declared(
    columns: &[ast::ColumnDef],
    constraints: &[TableConstraint],
) -> Vec<ForeignKeyConstraint> {
    let of_column = |column: &ast::ColumnDef| {
        let of_option = |option: &ast::ColumnOptionDef| match &option.option {
            ColumnOption::ForeignKey(constraint) => Some(ForeignKeyConstraint {
                name: constraint.name.clone().or(option.name.clone()),
                columns: vec![column.name.clone()],
                ..constraint.clone()
            }),
            _ => None,
        };
        column.options.iter().filter_map(of_option).collect::<Vec<_>>()
    };
    let of_table = |constraint: &TableConstraint| match constraint {
        TableConstraint::ForeignKey(constraint) => Some(constraint.clone()),
        _ => None,
    };
    columns.iter().flat_map(of_column).chain(constraints.iter().filter_map(of_table)).collect()
}

/// Adds a foreign key to a table of the block, whose rows must keep to it. The table that it refers to is locked.
pub(in crate::statements) async fn add(
    context: &Context,
    block: &mut Block,
    relation: RelationRecord,
    constraint: &ForeignKeyConstraint,
) -> Result<RelationRecord> {
    refuse_unsupported(constraint)?;
    let name = names::reference(&constraint.foreign_table)?;
    context.lock(block, &name).await?;
    let found = block.state().find(name.schema(), name.table(), &context.search_path()).cloned();
    let parent = found.ok_or_else(|| names::missing(block.state(), &name))?;
    let parent_table = block.state().table(&parent).cloned().ok_or_else(|| {
        let message = format!("referenced relation \"{}\" is not a table", parent.name);
        Error::new(SqlState::WrongObjectType, message)
    })?;
    block.state().require_owner(context.role(), &parent)?;
    require_as_lasting(block, &relation, &parent)?;
    let table = tables::table_of(block, &relation)?;
    let (schema, referenced_schema) =
        (Arc::clone(block.at(&table)?.schema()), Arc::clone(block.at(&parent_table)?.schema()));
    let columns: Vec<String> = constraint.columns.iter().map(names::fold).collect();
    for column in &columns {
        require_column(&schema, column)?;
    }
    let referenced = referenced_columns(&parent, &referenced_schema, constraint)?;
    if columns.len() != referenced.len() {
        let message = "number of referencing and referenced columns for foreign key disagree";
        return Err(Error::new(SqlState::InvalidForeignKey, message));
    }
    let name = constraint_name(&relation, constraint, &columns)?;
    for (own, other) in columns.iter().zip(&referenced) {
        let kinds = [schema.field_with_name(own)?.data_type(), referenced_schema.field_with_name(other)?.data_type()];
        if !are_comparable(kinds) {
            let detail = format!("Key columns \"{own}\" and \"{other}\" are of incompatible types.");
            let message = format!("foreign key constraint \"{name}\" cannot be implemented");
            return Err(Error::new(SqlState::DatatypeMismatch, message).with_detail(detail));
        }
    }
    let [on_delete, on_update] = [constraint.on_delete, constraint.on_update].map(|action| match action {
        Some(ReferentialAction::Restrict) => OnChange::Restrict,
        _ => OnChange::NoAction,
    });
    let reference = Reference { name, columns, table: parent.oid, referenced, on_delete, on_update };
    let record = tables::record_of(block, &relation)?;
    if let Body::Table { references, .. } = &mut record.body {
        references.push(reference.clone());
    }
    let relation = record.clone();
    let rows = block.at(&table)?;
    referring(context, block, &relation, std::slice::from_ref(&reference), rows).await?;
    Ok(relation)
}

/// The columns that a foreign key refers to: those that it names, which must be a key, or else those of the primary key.
fn referenced_columns(
    parent: &RelationRecord,
    schema: &Schema,
    constraint: &ForeignKeyConstraint,
) -> Result<Vec<String>> {
    if constraint.referred_columns.is_empty() {
        let primary = parent.keys().iter().find(|key| key.kind == KeyKind::Primary);
        return primary.map(|key| key.columns.clone()).ok_or_else(|| {
            let message = format!("there is no primary key for referenced table \"{}\"", parent.name);
            Error::new(SqlState::UndefinedObject, message)
        });
    }
    let columns: Vec<String> = constraint.referred_columns.iter().map(names::fold).collect();
    for column in &columns {
        require_column(schema, column)?;
    }
    let is_meant = |key: &&Key| key.columns.len() == columns.len() && key.columns.iter().all(|c| columns.contains(c));
    match parent.keys().iter().find(is_meant) {
        Some(_) => Ok(columns),
        None => {
            let message =
                format!("there is no unique constraint matching given keys for referenced table \"{}\"", parent.name);
            Err(Error::new(SqlState::InvalidForeignKey, message))
        }
    }
}

fn require_column(schema: &Schema, column: &str) -> Result<()> {
    match schema.field_with_name(column) {
        Ok(_) => Ok(()),
        Err(_) => {
            let message = format!("column \"{column}\" referenced in foreign key constraint does not exist");
            Err(Error::new(SqlState::UndefinedColumn, message))
        }
    }
}

/// Tables that end with the session and tables that stay don't refer to each other.
fn require_as_lasting(block: &Block, relation: &RelationRecord, parent: &RelationRecord) -> Result<()> {
    let is_temporary = |table: &RelationRecord| block.state().temporary_schema() == Some(table.schema.as_str());
    match (is_temporary(relation), is_temporary(parent)) {
        (false, true) => refuse_lasting("permanent"),
        (true, false) => refuse_lasting("temporary"),
        _ => Ok(()),
    }
}

fn refuse_lasting(kind: &str) -> Result<()> {
    let message = format!("constraints on {kind} tables may reference only {kind} tables");
    Err(Error::new(SqlState::InvalidTableDefinition, message))
}

/// Whether the engine compares values of two types as they are.
fn are_comparable([one, other]: [&DataType; 2]) -> bool {
    let is_exact = |kind: &DataType| kind.is_integer() || kind.is_decimal();
    let is_moment = |kind: &DataType| matches!(kind, DataType::Date32 | DataType::Timestamp(..));
    one == other
        || is_exact(one) && is_exact(other)
        || one.is_floating() && other.is_floating()
        || one.is_string() && other.is_string()
        || is_moment(one) && is_moment(other)
}

/// What a foreign key is called: as it says, or `t_a_b_fkey` with the first number behind it that makes it free.
fn constraint_name(relation: &RelationRecord, constraint: &ForeignKeyConstraint, columns: &[String]) -> Result<String> {
    let checks = match &relation.body {
        Body::Table { checks, .. } => checks.as_slice(),
        _ => &[],
    };
    let is_taken = |name: &str| {
        checks.iter().any(|check| check.name == name)
            || relation.keys().iter().any(|key| key.name == name)
            || relation.references().iter().any(|reference| reference.name == name)
    };
    if let Some(name) = constraint.name.as_ref().map(names::fold) {
        if is_taken(&name) {
            let message = format!("constraint \"{name}\" for relation \"{}\" already exists", relation.name);
            return Err(Error::new(SqlState::DuplicateObject, message));
        }
        return Ok(name);
    }
    let base = format!("{}_{}_fkey", relation.name, columns.join("_"));
    let numbered = (1..).map(|n| format!("{base}{n}"));
    let mut free = std::iter::once(base.clone()).chain(numbered);
    Ok(free.find(|name| !is_taken(name)).expect("the numbers do not end"))
}

/// What would change other rows than those that a statement names, or wait for the end of the transaction.
fn refuse_unsupported(constraint: &ForeignKeyConstraint) -> Result<()> {
    let acts = |action: &Option<ReferentialAction>| {
        action.filter(|action| !matches!(action, ReferentialAction::NoAction | ReferentialAction::Restrict))
    };
    if let Some(action) = acts(&constraint.on_delete) {
        return refuse(&format!("ON DELETE {action}"), "NO ACTION and RESTRICT keep rows that others refer to");
    }
    if let Some(action) = acts(&constraint.on_update) {
        return refuse(&format!("ON UPDATE {action}"), "NO ACTION and RESTRICT keep rows that others refer to");
    }
    match constraint.match_kind {
        None | Some(ConstraintReferenceMatchKind::Simple) => {}
        Some(kind) => return refuse(&kind.to_string(), "a row with a NULL among the columns refers to nothing"),
    }
    let given = constraint.characteristics.as_ref();
    if given.is_some_and(|given| given.deferrable == Some(true) || given.initially == Some(DeferrableInitial::Deferred))
    {
        return refuse("a DEFERRABLE foreign key", "it is checked at the end of each statement");
    }
    if given.is_some_and(|given| given.enforced == Some(false)) {
        return refuse("a foreign key that is NOT ENFORCED", "leave it out");
    }
    Ok(())
}

fn refuse(what: &str, hint: &str) -> Result<()> {
    Err(Error::unsupported(what).with_hint(hint))
}
