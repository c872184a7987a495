//! The line editor of the prompt: completion, statements over several lines, history. The only module that knows
//! rustyline.
//!
//! In: keys. Out: what was typed, once it is whole. Guarantee: history is readable to its user alone.

use std::ffi::OsStr;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::SqlError;
use super::complete::complete;
use super::statement::is_whole;
use super::words::Words;

/// So many statements are remembered.
const REMEMBERED: usize = 5_000;
/// With more words than this the list is shown only after a question.
const LISTED: usize = 100;
/// Rights of the folder: its user's alone.
const OWN: u32 = 0o700;

/// What was typed.
pub(super) enum Typed {
    /// Statements or orders, whole.
    Text(String),
    /// Ctrl-C: the line is given up.
    Nothing,
    /// Ctrl-D: that was all.
    End,
}

/// The editor with its history.
pub(super) struct Typing {
    editor: Editor<Help, DefaultHistory>,
    history: Option<PathBuf>,
}

impl Typing {
    /// An editor that completes these words, and remembers in this file.
    ///
    /// # Errors
    /// [`SqlError::Terminal`].
    pub(super) fn new(words: Arc<Words>, history: Option<PathBuf>) -> Result<Self, SqlError> {
        let config = Config::builder()
            .max_history_size(REMEMBERED)
            .map_err(SqlError::Terminal)?
            .history_ignore_space(true)
            .completion_type(CompletionType::List)
            .completion_prompt_limit(LISTED)
            .bracketed_paste(true)
            .build();
        let mut editor = Editor::with_config(config).map_err(SqlError::Terminal)?;
        editor.set_helper(Some(Help { words }));
        if let Some(history) = &history {
            // The first time there is none.
            let _loaded = editor.load_history(history);
        }
        Ok(Self { editor, history })
    }

    /// Waits for keys until what is typed is whole.
    ///
    /// # Errors
    /// [`SqlError::Terminal`].
    pub(super) fn read(&mut self, prompt: &str) -> Result<Typed, SqlError> {
        match self.editor.readline(prompt) {
            Ok(text) => {
                self.remember(&text);
                Ok(Typed::Text(text))
            }
            Err(ReadlineError::Interrupted) => Ok(Typed::Nothing),
            Err(ReadlineError::Eof) => Ok(Typed::End),
            Err(error) => Err(SqlError::Terminal(error)),
        }
    }

    /// Remembers what was typed. A history that cannot be written keeps nobody from asking.
    fn remember(&mut self, text: &str) {
        let added = !text.trim().is_empty() && self.editor.add_history_entry(text).unwrap_or(false);
        if let (true, Some(history)) = (added, &self.history) {
            if let Some(folder) = history.parent() {
                let _made = DirBuilder::new().recursive(true).mode(OWN).create(folder);
            }
            if let Err(error) = self.editor.append_history(history) {
                tracing::debug!(%error, "the prompt's history cannot be written");
            }
        }
    }
}

/// Where the history is, by the two variables that say where a user's state belongs; `None` where neither does.
pub(super) fn history_file(state_home: Option<&OsStr>, home: Option<&OsStr>) -> Option<PathBuf> {
    let absolute = |path: &OsStr| Some(Path::new(path)).filter(|path| path.is_absolute()).map(Path::to_path_buf);
    let state = state_home.and_then(absolute).or_else(|| Some(home.and_then(absolute)?.join(".local/state")))?;
    Some(state.join("lantoa/sql-history"))
}

struct Help {
    words: Arc<Words>,
}

impl Helper for Help {}

impl Completer for Help {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _context: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (from, candidates) = complete(&self.words.now(), line, at);
        let pair =
            |candidate: super::complete::Candidate| Pair { display: candidate.shown, replacement: candidate.put };
        Ok((from, candidates.into_iter().map(pair).collect()))
    }
}

impl Hinter for Help {
    type Hint = String;
}

impl Highlighter for Help {}

impl Validator for Help {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_whole(context.input()) { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_is_where_the_users_state_is() {
        for (state_home, home, expected) in [
            (Some("/s"), Some("/h"), Some("/s/lantoa/sql-history")),
            (None, Some("/h"), Some("/h/.local/state/lantoa/sql-history")),
            (Some(""), Some("/h"), Some("/h/.local/state/lantoa/sql-history")),
            (Some("relative"), None, None),
            (None, None, None),
        ] {
            let found = history_file(state_home.map(OsStr::new), home.map(OsStr::new));
            assert_eq!(found.as_deref(), expected.map(Path::new), "{state_home:?} {home:?}");
        }
    }
}
