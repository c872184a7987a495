//! What is said of a mistake: the line that has it, with a mark under the place.

use lantoa_query::error::Place;
use unicode_width::UnicodeWidthChar;

use super::SqlError;
use crate::desk::DeskError;

/// So many characters of a line are shown.
const SHOWN: usize = 100;

/// An error of a question, with the place in its text where that is known.
pub(super) fn marked(why: DeskError, text: &str) -> SqlError {
    match why.place().and_then(|place| mark(text, place)) {
        Some(mark) => SqlError::Marked { why: Box::new(why), mark },
        None => SqlError::Desk(why),
    }
}

/// The line of a place, and under it a mark; `None` where the text has no such place.
fn mark(text: &str, place: Place) -> Option<String> {
    let at = |number: u64| usize::try_from(number).ok()?.checked_sub(1);
    let (line, column) = (at(place.line)?, at(place.column)?);
    let signs: Vec<char> = text.lines().nth(line)?.chars().collect();
    if column > signs.len() {
        return None;
    }
    // Of a long line the part around the place is shown.
    let from = if signs.len() > SHOWN { column.saturating_sub(SHOWN / 2) } else { 0 };
    let to = signs.len().min(from + SHOWN);
    let cut = if from > 0 { "…" } else { "" };
    let number = place.line.to_string();
    let shown: String = signs[from..to].iter().collect();
    let before: String = signs[from..column].iter().map(|sign| blank(*sign)).collect();
    let length = usize::try_from(place.length).unwrap_or(1);
    let under: usize = signs[column..to].iter().take(length).map(|sign| sign.width().unwrap_or(0)).sum();
    Some(format!(
        "\n  {number} | {cut}{shown}\n  {} | {}{before}{}",
        " ".repeat(number.len()),
        " ".repeat(cut.chars().count()),
        "^".repeat(under.max(1))
    ))
}

/// As wide as the sign on any screen.
fn blank(sign: char) -> String {
    if sign == '\t' { "\t".to_owned() } else { " ".repeat(sign.width().unwrap_or(0)) }
}

/// An error and all that it comes from, in one line, as the program says it at its end.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(because) = cause {
        words = format!("{words}: {because}");
        cause = because.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: u64, column: u64, length: u64) -> Place {
        Place { line, column, length }
    }

    #[test]
    fn the_mark_stands_under_the_place() {
        // text, place, what is shown
        let cases = [
            ("select x", place(1, 8, 1), Some("\n  1 | select x\n    |        ^")),
            ("select\n  'Hà', naem", place(2, 9, 4), Some("\n  2 |   'Hà', naem\n    |         ^^^^")),
            // A mark of its own behind the letter takes no room, a tab as much as it does.
            ("\t'Ha\u{300}', x", place(1, 9, 1), Some("\n  1 | \t'Ha\u{300}', x\n    | \t      ^")),
            ("select (", place(1, 9, 1), Some("\n  1 | select (\n    |         ^")),
            ("select", place(2, 1, 1), None),
            ("select", place(1, 9, 1), None),
            ("select", place(0, 0, 1), None),
        ];
        for (text, place, shown) in cases {
            assert_eq!(mark(text, place).as_deref(), shown, "{text}");
        }
    }

    #[test]
    fn of_a_long_line_the_part_around_the_place_is_shown() {
        let text = format!("select {}, wrong, {}", "a".repeat(300), "b".repeat(300));
        let shown = mark(&text, place(1, 310, 5)).unwrap();
        let lines: Vec<&str> = shown.lines().collect();
        let column = lines[2].chars().position(|sign| sign == '^').unwrap();
        assert_eq!(lines[1].chars().skip(column).take(5).collect::<String>(), "wrong", "{shown}");
        assert!(lines[1].chars().count() < 120, "{shown}");
    }
}
