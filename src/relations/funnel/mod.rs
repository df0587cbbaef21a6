//! `funnel(...)`: how far each entity came through steps.
//!
//! | file | what |
//! |---|---|
//! | `entry` | what it says of itself |
//! | `arguments` | reads a call |
//! | `kernel` | runs the algorithm over entities and builds the answer |

mod arguments;
mod entry;
mod kernel;

pub(super) use entry::{ENTRY_MODE, EXCLUDE, GRACE, HOLD, MODE, OPTIONAL, STEPS, WITHIN, function};
