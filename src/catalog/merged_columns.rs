//! `SELECT *` of joins with USING: the columns that it merges come first, as in Postgres. The engine gives them where the left
//! table has them, so that every value stands under another column's place.
//!
//! ```text
//! SELECT * FROM a JOIN b USING (k)      ->      SELECT a.k, a.* EXCEPT (k), b.* EXCEPT (k) FROM a JOIN b USING (k)
//! ```

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    ExceptSelectItem, Expr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, Select, SelectItem,
    SelectItemQualifiedWildcardKind, Statement, TableFactor, VisitMut, VisitorMut, WildcardAdditionalOptions,
};

use super::identifier::fold;
use crate::error::{Error, Result};

/// Puts merged columns first. 0A000 where only the columns of the tables could tell which those are.
pub(super) fn put_merged_first(statement: &mut Statement) -> Result<()> {
    match statement.visit(&mut Selects) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Selects;

impl VisitorMut for Selects {
    type Break = Error;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        let is_wildcard = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_));
        let merges =
            |join: &Join| !matches!(constraint(join), None | Some(JoinConstraint::On(_) | JoinConstraint::None));
        let [from] = select.from.as_slice() else { return ControlFlow::Continue(()) };
        if !select.projection.iter().any(is_wildcard) || !from.joins.iter().any(merges) {
            return ControlFlow::Continue(());
        }
        let Some(columns) = columns(&from.relation, &from.joins) else {
            let error = Error::unsupported("SELECT * of joins that merge columns in this way");
            return ControlFlow::Break(error.with_hint("name the columns"));
        };
        let items = std::mem::take(&mut select.projection).into_iter();
        select.projection =
            items.flat_map(|item| if is_wildcard(&item) { columns.clone() } else { vec![item] }).collect();
        ControlFlow::Continue(())
    }
}

fn constraint(join: &Join) -> Option<&JoinConstraint> {
    match &join.join_operator {
        JoinOperator::Join(on)
        | JoinOperator::Inner(on)
        | JoinOperator::Left(on)
        | JoinOperator::LeftOuter(on)
        | JoinOperator::Right(on)
        | JoinOperator::RightOuter(on)
        | JoinOperator::FullOuter(on) => Some(on),
        _ => None,
    }
}

/// The columns of joins whose first one merges, as may others, by the same columns; `None` for any others.
fn columns(first: &TableFactor, joins: &[Join]) -> Option<Vec<SelectItem>> {
    let using = |join: &Join| match constraint(join) {
        Some(JoinConstraint::Using(names)) => {
            names.iter().map(|name| name.0.last().and_then(ObjectNamePart::as_ident).cloned()).collect()
        }
        _ => None,
    };
    let merged: Vec<Ident> = using(joins.first()?)?;
    let folded = |names: &[Ident]| names.iter().map(fold).collect::<Vec<_>>();
    let first = name(first)?;
    let merges = [Some(all_but(&first, &merged)?)].into_iter();
    let rest = joins.iter().map(|join| match constraint(join) {
        Some(JoinConstraint::Using(_)) if folded(&using(join)?) != folded(&merged) => None,
        Some(JoinConstraint::Using(_)) => all_but(&name(&join.relation)?, &merged),
        Some(JoinConstraint::Natural) => None,
        _ => Some(wildcard(name(&join.relation)?, WildcardAdditionalOptions::default())),
    });
    let own = merged.iter().map(|column| {
        let mut parts: Vec<Ident> = first.0.iter().filter_map(ObjectNamePart::as_ident).cloned().collect();
        parts.push(column.clone());
        Some(SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)))
    });
    own.chain(merges).chain(rest).collect()
}

/// What a table is called.
fn name(relation: &TableFactor) -> Option<ObjectName> {
    match relation {
        TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => {
            Some(ObjectName::from(vec![alias.name.clone()]))
        }
        TableFactor::Table { name, .. } => Some(name.clone()),
        _ => None,
    }
}

fn all_but(table: &ObjectName, columns: &[Ident]) -> Option<SelectItem> {
    let (first, rest) = columns.split_first()?;
    let except = ExceptSelectItem { first_element: first.clone(), additional_elements: rest.to_vec() };
    let options = WildcardAdditionalOptions { opt_except: Some(except), ..WildcardAdditionalOptions::default() };
    Some(wildcard(table.clone(), options))
}

fn wildcard(table: ObjectName, options: WildcardAdditionalOptions) -> SelectItem {
    SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(table), options)
}
