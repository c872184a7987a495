//! Made-up statements whose records all have one exact size, of both kinds that a topic holds.
//!
//! In: the kind, the size in bytes; numbers. Out: records as ingest writes them, with its stamp, or as somebody else's
//! program produces them, without. Guarantee: the same number always makes the same record, each has the size asked for
//! and an id of its own, and each keeps the contract. Ids are drawn like UUIDs and the words of the source are drawn
//! from a list, so that a compression finds in them about what it finds in real records.

use std::fmt::{self, Write};

use chrono::{DateTime, Duration, Utc};
use lantoa_schemas::avro::Encoder;
use lantoa_schemas::event::{Event, Facts};
use lantoa_schemas::partial_date::PartialDate;

use super::{WireEvents, unstamp};
use crate::nation::chance::{Chance, mix};

/// Words that quotes are made of, in bytes that are characters, so that a text can be cut anywhere.
const WORDS: [&str; 48] = [
    "gia", "dinh", "hoc", "tap", "dong", "ho", "cong", "nhan", "danh", "hieu", "tong", "so", "tren", "dia", "ban",
    "dat", "ty", "le", "bao", "cao", "nam", "tinh", "xa", "phuong", "hoi", "khuyen", "huyen", "thi", "tran", "don",
    "vi", "duoc", "ket", "qua", "thuc", "hien", "quyet", "dinh", "ngay", "thang", "theo", "ke", "hoach", "de", "an",
    "chi", "tieu", "den",
];

/// The least count, so large that all counts up to a hundred million more take the same number of bytes on the wire.
const LEAST: i64 = 2_000_000;

/// Events that ingest takes in under one receipt.
const UNDER_ONE_RECEIPT: u64 = 2_000;

/// The first row of a receipt here: from 64 to 8191 all take the same number of bytes on the wire.
const FIRST_ROW: u64 = 64;

/// Bytes of a receipt's key as ingest makes it.
const RECEIPT: usize = 36;

/// Who wrote a record, which the projector tells by its stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Ingest, which has judged and stamped it.
    Stamped,
    /// Somebody else's program: nobody has judged it yet.
    Direct,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stamped => "stamped",
            Self::Direct => "direct",
        })
    }
}

/// Writes made-up statements of one kind and size.
pub struct SizedEvents {
    event: Event,
    encoder: Encoder,
    kind: Kind,
    /// When the first receipt was written.
    recorded: Option<DateTime<Utc>>,
    /// Bytes of the receipt's key.
    receipt: usize,
    /// Bytes of the quote; 0 for none.
    quoted: usize,
}

impl SizedEvents {
    /// Statements whose records are `bytes` long each. The small ones go without the fields that a statement can do
    /// without, the others are filled up with the words of their source. A stamp takes 59 bytes, so the small ones that
    /// have one go without more, and have the key of their receipt cut short.
    ///
    /// # Panics
    /// Where no statement has that size; 200 bytes, and most sizes from 300 on, are possible.
    pub fn of(kind: Kind, bytes: usize) -> Self {
        let WireEvents { mut event, encoder } = WireEvents::default();
        let recorded = event.envelope.recorded;
        if kind == Kind::Direct {
            unstamp(&mut event.envelope);
        }
        event.envelope.source = Some("made-up-24".to_owned());
        let mut events = Self { event, encoder, kind, recorded, receipt: RECEIPT, quoted: 0 };
        let ways: [fn(&mut Self); 2] = [Self::without_detail, Self::in_short];
        for shorten in ways {
            if events.len() > bytes {
                shorten(&mut events);
            }
        }
        let too_long = events.len().saturating_sub(bytes);
        if kind == Kind::Stamped && too_long < RECEIPT {
            events.receipt = RECEIPT - too_long;
        }
        let missing = bytes.saturating_sub(events.len());
        // A text up to 63 bytes has its length in one byte, a longer one in two.
        events.quoted = missing.saturating_sub(if missing <= 64 { 1 } else { 2 });
        assert_eq!(events.len(), bytes, "no made-up statement has this size");
        events
    }

