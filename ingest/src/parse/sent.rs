//! What was refused, as it was sent: for whoever keeps it.
//!
//! In: a row as it was read, or a content that cannot be read. Out: its text. Guarantee: an event is the bytes that came; a
//! row of a sheet is a JSON object of its cells by column, without the blank ones, or, where it has more or fewer cells than
//! the header, a JSON array of all of them; texts are as they were sent, with their blanks.

use std::borrow::Cow;

use lantoa_schemas::form::{Form, RESULT};
use lantoa_schemas::reject::{MOST_UNREAD, MeantId, Sent};
use lantoa_schemas::validate::fields::TypedCell;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::{Draft, DraftFields, OLD_WORKBOOK, ParsedRow, WORKBOOK, json, text};

/// How a row was sent, where its draft does not say it.
#[derive(Debug, PartialEq)]
pub(super) enum Raw<'c> {
    /// As the text of an event, which need not be UTF-8.
    Event(&'c [u8]),
    /// As cells, which the draft has.
    Cells,
    /// As cells of which there is no draft, in JSON; and the form that the row is of.
    NoDraft { form: &'static Form, cells: String },
}

impl ParsedRow<'_> {
    /// The row as it was sent.
    pub(crate) fn sent(&self) -> Sent<'_> {
        let draft = self.draft.as_ref().ok();
        match &self.raw {
            Raw::Event(content) => event(self.row, content, draft),
            Raw::Cells => {
                let cells = draft.map(Draft::cells).unwrap_or_default();
                let event_type = draft.map(|draft| draft.event_type.clone());
                let form = draft.and_then(|draft| draft.of_sheet.as_ref()).map(|of_sheet| of_sheet.form);
                Sent { is_judged: draft.is_some(), ..of_cells(self.row, cells.into(), event_type, form) }
            }
            Raw::NoDraft { form, cells } => {
                of_cells(self.row, cells.as_str().into(), Some(form.fallback_type().to_string()), Some(*form))
            }
        }
    }
}

impl Draft {
    fn cells(&self) -> String {
        match &self.fields {
            DraftFields::Object(fields) => object(fields.iter().map(|(name, value)| (name.as_str(), value.clone()))),
            DraftFields::Cells { header, cells, .. } => {
                let given = header.iter().zip(cells).filter(|(name, cell)| *name != RESULT && !cell.is_empty());
                object(given.map(|(name, cell)| (name.as_str(), Value::from(cell.as_str()))))
            }
            DraftFields::Typed { grid, cells, .. } => object(typed(grid.names(), cells)),
        }
    }
}

/// A content that cannot be read as a whole. A workbook is no text: of it only the hash is left.
pub(crate) fn whole(content: &[u8]) -> Sent<'_> {
    let is_text = !content.starts_with(WORKBOOK) && !content.starts_with(OLD_WORKBOOK);
    // More than is kept, so that it is seen to be cut; in UTF-16 a letter has two bytes.
    let text = is_text.then(|| text::beginning(content, 2 * MOST_UNREAD + 8));
    Sent {
        row: None,
        content: content.into(),
        text,
        is_read: false,
        is_judged: false,
        event_type: None,
        event_id: MeantId::Unknown,
    }
}

fn event<'a>(row: u64, content: &'a [u8], draft: Option<&Draft>) -> Sent<'a> {
    let (is_read, event_type, event_id) = match draft {
        Some(draft) => (true, Some(draft.event_type.clone()), draft.event_id.clone()),
        None => match std::str::from_utf8(content).ok().map(json::strict) {
            Some(Ok(Value::Object(event))) => {
                let attribute = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
                (true, attribute("type"), attribute("id"))
            }
            _ => (false, None, None),
        },
    };
    let event_id = event_id.map_or(MeantId::Unknown, MeantId::Given);
    let text = Some(String::from_utf8_lossy(content));
    Sent { row: Some(row), content: content.into(), text, is_read, is_judged: draft.is_some(), event_type, event_id }
}

/// A row of single events has its id by what it says, and one that is refused says nothing yet.
fn of_cells<'a>(row: u64, cells: Cow<'a, str>, event_type: Option<String>, form: Option<&Form>) -> Sent<'a> {
    let content = match &cells {
        Cow::Borrowed(cells) => Cow::Borrowed(cells.as_bytes()),
        Cow::Owned(cells) => Cow::Owned(cells.clone().into_bytes()),
    };
    let event_id = if form.is_some_and(Form::is_of_single_events) { MeantId::Unknown } else { MeantId::Made };
    Sent { row: Some(row), content, text: Some(cells), is_read: true, is_judged: false, event_type, event_id }
}

/// The cells of a workbook's row that have a value, by column.
pub(super) fn typed<'a>(names: &'a [String], cells: &'a [Option<TypedCell>]) -> impl Iterator<Item = (&'a str, Value)> {
    let given = names.iter().zip(cells).filter(|(name, _)| *name != RESULT);
    given.filter_map(|(name, cell)| cell.as_ref().map(|cell| (name.as_str(), value(cell))))
}

