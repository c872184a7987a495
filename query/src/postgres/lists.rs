//! Which parameters have to be lists although nobody says so: those of `= ANY($1)`, whose type clients leave to the server.
//!
//! In: a statement's text. Out: numbers of parameters. The engine itself takes any value there, and fails on a text.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::sqlparser::ast::{Expr, Value, Visit, Visitor};

/// The parameters that stand behind `ANY` or `ALL`; none where the text cannot be read.
pub(super) fn wanted(text: &str) -> BTreeSet<usize> {
    let mut found = Found::default();
    for statement in DFParser::parse_sql(text).unwrap_or_default() {
        if let Statement::Statement(sql) = statement {
            let _ = sql.visit(&mut found);
        }
    }
    found.0
}

#[derive(Default)]
struct Found(BTreeSet<usize>);

impl Visitor for Found {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::AnyOp { right, .. } | Expr::AllOp { right, .. } = expr
            && let Some(number) = parameter(right)
        {
            self.0.insert(number);
        }
        ControlFlow::Continue(())
    }
}

fn parameter(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Nested(inner) => parameter(inner),
        Expr::Value(value) => match &value.value {
            Value::Placeholder(name) => name.strip_prefix('$')?.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_behind_any_is_a_list() {
        let text = "SELECT $1 FROM a WHERE b = ANY($2) AND c <> ALL ($3) AND d = ANY(ARRAY[$4]) AND e = $5";
        assert_eq!(wanted(text), BTreeSet::from([2, 3]));
        assert!(wanted("SELECT").is_empty());
    }
}
