//! Conversion: which share reached the next step, and how far each came.
//!
//! | input | `conversion_rate` | `conversion_summary` |
//! |---|---|---|
//! | NULL | row ignored | row ignored |
//! | no rows | NULL | n 0, reached 0, the rest NULL |
//! | one row, none or all reached | 0 or 1 | std_error 0, interval with width |
//!
//! The others read rows in the order of time, in which they may come or not: `at`, then conditions.
//!
//! | input | `window_funnel` | `sequence_match` | `sequence_count` | `sequence_events` | `retention` | `next_event` |
//! |---|---|---|---|---|---|---|
//! | `at` NULL | row ignored | row ignored | row ignored | row ignored | row ignored | row ignored |
//! | a condition NULL | false | false | false | false | false | false |
//! | no rows, or no condition met | 0 | false | 0 | empty | all false | NULL |
//! | ties in time | free | by conditions | by conditions | by conditions | not after | by conditions, then value |

mod conversion_rate;
mod conversion_summary;
mod next_event;
mod pattern;
mod retention;
mod sequence_count;
mod sequence_events;
mod sequence_match;
mod steps;
mod window_funnel;

use super::function::Function;

/// The family's functions.
pub(super) fn functions() -> Vec<Function> {
    vec![
        conversion_rate::function(),
        conversion_summary::function(),
        window_funnel::function(),
        sequence_match::function(),
        sequence_count::function(),
        sequence_events::function(),
        retention::function(),
        next_event::function(),
    ]
}

/// The heading of the family in the reference.
const FAMILY: &str = "Conversion";
