use super::*;
use lantoa_schemas::area::AreaHistory;
use lantoa_schemas::catalogue::Catalogue;
use lantoa_schemas::event::{Event, Facts, Membership};
use lantoa_schemas::stream::Family;
use lantoa_schemas::validate::{Judge, Row, Stamp};
use lantoa_schemas::vocabulary::Via;

use crate::older_records::{OLDER_ID, PRESENT_ID, confluent, revisions, written_before};

const STREAM: Stream = Stream::Ledger(Family::Activity);

fn event(id: &str) -> Event {
    let fields = serde_json::json!({
        "source": "s", "area_level": "province", "area_code": "02", "area_date": "2024-12-31",
        "occurred_on": "2024-05-01", "activity": "seminar", "attendances": 40, "topic": "Đọc sách"
    });
    let judge = Judge {
        history: AreaHistory::shipped(),
        catalogue: Catalogue::shipped(),
        now: "2026-01-15T03:00:00Z".parse().unwrap(),
    };
    let stamp = Stamp { sender: "local".into(), via: Via::Http, receipt: "r".into(), row: 1 };
    let row = Row {
        event_id: Some(id),
        event_type: "vn.lantoa.activity.held.v1",
        reporter: None,
        fields: fields.as_object().unwrap(),
    };
    judge.judge(&row, &stamp).unwrap().event().clone()
}

fn written(event: &Event) -> Vec<u8> {
    let mut out = Vec::new();
    avro::Encoder::default().event(event, &mut out).unwrap();
    out
}

fn record(id: &str) -> Vec<u8> {
    written(&event(id))
}

fn decode(records: &[Vec<u8>]) -> DecodedBatch {
    decode_with(avro::known(STREAM), records)
}

fn decode_with(revisions: Arc<Revisions>, records: &[Vec<u8>]) -> DecodedBatch {
    let mut raw = RawBatch::new(STREAM);
    for (offset, record) in records.iter().enumerate() {
        raw.push(0, offset as i64, record);
    }
    let life = LogLife { cluster: "c".into(), generation: 0 };
    StreamDecoder::new(revisions, life).unwrap().decode(raw).unwrap()
}

fn ids(batch: &DecodedBatch) -> Vec<String> {
    let ids = batch.rows.column_by_name("event_id").unwrap().as_string::<i32>();
    ids.iter().map(|id| id.unwrap().to_owned()).collect()
}

#[test]
fn rows_carry_their_columns_and_positions() {
    let batch = decode(&[record("a"), record("b")]);
    assert_eq!(ids(&batch), ["a", "b"]);
    assert_eq!(batch.rows.schema(), stream_table(STREAM));
    let topics = batch.rows.column_by_name("topic").unwrap().as_string::<i32>();
    assert_eq!(topics.value(0), "Đọc sách");
    let offsets = batch.rows.column_by_name("log_offset").unwrap();
    assert_eq!(offsets.as_primitive::<arrow::datatypes::Int64Type>().value(1), 1);
}

#[test]
fn only_the_guilty_are_refused() {
    let good = record("good");
    let mut cut = record("cut");
    cut.truncate(cut.len() - 3);
    let mut long = record("long");
    long.push(0);
    let mut unknown = record("unknown");
    unknown[5] ^= 1;
    let text = record("latin1");
    let at = text.windows(6).position(|w| w == b"latin1").unwrap();
    let mut not_utf8 = text;
    not_utf8[at] = 0xFF;
    let with_header = [&good[..], &good[..avro::HEADER_LEN]].concat();
    let two_in_one = [&good[..], &good[..]].concat();
    for guilty in [
        with_header,
        two_in_one,
        good[..avro::HEADER_LEN].to_vec(),
        cut,
        long,
        unknown,
        not_utf8,
        Vec::new(),
        b"{}".to_vec(),
    ] {
        for place in 0..3 {
            let mut records = vec![good.clone(), good.clone()];
            records.insert(place, guilty.clone());
            let batch = decode(&records);
            assert_eq!(ids(&batch), ["good", "good"], "{guilty:?}");
            assert_eq!(batch.refused.iter().map(|r| r.at).collect::<Vec<_>>(), [place], "{guilty:?}");
        }
    }
}

