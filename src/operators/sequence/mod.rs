//! Runs a function over each entity's rows in the order of time: funnels, paths, sessions, attribution.
//!
//! ```text
//! Sequence (logical)      what the planner of table functions makes: entity, time and arguments as expressions
//! SequenceExec            asks for one entity's rows in one partition, sorted by (entity, time)
//! SequenceStream          cuts batches into entities; one that crosses a batch's edge is gathered
//! Prepare                 computes the arguments of a batch as plain values: times, masks, codes
//! Kernel                  the function itself, on plain values of one entity
//! ```
//!
//! | file | what |
//! |---|---|
//! | `function` | what a function says of itself: [`SequenceFunction`], [`Kernel`] |
//! | `node`, `planner`, `exec`, `stream` | the operator |
//! | `prepare`, `intern` | arguments: conditions become bits, values of few kinds codes |
//! | `beside` | rows of another relation, held while the entity's own pass |
//! | `among` | rows beside that stand among the own ones |
//! | `ties` | rows of one instant in the order of a tiebreak |
//! | `codes` | text read as dictionaries |
//! | `without` | rows without what their entity belongs to |
//! | `entity` | one entity's rows as plain values |

mod among;
mod beside;
mod codes;
mod entity;
mod exec;
mod function;
mod intern;
mod node;
mod planner;
mod prepare;
mod stream;
mod ties;
mod without;

pub use codes::in_codes;
pub use entity::{Codes, Entities, Entity, Keeper};
pub use function::{Kernel, SequenceFunction, Slot};
pub use intern::NULL_CODE;
pub use node::{Beside, Sequence, SequenceArguments};
pub use planner::SequenceQueries;
pub use without::without_owner;
