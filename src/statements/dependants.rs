//! What depends on what: views on the relations that they read, relations on their schema.

use std::collections::HashSet;

use super::context::Context;
use crate::catalog::{Block, RelationRecord, SHIPPED_SCHEMAS, View, shipped_view};
use crate::model::journey_tables;

/// A relation that depends on an object that is to go.
pub(super) struct Dependant {
    pub relation: RelationRecord,
    /// What messages call it.
    pub name: String,
    /// What they call the object.
    pub on: String,
}

impl Dependant {
    /// What messages call it, and the object.
    pub fn told(&self) -> (String, String) {
        (self.name.clone(), self.on.clone())
    }
}

/// What messages call some schemas and relations, and all that depends on them, directly or through others: each object is followed
/// by its dependants, older ones first, as Postgres lists them. Shipped views are planned over whatever has the names they read, so
/// they depend on nothing; nor does who reads what a shipped relation will be back in the place of.
pub(super) fn dependants(
    context: &Context,
    block: &Block,
    schemas: &[String],
    relations: &[RelationRecord],
) -> (Vec<String>, Vec<Dependant>) {
    let users = block.state().record.relations.iter().filter_map(|relation| Some((relation, relation.view()?)));
    let reads = |(relation, view): (&RelationRecord, &View)| {
        let read = context.resolver_at(block.moment()).relations_of(view, relation.access.owner);
        // A view that can no longer be planned depends on nothing that is there.
        (relation.clone(), read.unwrap_or_default())
    };
    let views = users.filter(|(_, view)| !view.shipped).map(reads).collect();
    let reached = relations.iter().map(|relation| relation.oid).collect();
    let mut search = Search { context, block, views, reached, found: vec![] };
    for schema in schemas {
        search.schema(schema);
    }
    for relation in relations {
        search.relation(relation);
    }
    let named = relations.iter().map(|relation| name(context, block, relation));
    let going = schemas.iter().map(|schema| format!("schema {schema}")).chain(named).collect();
    (going, search.found)
}

struct Search<'a> {
    context: &'a Context,
    block: &'a Block,
    /// The views of users, and the relations that each names.
    views: Vec<(RelationRecord, HashSet<u32>)>,
    reached: HashSet<u32>,
    found: Vec<Dependant>,
}

impl Search<'_> {
    fn schema(&mut self, schema: &str) {
        let inside = self.block.state().record.relations.iter().filter(|relation| relation.schema == schema);
        self.follow(inside.cloned().collect(), &format!("schema {schema}"));
    }

    fn relation(&mut self, relation: &RelationRecord) {
        if comes_back(relation) {
            return;
        }
        let readers = self.views.iter().filter(|(_, read)| read.contains(&relation.oid));
        let readers = readers.map(|(view, _)| view.clone()).collect();
        self.follow(readers, &name(self.context, self.block, relation));
    }

    fn follow(&mut self, mut dependants: Vec<RelationRecord>, on: &str) {
        dependants.sort_by_key(|relation| relation.oid);
        for relation in dependants {
            if self.reached.insert(relation.oid) {
                let name = name(self.context, self.block, &relation);
                self.found.push(Dependant { relation: relation.clone(), name, on: on.to_owned() });
                self.relation(&relation);
            }
        }
    }
}

/// Whether a shipped relation stands in its place when it is gone.
fn comes_back(relation: &RelationRecord) -> bool {
    SHIPPED_SCHEMAS.contains(&relation.schema.as_str())
        && (shipped_view(&relation.schema, &relation.name).is_some()
            || relation.schema == "journey" && journey_tables().iter().any(|table| table.name == relation.name))
}

/// `view v`, or `view s.v` where the search path doesn't find it.
pub(super) fn name(context: &Context, block: &Block, relation: &RelationRecord) -> String {
    let found = block.state().find(None, &relation.name, &context.search_path());
    match found.is_some_and(|found| found.oid == relation.oid) {
        true => format!("{} {}", relation.kind(), relation.name),
        false => format!("{} {}", relation.kind(), relation.full_name()),
    }
}
