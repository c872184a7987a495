//! What the server says, as bytes.
//!
//! In: values. Out: messages of protocol 3 at the end of a buffer.

use arrow::datatypes::Schema;
use bytes::{BufMut, BytesMut};

use super::kind::{Kind, PgType};
use super::refusal::{Refusal, state};
use super::wire::{put, put_text};

/// Where a connection stands towards transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// In none.
    Idle,
    /// In one.
    Open,
    /// In one in which a statement failed.
    Failed,
}

/// A request for a secret or the word that none is wanted: code and what belongs to it.
pub(super) fn authentication(out: &mut BytesMut, code: i32, content: &[u8]) {
    put(out, b'R', |out| {
        out.put_i32(code);
        out.put_slice(content);
    });
}

/// A setting that clients go by.
pub(super) fn parameter_status(out: &mut BytesMut, name: &str, value: &str) {
    put(out, b'S', |out| {
        put_text(out, name);
        put_text(out, value);
    });
}

/// By what the connection's statements can be cancelled.
pub(super) fn backend_key(out: &mut BytesMut, process: i32, secret: i32) {
    put(out, b'K', |out| {
        out.put_i32(process);
        out.put_i32(secret);
    });
}

/// That only protocol 3.0 is spoken, and which options are not known.
pub(super) fn negotiate(out: &mut BytesMut, unknown: &[String]) {
    put(out, b'v', |out| {
        out.put_i32(3 << 16);
        out.put_i32(i32::try_from(unknown.len()).unwrap_or(0));
        unknown.iter().for_each(|option| put_text(out, option));
    });
}

/// That the next statement is awaited.
pub(super) fn ready(out: &mut BytesMut, standing: Standing) {
    let letter = match standing {
        Standing::Idle => b'I',
        Standing::Open => b'T',
        Standing::Failed => b'E',
    };
    put(out, b'Z', |out| out.put_u8(letter));
}

/// A message without content.
pub(super) fn bare(out: &mut BytesMut, kind: u8) {
    put(out, kind, |_| ());
}

/// Its kinds.
pub(super) mod kind {
    pub(crate) const PARSED: u8 = b'1';
    pub(crate) const BOUND: u8 = b'2';
    pub(crate) const CLOSED: u8 = b'3';
    pub(crate) const NO_DATA: u8 = b'n';
    pub(crate) const SUSPENDED: u8 = b's';
    pub(crate) const EMPTY: u8 = b'I';
    pub(crate) const COPY_DONE: u8 = b'c';
}

/// That a statement is done.
pub(super) fn complete(out: &mut BytesMut, tag: &str) {
    put(out, b'C', |out| put_text(out, tag));
}

/// The types of a statement's values.
pub(super) fn parameters(out: &mut BytesMut, types: &[u32]) {
    put(out, b't', |out| {
        out.put_u16(u16::try_from(types.len()).unwrap_or(u16::MAX));
        types.iter().for_each(|oid| out.put_u32(*oid));
    });
}

/// Refuses an answer of more columns than a message can count.
///
/// # Errors
/// Where there are more.
pub(super) fn fit(columns: &Schema) -> Result<(), Refusal> {
    let count = columns.fields().len();
    if u16::try_from(count).is_ok() {
        return Ok(());
    }
    let refusal =
        Refusal::new(state::TOO_MANY_COLUMNS, format!("an answer has at most {} columns, not {count}", u16::MAX));
    Err(refusal.hint("name the columns that you need"))
}

/// The columns of an answer; `binary` says of each whether its values are.
pub(super) fn columns(out: &mut BytesMut, columns: &Schema, binary: impl Fn(usize) -> bool) {
    put(out, b'T', |out| {
        out.put_u16(u16::try_from(columns.fields().len()).unwrap_or(u16::MAX));
        for (at, field) in columns.fields().iter().enumerate() {
            let pg = PgType::of(field.data_type());
            column(out, field.name(), pg, binary(at));
        }
    });
}

/// One column of text.
pub(super) fn one_text_column(out: &mut BytesMut, name: &str, binary: bool) {
    put(out, b'T', |out| {
        out.put_u16(1);
        column(out, name, PgType { kind: Kind::Text, list: false }, binary);
    });
}

fn column(out: &mut BytesMut, name: &str, pg: PgType, binary: bool) {
    put_text(out, name);
    // Of no table: a view's column is no column of a table that could be looked up.
    out.put_u32(0);
    out.put_i16(0);
    out.put_u32(pg.oid());
    out.put_i16(pg.len());
    out.put_i32(-1);
    out.put_i16(i16::from(binary));
}

/// A row of one text.
pub(super) fn one_text(out: &mut BytesMut, text: &str) {
    put(out, b'D', |out| {
        out.put_u16(1);
        super::wire::put_sized(out, false, |out| out.put_slice(text.as_bytes()));
    });
}

/// That data follow, so many columns.
pub(super) fn copy_out(out: &mut BytesMut, columns: usize, binary: bool) {
    put(out, b'H', |out| {
        out.put_u8(u8::from(binary));
        out.put_u16(u16::try_from(columns).unwrap_or(u16::MAX));
        (0..columns).for_each(|_| out.put_i16(i16::from(binary)));
    });
}

/// Why there is no answer.
pub(super) fn error(out: &mut BytesMut, refusal: &Refusal) {
    let severity = if refusal.fatal { "FATAL" } else { "ERROR" };
    report(out, b'E', severity, refusal);
}

/// What has to be said beside an answer.
pub(super) fn notice(out: &mut BytesMut, severity: &str, state: &'static str, message: &str) {
    report(out, b'N', severity, &Refusal::new(state, message));
}

fn report(out: &mut BytesMut, kind: u8, severity: &str, said: &Refusal) {
    put(out, kind, |out| {
        let position = said.position.map(|at| at.to_string());
        let fields = [
            (b'S', Some(severity)),
            (b'V', Some(severity)),
            (b'C', Some(said.state)),
            (b'M', Some(said.message.as_str())),
            (b'H', said.hint.as_deref()),
            (b'P', position.as_deref()),
        ];
        for (field, text) in fields {
            if let Some(text) = text {
                out.put_u8(field);
                put_text(out, text);
            }
        }
        out.put_u8(0);
    });
}
