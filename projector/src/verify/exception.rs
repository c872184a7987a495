//! What does not hold: the kinds, each with what to do about it and whose failure it is, and the lines that are told.
//!
//! In: single findings, in the order of the log. Out: one line each; neighbours of one kind become one line with their
//! number, so that a lost file is not told record by record. Guarantee: every finding is counted, whatever is told.

use std::fmt;

use super::Watch;
use crate::position::StreamPartition;

/// A way in which log and tables do not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A record that the table says it has read is nowhere.
    Missing,
    /// A record is more than one row of its table.
    RowTwice,
    /// A record is more than one row of `outcome`.
    OutcomeTwice,
    /// A record is in its table and in `outcome`.
    InBoth,
    /// The row of a record's place was made from another record.
    OtherRecord,
    /// The row of a record says something else than the record.
    OtherContent,
    /// A direct producer's record has a row without the projector's stamps.
    NotStamped,
    /// The row of `outcome` does not hold the record.
    OtherOutcome,
    /// A record that ingest acknowledged and that can be read was refused.
    GoodRefused,
    /// The log has no record where a row says that it came from.
    NoRecord,
    /// A row came from a place that its table does not say it has read.
    PastOffset,
    /// Rows came from a log of which their table does not say how far it was read.
    UnknownLog,
    /// An event id is in its table more than once.
    IdTwice,
    /// A duplicate of nothing: its event id is not in the table.
    DuplicateOfNone,
    /// The log ends before the place up to which the table says it has read it.
    LogEndsEarly,
    /// Records left the log before they were read.
    LogStartsLate,
    /// The table has read a partition that the log does not have.
    NoPartition,
    /// Records left the log before their `outcome` rows were written.
    OwedGone,
    /// A receipt acknowledges more rows than there are.
    ReceiptShort,
    /// A receipt says that more of what was refused is kept than there is.
    RejectsShort,
}

const TABLES: &str = "Lantoa's failure, unless somebody changed the tables";
const LOG: &str = "the log's failure, not the sender's";
const FROM_COPY: &str =
    "put a copy of the tables from before in their place: what the log has since then is read again";
const SEND_AGAIN: &str = "send it again under the same id: what is there counts once";

impl Kind {
    /// What is wrong, said of records, rows or ids.
    fn what(self) -> &'static str {
        match self {
            Self::Missing => "read, but neither in the table nor in outcome",
            Self::RowTwice => "more than one row of the table from one record",
            Self::OutcomeTwice => "more than one row of outcome from one record",
            Self::InBoth => "both in the table and in outcome",
            Self::OtherRecord => "the row at this place is not of the record that the log has there",
            Self::OtherContent => "the row does not say what the record says",
            Self::NotStamped => "a direct producer's record without the projector's stamps",
            Self::OtherOutcome => "the row of outcome does not hold the record",
            Self::GoodRefused => "acknowledged and readable, but refused by the projector",
            Self::NoRecord => "a row from a place where the log has no record",
            Self::PastOffset => "rows from behind the place up to which the table says it has read",
            Self::UnknownLog => "rows from a log of which the table does not say how far it was read",
            Self::IdTwice => "the event id is in the table more than once",
            Self::DuplicateOfNone => "called a duplicate, but its event id is not in the table",
            Self::LogEndsEarly => "read by the table, but behind the end of the log",
            Self::LogStartsLate => "gone from the log before they were read",
            Self::NoPartition => "the table has read this partition, and the log does not have it",
            Self::OwedGone => "gone from the log before their rows of outcome were written",
            Self::ReceiptShort => "acknowledges rows that are neither in the tables nor still to be read",
            Self::RejectsShort => "kept what it refused, which is neither in the table reject nor still to be read",
        }
    }

    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Missing | Self::DuplicateOfNone => SEND_AGAIN,
            Self::ReceiptShort | Self::RejectsShort => {
                "let its sender send the same content again: what is there counts once"
            }
            Self::GoodRefused => {
                "keep this line and outcome's bytes, and report it; then send it again under another id"
            }
            Self::LogEndsEarly | Self::OtherRecord | Self::NoRecord | Self::NoPartition => {
                "bring back the log that the tables have read, or run `lantoa recover` to declare this one new"
            }
            Self::LogStartsLate => "let the senders send again what is missing, and run `lantoa recover` to go on",
            Self::OwedGone => "nothing: they were duplicates or refused, and no event is lost",
            Self::RowTwice
            | Self::OutcomeTwice
            | Self::InBoth
            | Self::OtherContent
            | Self::NotStamped
            | Self::OtherOutcome
            | Self::PastOffset
            | Self::UnknownLog
            | Self::IdTwice => FROM_COPY,
        }
    }

    /// Whose failure it is.
    pub fn whose(self) -> &'static str {
        match self {
            Self::LogEndsEarly | Self::LogStartsLate | Self::NoPartition | Self::OwedGone => LOG,
            Self::OtherRecord | Self::NoRecord => {
                "the log's failure where it was created anew, else Lantoa's or of whoever changed the tables"
            }
            Self::ReceiptShort | Self::RejectsShort => "the log's failure where it lost records, else Lantoa's",
            _ => TABLES,
        }
    }
}

