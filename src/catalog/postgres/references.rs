//! Foreign keys as Postgres shows them.

use super::functions::quote_identifier;
use super::keys::ListedKey;
use super::listing::{Listing, Relation};
use crate::catalog::{OnChange, Reference};

/// A foreign key with its OID.
#[derive(Debug, Clone)]
pub struct ListedReference {
    /// The OID of the constraint.
    pub oid: u32,
    /// What the catalog says of it.
    pub reference: Reference,
}

/// A foreign key between its tables.
pub struct Referring<'a> {
    /// The table that refers.
    pub table: &'a Relation,
    /// How.
    pub listed: &'a ListedReference,
    /// The table that it refers to.
    pub parent: &'a Relation,
}

impl Listing {
    /// The foreign keys of the database.
    pub fn references(&self) -> impl Iterator<Item = Referring<'_>> {
        self.user_relations().iter().flat_map(move |table| {
            table.references.iter().filter_map(move |listed| {
                let parent = self.relation(listed.reference.table)?;
                Some(Referring { table, listed, parent })
            })
        })
    }

    /// Whether a relation refers to others, or others to it.
    pub fn is_linked(&self, relation: &Relation) -> bool {
        !relation.references.is_empty() || self.references().any(|reference| reference.parent.oid == relation.oid)
    }
}

impl Referring<'_> {
    /// What the catalog says of it.
    pub fn reference(&self) -> &Reference {
        &self.listed.reference
    }

    /// The places of its columns, from 1.
    pub fn columns(&self) -> Vec<i64> {
        places(self.table, &self.reference().columns)
    }

    /// The places of the columns that it refers to, from 1.
    pub fn referenced(&self) -> Vec<i64> {
        places(self.parent, &self.reference().referenced)
    }

    /// The key that it refers to.
    pub fn key(&self) -> Option<&ListedKey> {
        let referenced = &self.reference().referenced;
        let is_meant = |key: &&ListedKey| {
            key.key.columns.len() == referenced.len() && key.key.columns.iter().all(|c| referenced.contains(c))
        };
        self.parent.keys.iter().find(is_meant)
    }

    /// The constraint as ALTER TABLE would add it, to a table that is written so.
    pub fn definition(&self, parent: &str) -> String {
        let list = |columns: &[String]| columns.iter().map(|c| quote_identifier(c)).collect::<Vec<_>>().join(", ");
        let reference = self.reference();
        let on = |change: &str, what: OnChange| match what {
            OnChange::NoAction => String::new(),
            OnChange::Restrict => format!(" ON {change} RESTRICT"),
        };
        format!(
            "FOREIGN KEY ({}) REFERENCES {parent}({}){}{}",
            list(&reference.columns),
            list(&reference.referenced),
            on("UPDATE", reference.on_update),
            on("DELETE", reference.on_delete)
        )
    }
}

fn places(relation: &Relation, columns: &[String]) -> Vec<i64> {
    let place = |name: &String| i64::try_from(relation.columns.iter().position(|c| c.name == *name)? + 1).ok();
    columns.iter().filter_map(place).collect()
}
