//! One function's entry in the reference: what the planner needs to call it and what a reader needs to use it, said once.

use arrow::datatypes::{DataType, Field, Fields, IntervalUnit, TimeUnit};
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
    /// Whether a call may go on with more of them. Only the last argument may be so.
    pub repeated: bool,
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
    /// A date or a timestamp in the resolution and zone it has. A date is its first instant.
    Time,
    /// A constant span of time that is not negative.
    Span,
    /// A constant text.
    Text,
    /// What a row belongs to, compared as text: text, a boolean or a whole number.
    Group,
    /// One of these words, a constant.
    Word(&'static [&'static str]),
    /// A value of any type.
    Any,
}

/// How often an argument may be repeated: one bit of a row's mask each.
const MOST_REPEATED: usize = 64;

/// What a function returns.
#[derive(Debug, Clone, Copy)]
pub enum Returns {
    /// One number.
    Number,
    /// One struct with these fields.
    Summary(&'static [Column]),
    /// A boolean.
    Boolean,
    /// A small whole number.
    Integer,
    /// How many.
    Count,
    /// A list of booleans.
    Booleans,
    /// A list of what the argument of this name holds.
    ListOf(&'static str),
    /// What the argument of this name holds.
    OneOf(&'static str),
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
    /// Numbers.
    Numbers,
    /// Texts.
    Texts,
    /// Booleans.
    Booleans,
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
            text += if argument.repeated { " [, ...]" } else { "" };
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
        let wanted = |(i, given): (usize, &DataType)| match self.argument(i) {
            Some(argument) if argument.kind.accepts(given) => argument.kind.cast_of(given),
            _ => given.clone(),
        };
        types.iter().enumerate().map(wanted).collect()
    }

    /// Refuses a call with the wrong number or types of arguments (42883, as Postgres answers).
    pub(super) fn check(&self, types: &[DataType]) -> Result<()> {
        let required = self.arguments.iter().filter(|argument| argument.required).count();
        let repeated = self.arguments.last().filter(|argument| argument.repeated);
        let most = self.arguments.len() + repeated.map_or(0, |_| MOST_REPEATED - 1);
        if types.len() < required || types.len() > most {
            let message = format!("{}: expected {}, got {} arguments", self.name, self.syntax(), types.len());
            let error = Error::new(SqlState::UndefinedFunction, message);
            return Err(match repeated {
                Some(argument) => error.with_hint(format!("{} can be given {MOST_REPEATED} times", argument.name)),
                None => error,
            });
        }
        let mut arguments = types.iter().enumerate().filter_map(|(i, given)| Some((self.argument(i)?, given)));
        match arguments.find(|(argument, given)| !argument.kind.accepts(given)) {
            None => Ok(()),
            Some((argument, given)) => Err(Error::new(
                SqlState::UndefinedFunction,
                format!("{}: {} must be {}, got {}", self.name, argument.name, argument.kind.phrase(), sql_name(given)),
            )),
        }
    }

    /// The type of the result of a call with arguments of these types, which are those it is cast to.
    pub(super) fn return_type(&self, types: &[DataType]) -> DataType {
        let given = |name| {
            let argument = self.arguments.iter().position(|argument| argument.name == name);
            argument.and_then(|argument| types.get(argument)).cloned().unwrap_or(DataType::Null)
        };
        match self.returns {
            Returns::Number => DataType::Float64,
            Returns::Summary(columns) => DataType::Struct(columns.iter().map(Column::field).collect::<Fields>()),
            Returns::Boolean => DataType::Boolean,
            Returns::Integer => DataType::Int32,
            Returns::Count => DataType::Int64,
            Returns::Booleans => ColumnKind::Booleans.data_type(),
            Returns::ListOf(argument) => DataType::new_list(given(argument), true),
            Returns::OneOf(argument) => given(argument),
        }
    }

    /// The argument that a call gives at a place.
    pub(super) fn argument(&self, place: usize) -> Option<&'static Argument> {
        self.arguments.get(place).or_else(|| self.arguments.last().filter(|last| last.repeated))
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
        Self { name, kind, required: true, repeated: false, description }
    }

    /// An argument that a call may leave out.
    pub(super) const fn optional(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self { name, kind, required: false, repeated: false, description }
    }

    /// The last argument, which a call gives once or more often.
    pub(super) const fn repeated(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self { name, kind, required: true, repeated: true, description }
    }
}

impl Kind {
    /// The SQL type that a call's argument is cast to.
    pub fn sql_type(self) -> &'static str {
        match self {
            Self::Number | Self::Share => "double precision",
            Self::Boolean => "boolean",
            Self::Instant => "timestamp with time zone",
            Self::Time => "date or timestamp",
            Self::Span => "interval",
            Self::Group => "text, boolean or integer",
            Self::Text | Self::Word(_) => "text",
            Self::Any => "any",
        }
    }

