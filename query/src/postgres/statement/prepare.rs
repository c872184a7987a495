//! Questions that are prepared by words of SQL: `PREPARE` and `EXECUTE`.
//!
//! In: what stands behind the first word. Out: names, types and values. Guarantee: a value is a constant; nothing in it is
//! looked up or read as a part of the question.

use datafusion::sql::sqlparser::ast::{Expr, TypedString, UnaryOperator, Value};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token as SqlToken;

use super::super::kind::PgType;
use super::super::scan::tokens;
use super::{Refusal, Statement, Token, Words, state};

/// Names of types beside those of the catalogue.
const OTHER_NAMES: [(&str, &str); 9] = [
    ("int", "integer"),
    ("float", "float8"),
    ("decimal", "numeric"),
    ("varchar", "text"),
    ("character varying", "text"),
    ("character", "text"),
    ("char", "text"),
    ("bpchar", "text"),
    ("name", "text"),
];

/// A prepared statement that is to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::postgres) struct Call {
    /// Its name.
    pub(in crate::postgres) name: String,
    /// The values of its parameters as text, `None` for null.
    pub(in crate::postgres) values: Vec<Option<String>>,
}

/// The rest of `PREPARE`.
pub(super) fn prepare(words: &mut Words<'_>, text: &str) -> Result<Statement, Refusal> {
    let name = words.name()?;
    let types = if words.skip_sign('(') { types(words)? } else { Vec::new() };
    let from = if words.skip("as") { words.place() } else { None };
    let query = from.map(|from| text[from..].to_owned()).ok_or_else(|| {
        let refusal = Refusal::new(state::SYNTAX, "PREPARE has no AS with a question behind it");
        refusal.hint("write PREPARE name (type, …) AS SELECT …")
    })?;
    Ok(Statement::Prepare { name, types, query })
}

/// The numbers of the types up to the parenthesis that closes them, 0 for one that the question decides.
fn types(words: &mut Words<'_>) -> Result<Vec<u32>, Refusal> {
    let not_closed = || Refusal::new(state::SYNTAX, "PREPARE's types have no closing parenthesis");
    let (mut types, mut name) = (Vec::new(), String::new());
    loop {
        match words.next().ok_or_else(not_closed)? {
            Token::Word(word) => {
                if name.ends_with(char::is_alphanumeric) {
                    name.push(' ');
                }
                name.push_str(&word.to_ascii_lowercase());
            }
            Token::Name(word) => name.push_str(&word),
            // How long or how exact a value may be means nothing here.
            Token::Sign('(') => {
                while !words.skip_sign(')') {
                    words.next().ok_or_else(not_closed)?;
                }
            }
            Token::Sign(sign @ (',' | ')')) => {
                types.push(number_of(&name)?);
                name.clear();
                if sign == ')' {
                    return Ok(types);
                }
            }
            Token::Sign(sign) => name.push(sign),
            Token::Text(_) | Token::Parameter(_) => {
                return Err(Refusal::new(state::SYNTAX, "PREPARE's types are not readable"));
            }
        }
    }
}

fn number_of(name: &str) -> Result<u32, Refusal> {
    if name == "unknown" {
        return Ok(0);
    }
    let (single, list) = name.strip_suffix("[]").map_or((name, ""), |single| (single, "[]"));
    let other = OTHER_NAMES.iter().find(|(other, _)| *other == single);
    let known = PgType::named(&format!("{}{list}", other.map_or(single, |(_, known)| *known)));
    known.map(PgType::oid).ok_or_else(|| Refusal::new(state::NO_SETTING, format!("there is no type \"{name}\"")))
}

/// The rest of `EXECUTE`.
pub(super) fn execute(words: &mut Words<'_>, text: &str) -> Result<Statement, Refusal> {
    let name = words.name()?;
    let values = words.place().map(|from| listed(&text[from..])).transpose().map_err(|error| {
        let refusal = Refusal::new(state::SYNTAX, format!("the values of EXECUTE are not readable: {error}"));
        refusal.hint("write EXECUTE name (value, …)")
    })?;
    let values = values.unwrap_or_default().iter().map(constant).collect::<Result<_, _>>()?;
    Ok(Statement::Execute(Call { name, values }))
}

/// Most tokens of one value. More is no constant, and might be read as a tree that is deeper than a stack.
const MOST_TOKENS: usize = 64;

/// Values in parentheses, and nothing behind them.
fn listed(text: &str) -> Result<Vec<Expr>, ParserError> {
    let (mut depth, mut length) = (0_usize, 0);
    for (token, _) in tokens(text) {
        match token {
            Token::Sign('(' | '[') => depth += 1,
            Token::Sign(')' | ']') => depth = depth.saturating_sub(1),
            Token::Sign(',') if depth == 1 => length = 0,
            _ => {}
        }
        length += 1;
        if length > MOST_TOKENS {
            return Err(ParserError::ParserError("a value is too long for a constant".to_owned()));
        }
    }
    let dialect = GenericDialect {};
    let mut parser = Parser::new(&dialect).try_with_sql(text)?;
    parser.expect_token(&SqlToken::LParen)?;
    let values = parser.parse_comma_separated(Parser::parse_expr)?;
    parser.expect_token(&SqlToken::RParen)?;
    parser.expect_token(&SqlToken::EOF)?;
    Ok(values)
}

/// The text of a constant. Of which type it is, is said by the prepared statement alone.
fn constant(given: &Expr) -> Result<Option<String>, Refusal> {
    let none = || {
        let refusal = Refusal::new(state::UNSUPPORTED, format!("EXECUTE takes constants, and {given} is none"));
        refusal.hint("write a number, a text in quotes, a date in quotes, true, false or NULL; a list as '{a,b}'")
    };
    match given {
        Expr::Value(value) | Expr::TypedString(TypedString { value, .. }) => match &value.value {
            Value::Null => Ok(None),
            Value::Boolean(is) => Ok(Some(is.to_string())),
            Value::Number(digits, _) => Ok(Some(digits.clone())),
            Value::HexStringLiteral(digits) => Ok(Some(format!("\\x{digits}"))),
            other => other.clone().into_string().map(Some).ok_or_else(none),
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => Ok(constant(expr)?.map(|number| format!("-{number}"))),
        Expr::UnaryOp { op: UnaryOperator::Plus, expr } | Expr::Nested(expr) | Expr::Cast { expr, .. } => {
            constant(expr)
        }
        _ => Err(none()),
    }
}
