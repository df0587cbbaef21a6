//! What the operators over rows sorted by entity share.
//!
//! | file | what |
//! |---|---|
//! | `keys` | where one entity's rows end |
//! | `conditions`, `per_entry`, `entries` | conditions as bits of a mask, and as filters; both once per entry of a dictionary |
//! | `codes` | the way from a source, with text as dictionaries |
//! | `without` | the same way, without a column that another one determines |
//! | `answer` | an operator's batches as the engine reads them |
//! | `expressions` | expressions computed, visited and moved |

mod answer;
mod codes;
mod conditions;
mod entries;
mod expressions;
mod keys;
mod per_entry;
mod without;

pub(super) use answer::{Answer, into_stream};
pub(super) use codes::{Types, input_in_codes};
pub(super) use conditions::Conditions;
pub(super) use entries::by_entry;
pub(super) use expressions::{evaluate, visit, with_places};
pub(super) use keys::{equal_neighbours, runs, same, ties};
pub(super) use without::Without;
