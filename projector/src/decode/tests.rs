use super::*;
use lantoa_schemas::area::AreaHistory;
use lantoa_schemas::catalogue::Catalogue;
use lantoa_schemas::stream::Family;
use lantoa_schemas::validate::{Judge, Row, Stamp};
use lantoa_schemas::vocabulary::Via;

const STREAM: Stream = Stream::Ledger(Family::Activity);

pub(crate) fn record(id: &str) -> Vec<u8> {
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
    let event = judge.judge(&row, &stamp).unwrap();
    let mut out = Vec::new();
    avro::Encoder::default().event(event.event(), &mut out).unwrap();
    out
}

fn decode(records: &[Vec<u8>]) -> DecodedBatch {
    let mut raw = RawBatch::new(STREAM);
    for (offset, record) in records.iter().enumerate() {
        raw.push(0, offset as i64, record);
    }
    let life = LogLife { cluster: "c".into(), generation: 0 };
    StreamDecoder::new(STREAM, life).unwrap().decode(raw).unwrap()
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

#[test]
fn an_empty_batch_has_no_rows() {
    assert_eq!(decode(&[]).rows.num_rows(), 0);
    assert_eq!(decode(&[b"x".to_vec()]).refused.len(), 1);
}

#[test]
fn columns_without_any_value_are_in_memory_once() {
    let mut decoder = StreamDecoder::new(STREAM, LogLife { cluster: "c".into(), generation: 0 }).unwrap();
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
