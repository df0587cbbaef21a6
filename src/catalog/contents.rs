//! The contents of the catalog as Postgres clients are shown them: a listing, made when it is asked for and kept until
//! something changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use arrow::datatypes::SchemaRef;
use datafusion::execution::SessionStateDefaults;
use datafusion::execution::session_state::SessionState;
use datafusion::sql::sqlparser::parser::Parser;

use super::postgres::{
    ColumnEntry, ColumnType, FunctionEntry, Listing, RelationEntry, RelationKind, SchemaEntry, function_entries,
    quote_identifier, system_function_entries, table_function_entries, unbound,
};
use super::record::{Body, Record, RelationRecord};
use super::resolver::{DATABASE, Resolver, SystemSchemas};
use super::store::{Moment, Stamp, State};
use crate::model::Postgres;
use crate::relations::table_functions;

/// Makes listings of a catalog.
pub struct Contents {
    /// Plans views, to learn their columns.
    engine: SessionState,
    functions: Vec<FunctionEntry>,
    known: Mutex<Option<(Stamp, Arc<Listing>)>>,
    /// What is known of views by OID, which only a change of the catalog can change; planning them all takes a while. One entry
    /// for each catalog that is in use: sessions with temporary relations see one of their own.
    views: Mutex<Vec<(Weak<State>, Views)>>,
}

/// Views by OID.
type Views = HashMap<u32, Planned>;

/// What a view's plan tells of it.
#[derive(Clone)]
struct Planned {
    columns: SchemaRef,
    /// The relations that its query names, in the order of their OIDs; none for a shipped view, which reads whatever has the names.
    reads: Vec<u32>,
}

impl Contents {
    /// The contents of catalogs, with the functions of the engine that sessions are copies of.
    pub fn new(engine: SessionState) -> Self {
        let functions = functions(&engine);
        Self { engine, functions, known: Mutex::default(), views: Mutex::default() }
    }

    /// The listing of a moment.
    pub fn listing(&self, moment: &Moment) -> Arc<Listing> {
        let stamp = moment.stamp();
        if let Some((known, listing)) = self.known.lock().unwrap_or_else(PoisonError::into_inner).as_ref()
            && *known == stamp
        {
            return Arc::clone(listing);
        }
        let listing = Arc::new(self.list(moment));
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((stamp, Arc::clone(&listing)));
        listing
    }

    fn list(&self, moment: &Moment) -> Listing {
        let views = self.views(moment);
        let state = &moment.state;
        let schemas = state.record.schemas.iter().map(|schema| SchemaEntry {
            oid: schema.oid,
            name: schema.name.clone(),
            comment: schema.comment.clone(),
            access: schema.access.clone(),
        });
        let relations = state.record.relations.iter().map(|relation| entry(relation, moment, &views));
        let roles = state.record.roles.clone();
        Listing::new(DATABASE, roles, schemas.collect(), relations.collect(), self.functions.clone())
    }

    /// Every view that can be planned.
    fn views(&self, moment: &Moment) -> Views {
        let of = Arc::downgrade(&moment.state);
        let known = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, views)) = known.iter().find(|(known, _)| Weak::ptr_eq(known, &of)) {
            return views.clone();
        }
        drop(known);
        let (source, session) = unbound();
        let system = SystemSchemas::new(source, session);
        let views = moment.state.record.relations.iter().filter_map(|relation| {
            let (view, owner) = (relation.view()?, relation.access.owner);
            let resolver = Resolver::new(&self.engine, moment.clone(), &system, vec![], owner);
            let (plan, reads) = resolver.plan_and_relations(view, owner).ok()?;
            let mut reads: Vec<u32> = if view.shipped { vec![] } else { reads.into_iter().collect() };
            reads.sort_unstable();
            Some((relation.oid, Planned { columns: Arc::clone(plan.schema().inner()), reads }))
        });
        let views: Views = views.collect();
        let mut known = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(state, _)| state.strong_count() > 0);
        known.push((of, views.clone()));
        views
    }
}

