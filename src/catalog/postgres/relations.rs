//! The relations of `pg_catalog` and `information_schema`: names, OIDs and columns, as in PostgreSQL 15.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{Field, Schema, SchemaRef};

use super::listing::{Column, Relation, RelationKind};
use super::types::{self, ColumnType, PgType};
use crate::catalog::{Access, PUBLIC, Privilege};
use crate::model::PG_TYPE_KEY;

/// The schema of the system catalogs.
pub const PG_CATALOG: &str = "pg_catalog";
/// Its OID.
pub const PG_CATALOG_OID: u32 = 11;
/// The schema of the views of the SQL standard.
pub const INFORMATION_SCHEMA: &str = "information_schema";
/// One system relation.
#[derive(Debug)]
pub struct SystemRelation {
    /// `pg_catalog` or `information_schema`.
    pub schema: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its OID.
    pub oid: u32,
    /// Table or view.
    pub kind: RelationKind,
    /// Its columns in order.
    pub columns: Vec<SystemColumn>,
    /// The Arrow schema of its rows.
    pub arrow: SchemaRef,
}

/// A column of a system relation.
#[derive(Debug)]
pub struct SystemColumn {
    /// Its name.
    pub name: &'static str,
    /// Its Postgres type.
    pub pg_type: &'static PgType,
    /// Whether NULL is allowed.
    pub nullable: bool,
}

/// Every system relation we have.
pub fn definitions() -> &'static [SystemRelation] {
    static DEFINITIONS: LazyLock<Vec<SystemRelation>> =
        LazyLock::new(|| include_str!("relations.txt").lines().map(read).collect());
    &DEFINITIONS
}

/// The system relation of a schema and name.
pub fn definition(schema: &str, name: &str) -> Option<&'static SystemRelation> {
    definitions().iter().find(|d| d.schema == schema && d.name == name)
}

/// The system relations as a listing shows them, so that they describe themselves too.
pub fn system_relations() -> &'static [Relation] {
    static RELATIONS: LazyLock<Vec<Relation>> = LazyLock::new(|| definitions().iter().map(relation).collect());
    &RELATIONS
}

/// The system relation of an OID.
pub fn system_relation(oid: u32) -> Option<&'static Relation> {
    static BY_OID: LazyLock<HashMap<u32, &'static Relation>> =
        LazyLock::new(|| system_relations().iter().map(|r| (r.oid, r)).collect());
    BY_OID.get(&oid).copied()
}

/// The system relation of a schema and name.
pub fn system_relation_named(schema: &str, name: &str) -> Option<&'static Relation> {
    static BY_NAME: LazyLock<HashMap<(&'static str, &'static str), &'static Relation>> =
        LazyLock::new(|| system_relations().iter().map(|r| ((r.schema.as_str(), r.name.as_str()), r)).collect());
    BY_NAME.get(&(schema, name)).copied()
}

/// An Arrow field for a Postgres type, marked where the Arrow type does not tell it.
pub fn field(name: &str, pg_type: &PgType, nullable: bool) -> Field {
    let field = Field::new(name, types::to_arrow(pg_type), nullable);
    if types::of_arrow(field.data_type()).oid == pg_type.oid {
        return field;
    }
    field.with_metadata(HashMap::from([(PG_TYPE_KEY.to_owned(), pg_type.name.clone())]))
}

/// Reads a line of `relations.txt`: `schema.name oid kind: column type, column type?`; a type with `?` allows NULL.
fn read(line: &'static str) -> SystemRelation {
    let (head, columns) = line.split_once(": ").expect("relations.txt has a colon before the columns");
    let mut words = head.split(' ');
    let mut word = || words.next().expect("relations.txt names relation, OID and kind");
    let (schema, name) = word().split_once('.').expect("relations.txt qualifies its relations");
    let oid = word().parse().expect("relations.txt has numbers for OIDs");
    let kind = if word() == "v" { RelationKind::View } else { RelationKind::Table };
    let columns: Vec<SystemColumn> = columns.split(", ").map(column).collect();
    let fields: Vec<Field> = columns.iter().map(|c| field(c.name, c.pg_type, c.nullable)).collect();
    SystemRelation { schema, name, oid, kind, columns, arrow: Arc::new(Schema::new(fields)) }
}

fn column(text: &'static str) -> SystemColumn {
    let (name, type_name) = text.split_once(' ').expect("relations.txt types every column");
    let nullable = type_name.ends_with('?');
    let type_name = type_name.trim_end_matches('?');
    let pg_type = types::types().iter().find(|t| t.name == type_name).expect("relations.txt uses the types we serve");
    SystemColumn { name, pg_type, nullable }
}

/// Everybody reads the system relations, but for those that show what passwords are checked with.
fn access(name: &str) -> Access {
    let mut access = Access::default();
    if !is_secret(name) {
        access.grant(PUBLIC, &[Privilege::Select]);
    }
    access
}

/// Whether a system relation shows what passwords are checked with, and so is for owners of the database alone.
pub fn is_secret(name: &str) -> bool {
    matches!(name, "pg_authid" | "pg_shadow")
}

fn relation(definition: &SystemRelation) -> Relation {
    let columns = definition.columns.iter().map(|c| Column {
        name: c.name.to_owned(),
        column_type: ColumnType::plain(c.pg_type.oid),
        nullable: c.nullable,
        identity: None,
        comment: None,
        default: None,
    });
    Relation {
        oid: definition.oid,
        schema: definition.schema.to_owned(),
        name: definition.name.to_owned(),
        kind: definition.kind,
        columns: columns.collect(),
        comment: None,
        access: access(definition.name),
        definition: None,
        reads: vec![],
        checks: vec![],
        keys: vec![],
        references: vec![],
        sequence: None,
        rows: None,
        bytes: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_marked_with_the_postgres_type_arrow_does_not_tell() {
        let class = &definition(PG_CATALOG, "pg_class").unwrap().arrow;
        let mark = |name: &str| class.field_with_name(name).unwrap().metadata().get(PG_TYPE_KEY).cloned();
        assert_eq!(mark("oid").as_deref(), Some("oid"));
        assert_eq!(mark("relname").as_deref(), Some("name"));
        assert_eq!(mark("relkind").as_deref(), Some("char"));
        assert_eq!(mark("relnatts"), None);
        assert_eq!(mark("reloptions"), None);
    }

    #[test]
    fn every_relation_has_its_own_oid() {
        for (index, one) in definitions().iter().enumerate() {
            assert!(definitions()[index + 1..].iter().all(|other| other.oid != one.oid), "{}", one.name);
        }
    }
}
