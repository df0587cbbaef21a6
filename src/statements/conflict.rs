//! INSERT ... ON CONFLICT: rows that are proposed meet those that have their key already.
//!
//! It is planned as one query: the proposed rows, each beside the row of the table with its key. A row without one is added; one with
//! one is dropped (DO NOTHING), or becomes the new values of the other (DO UPDATE), which is then rewritten as by an UPDATE.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::compute::{filter_record_batch, is_null};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::common::{Column, NullEquality, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, JoinType, LogicalPlan, LogicalPlanBuilder, col, lit, when};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::{self, ConflictTarget, OnConflictAction};
use futures::StreamExt;

use super::constraints::Constraints;
use super::context::Context;
use super::returning::{Change, Returned, Returning};
use super::write::Target;
use super::{changes, insert, keys, names, query, references, write};
use crate::catalog::{Key, KeyKind, Privilege, RelationRecord, Resolver, as_column};
use crate::error::{Error, Result, SqlState};
use crate::outcome::{Outcome, Prepared, Tag};
use crate::storage::{FILE, ROW, RowAddresses};

/// What DO UPDATE calls the proposed rows.
const EXCLUDED: &str = "excluded";
/// The order in which rows are proposed.
const PLACE: &str = "_place";
/// Whether a row is written.
const KEPT: &str = "_kept";

/// Plans the query. Its columns are the new values, what RETURNING gives, the proposed values, whether the row is written, and the
/// address of the row that it is written in the place of.
pub(super) fn plan(
    resolver: &Resolver<'_>,
    insert: &ast::Insert,
    conflict: &ast::OnConflict,
    rows: LogicalPlan,
    name: &ast::ObjectName,
) -> Result<Change> {
    let target = write::target(resolver, &names::reference(name)?, Privilege::Insert)?;
    let arbiters = arbiters(&target.relation, &target.schema(), conflict)?;
    let (table, called) = insert::target_table(insert, name)?;
    let update = match &conflict.action {
        OnConflictAction::DoNothing => None,
        OnConflictAction::DoUpdate(update) => Some(Update::plan(resolver, &target, update, &table)?),
    };
    let returning = Returning::plan(resolver, insert.returning.as_deref(), std::slice::from_ref(&table))?;
    let width = target.schema().fields().len();
    let met = meet(&target, &arbiters, rows, &called, update.is_some())?;
    let settled = settle(&target, met, &called, update, arbiters.len())?;
    let settled = settled.sort([col(Column::new(Some(EXCLUDED), PLACE)).sort(true, false)])?.build()?;
    Change::beside(settled, width, returning)
}

/// The keys that are looked at: those named, or all.
fn arbiters(relation: &RelationRecord, schema: &SchemaRef, conflict: &ast::OnConflict) -> Result<Vec<Key>> {
    match &conflict.conflict_target {
        None if matches!(conflict.action, OnConflictAction::DoUpdate(_)) => {
            let message = "ON CONFLICT DO UPDATE requires inference specification or constraint name";
            Err(Error::new(SqlState::SyntaxError, message).with_hint("For example, ON CONFLICT (column_name)."))
        }
        None => Ok(relation.keys().to_vec()),
        Some(ConflictTarget::Columns(columns)) => {
            let columns: HashSet<String> = columns.iter().map(names::fold).collect();
            if let Some(unknown) = columns.iter().find(|column| schema.field_with_name(column).is_err()) {
                return Err(Error::new(SqlState::UndefinedColumn, format!("column \"{unknown}\" does not exist")));
            }
            let same = |key: &&Key| key.columns.iter().cloned().collect::<HashSet<_>>() == columns;
            relation.keys().iter().find(same).map(|key| vec![key.clone()]).ok_or_else(|| {
                let message = "there is no unique or exclusion constraint matching the ON CONFLICT specification";
                Error::new(SqlState::InvalidColumnReference, message)
            })
        }
        Some(ConflictTarget::OnConstraint(name)) => {
            let name = names::parts(name)?.pop().unwrap_or_default();
            let named = relation.keys().iter().find(|key| key.name == name && key.kind != KeyKind::Index);
            named.map(|key| vec![key.clone()]).ok_or_else(|| {
                let message = format!("constraint \"{name}\" for table \"{}\" does not exist", relation.name);
                Error::new(SqlState::UndefinedObject, message)
            })
        }
    }
}

