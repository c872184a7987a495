//! Rows as `COPY … TO STDOUT` writes them.
//!
//! In: rows, and the form. Out: messages of copied data, a row each.

use arrow::datatypes::Schema;
use bytes::{BufMut, BytesMut};
use pgwire::messages::copy::MESSAGE_TYPE_BYTE_COPY_DATA as DATA;

use super::encode::Rows;
use super::statement::Form;
use super::wire::put;

/// What a binary copy begins with, in the message of whatever comes first: a mark, no flags, no extension.
const BINARY_HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Adds what comes before the first row.
pub(super) fn put_head(form: &Form, columns: &Schema, out: &mut BytesMut) {
    match form {
        Form::Text { header: true, delimiter, .. } => put_line(out, *delimiter, columns.fields().len(), |at, out| {
            escape_text(columns.field(at).name().as_bytes(), *delimiter, out);
        }),
        Form::Csv { header: true, delimiter, quote, escape, .. } => {
            put_line(out, *delimiter, columns.fields().len(), |at, out| {
                let name = columns.field(at).name().as_bytes();
                put_csv(name, is_special(name, *delimiter, *quote), (*quote, *escape), out);
            });
        }
        Form::Text { .. } | Form::Csv { .. } | Form::Binary => {}
    }
}

/// Adds a row; `is_first` of the copy or not.
pub(super) fn put_row(form: &Form, rows: &Rows, row: usize, is_first: bool, out: &mut BytesMut) {
    match form {
        Form::Binary => put(out, DATA, |out| {
            if is_first {
                out.put_slice(BINARY_HEAD);
            }
            rows.put_fields(row, |_| true, out);
        }),
        Form::Text { delimiter, null, .. } => put_line(out, *delimiter, rows.width(), |at, out| {
            let mut value = BytesMut::new();
            match rows.put(at, row, false, &mut value) {
                true => escape_text(&value, *delimiter, out),
                false => out.put_slice(null.as_bytes()),
            }
        }),
        Form::Csv { delimiter, null, quote, escape, quote_all, .. } => {
            put_line(out, *delimiter, rows.width(), |at, out| {
                let mut value = BytesMut::new();
                match rows.put(at, row, false, &mut value) {
                    true => {
                        // What reads as null, and a line that would end the data, is a value only in quotes.
                        let alone = rows.width() == 1 && value.as_ref() == b"\\.";
                        let quoted = *quote_all
                            || alone
                            || value.as_ref() == null.as_bytes()
                            || is_special(&value, *delimiter, *quote);
                        put_csv(&value, quoted, (*quote, *escape), out);
                    }
                    false => out.put_slice(null.as_bytes()),
                }
            });
        }
    }
}

/// Adds what comes behind the last row, where there was one.
pub(super) fn put_tail(form: &Form, had_rows: bool, out: &mut BytesMut) {
    if *form == Form::Binary {
        put(out, DATA, |out| {
            if !had_rows {
                out.put_slice(BINARY_HEAD);
            }
            out.put_i16(-1);
        });
    }
}

fn put_line(out: &mut BytesMut, delimiter: u8, columns: usize, mut field: impl FnMut(usize, &mut BytesMut)) {
    put(out, DATA, |out| {
        for at in 0..columns {
            if at > 0 {
                out.put_u8(delimiter);
            }
            field(at, out);
        }
        out.put_u8(b'\n');
    });
}

fn escape_text(value: &[u8], delimiter: u8, out: &mut BytesMut) {
    for byte in value {
        let escaped = match byte {
            b'\\' => b'\\',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            0x0b => b'v',
            other if *other == delimiter => delimiter,
            other => {
                out.put_u8(*other);
                continue;
            }
        };
        out.put_slice(&[b'\\', escaped]);
    }
}

fn is_special(value: &[u8], delimiter: u8, quote: u8) -> bool {
    value.iter().any(|byte| [delimiter, quote, b'\n', b'\r'].contains(byte))
}

fn put_csv(value: &[u8], quoted: bool, (quote, escape): (u8, u8), out: &mut BytesMut) {
    if !quoted {
        return out.put_slice(value);
    }
    out.put_u8(quote);
    for byte in value {
        if *byte == quote || *byte == escape {
            out.put_u8(escape);
        }
        out.put_u8(*byte);
    }
    out.put_u8(quote);
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use std::sync::Arc;

    fn copied(form: &Form) -> Vec<u8> {
        let texts = StringArray::from(vec![Some("a,\"b\""), Some("tab\tend"), None, Some("")]);
        let numbers = Int64Array::from(vec![Some(1), None, Some(3), Some(4)]);
        let columns = [("text", Arc::new(texts) as ArrayRef, true), ("n", Arc::new(numbers) as ArrayRef, true)];
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let rows = Rows::of(&batch, batch.schema().as_ref(), None).unwrap();
        let mut out = BytesMut::new();
        put_head(form, &batch.schema(), &mut out);
        (0..rows.len()).for_each(|row| put_row(form, &rows, row, row == 0, &mut out));
        put_tail(form, true, &mut out);
        // The messages' contents alone.
        let mut content = Vec::new();
        while !out.is_empty() {
            let length = u32::from_be_bytes(out[1..5].try_into().unwrap()) as usize;
            content.extend_from_slice(&out.split_to(length + 1)[5..]);
        }
        content
    }

    #[test]
    fn rows_are_written_as_files_have_them() {
        let text = Form::Text { delimiter: b'\t', null: "\\N".into(), header: false };
        assert_eq!(copied(&text), b"a,\"b\"\t1\ntab\\tend\t\\N\n\\N\t3\n\t4\n");
        let csv = |quote_all| Form::Csv {
            delimiter: b',',
            null: String::new(),
            header: true,
            quote: b'"',
            escape: b'"',
            quote_all,
        };
        assert_eq!(copied(&csv(false)), b"text,n\n\"a,\"\"b\"\"\",1\ntab\tend,\n,3\n\"\",4\n");
        assert!(copied(&csv(true)).ends_with(b",\"3\"\n\"\",\"4\"\n"));
        let binary = copied(&Form::Binary);
        assert!(binary.starts_with(BINARY_HEAD) && binary.ends_with(&[0, 0, 0, 4, 255, 255]));
        assert_eq!(&binary[BINARY_HEAD.len()..][..6], [0, 2, 0, 0, 0, 5]);
    }
}