fn entry(relation: &RelationRecord, moment: &Moment, views: &Views) -> RelationEntry {
    let snapshot = moment.snapshot(relation);
    let (kind, columns, definition, checks) = match &relation.body {
        Body::Table { checks, .. } => {
            let checks = checks.iter().map(|check| (check.name.clone(), check.expression.clone()));
            (RelationKind::Table, snapshot.map(|s| Arc::clone(s.schema())), None, checks.collect())
        }
        // A view that can no longer be planned is listed without columns: reading it says why.
        Body::View(view) => (
            RelationKind::View,
            views.get(&relation.oid).map(|view| Arc::clone(&view.columns)),
            Some(laid_out(&view.query)),
            vec![],
        ),
        Body::Sequence(_) => (RelationKind::Sequence, None, None, vec![]),
    };
    let record = &moment.state.record;
    let is_table = kind == RelationKind::Table;
    let columns = columns.iter().flat_map(|schema| schema.fields()).map(|field| ColumnEntry {
        name: field.name().clone(),
        column_type: ColumnType::of(field),
        nullable: field.is_nullable() || !is_table,
        identity: record.identity(relation.oid, field.name()),
        comment: relation.column_comments.get(field.name()).cloned(),
        default: relation.default(field.name()).map(|default| with_name(default, record)),
    });
    RelationEntry {
        oid: relation.oid,
        schema: relation.schema.clone(),
        name: relation.name.clone(),
        kind,
        columns: columns.collect(),
        comment: relation.comment.clone(),
        access: relation.access.clone(),
        definition,
        reads: views.get(&relation.oid).map(|view| view.reads.clone()).unwrap_or_default(),
        checks,
        keys: relation.keys().to_vec(),
        references: relation.references().to_vec(),
        sequence: relation.sequence().cloned(),
        rows: snapshot.and_then(|snapshot| snapshot.rows()),
        bytes: snapshot.map(|snapshot| snapshot.bytes()),
    }
}

/// A default that counts a sequence, with the sequence's name in the place of its object id.
fn with_name(default: &str, record: &Record) -> String {
    let oid = default.strip_prefix("nextval(").and_then(|rest| rest.strip_suffix(')')?.parse::<u32>().ok());
    let sequence = oid.and_then(|oid| record.relations.iter().find(|relation| relation.oid == oid));
    let Some(RelationRecord { schema, name, .. }) = sequence else { return default.to_owned() };
    let name = match schema.as_str() {
        "public" => quote_identifier(name),
        schema => format!("{}.{}", quote_identifier(schema), quote_identifier(name)),
    };
    format!("nextval('{}'::regclass)", name.replace('\'', "''"))
}

/// A query over several lines, for people to read.
fn laid_out(query: &str) -> String {
    match Parser::parse_sql(&Postgres, query).as_deref() {
        Ok([statement]) => format!("{statement:#}"),
        _ => query.to_owned(),
    }
}

/// Our functions in the schema `journey`, those of the engine and of Postgres in `pg_catalog`.
fn functions(engine: &SessionState) -> Vec<FunctionEntry> {
    let mut entries = system_function_entries();
    let is_system: Vec<String> = entries.iter().map(|entry| entry.name.clone()).collect();
    let built_in_scalars = SessionStateDefaults::default_scalar_functions();
    let built_in_aggregates = SessionStateDefaults::default_aggregate_functions();
    // Maps of the engine also hold functions under their other names.
    let own = |key: &str, name: &str| key == name && !is_system.contains(&key.to_owned());
    let scalars = engine.scalar_functions().iter().filter(|(key, f)| own(key, f.name())).map(|(_, f)| Arc::clone(f));
    let (built_in, ours): (Vec<_>, Vec<_>) =
        scalars.partition(|f| built_in_scalars.iter().any(|b| b.name() == f.name()));
    let aggregates =
        engine.aggregate_functions().iter().filter(|(key, f)| own(key, f.name())).map(|(_, f)| Arc::clone(f));
    let (built_in_a, ours_a): (Vec<_>, Vec<_>) =
        aggregates.partition(|f| built_in_aggregates.iter().any(|b| b.name() == f.name()));
    entries.extend(function_entries("pg_catalog", &built_in, &built_in_a));
    entries.extend(function_entries("journey", &ours, &ours_a));
    entries.extend(table_function_entries("journey", &table_functions()));
    entries
}
