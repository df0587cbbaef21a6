//! Parameters of series: the engine makes `generate_series(1, $1)` as it plans, so it has to know the values by then.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::{
    self, CastKind, Expr, TableFactor, TimezoneInfo, Value, VisitMut, VisitorMut, visit_expressions_mut,
};

use crate::catalog::parameter_place;
use crate::error::Result;

/// A statement whose series are of NULLs where they have parameters, and the types of these by their places: what the client
/// declared, else bigint.
pub(super) fn without_values<'a>(
    statement: &'a ast::Statement,
    hints: &[Option<FieldRef>],
) -> Result<(Cow<'a, ast::Statement>, BTreeMap<usize, FieldRef>)> {
    let mut types = BTreeMap::new();
    let statement = replaced(statement, |at| {
        let bigint = || Arc::new(Field::new("", DataType::Int64, true));
        let kind = hints.get(at).cloned().flatten().unwrap_or_else(bigint);
        let null = literal(&ScalarValue::try_from(kind.data_type())?)?;
        types.insert(at, kind);
        Ok(null)
    })?;
    Ok((statement, types))
}

/// A statement whose series have the values of their parameters.
pub(super) fn with_values<'a>(
    statement: &'a ast::Statement,
    values: &[ScalarValue],
) -> Result<Cow<'a, ast::Statement>> {
    replaced(statement, |at| literal(values.get(at).unwrap_or(&ScalarValue::Null)))
}

fn replaced(statement: &ast::Statement, value: impl FnMut(usize) -> Result<Expr>) -> Result<Cow<'_, ast::Statement>> {
    let mut with = Cow::Borrowed(statement);
    if has_parameters(statement) {
        let mut replacer = Replacer { value };
        if let ControlFlow::Break(error) = with.to_mut().visit(&mut replacer) {
            return Err(error);
        }
    }
    Ok(with)
}

/// Whether a series has a parameter; most statements have no series, and need not be copied.
fn has_parameters(statement: &ast::Statement) -> bool {
    struct Finder;
    impl ast::Visitor for Finder {
        type Break = ();
        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
            match arguments(factor) {
                Some(arguments) => ast::visit_expressions(arguments, |expr| match parameter_place(expr) {
                    Some(_) => ControlFlow::Break(()),
                    None => ControlFlow::Continue(()),
                }),
                None => ControlFlow::Continue(()),
            }
        }
    }
    ast::Visit::visit(statement, &mut Finder).is_break()
}

struct Replacer<F> {
    value: F,
}

impl<F: FnMut(usize) -> Result<Expr>> VisitorMut for Replacer<F> {
    type Break = crate::error::Error;

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Self::Break> {
        if arguments(factor).is_none() {
            return ControlFlow::Continue(());
        }
        visit_expressions_mut(factor, |expr| {
            let Some(at) = parameter_place(expr) else { return ControlFlow::Continue(()) };
            match (self.value)(at) {
                Ok(value) => {
                    *expr = value;
                    ControlFlow::Continue(())
                }
                Err(error) => ControlFlow::Break(error),
            }
        })
    }
}

/// The arguments of a series in FROM.
fn arguments(factor: &TableFactor) -> Option<&Vec<ast::FunctionArg>> {
    match factor {
        TableFactor::Table { name, args: Some(arguments), .. }
            if name.0.len() == 1
                && name.0[0].as_ident().is_some_and(|name| {
                    ["generate_series", "range"].iter().any(|series| name.value.eq_ignore_ascii_case(series))
                }) =>
        {
            Some(&arguments.args)
        }
        _ => None,
    }
}

/// A value as SQL.
fn literal(value: &ScalarValue) -> Result<Expr> {
    let quoted = |text: ScalarValue| match text {
        ScalarValue::Utf8(Some(text)) => Value::SingleQuotedString(text),
        _ => Value::Null,
    };
    if value.is_null() {
        return Ok(Expr::value(Value::Null));
    }
    let kind = value.data_type();
    let data_type = match &kind {
        kind if kind.is_integer() => ast::DataType::BigInt(None),
        DataType::Timestamp(_, Some(_)) => ast::DataType::Timestamp(None, TimezoneInfo::Tz),
        DataType::Timestamp(_, None) => ast::DataType::Timestamp(None, TimezoneInfo::None),
        DataType::Date32 => ast::DataType::Date,
        DataType::Interval(_) => ast::DataType::Interval { fields: None, precision: None },
        _ => return Ok(Expr::value(quoted(value.cast_to(&DataType::Utf8)?))),
    };
    let value = match value {
        value if kind.is_integer() => Value::Number(value.to_string(), false),
        value => quoted(value.cast_to(&DataType::Utf8)?),
    };
    let (kind, expr) = (CastKind::DoubleColon, Box::new(Expr::value(value)));
    Ok(Expr::Cast { kind, expr, data_type, array: false, format: None })
}