    /// Whether a call says it once for all rows.
    pub fn is_constant(self) -> bool {
        matches!(self, Self::Share | Self::Span | Self::Text | Self::Word(_))
    }

    /// The Arrow type that an argument of an accepted type is cast to.
    fn cast_of(self, given: &DataType) -> DataType {
        match (self, given) {
            (Self::Number | Self::Share, _) => DataType::Float64,
            (Self::Boolean, _) => DataType::Boolean,
            (Self::Instant, _) => instant(),
            (Self::Span, _) => DataType::Interval(IntervalUnit::MonthDayNano),
            (Self::Group | Self::Text | Self::Word(_), _) => DataType::Utf8,
            (Self::Time | Self::Any, DataType::Dictionary(_, value)) => self.cast_of(value),
            (Self::Time, DataType::Null) => instant(),
            (Self::Time, DataType::Date32) => DataType::Timestamp(TimeUnit::Second, None),
            (Self::Time, DataType::Date64) => DataType::Timestamp(TimeUnit::Millisecond, None),
            (Self::Time | Self::Any, given) => given.clone(),
        }
    }

    fn accepts(self, given: &DataType) -> bool {
        match (self, given) {
            (_, DataType::Null) => true,
            (_, DataType::Dictionary(_, value)) => self.accepts(value),
            (Self::Number | Self::Share, given) => given.is_numeric(),
            (Self::Boolean, given) => *given == DataType::Boolean,
            (Self::Instant | Self::Time, given) => {
                matches!(given, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64)
            }
            (Self::Span, given) => matches!(given, DataType::Interval(_) | DataType::Duration(_)) || given.is_string(),
            (Self::Group, given) => given.is_string() || given.is_integer() || *given == DataType::Boolean,
            (Self::Text | Self::Word(_), given) => given.is_string(),
            (Self::Any, _) => true,
        }
    }

    fn phrase(self) -> &'static str {
        match self {
            Self::Number | Self::Share => "a number",
            Self::Boolean => "a boolean",
            Self::Instant | Self::Time => "a date or a timestamp",
            Self::Span => "an interval",
            Self::Group => "text, a boolean or a whole number",
            Self::Text | Self::Word(_) => "text",
            Self::Any => "a value",
        }
    }
}

impl Returns {
    /// The SQL type, or where it comes from.
    pub fn sql_type(self) -> String {
        match self {
            Self::Number => "double precision".to_owned(),
            Self::Summary(_) => "record".to_owned(),
            Self::Boolean => "boolean".to_owned(),
            Self::Integer => "integer".to_owned(),
            Self::Count => "bigint".to_owned(),
            Self::Booleans => "boolean[]".to_owned(),
            Self::ListOf(argument) => format!("an array of the type of `{argument}`"),
            Self::OneOf(argument) => format!("the type of `{argument}`"),
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
            Self::Numbers => "double precision[]",
            Self::Texts => "text[]",
            Self::Booleans => "boolean[]",
        }
    }

    /// The Arrow type.
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Count | Self::Instant => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Instants => DataType::new_list(DataType::Int64, true),
            Self::Numbers => DataType::new_list(DataType::Float64, true),
            Self::Texts => DataType::new_list(DataType::Utf8, true),
            Self::Booleans => DataType::new_list(DataType::Boolean, true),
        }
    }
}

/// The name a SQL user knows a type by.
pub fn sql_name(data_type: &DataType) -> String {
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
