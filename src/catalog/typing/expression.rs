//! One expression's type.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, DFSchemaRef, ExprSchema, Result};
use datafusion::functions::core::nullif;
use datafusion::functions::datetime::date_part::DatePartFunc;
use datafusion::logical_expr::expr::{Case, InList, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, cast, lit};
use datafusion::scalar::ScalarValue;

use super::casts::cast_as_postgres;
use super::date_part::extract;
use super::declared::fitted;
use super::doubles::{is_double, round_to_even};
use super::frames::framed;
use super::literals::{compared, quoted, read_literal, together};
use super::octet_length::octet_length;
use super::regular::pattern;
use super::similar::as_regular_expression;
use super::text_of::as_text;
use crate::model::{array_of, mark, marked, with_mark_of};

/// Functions of integers, to Postgres, that count in 64 bits without a sign here.
const INTEGER_FUNCTIONS: [&str; 4] = ["array_length", "array_ndims", "array_position", "cardinality"];

/// Functions that Postgres computes of a real as of its double.
const DOUBLE_FUNCTIONS: [&str; 24] = [
    "acos", "asin", "atan", "cbrt", "ceil", "cos", "cosh", "cot", "degrees", "exp", "floor", "ln", "log", "log10",
    "radians", "round", "signum", "sin", "sinh", "sqrt", "tan", "tanh", "trunc", "atanh",
];

/// Functions whose arguments have one type.
const ALIKE: [&str; 4] = ["coalesce", "greatest", "least", "nullif"];

/// Where an expression stands.
pub(super) struct Scope<'a> {
    /// The columns it reads.
    pub inputs: &'a DFSchemaRef,
    /// The plans that have them.
    pub below: &'a [&'a LogicalPlan],
    /// Those of the queries around its own, the innermost last.
    pub outer: &'a [DFSchemaRef],
    /// Whether literals of integers are `integer`.
    pub narrow: bool,
    /// Whether it says how many rows there are, which is a bigint.
    pub counts_rows: bool,
    /// The zone that moments are local in.
    pub zone: &'a str,
}

