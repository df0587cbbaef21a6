//! One call of a sequence function: what it says once for all rows, and where its columns are.

use std::fmt::Display;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;

use crate::error::{Error, Result};
use crate::functions::Span;
use crate::functions::entry::{Entry, Kind};

/// A call whose arguments were cast as its entry asks. The last of them are its conditions.
#[derive(Debug)]
pub(in crate::functions) struct Call {
    entry: &'static Entry,
    /// By argument; NULL for columns.
    constants: Vec<ScalarValue>,
    types: Vec<DataType>,
}

impl Call {
    /// Reads a call. `constant` gives the value of an expression that is the same for all rows.
    pub(super) fn new<E: Display>(
        entry: &'static Entry,
        expressions: &[E],
        types: Vec<DataType>,
        constant: impl Fn(&E) -> Option<ScalarValue>,
    ) -> Result<Self> {
        let read = |(i, expression): (usize, &E)| match entry.argument(i) {
            Some(argument) if argument.kind.is_constant() => {
                constant(expression).ok_or_else(|| Error::argument(entry.name, argument.name, "a constant", expression))
            }
            _ => Ok(ScalarValue::Null),
        };
        let constants = expressions.iter().enumerate().map(read).collect::<Result<_>>()?;
        Ok(Self { entry, constants, types })
    }

    /// The type of the times.
    pub(in crate::functions) fn at_type(&self) -> &DataType {
        &self.types[self.at()]
    }

    /// How many conditions there are.
    pub(in crate::functions) fn conditions(&self) -> usize {
        self.types.len() - self.first_condition()
    }

    /// The word given for an argument, as its entry writes it.
    pub(in crate::functions) fn word(&self, argument: usize) -> Result<&'static str> {
        let Kind::Word(words) = self.entry.arguments[argument].kind else { unreachable!("the argument is a word") };
        let given = self.written(argument);
        words.iter().find(|word| given.is_some_and(|given| word.eq_ignore_ascii_case(given))).copied().ok_or_else(
            || {
                let words = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ");
                self.refuse(argument, &format!("one of {words}"))
            },
        )
    }

    /// The text given for an argument.
    pub(in crate::functions) fn text(&self, argument: usize) -> Result<&str> {
        self.written(argument).ok_or_else(|| self.refuse(argument, "text"))
    }

    /// The span of time given for an argument.
    pub(in crate::functions) fn span(&self, argument: usize) -> Result<Span> {
        Span::of(self.entry.name, self.entry.arguments[argument].name, &self.constants[argument])
    }

    pub(super) fn at(&self) -> usize {
        self.place_of(Kind::Time).expect("every sequence function has times")
    }

    /// The argument that is kept of each row, if there is one.
    pub(super) fn value(&self) -> Option<usize> {
        self.place_of(Kind::Any)
    }

    pub(super) fn value_type(&self) -> Option<&DataType> {
        self.value().map(|value| &self.types[value])
    }

    pub(super) fn first_condition(&self) -> usize {
        self.entry.arguments.len() - 1
    }

    fn place_of(&self, kind: Kind) -> Option<usize> {
        self.entry.arguments.iter().position(|argument| argument.kind == kind)
    }

    fn written(&self, argument: usize) -> Option<&str> {
        self.constants[argument].try_as_str().flatten()
    }

    fn refuse(&self, argument: usize, expected: &str) -> Error {
        let got = self.written(argument).map_or("NULL".to_owned(), |given| format!("'{given}'"));
        Error::argument(self.entry.name, self.entry.arguments[argument].name, expected, got)
    }
}
