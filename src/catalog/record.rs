//! The persisted form of the catalog: one JSON document a version, complete in itself.
//!
//! A whole document rather than a log of changes: a catalog is tens of kilobytes, a single create-if-absent put makes
//! each change atomic, and opening needs no replay.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::access::{Access, Privilege};
use super::postgres::Absent;
use super::roles::{PUBLIC, Roles};
use super::session_catalog::PG_TEMP;
use crate::error::{Error, Result, SqlState};
use crate::storage::Steps;

/// The format of the document; a newer one is refused, an older one is read forever. 1 knew neither roles nor owners, 2 no keys.
const FORMAT: u32 = 3;

/// Schemas that every database has: everybody finds what they hold.
pub const SHIPPED_SCHEMAS: [&str; 3] = ["public", "journey", "kpi"];

/// Object ids below this belong to PostgreSQL itself.
const FIRST_OID: u32 = 16_384;

/// Everything the database knows about its objects beside their rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub(super) format: u32,
    /// The first object id that no object ever had.
    pub(super) next_oid: u32,
    /// Who there is.
    #[serde(default)]
    pub roles: Roles,
    /// The schemas, in the order of their making.
    pub schemas: Vec<SchemaRecord>,
    /// Tables and views, in the order of their making.
    pub relations: Vec<RelationRecord>,
}

/// A schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SchemaRecord {
    /// Its object id, kept for life.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// COMMENT ON SCHEMA.
    pub comment: Option<String>,
    /// Who owns it and who else may do what.
    #[serde(default)]
    pub access: Access,
}

/// A table or a view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RelationRecord {
    /// Its object id, kept for life.
    pub oid: u32,
    /// The schema it stands in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// COMMENT ON TABLE or VIEW.
    pub comment: Option<String>,
    /// COMMENT ON COLUMN, by column.
    pub column_comments: BTreeMap<String, String>,
    /// Who owns it and who else may do what.
    #[serde(default)]
    pub access: Access,
    /// What it is.
    pub body: Body,
}

/// What a relation is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    /// Rows of its own.
    Table {
        /// The folder of its Delta table, below the database's.
        location: String,
        /// Its CHECK constraints.
        checks: Vec<Check>,
        /// Its keys, the primary one first.
        #[serde(default)]
        keys: Vec<Key>,
        /// What columns hold where a row doesn't say, as SQL; NULL for those that are not here.
        #[serde(default)]
        defaults: BTreeMap<String, String>,
        /// Its foreign keys.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        references: Vec<Reference>,
    },
    /// A query, planned anew whenever it is read.
    View(View),
    /// A counter.
    Sequence(Sequence),
}

/// A view's query and what it needs to be planned again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// The text of the query.
    pub query: String,
    /// The search path it was made with.
    pub path: Vec<String>,
    /// Names given to its columns, if any.
    pub columns: Vec<String>,
    /// Whether it ships with JourneyDB: its text is then refreshed at every start.
    pub shipped: bool,
}

/// A CHECK constraint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name, unique in its table.
    pub name: String,
    /// The text of its condition.
    pub expression: String,
}

/// A sequence; where it stands is the storage's to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// `smallint`, `integer` or `bigint`.
    pub data_type: String,
    /// How it counts.
    pub steps: Steps,
    /// What CACHE says; it changes nothing.
    pub cache: i64,
    /// The table, by its object id, and the column that it goes with.
    pub owner: Option<(u32, String)>,
    /// Whether that is an identity, and then whether it is one ALWAYS.
    pub identity: Option<bool>,
    /// Where it began again, if it was told to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted: Option<Restart>,
}

/// RESTART.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restart {
    /// The object id that the numbers are counted under since.
    pub counter: u32,
    /// The number that came first.
    pub first: i64,
}

impl Sequence {
    /// What the numbers of the sequence with this object id are counted under, and how.
    pub fn counter(&self, oid: u32) -> (u32, Steps) {
        match self.restarted {
            Some(Restart { counter, first }) => (counter, Steps { start: first, ..self.steps }),
            None => (oid, self.steps),
        }
    }

    /// The table that it goes with.
    pub fn table(&self) -> Option<u32> {
        self.owner.as_ref().map(|(table, _)| *table)
    }
}

/// Columns whose values, where none is NULL, a row of another table has as its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Its name as a constraint, unique in its table.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// The table that it refers to, by its object id.
    pub table: u32,
    /// The columns there, in the order of its own.
    pub referenced: Vec<String>,
    /// What becomes of a row that is referred to when it is to go.
    pub on_delete: OnChange,
    /// And when its key is to change.
    pub on_update: OnChange,
}

