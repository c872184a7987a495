//! Is this still the log that the tables have read? Decided before anything is taken in.
//!
//! In: what the table knows of a partition (next offset, its last row) and what the log has at those places. Out: go
//! on, or a fault that says what to do. Pure; the looking is done by `consume`.

use crate::consume::RecordAt;
use crate::position::{NextOffset, StreamPartition};

/// The last row that a table holds of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastRow {
    pub offset: i64,
    pub id: String,
}

/// Why the log is not the one that the tables have read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotTheSameLog {
    /// The log ends before the place that the tables have read up to.
    #[error(
        "{at}: the tables have read up to offset {stored}, but the log ends at {end}. It lost its end or was created anew; going on would pass over new events. Restore it, or run `lantoa recover` to declare it new"
    )]
    LostItsEnd {
        /// The partition.
        at: String,
        /// What the tables have read up to.
        stored: i64,
        /// Where the log ends.
        end: i64,
    },
    /// The record at the place of the last row is another.
    #[error(
        "{at}: the record at offset {offset} is not the one that the tables read there. The topic was created anew; going on would pass over new events. Restore it, or run `lantoa recover` to declare it new"
    )]
    OtherRecord {
        /// The partition.
        at: String,
        /// The offset.
        offset: i64,
    },
    /// Records that were not read yet are gone.
    #[error(
        "{at}: the tables have read up to offset {stored}, but the log starts at {start}: the records between are gone. Restore the topic, or run `lantoa recover` to go on without them"
    )]
    LostItsStart {
        /// The partition.
        at: String,
        /// What the tables have read up to.
        stored: i64,
        /// Where the log starts.
        start: i64,
    },
}

/// Checks the place just before the stored offset: the log must reach it and not start behind the stored offset.
pub(crate) fn check_end(at: StreamPartition, stored: NextOffset, before: &RecordAt) -> Result<(), NotTheSameLog> {
    match before {
        RecordAt::Found { .. } => Ok(()),
        RecordAt::PastEnd(end) if *end >= stored.0 => Ok(()),
        RecordAt::PastEnd(end) => Err(NotTheSameLog::LostItsEnd { at: at.to_string(), stored: stored.0, end: *end }),
        RecordAt::BeforeStart(start) if *start <= stored.0 => Ok(()),
        RecordAt::BeforeStart(start) => {
            Err(NotTheSameLog::LostItsStart { at: at.to_string(), stored: stored.0, start: *start })
        }
    }
}

/// Checks the record of the last row, unless retention has removed it. `found_id` is the id that the record there
/// carries, `None` where it cannot be read.
pub(crate) fn check_last(
    at: StreamPartition,
    last: &LastRow,
    found: &RecordAt,
    found_id: Option<&str>,
) -> Result<(), NotTheSameLog> {
    match found {
        RecordAt::BeforeStart(_) => Ok(()),
        RecordAt::Found { offset, .. } if *offset == last.offset && found_id == Some(&last.id) => Ok(()),
        _ => Err(NotTheSameLog::OtherRecord { at: at.to_string(), offset: last.offset }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lantoa_schemas::stream::Stream;

    const AT: StreamPartition = StreamPartition { stream: Stream::ALL[0], partition: 0 };

    fn found(offset: i64) -> RecordAt {
        RecordAt::Found { offset, payload: Vec::new() }
    }

    #[test]
    fn the_end_must_be_reached() {
        for (before, ok) in [
            (found(9), true),
            (found(12), true),
            (RecordAt::PastEnd(10), true),
            (RecordAt::PastEnd(9), false),
            (RecordAt::BeforeStart(10), true),
            (RecordAt::BeforeStart(11), false),
        ] {
            assert_eq!(check_end(AT, NextOffset(10), &before).is_ok(), ok, "{before:?}");
        }
    }

    #[test]
    fn the_last_record_must_be_the_same() {
        let last = LastRow { offset: 9, id: "a".into() };
        for (place, id, ok) in [
            (found(9), Some("a"), true),
            (found(9), Some("b"), false),
            (found(9), None, false),
            (found(10), Some("a"), false),
            (RecordAt::PastEnd(3), None, false),
            (RecordAt::BeforeStart(12), None, true),
        ] {
            assert_eq!(check_last(AT, &last, &place, id).is_ok(), ok, "{place:?}");
        }
    }
}
