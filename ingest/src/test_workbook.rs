//! Looks into workbooks that tests have written.

use std::io::{Cursor, Read};

use calamine::{Data, Reader, Xlsx};

/// The cells of a sheet as texts, from its first row and column on.
pub(crate) fn sheet(bytes: &[u8], name: &str) -> Vec<Vec<String>> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    let range = book.worksheet_range(name).unwrap();
    let (rows, columns) = range.end().unwrap();
    let text = |row, column| match range.get_value((row, column)) {
        Some(Data::DateTime(at)) => {
            let (year, month, day, ..) = at.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        Some(value) => value.to_string(),
        None => String::new(),
    };
    (0..=rows).map(|row| (0..=columns).map(|column| text(row, column)).collect()).collect()
}

/// A part of the file.
pub(crate) fn part(bytes: &[u8], name: &str) -> String {
    let mut text = String::new();
    zip::ZipArchive::new(Cursor::new(bytes)).unwrap().by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// Rows as a sheet without anything around them.
pub(crate) fn csv(rows: &[Vec<String>]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    rows.iter().for_each(|row| writer.write_record(row).unwrap());
    writer.into_inner().unwrap()
}