    /// The `number`th statement, up to a hundred million, appended to `out`.
    pub fn write(&mut self, number: u64, out: &mut Vec<u8>) {
        let envelope = &mut self.event.envelope;
        envelope.event_id = like_uuid(number);
        if self.kind == Kind::Stamped {
            let (receipt, row) = (number / UNDER_ONE_RECEIPT, number % UNDER_ONE_RECEIPT);
            let later = Duration::milliseconds(i64::try_from(receipt).expect("receipts are fewer than events"));
            envelope.recorded = self.recorded.map(|recorded| recorded + later);
            envelope.receipt = Some(like_uuid(u64::MAX - receipt)[..self.receipt].to_owned());
            envelope.receipt_row = i64::try_from(FIRST_ROW + row).ok();
        }
        if let Facts::Statement(facts) = &mut self.event.facts {
            let count = LEAST + i64::try_from(number).expect("numbers are below a hundred million");
            facts.numerator = Some(count);
            facts.denominator = facts.denominator.map(|_| count + 1000);
            facts.quote = (self.quoted > 0).then(|| quote(number, self.quoted));
        }
        self.encoder.event(&self.event, out).expect("the made-up statement fits its schema");
    }

    fn without_detail(&mut self) {
        if let Facts::Statement(facts) = &mut self.event.facts {
            (facts.stage, facts.subject_scope, facts.as_at) = (None, None, None);
        }
    }

    fn in_short(&mut self) {
        if let Facts::Statement(facts) = &mut self.event.facts {
            (facts.span, facts.base, facts.denominator) = (None, None, None);
        }
        self.event.envelope.stated_on = Some(PartialDate::Year(2024));
        self.event.envelope.source = Some("24".to_owned());
    }

    fn len(&mut self) -> usize {
        let mut record = Vec::new();
        self.write(0, &mut record);
        record.len()
    }
}

/// A text that looks like a UUID, another one for each number.
fn like_uuid(number: u64) -> String {
    let (high, low) = (mix(number), mix(!number));
    let (a, b, c, d, e) = (high >> 32, (high >> 16) & 0xffff, high & 0xffff, low >> 48, low & 0xffff_ffff_ffff);
    let mut text = String::with_capacity(RECEIPT);
    write!(text, "{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}").expect("a text takes all that is written to it");
    text
}

/// Words of a source, of so many bytes.
fn quote(number: u64, bytes: usize) -> String {
    let chance = Chance::new(number);
    let mut text = String::with_capacity(bytes + 8);
    for at in 0.. {
        if text.len() >= bytes {
            break;
        }
        text.push_str(WORDS[chance.of(at).below(WORDS.len() as u64) as usize]);
        text.push(' ');
    }
    text.truncate(bytes);
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use lantoa_schemas::area::AreaHistory;
    use lantoa_schemas::avro::fields;
    use lantoa_schemas::catalogue::Catalogue;
    use lantoa_schemas::stream::Family;
    use lantoa_schemas::validate::Judge;

    use super::*;

    #[test]
    fn records_have_the_size_keep_the_contract_and_differ_by_id() {
        let judge = Judge {
            history: AreaHistory::shipped(),
            catalogue: Catalogue::shipped(),
            now: "2026-01-15T03:00:00Z".parse().unwrap(),
        };
        let mut ids = HashSet::new();
        let (direct, stamped) = (Kind::Direct, Kind::Stamped);
        let sizes = [(direct, 200), (direct, 240), (direct, 500), (stamped, 200), (stamped, 300), (stamped, 500)];
        for (kind, bytes) in sizes {
            let mut events = SizedEvents::of(kind, bytes);
            for number in [0, 1, 63, 1_999, 1_000_000, 99_999_999] {
                let (mut record, mut again) = (Vec::new(), Vec::new());
                events.write(number, &mut record);
                events.write(number, &mut again);
                assert_eq!((record.len(), &record), (bytes, &again), "{number}");
                let mut said = fields(Family::Statement.stream(), &record).unwrap();
                let mut own = |name: &str| said.remove(name).unwrap();
                let (id, event_type) = (own("event_id"), own("event_type"));
                own("schema_version");
                if kind == Kind::Stamped {
                    assert_eq!(own("via"), "http");
                    for stamp in ["recorded", "sender", "receipt", "receipt_row", "history_version"] {
                        own(stamp);
                    }
                }
                let (id, event_type) = (id.as_str().unwrap(), event_type.as_str().unwrap());
                assert_eq!(judge.judge_direct(Family::Statement, id, event_type, &said), Ok(()));
                ids.insert((kind, bytes, id.to_owned()));
            }
        }
        assert_eq!(ids.len(), 36);
    }
}