/// A cell as JSON has it: numbers stay numbers, because `138.068` as a text is another one.
pub(super) fn value(cell: &TypedCell) -> Value {
    match cell {
        TypedCell::Text(text) => Value::from(text.as_str()),
        TypedCell::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => Value::from(*number as i64),
        TypedCell::Number(number) => Value::from(*number),
        TypedCell::Flag(flag) => Value::from(*flag),
        TypedCell::Day(day) => Value::from(day.to_string()),
    }
}

/// Named values as one JSON object, in their order.
pub(super) fn object<'a>(fields: impl Iterator<Item = (&'a str, Value)>) -> String {
    serde_json::to_string(&Object(fields.collect())).expect("named values are JSON")
}

struct Object<'a>(Vec<(&'a str, Value)>);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use lantoa_schemas::form::STATEMENT;

    use super::super::made::{self, Made};
    use super::super::{Notation, ParseError, parse};
    use super::*;

    const STATED: &str = "vn.lantoa.statement.stated.v1";

    /// Of each row its text, and whether it can be read, its type and its id.
    /// The text of a row, and whether it is read, its type and its id.
    type Told = (String, (bool, Option<String>, MeantId));

    fn told(content: &[u8], notation: Notation) -> Vec<Told> {
        let tell = |row: ParsedRow<'_>| {
            let sent = row.sent();
            assert_eq!(sent.row, Some(row.row));
            (sent.text.unwrap().into_owned(), (sent.is_read, sent.event_type, sent.event_id))
        };
        parse(content, notation, 9).unwrap().into_iter().map(tell).collect()
    }

    #[test]
    fn an_event_is_the_text_that_came() {
        let event = format!(
            "{{\"type\": \"{STATED}\",  \"id\": \"e-1\", \"source\": \"/p\", \"specversion\": \"1.0\", \"data\": {{}}}}"
        );
        let bad = r#"{"id": "e-2", "type": 7}"#;
        let lines = [event.as_bytes(), b"\r\n{\"id\": \"a\xFF\"}\n", bad.as_bytes(), b"\nnot json \n[1]"].concat();
        let given = |id: &str| MeantId::Given(id.to_owned());
        let of = |text: &str, is_read, event_type: Option<&str>, id| {
            (text.to_owned(), (is_read, event_type.map(str::to_owned), id))
        };
        let expected = [
            of(&event, true, Some(STATED), given("e-1")),
            of("{\"id\": \"a\u{fffd}\"}", false, None, MeantId::Unknown),
            of(bad, true, None, given("e-2")),
            of("not json", false, None, MeantId::Unknown),
            of("[1]", false, None, MeantId::Unknown),
        ];
        assert_eq!(told(&lines, Notation::Lines), expected);
        let array = format!("\u{feff}[{event}, {bad}]");
        assert_eq!(told(array.as_bytes(), Notation::Json), [expected[0].clone(), expected[2].clone()]);
    }

    #[test]
    fn a_row_of_a_sheet_is_its_cells_by_column() {
        let header = STATEMENT.columns.join(";");
        let blank = ";".repeat(STATEMENT.columns.len() - 1);
        let text = format!("{header};Kết quả\n x;2024{};Đã nhận\nx;y\n", &blank[1..]);
        let rows = told(text.as_bytes(), Notation::Sheet(None));
        assert_eq!(rows[0].0, r#"{"source":" x","stated_on":"2024"}"#);
        assert_eq!(rows[1].0, r#"["x","y"]"#);
        for (_, told) in rows {
            assert_eq!(told, (true, Some(STATED.to_owned()), MeantId::Made));
        }
    }

    #[test]
    fn a_row_of_a_workbook_keeps_what_its_cells_are() {
        let rows = [
            (2, made::header()),
            (3, made::row(vec![("numerator", Made::Text("138.068")), ("quote", Made::Flag(true))])),
            (4, made::row(vec![("numerator", Made::Error("#REF!"))])),
        ];
        let content = made::packed(&made::parts(&[("S1", "", made::sheet(&rows, &[]))], &[]));
        let rows = told(&content, Notation::Sheet(None));
        let objects: Vec<Value> = rows.iter().map(|(text, _)| serde_json::from_str(text).unwrap()).collect();
        assert_eq!((&objects[0]["numerator"], &objects[0]["quote"]), (&Value::from("138.068"), &Value::from(true)));
        assert_eq!(objects[1]["numerator"], "#REF!");
        assert_eq!(value(&TypedCell::Number(138_068.0)), Value::from(138_068));
        assert_eq!(value(&TypedCell::Number(138.068)), Value::from(138.068));
    }

    #[test]
    fn of_a_content_that_cannot_be_read_the_beginning_is_kept() {
        let units: Vec<u8> = "\u{feff}Hà Giang".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (content, expected) in [
            (&b"a,b\nho\xF2c"[..], Some("a,b\nho\u{fffd}c")),
            (b"\xEF\xBB\xBFa", Some("a")),
            (&units[..], Some("Hà Giang")),
            (b"PK\x03\x04\0\0", None),
            (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", None),
        ] {
            let sent = whole(content);
            assert_eq!((sent.text.as_deref(), sent.row, sent.is_read), (expected, None, false), "{content:?}");
            assert_eq!(*sent.content, *content);
        }
        assert!(matches!(parse(b"a,b\nho\xF2c", Notation::Sheet(None), 9), Err(ParseError::NotUtf8 { .. })));
    }
}