/// What DO UPDATE makes of a row: the columns that it gives values, the values, and which rows it changes.
struct Update {
    assigned: Vec<String>,
    values: Vec<Expr>,
    condition: Option<Expr>,
}

impl Update {
    /// Planned as the list of a SELECT over the table and the proposed rows, which have the table's columns.
    fn plan(
        resolver: &Resolver<'_>,
        target: &Target,
        update: &ast::DoUpdate,
        table: &ast::TableWithJoins,
    ) -> Result<Self> {
        resolver.require(Privilege::Update, &target.relation)?;
        let (assigned, mut list) = changes::assigned_values(target, &update.assignments)?;
        if let Some(condition) = &update.selection {
            let alias = ast::Ident::with_quote('"', "condition");
            list.push(ast::SelectItem::ExprWithAlias { expr: condition.clone(), alias });
        }
        let mut proposed = table.clone();
        if let ast::TableFactor::Table { alias, .. } = &mut proposed.relation {
            *alias =
                Some(ast::TableAlias { explicit: true, name: ast::Ident::new(EXCLUDED), columns: vec![], at: None });
        }
        let both = changes::select(list, vec![table.clone(), proposed], None)?;
        let (values, _) = changes::parts(resolver.plan(both)?, "ON CONFLICT DO UPDATE")?;
        let mut values: Vec<Expr> = values.into_iter().map(Expr::unalias).collect();
        let condition = update.selection.as_ref().and_then(|_| values.pop());
        Ok(Self { assigned, values, condition })
    }
}

/// The proposed rows in their order, each beside the rows of the table that have one of its keys.
fn meet(
    target: &Target,
    arbiters: &[Key],
    rows: LogicalPlan,
    called: &TableReference,
    updates: bool,
) -> Result<LogicalPlan> {
    let given = rows.schema().columns();
    let schema = target.schema();
    let named = given.into_iter().zip(schema.fields()).map(|(column, field)| Expr::Column(column).alias(field.name()));
    let mut met =
        LogicalPlanBuilder::from(rows).project(named)?.window([row_number().alias(PLACE)])?.alias(EXCLUDED)?;
    for (at, key) in arbiters.iter().enumerate() {
        let provider = provider_as_source(target.table.addressed(Arc::clone(&target.at)));
        let name = if updates { called.clone() } else { other(at) };
        let mut there = LogicalPlanBuilder::scan(name.clone(), provider, None)?;
        if !updates {
            let kept = key.columns.iter().map(String::as_str).chain([ROW]);
            there = there.project(kept.map(|column| col(Column::new(Some(name.clone()), column))))?;
        }
        let columns = |of: TableReference| key.columns.iter().map(move |name| Column::new(Some(of.clone()), name));
        let nulls = if key.nulls_alike { NullEquality::NullEqualsNull } else { NullEquality::NullEqualsNothing };
        let keys = (columns(TableReference::bare(EXCLUDED)).collect::<Vec<_>>(), columns(name).collect::<Vec<_>>());
        met = met.join_detailed(there.build()?, JoinType::Left, keys, None, nulls)?;
    }
    Ok(met.build()?)
}

/// What the rows that have the key of that number are called.
fn other(at: usize) -> TableReference {
    TableReference::bare(format!("other {at}"))
}

