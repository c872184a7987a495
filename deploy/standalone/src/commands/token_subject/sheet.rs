//! A sheet of persons -> the same sheet with tokens.
//!
//! In: a CSV text, which of its columns has the ids, which columns are left out. Out: the sheet with the column
//! `subject_token` at its place, in the same notation. Guarantee: no column that asks for a person's data is left in it, and
//! no row is left out but blank ones.

use csv::{ReaderBuilder, StringRecord, WriterBuilder};
use lantoa_schemas::validate::personal;
use lantoa_schemas::wording::spelt;

use super::key::Key;
use super::{Bad, normalised};

/// What may keep columns apart.
const MARKS: [u8; 3] = [b',', b';', b'\t'];
/// How UTF-8 is marked, by which Excel knows it.
const BOM: &str = "\u{feff}";
/// The column of tokens, as forms have it.
const TOKENS: &str = "subject_token";

/// Why there is no sheet.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// Its letters.
    #[error("the sheet is not UTF-8; save it as CSV UTF-8 (lưu dưới dạng CSV UTF-8)")]
    NotUtf8,
    /// It is no CSV.
    #[error("the sheet is not CSV with commas, semicolons or tabs")]
    Csv(#[from] csv::Error),
    /// A column that was named.
    #[error("there is no column \"{0}\" in the first row of the sheet; write the heading as it stands there")]
    NoColumn(String),
    /// It cannot be told which is meant.
    #[error("the column \"{0}\" is there twice, or was named twice")]
    Twice(String),
    /// Tokens would stand beside tokens.
    #[error("the sheet has a column subject_token already")]
    HasTokens,
    /// What would go on with the sheet.
    #[error("the column \"{0}\" is for personal data; leave it out with --drop")]
    Personal(String),
    /// Ids that are none.
    #[error(transparent)]
    Bad(#[from] Bad),
    /// The text cannot be put together.
    #[error("the sheet cannot be put together")]
    Write(#[from] std::io::Error),
}

impl SheetError {
    /// Whether the command line was wrong.
    pub fn is_wrong_use(&self) -> bool {
        matches!(self, Self::NoColumn(_) | Self::Twice(_) | Self::HasTokens | Self::Personal(_))
    }
}

/// A sheet that was made.
#[derive(Debug)]
pub(super) struct Made {
    pub content: Vec<u8>,
    pub rows: u64,
}

/// Puts tokens in the place of ids.
pub(super) fn with_tokens(content: &[u8], column: &str, without: &[String], key: &Key) -> Result<Made, SheetError> {
    let text = std::str::from_utf8(content).map_err(|_| SheetError::NotUtf8)?;
    let (bom, text) = text.strip_prefix(BOM).map_or(("", text), |text| (BOM, text));
    let (mark, header) = header(text, column)?;
    let ids = place(&header, column)?;
    let dropped = without.iter().map(|name| place(&header, name)).collect::<Result<Vec<_>, _>>()?;
    check(&header, column, ids, &dropped)?;
    let kept: Vec<usize> = (0..header.len()).filter(|at| !dropped.contains(at)).collect();
    let mut content = bom.as_bytes().to_vec();
    let mut writer = WriterBuilder::new().delimiter(mark).from_writer(&mut content);
    writer.write_record(kept.iter().map(|at| if *at == ids { TOKENS } else { &header[*at] }))?;
    let (mut rows, mut bad) = (0, Bad::default());
    for record in reader(text, mark).into_records().skip(1) {
        let record = record?;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != header.len() {
            bad.add(line, "has another number of cells than the first row");
            continue;
        }
        match normalised(&record[ids]) {
            Ok(id) => {
                let token = key.token(&id);
                writer.write_record(kept.iter().map(|at| if *at == ids { token.as_str() } else { &record[*at] }))?;
                rows += 1;
            }
            Err(why) => bad.add(line, why),
        }
    }
    writer.flush()?;
    drop(writer);
    bad.none()?;
    Ok(Made { content, rows })
}

fn reader(text: &str, mark: u8) -> csv::Reader<&[u8]> {
    ReaderBuilder::new().delimiter(mark).has_headers(false).flexible(true).from_reader(text.as_bytes())
}

/// The header, by the mark that makes a column of the one that was named.
fn header(text: &str, column: &str) -> Result<(u8, StringRecord), SheetError> {
    for mark in MARKS {
        if let Some(header) = reader(text, mark).into_records().next().transpose()?
            && header.iter().any(|heading| spelt(heading) == spelt(column))
        {
            return Ok((mark, header));
        }
    }
    Err(SheetError::NoColumn(column.to_owned()))
}

fn place(header: &StringRecord, column: &str) -> Result<usize, SheetError> {
    let mut places = (0..header.len()).filter(|at| spelt(&header[*at]) == spelt(column));
    match (places.next(), places.next()) {
        (Some(place), None) => Ok(place),
        (Some(_), Some(_)) => Err(SheetError::Twice(column.to_owned())),
        (None, _) => Err(SheetError::NoColumn(column.to_owned())),
    }
}

/// Sees to it that what is left has nothing personal by its headings.
fn check(header: &StringRecord, column: &str, ids: usize, dropped: &[usize]) -> Result<(), SheetError> {
    if dropped.contains(&ids) {
        return Err(SheetError::Twice(column.to_owned()));
    }
    for (at, heading) in header.iter().enumerate().filter(|(at, _)| *at != ids && !dropped.contains(at)) {
        if spelt(heading) == TOKENS {
            return Err(SheetError::HasTokens);
        }
        if let Some(problem) = personal::unknown_field(heading, &format!("number {}", at + 1)) {
            return Err(SheetError::Personal(problem.field));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(content: &str, column: &str, drop: &[&str]) -> Result<String, String> {
        let drop: Vec<String> = drop.iter().map(|name| (*name).to_owned()).collect();
        let made = with_tokens(content.as_bytes(), column, &drop, &Key::of([7; 32]));
        made.map(|made| String::from_utf8(made.content).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn tokens_stand_where_ids_stood_and_what_is_dropped_is_gone() {
        let token = Key::of([7; 32]).token("001203012345");
        for mark in [",", ";", "\t"] {
            for bom in ["", BOM] {
                let rows = [
                    ["Họ và tên", "CCCD", "Ghi chú"],
                    ["Nguyễn Văn An", "001 203 012 345", "\"a,b;\"\"c\""],
                    ["", "", " "],
                    ["Trần Thị Bình", "001203012345", "x"],
                ];
                let sheet = format!("{bom}{}\r\n", rows.map(|row| row.join(mark)).join("\r\n"));
                let out = made(&sheet, "cccd", &["HỌ VÀ TÊN"]).unwrap();
                let out = out.strip_prefix(bom).unwrap();
                let mut lines = out.lines();
                assert_eq!(lines.next().unwrap(), ["subject_token", "Ghi chú"].join(mark));
                assert_eq!(lines.next().unwrap(), [token.as_str(), "\"a,b;\"\"c\""].join(mark));
                assert_eq!(lines.next().unwrap(), [token.as_str(), "x"].join(mark));
                assert_eq!(lines.next(), None);
            }
        }
    }

    #[test]
    fn what_cannot_be_done_is_told_without_what_the_sheet_has() {
        let sheet = "Họ và tên,CCCD,note\nNguyễn Văn An,001203012345,x\n";
        let doubled = "CCCD,CCCD\n1,2\n";
        for (content, column, drop, says) in [
            (sheet, "Số định danh", vec![], "no column \"Số định danh\""),
            (sheet, "CCCD", vec![], "Họ và tên"),
            (sheet, "CCCD", vec!["Tên"], "no column \"Tên\""),
            (sheet, "CCCD", vec!["CCCD", "Họ và tên"], "twice"),
            (doubled, "CCCD", vec![], "twice"),
            ("CCCD,subject_token\n1,2\n", "CCCD", vec![], "already"),
            ("CCCD,0912345678\n001203012345,x\n", "CCCD", vec![], "number 2"),
            ("CCCD,note\n001203012345\n ,x\n", "CCCD", vec![], "line 2 has another number"),
            ("CCCD,note\n001203012345,x\n ,x\n", "CCCD", vec![], "line 3 is blank"),
        ] {
            let said = made(content, column, &drop).unwrap_err();
            assert!(said.contains(says), "{said}");
            assert!(!said.contains("001203") && !said.contains("0912") && !said.contains("Nguyễn"), "{said}");
        }
        assert!(with_tokens(b"CCCD\n\xFF", "CCCD", &[], &Key::of([7; 32])).is_err());
    }
}
