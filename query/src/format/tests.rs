//! Every format over the same rows, in one batch, in several, and without any.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use calamine::{Data, Reader, Xlsx};
use futures::StreamExt;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

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
    bytes_of(format, &rows().schema(), batches)
}

fn bytes_of(format: Format, columns: &SchemaRef, batches: &[RecordBatch]) -> Vec<u8> {
    let mut encoder = Encoder::new(format, columns).unwrap();
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
    for format in Format::ALL.into_iter().filter(|format| format.is_text()) {
        assert_eq!(encoded(format, &split), encoded(format, std::slice::from_ref(&whole)), "{format:?}");
    }
}

#[test]
fn texts_are_exact() {
    assert_eq!(
        encoded(Format::Csv, &[rows()]),
        "tỉnh,rate,n\nHà Giang,73.58760073338166,9007199254740993\n\"Kon Tum, \"\"62\"\"\",0.1,0\n,,\n"
    );
    assert_eq!(
        encoded(Format::Tsv, &[rows()]),
        "tỉnh\trate\tn\nHà Giang\t73.58760073338166\t9007199254740993\n\"Kon Tum, \"\"62\"\"\"\t0.1\t0\n\t\t\n"
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
    let text = String::from_utf8(bytes_of(Format::Table, &batch.schema(), &[batch])).unwrap();
    // A combining mark takes no column, so the line with it is one character longer.
    let lengths: Vec<_> = text.lines().map(|line| line.chars().filter(|c| *c != '\u{300}').count()).collect();
    assert!(lengths.windows(2).all(|pair| pair[0] == pair[1]), "{text}");
}

#[test]
fn a_table_that_is_too_large_is_an_error_and_no_short_table() {
    let texts = |count| StringArray::from(vec!["x".repeat(1 << 20); count]);
    let batch = |count| RecordBatch::try_from_iter([("text", Arc::new(texts(count)) as ArrayRef)]).unwrap();
    let columns = batch(1).schema();
    let mut table = Encoder::new(Format::Table, &columns).unwrap();
    for _ in 0..3 {
        table.batch(&batch(10)).unwrap();
    }
    let refused = table.batch(&batch(10)).unwrap_err();
    assert!(refused.is_the_askers() && refused.to_string().contains("32 MiB"), "{refused}");
    // What is written as it comes has no such bound.
    let mut markdown = Encoder::new(Format::Markdown, &columns).unwrap();
    for _ in 0..4 {
        assert!(!markdown.batch(&batch(10)).unwrap().is_empty());
    }
}

#[test]
fn no_rows_still_have_columns() {
    assert_eq!(encoded(Format::Csv, &[]), "tỉnh,rate,n\n");
    assert_eq!(encoded(Format::Json, &[]), "[]");
    assert_eq!(encoded(Format::Json, &[rows().slice(0, 0)]), "[]");
    assert_eq!(encoded(Format::Ndjson, &[]), "");
    assert_eq!(encoded(Format::Tsv, &[]), "tỉnh\trate\tn\n");
    assert_eq!(encoded(Format::Markdown, &[]), "| tỉnh | rate | n |\n| --- | ---: | ---: |\n");
    assert!(encoded(Format::Table, &[]).contains("tỉnh"));
}

#[test]
fn a_statement_without_columns_writes_nothing() {
    let columns = Arc::new(arrow::datatypes::Schema::empty());
    for (format, expected) in [
        (Format::Csv, ""),
        (Format::Tsv, ""),
        (Format::Table, ""),
        (Format::Markdown, ""),
        (Format::Json, "[]"),
        (Format::Ndjson, ""),
    ] {
        assert_eq!(Encoder::new(format, &columns).unwrap().finish().unwrap(), expected.as_bytes(), "{format:?}");
    }
}

#[test]
fn bytes_are_hexadecimal_in_text() {
    let batch =
        RecordBatch::try_from_iter([("b", Arc::new(BinaryArray::from(vec![&b"\xc3\x01"[..]])) as ArrayRef)]).unwrap();
    assert_eq!(bytes_of(Format::Csv, &batch.schema(), &[batch]), b"b\nc301\n");
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
    assert_eq!(Format::of_ending("md"), Some(Format::Markdown));
    assert_eq!(Format::of_ending("arrow"), Some(Format::Arrow));
    assert_eq!(Format::of_ending("doc"), None);
    for format in Format::ALL {
        assert_eq!(format.as_str().parse(), Ok(format));
        let essence = format.media_type().split(';').next().unwrap();
        assert_eq!(Format::of_media_type(essence), Some(format));
        assert!(!format.about().is_empty());
    }
}

#[test]
fn markdown_shows_what_there_is() {
    let texts = StringArray::from(vec![Some("a|b\nc"), Some("<b>*x*</b>"), None]);
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("indicator_id", Arc::new(texts) as ArrayRef, true),
        ("n", Arc::new(Int64Array::from(vec![1, 2, 3])) as ArrayRef, false),
    ])
    .unwrap();
    assert_eq!(
        String::from_utf8(bytes_of(Format::Markdown, &batch.schema(), &[batch])).unwrap(),
        "| indicator_id | n |\n| --- | ---: |\n| a\\|b<br>c | 1 |\n| \\<b>\\*x\\*\\</b> | 2 |\n|  | 3 |\n"
    );
}

