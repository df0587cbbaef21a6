//! The journey tables, read once from `sql/schema.sql`: the one place that defines them.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::sql::sqlparser::ast::{
    ColumnOption, CommentObject, CreateTable, ObjectName, Statement, TableConstraint,
};
use datafusion::sql::sqlparser::parser::Parser;

use super::dialect::Postgres;
use super::order::order_of;
use super::types::column_type;

/// The text of `sql/schema.sql`.
pub const SCHEMA_SQL: &str = include_str!("../../sql/schema.sql");

/// One journey table.
#[derive(Debug, Clone)]
pub struct TableDefinition {
    /// Its name in the schema `journey`.
    pub name: String,
    /// What it holds, in one sentence.
    pub comment: String,
    /// Its columns in order.
    pub columns: Vec<Column>,
    /// The text of its CHECK constraints.
    pub checks: Vec<String>,
    /// The columns that its rows are sorted by; none if they are not.
    pub sorted_by: Vec<String>,
}

/// One column of a journey table.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its Arrow type.
    pub data_type: DataType,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// What it holds, in one sentence.
    pub comment: String,
}

impl TableDefinition {
    /// The Arrow schema of its rows.
    pub fn schema(&self) -> SchemaRef {
        let fields = self.columns.iter().map(|c| Field::new(&c.name, c.data_type.clone(), c.nullable));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}

/// Every journey table, in the order of `sql/schema.sql`.
pub fn journey_tables() -> &'static [TableDefinition] {
    static TABLES: LazyLock<Vec<TableDefinition>> = LazyLock::new(read);
    &TABLES
}

fn read() -> Vec<TableDefinition> {
    let statements = Parser::parse_sql(&Postgres, SCHEMA_SQL).expect("sql/schema.sql is valid SQL");
    let mut tables: Vec<TableDefinition> = Vec::new();
    for statement in statements {
        match statement {
            Statement::CreateTable(create) => tables.push(definition(create)),
            Statement::Comment { object_type, object_name, comment, .. } => {
                comment_on(&mut tables, object_type, &object_name, comment.unwrap_or_default());
            }
            other => panic!("sql/schema.sql holds only CREATE TABLE and COMMENT ON, not {other}"),
        }
    }
    tables
}

fn definition(create: CreateTable) -> TableDefinition {
    let columns = create.columns.iter().map(|c| Column {
        name: c.name.value.clone(),
        data_type: column_type(&c.data_type).expect("sql/schema.sql uses column types we store").data_type().clone(),
        nullable: !c.options.iter().any(|o| matches!(o.option, ColumnOption::NotNull)),
        comment: String::new(),
    });
    let checks = create.constraints.iter().map(|constraint| match constraint {
        TableConstraint::Check(check) => check.expr.to_string(),
        other => panic!("sql/schema.sql holds no constraint but CHECK, not {other}"),
    });
    TableDefinition {
        name: last(&create.name),
        comment: String::new(),
        columns: columns.collect(),
        checks: checks.collect(),
        sorted_by: order_of(&create.table_options).expect("sql/schema.sql orders tables as we read it"),
    }
}

fn comment_on(tables: &mut [TableDefinition], object: CommentObject, name: &ObjectName, comment: String) {
    let parts: Vec<String> = name.0.iter().map(|part| part.to_string()).collect();
    let table = |tables: &mut [TableDefinition], wanted: &str| {
        tables.iter().position(|t| t.name == wanted).expect("sql/schema.sql comments on tables it made")
    };
    match (object, parts.as_slice()) {
        (CommentObject::Table, [_, name]) => {
            let at = table(tables, name);
            tables[at].comment = comment;
        }
        (CommentObject::Column, [_, name, column]) => {
            let at = table(tables, name);
            let column = tables[at].columns.iter_mut().find(|c| c.name == *column);
            column.expect("sql/schema.sql comments on columns it made").comment = comment;
        }
        (other, _) => panic!("sql/schema.sql comments on tables and columns only, not {other}"),
    }
}

fn last(name: &ObjectName) -> String {
    name.0.last().map(|part| part.to_string()).expect("a parsed name has a last part")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_and_column_has_a_comment() {
        for table in journey_tables() {
            assert!(!table.comment.is_empty(), "{}", table.name);
            for column in &table.columns {
                assert!(!column.comment.is_empty(), "{}.{}", table.name, column.name);
            }
        }
    }

    #[test]
    fn instants_are_utc_microseconds() {
        let interactions = journey_tables().iter().find(|t| t.name == "interactions").expect("interactions is shipped");
        let at = interactions.columns.iter().find(|c| c.name == "occurred_at").expect("it has a time");
        assert_eq!(at.data_type, crate::model::instant());
    }
}
