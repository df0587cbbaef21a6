//! One call of a table function: the relation it reads and its arguments, by name.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, IntervalUnit};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::TreeNode;
use datafusion::logical_expr::expr::Placeholder;
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, cast, lit};
use datafusion::sql::sqlparser::ast;

use super::entry::Entry;
use super::input::relation;
use crate::error::{Error, Result, SqlState};
use crate::functions::sql_name;

/// The arguments of one call, checked against the function's entry.
pub(super) struct Call<'c> {
    entry: &'static Entry,
    context: &'c mut dyn RelationPlannerContext,
    given: Vec<(&'static str, ast::Expr)>,
}

impl<'c> Call<'c> {
    /// Reads `f(relation, name => value, ...)`. Arguments without a name are taken in the order of the entry. 42883 for a
    /// name the function doesn't have, or has twice, or a required one that is missing.
    pub fn read(
        entry: &'static Entry,
        arguments: Vec<ast::FunctionArg>,
        context: &'c mut dyn RelationPlannerContext,
    ) -> Result<Self> {
        let mut call = Self { entry, context, given: vec![] };
        for (position, argument) in arguments.into_iter().enumerate() {
            let (name, value) = call.named(position, argument)?;
            if call.gives(name) {
                return Err(call.malformed(format!("argument \"{name}\" is given twice")));
            }
            call.given.push((name, value));
        }
        for required in entry.arguments.iter().filter(|argument| argument.required) {
            if !call.gives(required.name) {
                return Err(call.malformed(format!("argument \"{}\" is missing", required.name)));
            }
        }
        Ok(call)
    }

    /// The plan of a relation that the call reads.
    pub fn input(&mut self, argument: &'static str) -> Result<LogicalPlan> {
        let value =
            self.value(argument).ok_or_else(|| self.malformed(format!("argument \"{argument}\" is missing")))?;
        let relation = relation(value).map_err(|got| self.wrong(argument, "a relation", got))?;
        let plan = self.context.plan(relation)?;
        if !plan.all_out_ref_exprs().is_empty() {
            let message = format!("{}: {argument} cannot use columns of an outer query", self.entry.name);
            return Err(Error::new(SqlState::FeatureNotSupported, message)
                .with_hint("call the function over all rows, and join its answer"));
        }
        Ok(plan)
    }

    /// The plan of a relation that need not exist.
    pub fn known_relation(&mut self, schema: &str, name: &str) -> Option<LogicalPlan> {
        let names = [schema, name].map(ast::Ident::new).to_vec();
        let relation = relation(ast::Expr::CompoundIdentifier(names)).ok()?;
        self.context.plan(relation).ok()
    }

    /// An expression over the input's columns; the column of this name where the call doesn't give one.
    pub fn column(&mut self, argument: &'static str, default: &str, schema: &DFSchema) -> Result<Expr> {
        let value = self.value(argument).unwrap_or_else(|| ast::Expr::Identifier(ast::Ident::new(default)));
        self.plan(argument, value, schema)
    }

    /// An expression over the input's columns, if the call gives it.
    pub fn expression(&mut self, argument: &'static str, schema: &DFSchema) -> Result<Option<Expr>> {
        self.value(argument).map(|value| self.plan(argument, value, schema)).transpose()
    }

    /// Expressions over the input's columns: the elements of `ARRAY[a, b]`, `(a, b)`, or a single one.
    pub fn expressions(&mut self, argument: &'static str, schema: &DFSchema) -> Result<Vec<Expr>> {
        let Some(value) = self.value(argument) else {
            return Ok(vec![]);
        };
        elements(value).into_iter().map(|element| self.plan(argument, element, schema)).collect()
    }

    /// Boolean expressions; NULL counts as false.
    pub fn conditions(&mut self, argument: &'static str, schema: &DFSchema) -> Result<Vec<Expr>> {
        let Some(value) = self.value(argument) else {
            return Ok(vec![]);
        };
        elements(value).into_iter().map(|element| self.condition(argument, element, schema)).collect()
    }

    fn condition(&mut self, argument: &'static str, value: ast::Expr, schema: &DFSchema) -> Result<Expr> {
        let condition = self.plan(argument, value.clone(), schema)?;
        match condition.get_type(schema)? {
            DataType::Boolean => Ok(condition),
            DataType::Null => Ok(cast(condition, DataType::Boolean)),
            given => Err(self.wrong(argument, "conditions", format!("{value}, which is {}", sql_name(&given)))),
        }
    }

