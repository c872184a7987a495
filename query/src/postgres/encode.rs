//! Values as Postgres writes them, in text and in binary.
//!
//! In: a batch of rows. Out: the bytes of each value. Guarantee: what a type of ours has no match for in Postgres is text;
//! a number that the type sent for it cannot hold is an error and never another number.

use arrow::array::timezone::Tz;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType, Date32Type, Field, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, IntervalMonthDayNanoType,
    IntervalUnit, Schema, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType, UInt32Type,
};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::{BufMut, BytesMut};
use chrono::{DateTime, Offset, Utc};
use pgwire::messages::data::MESSAGE_TYPE_BYTE_DATA_ROW;

use super::kind::{Kind, PgType};
use super::wire::put_sized;

mod numeric;

/// Days and microseconds from 1970 to 2000, where Postgres begins to count.
const DAYS_TO_2000: i32 = 10_957;
const MICROS_TO_2000: i64 = 946_684_800_000_000;
const MICROS_A_SECOND: i64 = 1_000_000;

/// The columns of a batch, ready to be written row by row.
pub(super) struct Rows {
    columns: Vec<Column>,
    rows: usize,
}

/// A column in the one form that its type in Postgres is written from.
struct Column {
    values: ArrayRef,
    kind: Kind,
    /// Of a list: its values, which the offsets of `values` are places of.
    of: Option<Box<Column>>,
    zone: Option<Tz>,
}

impl Rows {
    /// Prepares a batch. Its columns are brought to the types of `columns` first, which are those that were told.
    ///
    /// # Errors
    /// Where a value does not fit.
    pub(super) fn of(batch: &RecordBatch, columns: &Schema, zone: Option<Tz>) -> Result<Self, ArrowError> {
        let told = columns.fields().iter().zip(batch.columns());
        let columns = told.map(|(field, values)| Column::of(values, field.data_type(), zone));
        Ok(Self { columns: columns.collect::<Result<_, _>>()?, rows: batch.num_rows() })
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// How many columns there are.
    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Writes a value; false where it is null and nothing was written.
    pub(super) fn put(&self, column: usize, row: usize, binary: bool, out: &mut BytesMut) -> bool {
        let column = &self.columns[column];
        if column.values.is_null(row) {
            return false;
        }
        if binary {
            column.put_binary(row, out)
        } else {
            column.put_text(row, out)
        }
        true
    }

    /// Adds a row as a message of an answer.
    pub(super) fn put_row(&self, row: usize, binary: impl Fn(usize) -> bool, out: &mut BytesMut) {
        super::wire::put(out, MESSAGE_TYPE_BYTE_DATA_ROW, |out| self.put_fields(row, binary, out));
    }

    /// Adds the count of values and each value behind its length.
    pub(super) fn put_fields(&self, row: usize, binary: impl Fn(usize) -> bool, out: &mut BytesMut) {
        out.put_u16(u16::try_from(self.columns.len()).unwrap_or(u16::MAX));
        for at in 0..self.columns.len() {
            self.columns[at].put_sized(row, binary(at), out);
        }
    }
}

impl Column {
    fn of(values: &ArrayRef, told: &DataType, zone: Option<Tz>) -> Result<Self, ArrowError> {
        let pg = PgType::of(told);
        if pg.list {
            let list = as_type(values, &list_of(pg.kind))?;
            let of = Self { values: ArrayRef::clone(list.as_list::<i32>().values()), kind: pg.kind, of: None, zone };
            return Ok(Self { values: list, kind: pg.kind, of: Some(Box::new(of)), zone });
        }
        let values = match form(pg.kind) {
            Some(form) => match as_type(values, &form) {
                // A column that is text only because Postgres has no such type.
                Err(_) if pg.kind == Kind::Text => shown(values)?,
                cast => cast?,
            },
            None => ArrayRef::clone(values),
        };
        Ok(Self { values, kind: pg.kind, of: None, zone })
    }

    fn put_sized(&self, row: usize, binary: bool, out: &mut BytesMut) {
        if self.values.is_null(row) {
            out.put_i32(-1);
            return;
        }
        put_sized(out, false, |out| if binary { self.put_binary(row, out) } else { self.put_text(row, out) });
    }

