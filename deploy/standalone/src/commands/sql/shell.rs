//! What is asked, one after the other, and what holds between: settings, format, where answers go.
//!
//! In: statements and orders. Out: answers on standard output or in files; words on standard error. Guarantee: what
//! Ctrl-C cancels is given up, here and by the program that was asked.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use lantoa_query::Settings;
use lantoa_query::face::{Question, Reply};
use lantoa_query::format::{Format, WriteError, write};
use lantoa_query::settings::{AS_REPORTED, NAMES};
use tokio::signal::unix::{SignalKind, signal};

use super::SqlError;
use super::order::{self, Order};
use super::record;
use super::sink::{Out, Paged, Sink, Whole, read_enough};
use super::statement::{Piece, blanks, pieces};
use super::trouble::marked;
use crate::desk::Desk;
use crate::progress::Waiting;

/// How deep files may include each other.
const DEEPEST: usize = 16;
/// By which some spreadsheets know UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// How it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// With what comes next.
    On,
    /// Not at all: there is no more to do.
    Quit,
    /// Not at all: Ctrl-C came.
    Interrupted,
}

/// Whoever asks.
pub(super) struct Shell {
    desk: Desk,
    standing: Settings,
    format: Format,
    bom: bool,
    /// Where the next answer goes; `None` for standard output.
    out: Option<PathBuf>,
    /// Whether answers after the first have no place left.
    one_answer: bool,
    answers: usize,
    expanded: bool,
    timing: bool,
    /// What shows long answers; `None` where nobody looks.
    pager: Option<OsString>,
}

impl Shell {
    pub(super) fn new(desk: Desk, standing: Settings, format: Format, bom: bool, out: Option<PathBuf>) -> Self {
        let one_answer = out.is_some();
        Self { desk, standing, format, bom, out, one_answer, answers: 0, expanded: false, timing: false, pager: None }
    }

    /// From now on a person looks, who can be shown how much there was, and page by page.
    pub(super) fn at_prompt(&mut self, pager: OsString) {
        self.pager = Some(pager);
        self.one_answer = false;
    }

    pub(super) fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Asks a text of one or more statements as one question, whose answer is the last one's.
    ///
    /// # Errors
    /// Any [`SqlError`].
    pub(super) async fn ask_whole(&mut self, text: &str) -> Result<Flow, SqlError> {
        self.ask(text, true).await
    }

    /// Asks and does all that a text has, piece by piece, until one fails.
    ///
    /// # Errors
    /// Any [`SqlError`] of the first piece that fails.
    pub(super) async fn take(&mut self, text: &str) -> Result<Flow, SqlError> {
        self.take_in(text, 0).await
    }