/// What becomes of each proposed row.
fn settle(
    target: &Target,
    met: LogicalPlan,
    called: &TableReference,
    update: Option<Update>,
    arbiters: usize,
) -> Result<LogicalPlanBuilder> {
    let schema = target.schema();
    let excluded = |name: &str| col(Column::new(Some(EXCLUDED), name));
    let own = |name: &str| col(Column::new(Some(called.clone()), name));
    let mut columns: Vec<Expr> = vec![];
    for field in schema.fields() {
        let value = match &update {
            None => excluded(field.name()),
            Some(update) => {
                let changed = match update.assigned.iter().position(|name| name == field.name()) {
                    Some(at) => as_column(changes::typed(update.values[at].clone(), field), field),
                    None => own(field.name()),
                };
                when(own(ROW).is_null(), excluded(field.name())).otherwise(changed)?
            }
        };
        columns.push(value.alias_qualified(Some(called.clone()), field.name()));
    }
    columns.extend(schema.fields().iter().map(|field| excluded(field.name())));
    let (kept, address) = match update {
        None => {
            let free = (0..arbiters).map(|at| col(Column::new(Some(other(at)), ROW)).is_null());
            let none = [lit(ScalarValue::Int32(None)).alias(FILE), lit(ScalarValue::Int64(None)).alias(ROW)];
            (free.reduce(Expr::and).unwrap_or_else(|| lit(true)), none)
        }
        Some(Update { condition: None, .. }) => (lit(true), [own(FILE).alias(FILE), own(ROW).alias(ROW)]),
        Some(Update { condition: Some(condition), .. }) => {
            let kept = own(ROW).is_null().or(condition.is_true());
            (kept, [own(FILE).alias(FILE), own(ROW).alias(ROW)])
        }
    };
    columns.push(kept.alias(KEPT));
    columns.extend(address);
    columns.push(excluded(PLACE));
    Ok(LogicalPlanBuilder::from(met).project(columns)?)
}

/// Runs the INSERT.
pub(super) async fn insert(
    context: &Context,
    prepared: &Prepared,
    statement: &ast::Statement,
    conflict: &ast::OnConflict,
    values: Vec<ScalarValue>,
) -> Result<Outcome> {
    let mut block = context.block().await;
    let target = write::locked(context, &mut block, statement, Privilege::Insert).await?;
    let change = query::bind_change(query::change_at(context, block.moment(), statement, &[])?, values)?;
    let rows = write::run(context, prepared, &change, &change.plan).await?;
    let constraints = || Constraints::of(context, &target.relation, target.schema());
    let replaced = Arc::new(Mutex::new(RowAddresses::new()));
    let settling = Settling {
        values: change.values,
        returned: change.places().len(),
        schema: target.schema(),
        constraints: constraints()?,
        updates: matches!(conflict.action, OnConflictAction::DoUpdate(_)),
        arbiters: arbiters(&target.relation, &target.schema(), conflict)?,
        added: vec![],
        held: MemoryConsumer::new("ON CONFLICT").register(&context.runtime.memory_pool),
        replaced: Arc::clone(&replaced),
    };
    let (rows, kept) = change.part(settling.settled(rows))?;
    let rows = write::checked(rows, target.schema(), constraints()?);
    let (added, returned) = tokio::try_join!(target.table.stage_append(&target.at, rows), change.keep(context, kept))?;
    let replaced = std::mem::take(&mut *replaced.lock().unwrap_or_else(PoisonError::into_inner));
    let count = added.inserted();
    if count > 0 {
        let new = added.added();
        let staged = match replaced.is_empty() {
            true => added,
            false => target.table.stage_rewrite(Arc::clone(&target.at), replaced, None).await?.with(added)?,
        };
        let is_newest = block.is_newest(&target.table);
        let rows = block.beside(&staged, &new)?;
        let (relation, new) = (&target.relation, Arc::clone(&rows[0]));
        let admitted = keys::enforce(context, relation, &target.table, relation.keys(), rows).await;
        admitted.map_err(|error| if is_newest { error } else { unseen(error) })?;
        block.stage(staged)?;
        references::referring(context, &mut block, relation, relation.references(), new).await?;
        references::referenced(context, &block, relation, None).await?;
    }
    block.finish().await?;
    Ok(Returned::answer(returned, Tag::counted("INSERT", count)))
}

/// A key of a row that came after the block's moment: there is nothing the block could do about it.
fn unseen(error: Error) -> Error {
    match error.state() {
        SqlState::UniqueViolation => {
            let message = "could not serialize access due to concurrent update";
            Error::new(SqlState::SerializationFailure, message).with_hint("run the transaction again")
        }
        _ => error,
    }
}