    /// A span of time: an interval, or text that reads as one. It may be a parameter, and may not read columns.
    pub fn interval(&mut self, argument: &'static str, default: &str) -> Result<Expr> {
        let value = self
            .value(argument)
            .unwrap_or_else(|| ast::Expr::Value(ast::Value::SingleQuotedString(default.to_owned()).into()));
        let planned = self.plan(argument, value.clone(), &DFSchema::empty())?;
        self.typed(argument, planned, &value, DataType::Interval(IntervalUnit::MonthDayNano), "an interval")
    }

    /// A number, which may be a parameter and may not read columns.
    pub fn number(&mut self, argument: &'static str, default: f64) -> Result<Expr> {
        let Some(value) = self.value(argument) else {
            return Ok(lit(default));
        };
        let planned = self.plan(argument, value.clone(), &DFSchema::empty())?;
        match planned.get_type(&DFSchema::empty()) {
            Ok(given) if given.is_numeric() => Ok(cast(planned, DataType::Float64)),
            _ => self.typed(argument, planned, &value, DataType::Float64, "a number"),
        }
    }

    /// A constant of a type: a value, text that reads as one, or a parameter.
    fn typed(&self, argument: &str, value: Expr, written: &ast::Expr, wanted: DataType, phrase: &str) -> Result<Expr> {
        if let Expr::Placeholder(parameter) = value {
            let field = Some(Arc::new(Field::new(&parameter.id, wanted.clone(), true)));
            return Ok(cast(Expr::Placeholder(Placeholder::new_with_field(parameter.id, field)), wanted));
        }
        match value.get_type(&DFSchema::empty())? {
            given if given == wanted => Ok(value),
            DataType::Utf8
            | DataType::Utf8View
            | DataType::LargeUtf8
            | DataType::Null
            | DataType::Interval(_)
            | DataType::Duration(_) => {
                // Text that doesn't read as one is refused now, by its own words.
                match value {
                    Expr::Literal(literal, _) => Ok(lit(literal.cast_to(&wanted)?)),
                    computed => Ok(cast(computed, wanted)),
                }
            }
            given => Err(self.wrong(argument, phrase, format!("{written}, which is {}", sql_name(&given)))),
        }
    }

    /// Conditions, each of which may name two steps it lies between: `(condition, 2, 3)`.
    #[expect(clippy::type_complexity, reason = "two lists of the same length")]
    pub fn ranged_conditions(
        &mut self,
        argument: &'static str,
        schema: &DFSchema,
    ) -> Result<(Vec<Expr>, Vec<Option<(usize, usize)>>)> {
        let Some(value) = self.value(argument) else {
            return Ok((vec![], vec![]));
        };
        let listed = match value {
            ast::Expr::Array(array) => array.elem,
            single => vec![single],
        };
        let (mut conditions, mut ranges) = (vec![], vec![]);
        for element in listed {
            let (condition, range) = match element {
                ast::Expr::Tuple(parts) => match <[ast::Expr; 3]>::try_from(parts) {
                    Ok([condition, from, to]) => match (number(&from), number(&to)) {
                        (Some(from), Some(to)) => (condition, Some((from as usize, to as usize))),
                        _ => {
                            let got = format!("({condition}, {from}, {to})");
                            return Err(self.wrong(argument, "(condition, step, step)", got));
                        }
                    },
                    Err(parts) => {
                        let got = ast::Expr::Tuple(parts);
                        return Err(self.wrong(argument, "conditions or (condition, step, step)", got));
                    }
                },
                condition => (condition, None),
            };
            conditions.push(self.condition(argument, condition, schema)?);
            ranges.push(range);
        }
        Ok((conditions, ranges))
    }

    /// Columns or expressions; a column may be given by its name as text.
    pub fn columns(&mut self, argument: &'static str, schema: &DFSchema) -> Result<Vec<Expr>> {
        let Some(value) = self.value(argument) else {
            return Ok(vec![]);
        };
        let column = |element: ast::Expr| match text(&element) {
            Some(name) => ast::Expr::Identifier(ast::Ident::with_quote('"', name)),
            None => element,
        };
        elements(value).into_iter().map(|element| self.plan(argument, column(element), schema)).collect()
    }

