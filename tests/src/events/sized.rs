//! Made-up statements whose records all have one exact size, as somebody else's program would produce them.
//!
//! In: the size in bytes; numbers. Out: records without what intake stamps. Guarantee: the same number always makes the
//! same record, each has the size asked for and an id of its own, and each keeps the contract. Ids are drawn like UUIDs
//! and the words of the source are drawn from a list, so that a compression finds in them about what it finds in real
//! records.

use std::fmt::Write;

use lantoa_schemas::avro::Encoder;
use lantoa_schemas::event::{Event, Facts};

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

/// Writes made-up statements of one size.
pub struct SizedEvents {
    event: Event,
    encoder: Encoder,
    /// Bytes of the quote; 0 for none.
    quoted: usize,
}

impl SizedEvents {
    /// Statements whose records are `bytes` long each. The small ones go without the fields that a statement can do
    /// without, the others are filled up with the words of their source.
    ///
    /// # Panics
    /// Where no statement has that size; 200 bytes, and most sizes from 240 on, are possible.
    pub fn of(bytes: usize) -> Self {
        let WireEvents { mut event, encoder } = WireEvents::default();
        unstamp(&mut event.envelope);
        event.envelope.source = Some("made-up-24".to_owned());
        let mut events = Self { event, encoder, quoted: 0 };
        if events.len() > bytes
            && let Facts::Statement(facts) = &mut events.event.facts
        {
            (facts.stage, facts.subject_scope, facts.as_at) = (None, None, None);
        }
        let missing = bytes.saturating_sub(events.len());
        // A text up to 63 bytes has its length in one byte, a longer one in two.
        events.quoted = missing.saturating_sub(if missing <= 64 { 1 } else { 2 });
        assert_eq!(events.len(), bytes, "no made-up statement has this size");
        events
    }

    /// The `number`th statement, up to a hundred million, appended to `out`.
    pub fn write(&mut self, number: u64, out: &mut Vec<u8>) {
        let id = &mut self.event.envelope.event_id;
        id.clear();
        let (high, low) = (mix(number), mix(!number));
        let (a, b, c, d, e) = (high >> 32, (high >> 16) & 0xffff, high & 0xffff, low >> 48, low & 0xffff_ffff_ffff);
        write!(id, "{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}").expect("a text takes all that is written to it");
        if let Facts::Statement(facts) = &mut self.event.facts {
            let count = LEAST + i64::try_from(number).expect("numbers are below a hundred million");
            (facts.numerator, facts.denominator) = (Some(count), Some(count + 1000));
            facts.quote = (self.quoted > 0).then(|| quote(number, self.quoted));
        }
        self.encoder.event(&self.event, out).expect("the made-up statement fits its schema");
    }

    fn len(&mut self) -> usize {
        let mut record = Vec::new();
        self.write(0, &mut record);
        record.len()
    }
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
        for bytes in [200, 240, 500] {
            let mut events = SizedEvents::of(bytes);
            for number in [0, 1, 63, 64, 1_000_000, 99_999_999] {
                let (mut record, mut again) = (Vec::new(), Vec::new());
                events.write(number, &mut record);
                events.write(number, &mut again);
                assert_eq!((record.len(), &record), (bytes, &again), "{number}");
                let mut said = fields(Family::Statement.stream(), &record).unwrap();
                let mut own = |name: &str| said.remove(name).unwrap();
                let (id, event_type) = (own("event_id"), own("event_type"));
                own("schema_version");
                let (id, event_type) = (id.as_str().unwrap(), event_type.as_str().unwrap());
                assert_eq!(judge.judge_direct(Family::Statement, id, event_type, &said), Ok(()));
                ids.insert((bytes, id.to_owned()));
            }
        }
        assert_eq!(ids.len(), 18);
    }
}
