//! Where in a statement the thing stands that an error names: the planner often knows its name alone.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    self, AssignmentTarget, Expr, Ident, ObjectName, Spanned, Statement, Value, visit_expressions, visit_relations,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::catalog::fold;
use crate::error::{Error, SqlState};

/// The place of the operator that a message names with its operands, where the statement, which has this text, has only one such.
pub(super) fn place_of_operator(statement: &Statement, error: &Error, text: &str) -> Option<usize> {
    let (_, operands) = error.message().strip_prefix("operator ")?.split_once(": ")?;
    let symbol = operands.split(' ').rev().nth(1)?;
    let mut right_sides = Vec::new();
    let _: ControlFlow<()> = visit_expressions(statement, |expr| {
        if let Expr::BinaryOp { op, right, .. } = expr
            && op.to_string() == symbol
        {
            right_sides.push(right.span().start);
        }
        ControlFlow::Continue(())
    });
    let [Location { line: line @ 1.., column }] = right_sides.as_slice() else { return None };
    let before: usize = text.split_inclusive('\n').take(*line as usize - 1).map(str::len).sum();
    let columns = text[before..].char_indices().nth(*column as usize - 1)?.0;
    let at = text[..before + columns].rfind(symbol)?;
    Some(text[..at].chars().count() + 1)
}

/// The place of what a message names, the first if it stands there more than once.
pub(super) fn place(statement: &Statement, error: &Error) -> Option<Location> {
    let message = error.message();
    let found = match error.state() {
        SqlState::UndefinedObject => type_name(statement, message.strip_prefix("type ").and_then(quoted)?),
        SqlState::UndefinedTable | SqlState::InvalidSchemaName => relation(statement, last_part(quoted(message)?)),
        SqlState::UndefinedColumn => column(statement, quoted(message)?),
        SqlState::UndefinedFunction => function(statement, message.strip_prefix("function ")?.split('(').next()?),
        SqlState::UndefinedParameter => parameter(statement, message.rsplit(' ').next()?),
        SqlState::InvalidTextRepresentation
        | SqlState::InvalidDatetimeFormat
        | SqlState::DatetimeFieldOverflow
        | SqlState::NumericValueOutOfRange
        | SqlState::InvalidParameterValue => literal(statement, quoted(message).or_else(|| quoted(error.detail()?))?),
        _ => None,
    };
    found.filter(|place| place.line > 0)
}

/// What stands between the first and the last quote.
fn quoted(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once('"')?;
    Some(rest.rsplit_once('"')?.0)
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// A relation's place is that of its whole name.
fn relation(statement: &Statement, name: &str) -> Option<Location> {
    if !matches!(statement, Statement::Query(_) | Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_)) {
        return None;
    }
    broken(visit_relations(statement, |relation: &ObjectName| match named(relation.0.last(), name) {
        true => ControlFlow::Break(relation.span().start),
        false => ControlFlow::Continue(()),
    }))
}

fn named(part: Option<&ast::ObjectNamePart>, name: &str) -> bool {
    part.and_then(|part| part.as_ident()).is_some_and(|ident| fold(ident) == name)
}

fn column(statement: &Statement, name: &str) -> Option<Location> {
    let ident = |ident: &Ident| (fold(ident) == name).then_some(ident.span.start);
    let target = match statement {
        Statement::Insert(insert) => insert.columns.iter().find_map(|column| match column.0.as_slice() {
            [part] => part.as_ident().and_then(ident),
            _ => None,
        }),
        Statement::Update(update) => update.assignments.iter().find_map(|assignment| match &assignment.target {
            AssignmentTarget::ColumnName(column) => column.0.last().and_then(|part| part.as_ident()).and_then(ident),
            AssignmentTarget::Tuple(_) => None,
        }),
        _ => None,
    };
    target.or_else(|| {
        first(statement, |expr| match expr {
            Expr::Identifier(found) => ident(found),
            Expr::CompoundIdentifier(parts) => {
                parts.last().filter(|last| fold(last) == name).and(parts.first()).map(|first| first.span.start)
            }
            _ => None,
        })
    })
}