/// Goes through the rows in the order in which they were proposed.
struct Settling {
    /// How many columns are new values, and how many RETURNING gives.
    values: usize,
    returned: usize,
    schema: SchemaRef,
    constraints: Constraints,
    updates: bool,
    arbiters: Vec<Key>,
    /// The keys of the rows that are added, for each arbiter.
    added: Vec<(RowConverter, HashSet<OwnedRow>)>,
    held: MemoryReservation,
    replaced: Arc<Mutex<RowAddresses>>,
}

impl Settling {
    /// The rows that are written: new values, and what RETURNING gives.
    fn settled(mut self, rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
        let written: Vec<usize> = (0..self.values + self.returned).collect();
        let fields: Vec<_> = written.iter().map(|at| rows.schema().field(*at).clone()).collect();
        let schema = Arc::new(arrow::datatypes::Schema::new(fields));
        let rows = rows.map(move |batch| Ok(self.settle(&batch?)?.project(&written)?));
        Box::pin(RecordBatchStreamAdapter::new(schema, rows))
    }

    fn settle(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let proposed: Vec<usize> = (0..self.values).map(|at| self.values + self.returned + at).collect();
        self.constraints.enforce(&write::conform(&batch.project(&proposed)?, &self.schema)?)?;
        let kept = batch.column(2 * self.values + self.returned);
        let batch = filter_record_batch(batch, kept.as_boolean())?;
        let (file, row) = (2 * self.values + self.returned + 1, 2 * self.values + self.returned + 2);
        let is_new = is_null(batch.column(file))?;
        let old = filter_record_batch(&batch, &arrow::compute::not(&is_new)?)?;
        let mut replaced = self.replaced.lock().unwrap_or_else(PoisonError::into_inner);
        let first = replaced.insert(old.column(file), old.column(row))?;
        drop(replaced);
        if first.true_count() < first.len() {
            return Err(twice());
        }
        let written = self.once(&batch, &is_new)?;
        Ok(filter_record_batch(&batch, &written)?)
    }

    /// Which rows are written: all but those that would be added with a key that one before them was added with.
    fn once(&mut self, batch: &RecordBatch, is_new: &BooleanArray) -> Result<BooleanArray> {
        let mut keys = vec![];
        for (at, key) in self.arbiters.iter().enumerate() {
            let places =
                key.columns.iter().map(|column| self.schema.index_of(column)).collect::<Result<Vec<_>, _>>()?;
            let columns = batch.project(&places)?;
            if self.added.len() == at {
                let fields = columns.columns().iter().map(|column| SortField::new(column.data_type().clone()));
                self.added.push((RowConverter::new(fields.collect())?, HashSet::new()));
            }
            let rows = self.added[at].0.convert_columns(columns.columns())?;
            let counts = |row: usize| key.nulls_alike || columns.columns().iter().all(|column| column.is_valid(row));
            keys.push((rows, (0..batch.num_rows()).map(counts).collect::<Vec<_>>()));
        }
        let mut written = vec![];
        for row in 0..batch.num_rows() {
            let own = || keys.iter().enumerate().filter(|(_, (_, counts))| counts[row]);
            let is_there =
                is_new.value(row) && own().any(|(at, (rows, _))| self.added[at].1.contains(&rows.row(row).owned()));
            if is_there && self.updates {
                return Err(twice());
            }
            if is_new.value(row) && !is_there {
                for (at, (rows, _)) in own() {
                    let key = rows.row(row).owned();
                    self.held.try_grow(size_of::<OwnedRow>() + key.as_ref().len())?;
                    self.added[at].1.insert(key);
                }
            }
            written.push(!is_there);
        }
        Ok(BooleanArray::from(written))
    }
}

/// 21000.
fn twice() -> Error {
    let message = "ON CONFLICT DO UPDATE command cannot affect row a second time";
    let hint = "Ensure that no rows proposed for insertion within the same command have duplicate constrained values.";
    Error::new(SqlState::CardinalityViolation, message).with_hint(hint)
}
