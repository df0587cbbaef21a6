//! Plans that are kept from one execution of a prepared statement to the next.
//!
//! Planning takes half a millisecond, and a hundred for the deepest view; reading a small table a tenth of one. A statement that is
//! executed again keeps its plan where what it reads is small, for as long as nothing changes that it was planned by: the catalog,
//! the versions of the tables that it reads, the session's settings and whose it is. The values of its parameters are asked for as it runs
//! ([`Values`]). Where more is read, planning is little, and a plan made for the values at hand skips files by them.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task;

use arrow::datatypes::{FieldRef, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result as EngineResult;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::prelude::SessionConfig;
use datafusion::scalar::ScalarValue;
use futures::{Stream, StreamExt};

use super::bound::Values;
use super::context::Context;
use super::query::renamed;
use crate::catalog::{Moment, Resolver, State};
use crate::config::Settings;
use crate::error::Result;
use crate::storage::Snapshot;
use crate::workers::Workers;

/// A statement that reads more rows than these is planned for each execution.
const SMALL: u64 = 100_000;

/// A plan is made anew after so many runs: the engine's sources add the metrics of each to those of all before, and whoever looks
/// at them pays for all. Over a small table a run of a plan with 8,000 behind it took 0.75 ms, more than to plan anew.
const RUNS: u32 = 64;

/// Functions that are computed as a plan is made, from nothing but settings: other settings are another plan.
const OF_SETTINGS: [&str; 1] = ["current_setting"];

/// The place of a prepared statement's plan.
#[derive(Default)]
pub(crate) struct Keeper(Mutex<Place>);

#[derive(Default)]
enum Place {
    /// The statement has not been executed.
    #[default]
    New,
    /// The next execution keeps its plan, if it can be kept.
    Empty,
    Kept(Box<Kept>),
    /// It is running.
    Lent,
    /// It can't be kept.
    Never,
}

struct Kept {
    state: Arc<State>,
    /// The tables that it reads, by object id, and their versions.
    tables: Vec<(u32, Arc<Snapshot>)>,
    settings: Settings,
    values: Values,
    plan: Arc<dyn ExecutionPlan>,
    runs: u32,
    config: SessionConfig,
    schema: SchemaRef,
}

impl Kept {
    /// Whether it would be planned in the same way now.
    fn holds(&self, moment: &Moment, settings: &Settings) -> bool {
        let is_same =
            |(oid, version): &(u32, Arc<Snapshot>)| moment.version(*oid).is_some_and(|now| Arc::ptr_eq(now, version));
        self.runs < RUNS
            && Arc::ptr_eq(&self.state, &moment.state)
            && self.tables.iter().all(is_same)
            && self.settings.agrees(settings)
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("has_plan", &self.has_plan()).finish()
    }
}

impl Keeper {
    /// Whether there is a plan to try.
    pub(crate) fn has_plan(&self) -> bool {
        matches!(*self.place(), Place::Kept(_))
    }

    /// Runs the plan that is kept, if it holds for what the session reads now and for values of these types.
    pub(crate) fn again(
        self: &Arc<Self>,
        moment: &Moment,
        settings: &Settings,
        values: &[ScalarValue],
        runtime: Arc<RuntimeEnv>,
        workers: &Workers,
    ) -> Result<Option<SendableRecordBatchStream>> {
        let mut place = self.place();
        let Place::Kept(kept) = &*place else { return Ok(None) };
        if !kept.holds(moment, settings) {
            *place = Place::Empty;
            return Ok(None);
        }
        if !kept.values.set(values) {
            return Ok(None);
        }
        match std::mem::replace(&mut *place, Place::Lent) {
            Place::Kept(kept) => {
                drop(place);
                self.run(kept, runtime, workers).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Keeps a statement's plan and runs it, if this execution is the one to do so and the plan can be kept. `plan` is not optimised
    /// and has placeholders, whose types are given; `named` gives the answer's schema its names.
    pub(super) async fn keep(
        self: &Arc<Self>,
        context: &Context,
        resolver: &Resolver<'_>,
        plan: &LogicalPlan,
        types: &[Option<FieldRef>],
        values: &[ScalarValue],
        named: impl Fn(&SchemaRef) -> SchemaRef,
    ) -> Result<Option<SendableRecordBatchStream>> {
        if !self.is_asked() {
            return Ok(None);
        }
        let kept = kept(context, resolver, plan, types, named).await.filter(|kept| kept.values.set(values));
        match kept {
            Some(kept) => {
                *self.place() = Place::Lent;
                self.run(Box::new(kept), Arc::clone(&context.runtime), &context.workers).map(Some)
            }
            None => {
                *self.place() = Place::Never;
                Ok(None)
            }
        }
    }

    fn run(
        self: &Arc<Self>,
        mut kept: Box<Kept>,
        runtime: Arc<RuntimeEnv>,
        workers: &Workers,
    ) -> Result<SendableRecordBatchStream> {
        kept.plan = reset_plan_states(Arc::clone(&kept.plan))?;
        kept.runs += 1;
        let task = TaskContext::default().with_session_config(kept.config.clone()).with_runtime(runtime);
        let rows = workers.run(Arc::clone(&kept.plan), Arc::new(task));
        let rows = renamed(rows, Arc::clone(&kept.schema));
        Ok(Box::pin(Running { rows, lent: Some((kept, Arc::clone(self))) }))
    }

    /// Whether the statement is executed again, and has no plan.
    fn is_asked(&self) -> bool {
        let mut place = self.place();
        let again = matches!(*place, Place::Empty);
        if matches!(*place, Place::New) {
            *place = Place::Empty;
        }
        again
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A plan to keep; none where it depends on more than is compared, where it reads much, or where it can't do without its values.
async fn kept(
    context: &Context,
    resolver: &Resolver<'_>,
    plan: &LogicalPlan,
    types: &[Option<FieldRef>],
    named: impl Fn(&SchemaRef) -> SchemaRef,
) -> Option<Kept> {
    let tables = resolver.tables_read()?;
    let rows = tables.iter().map(|(_, version)| version.rows()).sum::<Option<u64>>()?;
    if rows > SMALL {
        return None;
    }
    let mut engine = context.engine.clone();
    // Bounds that one run finds while it reads would be there for the next.
    engine.config_mut().options_mut().optimizer.enable_dynamic_filter_pushdown = false;
    let values = Values::of(types)?;
    let plan = values.in_place_of_placeholders(plan.clone()).ok()?;
    // Only the analyser finds what is in views.
    let analyzed = engine.analyzer().execute_and_check(plan.clone(), engine.config_options(), |_, _| {}).ok()?;
    if !depends_on_settings_alone(&analyzed)? {
        return None;
    }
    let plan = engine.create_physical_plan(&plan).await.ok()?;
    let schema = named(&plan.schema());
    Some(Kept {
        state: Arc::clone(&resolver.moment().state),
        tables,
        settings: context.settings().clone(),
        values,
        plan,
        runs: 0,
        config: engine.config().clone(),
        schema,
    })
}

/// Whether no function in it is computed as it is planned, but for those that read settings.
fn depends_on_settings_alone(plan: &LogicalPlan) -> Option<bool> {
    let mut depends = true;
    let mut look = |e: &Expr| {
        if let Expr::ScalarFunction(call) = e
            && call.func.signature().volatility == Volatility::Stable
            && !OF_SETTINGS.contains(&call.func.name())
        {
            depends = false;
        }
        Ok(TreeNodeRecursion::Continue)
    };
    let done = plan.apply_with_subqueries(|node| node.apply_expressions(|e| e.apply(&mut look)));
    done.ok().map(|_| depends)
}

/// The rows of a plan that goes back to its place after them.
struct Running {
    rows: SendableRecordBatchStream,
    lent: Option<(Box<Kept>, Arc<Keeper>)>,
}

impl Running {
    fn give_back(&mut self) {
        if let Some((kept, keeper)) = self.lent.take() {
            *keeper.place() = Place::Kept(kept);
        }
    }
}

impl Stream for Running {
    type Item = EngineResult<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut task::Context<'_>) -> task::Poll<Option<Self::Item>> {
        let polled = self.rows.poll_next_unpin(context);
        if let task::Poll::Ready(None) = polled {
            self.give_back();
        }
        polled
    }
}

impl RecordBatchStream for Running {
    fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.give_back();
    }
}
