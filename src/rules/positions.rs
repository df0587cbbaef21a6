//! The order of the rules: DataFusion's lists with ours in their places.

use std::sync::Arc;

use datafusion::optimizer::{AnalyzerRule, OptimizerRule};
use datafusion::physical_optimizer::PhysicalOptimizerRule;

use super::{
    CheckOverflow, CompareIntervals, CountDistinct, PaceStreams, PlainUtc, PushEntityFilters, Quantiles, ReadCodes,
    ReadOnce, ReadText, ReleaseOrder, SkipOwners, SumSequences, TotalNeighbours, WidenSums,
};

/// DataFusion's analyzer rules followed by ours.
pub fn analyzer(mut rules: Vec<Arc<dyn AnalyzerRule + Send + Sync>>) -> Vec<Arc<dyn AnalyzerRule + Send + Sync>> {
    rules.push(Arc::new(ReadText));
    rules.push(Arc::new(CheckOverflow::default()));
    rules.push(Arc::new(WidenSums));
    rules.push(Arc::new(PlainUtc));
    rules.push(Arc::new(CompareIntervals));
    rules.push(Arc::new(CountDistinct::default()));
    rules
}

/// DataFusion's optimizer rules between ours, one of those in the place of the one that moves filters.
pub fn optimizer(rules: Vec<Arc<dyn OptimizerRule + Send + Sync>>) -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let placed = rules.into_iter().map(|rule| match rule.name() {
        "push_down_filter" => Arc::new(PushEntityFilters::default()) as Arc<dyn OptimizerRule + Send + Sync>,
        _ => rule,
    });
    let first: Arc<dyn OptimizerRule + Send + Sync> = Arc::new(ReadOnce);
    let last: [Arc<dyn OptimizerRule + Send + Sync>; 2] = [Arc::new(SumSequences), Arc::new(Quantiles::default())];
    [first].into_iter().chain(placed).chain(last).collect()
}

/// DataFusion's physical rules with ours in their places.
pub fn physical(
    mut rules: Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>>,
) -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let cooperative = rules.iter().position(|rule| rule.name() == "EnsureCooperative");
    let after = cooperative.map_or(rules.len(), |at| at + 1);
    let ours: [Arc<dyn PhysicalOptimizerRule + Send + Sync>; 4] =
        [Arc::new(TotalNeighbours), Arc::new(SkipOwners), Arc::new(ReadCodes), Arc::new(PaceStreams)];
    rules.splice(after..after, ours);
    // The first rule of that name adds the root's requirement, the last one takes it off.
    let root = rules.iter().rposition(|rule| rule.name() == "OutputRequirements");
    rules.insert(root.unwrap_or(0), Arc::new(ReleaseOrder));
    rules
}
