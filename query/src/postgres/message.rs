//! What the server says: our values as pgwire's messages, and those as bytes.
//!
//! In: values. Out: messages of protocol 3 at the end of a buffer. Guarantee: no text of ours ends where it has a NUL.

use arrow::datatypes::Schema;
use bytes::{BufMut, BytesMut};
use pgwire::error::{ErrorInfo, SEVERITY_ERROR, SEVERITY_FATAL};
use pgwire::messages::Message;
use pgwire::messages::copy::CopyOutResponse;
use pgwire::messages::data::{FieldDescription, MESSAGE_TYPE_BYTE_DATA_ROW, RowDescription};
use pgwire::messages::response::{ErrorResponse, NoticeResponse};
use pgwire::messages::startup::ParameterStatus;

use super::kind::{Kind, PgType};
use super::refusal::{Refusal, state};
use super::wire::{put, put_sized};

/// Most columns of an answer: what a message can count.
const MOST_COLUMNS: usize = u16::MAX as usize;
/// Most columns of a copy: clients take no more than 30,000 bytes of the message that tells their forms.
const MOST_COPIED: usize = 14_996;

/// Adds a message. One that is longer than clients take is left out, which a setting of the client's own alone can be.
pub(super) fn say(out: &mut BytesMut, message: &impl Message) {
    let before = out.len();
    if let Err(error) = message.encode(out) {
        out.truncate(before);
        tracing::warn!(%error, "a message was left out");
    }
}

/// A text as a message has it, whose end a NUL would be.
fn text(text: &str) -> String {
    text.replace('\0', "")
}

/// A setting that clients go by.
pub(super) fn parameter_status(out: &mut BytesMut, name: &str, value: &str) {
    say(out, &ParameterStatus::new(text(name), text(value)));
}

/// Refuses an answer of more columns than a message can count.
///
/// # Errors
/// Where there are more.
pub(super) fn fit(columns: &Schema) -> Result<(), Refusal> {
    within(MOST_COLUMNS, columns.fields().len())
}

fn within(most: usize, count: usize) -> Result<(), Refusal> {
    if count <= most {
        return Ok(());
    }
    let refusal = Refusal::new(state::TOO_MANY_COLUMNS, format!("an answer has at most {most} columns, not {count}"));
    Err(refusal.hint("name the columns that you need"))
}

/// The columns of an answer; `binary` says of each whether its values are.
pub(super) fn columns(out: &mut BytesMut, columns: &Schema, binary: impl Fn(usize) -> bool) {
    let fields = columns.fields().iter().enumerate();
    let fields = fields.map(|(at, field)| column(field.name(), PgType::of(field.data_type()), binary(at)));
    say(out, &RowDescription::new(fields.collect()));
}

/// One column of text.
pub(super) fn one_text_column(out: &mut BytesMut, name: &str, binary: bool) {
    let column = column(name, PgType { kind: Kind::Text, list: false }, binary);
    say(out, &RowDescription::new(vec![column]));
}

fn column(name: &str, pg: PgType, binary: bool) -> FieldDescription {
    // Of no table: a view's column is no column of a table that could be looked up.
    let (table, at_table) = (0, 0);
    FieldDescription::new(text(name), table, at_table, pg.oid(), pg.len(), -1, i16::from(binary))
}

/// A row of one text.
pub(super) fn one_text(out: &mut BytesMut, text: &str) {
    put(out, MESSAGE_TYPE_BYTE_DATA_ROW, |out| {
        out.put_u16(1);
        put_sized(out, false, |out| out.put_slice(text.as_bytes()));
    });
}

/// That data follow, so many columns.
///
/// # Errors
/// Where there are more than a client can be told of.
pub(super) fn copy_out(out: &mut BytesMut, columns: usize, binary: bool) -> Result<(), Refusal> {
    within(MOST_COPIED, columns)?;
    let count = i16::try_from(columns).unwrap_or(i16::MAX);
    say(out, &CopyOutResponse::new(i8::from(binary), count, vec![i16::from(binary); columns]));
    Ok(())
}

/// Why there is no answer.
pub(super) fn error(out: &mut BytesMut, refusal: &Refusal) {
    let severity = if refusal.fatal { SEVERITY_FATAL } else { SEVERITY_ERROR };
    say(out, &ErrorResponse::from(info(severity, refusal)));
}

/// What has to be said beside an answer.
pub(super) fn notice(out: &mut BytesMut, severity: &str, state: &'static str, message: &str) {
    say(out, &NoticeResponse::from(info(severity, &Refusal::new(state, message))));
}

fn info(severity: &str, said: &Refusal) -> ErrorInfo {
    let mut info = ErrorInfo::new(severity.to_owned(), said.state.to_owned(), text(&said.message));
    info.severity_nonlocalized = Some(severity.to_owned());
    info.hint = said.hint.as_deref().map(text);
    info.position = said.position.map(|at| at.to_string());
    info
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_its_fields_in_order_and_no_nul_within() {
        let mut out = BytesMut::new();
        let refusal = Refusal::fatal(state::SYNTAX, "no\0t").hint("so");
        error(&mut out, &Refusal { position: Some(7), ..refusal });
        let fields = b"SFATAL\0VFATAL\0C42601\0Mnot\0Hso\0P7\0\0";
        let length = (fields.len() as u32 + 4).to_be_bytes();
        assert_eq!(out, [b"E".as_slice(), &length, fields].concat());
    }

    #[test]
    fn what_is_too_long_to_be_told_is_left_out_as_a_whole() {
        let mut out = BytesMut::new();
        parameter_status(&mut out, "application_name", &"x".repeat(1 << 15));
        assert!(out.is_empty());
        assert!(copy_out(&mut out, MOST_COPIED + 1, false).is_err() && out.is_empty());
        assert!(copy_out(&mut out, MOST_COPIED, false).is_ok() && out.len() == 8 + 2 * MOST_COPIED);
    }
}
