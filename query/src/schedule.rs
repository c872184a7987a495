//! The history of the schedule: what ran by the clock, when, and what came of it.
//!
//! In: runs, from whoever keeps the schedule. Out: the same runs, as they are or as rows of the table `schedule_run`.
//! Guarantee: a run that was appended is on the disk and is never changed; half a line that a crash left is nobody's; of
//! several programs over one data folder one has a job's turn at a time, and a turn ends with its holder, however that ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::error::ArrowError;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Name of the table that has the runs.
pub(crate) const TABLE: &str = "schedule_run";

/// A line of JSON a run, in the order in which they ended.
const HISTORY: &str = "history.jsonl";
/// The instant since when jobs are due.
const SINCE: &str = "since";

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It was done.
    Done,
    /// It was tried and given up.
    Failed,
    /// It was never tried: a later one was due already.
    Skipped,
}

impl Status {
    /// Its word in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One run of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Name of the job.
    pub job: String,
    /// The instant that it is of.
    pub scheduled_at: DateTime<Utc>,
    /// When it began; `None` where it was skipped.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended; `None` where it was skipped.
    pub ended_at: Option<DateTime<Utc>>,
    /// What became of it.
    pub status: Status,
    /// Whether it began late, because nothing ran at its time.
    pub caught_up: bool,
    /// Whether somebody asked for it, and not the clock.
    pub by_hand: bool,
    /// How often it was tried.
    pub attempts: u32,
    /// The release that it is made of, `NAME@x.y.z`.
    pub release: Option<String>,
    /// How many files it delivered.
    pub files: u32,
    /// The folder that they are in.
    pub folder: Option<String>,
    /// Why it failed; of one that was skipped, what else there is to say.
    pub error: Option<String>,
}

/// The history cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// A file of it.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not as it was written.
    #[error(
        "{}, line {line}, cannot be read: {why}; bring the file back from a copy (without it, runs may come again)",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in it, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
}

impl HistoryError {
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

/// A job's turn, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    _lock: File,
}

/// The history of a data folder.
#[derive(Debug, Clone)]
pub struct History {
    folder: PathBuf,
}

impl History {
    /// That of a folder, which need not exist yet. Nothing is read or made.
    pub fn open(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// All runs, in the order in which they ended.
    ///
    /// # Errors
    /// [`HistoryError`] where the file is there and cannot be read.
    pub fn read(&self) -> Result<Vec<Run>, HistoryError> {
        let path = self.folder.join(HISTORY);
        let Some(text) = read_if_there(&path)? else { return Ok(Vec::new()) };
        let mut runs = Vec::new();
        for (at, line) in text[..whole_lines(&text)].split(|byte| *byte == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            let run = serde_json::from_slice(line).map_err(|error| HistoryError::Damaged {
                path: path.clone(),
                line: at + 1,
                why: error.to_string(),
            })?;
            runs.push(run);
        }
        Ok(runs)
    }

    /// Adds runs at the end.
    ///
    /// # Errors
    /// [`HistoryError::Io`]; then whoever reads finds some of the first of them, or none.
    pub fn append(&self, runs: &[Run]) -> Result<(), HistoryError> {
        let path = self.folder.join(HISTORY);
        let write = || -> io::Result<()> {
            let mut lines = Vec::new();
            for run in runs {
                serde_json::to_writer(&mut lines, run)?;
                lines.push(b'\n');
            }
            fs::create_dir_all(&self.folder)?;
            let mut file = OpenOptions::new().create(true).read(true).append(true).open(&path)?;
            file.lock()?;
            let mut text = Vec::new();
            file.read_to_end(&mut text)?;
            let whole = whole_lines(&text);
            if whole < text.len() {
                file.set_len(whole as u64)?;
            }
            file.write_all(&lines)?;
            file.sync_data()?;
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(HistoryError::io("write", &path))
    }

    /// The instant since when jobs of this folder are due; `None` where none has been yet.
    ///
    /// # Errors
    /// [`HistoryError`] where it is noted and cannot be read.
    pub fn since(&self) -> Result<Option<DateTime<Utc>>, HistoryError> {
        let path = self.folder.join(SINCE);
        let Some(text) = read_if_there(&path)? else { return Ok(None) };
        let damaged = |why: String| HistoryError::Damaged { path: path.clone(), line: 1, why };
        let text = std::str::from_utf8(&text).map_err(|error| damaged(error.to_string()))?;
        text.trim().parse::<DateTime<Utc>>().map(Some).map_err(|error| damaged(error.to_string()))
    }

    /// Notes since when jobs are due, and gives what is noted: of several that begin at once the first counts for all.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn begin(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, HistoryError> {
        self.note_beginning(now, false)?;
        Ok(self.since()?.unwrap_or(now))
    }

    /// Notes in place of an instant that is still to come since when jobs are due.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn begin_anew(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, HistoryError> {
        tracing::warn!(%now, "the schedule began by a clock that was ahead: it begins now");
        self.note_beginning(now, true).map(|()| now)
    }

