//! The relation that a table function reads, as SQL spells it in an argument.

use datafusion::sql::sqlparser::ast::{self, ObjectName, ObjectNamePart, TableFactor};

/// An argument as a relation: a table, view or common table expression by name, `(SELECT ...)`, `TABLE(name)`, or another
/// table function. What is none is given back as it was written.
pub(super) fn relation(value: ast::Expr) -> Result<TableFactor, String> {
    match value {
        ast::Expr::Identifier(name) => Ok(table(vec![name], None)),
        ast::Expr::CompoundIdentifier(parts) => Ok(table(parts, None)),
        ast::Expr::Subquery(subquery) => {
            Ok(TableFactor::Derived { lateral: false, subquery, alias: None, sample: None })
        }
        ast::Expr::Nested(inner) => relation(*inner),
        ast::Expr::Function(function) => call(function),
        other => Err(other.to_string()),
    }
}

fn call(function: ast::Function) -> Result<TableFactor, String> {
    let written = function.to_string();
    let ast::FunctionArguments::List(list) = function.args else {
        return Err(written);
    };
    let names = function.name.0.into_iter().map(|part| match part {
        ObjectNamePart::Identifier(name) => Ok(name),
        ObjectNamePart::Function(_) => Err(written.clone()),
    });
    let names = names.collect::<Result<Vec<_>, _>>()?;
    match (names.as_slice(), list.args.as_slice()) {
        ([name], [ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(inner))])
            if name.value.eq_ignore_ascii_case("table") =>
        {
            relation(inner.clone())
        }
        ([name], _) if name.value.eq_ignore_ascii_case("values") => {
            Err(format!("{written}; write (SELECT * FROM (VALUES ...) AS t(...))"))
        }
        _ => Ok(table(names, Some(ast::TableFunctionArgs { args: list.args, settings: None }))),
    }
}

fn table(names: Vec<ast::Ident>, args: Option<ast::TableFunctionArgs>) -> TableFactor {
    TableFactor::Table {
        name: ObjectName::from(names),
        alias: None,
        args,
        with_hints: vec![],
        version: None,
        with_ordinality: false,
        partitions: vec![],
        json_path: None,
        sample: None,
        index_hints: vec![],
    }
}
