//! Cursors: `DECLARE`, `FETCH`, `MOVE`.

use super::{Refusal, Statement, Token, Words, state};

/// Rows of a cursor that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::postgres) struct Fetch {
    /// Which cursor.
    pub(in crate::postgres) cursor: String,
    /// How far.
    pub(in crate::postgres) step: Step,
    /// Whether rows are wanted, or only passed over.
    pub(in crate::postgres) rows: bool,
}

/// How far a cursor goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::postgres) enum Step {
    /// So many rows.
    Forward(u64),
    /// To the end.
    All,
    /// To this row, counted from 1; 0 is before the first.
    To(u64),
    /// Passing over rows up to this many further on; that one alone is wanted.
    By(u64),
    /// Anything that goes back.
    Back,
}

/// The rest of `DECLARE`.
pub(super) fn declare(words: &mut Words<'_>, text: &str) -> Result<Statement, Refusal> {
    let name = words.name()?;
    let mut hold = false;
    loop {
        if words.skip("for") {
            break;
        }
        if words.skip("with") {
            hold = true;
        } else if words.skip("without") {
            hold = false;
        } else if words.keyword().is_none() {
            return Err(
                Refusal::new(state::SYNTAX, "DECLARE has no FOR").hint("write DECLARE name CURSOR FOR SELECT …")
            );
        }
    }
    let query = words.place().map(|from| text[from..].to_owned());
    let query = query.ok_or_else(|| Refusal::new(state::SYNTAX, "DECLARE … FOR has no query"))?;
    Ok(Statement::Declare { name, query, hold })
}

/// The rest of `FETCH` or `MOVE`.
pub(super) fn fetch(words: &mut Words<'_>, rows: bool) -> Result<Fetch, Refusal> {
    let step = step(words)?;
    if !words.skip("from") {
        words.skip("in");
    }
    Ok(Fetch { cursor: words.name()?, step, rows })
}

fn step(words: &mut Words<'_>) -> Result<Step, Refusal> {
    if let Some(count) = number(words)? {
        return Ok(forward(count));
    }
    for (word, step) in [
        ("next", Step::Forward(1)),
        ("prior", Step::Back),
        ("first", Step::To(1)),
        ("last", Step::Back),
        ("all", Step::All),
    ] {
        if followed(words, word) {
            return Ok(step);
        }
    }
    if followed(words, "absolute") {
        return Ok(number(words)?.and_then(|to| u64::try_from(to).ok()).map_or(Step::Back, Step::To));
    }
    if followed(words, "relative") {
        return Ok(number(words)?.and_then(|by| u64::try_from(by).ok()).map_or(Step::Back, Step::By));
    }
    let back = followed(words, "backward");
    if back || followed(words, "forward") {
        let step = if words.skip("all") { Step::All } else { forward(number(words)?.unwrap_or(1)) };
        return Ok(if back && step != Step::Forward(0) { Step::Back } else { step });
    }
    Ok(Step::Forward(1))
}

fn forward(count: i64) -> Step {
    u64::try_from(count).map_or(Step::Back, Step::Forward)
}

/// Takes a direction's word, unless it is the name of the cursor: then nothing follows.
fn followed(words: &mut Words<'_>, word: &str) -> bool {
    words.0.len() > 1 && words.skip(word)
}

fn number(words: &mut Words<'_>) -> Result<Option<i64>, Refusal> {
    let minus = words.skip_sign('-');
    let _plus = !minus && words.skip_sign('+');
    match words.peek() {
        Some(Token::Word(word)) if word.starts_with(|letter: char| letter.is_ascii_digit()) => {
            let count: i64 =
                word.parse().map_err(|_| Refusal::new(state::BAD_TEXT, format!("{word} is no number of rows")))?;
            words.0.pop();
            Ok(Some(if minus { -count } else { count }))
        }
        _ if minus => Err(Refusal::new(state::SYNTAX, "a number of rows is missing")),
        _ => Ok(None),
    }
}
