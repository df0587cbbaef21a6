//! Lets a query give the same output twice, as Postgres does.
//!
//! DataFusion refuses `SELECT a, a`: each output of a projection needs a name of its own. The second gets one here, which
//! nobody sees, because [`super::output_names`] names outputs by the statement as the user wrote it.

use datafusion::sql::sqlparser::ast::{Expr, Ident, SelectItem, SetExpr, Statement};

use super::identifier::fold;

/// Gives repeated outputs of the outermost query aliases of their own.
pub(super) fn make_outputs_distinct(statement: &mut Statement) {
    match statement {
        Statement::Query(query) => distinct(&mut query.body),
        Statement::Insert(insert) => {
            if let Some(source) = &mut insert.source {
                distinct(&mut source.body);
            }
        }
        Statement::Explain { statement, .. } => make_outputs_distinct(statement),
        _ => {}
    }
}

/// Gives every output of the outermost query that is no column an alias of its own; answers whether there was one to give.
pub(super) fn name_all_outputs(statement: &mut Statement) -> bool {
    let Statement::Query(query) = statement else { return false };
    let SetExpr::Select(select) = query.body.as_mut() else { return false };
    let mut given = false;
    for (at, item) in select.projection.iter_mut().enumerate() {
        if let SelectItem::UnnamedExpr(expr) = item
            && !matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
        {
            alias(item, Ident::with_quote('"', format!("#{at}")));
            given = true;
        }
    }
    given
}

fn distinct(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => {
            let wildcard =
                |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
            let beside_all = select.projection.iter().any(wildcard);
            let mut taken: Vec<Name> = Vec::new();
            for (at, item) in select.projection.iter_mut().enumerate() {
                let Some(name) = Name::of(item) else { continue };
                if name.is_column && beside_all || taken.iter().any(|other| other.meets(&name)) {
                    alias(item, Ident::with_quote('"', format!("{} #{at}", name.name)));
                } else {
                    taken.push(name);
                }
            }
        }
        SetExpr::Query(query) => distinct(&mut query.body),
        SetExpr::SetOperation { left, right, .. } => {
            distinct(left);
            distinct(right);
        }
        _ => {}
    }
}

/// The name by which the engine tells an output from others.
struct Name {
    table: Option<String>,
    name: String,
    /// Whether it is a column as it stands, which a wildcard may give too.
    is_column: bool,
}

impl Name {
    /// `None` for a wildcard.
    fn of(item: &SelectItem) -> Option<Self> {
        match item {
            SelectItem::UnnamedExpr(expr) => Some(Self::of_expression(expr)),
            SelectItem::ExprWithAlias { alias, .. } => Some(Self { table: None, name: fold(alias), is_column: false }),
            _ => None,
        }
    }

    /// A cast has the name of what is cast, a typed literal that of its text.
    fn of_expression(expr: &Expr) -> Self {
        match expr {
            Expr::Identifier(ident) => Self { table: None, name: fold(ident), is_column: true },
            Expr::CompoundIdentifier(parts) => {
                let table = parts.iter().rev().nth(1).map(fold);
                Self { table, name: parts.last().map(fold).unwrap_or_default(), is_column: true }
            }
            Expr::Nested(inner) => Self::of_expression(inner),
            Expr::Cast { expr, .. } => Self { is_column: false, ..Self::of_expression(expr) },
            Expr::TypedString(typed) => {
                Self { table: None, name: typed.value.to_string().to_lowercase(), is_column: false }
            }
            other => Self { table: None, name: other.to_string().to_lowercase(), is_column: false },
        }
    }

    /// Whether the engine may take the two for one: a column without its table may be of any.
    fn meets(&self, other: &Self) -> bool {
        self.name == other.name && (self.table.is_none() || other.table.is_none() || self.table == other.table)
    }
}

fn alias(item: &mut SelectItem, alias: Ident) {
    *item = match std::mem::replace(item, SelectItem::Wildcard(Default::default())) {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            SelectItem::ExprWithAlias { expr, alias }
        }
        other => other,
    };
}
