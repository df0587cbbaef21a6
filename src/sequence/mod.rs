//! Pure algorithms on one entity's events, ordered by time. Knows nothing of the rest of the crate but `stats`.
//!
//! | module | answers |
//! |---|---|
//! | `attribution` | which touches a conversion is credited to, and how much each |
//! | `cohorts` | in which periods after its first start an entity came back |
//! | `events` | what most kernels read |
//! | `funnel` | how far an entity came through steps, and by which rows |
//! | `intervals` | how long an entity stayed in each state, and where it went next |
//! | `next_event` | what follows, or precedes, a chain of conditions |
//! | `paths` | the states an entity went through |
//! | `pattern` | whether, how often and where a pattern of rows occurs |
//! | `retention` | which conditions were met after the first one |
//! | `sessions` | which rows lie close together in time |
//! | `transitions` | how often each state follows each other |

pub mod attribution;
pub mod cohorts;
pub mod events;
pub mod funnel;
pub mod intervals;
pub mod next_event;
pub mod paths;
pub mod pattern;
pub mod retention;
pub mod sessions;
pub mod transitions;
