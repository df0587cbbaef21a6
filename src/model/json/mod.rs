//! JSON: `json` is its text, `jsonb` a tree in Postgres' normal form.
//!
//! | file | what |
//! |---|---|
//! | `node` | a value as it stands in a text, with the letters that make it |
//! | `tree` | a value apart from its text, with keys in order and each once |
//! | `number` | numbers as a numeric prints them |
//!
//! A library was not taken for it: those that keep the digits of numbers and the text of values read otherwise than Postgres
//! (`serde_json` makes doubles of numbers unless the whole program has it keep their text).

mod node;
mod number;
mod tree;

pub use node::{Json, Node, Quoted};
pub use tree::Tree;
