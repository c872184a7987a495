use std::sync::Arc;

use arrow::array::{
    BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, ListArray, StringArray,
    StringViewArray, TimestampMicrosecondArray, UInt64Array,
};

use super::*;

fn written(values: ArrayRef, row: usize, binary: bool) -> Option<Vec<u8>> {
    let batch = RecordBatch::try_from_iter_with_nullable([("x", values, true)]).unwrap();
    let rows = Rows::of(&batch, batch.schema().as_ref(), "+07:00".parse().ok()).unwrap();
    let mut out = BytesMut::new();
    rows.put(0, row, binary, &mut out).then(|| out.to_vec())
}

fn text(values: impl Array + 'static, row: usize) -> String {
    String::from_utf8(written(Arc::new(values), row, false).unwrap()).unwrap()
}

fn decimal(value: i128, scale: i8) -> Decimal128Array {
    Decimal128Array::from(vec![value]).with_precision_and_scale(38, scale).unwrap()
}

#[test]
fn values_are_text_as_postgres_writes_it() {
    assert_eq!(text(StringViewArray::from(vec!["Thanh Hoá"]), 0), "Thanh Hoá");
    assert_eq!(text(BooleanArray::from(vec![true]), 0), "t");
    assert_eq!(text(Float64Array::from(vec![73.58]), 0), "73.58");
    assert_eq!(text(Float64Array::from(vec![f64::NAN]), 0), "NaN");
    assert_eq!(text(Float64Array::from(vec![f64::NEG_INFINITY]), 0), "-Infinity");
    assert_eq!(text(Date32Array::from(vec![20_000]), 0), "2024-10-04");
    let instant = TimestampMicrosecondArray::from(vec![1_700_000_000_120_000]);
    assert_eq!(text(instant.clone(), 0), "2023-11-14 22:13:20.12");
    assert_eq!(text(instant.with_timezone("UTC"), 0), "2023-11-15 05:13:20.12+07");
    assert_eq!(text(decimal(-12_345, 2), 0), "-123.45");
    assert_eq!(text(BinaryArray::from(vec![b"\x00\xff".as_slice()]), 0), "\\x00ff");
    let list = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), None]), Some(vec![])]);
    assert_eq!(text(list.clone(), 0), "{1,NULL}");
    assert_eq!(text(list, 1), "{}");
    assert_eq!(written(Arc::new(Int64Array::from(vec![None])), 0, false), None);
}

#[test]
fn values_are_binary_as_postgres_reads_it() {
    let binary = |values: ArrayRef| written(values, 0, true).unwrap();
    assert_eq!(binary(Arc::new(Int64Array::from(vec![7]))), 7_i64.to_be_bytes());
    assert_eq!(binary(Arc::new(UInt64Array::from(vec![7]))), 7_i64.to_be_bytes());
    assert_eq!(binary(Arc::new(Date32Array::from(vec![DAYS_TO_2000]))), [0; 4]);
    let instant = TimestampMicrosecondArray::from(vec![MICROS_TO_2000 + 1]).with_timezone("UTC");
    assert_eq!(binary(Arc::new(instant)), 1_i64.to_be_bytes());
    let list = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(5)])]);
    let expected =
        [[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 8].as_slice(), &5_i64.to_be_bytes()];
    assert_eq!(binary(Arc::new(list)), expected.concat());
    // Digits, weight, sign, scale, then the digits of base 10,000.
    for (value, scale, expected) in [
        (1_234_567_i128, 2, [3, 1, 0, 2, 1, 2345, 6700].as_slice()),
        (-5, 1, &[1, -1, 0x4000, 1, 5000]),
        (0, 2, &[0, 0, 0, 2]),
        (100_000_000, 0, &[1, 2, 0, 0, 1]),
        (1, 5, &[1, -2, 0, 5, 1000]),
    ] {
        let expected: Vec<u8> = expected.iter().flat_map(|number: &i16| number.to_be_bytes()).collect();
        assert_eq!(binary(Arc::new(decimal(value, scale))), expected, "{value} {scale}");
    }
}

#[test]
fn a_number_that_does_not_fit_is_an_error() {
    let batch = RecordBatch::try_from_iter([("x", Arc::new(UInt64Array::from(vec![u64::MAX])) as ArrayRef)]).unwrap();
    assert!(Rows::of(&batch, batch.schema().as_ref(), None).is_err());
}

#[test]
fn lists_quote_what_would_be_read_otherwise() {
    let mut out = BytesMut::new();
    for value in ["a", "", "null", "a b", "x\"y\\", "ấp"] {
        put_list_value(&mut out, value.as_bytes());
        out.put_u8(b' ');
    }
    assert_eq!(out, "a \"\" \"null\" \"a b\" \"x\\\"y\\\\\" ấp ".as_bytes());
    assert_eq!(text(StringArray::from(vec!["x"]), 0), "x");
}
