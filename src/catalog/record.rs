//! The persisted form of the catalog: one JSON document a version, complete in itself.
//!
//! A whole document rather than a log of changes: a catalog is tens of kilobytes, a single create-if-absent put makes
//! each change atomic, and opening needs no replay.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, SqlState};

/// The format of the document; a newer one is refused, an older one is read forever.
const FORMAT: u32 = 1;

/// Object ids below this belong to PostgreSQL itself.
const FIRST_OID: u32 = 16_384;

/// Everything the database knows about its objects beside their rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub(super) format: u32,
    /// The first object id that no object ever had.
    pub(super) next_oid: u32,
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
    },
    /// A query, planned anew whenever it is read.
    View(View),
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

impl Record {
    /// The catalog of a new database: the schemas of the default search path.
    pub fn new() -> Self {
        let mut record = Self { format: FORMAT, next_oid: FIRST_OID, schemas: Vec::new(), relations: Vec::new() };
        for (name, comment) in [
            ("public", "The user's own tables and views."),
            ("journey", "The journey tables: every touch, state, transaction and answer of every contact and account."),
            ("kpi", "Views that answer the KPI questions over the journey tables."),
        ] {
            let oid = record.take_oid();
            record.schemas.push(SchemaRecord { oid, name: name.into(), comment: Some(comment.into()) });
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
        serde_json::from_slice(bytes).map_err(damaged)
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

    /// The same, to change it.
    pub fn relation_mut(&mut self, schema: &str, name: &str) -> Option<&mut RelationRecord> {
        self.relations.iter_mut().find(|relation| relation.schema == schema && relation.name == name)
    }
}

impl RelationRecord {
    /// `schema.name`, as messages print it.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// The view it is, if it is one.
    pub fn view(&self) -> Option<&View> {
        match &self.body {
            Body::View(view) => Some(view),
            Body::Table { .. } => None,
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
            body: Body::Table {
                location: "public/t".into(),
                checks: vec![Check { name: "k".into(), expression: "a > 0".into() }],
            },
        });
        assert_eq!(Record::read(&record.write().unwrap()).unwrap(), record);
    }

    #[test]
    fn a_newer_format_and_a_damaged_record_are_refused() {
        let newer = Record::read(br#"{"format": 2, "anything": 1}"#).unwrap_err();
        assert_eq!(newer.state(), SqlState::ObjectNotInPrerequisiteState);
        assert!(Record::read(b"{").is_err());
    }
}
