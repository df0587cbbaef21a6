//! Who may do what: the checks of statements against the catalog, and of plans against what they read and write.
//!
//! A plan is checked when it is made, whatever statement it is for: every table in it was handed out by a resolver, which
//! noted for whom. In a view that is the view's owner, as in Postgres. What the check does not know is refused.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use datafusion::common::TableReference;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{LogicalPlan, TableSource, WriteOp};

use super::access::Privilege;
use super::record::{RelationRecord, SchemaRecord};
use super::store::State;
use crate::error::{Error, Result, SqlState};

impl State {
    /// 42501 unless a role may do something with a relation.
    pub fn require(&self, role: u32, privilege: Privilege, relation: &RelationRecord) -> Result<()> {
        if self.record.roles.may(role, privilege, &relation.access) {
            return Ok(());
        }
        let error = denied(format!("permission denied for {} {}", relation.kind(), relation.name));
        Err(error.with_hint(format!("its owner can GRANT {} ON {} TO you", privilege.name(), relation.full_name())))
    }

    /// 42501 unless a role may do something in a schema; a schema that is missing is left for the lookup to report.
    pub fn require_in_schema(&self, role: u32, privilege: Privilege, schema: &str) -> Result<()> {
        match self.record.schema(schema) {
            Some(found) if !self.record.roles.may(role, privilege, &found.access) => {
                let error = denied(format!("permission denied for schema {schema}"));
                Err(error.with_hint(format!("its owner can GRANT {} ON SCHEMA {schema} TO you", privilege.name())))
            }
            _ => Ok(()),
        }
    }

    /// 42501 unless a role owns a relation, or the schema that it stands in.
    pub fn require_owner(&self, role: u32, relation: &RelationRecord) -> Result<()> {
        let roles = &self.record.roles;
        let schema = self.record.schema(&relation.schema);
        if roles.owns(role, &relation.access) || schema.is_some_and(|schema| roles.owns(role, &schema.access)) {
            return Ok(());
        }
        Err(denied(format!("must be owner of {} {}", relation.kind(), relation.name)))
    }

    /// 42501 unless a role owns a schema.
    pub fn require_schema_owner(&self, role: u32, schema: &SchemaRecord) -> Result<()> {
        match self.record.roles.owns(role, &schema.access) {
            true => Ok(()),
            false => Err(denied(format!("must be owner of schema {}", schema.name))),
        }
    }

    /// 42501 with this message unless a role owns the database.
    pub fn require_database_owner(&self, role: u32, message: &str) -> Result<()> {
        match self.record.roles.is_owner(role) {
            true => Ok(()),
            false => Err(denied(message.to_owned()).with_hint("only members of owner may")),
        }
    }
}

fn denied(message: String) -> Error {
    Error::new(SqlState::InsufficientPrivilege, message)
}

/// What the resolvers of a statement handed out to its plans.
#[derive(Default)]
pub(super) struct Handed {
    sources: Mutex<Vec<(Arc<dyn TableSource>, Reader)>>,
    /// The relations that were asked for by name, and how many views deep.
    named: Mutex<HashSet<(usize, TableReference, u32)>>,
}

/// For whom a source was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// A table of the catalog, for a role.
    Of { relation: u32, role: u32 },
    /// What every role may read: system catalogs, common tables, what a function makes of its arguments.
    Anybody,
}

impl Handed {
    /// The source of a table for a role; made once, so that rules see which scans are of one table.
    pub(super) fn table(
        &self,
        relation: u32,
        role: u32,
        make: impl FnOnce() -> Result<Arc<dyn TableSource>>,
    ) -> Result<Arc<dyn TableSource>> {
        let reader = Reader::Of { relation, role };
        let known = self.sources().iter().find(|(_, of)| *of == reader).map(|(source, _)| Arc::clone(source));
        match known {
            Some(source) => Ok(source),
            None => Ok(self.note(make()?, reader)),
        }
    }

