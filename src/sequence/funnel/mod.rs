//! The funnel: how far an entity came through steps that a query describes, and by which rows.
//!
//! The level is the largest k such that rows r1..rk exist with step i true of ri, times not decreasing, and rk no later
//! than r1 plus the window, that instant included. Rows at one time may be taken in either order, unless a tiebreak orders
//! them. Every option changes one clause of this; a chain must satisfy all of them at once.
//!
//! | module | answers | cost |
//! |---|---|---|
//! | `latest_start` | the level of the best attempt: ordered, increasing or reusing rows, no other option | rows |
//! | `ordered` | level and rows for every option where steps have an order | rows x steps |
//! | `any_order` | level and rows where steps come in any order | rows x steps^2 |
//!
//! Costs are for one entity. What the options mean, where more than one reading is possible:
//!
//! * **Which rows are told.** Highest level, then shortest from step 1 to the latest required step, then earliest start;
//!   among those step by step the earliest place in time and tiebreak, a missing optional step last; then the earliest row
//!   of the slice. Levels and times do not depend on the order in which tied rows are given, save where several attempts
//!   follow one another at one time.
//! * **Optional steps** count in no level and no duration. Those that follow the last required step reached are told too.
//! * **Grace** swaps pairs of consecutive chosen steps: three steps in reverse order are no chain. The window counts from
//!   step 1 for every row, also where step 2 came just before it.
//! * **Exclusions** void where a matching row lies strictly between two chosen rows of their range, even if that row is
//!   itself chosen for a step between them; in strict order as well.
//! * **A row that voids an attempt opens none**: a row of an exclusion until which some chain of its stream could have gone
//!   on, and after which it can't. It may still fill a later step.
//! * **Held columns** make a stream of each value. Excluded rows and interruptions count whatever they hold. With
//!   [`Entry::First`] there is one first row over all streams; with [`Entry::Each`] attempts follow one another within a
//!   stream.
//! * **The first row of step 1** is a place: of rows that nothing orders, the one that serves best opens the attempt.
//! * **Each** attempt ends with its conversion, at the place where the last of its chains is voided or interrupted, or with
//!   its window. The next opens there or later; rows that were chosen, and as openers rows that voided, are used up.
//! * **Any order**: a row of any required step opens an attempt, and exclusions have no range.
//! * **Excluded** is an attempt whose opener would bring it further without the exclusions. One that nothing further could
//!   have followed is not, even if an excluded row has come: by its window it is still open or dropped.
//!
//! # Worst cases
//!
//! Rows that nothing orders and that satisfy several steps each are matched: for a place a power of the steps, whatever its
//! rows, and a look at masks where no row satisfies several. Grace keeps a state per row within it: in a dense stretch, the square of its rows. With [`Entry::Each`] and
//! exclusions an attempt that was voided reads on to the end of its window to tell excluded from dropped, so many of them
//! in a window without end cost the square of the entity; so do many attempts at one time, in the rows of that time. Any
//! order tells rows by up to steps^3 matchings of up to steps^2 rows where all conditions overlap. The general searches
//! keep about 130 bytes per row.

mod any_order;
mod attempts;
mod chosen;
mod events;
mod kernel;
mod latest_start;
mod moments;
mod ordered;
mod plan;
mod settings;
mod sweep;
mod ties;

pub use attempts::{Attempt, Attempts, Status};
pub use events::Events;
pub use kernel::Funnel;
pub use settings::{Entry, Exclusion, Mode, Settings, SettingsError, Window};

#[cfg(test)]
mod tests;