    fn put_text(&self, row: usize, out: &mut BytesMut) {
        if let Some(of) = &self.of {
            return self.put_list_text(of, row, out);
        }
        let values = &self.values;
        match self.kind {
            Kind::Bool => out.put_u8(if values.as_boolean().value(row) { b't' } else { b'f' }),
            Kind::Bytea => {
                out.put_slice(b"\\x");
                values.as_binary::<i32>().value(row).iter().for_each(|byte| put(out, format_args!("{byte:02x}")));
            }
            Kind::Int2 => put(out, format_args!("{}", values.as_primitive::<Int16Type>().value(row))),
            Kind::Int4 => put(out, format_args!("{}", values.as_primitive::<Int32Type>().value(row))),
            Kind::Int8 => put(out, format_args!("{}", values.as_primitive::<Int64Type>().value(row))),
            Kind::Oid => put(out, format_args!("{}", values.as_primitive::<UInt32Type>().value(row))),
            Kind::Float4 => put_float(out, values.as_primitive::<Float32Type>().value(row).into(), |out| {
                put(out, format_args!("{}", values.as_primitive::<Float32Type>().value(row)));
            }),
            Kind::Float8 => {
                let value = values.as_primitive::<Float64Type>().value(row);
                put_float(out, value, |out| put(out, format_args!("{value}")));
            }
            Kind::Text => out.put_slice(values.as_string::<i32>().value(row).as_bytes()),
            Kind::Date => put_date(out, values.as_primitive::<Date32Type>().value(row)),
            Kind::Time => put_time(out, values.as_primitive::<Time64MicrosecondType>().value(row)),
            Kind::Timestamp => {
                put_instant(out, values.as_primitive::<TimestampMicrosecondType>().value(row), false, None);
            }
            Kind::TimestampTz => {
                put_instant(out, values.as_primitive::<TimestampMicrosecondType>().value(row), true, self.zone);
            }
            Kind::Interval => put_interval(out, values.as_primitive::<IntervalMonthDayNanoType>().value(row)),
            Kind::Numeric => put(out, format_args!("{}", numeric::text(values, row))),
        }
    }

    fn put_binary(&self, row: usize, out: &mut BytesMut) {
        if let Some(of) = &self.of {
            return self.put_list_binary(of, row, out);
        }
        let values = &self.values;
        match self.kind {
            Kind::Bool => out.put_u8(u8::from(values.as_boolean().value(row))),
            Kind::Bytea => out.put_slice(values.as_binary::<i32>().value(row)),
            Kind::Int2 => out.put_i16(values.as_primitive::<Int16Type>().value(row)),
            Kind::Int4 => out.put_i32(values.as_primitive::<Int32Type>().value(row)),
            Kind::Int8 => out.put_i64(values.as_primitive::<Int64Type>().value(row)),
            Kind::Oid => out.put_u32(values.as_primitive::<UInt32Type>().value(row)),
            Kind::Float4 => out.put_f32(values.as_primitive::<Float32Type>().value(row)),
            Kind::Float8 => out.put_f64(values.as_primitive::<Float64Type>().value(row)),
            Kind::Text => out.put_slice(values.as_string::<i32>().value(row).as_bytes()),
            Kind::Date => out.put_i32(values.as_primitive::<Date32Type>().value(row).saturating_sub(DAYS_TO_2000)),
            Kind::Time => out.put_i64(values.as_primitive::<Time64MicrosecondType>().value(row)),
            Kind::Timestamp | Kind::TimestampTz => {
                let micros = values.as_primitive::<TimestampMicrosecondType>().value(row);
                out.put_i64(micros.saturating_sub(MICROS_TO_2000));
            }
            Kind::Interval => {
                let interval = values.as_primitive::<IntervalMonthDayNanoType>().value(row);
                out.put_i64(interval.nanoseconds / 1000);
                out.put_i32(interval.days);
                out.put_i32(interval.months);
            }
            Kind::Numeric => numeric::put_binary(out, &numeric::text(values, row)),
        }
    }

    /// The places of a list's values.
    fn places(&self, row: usize) -> std::ops::Range<usize> {
        let offsets = self.values.as_list::<i32>().value_offsets();
        let at = |row: usize| usize::try_from(offsets[row]).unwrap_or(0);
        at(row)..at(row + 1)
    }

    fn put_list_text(&self, of: &Self, row: usize, out: &mut BytesMut) {
        out.put_u8(b'{');
        let places = self.places(row);
        let first = places.start;
        for at in places {
            if at > first {
                out.put_u8(b',');
            }
            if of.values.is_null(at) {
                out.put_slice(b"NULL");
                continue;
            }
            let mut value = BytesMut::new();
            of.put_text(at, &mut value);
            put_list_value(out, &value);
        }
        out.put_u8(b'}');
    }

