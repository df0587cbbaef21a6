//! Windows that are named: `OVER (w ORDER BY a)` is what `w` says, and more. The engine knows `OVER w` alone, and only in a select
//! list; of a window that begins with a name it would pass over all that the name stands for.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, NamedWindowDefinition, NamedWindowExpr, Query, Select, SetExpr, Statement, VisitMut, VisitorMut,
    WindowSpec, WindowType,
};

use super::identifier::fold;
use crate::error::{Error, Result, SqlState};

/// Puts what windows' names stand for in their places. 42704 for a name without a window, 42P20 for what a window may not add to
/// the one that it names.
pub(super) fn expand_windows(statement: &mut Statement) -> Result<()> {
    match statement.visit(&mut Queries) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Queries;

impl VisitorMut for Queries {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        match query.body.as_mut() {
            SetExpr::Select(select) => {
                let named = in_select(select)?;
                if let Some(order) = &mut query.order_by {
                    order.visit(&mut Calls { named: &named, depth: 0 })?;
                }
                ControlFlow::Continue(())
            }
            combined => in_operands(combined),
        }
    }
}

/// The selects of a set operation; those in brackets are queries of their own.
fn in_operands(operand: &mut SetExpr) -> ControlFlow<Error> {
    match operand {
        SetExpr::Select(select) => in_select(select).map_continue(|_| ()),
        SetExpr::SetOperation { left, right, .. } => {
            in_operands(left)?;
            in_operands(right)
        }
        _ => ControlFlow::Continue(()),
    }
}

/// Windows by their names.
type Named = Vec<(String, WindowSpec)>;

fn in_select(select: &mut Select) -> ControlFlow<Error, Named> {
    let mut named = Named::new();
    for NamedWindowDefinition(name, definition) in &mut select.named_window {
        let spec = match definition {
            NamedWindowExpr::NamedWindow(other) => find(&named, other).cloned(),
            NamedWindowExpr::WindowSpec(spec) => expanded(spec, &named),
        };
        match spec {
            Ok(spec) => {
                *definition = NamedWindowExpr::WindowSpec(spec.clone());
                named.push((fold(name), spec));
            }
            Err(error) => return ControlFlow::Break(error),
        }
    }
    let mut calls = Calls { named: &named, depth: 0 };
    select.projection.visit(&mut calls)?;
    select.qualify.visit(&mut calls)?;
    ControlFlow::Continue(named)
}

/// The calls of one select; those in its subqueries have windows of their own.
struct Calls<'n> {
    named: &'n Named,
    depth: usize,
}

impl VisitorMut for Calls<'_> {
    type Break = Error;

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<Error> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<Error> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        let Expr::Function(call) = expr else { return ControlFlow::Continue(()) };
        if self.depth > 0 {
            return ControlFlow::Continue(());
        }
        let spec = match &call.over {
            Some(WindowType::NamedWindow(name)) => find(self.named, name).cloned(),
            Some(WindowType::WindowSpec(spec)) if spec.window_name.is_some() => expanded(spec, self.named),
            _ => return ControlFlow::Continue(()),
        };
        match spec {
            Ok(spec) => {
                call.over = Some(WindowType::WindowSpec(spec));
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    }
}

fn find<'n>(named: &'n Named, name: &Ident) -> Result<&'n WindowSpec> {
    let wanted = fold(name);
    let found = named.iter().find(|(known, _)| *known == wanted).map(|(_, spec)| spec);
    found.ok_or_else(|| Error::new(SqlState::UndefinedObject, format!("window \"{wanted}\" does not exist")))
}

/// A window with what the window that it names says.
fn expanded(spec: &WindowSpec, named: &Named) -> Result<WindowSpec> {
    let Some(name) = &spec.window_name else { return Ok(spec.clone()) };
    let base = find(named, name)?;
    let refused = |what: &str| Err(Error::new(SqlState::WindowingError, format!("cannot {what} \"{}\"", fold(name))));
    if !spec.partition_by.is_empty() {
        return refused("override PARTITION BY clause of window");
    }
    if !spec.order_by.is_empty() && !base.order_by.is_empty() {
        return refused("override ORDER BY clause of window");
    }
    if base.window_frame.is_some() {
        let message = format!("cannot copy window \"{}\" because it has a frame clause", fold(name));
        return Err(Error::new(SqlState::WindowingError, message));
    }
    let order_by = if spec.order_by.is_empty() { base.order_by.clone() } else { spec.order_by.clone() };
    Ok(WindowSpec {
        window_name: None,
        partition_by: base.partition_by.clone(),
        order_by,
        window_frame: spec.window_frame.clone(),
    })
}