/// Records of two revisions and two framings, mixed: one batch, in their order, that says what they would say alone.
#[test]
fn revisions_and_framings_may_be_mixed() {
    let good = record("good");
    let older = written_before(STREAM, &good);
    let kinds = [good.clone(), older.clone(), confluent(PRESENT_ID, &good), confluent(OLDER_ID, &older)];
    let known = || Arc::new(revisions(STREAM));
    let records: Vec<Vec<u8>> = (0..100).map(|at| kinds[at * 7 % 4].clone()).collect();
    let batch = decode_with(known(), &records);
    assert_eq!((batch.rows.num_rows(), batch.refused.len()), (100, 0));
    assert!(batch.raw_index.is_sorted());
    assert_eq!(batch.rows, decode(&std::iter::repeat_n(good.clone(), 100).collect::<Vec<_>>()).rows);

    // Neither a bad neighbour nor an unknown one changes that, nor one that is framed as what it is not.
    let mut cut = older.clone();
    cut.truncate(cut.len() - 1);
    let not_utf8: Vec<u8> = confluent(OLDER_ID, &older).iter().map(|b| if *b == b's' { 0xFF } else { *b }).collect();
    let twice = [&kinds[2][..], &kinds[2][..]].concat();
    let with_header = [&kinds[2][..], &kinds[2][..avro::CONFLUENT_HEADER_LEN]].concat();
    let other_body = confluent(PRESENT_ID, &older);
    let no_body = kinds[3][..avro::CONFLUENT_HEADER_LEN].to_vec();
    for guilty in [cut, not_utf8, twice, with_header, other_body, no_body, confluent(99, &good)] {
        let records = [&kinds[..], std::slice::from_ref(&guilty), &kinds[..]].concat();
        let batch = decode_with(known(), &records);
        assert_eq!(batch.raw_index, [0, 1, 2, 3, 5, 6, 7, 8], "{guilty:?}");
        assert_eq!(batch.refused.iter().map(|refused| refused.at).collect::<Vec<_>>(), [4], "{guilty:?}");
        let offsets = batch.rows.column_by_name("log_offset").unwrap();
        let offsets = offsets.as_primitive::<arrow::datatypes::Int64Type>();
        assert_eq!(offsets.values().to_vec(), [0, 1, 2, 3, 5, 6, 7, 8], "{guilty:?}");
    }
}

/// A datum may end just as a header of Confluent's framing does.
#[test]
fn the_end_of_a_datum_is_not_taken_for_a_header() {
    let stream = Stream::Ledger(Family::Membership);
    // All blank but the last field: the datum ends with 00 00 00 02 01.
    let mut event = event("m");
    event.facts = Facts::Membership(Box::new(Membership { party_member: Some(true), ..Membership::default() }));
    let good = written(&event);
    let id = u32::from_be_bytes([0, 0, 2, 1]);
    assert!(good.ends_with(&[0, 0, 0, 2, 1]), "{good:?}");
    let schemas = avro::ConfluentSchemas::default().with(id, Family::Membership, "0.1.0");
    let known = Arc::new(Revisions::of(stream, &schemas));
    let mut raw = RawBatch::new(stream);
    raw.push(0, 0, &confluent(id, &good));
    let life = LogLife { cluster: "c".into(), generation: 0 };
    let batch = StreamDecoder::new(known, life).unwrap().decode(raw).unwrap();
    assert_eq!((batch.rows.num_rows(), batch.refused), (1, Vec::new()));
}

#[test]
fn what_is_refused_says_what_to_do() {
    let good = record("good");
    let mut unknown = good.clone();
    unknown[5] ^= 1;
    let known = || {
        let ids = avro::ConfluentSchemas::default().with(9, Family::Statement, "0.1.0");
        Arc::new(Revisions::of(STREAM, &ids))
    };
    for (record, reason, remedy) in [
        (unknown, "unknown schema", "C3 01"),
        (b"{}".to_vec(), "C3 01", "fingerprint"),
        (confluent(7, &good), "schema id 7", "\"7\" = \"activity@RELEASE\""),
        (confluent(9, &good), "family statement", "lantoa.statement.v1"),
    ] {
        let batch = decode_with(known(), &[record]);
        let [problem] = &batch.refused[0].problems[..] else { panic!("{:?}", batch.refused) };
        assert!(problem.reason.contains(reason) && problem.remedy.contains(remedy), "{problem:?}");
    }
}

/// What cannot be read may hold anything.
#[test]
fn a_record_that_cannot_be_read_is_looked_through_for_personal_data() {
    let mut spoilt = record("e");
    spoilt.extend(b" CCCD 001203012345");
    for (record, personal) in [
        (b"{\"note\": \"0912345678\"}".to_vec(), true),
        (b"\xFFlan@example.vn\x00".to_vec(), true),
        (spoilt, true),
        (b"{\"note\": \"138.068\"}".to_vec(), false),
    ] {
        let batch = decode(&[record]);
        let [problem] = &batch.refused[0].problems[..] else { panic!("{:?}", batch.refused) };
        assert_eq!(problem.personal, personal, "{problem:?}");
        let told = format!("{problem:?}");
        assert!(!told.contains("0912345678") && !told.contains("lan@") && !told.contains("001203012345"), "{told}");
    }
}

#[test]
fn an_empty_batch_has_no_rows() {
    assert_eq!(decode(&[]).rows.num_rows(), 0);
    assert_eq!(decode(&[b"x".to_vec()]).refused.len(), 1);
}

#[test]
fn columns_without_any_value_are_in_memory_once() {
    let mut decoder = StreamDecoder::new(avro::known(STREAM), LogLife { cluster: "c".into(), generation: 0 }).unwrap();
    let mut places = Vec::new();
    for ids in [vec!["a", "b"], vec!["c"]] {
        let mut raw = RawBatch::new(STREAM);
        ids.iter().zip(0..).for_each(|(id, offset)| raw.push(0, offset, &record(id)));
        let batch = decoder.decode(raw).unwrap();
        for name in ["note", "source_url"] {
            let column = batch.rows.column_by_name(name).unwrap();
            assert_eq!((column.len(), column.null_count()), (ids.len(), ids.len()));
            places.push(column.to_data().buffers()[0].as_ptr());
        }
    }
    assert!(places.iter().all(|place| *place == places[0]));
}
