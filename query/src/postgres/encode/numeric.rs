//! Decimal numbers: text, and Postgres' digits of base 10,000.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type};
use bytes::{BufMut, BytesMut};

/// A decimal's text.
pub(super) fn text(values: &ArrayRef, row: usize) -> String {
    match values.data_type() {
        DataType::Decimal32(..) => values.as_primitive::<Decimal32Type>().value_as_string(row),
        DataType::Decimal64(..) => values.as_primitive::<Decimal64Type>().value_as_string(row),
        DataType::Decimal256(..) => values.as_primitive::<Decimal256Type>().value_as_string(row),
        _ => values.as_primitive::<Decimal128Type>().value_as_string(row),
    }
}

/// Adds a number, given as digits with at most one point and a sign, in Postgres' binary form.
pub(super) fn put_binary(out: &mut BytesMut, text: &str) {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0');
    // Groups of four digits, counted from the point to both sides.
    let padding = (4 - whole.len() % 4) % 4;
    let padded = format!("{}{whole}", "0".repeat(padding));
    let mut groups: Vec<i16> = padded.as_bytes().chunks(4).map(group).collect();
    let mut weight = i16::try_from(groups.len()).unwrap_or(i16::MAX) - 1;
    groups.extend(fraction.as_bytes().chunks(4).map(group));
    let leading = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..leading);
    weight -= i16::try_from(leading).unwrap_or(0);
    while groups.last() == Some(&0) {
        groups.pop();
    }
    if groups.is_empty() {
        weight = 0;
    }
    out.put_i16(i16::try_from(groups.len()).unwrap_or(i16::MAX));
    out.put_i16(weight);
    out.put_u16(if negative && !groups.is_empty() { 0x4000 } else { 0 });
    out.put_i16(i16::try_from(fraction.len()).unwrap_or(i16::MAX));
    groups.iter().for_each(|group| out.put_i16(*group));
}

/// Up to four digits as a number, as if zeros followed.
fn group(digits: &[u8]) -> i16 {
    let at = |place: usize| digits.get(place).map_or(0, |digit| i16::from(digit.wrapping_sub(b'0') % 10));
    (0..4).fold(0, |number, place| number * 10 + at(place))
}
