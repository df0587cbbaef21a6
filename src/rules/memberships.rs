//! `a IN (SELECT ..)` and `a < ANY (SELECT ..)` where the engine has no plan for them, or takes NULL for false: everywhere but
//! among the conditions of WHERE.
//!
//! ```text
//! a IN (SELECT ..)      ->   CASE WHEN (SELECT count(*) FROM (..) WHERE column = a) > 0 THEN true
//!                                 WHEN (SELECT count(*) FROM (..)) = 0 THEN false
//!                                 WHEN a IS NULL OR (SELECT count(*) FROM (..) WHERE column IS NULL) > 0 THEN NULL
//!                                 ELSE false END
//! a > ANY (SELECT ..)   ->   the same with a > (SELECT min(column) FROM (..)) for its first condition
//! a > ALL (SELECT ..)   ->   its contrary, with a <= (SELECT max(column) FROM (..))
//! ```
//!
//! What can't be NULL isn't asked. The counts become joins of the subquery, one for all rows.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, ExprSchema, Result};
use datafusion::config::ConfigOptions;
use datafusion::functions_aggregate::count::count;
use datafusion::functions_aggregate::min_max::{max, min};
use datafusion::logical_expr::expr::{InSubquery, SetComparison, SetQuantifier};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Operator, Subquery, binary_expr, lit, when,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::scalar::ScalarValue;

/// What the members are called inside of the counts.
const MEMBERS: &str = "__members";

/// See the module.
#[derive(Debug, Default)]
pub struct Memberships;

impl AnalyzerRule for Memberships {
    fn name(&self) -> &str {
        "memberships"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let counted = plan.transform_up_with_subqueries(|node| match node {
            // Of these the engine makes semi joins.
            LogicalPlan::Join(_) => Ok(Transformed::no(node)),
            node => counted_in(node),
        });
        Ok(counted?.data)
    }
}

fn counted_in(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let inputs = merge_schema(&node.inputs());
    let is_filter = matches!(node, LogicalPlan::Filter(_));
    let names = NamePreserver::new(&node);
    node.map_expressions(|expression| {
        let name = names.save(&expression);
        let counted = match is_filter {
            true => in_condition(expression, &inputs, true)?,
            false => anywhere(expression, &inputs)?,
        };
        Ok(counted.update_data(|expression| name.restore(expression)))
    })
}

/// A condition of WHERE, or a part of one that only AND and OR stand above: NULL and false are the same to it. `alone` says
/// that it has to hold by itself; of a NOT IN that does, the engine makes an anti join.
fn in_condition(expression: Expr, inputs: &DFSchema, alone: bool) -> Result<Transformed<Expr>> {
    match expression {
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
            let alone = alone && op == Operator::And;
            let (left, right) = (in_condition(*left, inputs, alone)?, in_condition(*right, inputs, alone)?);
            let changed = left.transformed || right.transformed;
            let joined = binary_expr(left.data, op, right.data);
            Ok(if changed { Transformed::yes(joined) } else { Transformed::no(joined) })
        }
        Expr::Not(inner) if matches!(inner.as_ref(), Expr::InSubquery(_)) => match *inner {
            Expr::InSubquery(within) => {
                let negated = !within.negated;
                in_condition(Expr::InSubquery(InSubquery { negated, ..within }), inputs, alone)
            }
            inner => anywhere(Expr::Not(Box::new(inner)), inputs),
        },
        Expr::InSubquery(within) if !within.negated || alone && is_anti_join(&within) => {
            Ok(Transformed::no(Expr::InSubquery(within)))
        }
        comparison @ Expr::SetComparison(_) => Ok(Transformed::no(comparison)),
        other => anywhere(other, inputs),
    }
}

/// Whether a NOT IN is one that the engine plans with NULL in mind: it does so by the column that it looks for.
fn is_anti_join(within: &InSubquery) -> bool {
    within.subquery.outer_ref_columns.is_empty() && matches!(within.expr.as_ref(), Expr::Column(_))
}

fn anywhere(expression: Expr, inputs: &DFSchema) -> Result<Transformed<Expr>> {
    expression.transform_up(|part| match part {
        Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
            let members = Members::new(*expr, subquery, inputs)?;
            let found = members.count(Some(members.column().eq(members.outer.clone())))?.gt(lit(0i64));
            Ok(Transformed::yes(members.answer(found, !negated)?))
        }
        Expr::SetComparison(comparison) => compared(comparison, inputs),
        part => Ok(Transformed::no(part)),
    })
}

