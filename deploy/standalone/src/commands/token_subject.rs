//! `lantoa token-subject`: ids of persons to tokens, on the machine that has the ids.
//!
//! In: a key in a file, and ids from standard input or from a column of a sheet. Out: tokens in the same order, or the sheet
//! with tokens in place of ids. Guarantee: the same id under the same key is the same token; ids and key are in no argument,
//! log line, error or output; where one id cannot be used nothing is written.
//!
//! A token is `st_` and 160 bits of HMAC-SHA-256 in hexadecimal digits.

use std::io::{Read, Write};
use std::path::Path;

use unicode_normalization::UnicodeNormalization;

mod key;
mod sheet;

use key::Key;
pub use key::KeyError;
pub use sheet::SheetError;

use super::sql::sink::write_file;
use crate::cli::TokenSubjectArgs;
use crate::run::Outcome;

/// Bytes of the longest id.
const MOST_BYTES: usize = 200;
/// Lines that are named of those that cannot be used.
const MOST_NAMED: usize = 20;

/// Why there are no tokens.
#[derive(Debug, thiserror::Error)]
pub enum TokenSubjectError {
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// There is none.
    #[error("say which key with --key FILE; --new-key FILE makes one")]
    NoKey,
    /// The sheet.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// Ids that are none.
    #[error(transparent)]
    Bad(#[from] Bad),
    /// Nothing was given.
    #[error("there is no id on standard input; give one a line")]
    NoId,
    /// The input. What was named as a sheet may have been an id, so it is not repeated.
    #[error("the input cannot be read")]
    Input(#[source] std::io::Error),
    /// The output.
    #[error("the tokens cannot be written")]
    Output(#[source] std::io::Error),
}

impl TokenSubjectError {
    /// Whether the command line was wrong.
    pub fn is_wrong_use(&self) -> bool {
        match self {
            Self::NoKey => true,
            Self::Sheet(error) => error.is_wrong_use(),
            _ => false,
        }
    }
}

/// Lines whose ids cannot be used, each with why. An id is never among it.
#[derive(Debug, Default)]
pub struct Bad {
    lines: Vec<(u64, &'static str)>,
    more: u64,
}

impl Bad {
    fn add(&mut self, line: u64, why: &'static str) {
        if self.lines.len() < MOST_NAMED { self.lines.push((line, why)) } else { self.more += 1 }
    }

    /// # Errors
    /// Itself, where there is any.
    fn none(self) -> Result<(), Self> {
        if self.lines.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl std::fmt::Display for Bad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nothing was written, because not every id can be used: ")?;
        for (at, (line, why)) in self.lines.iter().enumerate() {
            write!(f, "{}line {line} {why}", if at == 0 { "" } else { "; " })?;
        }
        if self.more > 0 {
            write!(f, "; and {} lines more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for Bad {}

/// Makes a key, or tokens.
///
/// # Errors
/// Any [`TokenSubjectError`].
pub fn token_subject(arguments: &TokenSubjectArgs) -> Result<Outcome, TokenSubjectError> {
    let key = match (&arguments.new_key, &arguments.key) {
        (Some(path), _) => {
            Key::make(path)?;
            eprintln!(
                "{}: a new key; keep it where the ids are, and a copy of it in another safe place (giữ khóa cùng nơi giữ danh \
                 sách, có bản sao ở nơi an toàn, không gửi đi)",
                path.display()
            );
            return Ok(Outcome::Done);
        }
        (None, Some(path)) => Key::read(path)?,
        (None, None) => return Err(TokenSubjectError::NoKey),
    };
    match (&arguments.sheet, &arguments.column, &arguments.out) {
        (Some(sheet), Some(column), Some(out)) => of_sheet(&key, sheet, column, &arguments.drop, out)?,
        _ => of_lines(&key)?,
    }
    Ok(Outcome::Done)
}

fn of_sheet(key: &Key, sheet: &Path, column: &str, drop: &[String], out: &Path) -> Result<(), TokenSubjectError> {
    let content = std::fs::read(sheet).map_err(TokenSubjectError::Input)?;
    let made = sheet::with_tokens(&content, column, drop, key)?;
    write_file(out, &made.content).map_err(TokenSubjectError::Output)?;
    eprintln!("{}: {} rows with tokens", out.display(), made.rows);
    Ok(())
}

fn of_lines(key: &Key) -> Result<(), TokenSubjectError> {
    let mut content = Vec::new();
    std::io::stdin().lock().read_to_end(&mut content).map_err(TokenSubjectError::Input)?;
    let tokens = tokens(&content, key)?;
    if tokens.is_empty() {
        return Err(TokenSubjectError::NoId);
    }
    std::io::stdout().lock().write_all(tokens.as_bytes()).map_err(TokenSubjectError::Output)
}

/// The tokens of ids, a line each.
fn tokens(content: &[u8], key: &Key) -> Result<String, Bad> {
    let content = content.strip_prefix("\u{feff}".as_bytes()).unwrap_or(content);
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    let (mut tokens, mut bad) = (String::new(), Bad::default());
    if content.is_empty() {
        return Ok(tokens);
    }
    for (number, line) in (1..).zip(content.split(|byte| *byte == b'\n')) {
        match std::str::from_utf8(line).map_err(|_| "is not UTF-8").and_then(normalised) {
            Ok(id) => {
                tokens.push_str(&key.token(&id));
                tokens.push('\n');
            }
            Err(why) => bad.add(number, why),
        }
    }
    bad.none().map(|()| tokens)
}

/// What two ids are compared by. The reason why there is none does not repeat the id.
fn normalised(id: &str) -> Result<String, &'static str> {
    let id = id.trim();
    if id.is_empty() {
        return Err("is blank");
    }
    if id.len() > MOST_BYTES {
        return Err("is longer than an id can be");
    }
    if id.chars().any(char::is_control) {
        return Err("has control characters");
    }
    if !id.chars().any(char::is_alphanumeric) {
        return Err("has neither letters nor digits");
    }
    if key::is_token(id) {
        return Err("is a token already");
    }
    // A number is the same however it is grouped.
    if id.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || matches!(c, '.' | '-')) {
        return Ok(id.chars().filter(char::is_ascii_digit).collect());
    }
    let folded: String = id.nfc().flat_map(char::to_lowercase).nfc().collect();
    Ok(folded.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_are_the_same_are_one_and_others_are_not() {
        for (left, right, same) in [
            ("001203012345", " 001 203 012 345\r", true),
            ("001203012345", "001.203.012-345", true),
            ("001203012345", "001\u{a0}203\u{a0}012\u{a0}345", true),
            ("001203012345", "1203012345", false),
            ("HV-0012", "hv-0012", true),
            ("HV-0012", "HV0012", false),
            ("Lớp  1/An", "LỚP 1/AN", true),
            ("Lo\u{31b}\u{301}p", "lớp", true),
            ("Lop", "lớp", false),
        ] {
            assert_eq!(normalised(left).unwrap() == normalised(right).unwrap(), same, "{left} {right}");
        }
    }

    #[test]
    fn what_is_no_id_is_named_by_its_line_alone() {
        let key = Key::of([7; 32]);
        let token = key.token("a");
        let content = format!("001203012345\n\n{token}\n--\n\u{7}x\n{}\n", "9".repeat(MOST_BYTES + 1));
        let said = tokens(content.as_bytes(), &key).unwrap_err().to_string();
        for line in
            ["line 2 is blank", "line 3 is a token", "line 4 has neither", "line 5 has control", "line 6 is longer"]
        {
            assert!(said.contains(line), "{said}");
        }
        assert!(!said.contains("001203") && !said.contains("999") && !said.contains("line 1 "), "{said}");
        assert!(tokens(b"\xFF\n", &key).unwrap_err().to_string().contains("line 1 is not UTF-8"));
        let many = "\n".repeat(50);
        assert!(tokens(many.as_bytes(), &key).unwrap_err().to_string().ends_with("and 30 lines more"));
        assert_eq!(tokens(b"", &key).unwrap(), "");
        let two = tokens("\u{feff}001203012345\r\n001 203 012 345".as_bytes(), &key).unwrap();
        assert_eq!(two.lines().next(), two.lines().nth(1));
    }
}
