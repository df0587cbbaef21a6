//! Pure algorithms on one entity's events, ordered by time. Knows nothing of the rest of the crate but `stats`.
//!
//! | module | answers |
//! |---|---|
//! | `attribution` | which touches a conversion is credited to, and how much each |
//! | `cohorts` | in which periods after its first start an entity came back |
//! | `events` | what most kernels read |
//! | `first_times` | the first time, count and sum of values under each of up to 64 conditions |
//! | `funnel` | how far an entity came through steps, and by which rows |
//! | `intervals` | how long an entity stayed in each state, and where it went next |
//! | `next_event` | what follows, or precedes, a chain of conditions |
//! | `paths` | the states an entity went through |
//! | `pattern` | whether, how often and where a pattern of rows occurs |
//! | `retention` | which conditions were met after the first one |
//! | `runs` | where one entity's rows end and the next one's begin |
//! | `sessions` | which rows lie close together in time |
//! | `transitions` | how often each state follows each other |

pub mod attribution;
pub mod cohorts;
pub mod events;
pub mod first_times;
pub mod funnel;
pub mod intervals;
pub mod next_event;
pub mod paths;
pub mod pattern;
pub mod retention;
pub mod runs;
pub mod sessions;
pub mod transitions;