    /// An instant of the type that `at` has, if the call gives one that isn't NULL. It may be a parameter, and may not read columns.
    pub fn instant(&mut self, argument: &'static str, at: &Expr, schema: &DFSchema) -> Result<Option<Expr>> {
        let Some(value) = self.value(argument) else {
            return Ok(None);
        };
        let wanted = at.get_type(schema)?;
        let planned = self.plan(argument, value.clone(), &DFSchema::empty())?;
        if matches!(&planned, Expr::Literal(literal, _) if literal.is_null()) {
            return Ok(None);
        }
        match planned.get_type(&DFSchema::empty()) {
            Ok(DataType::Timestamp(..) | DataType::Date32 | DataType::Date64) => Ok(Some(cast(planned, wanted))),
            _ => self.typed(argument, planned, &value, wanted, "a date or a timestamp").map(Some),
        }
    }

    /// How many elements an argument has.
    pub fn count(&self, argument: &str) -> usize {
        self.value(argument).map_or(0, |value| elements(value).len())
    }

    /// The arguments as they were written, but for some.
    pub fn written(&self, without: &[&str]) -> Vec<ast::FunctionArg> {
        let kept = self.given.iter().filter(|(name, _)| !without.contains(name));
        kept.map(|(name, value)| named(name, value.clone())).collect()
    }

    /// An argument under another name, if the call gives it.
    pub fn renamed(&self, argument: &str, name: &str) -> Option<ast::FunctionArg> {
        self.value(argument).map(|value| named(name, value))
    }

    /// The plan of a query.
    pub fn subquery(&mut self, query: ast::Query) -> Result<LogicalPlan> {
        let subquery = Box::new(query);
        Ok(self.context.plan(ast::TableFactor::Derived { lateral: false, subquery, alias: None, sample: None })?)
    }

