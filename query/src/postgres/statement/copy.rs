//! `COPY … TO STDOUT`: rows as a file has them.

use super::super::client::is_utf8;
use super::{Refusal, Statement, Token, Words, state};

/// What is copied out, and how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::postgres) struct CopyOut {
    /// The question whose rows are wanted.
    pub(in crate::postgres) query: String,
    /// How they are written.
    pub(in crate::postgres) form: Form,
}

/// How rows are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::postgres) enum Form {
    /// Fields parted by a letter, special letters behind a backslash.
    Text { delimiter: u8, null: String, header: bool },
    /// Fields parted by a letter, in quotes where needed.
    Csv { delimiter: u8, null: String, header: bool, quote: u8, escape: u8, quote_all: bool },
    /// Values as in binary answers.
    Binary,
}

/// The rest of `COPY`.
pub(super) fn copy(words: &mut Words<'_>, text: &str) -> Result<Statement, Refusal> {
    let query = if words.skip_sign('(') { in_parentheses(words, text)? } else { of_table(words)? };
    if words.next_is("from") {
        let refused = "COPY FROM is refused: this door only answers questions";
        return Err(Refusal::new(state::READ_ONLY, refused).hint("facts come in through import or POST /v1/events"));
    }
    if !words.skip("to") || !words.skip("stdout") {
        let refused = "COPY writes to STDOUT alone, never to a file or a program of the server";
        return Err(Refusal::new(state::READ_ONLY, refused).hint("write COPY (SELECT …) TO STDOUT"));
    }
    Ok(Statement::Copy(Box::new(CopyOut { query, form: form(words)? })))
}

/// The query up to the parenthesis that closes it.
fn in_parentheses(words: &mut Words<'_>, text: &str) -> Result<String, Refusal> {
    let (begin, mut open) = (words.place().unwrap_or(text.len()), 1_usize);
    while let Some((token, place)) = words.0.pop() {
        match token {
            Token::Sign('(') => open += 1,
            Token::Sign(')') if open == 1 => return Ok(text[begin..place.start].to_owned()),
            Token::Sign(')') => open -= 1,
            _ => {}
        }
    }
    Err(Refusal::new(state::SYNTAX, "COPY ( … has no closing parenthesis"))
}

/// The query that a table's or view's name stands for, with the columns in parentheses behind it.
fn of_table(words: &mut Words<'_>) -> Result<String, Refusal> {
    let quoted = |name: String| format!("\"{}\"", name.replace('"', "\"\""));
    let mut table = quoted(words.name()?);
    while words.skip_sign('.') {
        table = format!("{table}.{}", quoted(words.name()?));
    }
    let mut columns = Vec::new();
    if words.skip_sign('(') {
        loop {
            columns.push(quoted(words.name()?));
            if words.skip_sign(')') {
                break;
            }
            if !words.skip_sign(',') {
                return Err(Refusal::new(state::SYNTAX, "COPY's columns have no closing parenthesis"));
            }
        }
    }
    let columns = if columns.is_empty() { "*".to_owned() } else { columns.join(", ") };
    Ok(format!("SELECT {columns} FROM {table}"))
}

/// Options as they are collected, in the new form and in the old one.
#[derive(Debug, Default)]
struct Options {
    format: Option<String>,
    delimiter: Option<String>,
    null: Option<String>,
    header: bool,
    quote: Option<String>,
    escape: Option<String>,
    quote_all: bool,
}

fn form(words: &mut Words<'_>) -> Result<Form, Refusal> {
    words.skip("with");
    let listed = words.skip_sign('(');
    let mut options = Options::default();
    while let Some(name) = words.keyword() {
        options.take(&name, words)?;
        words.skip_sign(',');
    }
    if listed && !words.skip_sign(')') || words.peek().is_some() {
        return Err(
            Refusal::new(state::SYNTAX, "COPY's options are not readable").hint("write WITH (FORMAT csv, HEADER true)")
        );
    }
    options.form()
}

impl Options {
    fn take(&mut self, name: &str, words: &mut Words<'_>) -> Result<(), Refusal> {
        words.skip("as");
        match name {
            "csv" | "binary" | "text" => self.format = Some(name.to_owned()),
            "format" => self.format = Some(word(words)?),
            "header" => self.header = header(words)?,
            "delimiter" | "delimiters" => self.delimiter = text(words)?,
            "null" => self.null = text(words)?,
            "quote" => self.quote = text(words)?,
            "escape" => self.escape = text(words)?,
            "force_quote" => self.quote_all = self.forced(words)?,
            "force" if words.skip("quote") => self.quote_all = self.forced(words)?,
            "encoding" => match text(words)? {
                Some(encoding) if is_utf8(&encoding) => {}
                _ => return Err(Refusal::new(state::UNSUPPORTED, "COPY is written in UTF8 alone")),
            },
            other => return Err(Refusal::new(state::UNSUPPORTED, format!("COPY has no option {other} here"))),
        }
        Ok(())
    }

    fn forced(&self, words: &mut Words<'_>) -> Result<bool, Refusal> {
        if words.skip_sign('*') {
            return Ok(true);
        }
        Err(Refusal::new(state::UNSUPPORTED, "FORCE_QUOTE knows * alone, which is all columns"))
    }

    fn form(self) -> Result<Form, Refusal> {
        let one = |given: &Option<String>, default: u8, what: &str| match given.as_deref().map(str::as_bytes) {
            None => Ok(default),
            Some([byte]) if *byte != b'\n' && *byte != b'\r' => Ok(*byte),
            Some(_) => Err(Refusal::new(state::BAD_VALUE, format!("COPY's {what} is one letter of ASCII"))),
        };
        match self.format.as_deref() {
            None | Some("text") => Ok(Form::Text {
                delimiter: one(&self.delimiter, b'\t', "delimiter")?,
                null: self.null.unwrap_or_else(|| "\\N".to_owned()),
                header: self.header,
            }),
            Some("csv") => {
                let quote = one(&self.quote, b'"', "quote")?;
                Ok(Form::Csv {
                    delimiter: one(&self.delimiter, b',', "delimiter")?,
                    escape: one(&self.escape, quote, "escape")?,
                    null: self.null.unwrap_or_default(),
                    header: self.header,
                    quote,
                    quote_all: self.quote_all,
                })
            }
            Some("binary") => Ok(Form::Binary),
            Some(other) => Err(Refusal::new(state::BAD_VALUE, format!("COPY knows no format {other}"))
                .hint("take text, csv or binary")),
        }
    }
}

fn word(words: &mut Words<'_>) -> Result<String, Refusal> {
    match words.next() {
        Some(Token::Word(word)) => Ok(word.to_ascii_lowercase()),
        Some(Token::Text(word) | Token::Name(word)) => Ok(word.to_ascii_lowercase()),
        _ => Err(Refusal::new(state::SYNTAX, "an option of COPY has no value")),
    }
}

/// Whether a header is wanted: the option alone says so.
fn header(words: &mut Words<'_>) -> Result<bool, Refusal> {
    let told = matches!(words.peek(), Some(Token::Text(_))) || words.peek().is_some_and(says_whether);
    Ok(!told || matches!(word(words)?.as_str(), "true" | "on" | "1"))
}

fn says_whether(token: &Token<'_>) -> bool {
    ["true", "false", "on", "off", "0", "1"].iter().any(|word| token.is(word))
}

fn text(words: &mut Words<'_>) -> Result<Option<String>, Refusal> {
    match words.next() {
        Some(Token::Text(text)) => Ok(Some(text)),
        _ => Err(Refusal::new(state::SYNTAX, "an option of COPY needs a text in quotes")),
    }
}
