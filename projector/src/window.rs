//! What will be one commit: decoded batches of one stream, kept until there are enough rows or bytes, or they are old.
//! Pure: when a window is full is asked with the present instant.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::config::Config;
use crate::decode::DecodedBatch;
use crate::position::NextOffset;

/// The first offset of a partition in a window, and the next one behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// First offset.
    pub first: i64,
    /// Next offset.
    pub next: NextOffset,
}

/// Batches that will be committed together.
#[derive(Debug, Default)]
pub(crate) struct Window {
    batches: Vec<DecodedBatch>,
    spans: BTreeMap<i32, Span>,
    /// Number of records, refused ones included, and their bytes.
    records: usize,
    bytes: usize,
    opened: Option<Instant>,
}

impl Window {
    pub fn push(&mut self, batch: DecodedBatch) {
        self.opened.get_or_insert(batch.raw.opened);
        self.records += batch.raw.len();
        self.bytes += batch.raw.bytes();
        for (partition, first, next) in batch.raw.spans() {
            self.spans.entry(partition).and_modify(|span| span.next = next).or_insert(Span { first, next });
        }
        self.batches.push(batch);
    }

    /// Whether it is time to commit.
    pub fn is_due(&self, config: &Config, now: Instant) -> bool {
        self.records >= config.flush_rows
            || self.bytes >= config.flush_bytes
            || self.due_at(config).is_some_and(|due| due <= now)
    }

    /// When it will be old enough; `None` while it is empty.
    pub fn due_at(&self, config: &Config) -> Option<Instant> {
        self.opened.map(|opened| opened + config.flush_age)
    }

    /// Number of records, refused ones included.
    pub fn records(&self) -> usize {
        self.records
    }

    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// The batches in log order.
    pub fn batches(&self) -> &[DecodedBatch] {
        &self.batches
    }

    /// What it covers of each partition.
    pub fn spans(&self) -> &BTreeMap<i32, Span> {
        &self.spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consume::RawBatch;
    use crate::decode::StreamDecoder;
    use crate::position::LogLife;
    use lantoa_schemas::avro;
    use lantoa_schemas::stream::{Family, Stream};
    use std::time::Duration;

    #[test]
    fn rows_bytes_or_age_make_it_due() {
        let stream = Stream::Ledger(Family::Activity);
        let life = LogLife { cluster: "c".into(), generation: 0 };
        let mut decoder = StreamDecoder::new(avro::known(stream), life).unwrap();
        let mut raw = RawBatch::new(stream);
        raw.push(0, 5, b"xyz");
        raw.push(0, 8, b"");
        let mut window = Window::default();
        let mut config = Config::default();
        assert!(!window.is_due(&config, Instant::now() + Duration::from_secs(3600)));
        window.push(decoder.decode(raw).unwrap());
        let opened = window.due_at(&config).unwrap() - config.flush_age;
        assert_eq!(window.spans()[&0], Span { first: 5, next: NextOffset(9) });
        assert_eq!((window.records, window.bytes), (2, 3));
        assert!(!window.is_due(&config, opened));
        assert!(window.is_due(&config, opened + config.flush_age));
        config.flush_rows = 2;
        assert!(window.is_due(&config, opened));
        (config.flush_rows, config.flush_bytes) = (3, 3);
        assert!(window.is_due(&config, opened));
    }
}
