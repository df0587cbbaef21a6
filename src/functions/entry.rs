//! One function's entry in the reference: what the planner needs to call it and what a reader needs to use it, said once.

use arrow::datatypes::{DataType, Field, Fields};
use datafusion::logical_expr::{DocSection, Documentation, DocumentationBuilder, Signature, Volatility};

use crate::error::{Error, Result, SqlState};
use crate::model::instant;

/// A function of ours.
#[derive(Debug)]
pub struct Entry {
    /// Its name in SQL.
    pub name: &'static str,
    /// The KPI family it belongs to.
    pub family: &'static str,
    /// What it computes, and the formula.
    pub description: &'static str,
    /// Its arguments in order; those that may be left out come last.
    pub arguments: &'static [Argument],
    /// What it returns.
    pub returns: Returns,
    /// What NULL, empty input and too few rows give.
    pub nulls: &'static str,
    /// What it refuses, beside arguments of the wrong type and numbers that are NaN or infinite.
    pub errors: &'static str,
    /// Time and memory per row and group.
    pub cost: &'static str,
    /// Paper or system whose method it follows.
    pub source: &'static str,
    /// A query that runs without any table.
    pub example: &'static str,
    /// Its result, as a table of text.
    pub output: &'static str,
}

/// One argument of a function.
#[derive(Debug, Clone, Copy)]
pub struct Argument {
    /// Its name, usable as `name => value`.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether a call must give it.
    pub required: bool,
    /// Meaning, unit and default.
    pub description: &'static str,
}

/// What an argument holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A finite number of any numeric type.
    Number,
    /// A boolean.
    Boolean,
    /// A date or a timestamp, with or without time zone; without one it is read as UTC. Resolution is a microsecond.
    Instant,
    /// A constant strictly between 0 and 1, the same for all rows.
    Share,
}

/// What a function returns.
#[derive(Debug, Clone, Copy)]
pub enum Returns {
    /// One number.
    Number,
    /// One struct with these fields.
    Summary(&'static [Column]),
}

/// One field of a summary, or one column of an aggregate's state.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
    /// What it means; empty for the columns of a state.
    pub description: &'static str,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// How many.
    Count,
    /// A number.
    Number,
    /// An instant in microseconds since 1970.
    Instant,
    /// Instants or durations in microseconds.
    Instants,
}

impl Entry {
    /// How to call it: `velocity(started_at, ended_at [, observed_until])`.
    pub fn syntax(&self) -> String {
        let mut text = format!("{}(", self.name);
        for (i, argument) in self.arguments.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            text += &match argument.required {
                true => format!("{comma}{}", argument.name),
                false => format!(" [{comma}{}]", argument.name),
            };
        }
        text + ")"
    }

    /// The signature: names for `name => value`, types left to [`Entry::coerce`] and [`Entry::check`].
    pub(super) fn signature(&self) -> Signature {
        Signature::user_defined(Volatility::Immutable)
            .with_parameter_names(self.arguments.iter().map(|argument| argument.name).collect())
            .expect("argument names are distinct, and a user-defined signature takes any number of them")
    }

    /// The types to cast a call's arguments to. What can't be cast stays as it is, for [`Entry::check`] to refuse: an error
    /// from here would reach the user as text inside another, without its SQLSTATE.
    pub(super) fn coerce(&self, types: &[DataType]) -> Vec<DataType> {
        let wanted = |(i, given): (usize, &DataType)| match self.arguments.get(i) {
            Some(argument) if argument.kind.accepts(given) => argument.kind.data_type(),
            _ => given.clone(),
        };
        types.iter().enumerate().map(wanted).collect()
    }

    /// Refuses a call with the wrong number or types of arguments (42883, as Postgres answers).
    pub(super) fn check(&self, types: &[DataType]) -> Result<()> {
        let required = self.arguments.iter().filter(|argument| argument.required).count();
        if types.len() < required || types.len() > self.arguments.len() {
            let message = format!("{}: expected {}, got {} arguments", self.name, self.syntax(), types.len());
            return Err(Error::new(SqlState::UndefinedFunction, message));
        }
        match self.arguments.iter().zip(types).find(|(argument, given)| !argument.kind.accepts(given)) {
            None => Ok(()),
            Some((argument, given)) => Err(Error::new(
                SqlState::UndefinedFunction,
                format!("{}: {} must be {}, got {}", self.name, argument.name, argument.kind.phrase(), sql_name(given)),
            )),
        }
    }

    /// The type of the result.
    pub(super) fn return_type(&self) -> DataType {
        match self.returns {
            Returns::Number => DataType::Float64,
            Returns::Summary(columns) => DataType::Struct(columns.iter().map(Column::field).collect::<Fields>()),
        }
    }

    /// The entry as DataFusion keeps documentation.
    pub(super) fn documentation(&self) -> Documentation {
        let section = DocSection { include: true, label: self.family, description: None };
        let description = format!(
            "{}\n\nNULL: {}\n\nErrors: {}\n\nCost: {}\n\nSource: {}",
            self.description, self.nulls, self.errors, self.cost, self.source
        );
        let builder = DocumentationBuilder::new_with_details(section, description, self.syntax())
            .with_sql_example(format!("```sql\n{}\n```\n\n```text\n{}\n```", self.example, self.output));
        self.arguments.iter().fold(builder, |builder, a| builder.with_argument(a.name, a.description)).build()
    }
}

