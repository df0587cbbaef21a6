//! `attribution(touches, conversions, ...)`: which touches each conversion is credited to, by every model side by side.

mod arguments;
mod entry;
mod kernel;
mod summed;

use super::function::TableFunction;

pub(super) fn function() -> TableFunction {
    TableFunction { entry: &entry::ENTRY, plan: arguments::plan }
}