#[test]
fn parquet_reads_back() {
    let whole = rows();
    let bytes = bytes(Format::Parquet, &[whole.slice(0, 1), whole.slice(1, 2)]);
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap().build().unwrap();
    let read: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    assert_eq!(arrow::compute::concat_batches(&whole.schema(), &read).unwrap(), whole);
    let empty = self::bytes(Format::Parquet, &[]);
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(empty)).unwrap();
    assert_eq!(builder.schema().fields(), whole.schema().fields());
}

/// A row of each kind of value that a sheet tells apart.
fn kinds() -> RecordBatch {
    let instant = 1_768_010_400_123_456;
    RecordBatch::try_from_iter_with_nullable([
        ("text", Arc::new(StringArray::from(vec![Some("=1+1"), Some("Hà Giang"), None])) as ArrayRef, true),
        ("whole", Arc::new(Int64Array::from(vec![Some(2024), Some(9_007_199_254_740_993), None])) as ArrayRef, true),
        ("real", Arc::new(Float64Array::from(vec![Some(73.58760073338166), Some(f64::NAN), None])) as ArrayRef, true),
        ("day", Arc::new(Date32Array::from(vec![Some(20_270), Some(-100_000), None])) as ArrayRef, true),
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from(vec![Some(instant), Some(-1), None]).with_timezone("UTC"))
                as ArrayRef,
            true,
        ),
        ("truth", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])) as ArrayRef, true),
        (
            "digits",
            Arc::new(
                Decimal128Array::from(vec![Some(1_250), Some(123_456_789_012_345_678_901), None])
                    .with_precision_and_scale(38, 2)
                    .unwrap(),
            ) as ArrayRef,
            true,
        ),
    ])
    .unwrap()
}

#[test]
fn a_sheet_reads_back_with_its_types() {
    let rows = kinds();
    let bytes = bytes_of(Format::Xlsx, &rows.schema(), &[rows.slice(0, 1), rows.slice(1, 2)]);
    let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
    let sheet = book.worksheet_range("answer").unwrap();
    let row = |at: usize| -> Vec<Data> { sheet.rows().nth(at).unwrap().to_vec() };
    let texts = |row: &[Data]| -> Vec<String> { row.iter().map(ToString::to_string).collect() };
    assert_eq!(texts(&row(0)), ["text", "whole", "real", "day", "at", "truth", "digits"]);

    let first = row(1);
    assert_eq!(first[0], Data::String("=1+1".into()));
    assert_eq!(first[1], Data::Float(2024.0));
    assert_eq!(first[2], Data::Float(73.58760073338166));
    let Data::DateTime(day) = &first[3] else { panic!("{first:?}") };
    // 2025-07-01 is day 45839 of a sheet.
    assert!(day.is_datetime() && day.as_f64() == 45_839.0, "{day:?}");
    let Data::DateTime(at) = &first[4] else { panic!("{first:?}") };
    // 2026-01-10T02:00:00.123Z
    assert!((at.as_f64() - (46_032.0 + (7_200.123 / 86_400.0))).abs() < 1e-8, "{at:?}");
    assert_eq!(first[5], Data::Bool(true));
    assert_eq!(first[6], Data::Float(12.5));

    // What a sheet cannot hold as a number or a day is there as a text, with all of it.
    let second = texts(&row(2));
    assert_eq!(second[..3], ["Hà Giang", "9007199254740993", "NaN"]);
    assert_eq!(second[3], "1696-03-17");
    assert_eq!(second[6], "1234567890123456789.01");
    assert!(sheet.rows().count() == 3 || row(3).iter().all(|cell| *cell == Data::Empty), "nulls are empty");
    assert!(book.worksheet_formula("answer").unwrap().is_empty());
}

#[test]
fn a_sheet_that_is_too_small_says_so_before_anything_is_out() {
    let columns = rows().schema();
    let mut encoder = Encoder::new(Format::Xlsx, &columns).unwrap();
    let many = RecordBatch::try_new(
        Arc::clone(&columns),
        vec![
            Arc::new(StringArray::from(vec![None::<&str>; 600_000])),
            Arc::new(Float64Array::from(vec![None; 600_000])),
            Arc::new(Int64Array::from(vec![None; 600_000])),
        ],
    )
    .unwrap();
    assert_eq!(encoder.batch(&many).unwrap(), b"");
    let error = encoder.batch(&many).unwrap_err();
    assert!(matches!(error, FormError::TooManyRows) && error.is_the_askers(), "{error}");
    assert!(error.to_string().contains("1048576") && error.to_string().contains("csv"), "{error}");
    assert_eq!(encoder.batch(&many.slice(0, 448_575)).unwrap(), b"");
    assert!(encoder.batch(&many.slice(0, 1)).is_err());

    let long = "ữ".repeat(32_768);
    let batch = RecordBatch::try_from_iter([("quote", Arc::new(StringArray::from(vec![long.as_str()])) as ArrayRef)]);
    let batch = batch.unwrap();
    let error = Encoder::new(Format::Xlsx, &batch.schema()).unwrap().batch(&batch).unwrap_err();
    assert!(error.to_string().contains("'quote' has 32768"), "{error}");

    let wide = arrow::datatypes::Schema::new(
        (0..16_385)
            .map(|at| arrow::datatypes::Field::new(format!("c{at}"), arrow::datatypes::DataType::Int64, true))
            .collect::<Vec<_>>(),
    );
    assert!(Encoder::new(Format::Xlsx, &Arc::new(wide)).unwrap_err().to_string().contains("16385"));
}