/// The confidence level of a summary's interval.
pub(super) const LEVEL: Argument =
    Argument::optional("level", Kind::Share, "Confidence level of the interval, a constant; .95 by default.");

impl Argument {
    /// An argument that every call gives.
    pub(super) const fn required(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self { name, kind, required: true, description }
    }

    /// An argument that a call may leave out.
    pub(super) const fn optional(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self { name, kind, required: false, description }
    }
}

impl Kind {
    /// The SQL type that a call's argument is cast to.
    pub fn sql_type(self) -> &'static str {
        match self {
            Self::Number | Self::Share => "double precision",
            Self::Boolean => "boolean",
            Self::Instant => "timestamp with time zone",
        }
    }

    /// The Arrow type that a call's argument is cast to.
    pub fn data_type(self) -> DataType {
        match self {
            Self::Number | Self::Share => DataType::Float64,
            Self::Boolean => DataType::Boolean,
            Self::Instant => instant(),
        }
    }

    fn accepts(self, given: &DataType) -> bool {
        match (self, given) {
            (_, DataType::Null) => true,
            (_, DataType::Dictionary(_, value)) => self.accepts(value),
            (Self::Number | Self::Share, given) => given.is_numeric(),
            (Self::Boolean, given) => *given == DataType::Boolean,
            (Self::Instant, given) => {
                matches!(given, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64)
            }
        }
    }

    fn phrase(self) -> &'static str {
        match self {
            Self::Number | Self::Share => "a number",
            Self::Boolean => "a boolean",
            Self::Instant => "a date or a timestamp",
        }
    }
}

impl Column {
    /// A column of counts.
    pub(super) const fn count(name: &'static str, description: &'static str) -> Self {
        Self { name, kind: ColumnKind::Count, description }
    }

    /// A column of numbers.
    pub(super) const fn number(name: &'static str, description: &'static str) -> Self {
        Self { name, kind: ColumnKind::Number, description }
    }

    /// The column as an Arrow field.
    pub(super) fn field(&self) -> Field {
        Field::new(self.name, self.kind.data_type(), true)
    }
}

impl ColumnKind {
    /// The SQL type.
    pub fn sql_type(self) -> &'static str {
        match self {
            Self::Count | Self::Instant => "bigint",
            Self::Number => "double precision",
            Self::Instants => "bigint[]",
        }
    }

    /// The Arrow type.
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Count | Self::Instant => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Instants => DataType::new_list(DataType::Int64, true),
        }
    }
}

/// The name a SQL user knows a type by.
fn sql_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 | DataType::Int16 => "smallint".to_owned(),
        DataType::Int32 => "integer".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Float32 => "real".to_owned(),
        DataType::Float64 => "double precision".to_owned(),
        DataType::Decimal128(..) | DataType::Decimal256(..) => "numeric".to_owned(),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamp with time zone".to_owned(),
        DataType::Timestamp(_, None) => "timestamp".to_owned(),
        DataType::Interval(_) | DataType::Duration(_) => "interval".to_owned(),
        DataType::Dictionary(_, value) => sql_name(value),
        other => other.to_string().to_lowercase(),
    }
}
