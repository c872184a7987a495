//! The report as a Word document, laid out by Decree 30/2020/NĐ-CP, to be corrected, numbered and signed in an office.
//!
//! In: the document and its pictures. Out: a DOCX file. Guarantee: the same document gives the same bytes; all looks are
//! styles that Word shows and lets change (`styles.xml`), the headings those that its navigation and tables of contents
//! take.

mod body;
mod frame;
mod grid;
mod order;
mod package;
mod page;
#[cfg(test)]
mod tests;
mod text;

use body::Body;
use page::Page;
use text::{paragraph, styled};

use crate::WriteError;
use crate::document::Document;
use crate::picture::Pictures;

/// The Word document of a report.
///
/// # Errors
/// Where a chart was not drawn, or docx-rs makes something else than it did.
pub(crate) fn write(document: &Document, pictures: &Pictures) -> Result<Vec<u8>, WriteError> {
    let mut docx = frame::pages(document);
    let mut body = Body::new(document.language, pictures, docx.document.section_property.clone());
    body.table(frame::letterhead(&document.letterhead));
    body.paragraph(paragraph("Title", &document.kind));
    body.paragraph(paragraph("Subtitle", &document.subject));
    body.paragraph(frame::subject_rule());
    body.blocks(&document.blocks)?;
    body.turn(Page::Upright);
    body.table(frame::closing(&document.closing));
    body.paragraph(styled("Gap"));
    for annex in &document.annexes {
        body.annex(annex)?;
    }
    let alternatives = body.finish(&mut docx.document);
    package::packed(docx, document, &alternatives)
}
