//! Foreign keys: columns whose values, where none is NULL, a row of another table must have as its key.
//!
//! | file | what |
//! |---|---|
//! | `declare` | what statements say of them, what they refer to, and what they are called |
//! | `enforce` | the checks: of the rows that come, and of those that refer to rows that go |
//! | `follow` | what becomes of them when columns, keys and tables change their names or go |

mod declare;
mod enforce;
mod follow;

pub(super) use declare::{add, declared, is_reference};
pub(super) use enforce::{referenced, referring};
pub(super) use follow::{columns_go, dependants, leave, rename_column, require_unused_key, truncated_with};