/// An expression, whose parts have their types, with its own.
pub(super) fn retype(expression: Expr, scope: &Scope<'_>) -> Result<Transformed<Expr>> {
    Ok(match expression {
        Expr::Literal(ScalarValue::Int64(Some(number)), metadata) if scope.narrow && !scope.counts_rows => {
            match integer(number) {
                Some(number) => Transformed::yes(Expr::Literal(ScalarValue::Int32(Some(number)), metadata)),
                None => Transformed::no(Expr::Literal(ScalarValue::Int64(Some(number)), metadata)),
            }
        }
        Expr::OuterReferenceColumn(field, column) => {
            let found = scope.outer.iter().rev().find_map(|schema| schema.field_from_column(&column).ok());
            let kind = found.map_or(field.data_type(), |found| found.data_type()).clone();
            Transformed::yes(Expr::OuterReferenceColumn(Arc::new(field.as_ref().clone().with_data_type(kind)), column))
        }
        Expr::Cast(mut to) => {
            give(&mut to.expr, &to.field);
            Transformed::yes(cast_as_postgres(to, scope)?)
        }
        Expr::SimilarTo(similar) => Transformed::yes(as_regular_expression(similar)?),
        Expr::BinaryExpr(difference) if is_days(&difference, scope.inputs) => {
            let days = |date: Box<Expr>| Box::new(cast(*date, DataType::Int32));
            let BinaryExpr { left, op, right } = difference;
            Transformed::yes(Expr::BinaryExpr(BinaryExpr { left: days(left), op, right: days(right) }))
        }
        Expr::BinaryExpr(arithmetic) if is_of_real_and_number(&arithmetic, scope.inputs) => {
            let double = |side: Box<Expr>| Box::new(cast(*side, DataType::Float64));
            let BinaryExpr { left, op, right } = arithmetic;
            Transformed::yes(Expr::BinaryExpr(BinaryExpr { left: double(left), op, right: double(right) }))
        }
        Expr::BinaryExpr(joined) if joined.op == Operator::StringConcat => {
            Transformed::yes(Expr::BinaryExpr(texts_joined(joined, scope)))
        }
        Expr::BinaryExpr(matching) if is_match(matching.op) => {
            let BinaryExpr { left, op, right } = matching;
            Transformed::yes(Expr::BinaryExpr(BinaryExpr { left, op, right: Box::new(pattern(*right)) }))
        }
        Expr::InList(list) if list.list.iter().any(asks) => Transformed::yes(one_by_one(list, scope)?),
        comparison @ (Expr::BinaryExpr(_) | Expr::Between(_) | Expr::InList(_)) => {
            Transformed::yes(compared(comparison, scope)?)
        }
        Expr::Placeholder(_) if scope.counts_rows => {
            let mut parameter = expression;
            give(&mut parameter, &Field::new("", DataType::Int64, true));
            Transformed::yes(parameter)
        }
        Expr::Case(mut case) => {
            if let Some(operand) = case.expr.as_deref_mut() {
                let values = case.when_then_expr.iter_mut().map(|(when, _)| when.as_mut());
                alike(std::iter::once(operand).chain(values).collect(), scope)?;
            }
            let mut results: Vec<&mut Expr> = case.when_then_expr.iter_mut().map(|(_, then)| then.as_mut()).collect();
            results.extend(case.else_expr.as_deref_mut());
            let mark = alike(results, scope)?;
            Transformed::yes(marked_as(Expr::Case(case), mark))
        }
        Expr::ScalarFunction(call) => Transformed::yes(function(call, scope)?),
        Expr::WindowFunction(mut call) if matches!(call.fun.name(), "lag" | "lead") => {
            if let [value, _, default] = call.params.args.as_mut_slice() {
                alike(vec![value, default], scope)?;
            }
            Transformed::yes(Expr::WindowFunction(call))
        }
        Expr::WindowFunction(call) => Transformed::yes(Expr::WindowFunction(Box::new(framed(*call, scope.inputs)?))),
        other => Transformed::no(other),
    })
}

/// The value of a literal that is an `integer`: as in Postgres, where the sign is an operator, -2147483648 is a bigint.
pub(super) fn integer(number: i64) -> Option<i32> {
    i32::try_from(number).ok().filter(|number| *number > i32::MIN)
}

fn function(mut call: ScalarFunction, scope: &Scope<'_>) -> Result<Expr> {
    let inputs = scope.inputs;
    let name = call.name().to_owned();
    let is_bytes = |value: &Expr| {
        value
            .get_type(inputs)
            .is_ok_and(|kind| matches!(kind, DataType::Binary | DataType::LargeBinary | DataType::BinaryView))
    };
    // What EXTRACT is planned as; calls of the name are of a function of ours.
    if call.func.inner().downcast_ref::<DatePartFunc>().is_some() {
        return Ok(extract(call.args));
    }
    match (name.as_str(), call.args.as_mut_slice()) {
        ("round", [number]) if is_floating(number, inputs) && is_double(number, scope.below) => {
            return Ok(round_to_even(std::mem::take(number)));
        }
        // The engine measures texts alone.
        ("length" | "character_length", [bytes]) if is_bytes(bytes) => {
            return Ok(octet_length().call(vec![bytes.clone()]));
        }
        ("concat" | "concat_ws", values) => {
            values.iter_mut().for_each(|value| *value = as_part(std::mem::take(value), scope));
        }
        // There is nothing before the first element; the engine counts from the end.
        ("array_element", [_, subscript]) if !is_positive(subscript) => {
            let at = cast(std::mem::take(subscript), DataType::Int64);
            *subscript = Expr::Case(Case::new(None, vec![(Box::new(at.clone().gt(lit(0i64))), Box::new(at))], None));
        }
        ("make_array", elements) => {
            alike(elements.iter_mut().collect(), scope)?;
        }
        // x = ANY($1)
        ("array_has", [array, element]) => {
            if let Ok((_, field)) = element.to_field(inputs)
                && !field.data_type().is_null()
            {
                give(array, &array_of(&field));
                read_literal(array, &array_of(&field), scope.zone)?;
            }
        }
        // Postgres has these of double precision alone.
        (name, [number])
            if DOUBLE_FUNCTIONS.contains(&name)
                && number.get_type(inputs).is_ok_and(|kind| kind == DataType::Float32) =>
        {
            *number = cast(std::mem::take(number), DataType::Float64);
        }
        (name, arguments) if ALIKE.contains(&name) => {
            let mark = alike(arguments.iter_mut().collect(), scope)?;
            return Ok(marked_as(Expr::ScalarFunction(call), mark));
        }
        _ => {}
    }
    let call = Expr::ScalarFunction(call);
    Ok(match call.get_type(inputs) {
        // An empty array has no dimension.
        Ok(DataType::UInt64) if name == "array_length" => nullif().call(vec![cast(call, DataType::Int32), lit(0i32)]),
        Ok(DataType::UInt64) if INTEGER_FUNCTIONS.contains(&name.as_str()) => cast(call, DataType::Int32),
        Ok(DataType::UInt64) => cast(call, DataType::Int64),
        _ => call,
    })
}

