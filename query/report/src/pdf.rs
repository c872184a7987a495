//! The PDF: pages as Decree 30/2020/NĐ-CP wants them, set by Typst with the template `pdf/report.typ`.
//!
//! In: a document and the pictures of its charts. Out: a tagged PDF/A-2a, which archives take and screen readers read.
//! Guarantee: the same document gives the same bytes; whatever its words are, they are printed as they are, because the
//! template gets them as strings and never as markup (`content`); a letter that the font lacks is an error, never a box.

use typst::diag::SourceDiagnostic;
use typst::foundations::{Bytes, Smart};
use typst::layout::{Frame, FrameItem};
use typst::text::TextItem;
use typst_as_lib::{TypstAsLibError, TypstEngine};
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use crate::WriteError;
use crate::document::Document;
use crate::font::FACES;
use crate::picture::Pictures;

mod content;
#[cfg(test)]
mod tests;

/// What makes pages of `document.json`.
const TEMPLATE: &str = include_str!("pdf/report.typ");

/// Writes a document as PDF.
pub(crate) fn write(document: &Document, pictures: &Pictures) -> Result<Vec<u8>, WriteError> {
    let pages = set(document, pictures)?;
    for warning in &pages.warnings {
        tracing::warn!(%warning, "the typesetter warns");
    }
    pages.frames.iter().try_for_each(refuse_missing_letter)?;
    pages.pdf
}

/// A document that is set.
struct Pages {
    /// One a page.
    frames: Vec<Frame>,
    /// What the typesetter says of the template; it is a fault of the template if there is any.
    warnings: Vec<String>,
    /// The file, or why the standard does not allow it.
    pdf: Result<Vec<u8>, WriteError>,
}

fn set(document: &Document, pictures: &Pictures) -> Result<Pages, WriteError> {
    let content = content::content(document, pictures)?.to_string();
    let engine = TypstEngine::builder()
        .main_file(("report.typ", TEMPLATE))
        .fonts(FACES.map(Bytes::new))
        .with_static_file_resolver([("document.json", Bytes::from_string(content))])
        .build();
    let options = options(document)?;

    let compiled = engine.compile();
    let warnings = compiled.warnings.iter().map(|warning| warning.message.to_string()).collect();
    let paged = compiled.output.map_err(|error| WriteError::Pdf(refusal(&error)))?;
    // This call also says which kind of document was to be compiled: its type is in a crate that is not named here.
    let pdf = typst_pdf::pdf(&paged, &options).map_err(|errors| WriteError::Pdf(told(&errors)));
    let frames = paged.pages().iter().map(|page| page.frame.clone()).collect();
    Ok(Pages { frames, warnings, pdf })
}

/// No clock and nothing by chance: the day is set by the template, what identifies the file is of the document.
fn options(document: &Document) -> Result<PdfOptions, WriteError> {
    let standards =
        PdfStandards::new(&[PdfStandard::A_2a]).map_err(|error| WriteError::Pdf(error.message().to_string()))?;
    let Document { letterhead, kind, subject, day, .. } = document;
    Ok(PdfOptions {
        ident: Smart::Custom(format!("{}\n{kind}\n{subject}\n{day}", letterhead.issuer)),
        creator: Smart::Custom(Some("Lantoa".to_owned())),
        standards,
        ..PdfOptions::default()
    })
}

/// Why nothing was set.
fn refusal(error: &TypstAsLibError) -> String {
    match error {
        TypstAsLibError::TypstSource(diagnostics) => told(diagnostics),
        other => other.to_string(),
    }
}

fn told(diagnostics: &[SourceDiagnostic]) -> String {
    let messages: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
    messages.join("; ")
}

/// Letters in charts are not among a frame's texts: there it is the standard that refuses them, when the file is written.
fn refuse_missing_letter(frame: &Frame) -> Result<(), WriteError> {
    let is_missing = |text: &TextItem| {
        let glyph = text.glyphs.iter().find(|glyph| glyph.id == 0)?;
        text.text.get(glyph.range()).map(str::to_owned)
    };
    match texts(frame).into_iter().find_map(is_missing) {
        Some(letter) => {
            let points: Vec<String> = letter.chars().map(|point| format!("U+{:04X}", u32::from(point))).collect();
            Err(WriteError::Pdf(format!("the font has no letter {letter} ({})", points.join(" "))))
        }
        None => Ok(()),
    }
}

/// The runs of text of a frame, in the order in which they were set.
fn texts(frame: &Frame) -> Vec<&TextItem> {
    let mut found = Vec::new();
    collect_texts(frame, &mut found);
    found
}

fn collect_texts<'a>(frame: &'a Frame, found: &mut Vec<&'a TextItem>) {
    for (_, item) in frame.items() {
        match item {
            FrameItem::Group(group) => collect_texts(&group.frame, found),
            FrameItem::Text(text) => found.push(text),
            FrameItem::Shape(..) | FrameItem::Image(..) | FrameItem::Link(..) | FrameItem::Tag(_) => {}
        }
    }
}