/// One line: something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// In which way.
    pub kind: Kind,
    /// Where: topic, partition and offsets, or a receipt.
    pub place: String,
    /// How many records, rows or ids.
    pub count: u64,
    /// The one that it is about, or the first of them.
    pub example: String,
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.kind.what())?;
        match (self.count, self.example.is_empty()) {
            (1, true) => {}
            (1, false) => write!(f, " ({})", self.example)?,
            (count, true) => write!(f, " ({count} of them)")?,
            (count, false) => write!(f, " ({count} of them, the first: {})", self.example)?,
        }
        write!(f, "; {} [{}]", self.kind.remedy(), self.kind.whose())
    }
}

/// Neighbours of one kind.
struct Run {
    kind: Kind,
    at: StreamPartition,
    first: i64,
    last: i64,
    count: u64,
    example: String,
}

/// Tells what does not hold, and counts it.
pub(super) struct Exceptions<'a> {
    watch: &'a dyn Watch,
    run: Option<Run>,
    counted: u64,
}

impl<'a> Exceptions<'a> {
    pub fn new(watch: &'a dyn Watch) -> Self {
        Self { watch, run: None, counted: 0 }
    }

    /// A finding at one offset, which joins the one before it where that is of the same kind.
    pub fn at(&mut self, kind: Kind, at: StreamPartition, offset: i64, example: impl FnOnce() -> String) {
        match &mut self.run {
            Some(run) if run.kind == kind && run.at == at => {
                run.last = offset;
                run.count += 1;
            }
            _ => {
                self.settle();
                self.run = Some(Run { kind, at, first: offset, last: offset, count: 1, example: example() });
            }
        }
    }

    /// What comes next is no neighbour of what was found last.
    pub fn settle(&mut self) {
        if let Some(run) = self.run.take() {
            let place = match run.last {
                last if last == run.first => format!("{} offset {last}", run.at),
                last => format!("{} offsets {} to {last}", run.at, run.first),
            };
            self.tell(Exception { kind: run.kind, place, count: run.count, example: run.example });
        }
    }

    /// A finding that stands for itself.
    pub fn tell(&mut self, exception: Exception) {
        self.settle();
        self.counted += exception.count;
        self.watch.exception(&exception);
    }

    /// Counts findings of which only the first were told one by one.
    pub fn tell_rest(&mut self, kind: Kind, place: String, count: u64) {
        if count > 0 {
            self.tell(Exception { kind, place: format!("{place}, and not named here"), count, example: String::new() });
        }
    }

    /// Number of findings.
    pub fn finish(mut self) -> u64 {
        self.settle();
        self.counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lantoa_schemas::stream::Stream;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);

    impl Watch for Lines {
        fn stage(&self, _: &str, _: u64) {}
        fn step(&self, _: u64) {}
        fn exception(&self, exception: &Exception) {
            self.0.lock().unwrap().push(exception.to_string());
        }
    }

    #[test]
    fn neighbours_are_one_line_and_all_are_counted() {
        let at = StreamPartition { stream: Stream::ALL[1], partition: 2 };
        let lines = Lines::default();
        let mut found = Exceptions::new(&lines);
        for offset in [3, 4, 6] {
            found.at(Kind::Missing, at, offset, || format!("event e-{offset}"));
        }
        found.at(Kind::InBoth, at, 7, String::new);
        found.settle();
        found.at(Kind::InBoth, at, 9, String::new);
        found.tell_rest(Kind::IdTwice, "lantoa.statement.v1".to_owned(), 0);
        assert_eq!(found.finish(), 5);
        let lines = lines.0.into_inner().unwrap();
        assert_eq!(lines.len(), 3, "{lines:?}");
        let first = "lantoa.statement.v1[2] offsets 3 to 6: read, but neither";
        assert!(lines[0].starts_with(first) && lines[0].contains("3 of them, the first: event e-3"), "{}", lines[0]);
        assert!(lines[0].contains("send it again") && lines[0].ends_with(']'), "{}", lines[0]);
        assert!(lines[2].starts_with("lantoa.statement.v1[2] offset 9: both"), "{}", lines[2]);
    }
}
