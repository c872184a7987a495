//! The report of a Lifelong Learning Week: a release's figures in words, tables and charts, as PDF, DOCX, XLSX and HTML.
//!
//! In: a session of the query engine that stands on a release (or on nothing, for a draft), a year, an area, a language.
//! Out: files. Guarantee: all four formats of a report are written from one [`Document`], so that they say the same; the
//! document rests on the release alone and on no clock, so that the same release gives the same bytes; every table is whole
//! and says how many rows it has and by which checksum it can be held against another copy.
//!
//! In reading order: what is asked of the release (`answers`), what the report says of it (`week`, its sentences in
//! `phrase`), the document that this makes (`document`, its numbers and days in `language`), its charts (`chart`, `picture`,
//! the places of provinces on their maps in `tile`), and how it is written (`pdf`, `docx`, `xlsx`, `html`); who asks for files
//! meets `make` first.

mod answers;
mod chart;
pub mod document;
mod docx;
mod font;
mod html;
pub mod language;
mod make;
mod pdf;
pub mod picture;
#[cfg(test)]
mod sample;
mod tile;
mod week;
mod xlsx;

pub use document::Document;
pub use language::Language;
pub use make::{Advance, Areas, Order, ReportError, Written, learning_week, release_of, reminders};

/// A file of a report cannot be written: a fault of this program, as the document is its own.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A chart.
    #[error("a chart cannot be drawn: {0}")]
    Picture(String),
    /// The PDF.
    #[error("the PDF cannot be set: {0}")]
    Pdf(String),
    /// The Word document.
    #[error("the Word document cannot be written: {0}")]
    Docx(String),
    /// The workbook.
    #[error("the workbook cannot be written: {0}")]
    Xlsx(String),
}

/// A format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Word.
    Docx,
    /// PDF.
    Pdf,
    /// Excel.
    Xlsx,
    /// HTML, in one file.
    Html,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Docx, Self::Pdf, Self::Xlsx, Self::Html];

    /// The ending of its files.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Docx => "docx",
            Self::Pdf => "pdf",
            Self::Xlsx => "xlsx",
            Self::Html => "html",
        }
    }

    /// Writes a document, with the pictures of its charts.
    ///
    /// # Errors
    /// Where the writer of the format refuses what it is given.
    pub fn write(self, document: &Document, pictures: &picture::Pictures) -> Result<Vec<u8>, WriteError> {
        match self {
            Self::Docx => docx::write(document, pictures),
            Self::Pdf => pdf::write(document, pictures),
            Self::Xlsx => xlsx::write(document, pictures),
            Self::Html => html::write(document, pictures),
        }
    }
}
