//! Our rules for plans, one file each, and where they stand among DataFusion's.
//!
//! | rule | plan | stands | because |
//! |---|---|---|---|
//! | [`ValuesAsQueries`] | logical | before all others | it makes nodes that they know |
//! | [`CountExisting`] | logical | before the others, that of the catalogs too | these plan what it makes |
//! | [`Memberships`] | logical | after it | it makes subqueries that the next ones place |
//! | [`SingleRows`] | logical | after it, and after that of the catalogs | it makes subqueries that the next ones place |
//! | [`SubqueriesBelow`] | logical | after it | it puts them where the engine plans them |
//! | [`NullableSubqueries`] | logical | after it, before type coercion | it decides by what columns say before anything is computed of them |
//! | [`ReadText`] | logical | after type coercion | it decides by the types of casts, which that adds |
//! | [`CheckOverflow`] | logical | after type coercion, before the optimizer | it decides by the types of the operands, and constants have to be checked before they are folded |
//! | [`WidenSums`] | logical | beside it | the same |
//! | [`PlainUtc`] | logical | beside them | it decides by the type of the moment |
//! | [`CompareIntervals`] | logical | beside them | it decides by the types of what is compared; no bound of a file may be compared with the intervals themselves |
//! | [`CountDistinct`] | logical | beside them | it decides by the type of what is counted; the optimizer would spread a single DISTINCT over two aggregates |
//! | [`ReadOnce`] | logical | before the engine's rules | relations stand as they were written: no filter is in a scan yet |
//! | [`CompleteKeys`] | logical | after it, where tables are ours | scans still have all columns |
//! | [`SumSequences`] | logical | after the engine's rules | nothing stands any more between an aggregate and what it sums |
//! | [`Quantiles`] | logical | after it | expressions are simplified: fractions are literals, and equal values look alike |
//! | [`TotalNeighbours`] | physical | after `EnsureCooperative` | it decides by the order that the input has in the end |
//! | [`SkipOwners`] | physical | after it | rows lie together by the order of the scan, and nothing will be asked to order them any more |
//! | [`ReadCodes`] | physical | after it | exchanges and sorts are in their places: what stands straight below a sequence function stays there |
//! | [`PaceStreams`] | physical | after `ReadCodes`, before the last filter pushdown | the joins are chosen and distributed; filters made by them while they run still find their way past our nodes |
//! | [`ReleaseOrder`] | physical | before the root's own requirement is taken off | exchanges and sorts are placed, and the root still says whether it needs an order |
//! | [`PushEntityFilters`] | logical | in the place of the engine's `push_down_filter` | that rule would move conditions that must stay |

mod check_overflow;
mod compare_intervals;
mod complete_keys;
mod count_distinct;
mod count_existing;
mod expressions;
mod memberships;
mod nullable_subqueries;
mod pace_streams;
mod plain_utc;
mod positions;
mod push_entity_filters;
mod quantiles;
mod read_codes;
mod read_once;
mod read_text;
mod release_order;
mod single_rows;
mod skip_owners;
mod subqueries_below;
mod sum_sequences;
mod total_neighbours;
mod values_as_queries;
mod widen_sums;

pub use check_overflow::CheckOverflow;
pub use compare_intervals::CompareIntervals;
pub use complete_keys::{CompleteKeys, DeterminedEntity};
pub use count_distinct::CountDistinct;
pub use count_existing::CountExisting;
pub use memberships::Memberships;
pub use nullable_subqueries::NullableSubqueries;
pub use pace_streams::PaceStreams;
pub use plain_utc::PlainUtc;
pub use positions::{analyzer, optimizer, physical};
pub use push_entity_filters::PushEntityFilters;
pub use quantiles::Quantiles;
pub use read_codes::ReadCodes;
pub use read_once::ReadOnce;
pub use read_text::ReadText;
pub use release_order::ReleaseOrder;
pub use single_rows::SingleRows;
pub use skip_owners::SkipOwners;
pub use subqueries_below::SubqueriesBelow;
pub use sum_sequences::SumSequences;
pub use total_neighbours::TotalNeighbours;
pub use values_as_queries::ValuesAsQueries;
pub use widen_sums::WidenSums;