    fn note_beginning(&self, now: DateTime<Utc>, anew: bool) -> Result<(), HistoryError> {
        let path = self.folder.join(SINCE);
        let write = || -> io::Result<()> {
            fs::create_dir_all(&self.folder)?;
            let mut beside = tempfile::NamedTempFile::new_in(&self.folder)?;
            writeln!(beside, "{}", now.to_rfc3339())?;
            beside.as_file().sync_all()?;
            let kept = if anew { beside.persist(&path) } else { beside.persist_noclobber(&path) };
            match kept {
                Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => return Err(error.error),
                _ => {}
            }
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(HistoryError::io("write", &path))
    }

    /// Takes a job's turn; `None` where another has it.
    ///
    /// # Errors
    /// [`HistoryError::Io`].
    pub fn turn(&self, job: &str) -> Result<Option<Turn>, HistoryError> {
        fs::create_dir_all(&self.folder).map_err(HistoryError::io("create", &self.folder))?;
        let path = self.folder.join(format!("{job}.lock"));
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(HistoryError::io("open", &path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Turn { _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(HistoryError::io("lock", &path)(error)),
        }
    }
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, HistoryError> {
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(HistoryError::io("read", path)(error)),
    }
}

/// How many bytes of a text are lines with their end.
fn whole_lines(text: &[u8]) -> usize {
    text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
}

/// Runs as rows of the table.
pub(crate) fn rows(runs: &[Run]) -> Result<RecordBatch, ArrowError> {
    let text =
        |read: fn(&Run) -> Option<&str>| -> ArrayRef { Arc::new(runs.iter().map(read).collect::<StringArray>()) };
    let instant = |read: fn(&Run) -> Option<DateTime<Utc>>| -> ArrayRef {
        let micros = runs.iter().map(|run| read(run).map(|at| at.timestamp_micros()));
        Arc::new(TimestampMicrosecondArray::from(micros.collect::<Vec<_>>()).with_timezone("UTC"))
    };
    let flag = |read: fn(&Run) -> bool| -> ArrayRef {
        Arc::new(runs.iter().map(|run| Some(read(run))).collect::<BooleanArray>())
    };
    let number = |read: fn(&Run) -> u32| -> ArrayRef {
        Arc::new(runs.iter().map(|run| Some(i64::from(read(run)))).collect::<Int64Array>())
    };
    RecordBatch::try_from_iter_with_nullable([
        ("job", text(|run| Some(&run.job)), false),
        ("scheduled_at", instant(|run| Some(run.scheduled_at)), false),
        ("started_at", instant(|run| run.started_at), true),
        ("ended_at", instant(|run| run.ended_at), true),
        ("status", text(|run| Some(run.status.as_str())), false),
        ("caught_up", flag(|run| run.caught_up), false),
        ("attempts", number(|run| run.attempts), false),
        ("release", text(|run| run.release.as_deref()), true),
        ("files", number(|run| run.files), false),
        ("folder", text(|run| run.folder.as_deref()), true),
        ("error", text(|run| run.error.as_deref()), true),
        ("by_hand", flag(|run| run.by_hand), false),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use lantoa_schemas::comments;

    fn run(job: &str, at: &str) -> Run {
        Run {
            job: job.to_owned(),
            scheduled_at: at.parse().unwrap(),
            started_at: None,
            ended_at: None,
            status: Status::Skipped,
            caught_up: false,
            by_hand: false,
            attempts: 0,
            release: None,
            files: 0,
            folder: None,
            error: None,
        }
    }

    #[test]
    fn what_was_appended_is_read_and_half_a_line_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(folder.path().join("schedule"));
        assert!(history.read().unwrap().is_empty());
        let (one, two) = (run("a", "2025-10-20T23:00:00Z"), run("b", "2026-10-20T23:00:00Z"));
        history.append(std::slice::from_ref(&one)).unwrap();
        let path = folder.path().join("schedule").join(HISTORY);
        let mut text = fs::read(&path).unwrap();
        text.extend(b"{\"job\":\"a\",\"sched");
        fs::write(&path, &text).unwrap();
        assert_eq!(history.read().unwrap(), std::slice::from_ref(&one));
        history.append(std::slice::from_ref(&two)).unwrap();
        assert_eq!(history.read().unwrap(), [one, two]);
        fs::write(&path, "{}\n").unwrap();
        let error = history.read().unwrap_err().to_string();
        assert!(error.contains("line 1") && error.contains(HISTORY), "{error}");
    }

    #[test]
    fn the_first_beginning_counts() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(folder.path().join("schedule"));
        assert_eq!(history.since().unwrap(), None);
        let (first, second) = ("2025-10-20T23:00:00.5Z".parse().unwrap(), "2026-10-20T23:00:00Z".parse().unwrap());
        assert_eq!(history.begin(first).unwrap(), first);
        assert_eq!(history.begin(second).unwrap(), first);
        assert_eq!(history.since().unwrap(), Some(first));
        fs::write(folder.path().join("schedule").join(SINCE), "soon").unwrap();
        assert!(matches!(history.since(), Err(HistoryError::Damaged { .. })));
    }

    #[test]
    fn a_turn_is_one_holders() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (History::open(folder.path()), History::open(folder.path()));
        let turn = one.turn("a").unwrap();
        assert!(turn.is_some() && other.turn("a").unwrap().is_none() && other.turn("b").unwrap().is_some());
        drop(turn);
        assert!(other.turn("a").unwrap().is_some());
    }

    #[test]
    fn the_table_and_each_of_its_columns_is_explained() {
        let rows = rows(&[run("a", "2025-10-20T23:00:00Z")]).unwrap();
        assert_eq!(rows.num_rows(), 1);
        assert!(comments::of_table(TABLE).is_some());
        for field in rows.schema().fields() {
            assert!(comments::of_column(TABLE, field.name()).is_some(), "{}", field.name());
        }
    }
}
