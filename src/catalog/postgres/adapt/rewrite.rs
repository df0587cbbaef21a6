//! The rewriting of catalog statements.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArgumentList, FunctionArguments, Ident, ObjectName, OrderByExpr, OrderByKind,
    Query, Select, SelectItem, SetExpr, Statement, Subscript, TableAlias, TableAliasColumnDef, TableFactor, Value,
    ValueWithSpan, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::parser::Parser;

use super::any::{join_by_element, read_array};
use super::column_names::{TABLE_OID, name_columns};
use super::reference::{common_tables, folded, is_qualified_by_system, system_relation};
use super::system_types::{SystemType, printer, system_type};
use super::vacant::{Surroundings, is_vacant, is_vacant_query, null, skip_branches, vacate};
use crate::catalog::postgres::functions::EXPAND;
use crate::catalog::postgres::relations::{definition, definitions};
use crate::catalog::postgres::rows::Absent;
use crate::catalog::spelling::unnest_series;
use crate::model::Postgres;

/// Brings a catalog statement into the SQL that DataFusion plans; what it means stays.
pub fn adapt(statement: &mut Statement, absent: Absent) {
    let within = Surroundings { common_tables: common_tables(statement), absent };
    let mut rewriter = Rewriter { within, scopes: vec![] };
    let _ = statement.visit(&mut rewriter);
    if let Statement::Query(query) = statement {
        print_references(query);
    }
}

/// Functions of one value that clients put into FROM.
const VALUES_IN_FROM: [&str; 3] = ["string_to_array", "current_schemas", "current_setting"];

/// Columns that are vectors; clients keep the end of the name.
const VECTORS: [&str; 4] = ["indkey", "indclass", "indcollation", "indoption"];

struct Rewriter {
    within: Surroundings,
    /// The system relations of each select around the current place, innermost last: alias and OID.
    scopes: Vec<Vec<(String, u32)>>,
}