    fn put_list_binary(&self, of: &Self, row: usize, out: &mut BytesMut) {
        let places = self.places(row);
        out.put_i32(i32::from(!places.is_empty()));
        out.put_i32(i32::from(places.clone().any(|at| of.values.is_null(at))));
        out.put_u32(of.kind.oid());
        if places.is_empty() {
            return;
        }
        out.put_i32(i32::try_from(places.len()).unwrap_or(i32::MAX));
        out.put_i32(1);
        places.for_each(|at| of.put_sized(at, true, out));
    }
}

/// The Arrow type that a type is written from; `None` where several are.
fn form(kind: Kind) -> Option<DataType> {
    Some(match kind {
        Kind::Bool => DataType::Boolean,
        Kind::Bytea => DataType::Binary,
        Kind::Int2 => DataType::Int16,
        Kind::Int4 => DataType::Int32,
        Kind::Int8 => DataType::Int64,
        Kind::Oid => DataType::UInt32,
        Kind::Float4 => DataType::Float32,
        Kind::Float8 => DataType::Float64,
        Kind::Text => DataType::Utf8,
        Kind::Date => DataType::Date32,
        Kind::Time => DataType::Time64(TimeUnit::Microsecond),
        Kind::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        Kind::TimestampTz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Kind::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
        Kind::Numeric => return None,
    })
}

fn list_of(kind: Kind) -> DataType {
    // The only decimals in a list are those of a question's own making.
    let of = form(kind).unwrap_or(DataType::Decimal128(38, 10));
    DataType::List(std::sync::Arc::new(Field::new("item", of, true)))
}

fn as_type(values: &ArrayRef, form: &DataType) -> Result<ArrayRef, ArrowError> {
    if values.data_type() == form {
        return Ok(ArrayRef::clone(values));
    }
    cast_with_options(values, form, &CastOptions { safe: false, ..CastOptions::default() })
}

/// Values as text, by what the engine shows of them.
fn shown(values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(values.as_ref(), &options)?;
    let texts = (0..values.len()).map(|row| values.is_valid(row).then(|| formatter.value(row).to_string()));
    Ok(std::sync::Arc::new(texts.collect::<arrow::array::StringArray>()))
}

fn put(out: &mut BytesMut, text: std::fmt::Arguments<'_>) {
    // Writing to a buffer that grows does not fail.
    let _ = std::fmt::Write::write_fmt(out, text);
}

fn put_float(out: &mut BytesMut, value: f64, finite: impl FnOnce(&mut BytesMut)) {
    if value.is_nan() {
        out.put_slice(b"NaN");
    } else if value.is_infinite() {
        out.put_slice(if value > 0.0 { b"Infinity".as_slice() } else { b"-Infinity" });
    } else {
        finite(out);
    }
}

fn put_date(out: &mut BytesMut, days: i32) {
    let day = DateTime::<Utc>::from_timestamp(i64::from(days) * 86_400, 0);
    match day {
        Some(day) => put(out, format_args!("{}", day.date_naive())),
        None => out.put_slice(if days < 0 { b"-infinity".as_slice() } else { b"infinity" }),
    }
}

fn put_time(out: &mut BytesMut, micros: i64) {
    let seconds = micros / MICROS_A_SECOND;
    put(out, format_args!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60));
    put_fraction(out, micros % MICROS_A_SECOND);
}

/// The part of a second, without zeros at its end.
fn put_fraction(out: &mut BytesMut, micros: i64) {
    if micros != 0 {
        let digits = format!("{:06}", micros.abs());
        put(out, format_args!(".{}", digits.trim_end_matches('0')));
    }
}

fn put_instant(out: &mut BytesMut, micros: i64, zoned: bool, zone: Option<Tz>) {
    let Some(instant) = DateTime::<Utc>::from_timestamp_micros(micros) else {
        out.put_slice(if micros < 0 { b"-infinity".as_slice() } else { b"infinity" });
        return;
    };
    let offset = zone.map_or(0, |zone| instant.with_timezone(&zone).offset().fix().local_minus_utc());
    let utc = instant.naive_utc();
    let local = utc.checked_add_signed(chrono::Duration::seconds(i64::from(offset))).unwrap_or(utc);
    put(out, format_args!("{}", local.format("%Y-%m-%d %H:%M:%S")));
    put_fraction(out, micros.rem_euclid(MICROS_A_SECOND));
    if zoned {
        put(out, format_args!("{}{:02}", if offset < 0 { '-' } else { '+' }, offset.abs() / 3600));
        if offset % 3600 != 0 {
            put(out, format_args!(":{:02}", offset.abs() / 60 % 60));
        }
    }
}

fn put_interval(out: &mut BytesMut, interval: arrow::datatypes::IntervalMonthDayNano) {
    let begin = out.len();
    for (count, one) in [(interval.months, "mons"), (interval.days, "days")] {
        if count != 0 {
            put(out, format_args!("{count} {one} "));
        }
    }
    let micros = interval.nanoseconds / 1000;
    if micros != 0 || out.len() == begin {
        if micros < 0 {
            out.put_u8(b'-');
        }
        put_time(out, micros.abs());
    } else {
        // Without the space behind the last word.
        out.truncate(out.len() - 1);
    }
}

/// A value within a list, in quotes where it could be read as something else.
fn put_list_value(out: &mut BytesMut, value: &[u8]) {
    let special = |byte: &u8| b"{},\"\\".contains(byte) || byte.is_ascii_whitespace();
    if !value.is_empty() && !value.iter().any(special) && !value.eq_ignore_ascii_case(b"null") {
        return out.put_slice(value);
    }
    out.put_u8(b'"');
    for byte in value {
        if matches!(byte, b'"' | b'\\') {
            out.put_u8(b'\\');
        }
        out.put_u8(*byte);
    }
    out.put_u8(b'"');
}

#[cfg(test)]
mod tests;
