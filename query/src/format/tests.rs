//! Every format over the same rows, in one batch, in several, and without any.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, Float64Array, Int64Array, StringArray};
use futures::StreamExt;

use super::*;

fn rows() -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable([
        ("tỉnh", Arc::new(StringArray::from(vec![Some("Hà Giang"), Some("Kon Tum, \"62\""), None])) as ArrayRef, true),
        (
            "rate",
            Arc::new(Float64Array::from(vec![Some(100.0 * 138_068.0 / 187_624.0), Some(0.1), None])) as ArrayRef,
            true,
        ),
        ("n", Arc::new(Int64Array::from(vec![Some(9_007_199_254_740_993), Some(0), None])) as ArrayRef, true),
    ])
    .unwrap()
}

fn encoded(format: Format, batches: &[RecordBatch]) -> String {
    String::from_utf8(bytes(format, batches)).unwrap()
}

fn bytes(format: Format, batches: &[RecordBatch]) -> Vec<u8> {
    let mut encoder = Encoder::new(format, &rows().schema()).unwrap();
    let mut out = Vec::new();
    for batch in batches {
        out.extend(encoder.batch(batch).unwrap());
    }
    out.extend(encoder.finish().unwrap());
    out
}

#[test]
fn batches_do_not_show() {
    let whole = rows();
    let split = [whole.slice(0, 1), whole.slice(1, 0), whole.slice(1, 2)];
    for format in [Format::Table, Format::Csv, Format::Json, Format::Ndjson] {
        assert_eq!(encoded(format, &split), encoded(format, std::slice::from_ref(&whole)), "{format:?}");
    }
}

#[test]
fn texts_are_exact() {
    assert_eq!(
        encoded(Format::Csv, &[rows()]),
        "tỉnh,rate,n\nHà Giang,73.58760073338166,9007199254740993\n\"Kon Tum, \"\"62\"\"\",0.1,0\n,,\n"
    );
    let json: serde_json::Value = serde_json::from_str(&encoded(Format::Json, &[rows()])).unwrap();
    assert_eq!(json[0]["rate"], serde_json::json!(73.58760073338166));
    assert_eq!(json[0]["n"], serde_json::json!(9_007_199_254_740_993_i64));
    assert_eq!(json[2]["tỉnh"], serde_json::Value::Null);
    assert!(json[2].as_object().unwrap().contains_key("n"));
    assert_eq!(encoded(Format::Ndjson, &[rows()]).lines().count(), 3);
}

#[test]
fn tables_are_aligned_for_composed_and_decomposed_letters() {
    let names = StringArray::from(vec!["Hà Giang", "Ha\u{300} Giang", "abc"]);
    let batch = RecordBatch::try_from_iter([("name", Arc::new(names) as ArrayRef)]).unwrap();
    let text = String::from_utf8(table(&batch.schema(), &[batch]).unwrap()).unwrap();
    // A combining mark takes no column, so the line with it is one character longer.
    let lengths: Vec<_> = text.lines().map(|line| line.chars().filter(|c| *c != '\u{300}').count()).collect();
    assert!(lengths.windows(2).all(|pair| pair[0] == pair[1]), "{text}");
}

#[test]
fn no_rows_still_have_columns() {
    assert_eq!(encoded(Format::Csv, &[]), "tỉnh,rate,n\n");
    assert_eq!(encoded(Format::Json, &[]), "[]");
    assert_eq!(encoded(Format::Json, &[rows().slice(0, 0)]), "[]");
    assert_eq!(encoded(Format::Ndjson, &[]), "");
    assert!(encoded(Format::Table, &[]).contains("tỉnh"));
}

#[test]
fn a_statement_without_columns_writes_nothing() {
    let columns = Arc::new(arrow::datatypes::Schema::empty());
    for (format, expected) in [(Format::Csv, ""), (Format::Table, ""), (Format::Json, "[]"), (Format::Ndjson, "")] {
        assert_eq!(Encoder::new(format, &columns).unwrap().finish().unwrap(), expected.as_bytes(), "{format:?}");
    }
}

#[test]
fn bytes_are_hexadecimal_in_text() {
    let batch =
        RecordBatch::try_from_iter([("b", Arc::new(BinaryArray::from(vec![&b"\xc3\x01"[..]])) as ArrayRef)]).unwrap();
    assert_eq!(csv(&batch, false).unwrap(), b"c301\n");
}

#[tokio::test]
async fn an_arrow_stream_reads_back_and_a_cut_one_does_not() {
    let whole = bytes(Format::Arrow, &[rows(), rows()]);
    let pieces = |end: usize| {
        let pieces: Vec<_> =
            whole[..end].chunks(7).map(|c| Ok::<_, io::Error>(bytes::Bytes::copy_from_slice(c))).collect();
        futures::stream::iter(pieces)
    };
    let answer = Answer::read(pieces(whole.len())).await.unwrap();
    assert_eq!(answer.columns(), &rows().schema());
    let batches = answer.collect().await.unwrap();
    assert_eq!(batches, [rows(), rows()]);
    for end in [0, 3, 100, whole.len() / 2, whole.len() - 9, whole.len() - 8, whole.len() - 1] {
        let whole = match Answer::read(pieces(end)).await {
            Ok(answer) => answer.all(|batch| async move { batch.is_ok() }).await,
            Err(_) => false,
        };
        assert!(!whole, "cut at {end}");
    }
}

#[test]
fn formats_are_found_by_word_and_media_type() {
    assert_eq!("csv".parse(), Ok(Format::Csv));
    assert!("xml".parse::<Format>().unwrap_err().contains("ndjson"));
    assert_eq!(Format::of_media_type("TEXT/CSV"), Some(Format::Csv));
    assert_eq!(Format::of_media_type("text/html"), None);
}