impl VisitorMut for Rewriter {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        name_columns(query);
        if is_vacant_query(query, &self.within) {
            // It may order by what is no longer there.
            query.order_by = None;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        self.scopes.push(self.system_relations(select));
        if is_vacant(select, &self.within) {
            vacate(select);
        } else {
            join_by_element(select);
            unnest_series(select);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &mut Select) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, args: None, .. } => {
                if let Some((schema, relation)) = system_relation(name, &self.within.common_tables) {
                    *name = ObjectName::from(vec![Ident::new(schema), Ident::with_quote('"', relation)]);
                }
            }
            TableFactor::Table { name, args: Some(_), .. } => unqualify(name),
            _ => {}
        }
        if let Some(unnest) = unnest(factor) {
            *factor = unnest;
        } else if let Some(row) = row_of_function(factor) {
            *factor = row;
        }
        name_by_alias(factor);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        skip_branches(expr);
        match expr {
            Expr::Subquery(query) if is_vacant_query(query, &self.within) => *expr = null(),
            Expr::Function(Function { args: FunctionArguments::Subquery(query), .. })
                if is_vacant_query(query, &self.within) =>
            {
                *expr = call("make_array", vec![]);
            }
            Expr::CompoundFieldAccess { access_chain, .. } => count_from_zero(access_chain),
            Expr::AnyOp { left, right, .. } | Expr::AllOp { left, right, .. } => read_array(left, right),
            Expr::CompoundIdentifier(parts) => {
                if let [alias, column] = parts.as_slice()
                    && column.value == TABLE_OID
                    && let Some(oid) = self.table_oid(&folded(alias))
                {
                    *expr = Expr::Value(Value::Number(oid.to_string(), false).into());
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => {
                unqualify(&mut function.name);
                if let Some(aggregated) = array_of_subquery(function) {
                    *expr = aggregated;
                } else if function.name.to_string().eq_ignore_ascii_case(EXPAND) {
                    *expr = call("unnest", vec![expr.clone()]);
                } else if let Some(unnested) = subscripts(function) {
                    *expr = unnested;
                }
            }
            Expr::Collate { expr: inner, .. } => *expr = inner.as_ref().clone(),
            Expr::BinaryOp { op, .. } => {
                if let BinaryOperator::PGCustomBinaryOperator(parts) = op
                    && let Some(plain) = parts.last().and_then(|symbol| operator(symbol))
                {
                    *op = plain;
                }
            }
            Expr::Subquery(query) => print_references(query),
            Expr::Cast { expr: inner, data_type, .. } => match system_type(data_type) {
                Some(SystemType::Reference(reader)) => *expr = call(reader, vec![inner.as_ref().clone()]),
                Some(SystemType::Plain(plain)) => {
                    *data_type = plain;
                    print_if_text(inner, data_type.to_string().as_str());
                }
                None => print_if_text(inner, data_type.to_string().as_str()),
            },
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Rewriter {
    /// The system relations that a select reads, by alias.
    fn system_relations(&self, select: &Select) -> Vec<(String, u32)> {
        let factors = select
            .from
            .iter()
            .flat_map(|from| std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation)));
        let known = factors.filter_map(|factor| {
            let TableFactor::Table { name, alias, args: None, .. } = factor else { return None };
            let (schema, relation) = system_relation(name, &self.within.common_tables)?;
            let oid = definition(schema, &relation)?.oid;
            Some((alias.as_ref().map_or(relation, |alias| folded(&alias.name)), oid))
        });
        known.collect()
    }

    /// The OID of the system relation of an alias.
    fn table_oid(&self, alias: &str) -> Option<u32> {
        self.scopes.iter().rev().flatten().find(|(name, _)| name == alias).map(|(_, oid)| *oid)
    }
}

/// The subscript of a vector, as indexes have them, counts from 0: that of the engine's lists from 1.
fn count_from_zero(access: &mut [AccessExpr]) {
    if let [.., AccessExpr::Dot(Expr::Identifier(column)), AccessExpr::Subscript(Subscript::Index { index })] = access
        && VECTORS.iter().any(|vector| folded(column).ends_with(vector))
    {
        let one = Expr::Value(Value::Number("1".to_owned(), false).into());
        *index = Expr::BinaryOp { left: Box::new(index.clone()), op: BinaryOperator::Plus, right: Box::new(one) };
    }
}

/// Takes the system schema off a function's name.
fn unqualify(name: &mut ObjectName) {
    if is_qualified_by_system(name) {
        name.0.remove(0);
    }
}

/// An object identifier cast to text is its object's name; so is a function in a column.
fn print_if_text(inner: &mut Expr, data_type: &str) {
    if matches!(data_type, "TEXT" | "VARCHAR" | "CHARACTER VARYING") {
        print_reference(inner);
        if is_function_column(inner) {
            *inner = call("regprocout", vec![inner.clone()]);
        }
    }
}

/// Whether an expression is a column of type `regproc`, by its name: in the catalogs names of columns are unique.
fn is_function_column(expr: &Expr) -> bool {
    let name = match expr {
        Expr::Identifier(name) => name,
        Expr::CompoundIdentifier(parts) => match parts.last() {
            Some(name) => name,
            None => return false,
        },
        _ => return false,
    };
    let name = folded(name);
    let columns = definitions().iter().flat_map(|relation| &relation.columns);
    columns.filter(|column| column.name == name).any(|column| column.pg_type.name == "regproc")
}

/// The columns of a query's result that are object identifiers are printed as names.
fn print_references(query: &mut Query) {
    print_columns(&mut query.body);
}

fn print_columns(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => {
            for item in &mut select.projection {
                if let SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) = item {
                    print_reference(expr);
                }
            }
        }
        SetExpr::Query(query) => print_references(query),
        SetExpr::SetOperation { left, right, .. } => {
            print_columns(left);
            print_columns(right);
        }
        _ => {}
    }
}

fn print_reference(expr: &mut Expr) {
    let Expr::Function(function) = expr else { return };
    if let Some(printer) = printer(&function.name.to_string()) {
        *expr = call(printer, vec![expr.clone()]);
    }
}

/// `ARRAY(SELECT x ..)` as `(SELECT array_agg(x) ..)`, with an empty array for no rows.
fn array_of_subquery(function: &Function) -> Option<Expr> {
    let FunctionArguments::Subquery(query) = &function.args else { return None };
    let mut query = query.clone();
    print_references(&mut query);
    let order = match query.order_by.take().map(|order| order.kind) {
        Some(OrderByKind::Expressions(order)) => order,
        None => vec![],
        Some(OrderByKind::All(_)) => return None,
    };
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    let [SelectItem::UnnamedExpr(element) | SelectItem::ExprWithAlias { expr: element, .. }] =
        select.projection.as_mut_slice()
    else {
        return None;
    };
    let order: Vec<OrderByExpr> = order
        .into_iter()
        .map(|mut by| {
            if is_first_column(&by.expr) {
                by.expr = element.clone();
            }
            by
        })
        .collect();
    let mut aggregated = call("array_agg", vec![element.clone()]);
    if let Expr::Function(Function { args: FunctionArguments::List(arguments), .. }) = &mut aggregated
        && !order.is_empty()
    {
        arguments.clauses.push(FunctionArgumentClause::OrderBy(order));
    }
    *element = aggregated;
    Some(call("coalesce", vec![Expr::Subquery(query), call("make_array", vec![])]))
}

