//! The query engine as every session has it: DataFusion with our functions, rules and settings.

mod bounded;

use std::sync::Arc;

use datafusion::execution::FunctionRegistry;
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::optimizer::{Analyzer, AnalyzerRule, Optimizer, OptimizerRule};
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::catalog::UnknownOperands;
use crate::catalog::postgres::{self, EvaluateCorrelated, Keywords, unbound};
use crate::error::Result;
use crate::rules::{
    self, CompleteKeys, CountExisting, Memberships, NullableSubqueries, SingleRows, SubqueriesBelow, ValuesAsQueries,
};
use crate::storage::determined_entity;

/// Made once per database: sessions are copies of it.
pub(crate) fn build(memory: Arc<dyn MemoryPool>) -> Result<SessionState> {
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(memory).build_arc()?;
    let config = SessionConfig::new()
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(true)
        .set_str("datafusion.sql_parser.dialect", "postgresql")
        .set_bool("datafusion.sql_parser.collect_spans", true)
        .set_str("datafusion.execution.time_zone", "UTC")
        // Files of a sorted table are read as ranges of its first column; with these two, plans keep them apart.
        .set_usize("datafusion.optimizer.preserve_file_partitions", 1)
        .set_usize("datafusion.optimizer.subset_repartition_threshold", 1);
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_default_features()
        .with_analyzer_rules(rules::analyzer(analyzer_rules()))
        .with_optimizer_rules(optimizer_rules())
        .with_physical_optimizer_rules(rules::physical(PhysicalOptimizer::new().rules))
        .build();
    let context = SessionContext::new_with_state(state.clone());
    for function in bounded::functions(&state) {
        context.register_udf(function);
    }
    crate::register(&context)?;
    context.register_udtf("pg_get_keywords", Arc::new(Keywords));
    context.state_ref().write().register_expr_planner(Arc::new(UnknownOperands))?;
    let (source, facts) = unbound();
    for function in postgres::functions(source, facts) {
        context.register_udf(function);
    }
    Ok(context.state())
}

/// The engine's own rules, after those that plan subqueries: they have to see them before they are typed.
fn analyzer_rules() -> Vec<Arc<dyn AnalyzerRule + Send + Sync>> {
    let mut rules = Analyzer::new().rules;
    let ours: [Arc<dyn AnalyzerRule + Send + Sync>; 7] = [
        Arc::new(ValuesAsQueries),
        Arc::new(CountExisting),
        Arc::new(Memberships),
        Arc::new(EvaluateCorrelated),
        Arc::new(SingleRows),
        Arc::new(SubqueriesBelow),
        Arc::new(NullableSubqueries),
    ];
    rules.splice(0..0, ours);
    rules
}

/// The engine's own rules, after the one that asks tables what they keep together.
fn optimizer_rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let mut rules = Optimizer::new().rules;
    rules.insert(0, Arc::new(CompleteKeys::new(determined_entity)));
    rules
}

/// A copy for one session, under an id of its own.
pub(crate) fn copy(engine: &SessionState) -> SessionContext {
    let state = SessionStateBuilder::new_from_existing(engine.clone())
        .with_session_id(uuid::Uuid::new_v4().to_string())
        .build();
    SessionContext::new_with_state(state)
}
