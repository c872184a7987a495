//! SQL taken apart without being understood: where statements end, what stands in quotes.
//!
//! In: text. Out: its pieces, in order. Guarantee: a `;` in a text, a name or a comment ends nothing.

/// What a place in SQL is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    /// SQL itself.
    Code,
    /// A text in single quotes.
    Text,
    /// A name in double quotes.
    Name,
    /// A comment.
    Comment,
}

/// A part of what was typed or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A line that begins with a backslash.
    Order(&'a str),
    /// A statement, and all that stands before it.
    Statement {
        /// The statement with its `;`, where it has one.
        text: &'a str,
        /// What stands before it.
        before: &'a str,
    },
}

/// Walks over SQL until `stop` says so of a sign of code, or to the end. Says where it stopped: what that place is in, and
/// where that began.
pub(super) fn walk(text: &str, mut stop: impl FnMut(char) -> bool) -> (Within, usize) {
    let mut signs = text.char_indices().peekable();
    while let Some((at, sign)) = signs.next() {
        let next = signs.peek().map(|(_, sign)| *sign);
        let closes = match (sign, next) {
            ('\'' | '"', _) => signs.by_ref().any(|(_, other)| other == sign),
            ('-', Some('-')) => signs.by_ref().any(|(_, other)| other == '\n'),
            ('/', Some('*')) => {
                signs.next();
                skip_comment(&mut signs)
            }
            _ if stop(sign) => return (Within::Code, at),
            _ => true,
        };
        if !closes {
            let within = match sign {
                '\'' => Within::Text,
                '"' => Within::Name,
                _ => Within::Comment,
            };
            return (within, at);
        }
    }
    (Within::Code, text.len())
}

/// Skips to the end of a comment, which may hold others; `false` where the text ends before.
fn skip_comment(signs: &mut std::iter::Peekable<std::str::CharIndices<'_>>) -> bool {
    let mut depth = 1;
    while let Some((_, sign)) = signs.next() {
        let next = signs.peek().map(|(_, sign)| *sign);
        match (sign, next) {
            ('*', Some('/')) => depth -= 1,
            ('/', Some('*')) => depth += 1,
            _ => continue,
        }
        signs.next();
        if depth == 0 {
            return true;
        }
    }
    false
}

/// The text without blanks and comments in front.
fn begun(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let after = if rest.starts_with("--") {
            rest.find('\n').map_or("", |end| &rest[end..])
        } else if rest.starts_with("/*") {
            let mut signs = rest.char_indices().peekable();
            signs.nth(1);
            let closed = skip_comment(&mut signs);
            if closed { signs.next().map_or("", |(at, _)| &rest[at..]) } else { "" }
        } else {
            return rest;
        };
        rest = after.trim_start();
    }
}

/// Where the first statement ends, behind its `;`.
fn end(text: &str) -> Option<usize> {
    let (within, at) = walk(text, |sign| sign == ';');
    (within == Within::Code && at < text.len()).then_some(at + 1)
}

/// The pieces of a text; the last statement needs no `;`.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = begun(text);
    while !rest.is_empty() {
        let from = text.len() - rest.len();
        let length = if rest.starts_with('\\') {
            let length = rest.find('\n').unwrap_or(rest.len());
            pieces.push(Piece::Order(rest[..length].trim_end()));
            length
        } else {
            let length = end(rest).unwrap_or(rest.len());
            pieces.push(Piece::Statement { text: rest[..length].trim_end(), before: &text[..from] });
            length
        };
        rest = begun(&rest[length..]);
    }
    pieces
}

/// Whether what is typed is all of it: nothing, an order, or statements that have ended.
pub(super) fn is_whole(text: &str) -> bool {
    match pieces(text).last() {
        Some(Piece::Statement { text, .. }) => end(text).is_some(),
        Some(Piece::Order(_)) => true,
        // What begins with a comment that has not ended goes on.
        None => walk(text, |_| false).0 == Within::Code || !text.contains("/*"),
    }
}

/// Blanks that put a statement where it stands in its text, so that errors count lines and columns as the text has them.
pub(super) fn blanks(before: &str) -> String {
    let lines = before.matches('\n').count();
    let columns = before.rsplit('\n').next().unwrap_or_default().chars().count();
    format!("{}{}", "\n".repeat(lines), " ".repeat(columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_where_they_do() {
        let cases: [(&str, &[&str]); 9] = [
            ("", &[]),
            ("  -- nothing\n /* or /* less */ */ ", &[]),
            ("select 1", &["select 1"]),
            ("select 1; select 2 ;\n", &["select 1;", "select 2 ;"]),
            ("select ';', 'it''s;' ;x", &["select ';', 'it''s;' ;", "x"]),
            ("select \"a;b\" /* ; */ -- ;\n;", &["select \"a;b\" /* ; */ -- ;\n;"]),
            ("\\dt\nselect 1;\n\\q", &["\\dt", "select 1;", "\\q"]),
            ("-- lists\n\\dt  \nselect 'Hà;'", &["\\dt", "select 'Hà;'"]),
            ("select 'open; select 2;", &["select 'open; select 2;"]),
        ];
        for (text, expected) in cases {
            let found: Vec<&str> = pieces(text)
                .into_iter()
                .map(|piece| match piece {
                    Piece::Order(line) => line,
                    Piece::Statement { text, .. } => text,
                })
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn what_is_typed_is_whole_or_goes_on() {
        for whole in ["", "  ", "\\d indicator", "select 1;", "select 1; -- done", "-- a word", "\\x\nselect 1;"] {
            assert!(is_whole(whole), "{whole}");
        }
        for open in ["select 1", "select ';", "select 1; select", "select 1 -- ;", "/* a", "select \"a;"] {
            assert!(!is_whole(open), "{open}");
        }
    }

    #[test]
    fn a_statement_keeps_its_place() {
        let text = "-- Hà\nselect 1; selec 2;";
        let Piece::Statement { before, .. } = pieces(text)[1] else { panic!() };
        assert_eq!(blanks(before), format!("\n{}", " ".repeat("select 1; ".len())));
        assert_eq!(blanks(""), "");
    }

    #[test]
    fn what_a_place_is_in() {
        let cases = [
            ("select 'ba", Within::Text, 7),
            ("select 'it''s", Within::Text, 11),
            ("select 'a' || \"b", Within::Name, 14),
            ("select 'a'", Within::Code, 10),
            ("select 1 -- 'a", Within::Comment, 9),
        ];
        for (text, within, at) in cases {
            assert_eq!(walk(text, |_| false), (within, at), "{text}");
        }
    }
}
