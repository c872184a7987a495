//! The parts of a document as a file.
//!
//! docx-rs makes text, head, foot and what holds the parts together. Its styles know no language, its settings are for East
//! Asian type, and its properties have no title: these three parts are our own. It stores parts as they are; a table of
//! thousands of rows is some twenty times smaller when they are compressed. No entry of the file has a time.

use std::io::{self, Cursor};

use docx_rs::Docx;
use quick_xml::escape::escape;
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::order::{mended, refused};
use super::text::allowed;
use crate::WriteError;
use crate::document::Document;

/// How each style looks.
const STYLES: &str = include_str!("styles.xml");

/// How Word is to treat the document: as one of its own since 2013.
const SETTINGS: &str = include_str!("settings.xml");

/// What stands in both for the language.
const LANGUAGE: &str = "LANGUAGE";

/// The file of a document; what each of its pictures shows is given in words.
///
/// # Errors
/// Where docx-rs makes something else than it did.
pub(super) fn packed(docx: Docx, document: &Document, alternatives: &[&str]) -> Result<Vec<u8>, WriteError> {
    let language = document.language.of("vi-VN", "en-US");
    let mut parts = docx.build();
    parts.document = mended(&parts.document, alternatives)?;
    for part in parts.headers.iter_mut().chain(&mut parts.footers) {
        *part = mended(part, &[])?;
    }
    parts.styles = STYLES.replace(LANGUAGE, language).into_bytes();
    parts.settings = SETTINGS.replace(LANGUAGE, language).into_bytes();
    parts.doc_props.core = properties(document, language).into_bytes();
    let mut stored = Cursor::new(Vec::new());
    parts.pack(&mut stored).map_err(refused)?;
    compressed(stored).map_err(refused)
}

/// Title, issuer, day and language, as Word's and a folder's properties show them.
fn properties(document: &Document, language: &str) -> String {
    let title = format!("{} {}", document.kind, document.subject);
    let (title, issuer) = (escape(allowed(&title)), escape(allowed(&document.letterhead.issuer)));
    let day = format!(r#"xsi:type="dcterms:W3CDTF">{}T00:00:00Z"#, document.day);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<dc:title>{title}</dc:title>
<dc:creator>{issuer}</dc:creator>
<dc:language>{language}</dc:language>
<cp:lastModifiedBy>{issuer}</cp:lastModifiedBy>
<cp:revision>1</cp:revision>
<dcterms:created {day}</dcterms:created>
<dcterms:modified {day}</dcterms:modified>
</cp:coreProperties>
"#
    )
}

/// The same files, compressed, without entries for their folders.
fn compressed(stored: Cursor<Vec<u8>>) -> ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::DEFAULT.compression_method(CompressionMethod::Deflated);
    let mut stored = ZipArchive::new(stored)?;
    let mut file = ZipWriter::new(Cursor::new(Vec::new()));
    for place in 0..stored.len() {
        let mut part = stored.by_index(place)?;
        if part.is_file() {
            file.start_file(part.name(), options)?;
            io::copy(&mut part, &mut file)?;
        }
    }
    file.finish().map(Cursor::into_inner)
}