    /// A source that every role may read.
    pub(super) fn to_anybody(&self, source: Arc<dyn TableSource>) -> Arc<dyn TableSource> {
        self.note(source, Reader::Anybody)
    }

    /// Notes that a relation was asked for, by a query so many views deep.
    pub(super) fn name(&self, name: TableReference, relation: u32, depth: usize) {
        self.named.lock().unwrap_or_else(PoisonError::into_inner).insert((depth, name, relation));
    }

    /// The relations that queries so many views deep asked for by names that mean them.
    pub(super) fn named(&self, depth: usize, means: impl Fn(&TableReference) -> bool) -> HashSet<u32> {
        let named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        let meant = named.iter().filter(|(at, name, _)| *at == depth && means(name));
        meant.map(|(_, _, relation)| *relation).collect()
    }

    /// The tables, by object id; none if there was a source that every role may read.
    pub(super) fn tables(&self) -> Option<Vec<u32>> {
        let table = |(_, reader): &(Arc<dyn TableSource>, Reader)| match reader {
            Reader::Of { relation, .. } => Some(*relation),
            Reader::Anybody => None,
        };
        self.sources().iter().map(table).collect()
    }

    /// Checks a plan: SELECT on each table it scans, by the role it scans it for, and what a write needs on its target.
    pub(super) fn admit(&self, plan: &LogicalPlan, catalog: &State) -> Result<()> {
        plan.apply_with_subqueries(|node| {
            match node {
                LogicalPlan::TableScan(scan) => self.require(&scan.source, Privilege::Select, catalog)?,
                LogicalPlan::Dml(write) => {
                    let needed = match &write.op {
                        WriteOp::Insert(InsertOp::Append) => Privilege::Insert,
                        WriteOp::Update => Privilege::Update,
                        WriteOp::Delete => Privilege::Delete,
                        WriteOp::Truncate => Privilege::Truncate,
                        _ => return Err(unknown(node).into()),
                    };
                    self.require(&write.target, needed, catalog)?;
                }
                LogicalPlan::Projection(_)
                | LogicalPlan::Filter(_)
                | LogicalPlan::Window(_)
                | LogicalPlan::Aggregate(_)
                | LogicalPlan::Sort(_)
                | LogicalPlan::Join(_)
                | LogicalPlan::Repartition(_)
                | LogicalPlan::Union(_)
                | LogicalPlan::EmptyRelation(_)
                | LogicalPlan::Subquery(_)
                | LogicalPlan::SubqueryAlias(_)
                | LogicalPlan::Limit(_)
                | LogicalPlan::Values(_)
                | LogicalPlan::Explain(_)
                | LogicalPlan::Analyze(_)
                | LogicalPlan::Extension(_)
                | LogicalPlan::Distinct(_)
                | LogicalPlan::Unnest(_)
                | LogicalPlan::RecursiveQuery(_) => {}
                _ => return Err(unknown(node).into()),
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(())
    }

    fn require(&self, source: &Arc<dyn TableSource>, needed: Privilege, catalog: &State) -> Result<()> {
        let reader = self.sources().iter().find(|(known, _)| Arc::ptr_eq(known, source)).map(|(_, reader)| *reader);
        match reader {
            Some(Reader::Anybody) => Ok(()),
            Some(Reader::Of { relation, role }) => {
                let relation = catalog.record.relations.iter().find(|found| found.oid == relation);
                let relation = relation.ok_or_else(|| denied("permission denied for a table that is gone".into()))?;
                catalog.require(role, needed, relation)
            }
            None => Err(denied("permission denied for a table that no name led to".into())),
        }
    }

    fn note(&self, source: Arc<dyn TableSource>, reader: Reader) -> Arc<dyn TableSource> {
        self.sources().push((Arc::clone(&source), reader));
        source
    }

    fn sources(&self) -> MutexGuard<'_, Vec<(Arc<dyn TableSource>, Reader)>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown(node: &LogicalPlan) -> Error {
    denied(format!("permission denied for {}", node.display()))
}
