//! Types of parameters that the text of a statement tells before it is planned: those of functions' arguments and of conditions.
//!
//! The engine gives a parameter a type beside a column or another operand; of `substr(name, $1)` and `WHERE NOT $1` it would only
//! say that they do not take text.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Query, Select, SelectItem,
    SetExpr, Statement, UnaryOperator, Value, Visit, Visitor,
};

use super::function_names::bare;
use super::identifier::fold;
use super::postgres::ArgumentTypes;
use crate::model::column_type;

/// The messages of the wire count parameters in 16 bits.
pub const MOST_PARAMETERS: usize = u16::MAX as usize;

/// The types of parameters with those that are told, in the first place that tells one, for those that have none yet. `takes` says
/// what a function takes.
pub(super) fn with_told(
    statement: &Statement,
    known: &[Option<FieldRef>],
    takes: impl Fn(&str, usize) -> Option<ArgumentTypes>,
) -> Vec<Option<FieldRef>> {
    let mut told = Told { types: known.to_vec(), takes };
    let _ = statement.visit(&mut told);
    told.types
}

/// The types of parameters with those of the columns that a query's outputs go to, for outputs that are parameters without a type.
pub(super) fn with_columns(query: &Query, known: &[Option<FieldRef>], columns: &[FieldRef]) -> Vec<Option<FieldRef>> {
    let mut types = known.to_vec();
    if let SetExpr::Select(select) = query.body.as_ref() {
        for (item, column) in select.projection.iter().zip(columns) {
            if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item
                && let Some(at) = parameter_place(expr)
            {
                give(&mut types, at, Arc::clone(column));
            }
        }
    }
    types
}

fn give(types: &mut Vec<Option<FieldRef>>, at: usize, kind: FieldRef) {
    // What is beyond is refused once the statement is planned.
    if at >= MOST_PARAMETERS {
        return;
    }
    if types.len() <= at {
        types.resize(at + 1, None);
    }
    types[at].get_or_insert(kind);
}

/// Where a parameter stands among the values: `$1` is the first.
pub fn parameter_index(name: &str) -> Option<usize> {
    name.strip_prefix('$')?.parse::<usize>().ok()?.checked_sub(1)
}

/// The place of the parameter that an expression is.
pub fn parameter_place(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Nested(inner) => parameter_place(inner),
        Expr::Value(value) => match &value.value {
            Value::Placeholder(name) => parameter_index(name),
            _ => None,
        },
        _ => None,
    }
}

struct Told<F> {
    types: Vec<Option<FieldRef>>,
    takes: F,
}

impl<F: Fn(&str, usize) -> Option<ArgumentTypes>> Visitor for Told<F> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        select.selection.iter().chain(&select.having).for_each(|condition| self.condition(condition));
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(call) => self.call(call),
            // Of two texts `substring` takes a pattern, which `substr` does not.
            Expr::Substring { substring_from: Some(from), substring_for, shorthand, .. }
                if *shorthand || substring_for.is_some() =>
            {
                [Some(from), substring_for.as_ref()]
                    .into_iter()
                    .flatten()
                    .for_each(|part| self.tell(part, DataType::Int32));
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.condition(expr),
            Expr::BinaryOp { left, op: BinaryOperator::And | BinaryOperator::Or, right } => {
                [left, right].into_iter().for_each(|side| self.condition(side));
            }
            Expr::IsTrue(truth) | Expr::IsNotTrue(truth) | Expr::IsFalse(truth) | Expr::IsNotFalse(truth) => {
                self.condition(truth);
            }
            Expr::Case { operand: None, conditions, .. } => {
                conditions.iter().for_each(|when| self.condition(&when.condition));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl<F: Fn(&str, usize) -> Option<ArgumentTypes>> Told<F> {
    fn give(&mut self, at: usize, kind: FieldRef) {
        give(&mut self.types, at, kind);
    }

    fn tell(&mut self, expr: &Expr, kind: DataType) {
        if let Some(at) = parameter_place(expr) {
            self.give(at, Arc::new(Field::new("", kind, true)));
        }
    }

    fn condition(&mut self, expr: &Expr) {
        self.tell(expr, DataType::Boolean);
    }

    fn call(&mut self, call: &Function) {
        let FunctionArguments::List(arguments) = &call.args else { return };
        if let Some(condition) = &call.filter {
            self.condition(condition);
        }
        let places: Vec<Option<usize>> =
            arguments.args.iter().map(|argument| parameter_place(unnamed(argument)?)).collect();
        if places.iter().all(Option::is_none) {
            return;
        }
        let name = call.name.0.last().and_then(|part| part.as_ident()).map(fold).unwrap_or_default();
        if is_series(&name) {
            return self.series(&arguments.args);
        }
        let Some(types) = (self.takes)(bare(&name), places.len()) else { return };
        for (at, kind) in places.into_iter().zip(types) {
            if let (Some(at), Some(kind)) = (at, kind) {
                self.give(at, kind);
            }
        }
    }

    /// The bounds of a series have one type: that of the first that says it.
    fn series(&mut self, arguments: &[FunctionArg]) {
        let Some(kind) = arguments.iter().filter_map(unnamed).find_map(said) else { return };
        for at in arguments.iter().filter_map(|argument| parameter_place(unnamed(argument)?)) {
            self.give(at, Arc::clone(&kind));
        }
    }
}

fn is_series(name: &str) -> bool {
    bare(name) == "generate_series"
}

fn unnamed(argument: &FunctionArg) -> Option<&Expr> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
}

/// The type of a whole number or a cast to one.
fn said(expr: &Expr) -> Option<FieldRef> {
    let kind = match expr {
        Expr::Cast { data_type, .. } => column_type(data_type).ok().filter(|kind| kind.data_type().is_integer()),
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) if digits.parse::<i32>().is_ok() => Some(Field::new("", DataType::Int32, true)),
            Value::Number(digits, _) if digits.parse::<i64>().is_ok() => Some(Field::new("", DataType::Int64, true)),
            _ => None,
        },
        _ => None,
    };
    kind.map(Arc::new)
}
