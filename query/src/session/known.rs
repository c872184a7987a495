//! Words of the catalogue in a question: a mistyped indicator would otherwise be answered with no rows.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator};
use lantoa_schemas::catalogue::{Catalogue, nearest};

/// Refuses a comparison of a column `indicator` with a word that is no indicator.
pub(super) fn check_indicators(plan: &LogicalPlan, catalogue: &Catalogue) -> Result<()> {
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                compared(part).into_iter().try_for_each(|word| check(word, catalogue))?;
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(())
}

/// The words that an expression compares a column `indicator` with.
fn compared(expression: &Expr) -> Vec<&str> {
    let named = |expression: &Expr| matches!(expression, Expr::Column(column) if column.name == "indicator");
    match expression {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq | Operator::NotEq, right }) => match (&**left, &**right) {
            (column, word) | (word, column) if named(column) => text(word).into_iter().collect(),
            _ => Vec::new(),
        },
        Expr::InList(list) if named(&list.expr) => list.list.iter().filter_map(text).collect(),
        _ => Vec::new(),
    }
}

fn text(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _) => Some(text),
        _ => None,
    }
}

fn check(word: &str, catalogue: &Catalogue) -> Result<()> {
    if catalogue.indicator(word).is_some() {
        return Ok(());
    }
    let remedy = match nearest(word, catalogue.indicators().iter().map(|indicator| indicator.id.as_str())) {
        Some(near) => format!("did you mean '{near}'?"),
        None => "see the table catalogue".to_owned(),
    };
    Err(DataFusionError::Plan(format!("there is no indicator '{word}': {remedy}")))
}
