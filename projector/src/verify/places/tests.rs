use super::*;

const GOOD: Record = Record { bytes: 7, says: Some(Says { id: 1, content: 2, unstamped: false }) };
const DIRECT: Record = Record { bytes: 7, says: Some(Says { id: 1, content: 2, unstamped: true }) };
const UNREADABLE: Record = Record { bytes: 7, says: None };

const ROW: Entry = Entry { offset: 5, holder: Holder::Ledger, stamped: false, id: 1, content: 2, hashed: false };
const STAMPED: Entry = Entry { stamped: true, ..ROW };
const DUPLICATE: Entry = Entry { holder: Holder::Duplicate, content: 7, ..ROW };
const REJECTED: Entry = Entry { holder: Holder::Rejected, content: 7, id: 0, ..ROW };

/// A record, what stands at its place, whether rows are owed there, and what it comes to.
type Case<'a> = (Record, &'a [Entry], bool, Result<Fate, Kind>);

#[test]
fn a_record_is_one_row_of_its_own_or_it_is_named() {
    let cases: &[Case<'_>] = &[
        (GOOD, &[ROW], false, Ok(Fate::Ledger)),
        (GOOD, &[DUPLICATE], false, Ok(Fate::Duplicate)),
        (DIRECT, &[STAMPED], false, Ok(Fate::Ledger)),
        (DIRECT, &[DUPLICATE], false, Ok(Fate::Duplicate)),
        (DIRECT, &[REJECTED], false, Ok(Fate::Rejected)),
        (UNREADABLE, &[REJECTED], false, Ok(Fate::Rejected)),
        (GOOD, &[], true, Ok(Fate::Owed)),
        (GOOD, &[ROW], true, Ok(Fate::Ledger)),
        (GOOD, &[], false, Err(Kind::Missing)),
        (UNREADABLE, &[], false, Err(Kind::Missing)),
        (GOOD, &[ROW, ROW], false, Err(Kind::RowTwice)),
        (GOOD, &[DUPLICATE, DUPLICATE], false, Err(Kind::OutcomeTwice)),
        (GOOD, &[DUPLICATE, REJECTED], true, Err(Kind::OutcomeTwice)),
        (GOOD, &[ROW, DUPLICATE], false, Err(Kind::InBoth)),
        (GOOD, &[ROW, ROW, REJECTED], false, Err(Kind::InBoth)),
        (GOOD, &[Entry { id: 9, ..ROW }], false, Err(Kind::OtherRecord)),
        (UNREADABLE, &[ROW], false, Err(Kind::OtherRecord)),
        (GOOD, &[Entry { content: 9, ..ROW }], false, Err(Kind::OtherContent)),
        (DIRECT, &[ROW], false, Err(Kind::NotStamped)),
        (GOOD, &[Entry { content: 9, ..DUPLICATE }], false, Err(Kind::OtherOutcome)),
        (GOOD, &[Entry { id: 9, ..DUPLICATE }], false, Err(Kind::OtherOutcome)),
        (UNREADABLE, &[DUPLICATE], false, Err(Kind::OtherOutcome)),
        (UNREADABLE, &[Entry { content: 9, ..REJECTED }], false, Err(Kind::OtherOutcome)),
        (GOOD, &[REJECTED], false, Err(Kind::GoodRefused)),
    ];
    for (record, rows, owed, expected) in cases {
        assert_eq!(fate(record, rows, *owed), *expected, "{record:?} {rows:?} {owed}");
    }
}

/// Of a record with personal data the hash is kept, and proves as much as its bytes would.
#[test]
fn a_record_whose_hash_alone_is_kept_is_held_against_that() {
    let (keys, message) = (Keys::default(), b"CCCD 001203012345");
    let kept = |hash: &str| Entry { content: keys.short_id(hash), hashed: true, ..REJECTED };
    for (row, expected) in [
        (kept(&content_hash(message)), Ok(Fate::Rejected)),
        (kept(&content_hash(b"CCCD 001203012346")), Err(Kind::OtherOutcome)),
        (kept(""), Err(Kind::OtherOutcome)),
        (Entry { content: keys.bytes(message), ..REJECTED }, Ok(Fate::Rejected)),
        // Neither bytes nor hash.
        (Entry { content: keys.bytes(&[]), ..REJECTED }, Err(Kind::OtherOutcome)),
    ] {
        let record = Record { bytes: sum(&keys, message, &[row]), ..DIRECT };
        assert_eq!(fate(&record, &[row], false), expected, "{row:?}");
    }
}

#[test]
fn a_stretch_gives_each_row_once_in_the_order_of_the_log() {
    let at = |offset| Entry { offset, ..ROW };
    let mut stretch = Stretch::new(vec![at(9), at(4), at(4), at(6), at(3)]);
    let offsets = |rows: &[Entry]| rows.iter().map(|row| row.offset).collect::<Vec<_>>();
    assert_eq!(offsets(stretch.before(4)), [3]);
    assert_eq!(offsets(stretch.of(4)), [4, 4]);
    assert!(stretch.before(5).is_empty() && stretch.of(5).is_empty());
    assert_eq!(offsets(stretch.before(8)), [6]);
    assert!(stretch.of(8).is_empty());
    assert_eq!(offsets(stretch.before(20)), [9]);
}
