//! Values for a statement's parameters (`$1` and so on).
//!
//! In: a statement as it was read, and values as expressions, the first for `$1`. Out: the statement with the values in
//! their places, so that the engine types it like one that was written out. Guarantee: a value is put into what was
//! read and never into a text that is read again, so nothing in it can be taken for SQL.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, Value, ValueWithSpan, VisitMut, VisitorMut};

/// Values by the number of their parameter less one; a parameter without a value stays a parameter.
pub(crate) type Values = Arc<[Option<Expr>]>;

/// Puts values into a statement.
pub(super) fn put_in(statement: &mut Statement, values: &[Option<Expr>]) {
    match statement {
        Statement::Statement(sql) => fill(sql.as_mut(), values),
        Statement::Explain(explain) => put_in(&mut explain.statement, values),
        // These are refused.
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) | Statement::Reset(_) => {}
    }
}

/// Puts values into a part of a statement.
pub(crate) fn fill<T: VisitMut>(part: &mut T, values: &[Option<Expr>]) {
    if !values.is_empty() {
        let _ = part.visit(&mut Filler { values });
    }
}

struct Filler<'a> {
    values: &'a [Option<Expr>],
}

impl<'a> Filler<'a> {
    fn of(&self, value: &Value) -> Option<&'a Expr> {
        let Value::Placeholder(name) = value else { return None };
        let number: usize = name.strip_prefix('$')?.parse().ok()?;
        self.values.get(number.checked_sub(1)?)?.as_ref()
    }
}

impl VisitorMut for Filler<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let found = match &*expr {
            Expr::Value(value) => self.of(&value.value),
            _ => None,
        };
        if let Some(found) = found {
            *expr = found.clone();
        }
        ControlFlow::Continue(())
    }

    /// Of places that take nothing but a value, such as behind ESCAPE.
    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<()> {
        if let Some(Expr::Value(found)) = self.of(&value.value) {
            *value = found.clone();
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::sql::parser::DFParser;

    #[test]
    fn values_stand_where_parameters_were_and_nowhere_else() {
        let text = |text: &str| Some(Expr::Value(Value::SingleQuotedString(text.into()).into()));
        let values = [text("a"), None, text("$1")];
        for (statement, expected) in [
            ("SELECT $1, '$1', \"$1\", $2, $3, $4", "SELECT 'a', '$1', \"$1\", $2, '$1', $4"),
            ("EXPLAIN SELECT x LIKE $3 ESCAPE $1", "EXPLAIN SELECT x LIKE '$1' ESCAPE 'a'"),
            (
                "SELECT * FROM f($1) WHERE x IN (SELECT $1) LIMIT $1",
                "SELECT * FROM f('a') WHERE x IN (SELECT 'a') LIMIT 'a'",
            ),
        ] {
            let mut statements = DFParser::parse_sql(statement).unwrap();
            put_in(&mut statements[0], &values);
            assert_eq!(statements[0].to_string(), expected, "{statement}");
        }
    }
}