fn compared(comparison: SetComparison, inputs: &DFSchema) -> Result<Transformed<Expr>> {
    use Operator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    let any = comparison.quantifier == SetQuantifier::Any;
    // ALL holds unless its contrary does for any member.
    let op = if any { Some(comparison.op) } else { comparison.op.negate() };
    let Some(op @ (Eq | NotEq | Lt | LtEq | Gt | GtEq)) = op else {
        return Ok(Transformed::no(Expr::SetComparison(comparison)));
    };
    let members = Members::new(*comparison.expr, comparison.subquery, inputs)?;
    let value = || members.value.clone();
    let found = match op {
        Gt | GtEq => binary_expr(value(), op, members.least()?),
        Lt | LtEq => binary_expr(value(), op, members.greatest()?),
        NotEq => value().not_eq(members.least()?).or(value().not_eq(members.greatest()?)),
        _ => members.count(Some(members.column().eq(members.outer.clone())))?.gt(lit(0i64)),
    };
    Ok(Transformed::yes(members.answer(found, any)?))
}

/// A value, and the subquery among whose rows it may be.
struct Members {
    value: Expr,
    /// The value as it stands in the subquery.
    outer: Expr,
    subquery: Subquery,
    /// Whether the value, and whether one of the rows, may be NULL.
    nullable: (bool, bool),
    /// Whether the rows keep the names that they have: the engine loses outer columns below an alias.
    bare: bool,
}

impl Members {
    fn new(value: Expr, subquery: Subquery, inputs: &DFSchema) -> Result<Self> {
        let outer = value.clone().transform_up(|part| match part {
            Expr::Column(column) => {
                let field = inputs.field_from_column(&column)?;
                Ok(Transformed::yes(Expr::OuterReferenceColumn(Arc::clone(field), column)))
            }
            part => Ok(Transformed::no(part)),
        })?;
        let nullable = (value.nullable(inputs).unwrap_or(true), subquery.subquery.schema().field(0).is_nullable());
        let own = subquery.subquery.schema().columns().swap_remove(0);
        let bare = !subquery.outer_ref_columns.is_empty() && !inputs.has_column(&own);
        Ok(Self { value, outer: outer.data, subquery, nullable, bare })
    }

    fn column(&self) -> Expr {
        let own = self.subquery.subquery.schema().columns().swap_remove(0);
        Expr::Column(if self.bare { own } else { Column::new(Some(MEMBERS), own.name) })
    }

    fn count(&self, of: Option<Expr>) -> Result<Expr> {
        self.aggregate(of, count(lit(1i64)))
    }

    fn least(&self) -> Result<Expr> {
        self.aggregate(None, min(self.column()))
    }

    fn greatest(&self) -> Result<Expr> {
        self.aggregate(None, max(self.column()))
    }

    /// An aggregate of the members, or of some of them, as a subquery of its own.
    fn aggregate(&self, of: Option<Expr>, aggregate: Expr) -> Result<Expr> {
        let members = LogicalPlanBuilder::from(Arc::clone(&self.subquery.subquery));
        let members = if self.bare { members } else { members.alias(MEMBERS)? };
        let members = if let Some(condition) = of { members.filter(condition)? } else { members };
        let plan = members.aggregate(Vec::<Expr>::new(), [aggregate])?.build()?;
        let outer_ref_columns = plan.all_out_ref_exprs();
        let spans = self.subquery.spans.clone();
        Ok(Expr::ScalarSubquery(Subquery { subquery: Arc::new(plan), outer_ref_columns, spans }))
    }

    /// `answer` where one is found, its contrary where none is; NULL where that can't be known.
    fn answer(&self, found: Expr, answer: bool) -> Result<Expr> {
        let mut cases = when(found, lit(answer));
        let (value_may_be, member_may_be) = self.nullable;
        if value_may_be || member_may_be {
            let unknown = match (value_may_be, member_may_be) {
                (true, true) => self.value.clone().is_null().or(self.nulls()?),
                (true, false) => self.value.clone().is_null(),
                _ => self.nulls()?,
            };
            cases = cases.when(self.count(None)?.eq(lit(0i64)), lit(!answer));
            cases = cases.when(unknown, lit(ScalarValue::Boolean(None)));
        }
        cases.otherwise(lit(!answer))
    }

    fn nulls(&self) -> Result<Expr> {
        Ok(self.count(Some(self.column().is_null()))?.gt(lit(0i64)))
    }
}