    /// The confidence level of intervals, as SQL: the session's, where it has settings.
    pub fn confidence_level(&self) -> &'static str {
        match self.context.context_provider().get_function_meta("current_setting") {
            Some(_) => "CAST(current_setting('journey.confidence_level') AS DOUBLE PRECISION)",
            None => "0.95",
        }
    }

    /// Whether the call gives an argument.
    pub fn gives(&self, argument: &str) -> bool {
        self.given.iter().any(|(given, _)| *given == argument)
    }

    /// One of a few words.
    pub fn word<T: Copy>(&mut self, argument: &'static str, words: &[(&str, T)]) -> Result<Option<T>> {
        let Some(value) = self.value(argument) else {
            return Ok(None);
        };
        let written = text(&value).map(str::to_lowercase);
        let found = words.iter().find(|(word, _)| Some(*word) == written.as_deref());
        let one_of = || words.iter().map(|(word, _)| format!("'{word}'")).collect::<Vec<_>>().join(", ");
        match (found, written) {
            (Some((_, meaning)), _) => Ok(Some(*meaning)),
            (None, Some(_)) => Err(self.invalid(argument, &one_of(), value)),
            (None, None) => Err(self.wrong(argument, &one_of(), value)),
        }
    }

    /// Whole numbers written in the call: the elements of an array, or a single one.
    pub fn numbers(&mut self, argument: &'static str) -> Result<Vec<u64>> {
        let Some(value) = self.value(argument) else {
            return Ok(vec![]);
        };
        let numbers = elements(value.clone()).iter().map(number).collect::<Option<Vec<u64>>>();
        numbers.ok_or_else(|| self.wrong(argument, "whole numbers", value))
    }

    /// `true` or `false`.
    pub fn flag(&mut self, argument: &'static str) -> Result<bool> {
        let Some(value) = self.value(argument) else {
            return Ok(false);
        };
        match &value {
            ast::Expr::Value(literal) => match literal.value {
                ast::Value::Boolean(flag) => Ok(flag),
                _ => Err(self.wrong(argument, "true or false", value)),
            },
            _ => Err(self.wrong(argument, "true or false", value)),
        }
    }

    /// 42883, with what the function takes as the hint.
    pub fn malformed(&self, what: impl std::fmt::Display) -> Error {
        let message = format!("{}: {what}", self.entry.name);
        Error::new(SqlState::UndefinedFunction, message).with_hint(format!("it is {}", self.entry.syntax()))
    }

    /// 42804 for an argument of another kind than the function takes.
    pub fn wrong(&self, argument: &str, expected: &str, got: impl std::fmt::Display) -> Error {
        let message = format!("{}: {argument} must be {expected}, got {got}", self.entry.name);
        Error::new(SqlState::DatatypeMismatch, message)
    }

    /// 22023 for options that have no meaning together.
    pub fn refuse(&self, why: impl std::fmt::Display) -> Error {
        Error::new(SqlState::InvalidParameterValue, format!("{}: {why}", self.entry.name))
    }

    /// 22023 for a value that the function can't take.
    pub fn invalid(&self, argument: &str, expected: &str, got: impl std::fmt::Display) -> Error {
        self.refuse(format!("{argument} must be {expected}, got {got}"))
    }

    fn value(&self, name: &str) -> Option<ast::Expr> {
        self.given.iter().find(|(given, _)| *given == name).map(|(_, value)| value.clone())
    }

    /// Plans an expression and refuses what a row alone can't answer.
    fn plan(&mut self, argument: &'static str, value: ast::Expr, schema: &DFSchema) -> Result<Expr> {
        let planned = self.context.sql_to_expr(value.clone(), schema)?;
        let unfit = |e: &Expr| {
            matches!(
                e,
                Expr::AggregateFunction(_)
                    | Expr::WindowFunction(_)
                    | Expr::Exists(_)
                    | Expr::InSubquery(_)
                    | Expr::SetComparison(_)
                    | Expr::OuterReferenceColumn(..)
                    | Expr::Unnest(_)
            )
        };
        if planned.exists(|e| Ok(unfit(e)))? || planned.contains_outer() {
            let message = format!("{}: {argument} must be computed from a single row, got {value}", self.entry.name);
            let hint = "compute it in a subquery: the first argument may be (SELECT ... )";
            return Err(Error::new(SqlState::FeatureNotSupported, message).with_hint(hint));
        }
        Ok(planned)
    }

    /// The entry's name of an argument, and its value.
    fn named(&self, position: usize, argument: ast::FunctionArg) -> Result<(&'static str, ast::Expr)> {
        let (name, value) = match argument {
            ast::FunctionArg::Named { name, arg, .. } => (Some(name), arg),
            ast::FunctionArg::ExprNamed { name: ast::Expr::Identifier(name), arg, .. } => (Some(name), arg),
            ast::FunctionArg::ExprNamed { name, .. } => return Err(self.unknown(&name.to_string())),
            // Postgres' older spelling of `=>`.
            ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(ast::Expr::BinaryOp {
                left,
                op: ast::BinaryOperator::Assignment,
                right,
            })) => match *left {
                ast::Expr::Identifier(name) => (Some(name), ast::FunctionArgExpr::Expr(*right)),
                other => return Err(self.unknown(&other.to_string())),
            },
            ast::FunctionArg::Unnamed(value) => (None, value),
        };
        let entry = match name {
            Some(name) => {
                let name = self.context.normalize_ident(name);
                self.entry.arguments.iter().find(|known| known.name == name).ok_or_else(|| self.unknown(&name))?
            }
            None => match self.entry.arguments.get(position) {
                Some(known) => known,
                None => return Err(self.malformed(format!("there are more than {position} arguments"))),
            },
        };
        match value {
            ast::FunctionArgExpr::Expr(value) => Ok((entry.name, value)),
            other => Err(self.malformed(format!("argument \"{}\" can't be {other}", entry.name))),
        }
    }

    fn unknown(&self, name: &str) -> Error {
        let known = self.entry.arguments.iter().map(|argument| argument.name);
        let near = known.min_by_key(|known| strsim::levenshtein(known, name));
        let near = near.filter(|near| strsim::levenshtein(near, name) <= near.len().div_ceil(2));
        let suggestion = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
        self.malformed(format!("there is no argument \"{name}\"{suggestion}"))
    }
}

/// The elements of `ARRAY[a, b]`, `(a, b)` or `a`.
fn elements(value: ast::Expr) -> Vec<ast::Expr> {
    match value {
        ast::Expr::Array(array) => array.elem,
        ast::Expr::Tuple(elements) => elements,
        ast::Expr::Nested(inner) => vec![*inner],
        single => vec![single],
    }
}

fn named(name: &str, value: ast::Expr) -> ast::FunctionArg {
    ast::FunctionArg::Named {
        name: ast::Ident::new(name),
        arg: ast::FunctionArgExpr::Expr(value),
        operator: ast::FunctionArgOperator::RightArrow,
    }
}

fn number(value: &ast::Expr) -> Option<u64> {
    match value {
        ast::Expr::Value(literal) => match &literal.value {
            ast::Value::Number(digits, _) => digits.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

fn text(value: &ast::Expr) -> Option<&str> {
    match value {
        ast::Expr::Value(literal) => match &literal.value {
            ast::Value::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}
