//! What a statement is to the face: a question, or something that concerns the connection alone.
//!
//! In: the text of one statement. Out: a [`Statement`]. Whatever is not known here is a question for the session, which
//! refuses what is none.

use super::refusal::{Refusal, state};
use super::scan::{Token, statements, tokens};

mod copy;
mod fetch;
mod prepare;

pub(super) use copy::{CopyOut, Form};
pub(super) use fetch::{Fetch, Step};
pub(super) use prepare::Call;

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Statement {
    /// Nothing but comments.
    Empty,
    /// For the session.
    Question,
    Begin,
    Commit,
    Rollback,
    Savepoint(String),
    Release(String),
    RollbackTo(String),
    Set {
        name: String,
        value: Option<String>,
        local: bool,
    },
    Show(String),
    ResetAll,
    Discard(Discard),
    /// A question, with the numbers of the types that its parameters are said to have, 0 for one that is left to it.
    Prepare {
        name: String,
        types: Vec<u32>,
        query: String,
    },
    Execute(Call),
    /// Of a prepared statement, or of all.
    Deallocate(Option<String>),
    Declare {
        name: String,
        query: String,
        hold: bool,
    },
    Fetch(Fetch),
    /// Of a cursor, or of all.
    Close(Option<String>),
    Copy(Box<CopyOut>),
    /// Done by doing nothing: the words of its tag.
    Nothing(&'static str),
}

/// What is let go of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Discard {
    /// Cursors, prepared statements, settings.
    All,
    /// Plans, sequences, temporary tables: none is kept.
    Other(&'static str),
}

impl Statement {
    /// What a text is.
    ///
    /// # Errors
    /// Where it begins as one of the face's own and goes on as none.
    pub(super) fn of(text: &str) -> Result<Self, Refusal> {
        let mut words = Words::of(text);
        let Some(first) = words.keyword() else {
            return Ok(if words.0.is_empty() { Self::Empty } else { Self::Question });
        };
        match first.as_str() {
            "begin" => Ok(Self::Begin),
            "start" if words.next_is("transaction") => Ok(Self::Begin),
            "commit" | "end" => Ok(Self::Commit),
            "abort" => Ok(Self::Rollback),
            "rollback" => words.rollback(),
            "savepoint" => Ok(Self::Savepoint(words.name()?)),
            "release" => {
                words.skip("savepoint");
                Ok(Self::Release(words.name()?))
            }
            "set" => words.set(),
            "reset" => words.reset(),
            "show" => Ok(words.show()),
            "discard" => words.discard(),
            "prepare" => prepare::prepare(&mut words, text),
            "execute" => prepare::execute(&mut words, text),
            "deallocate" => {
                words.skip("prepare");
                Ok(Self::Deallocate(words.name_or_all()?))
            }
            "declare" => fetch::declare(&mut words, text),
            "fetch" => Ok(Self::Fetch(fetch::fetch(&mut words, true)?)),
            "move" => Ok(Self::Fetch(fetch::fetch(&mut words, false)?)),
            "close" => Ok(Self::Close(words.name_or_all()?)),
            "copy" => copy::copy(&mut words, text),
            "unlisten" => Ok(Self::Nothing("UNLISTEN")),
            "lock" => Ok(Self::Nothing("LOCK TABLE")),
            _ => Ok(Self::Question),
        }
    }
}

/// The tokens of a statement from some point on.
struct Words<'a>(Vec<(Token<'a>, std::ops::Range<usize>)>);

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Self {
        // From the last to the first, so that taking one is taking it from the end.
        let mut words: Vec<_> = tokens(text).collect();
        words.reverse();
        Self(words)
    }

    fn peek(&self) -> Option<&Token<'a>> {
        self.0.last().map(|(token, _)| token)
    }

    fn next(&mut self) -> Option<Token<'a>> {
        self.0.pop().map(|(token, _)| token)
    }

    fn next_is(&self, keyword: &str) -> bool {
        self.peek().is_some_and(|token| token.is(keyword))
    }

    /// Takes a keyword, where it is the next.
    fn skip(&mut self, keyword: &str) -> bool {
        let is = self.next_is(keyword);
        if is {
            self.0.pop();
        }
        is
    }

    fn skip_sign(&mut self, sign: char) -> bool {
        let is = self.peek() == Some(&Token::Sign(sign));
        if is {
            self.0.pop();
        }
        is
    }

    /// Takes the next word in small letters.
    fn keyword(&mut self) -> Option<String> {
        match self.peek() {
            Some(Token::Word(word)) => {
                let word = word.to_ascii_lowercase();
                self.0.pop();
                Some(word)
            }
            _ => None,
        }
    }

    /// Takes a name: in small letters, unless it is in quotes.
    fn name(&mut self) -> Result<String, Refusal> {
        match self.next() {
            Some(Token::Word(word)) => Ok(word.to_ascii_lowercase()),
            Some(Token::Name(name)) => Ok(name),
            _ => Err(Refusal::new(state::SYNTAX, "a name is missing")),
        }
    }

    fn name_or_all(&mut self) -> Result<Option<String>, Refusal> {
        Ok(if self.skip("all") { None } else { Some(self.name()?) })
    }

    /// Where what is not taken yet begins.
    fn place(&self) -> Option<usize> {
        self.0.last().map(|(_, place)| place.start)
    }

    fn rollback(&mut self) -> Result<Statement, Refusal> {
        self.skip("work");
        self.skip("transaction");
        if !self.skip("to") {
            return Ok(Statement::Rollback);
        }
        self.skip("savepoint");
        Ok(Statement::RollbackTo(self.name()?))
    }

    fn set(&mut self) -> Result<Statement, Refusal> {
        let local = self.skip("local");
        if !local && self.skip("session") && self.skip("characteristics") {
            return Ok(Statement::Nothing("SET"));
        }
        if self.next_is("transaction") || self.next_is("constraints") {
            return Ok(Statement::Nothing("SET"));
        }
        if self.skip("time") {
            self.skip("zone");
            let value = self.value().filter(|value| !value.eq_ignore_ascii_case("local"));
            return Ok(Statement::Set { name: "timezone".to_owned(), value, local });
        }
        if self.skip("names") {
            return Ok(Statement::Set { name: "client_encoding".to_owned(), value: self.value(), local });
        }
        if self.skip("role") || self.skip("authorization") {
            return match self.value() {
                None => Ok(Statement::Nothing("SET")),
                Some(none) if none.eq_ignore_ascii_case("none") => Ok(Statement::Nothing("SET")),
                Some(_) => Err(Refusal::new(state::UNSUPPORTED, "nobody can ask as somebody else")),
            };
        }
        let name = self.setting()?;
        if !self.skip_sign('=') && !self.skip("to") {
            return Err(
                Refusal::new(state::SYNTAX, format!("SET {name} has no value")).hint("write SET name = 'value'")
            );
        }
        Ok(Statement::Set { name, value: self.value(), local })
    }

    /// A setting's name with its dots.
    fn setting(&mut self) -> Result<String, Refusal> {
        let mut name = self.name()?.to_ascii_lowercase();
        while self.skip_sign('.') {
            name.push('.');
            name.push_str(&self.name()?);
        }
        Ok(name)
    }

    /// What is left as a value; `None` for the word that sets back.
    fn value(&mut self) -> Option<String> {
        if self.next_is("default") {
            return None;
        }
        let mut value = String::new();
        while let Some(token) = self.next() {
            match token {
                Token::Word(word) => value.push_str(word),
                Token::Name(text) | Token::Text(text) => value.push_str(&text),
                Token::Parameter(number) => value.push_str(&format!("${number}")),
                Token::Sign(',') => value.push_str(", "),
                Token::Sign(sign) => value.push(sign),
            }
        }
        (!value.is_empty()).then_some(value)
    }

    fn reset(&mut self) -> Result<Statement, Refusal> {
        if self.skip("all") {
            return Ok(Statement::ResetAll);
        }
        if self.next_is("role") || self.next_is("session") {
            return Ok(Statement::Nothing("RESET"));
        }
        Ok(Statement::Set { name: self.setting()?, value: None, local: false })
    }

    fn show(&mut self) -> Statement {
        if self.skip("transaction") && self.skip("isolation") {
            return Statement::Show("transaction_isolation".to_owned());
        }
        if self.skip("time") {
            return Statement::Show("timezone".to_owned());
        }
        // What the engine shows by itself.
        if ["tables", "columns", "functions", "create", "full"].iter().any(|word| self.next_is(word)) {
            return Statement::Question;
        }
        match self.setting() {
            Ok(name) if self.0.is_empty() => Statement::Show(name),
            _ => Statement::Question,
        }
    }

    fn discard(&mut self) -> Result<Statement, Refusal> {
        match self.keyword().as_deref() {
            Some("all") => Ok(Statement::Discard(Discard::All)),
            Some("plans") => Ok(Statement::Discard(Discard::Other("DISCARD PLANS"))),
            Some("sequences") => Ok(Statement::Discard(Discard::Other("DISCARD SEQUENCES"))),
            Some("temp" | "temporary") => Ok(Statement::Discard(Discard::Other("DISCARD TEMP"))),
            _ => Err(Refusal::new(state::SYNTAX, "DISCARD knows ALL, PLANS, SEQUENCES and TEMP")),
        }
    }
}

/// The one statement of a text; `None` where there is none.
///
/// # Errors
/// Where there are several.
pub(super) fn only(text: &str) -> Result<Option<&str>, Refusal> {
    match statements(text).as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err(Refusal::new(state::SYNTAX, "a prepared statement is one statement, and this text has several")),
    }
}

#[cfg(test)]
mod tests;
