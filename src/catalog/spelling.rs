//! Postgres' spelling of what the engine spells otherwise: `FETCH FIRST`, `mod(a, b)`, `localtimestamp`, `substring(a FROM 'b.')`,
//! series in a select list.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident,
    LimitClause, ObjectName, Query, Select, SelectItem, SetExpr, Statement, TimezoneInfo, Value, Values, VisitMut,
    VisitorMut,
};

use super::identifier::fold;
use super::typing::SUBSTRING;

/// Functions of one number of any type.
const OF_NUMBERS: [&str; 10] = ["abs", "ceil", "ceiling", "exp", "floor", "ln", "round", "sign", "sqrt", "trunc"];

/// Respells a statement; no name of an output depends on it, because outputs are named by the statement as written.
pub(super) fn respell(statement: &mut Statement) {
    let inserts = matches!(statement, Statement::Insert(_));
    let _ = statement.visit(&mut Speller { inserts });
}

struct Speller {
    /// Whether VALUES have the types of a table's columns.
    inserts: bool,
}

impl VisitorMut for Speller {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        limit(query);
        match query.body.as_mut() {
            SetExpr::Select(select) => unnest_series(select),
            SetExpr::Values(values) if !self.inserts => cast_alike(values),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let respelled = match expr {
            Expr::Function(call) if is_word(call, "localtimestamp") => Some(local_now()),
            Expr::Function(call) => {
                read_number(call);
                remainder(call)
            }
            // What is quoted there is a pattern, not a place.
            Expr::Substring { expr, substring_from: Some(pattern), substring_for: None, .. } if is_quoted(pattern) => {
                let name = ObjectName::from(vec![Ident::with_quote('"', SUBSTRING)]);
                let found = call(SUBSTRING, vec![expr.as_ref().clone(), pattern.as_ref().clone()]);
                Some(Expr::Function(Function { name, ..found }))
            }
            Expr::Interval(interval) if interval.leading_field.is_none() => clock(&interval.value),
            Expr::Identifier(ident) if ident.quote_style.is_none() => match fold(ident).as_str() {
                "localtimestamp" => Some(local_now()),
                "current_schema" => Some(Expr::Function(call("current_schema", vec![]))),
                _ => None,
            },
            _ => None,
        };
        if let Some(respelled) = respelled {
            *expr = respelled;
        }
        ControlFlow::Continue(())
    }
}

/// Quoted literals in VALUES are of the type that others of their column are cast to.
fn cast_alike(values: &mut Values) {
    let width = values.rows.iter().map(|row| row.content.len()).min().unwrap_or_default();
    for at in 0..width {
        let data_type = values.rows.iter().find_map(|row| match &row.content[at] {
            Expr::Cast { data_type, .. } => Some(data_type.clone()),
            Expr::TypedString(typed) => Some(typed.data_type.clone()),
            _ => None,
        });
        if let Some(data_type) = data_type {
            let cells = values.rows.iter_mut().map(|row| &mut row.content[at]).filter(|cell| is_quoted(cell));
            cells.for_each(|cell| *cell = cast(cell.clone(), data_type.clone()));
        }
    }
}

fn is_quoted(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(value.value, Value::SingleQuotedString(_)))
}

/// A quoted literal that a function of numbers is called with is a double precision, the type that Postgres prefers among them.
fn read_number(call: &mut Function) {
    let name = call.name.0.last().and_then(|part| part.as_ident()).map(fold).unwrap_or_default();
    if let FunctionArguments::List(list) = &mut call.args
        && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(number))] = list.args.as_mut_slice()
        && is_quoted(number)
        && OF_NUMBERS.contains(&name.as_str())
    {
        *number = cast(number.clone(), DataType::DoublePrecision);
    }
}

/// `FETCH FIRST n ROWS ONLY` as LIMIT.
fn limit(query: &mut Query) {
    let Some(fetch) = query.fetch.take_if(|fetch| !fetch.with_ties && !fetch.percent) else { return };
    let one = || Expr::Value(Value::Number("1".to_owned(), false).into());
    let rows = Some(fetch.quantity.unwrap_or_else(one));
    query.limit_clause = match query.limit_clause.take() {
        Some(LimitClause::LimitOffset { offset, limit_by, .. }) => {
            Some(LimitClause::LimitOffset { limit: rows, offset, limit_by })
        }
        _ => Some(LimitClause::LimitOffset { limit: rows, offset: None, limit_by: vec![] }),
    };
}

fn is_word(call: &Function, word: &str) -> bool {
    matches!(call.args, FunctionArguments::None) && call.name.to_string().eq_ignore_ascii_case(word)
}

fn local_now() -> Expr {
    cast(Expr::Function(call("now", vec![])), DataType::Timestamp(None, TimezoneInfo::None))
}

/// An interval whose text the engine doesn't read, because it has a clock or is in ISO 8601's form, as a cast of that text.
fn clock(value: &Expr) -> Option<Expr> {
    let Expr::Value(text) = value else { return None };
    let Value::SingleQuotedString(quoted) = &text.value else { return None };
    (quoted.contains(':') || quoted.starts_with(['P', 'p']))
        .then(|| cast(value.clone(), DataType::Interval { fields: None, precision: None }))
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::DoubleColon, expr: Box::new(expr), data_type, array: false, format: None }
}

/// `mod(a, b)` as the operator.
fn remainder(call: &Function) -> Option<Expr> {
    if call.name.0.len() != 1 || call.name.0[0].as_ident().map(fold).as_deref() != Some("mod") {
        return None;
    }
    let FunctionArguments::List(list) = &call.args else { return None };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(left)), FunctionArg::Unnamed(FunctionArgExpr::Expr(right))] =
        list.args.as_slice()
    else {
        return None;
    };
    let nested = |expr: &Expr| Box::new(Expr::Nested(Box::new(expr.clone())));
    let remainder = Expr::BinaryOp { left: nested(left), op: BinaryOperator::Modulo, right: nested(right) };
    Some(Expr::Nested(Box::new(remainder)))
}

/// `SELECT generate_series(1, 3)` and `SELECT regexp_split_to_table(a, ',')` give rows; the functions of the engine, arrays.
pub(super) fn unnest_series(select: &mut Select) {
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(Expr::Function(series))
        | SelectItem::ExprWithAlias { expr: Expr::Function(series), .. } = item
            && let [name] = series.name.0.as_slice()
        {
            let array = match name.as_ident().map(fold).as_deref() {
                Some("generate_series") => "generate_series",
                Some("regexp_split_to_table") => "regexp_split_to_array",
                _ => continue,
            };
            let array = Function { name: ObjectName::from(vec![Ident::new(array)]), ..series.clone() };
            *series = call("unnest", vec![Expr::Function(array)]);
        }
    }
}

fn call(name: &str, arguments: Vec<Expr>) -> Function {
    let unnamed = |expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr));
    Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(datafusion::sql::sqlparser::ast::FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments.into_iter().map(unnamed).collect(),
            clauses: vec![],
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: vec![],
    }
}
