//! Workbooks for tests, made part by part, so that a test can say in them what it wants, also what no program would.

use std::io::{Cursor, Read, Write};

use lantoa_schemas::form::STATEMENT;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::cell_name;

const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// Number formats by their style: 0 none, 1 a day, 2 `0.00%`, 3 `00`, 4 a day with a time, 5 a length of time.
const STYLES: &str = r#"<styleSheet><numFmts count="2"><numFmt numFmtId="164" formatCode="00"/><numFmt numFmtId="165"
formatCode="dd/mm/yyyy"/></numFmts><cellXfs count="6"><xf numFmtId="0"/><xf numFmtId="165"/><xf numFmtId="10"/><xf
numFmtId="164"/><xf numFmtId="22"/><xf numFmtId="46"/></cellXfs></styleSheet>"#;

/// A cell.
pub(crate) enum Made<'a> {
    Blank,
    Text(&'a str),
    /// A text by its number among those that are kept once.
    Shared(usize),
    /// A number under a style.
    Number(usize, &'a str),
    Flag(bool),
    Error(&'a str),
    /// A formula, and the text that it came to.
    Formula(&'a str, &'a str),
}

/// Parts as they are, without compression.
pub(crate) fn workbook(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in parts {
        archive.start_file(name, options).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// One part of so many bytes, compressed.
pub(super) fn deflated(name: &str, bytes: u64) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    archive.start_file(name, options).unwrap();
    std::io::copy(&mut std::io::repeat(b'x').take(bytes), &mut archive).unwrap();
    archive.finish().unwrap().into_inner()
}

/// All parts of a workbook of these sheets, each a name, an attribute and its XML, and of these shared texts.
pub(crate) fn parts(sheets: &[(&str, &str, String)], shared: &[&str]) -> Vec<(String, String)> {
    let relation = |id: usize, kind: &str, target: &str| {
        format!("<Relationship Id=\"r{id}\" Type=\"{RELATIONS}/{kind}\" Target=\"{target}\"/>")
    };
    let (mut listed, mut relations) = (String::new(), String::new());
    let mut parts = Vec::new();
    for (at, (name, state, xml)) in sheets.iter().enumerate() {
        listed.push_str(&format!("<sheet name=\"{name}\" sheetId=\"{at}\" {state} r:id=\"r{at}\"/>"));
        relations.push_str(&relation(at, "worksheet", &format!("worksheets/sheet{at}.xml")));
        parts.push((format!("xl/worksheets/sheet{at}.xml"), xml.clone()));
    }
    let texts: String = shared.iter().map(|text| format!("<si><t>{text}</t></si>")).collect();
    let strings = format!("<sst count=\"{0}\" uniqueCount=\"{0}\">{texts}</sst>", shared.len());
    let package = relation(0, "officeDocument", "xl/workbook.xml");
    let related = |relations: &str| format!("<Relationships>{relations}</Relationships>");
    for (name, content) in [
        ("_rels/.rels", related(&package)),
        ("xl/_rels/workbook.xml.rels", related(&relations)),
        ("xl/workbook.xml", format!("<workbook><sheets>{listed}</sheets></workbook>")),
        ("xl/styles.xml", STYLES.to_owned()),
        ("xl/sharedStrings.xml", strings),
    ] {
        parts.push((name.to_owned(), content));
    }
    parts
}

/// The XML of a sheet: rows by their number from 1, and regions that are merged.
pub(crate) fn sheet(rows: &[(u32, Vec<Made<'_>>)], merged: &[&str]) -> String {
    let mut xml = "<worksheet><dimension ref=\"A1\"/><sheetData>".to_owned();
    for (number, cells) in rows {
        xml.push_str(&format!("<row r=\"{number}\">"));
        for (column, cell) in (0..).zip(cells) {
            xml.push_str(&cell_xml(*number, column, cell));
        }
        xml.push_str("</row>");
    }
    xml.push_str("</sheetData>");
    if !merged.is_empty() {
        let regions: String = merged.iter().map(|region| format!("<mergeCell ref=\"{region}\"/>")).collect();
        xml.push_str(&format!("<mergeCells count=\"{}\">{regions}</mergeCells>", merged.len()));
    }
    xml + "</worksheet>"
}

fn cell_xml(row: u32, column: u32, cell: &Made<'_>) -> String {
    let name = cell_name("", row - 1, column);
    let r = name.trim_start_matches('!');
    match cell {
        Made::Blank => format!("<c r=\"{r}\" s=\"1\"/>"),
        Made::Text(text) => format!("<c r=\"{r}\" t=\"inlineStr\"><is><t>{text}</t></is></c>"),
        Made::Shared(at) => format!("<c r=\"{r}\" t=\"s\"><v>{at}</v></c>"),
        Made::Number(style, number) => format!("<c r=\"{r}\" s=\"{style}\"><v>{number}</v></c>"),
        Made::Flag(flag) => format!("<c r=\"{r}\" t=\"b\"><v>{}</v></c>", u8::from(*flag)),
        Made::Error(error) => format!("<c r=\"{r}\" t=\"e\"><v>{error}</v></c>"),
        Made::Formula(formula, text) => format!("<c r=\"{r}\" t=\"str\"><f>{formula}</f><v>{text}</v></c>"),
    }
}

/// A workbook of parts.
pub(crate) fn packed(parts: &[(String, String)]) -> Vec<u8> {
    workbook(&parts.iter().map(|(name, content)| (name.as_str(), content.as_str())).collect::<Vec<_>>())
}

/// The header of the form `statement`.
pub(crate) fn header() -> Vec<Made<'static>> {
    STATEMENT.columns.iter().map(|name| Made::Text(name)).collect()
}

/// A row in which these columns have these cells, and the others what makes it good.
pub(crate) fn row<'a>(mut special: Vec<(&str, Made<'a>)>) -> Vec<Made<'a>> {
    let good = |name: &str| match name {
        "source" => Made::Text("ha-giang-2024"),
        "stated_on" => Made::Number(1, "45646"),
        "area_level" => Made::Text("province"),
        "area_code" => Made::Number(3, "2"),
        "area_date" => Made::Number(1, "45657"),
        "area_name" => Made::Text("Hà Giang"),
        "fact" => Made::Text("actual"),
        "measure" => Made::Text("learning_family"),
        "stage" => Made::Text("recognised"),
        "subject_scope" => Made::Text("household"),
        "period" => Made::Number(0, "2024"),
        "span" => Made::Text("stock"),
        "base" => Made::Text("all"),
        "numerator" => Made::Number(0, "138068"),
        "denominator" => Made::Text("187.624"),
        "printed_percent" => Made::Number(2, "0.7358"),
        _ => Made::Blank,
    };
    let mut cell = |name: &str| match special.iter().position(|(special, _)| *special == name) {
        Some(at) => special.swap_remove(at).1,
        None => good(name),
    };
    STATEMENT.columns.iter().map(|name| cell(name)).collect()
}
