//! Patterns over rows, in the language of ClickHouse's `sequenceMatch`.
//!
//! | written | means |
//! |---|---|
//! | `(?N)` | a row that satisfies condition N |
//! | `.` | any row |
//! | `.*` | any run of rows, also none |
//! | `(?t<=n)`, or `<`, `>`, `>=`, `==` | the rows before and after lie so many seconds apart, with any between |
//!
//! A **match** names one row for each `(?N)` and each `.`, in row order. Two that follow each other in the pattern are
//! neighbours, unless `.*` or a time clause stands between them. Several clauses between the same two rows must all
//! hold, and `.*` beside a clause adds nothing, for rows may lie between already. `within` bounds the time from the
//! first row of a match to its last, inclusive. Rows that satisfy no condition at all are dropped before anything else,
//! so neighbours are neighbours among the rows that remain. Seconds compare at the full precision of the times:
//! 5.000001 s is more than 5 s.
//!
//! Whenever two matches cross, taking the earlier row at every place makes a match again: each rule bounds the distance
//! of two places from below or above, and such bounds survive the exchange. So of all matches one is earliest at every
//! place. That is the **first match**, the one a backtracking search from the left finds first. Counting repeats it
//! behind the last row of the one before.
//!
//! | module | does | cost for n rows and m places to fill |
//! |---|---|---|
//! | `syntax` | reads the text | |
//! | `bits` | counts matches of up to 64 places as if nothing were timed: exact where nothing is, else a sieve | O(n) |
//! | `chains` | counts matches of any pattern, and finds their rows | O(n m) |
//!
//! Neither backtracks, so time clauses cost no more than that and there is no limit on steps. Finding rows remembers up
//! to n m candidates of the entity at hand, 24 bytes each; counting remembers those before a `(?t>n)`, `(?t>=n)` or
//! `(?t==n)`.
//!
//! Where ClickHouse differs: it measures a clause beside `.*` from an end of the run, takes a clause at either end of a
//! pattern (an error here, for it has nothing to compare), refuses two clauses in a row, and gives up after a million
//! steps. A `.*` that ends a pattern may make it miss a match (its issue 120729), and with `.` in the pattern its
//! `sequenceMatchEvents` may answer with the rows of an attempt that failed. Else the answers are the same (26.9, three
//! million random cases).

mod bits;
mod chains;
mod matcher;
mod syntax;
#[cfg(test)]
mod tests;

pub use matcher::{Chain, Pattern};
pub use syntax::PatternError;