/// The type of a cast.
fn type_name(statement: &Statement, name: &str) -> Option<Location> {
    first(statement, |expr| match expr {
        Expr::Cast { data_type: ast::DataType::Custom(custom, _), .. } if named(custom.0.last(), name) => {
            Some(custom.span().start)
        }
        _ => None,
    })
}

fn function(statement: &Statement, name: &str) -> Option<Location> {
    first(statement, |expr| match expr {
        Expr::Function(call) if named(call.name.0.last(), name) => Some(call.name.span().start),
        _ => None,
    })
}

fn parameter(statement: &Statement, name: &str) -> Option<Location> {
    first(statement, |expr| match expr {
        Expr::Value(value) if value.value == Value::Placeholder(name.to_owned()) => Some(value.span.start),
        _ => None,
    })
}

fn literal(statement: &Statement, text: &str) -> Option<Location> {
    let is_text = |value: &Value| matches!(value, Value::SingleQuotedString(quoted) if quoted == text);
    first(statement, |expr| match expr {
        Expr::Value(value) if is_text(&value.value) => Some(value.span.start),
        Expr::TypedString(typed) if is_text(&typed.value.value) => Some(typed.value.span.start),
        _ => None,
    })
}

fn first(statement: &Statement, of: impl Fn(&Expr) -> Option<Location>) -> Option<Location> {
    broken(visit_expressions(statement, |expr| match of(expr) {
        Some(place) => ControlFlow::Break(place),
        None => ControlFlow::Continue(()),
    }))
}

fn broken<T>(flow: ControlFlow<T>) -> Option<T> {
    match flow {
        ControlFlow::Break(found) => Some(found),
        ControlFlow::Continue(()) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Statement;
    use crate::error::{Error, SqlState};

    #[test]
    fn operators_are_found_by_their_right_side() {
        for (sql, message, expected) in [
            ("SELECT 1;\nSELECT 'ä', a\n + ('x')", "operator is not unique: date + unknown", Some(26)),
            ("SELECT a || b", "operator does not exist: integer || integer", Some(10)),
            ("SELECT a + b + c", "operator does not exist: date + date", None),
            ("SELECT a - b", "operator does not exist: date + date", None),
        ] {
            let statement = Statement::parse_all(sql).unwrap().pop().unwrap();
            let placed = statement.place(Error::new(SqlState::AmbiguousFunction, message));
            assert_eq!(placed.position(), expected, "{sql}");
        }
    }

    #[test]
    fn what_an_error_names_is_found() {
        for (sql, state, message, expected) in [
            (
                "SELECT 1; SELECT * FROM s.nowhere",
                SqlState::UndefinedTable,
                "relation \"s.nowhere\" does not exist",
                25,
            ),
            ("DROP TABLE nowhere", SqlState::UndefinedTable, "table \"nowhere\" does not exist", 0),
            ("UPDATE t\nSET x = 1", SqlState::UndefinedColumn, "column \"x\" does not exist", 14),
            ("INSERT INTO t (a, x) SELECT 1, 2", SqlState::UndefinedColumn, "column \"x\" does not exist", 19),
            (
                "SELECT 1, upper(1, 2)",
                SqlState::UndefinedFunction,
                "function upper(integer, integer) does not exist",
                11,
            ),
            ("SELECT 1::s.kind", SqlState::UndefinedObject, "type \"kind\" does not exist", 11),
            ("SELECT $1", SqlState::UndefinedParameter, "there is no parameter $1", 8),
            ("SELECT 'ä', 'x'::int", SqlState::InvalidTextRepresentation, "invalid input: \"x\"", 13),
            ("SELECT DATE 'x'", SqlState::InvalidDatetimeFormat, "invalid input: \"x\"", 13),
        ] {
            let statement = Statement::parse_all(sql).unwrap().pop().unwrap();
            let placed = statement.place(Error::new(state, message));
            assert_eq!(placed.position(), Some(expected).filter(|at| *at > 0), "{sql}");
        }
    }
}
