//! Keys: PRIMARY KEY, UNIQUE and CREATE UNIQUE INDEX, none of which lets two rows of a table share the values of its columns.
//!
//! | file | what |
//! |---|---|
//! | `declare` | what statements say of keys, and the names that keys have where none is given |
//! | `alter` | keys that a table gets, loses or calls otherwise after it was made |
//! | `enforce` | the check of the rows that a change adds |

mod alter;
mod declare;
mod enforce;

pub(super) use alter::{
    add, add_of_column, columns_with, create_index, drop_constraint, drop_indexes, rename_constraint,
};
pub(super) use declare::{declared, is_key};
pub(super) use enforce::{enforce, first, told, touches};