/// A value as `concat` joins it: what Postgres prints, where truth is `t` or `f`.
fn as_part(value: Expr, scope: &Scope<'_>) -> Expr {
    if value.get_type(scope.inputs).is_ok_and(|kind| kind == DataType::Boolean) {
        let letter = |condition: Expr, letter: &str| (Box::new(condition), Box::new(lit(letter)));
        let letters = vec![letter(value.clone(), "t"), letter(Expr::Not(Box::new(value)), "f")];
        return Expr::Case(Case::new(None, letters, None));
    }
    as_text(value, scope.inputs, scope.zone)
}

/// Whether a subscript is known to be 1 or more.
fn is_positive(subscript: &Expr) -> bool {
    match subscript {
        Expr::Literal(ScalarValue::Int64(Some(at)), _) => *at > 0,
        Expr::Literal(ScalarValue::Int32(Some(at)), _) => *at > 0,
        _ => false,
    }
}

fn is_floating(number: &Expr, inputs: &DFSchema) -> bool {
    number.get_type(inputs).is_ok_and(|kind| kind.is_floating())
}

/// `text || value`: the value as text, unless it is an array, which the text is to become an element of.
fn texts_joined(joined: BinaryExpr, scope: &Scope<'_>) -> BinaryExpr {
    let kind = |side: &Expr| side.get_type(scope.inputs).unwrap_or(DataType::Null);
    let (left, right) = (kind(&joined.left), kind(&joined.right));
    let text = |side: Box<Expr>, own: &DataType, other: &DataType| match other.is_string() && !own.is_nested() {
        true => Box::new(as_text(*side, scope.inputs, scope.zone)),
        false => side,
    };
    BinaryExpr { left: text(joined.left, &left, &right), op: joined.op, right: text(joined.right, &right, &left) }
}

/// Whether an expression is the days between two dates.
fn is_days(difference: &BinaryExpr, inputs: &DFSchema) -> bool {
    let is_date = |operand: &Expr| operand.get_type(inputs).is_ok_and(|kind| kind == DataType::Date32);
    difference.op == Operator::Minus && is_date(&difference.left) && is_date(&difference.right)
}

/// Whether an expression has a subquery.
fn asks(expression: &Expr) -> bool {
    let is_subquery = |part: &Expr| {
        use Expr::{Exists, InSubquery, ScalarSubquery, SetComparison};
        matches!(part, ScalarSubquery(_) | Exists(_) | InSubquery(_) | SetComparison(_))
    };
    expression.exists(|part| Ok(is_subquery(part))).unwrap_or(true)
}

