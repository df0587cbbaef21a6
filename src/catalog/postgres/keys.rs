//! The keys of tables as Postgres shows them: each as an index, and as a constraint unless CREATE UNIQUE INDEX made it.

use super::functions::quote_identifier;
use super::hashed_oids::HashedOids;
use super::listing::{Relation, RelationKind};
use super::types::PgType;
use crate::catalog::{Key, KeyKind};

/// A key with its OIDs.
#[derive(Debug, Clone)]
pub struct ListedKey {
    /// The OID of the constraint.
    pub oid: u32,
    /// The OID of the index.
    pub index: u32,
    /// What the catalog says of it.
    pub key: Key,
    /// The places of its columns in the table, from 1.
    pub columns: Vec<i64>,
}

impl ListedKey {
    /// A key of a table of these columns.
    pub fn of(key: Key, schema: &str, table: &str, names: &[String], oids: &mut HashedOids) -> Self {
        let place = |column: &String| i64::try_from(names.iter().position(|name| name == column)? + 1).ok();
        Self {
            oid: oids.take("constraint", &format!("{table}.{}", key.name)),
            index: oids.take("index", &format!("{schema}.{}", key.name)),
            columns: key.columns.iter().filter_map(place).collect(),
            key,
        }
    }

    /// Whether it is a constraint too.
    pub fn is_constraint(&self) -> bool {
        self.key.kind != KeyKind::Index
    }

    /// `contype` of the constraint.
    pub fn letter(&self) -> char {
        if self.key.kind == KeyKind::Primary { 'p' } else { 'u' }
    }

    /// `PRIMARY KEY` or `UNIQUE`.
    pub fn words(&self) -> &'static str {
        if self.key.kind == KeyKind::Primary { "PRIMARY KEY" } else { "UNIQUE" }
    }

    /// The constraint as ALTER TABLE would add it.
    pub fn constraint_definition(&self) -> String {
        let nulls = if self.key.nulls_alike { " NULLS NOT DISTINCT" } else { "" };
        format!("{}{nulls} ({})", self.words(), self.column_list())
    }

    /// The statement that would make the index; psql cuts it at USING.
    pub fn index_definition(&self, table: &Relation) -> String {
        let (name, schema) = (quote_identifier(&self.key.name), quote_identifier(&table.schema));
        let nulls = if self.key.nulls_alike { " NULLS NOT DISTINCT" } else { "" };
        let table = quote_identifier(&table.name);
        format!("CREATE UNIQUE INDEX {name} ON {schema}.{table} USING btree ({}){nulls}", self.column_list())
    }

    /// Its columns as SQL names them.
    pub fn column_list(&self) -> String {
        self.key.columns.iter().map(|column| quote_identifier(column)).collect::<Vec<_>>().join(", ")
    }

    /// The index as a relation, with the key's columns.
    pub fn relation(&self, table: &Relation) -> Relation {
        let columns = self.key.columns.iter().filter_map(|name| table.columns.iter().find(|c| c.name == *name));
        Relation {
            oid: self.index,
            schema: table.schema.clone(),
            name: self.key.name.clone(),
            kind: RelationKind::Index,
            columns: columns.cloned().collect(),
            comment: None,
            access: table.access.clone(),
            definition: None,
            reads: vec![],
            checks: vec![],
            keys: vec![],
            references: vec![],
            sequence: None,
            rows: table.rows,
            bytes: Some(0),
        }
    }
}

/// The class of operators by which a B-tree of PostgreSQL 15 orders a type; 0 for those that have none.
pub fn operator_class(of: &PgType) -> i64 {
    match of.name.as_str() {
        _ if of.is_array() => 10_000,
        "bool" => 10_003,
        "bytea" => 10_006,
        "char" => 10_007,
        "date" => 3122,
        "float4" => 10_012,
        "float8" => 3123,
        "int2" => 1979,
        "int4" => 1978,
        "int8" => 3124,
        "interval" => 10_022,
        "jsonb" => 10_088,
        "name" => 10_028,
        "numeric" => 3125,
        "oid" => 1981,
        "text" | "varchar" => 3126,
        "bpchar" => 10_004,
        "time" => 10_038,
        "timestamp" => 3128,
        "timestamptz" => 3127,
        "timetz" => 10_041,
        "uuid" => 10_065,
        _ => 0,
    }
}
