//! A statement's text as tokens: enough to part statements, to know what they are, and to find their parameters.
//!
//! In: any text. Out: tokens with the bytes that they take up. Guarantee: no token is made of what stands in quotes or
//! in a comment, and every text has an end: what is not closed goes on to the end of the text.

use std::ops::Range;

/// A piece of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A word or a number without quotes.
    Word(&'a str),
    /// A name in double quotes or backticks, without them.
    Name(String),
    /// A text in single quotes, dollars or `q'[…]'`, without them.
    Text(String),
    /// `$1` and so on.
    Parameter(usize),
    /// Anything else.
    Sign(char),
}

impl Token<'_> {
    /// Whether it is this keyword.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

/// The tokens of a text.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

/// All tokens of a text with their places.
pub(super) fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, at: 0 }
}

impl<'a> Tokens<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("--") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                self.at += end_of_comment(trimmed);
            } else {
                return;
            }
        }
    }

    /// Reads up to a closing quote; doubled ones stand for one.
    fn quoted(&mut self, quote: char, escapes: bool) -> String {
        let mut text = String::new();
        let mut letters = self.rest().char_indices().skip(1).peekable();
        let mut end = self.rest().len();
        while let Some((at, letter)) = letters.next() {
            if escapes && letter == '\\' {
                if let Some((_, escaped)) = letters.next() {
                    text.push(unescaped(escaped));
                }
            } else if letter != quote {
                text.push(letter);
            } else if letters.next_if(|(_, next)| *next == quote).is_some() {
                text.push(quote);
            } else {
                end = at + letter.len_utf8();
                break;
            }
        }
        self.at += end;
        text
    }

    /// A text between `$tag$` and the same again, where one begins here.
    fn dollars(&mut self) -> Option<String> {
        let rest = self.rest();
        let tag = rest.get(1..)?.split_once('$')?.0;
        let first = tag.chars().next();
        if first.is_some_and(|letter| letter.is_ascii_digit()) || !tag.chars().all(of_word) {
            return None;
        }
        let mark = &rest[..tag.len() + 2];
        let text = &rest[mark.len()..];
        let length = text.find(mark);
        self.at += mark.len() + length.map_or(text.len(), |length| length + mark.len());
        Some(text[..length.unwrap_or(text.len())].to_owned())
    }

    /// A text as in `q'[…]'`, behind its first `prefix` letters, where one begins here.
    fn delimited(&mut self, prefix: usize) -> Option<String> {
        let rest = self.rest().get(prefix..)?.strip_prefix('\'')?;
        let first = rest.chars().next().filter(|letter| !letter.is_ascii_whitespace())?;
        let last = match first {
            '[' => ']',
            '{' => '}',
            '<' => '>',
            '(' => ')',
            other => other,
        };
        let text = &rest[first.len_utf8()..];
        let end = format!("{last}'");
        let length = text.find(&end);
        self.at += prefix + 1 + first.len_utf8();
        self.at += length.map_or(text.len(), |length| length + end.len());
        Some(text[..length.unwrap_or(text.len())].to_owned())
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|letter: char| !(of_word(letter) || letter == '$')).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn token(&mut self) -> Option<Token<'a>> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        let second = rest[first.len_utf8()..].chars().next();
        Some(match (first, second) {
            ('\'', _) => Token::Text(self.quoted('\'', false)),
            // The engine's reader takes backticks for double quotes.
            ('"' | '`', _) => Token::Name(self.quoted(first, false)),
            ('q' | 'Q', Some('\'')) => self.delimited(1).map_or_else(|| Token::Word(self.word()), Token::Text),
            ('n' | 'N', Some('q' | 'Q')) => self.delimited(2).map_or_else(|| Token::Word(self.word()), Token::Text),
            ('e' | 'E', Some('\'')) => {
                self.at += 1;
                Token::Text(self.quoted('\'', true))
            }
            ('$', Some('0'..='9')) => {
                let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
                self.at += 1 + digits;
                // A number that no statement can have stands for one that nobody gives a value for.
                Token::Parameter(rest[1..=digits].parse().unwrap_or(usize::MAX))
            }
            ('$', _) => match self.dollars() {
                Some(text) => Token::Text(text),
                None => self.sign(first),
            },
            _ if of_word(first) => Token::Word(self.word()),
            _ => self.sign(first),
        })
    }

    fn sign(&mut self, sign: char) -> Token<'a> {
        self.at += sign.len_utf8();
        Token::Sign(sign)
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (Token<'a>, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        self.skip_blank();
        let begin = self.at;
        let token = self.token()?;
        Some((token, begin..self.at))
    }
}