/// A list with subqueries as comparisons with each: the engine takes a list for known before any subquery has run.
fn one_by_one(list: InList, scope: &Scope<'_>) -> Result<Expr> {
    let InList { expr, list, negated } = list;
    let equal = list.into_iter().map(|value| compared(expr.as_ref().clone().eq(value), scope));
    let mut equal = equal.collect::<Result<Vec<_>>>()?;
    // As a tree that is as shallow as it can be: whatever walks it recurses.
    while equal.len() > 1 {
        let mut rest = equal.into_iter();
        let mut joined = Vec::new();
        while let Some(left) = rest.next() {
            joined.push(match rest.next() {
                Some(right) => left.or(right),
                None => left,
            });
        }
        equal = joined;
    }
    let any = equal.pop().unwrap_or_else(|| lit(false));
    Ok(if negated { Expr::Not(Box::new(any)) } else { any })
}

fn is_match(op: Operator) -> bool {
    use Operator::{RegexIMatch, RegexMatch, RegexNotIMatch, RegexNotMatch};
    matches!(op, RegexMatch | RegexIMatch | RegexNotMatch | RegexNotIMatch)
}

/// Whether an operator computes of a real and a number of another kind: in double precision, as in Postgres.
fn is_of_real_and_number(arithmetic: &BinaryExpr, inputs: &DFSchema) -> bool {
    let is = |operand: &Expr, of: fn(&DataType) -> bool| operand.get_type(inputs).is_ok_and(|kind| of(&kind));
    let is_real = |operand: &Expr| is(operand, |kind| *kind == DataType::Float32);
    let is_other = |operand: &Expr| is(operand, |kind| kind.is_integer() || kind.is_decimal());
    let BinaryExpr { left, op, right } = arithmetic;
    matches!(op, Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide)
        && (is_real(left) && is_other(right) || is_other(left) && is_real(right))
}

/// Gives parameters among expressions of one type the type of the first that has one, and literals, where that is marked; gives back
/// what all are marked with.
fn alike(mut expressions: Vec<&mut Expr>, scope: &Scope<'_>) -> Result<Option<Field>> {
    let fields = expressions.iter().filter_map(|expression| match expression {
        Expr::Placeholder(_) => None,
        known => known.to_field(scope.inputs).ok().map(|(_, field)| (quoted(known).is_some(), field)),
    });
    let fields: Vec<(bool, FieldRef)> = fields.filter(|(_, field)| !field.data_type().is_null()).collect();
    let said = || fields.iter().filter(|(is_literal, _)| !is_literal).map(|(_, field)| field);
    let Some(known) = said().next().or(fields.first().map(|(_, field)| field)) else { return Ok(None) };
    expressions.iter_mut().for_each(|expression| give(expression, known));
    let Some((postgres, modifier)) = mark(known) else { return Ok(None) };
    let marks = || said().map(|field| mark(field));
    if !marks().all(|mark| mark.is_some_and(|(other, _)| other == postgres)) {
        return Ok(None);
    }
    // A literal is of no length yet.
    let alike = said().count() == fields.len() && marks().flatten().all(|(_, other)| other == modifier);
    together(expressions, scope.inputs, scope.zone)?;
    Ok(Some(marked(&postgres, if alike { modifier } else { -1 })))
}

/// An expression whose values are of the type that a field is marked with.
fn marked_as(expression: Expr, field: Option<Field>) -> Expr {
    match field {
        Some(field) => fitted(expression, &field, None),
        None => expression,
    }
}

/// Says the type of a parameter that has none yet.
pub(super) fn give(expression: &mut Expr, kind: &Field) {
    if let Expr::Placeholder(parameter) = expression
        && parameter.field.is_none()
    {
        let plain = Field::new("", kind.data_type().clone(), true);
        parameter.field = Some(Arc::new(with_mark_of(plain, kind)));
    }
}
