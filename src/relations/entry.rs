//! One table function's entry in the reference: what the planner needs to call it and what a reader needs to use it, said
//! once.

/// A table function of ours.
#[derive(Debug)]
pub struct Entry {
    /// Its name in SQL.
    pub name: &'static str,
    /// The KPI family it belongs to.
    pub family: &'static str,
    /// What it computes.
    pub description: &'static str,
    /// Its arguments, the relation first.
    pub arguments: &'static [Argument],
    /// The columns of its answer.
    pub columns: &'static [Column],
    /// What NULL, ties in time and too few rows give.
    pub nulls: &'static str,
    /// What it refuses.
    pub errors: &'static str,
    /// Time and memory.
    pub cost: &'static str,
    /// Paper or system whose method it follows.
    pub source: &'static str,
    /// A query that runs without any table.
    pub example: &'static str,
    /// Its result, as a table of text.
    pub output: &'static str,
}

/// One argument of a table function.
#[derive(Debug, Clone, Copy)]
pub struct Argument {
    /// Its name, usable as `name => value`.
    pub name: &'static str,
    /// What it takes, as SQL would say it.
    pub takes: &'static str,
    /// Whether a call must give it.
    pub required: bool,
    /// Meaning, unit and default.
    pub description: &'static str,
}

/// One column of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its SQL type, or what it has the type of.
    pub data_type: &'static str,
    /// What it means.
    pub description: &'static str,
}

impl Entry {
    /// How to call it: `transitions(input relation [, entity => expression])`.
    pub fn syntax(&self) -> String {
        let argument = |(position, argument): (usize, &Argument)| {
            let comma = if position > 0 { ", " } else { "" };
            match argument.required {
                true if position == 0 => argument.name.to_owned(),
                true => format!("{comma}{} => {}", argument.name, argument.takes),
                false => format!(" [{comma}{} => {}]", argument.name, argument.takes),
            }
        };
        let arguments: String = self.arguments.iter().enumerate().map(argument).collect();
        format!("{}({arguments})", self.name)
    }
}

impl Argument {
    /// An argument that every call gives.
    pub(super) const fn required(name: &'static str, takes: &'static str, description: &'static str) -> Self {
        Self { name, takes, required: true, description }
    }

    /// An argument that a call may leave out.
    pub(super) const fn optional(name: &'static str, takes: &'static str, description: &'static str) -> Self {
        Self { name, takes, required: false, description }
    }
}

impl Column {
    /// A column of an answer.
    pub(super) const fn of(name: &'static str, data_type: &'static str, description: &'static str) -> Self {
        Self { name, data_type, description }
    }
}

/// The relation that every function reads first.
pub(super) const INPUT: Argument = Argument::required(
    "input",
    "relation",
    "The rows: a table, a view, a common table expression, `(SELECT ...)`, or another table function.",
);

/// What rows belong to.
pub(super) const ENTITY: Argument = Argument::optional(
    "entity",
    "expression",
    "What a row belongs to: a column or expression, or several as `(account_id, contact_id)`; `contact_id` by default.",
);

/// When rows happened.
pub(super) const AT: Argument = Argument::optional(
    "at",
    "timestamp",
    "When a row happened: `occurred_at` by default, or `entered_at` where the relation has that alone.",
);

/// The instant of observation.
pub(super) const AS_OF: Argument = Argument::optional(
    "as_of",
    "timestamp",
    "The instant of observation: later rows are left out. The latest time of the whole input by default.",
);

/// What orders rows of one instant.
pub(super) const TIEBREAK: Argument = Argument::optional(
    "tiebreak",
    "expression",
    "What orders rows of one instant: a column or expression, or several in parentheses.",
);
