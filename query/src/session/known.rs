//! Words of the catalogue in a question: a mistyped indicator would otherwise be answered with no rows.

use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator};
use lantoa_schemas::catalogue::{Catalogue, nearest};

use crate::error::QueryError;

/// Refuses a comparison of a column `indicator` with a word that is no indicator.
pub(super) fn check_indicators(plan: &LogicalPlan, catalogue: &Catalogue) -> Result<(), QueryError> {
    let mut unknown = None;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                let wrong = || compared(part).into_iter().find(|word| catalogue.indicator(word).is_none());
                unknown = unknown.take().or_else(|| wrong().map(str::to_owned));
                Ok(if unknown.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
            })
        })
    })?;
    unknown.map_or(Ok(()), |word| Err(no_indicator(&word, catalogue)))
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

fn no_indicator(word: &str, catalogue: &Catalogue) -> QueryError {
    let hint = match nearest(word, catalogue.indicators().iter().map(|indicator| indicator.id.as_str())) {
        Some(near) => format!("Did you mean '{near}'?"),
        None => "The table catalogue lists what there is".to_owned(),
    };
    QueryError::sql(format!("there is no indicator '{word}'"), Some(hint))
}
