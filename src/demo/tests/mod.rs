//! Tests of the demo: its rows as tables (`structure`), and its truth recovered from them by plain SQL (`recovery`).

mod recovery;
mod structure;
mod warehouse;