fn of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn unescaped(letter: char) -> char {
    match letter {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        other => other,
    }
}

/// Bytes of a comment, others within it included.
fn end_of_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    text.len()
}

/// The statements of a text, each without the `;` behind it; those that are nothing but comments are left out.
pub(super) fn statements(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut begin, mut any) = (0, false);
    for (token, place) in tokens(text) {
        if token == Token::Sign(';') {
            if any {
                found.push(&text[begin..place.start]);
            }
            (begin, any) = (place.end, false);
        } else {
            any = true;
        }
    }
    if any {
        found.push(&text[begin..]);
    }
    found
}

/// How many values a statement needs: the highest number of a parameter.
pub(super) fn parameters(text: &str) -> usize {
    let numbers = tokens(text).filter_map(|(token, _)| match token {
        Token::Parameter(number) => Some(number),
        _ => None,
    });
    numbers.max().unwrap_or(0)
}

/// The text with each parameter replaced by what `value` makes of it.
pub(super) fn with_values(text: &str, mut value: impl FnMut(usize) -> String) -> String {
    let mut bound = String::with_capacity(text.len());
    let mut copied = 0;
    for (token, place) in tokens(text) {
        if let Token::Parameter(number) = token {
            bound.push_str(&text[copied..place.start]);
            bound.push_str(&value(number));
            copied = place.end;
        }
    }
    bound.push_str(&text[copied..]);
    bound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_parted_where_they_end() {
        for (text, expected) in [
            ("select 1; select 2;", vec!["select 1", " select 2"]),
            ("select ';' , \"a;b\" ; -- ;\n", vec!["select ';' , \"a;b\" "]),
            ("/* ; /* ; */ ; */ select $x$;$x$;;", vec!["/* ; /* ; */ ; */ select $x$;$x$"]),
            ("select E'it\\'s; one'; begin", vec!["select E'it\\'s; one'", " begin"]),
            ("select 'not closed ; ", vec!["select 'not closed ; "]),
            ("select 'it''s; one'", vec!["select 'it''s; one'"]),
            ("select `a;b``;`; begin", vec!["select `a;b``;`", " begin"]),
            ("select q'[it's; [one]', nq'!a;!', q; begin", vec!["select q'[it's; [one]', nq'!a;!', q", " begin"]),
            (" ; -- nothing", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(statements(text), expected, "{text}");
        }
    }

    #[test]
    fn parameters_are_found_where_they_are_none_of_a_text() {
        let text = "select $1, '$2', $$ $3 $$, a$4, \"$5\", $6::int -- $7";
        assert_eq!(parameters(text), 6);
        let bound = with_values(text, |number| format!("<{number}>"));
        assert_eq!(bound, "select <1>, '$2', $$ $3 $$, a$4, \"$5\", <6>::int -- $7");
        assert_eq!(parameters("select $99999999999999999999999"), usize::MAX);
    }

    #[test]
    fn no_text_breaks_it() {
        let pieces = [
            "'", "`", "q'", "nq'[", "\"", "$", "$a$", "--", "/*", "*/", "\n", ";", "e'", "\\", "ặ", "$1", " ", "x",
            "\u{0}",
        ];
        let mut state = 7_u32;
        for _ in 0..20_000 {
            let text: String = (0..12)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    pieces[(state >> 16) as usize % pieces.len()]
                })
                .collect();
            let ends = tokens(&text).map(|(_, place)| place.end);
            assert!(ends.last().unwrap_or(0) <= text.len());
            let _ = (statements(&text), parameters(&text));
        }
    }
}