/// How Postgres calls that a row stays because others refer to it. Both are checked at the end of the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnChange {
    /// NO ACTION.
    NoAction,
    /// RESTRICT.
    Restrict,
}

/// Columns whose values no two rows of a table share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its name, as a constraint and as the index that Postgres would have for it: unique among the relations of its schema.
    pub name: String,
    /// What it was declared as.
    pub kind: KeyKind,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// Whether two rows with NULL are alike (NULLS NOT DISTINCT).
    pub nulls_alike: bool,
}

/// What a key was declared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// PRIMARY KEY.
    Primary,
    /// UNIQUE.
    Unique,
    /// CREATE UNIQUE INDEX: enforced like UNIQUE, and no constraint.
    Index,
}

impl Record {
    /// The catalog of a new database: the schemas of the default search path.
    pub fn new() -> Self {
        let roles = Roles::default();
        let mut record =
            Self { format: FORMAT, next_oid: FIRST_OID, roles, schemas: Vec::new(), relations: Vec::new() };
        let comments = [
            "The user's own tables and views.",
            "The journey tables: every touch, state, transaction and answer of every contact and account.",
            "Views that answer the KPI questions over the journey tables.",
        ];
        for (name, comment) in SHIPPED_SCHEMAS.into_iter().zip(comments) {
            let (oid, access) = (record.take_oid(), Access::of_open_schema());
            record.schemas.push(SchemaRecord { oid, name: name.into(), comment: Some(comment.into()), access });
        }
        record
    }

    /// Reads a stored document.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Stamp {
            format: u32,
        }
        let damaged = |e: serde_json::Error| Error::internal(format!("the catalog record is damaged: {e}"));
        let stamp: Stamp = serde_json::from_slice(bytes).map_err(damaged)?;
        if stamp.format > FORMAT {
            let message = format!("the catalog has format {}, this release reads up to {FORMAT}", stamp.format);
            return Err(Error::new(SqlState::ObjectNotInPrerequisiteState, message)
                .with_hint("open it with a newer release of journeydb"));
        }
        let mut record: Self = serde_json::from_slice(bytes).map_err(damaged)?;
        if stamp.format < 2 {
            for schema in record.schemas.iter_mut().filter(|schema| SHIPPED_SCHEMAS.contains(&schema.name.as_str())) {
                schema.access = Access::of_open_schema();
            }
        }
        record.format = FORMAT;
        Ok(record)
    }

    /// The document to store.
    pub fn write(&self) -> Result<Vec<u8>> {
        serde_json::to_vec_pretty(self).map_err(|e| Error::internal(format!("the catalog can't be written: {e}")))
    }

    /// A fresh object id.
    fn take_oid(&mut self) -> u32 {
        self.next_oid += 1;
        self.next_oid - 1
    }

    /// The schema of a name.
    pub fn schema(&self, name: &str) -> Option<&SchemaRecord> {
        self.schemas.iter().find(|schema| schema.name == name)
    }

    /// The relation of a schema and a name.
    pub fn relation(&self, schema: &str, name: &str) -> Option<&RelationRecord> {
        self.relations.iter().find(|relation| relation.schema == schema && relation.name == name)
    }

    /// Whether a schema has a relation of a name, or a key, which stands among them.
    pub fn is_taken(&self, schema: &str, name: &str) -> bool {
        let mut within = self.relations.iter().filter(|relation| relation.schema == schema);
        within.any(|relation| relation.name == name || relation.keys().iter().any(|key| key.name == name))
    }

    /// The sequence that is the identity of a table's column, and whether it is one ALWAYS.
    pub fn identity(&self, table: u32, column: &str) -> Option<bool> {
        let mut sequences = self.relations.iter().filter_map(RelationRecord::sequence);
        let own = |owner: &(u32, String)| owner.0 == table && owner.1 == column;
        sequences.find(|sequence| sequence.owner.as_ref().is_some_and(own))?.identity
    }

    /// The foreign keys that refer to a table, each with the relation that has it.
    pub fn referring_to(&self, table: u32) -> impl Iterator<Item = (&RelationRecord, &Reference)> {
        let to_it = move |reference: &&Reference| reference.table == table;
        self.relations.iter().flat_map(move |relation| {
            relation.references().iter().filter(to_it).map(move |reference| (relation, reference))
        })
    }

    /// What no relation has.
    pub(super) fn absent(&self) -> Absent {
        Absent {
            keys: self.relations.iter().all(|relation| relation.keys().is_empty()),
            references: self.relations.iter().all(|relation| relation.references().is_empty()),
            sequences: self.relations.iter().all(|relation| relation.sequence().is_none()),
            views: self.relations.iter().all(|relation| relation.view().is_none_or(|view| view.shipped)),
        }
    }

    /// The relation of a schema and a name, to change it.
    pub fn relation_mut(&mut self, schema: &str, name: &str) -> Option<&mut RelationRecord> {
        self.relations.iter_mut().find(|relation| relation.schema == schema && relation.name == name)
    }
}

