//! Records of one stream as they came, in one buffer, each with its position.

use std::time::Instant;

use lantoa_schemas::stream::Stream;

use crate::position::NextOffset;

/// Raw records: one arena of bytes and, record by record, where it ends and where it lay in the log.
#[derive(Debug)]
pub(crate) struct RawBatch {
    stream: Stream,
    /// When its first record came.
    pub opened: Instant,
    arena: Vec<u8>,
    ends: Vec<usize>,
    partitions: Vec<i32>,
    offsets: Vec<i64>,
    /// When the first record of each partition was written, in milliseconds since 1970, as the log says.
    written: Vec<(i32, Option<i64>)>,
}

/// How much a batch is likely to take.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Room {
    pub records: usize,
    pub bytes: usize,
}

impl RawBatch {
    pub fn new(stream: Stream) -> Self {
        Self::with_room(stream, Room::default())
    }

    /// One that need not be moved while it grows to the size expected.
    pub fn with_room(stream: Stream, room: Room) -> Self {
        Self {
            stream,
            opened: Instant::now(),
            arena: Vec::with_capacity(room.bytes),
            ends: Vec::with_capacity(room.records),
            partitions: Vec::with_capacity(room.records),
            offsets: Vec::with_capacity(room.records),
            written: Vec::new(),
        }
    }

    /// Notes when a record was written, if it is the first of its partition. Comes before its [`RawBatch::push`].
    pub fn note_written(&mut self, partition: i32, at: impl FnOnce() -> Option<i64>) {
        if !self.written.iter().any(|(known, _)| *known == partition) {
            self.written.push((partition, at()));
        }
    }

    pub fn push(&mut self, partition: i32, offset: i64, payload: &[u8]) {
        self.arena.extend_from_slice(payload);
        self.ends.push(self.arena.len());
        self.partitions.push(partition);
        self.offsets.push(offset);
    }

    pub fn stream(&self) -> Stream {
        self.stream
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all records.
    pub fn bytes(&self) -> usize {
        self.arena.len()
    }

    /// Bytes of one record.
    pub fn record(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.arena[start..self.ends[at]]
    }

    /// Partition and offset of one record.
    pub fn position(&self, at: usize) -> (i32, i64) {
        (self.partitions[at], self.offsets[at])
    }

    /// When the first record of a partition was written, in milliseconds since 1970, as the log says.
    pub fn written(&self, partition: i32) -> Option<i64> {
        self.written.iter().find(|(known, _)| *known == partition).and_then(|(_, at)| *at)
    }

    /// The next offset of each partition after this batch, and the first offset in it.
    pub fn spans(&self) -> Vec<(i32, i64, NextOffset)> {
        let mut spans: Vec<(i32, i64, NextOffset)> = Vec::new();
        for (&partition, &offset) in self.partitions.iter().zip(&self.offsets) {
            match spans.iter_mut().find(|(known, ..)| *known == partition) {
                Some((_, _, next)) => *next = NextOffset(offset + 1),
                None => spans.push((partition, offset, NextOffset(offset + 1))),
            }
        }
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lantoa_schemas::stream::Family;

    #[test]
    fn records_and_spans() {
        let mut batch = RawBatch::new(Stream::Ledger(Family::Activity));
        for (partition, offset, payload) in [(0, 7, "ab"), (1, 3, ""), (0, 9, "c")] {
            batch.note_written(partition, || Some(offset * 10));
            batch.push(partition, offset, payload.as_bytes());
        }
        assert_eq!((batch.len(), batch.bytes()), (3, 3));
        assert_eq!([batch.record(0), batch.record(1), batch.record(2)], [&b"ab"[..], b"", b"c"]);
        assert_eq!(batch.spans(), vec![(0, 7, NextOffset(10)), (1, 3, NextOffset(4))]);
        assert_eq!([batch.written(0), batch.written(1), batch.written(2)], [Some(70), Some(30), None]);
    }
}