/// `generate_subscripts(x, 1)` as the numbers from 1 to the length of the array, one a row.
fn subscripts(function: &Function) -> Option<Expr> {
    if !function.name.to_string().eq_ignore_ascii_case("generate_subscripts") {
        return None;
    }
    let FunctionArguments::List(list) = &function.args else { return None };
    let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(array))) = list.args.first() else { return None };
    let number = |number: &str| Expr::Value(Value::Number(number.to_owned(), false).into());
    let last = call("array_upper", vec![array.clone(), number("1")]);
    Some(call("unnest", vec![call("generate_series", vec![number("1"), last])]))
}

fn is_first_column(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(ValueWithSpan { value: Value::Number(number, _), .. }) if number == "1")
}

/// `unnest(x) alias` written as a function of the system schema. Its alias names the table and its column.
fn unnest(factor: &TableFactor) -> Option<TableFactor> {
    let TableFactor::Table { name, args: Some(arguments), alias, .. } = factor else { return None };
    if !name.to_string().eq_ignore_ascii_case("unnest") {
        return None;
    }
    let array_exprs = arguments.args.iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    });
    let alias = alias.clone().map(|mut alias: TableAlias| {
        if alias.columns.is_empty() {
            alias.columns.push(TableAliasColumnDef::from_name(alias.name.value.clone()));
        }
        alias
    });
    Some(TableFactor::UNNEST {
        alias,
        array_exprs: array_exprs.collect::<Option<Vec<_>>>()?,
        with_offset: false,
        with_offset_alias: None,
        with_ordinality: false,
    })
}

/// `current_schemas(true) s`, a function of one value in FROM: one row of a column of its alias.
fn row_of_function(factor: &TableFactor) -> Option<TableFactor> {
    let TableFactor::Table { name, args: Some(arguments), alias, .. } = factor else { return None };
    let name = name.to_string().to_lowercase();
    if !VALUES_IN_FROM.contains(&name.as_str()) {
        return None;
    }
    let expressions = arguments.args.iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    });
    let value = call(&name, expressions.collect::<Option<Vec<_>>>()?);
    let column = alias.as_ref().map_or_else(|| Ident::new(&name), |alias| alias.name.clone());
    let mut statements = Parser::parse_sql(&Postgres, "SELECT 1").ok()?;
    let Some(Statement::Query(mut subquery)) = statements.pop() else { return None };
    if let SetExpr::Select(select) = subquery.body.as_mut() {
        select.projection = vec![SelectItem::ExprWithAlias { expr: value, alias: column }];
    }
    Some(TableFactor::Derived { lateral: false, subquery, alias: alias.clone(), sample: None })
}

/// The one column of `generate_series(..) AS i` is `i`.
fn name_by_alias(factor: &mut TableFactor) {
    if let TableFactor::Table { name, args: Some(_), alias: Some(alias), .. } = factor
        && alias.columns.is_empty()
        && name.to_string().eq_ignore_ascii_case("generate_series")
    {
        alias.columns.push(TableAliasColumnDef::from_name(alias.name.value.clone()));
    }
}

fn operator(symbol: &str) -> Option<BinaryOperator> {
    Some(match symbol {
        "=" => BinaryOperator::Eq,
        "<>" | "!=" => BinaryOperator::NotEq,
        "<" => BinaryOperator::Lt,
        "<=" => BinaryOperator::LtEq,
        ">" => BinaryOperator::Gt,
        ">=" => BinaryOperator::GtEq,
        "+" => BinaryOperator::Plus,
        "-" => BinaryOperator::Minus,
        "*" => BinaryOperator::Multiply,
        "/" => BinaryOperator::Divide,
        "||" => BinaryOperator::StringConcat,
        "~" => BinaryOperator::PGRegexMatch,
        "~*" => BinaryOperator::PGRegexIMatch,
        "!~" => BinaryOperator::PGRegexNotMatch,
        "!~*" => BinaryOperator::PGRegexNotIMatch,
        "~~" => BinaryOperator::PGLikeMatch,
        "~~*" => BinaryOperator::PGILikeMatch,
        "!~~" => BinaryOperator::PGNotLikeMatch,
        "!~~*" => BinaryOperator::PGNotILikeMatch,
        _ => return None,
    })
}

fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let arguments = arguments.into_iter().map(|expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)));
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None::<DuplicateTreatment>,
            args: arguments.collect(),
            clauses: vec![],
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: vec![],
    })
}