impl SchemaRecord {
    /// The schema of a session's temporary relations. Only the session finds it, whoever it acts as.
    pub(super) fn temporary(oid: u32, name: &str) -> Self {
        let mut access = Access::default();
        access.grant(PUBLIC, &Privilege::SCHEMA);
        Self { oid, name: name.to_owned(), comment: None, access }
    }

    /// Whether it is that.
    pub fn is_temporary(&self) -> bool {
        self.name.starts_with(PG_TEMP)
    }
}

impl RelationRecord {
    /// `schema.name`, as messages print it.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// What messages call it.
    pub fn kind(&self) -> &'static str {
        match self.body {
            Body::View(_) => "view",
            Body::Sequence(_) => "sequence",
            Body::Table { .. } => "table",
        }
    }

    /// Whether it has rows of its own.
    pub fn is_table(&self) -> bool {
        matches!(self.body, Body::Table { .. })
    }

    /// The sequence it is, if it is one.
    pub fn sequence(&self) -> Option<&Sequence> {
        match &self.body {
            Body::Sequence(sequence) => Some(sequence),
            _ => None,
        }
    }

    /// The keys of a table; a view has none.
    pub fn keys(&self) -> &[Key] {
        match &self.body {
            Body::Table { keys, .. } => keys,
            Body::View(_) | Body::Sequence(_) => &[],
        }
    }

    /// The foreign keys of a table; a view has none.
    pub fn references(&self) -> &[Reference] {
        match &self.body {
            Body::Table { references, .. } => references,
            Body::View(_) | Body::Sequence(_) => &[],
        }
    }

    /// What a column holds where a row doesn't say, as SQL; `None` means NULL.
    pub fn default(&self, column: &str) -> Option<&str> {
        match &self.body {
            Body::Table { defaults, .. } => defaults.get(column).map(String::as_str),
            Body::View(_) | Body::Sequence(_) => None,
        }
    }

    /// The view it is, if it is one.
    pub fn view(&self) -> Option<&View> {
        match &self.body {
            Body::View(view) => Some(view),
            Body::Table { .. } | Body::Sequence(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_as_written() {
        let mut record = Record::new();
        let oid = record.take_oid();
        record.relations.push(RelationRecord {
            oid,
            schema: "public".into(),
            name: "t".into(),
            comment: Some("c".into()),
            column_comments: BTreeMap::from([("a".into(), "b".into())]),
            access: Access::of(7),
            body: Body::Table {
                location: "public/t".into(),
                checks: vec![Check { name: "k".into(), expression: "a > 0".into() }],
                keys: vec![Key {
                    name: "t_pkey".into(),
                    kind: KeyKind::Primary,
                    columns: vec!["a".into()],
                    nulls_alike: false,
                }],
                defaults: BTreeMap::from([("a".into(), "7".into())]),
                references: vec![],
            },
        });
        assert_eq!(Record::read(&record.write().unwrap()).unwrap(), record);
    }

    #[test]
    fn a_newer_format_and_a_damaged_record_are_refused() {
        let newer = Record::read(br#"{"format": 4, "anything": 1}"#).unwrap_err();
        assert_eq!(newer.state(), SqlState::ObjectNotInPrerequisiteState);
        assert!(Record::read(b"{").is_err());
    }

    #[test]
    fn a_record_from_before_roles_belongs_to_who_made_the_database() {
        let old = br#"{"format": 1, "next_oid": 16390, "schemas": [
            {"oid": 16384, "name": "public", "comment": null}, {"oid": 16385, "name": "mine", "comment": "c"}],
            "relations": [{"oid": 16389, "schema": "mine", "name": "t", "comment": null, "column_comments": {},
                "body": {"kind": "table", "location": "mine/t", "checks": []}}]}"#;
        let record = Record::read(old).unwrap();
        assert!(!record.roles.have_users());
        assert_eq!(record.relations[0].access, Access::default());
        assert_eq!(record.schema("mine").unwrap().access, Access::default());
        assert_eq!(record.schema("public").unwrap().access, Access::of_open_schema());
        assert_eq!(Record::read(&record.write().unwrap()).unwrap(), record);
    }
}
