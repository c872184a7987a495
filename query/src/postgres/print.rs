//! What was read, as text that reads as the same.
//!
//! In: a statement or a part of one. Out: its text. Guarantee: every text in it stands in single quotes with each quote
//! doubled, as the session's reader has it; how it was written before (with escapes, between dollars) does not matter.

use std::fmt::Display;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Value, ValueWithSpan, VisitMut, VisitorMut};

use super::scan;

/// The text of a statement or of a part.
pub(super) fn printed<T: VisitMut + Clone + Display>(part: &T) -> String {
    let mut part = part.clone();
    let _ = part.visit(&mut Doubler);
    part.to_string()
}

/// A statement's text with its values written out, for the record of who asked what. It is never read as a statement.
pub(super) fn spelled(text: &str, values: &[Option<Expr>]) -> String {
    if values.is_empty() {
        return text.to_owned();
    }
    scan::with_values(text, |number| {
        let value = number.checked_sub(1).and_then(|at| values.get(at)).and_then(Option::as_ref);
        value.map_or_else(|| format!("${number}"), printed)
    })
}

/// Doubles quotes, because the parser's own printing takes a quote behind a backslash or beside another for a doubled one.
struct Doubler;

impl VisitorMut for Doubler {
    type Break = ();

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<()> {
        let text = match &value.value {
            Value::SingleQuotedString(text)
            | Value::EscapedStringLiteral(text)
            | Value::UnicodeStringLiteral(text)
            | Value::NationalStringLiteral(text) => text,
            Value::DollarQuotedString(text) => &text.value,
            _ => return ControlFlow::Continue(()),
        };
        value.value = Value::SingleQuotedString(text.replace('\'', "''"));
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::sql::sqlparser::dialect::GenericDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    #[test]
    fn texts_read_as_what_they_were() {
        for text in
            ["", "'", "''", "a'b", "\\'", "\\''", "\\' OR 1=1 --", "!' OR 1=1 --", "'''\\\\'", "$$", "/* '", "\u{0}'\n"]
        {
            let literal = Expr::Value(Value::SingleQuotedString(text.to_owned()).into());
            let print = printed(&literal);
            let read = Parser::new(&GenericDialect {}).try_with_sql(&print).unwrap().parse_expr().unwrap();
            assert_eq!(read, literal, "{print}");
        }
        let parsed = |text| Parser::new(&GenericDialect {}).try_with_sql(text).unwrap().parse_expr().unwrap();
        assert_eq!(printed(&parsed("f(E'a\\'b', $x$c'd$x$)")), "f('a''b', 'c''d')");
        let values = [Some(Expr::Value(Value::SingleQuotedString("a'b".into()).into()))];
        assert_eq!(spelled("SELECT $1, '$1', $2", &values), "SELECT 'a''b', '$1', $2");
    }
}