    async fn take_in(&mut self, text: &str, depth: usize) -> Result<Flow, SqlError> {
        for piece in pieces(text) {
            let flow = match piece {
                Piece::Statement { text, before } => self.ask(&(blanks(before) + text), false).await?,
                Piece::Order(line) => self.obey(order::read(line).map_err(SqlError::Order)?, depth).await?,
            };
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    async fn obey(&mut self, order: Order, depth: usize) -> Result<Flow, SqlError> {
        match order {
            Order::Help => eprint!("{}", order::help()),
            Order::Quit => return Ok(Flow::Quit),
            Order::List(query) => return self.ask(&query, false).await,
            Order::Timing => {
                self.timing = !self.timing;
                eprintln!("timing is {}", on_or_off(self.timing));
            }
            Order::Expanded => {
                self.expanded = !self.expanded;
                eprintln!("a line a column is {}", on_or_off(self.expanded));
            }
            Order::Format(None) => eprintln!("{}: {}", self.format, self.format.about()),
            Order::Format(Some(format)) => self.format = format,
            Order::Out(out) => self.out = out,
            Order::Set(None) => {
                let given: Vec<_> = self.standing.given().collect();
                for name in NAMES {
                    let value = given.iter().find(|(of, _)| *of == name).map(|(_, value)| *value);
                    let unset = if name == "map" { AS_REPORTED } else { "" };
                    eprintln!("lantoa.{name} = '{}'", value.unwrap_or(unset));
                }
            }
            Order::Set(Some(query)) => return self.ask(&query, false).await,
            Order::Include(path) => return self.include(&path, depth + 1).await,
        }
        Ok(Flow::On)
    }

    async fn include(&mut self, path: &Path, depth: usize) -> Result<Flow, SqlError> {
        if depth > DEEPEST {
            return Err(SqlError::Order(format!("{} is included by itself", path.display())));
        }
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|source| SqlError::Read { path: path.to_owned(), source })?;
        match Box::pin(self.take_in(&text, depth)).await? {
            // What a file leaves is the file.
            Flow::Quit => Ok(Flow::On),
            flow => Ok(flow),
        }
    }

    /// Asks one question, unless Ctrl-C comes. `bare` is an answer without columns written, too.
    async fn ask(&mut self, text: &str, bare: bool) -> Result<Flow, SqlError> {
        let begun = Instant::now();
        let waiting = Waiting::begin("asking");
        let mut interrupts = signal(SignalKind::interrupt()).map_err(SqlError::Signals)?;
        let answered = tokio::select! {
            answered = self.answer(text, bare, &waiting) => Some(answered),
            _ = interrupts.recv() => None,
            never = waiting.shown() => match never {},
        };
        waiting.end();
        let Some(answered) = answered else {
            eprintln!("cancelled");
            return Ok(Flow::Interrupted);
        };
        let rows = answered?;
        let taken = begun.elapsed();
        let rows = rows.filter(|_| self.pager.is_some());
        let rows = rows.map(|rows| format!("{rows} {}", if rows == 1 { "row" } else { "rows" }));
        match (rows, self.timing) {
            (Some(rows), true) => eprintln!("{rows} in {:.3} s", taken.as_secs_f64()),
            (Some(rows), false) => eprintln!("{rows}"),
            (None, true) => eprintln!("done in {:.3} s", taken.as_secs_f64()),
            (None, false) => {}
        }
        Ok(Flow::On)
    }

    /// Asks, writes the answer, keeps what it stands on, and says how many rows it had; `None` where it has no columns.
    async fn answer(&mut self, text: &str, bare: bool, waiting: &Waiting) -> Result<Option<u64>, SqlError> {
        let Settings { map, as_of, stated_by, release } = self.standing.clone();
        let question = Question { query: text.to_owned(), map, as_of, stated_by, release };
        let Reply { answer, standing } = self.desk.reply(question).await.map_err(|why| marked(why, text))?;
        for notice in answer.notices() {
            waiting.say(&format!("note: {notice}"));
        }
        self.stand_on(standing);
        let columns = !answer.columns().fields().is_empty();
        if !columns && !bare {
            return Ok(None);
        }
        let mut sink = self.sink()?;
        let written = {
            let mut out = Out { sink: &mut sink, waiting };
            if self.expanded && self.format == Format::Table {
                record::write(answer, &mut out).await
            } else {
                self.write(answer, &mut out).await
            }
        };
        match (written, sink) {
            (Ok(rows), Sink::File(file)) => {
                let path = self.out.take().unwrap_or_default();
                file.keep().map_err(|source| SqlError::File { path, source })?;
                Ok(columns.then_some(rows))
            }
            (Ok(rows), _) => Ok(columns.then_some(rows)),
            (Err(WriteError::Output(error)), Sink::Output | Sink::Paged(_)) if read_enough(&error) => Ok(None),
            (Err(WriteError::Output(source)), Sink::File(_)) => {
                Err(SqlError::File { path: self.out.clone().unwrap_or_default(), source })
            }
            (Err(error), _) => Err(error.into()),
        }
    }

    async fn write(&self, answer: lantoa_query::answer::Answer, out: &mut Out<'_>) -> Result<u64, WriteError> {
        if self.bom && self.format.takes_bom() {
            out.write_all(BYTE_ORDER_MARK)?;
        }
        let rows = write(answer, self.format, out).await?;
        // A text file ends with a line's end, and so does what is shown in a terminal.
        if self.format == Format::Json {
            out.write_all(b"\n")?;
            out.flush()?;
        }
        Ok(rows)
    }

    /// Where the next answer goes.
    fn sink(&mut self) -> Result<Sink, SqlError> {
        let again = self.answers > 0 && self.pager.is_none();
        if again && self.out.is_none() && (self.one_answer || !self.format.is_text()) {
            return Err(SqlError::OneAnswer);
        }
        let sink = match (&self.out, &self.pager) {
            (Some(path), _) => {
                Sink::File(Whole::begin(path).map_err(|source| SqlError::File { path: path.clone(), source })?)
            }
            (None, Some(_)) if !self.format.is_text() => return Err(SqlError::NotForScreens(self.format)),
            (None, Some(pager)) => match terminal_size::terminal_size_of(std::io::stdout()) {
                Some((width, height)) => Sink::Paged(Paged::new(pager, (width.0.into(), height.0.into()))),
                None => Sink::Output,
            },
            (None, None) => Sink::Output,
        };
        self.answers += 1;
        Ok(sink)
    }

    /// Keeps what an answer stands on for the next question, which may be a session of its own.
    fn stand_on(&mut self, standing: Vec<(&'static str, String)>) {
        let value = |name: &str| standing.iter().find(|(of, _)| *of == name).map(|(_, value)| value.clone());
        self.standing = Settings {
            map: value("map").filter(|map| map != AS_REPORTED),
            as_of: value("as_of"),
            stated_by: value("stated_by"),
            release: value("release"),
        };
    }
}

fn on_or_off(it_is: bool) -> &'static str {
    if it_is { "on" } else { "off" }
}
