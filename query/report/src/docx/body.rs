//! The text: blocks one after another, in sections of pages that lie the same way.

use docx_rs::{DocumentChild, Paragraph, Pic, Run, SectionProperty, Table};

use super::grid::grid;
use super::page::{Page, pages};
use super::text::{paragraph, run, styled};
use crate::WriteError;
use crate::document::{self, Annex, Block, Chart, Level};
use crate::language::Language;
use crate::picture::{Picture, Pictures};

/// How many of Word's units of pictures a millimetre has.
const EMU_A_MM: f64 = 36_000.0;

/// The text so far.
pub(super) struct Body<'a> {
    language: Language,
    pictures: &'a Pictures,
    children: Vec<DocumentChild>,
    /// What each picture shows, in words.
    alternatives: Vec<&'a str>,
    /// How the pages of the section lie that is being written.
    page: Page,
    /// What else that section is: the first one has a first page of its own and names head and foot, which the others
    /// take over from it.
    section: SectionProperty,
}

impl<'a> Body<'a> {
    /// No text yet; the properties are of the first section, without its pages.
    pub(super) fn new(language: Language, pictures: &'a Pictures, section: SectionProperty) -> Self {
        let (children, alternatives) = (Vec::new(), Vec::new());
        Self { language, pictures, children, alternatives, page: Page::Upright, section }
    }

    /// Adds a paragraph.
    pub(super) fn paragraph(&mut self, paragraph: Paragraph) {
        self.children.push(DocumentChild::Paragraph(Box::new(paragraph)));
    }

    /// Adds a table. A paragraph has to follow: Word takes two tables without one between them for one.
    pub(super) fn table(&mut self, table: Table) {
        self.children.push(DocumentChild::Table(Box::new(table)));
    }

    /// Goes on on pages that lie like this; says whether that made a new page.
    pub(super) fn turn(&mut self, page: Page) -> bool {
        if page == self.page {
            return false;
        }
        let ended = self.page.lay(std::mem::take(&mut self.section));
        self.page = page;
        // A section ends with its last paragraph. One of its own would stand on an empty page if the last one is full.
        if let Some(DocumentChild::Paragraph(last)) = self.children.last_mut() {
            last.property.section_property = Some(ended);
        } else {
            self.paragraph(styled("Gap").section_property(ended));
        }
        true
    }

    /// Adds blocks, each on pages that lie as it needs.
    ///
    /// # Errors
    /// Where a chart was not drawn.
    pub(super) fn blocks(&mut self, blocks: &'a [Block]) -> Result<(), WriteError> {
        for (block, page) in blocks.iter().zip(pages(blocks)) {
            self.turn(page);
            match block {
                Block::Heading(Level::Section, text) => self.paragraph(paragraph("Heading1", text)),
                Block::Heading(Level::Part, text) => self.paragraph(paragraph("Heading2", text)),
                Block::Paragraph(text) => self.paragraph(paragraph("BodyText", text)),
                Block::Note(text) => self.paragraph(paragraph("Remark", text)),
                Block::Table(table) => self.grid(table),
                Block::Chart(chart) => self.chart(chart)?,
            }
        }
        Ok(())
    }

    /// Adds an annex, on a page of its own.
    ///
    /// # Errors
    /// Where a chart was not drawn.
    pub(super) fn annex(&mut self, annex: &'a Annex) -> Result<(), WriteError> {
        let is_new = self.turn(pages(&annex.blocks).first().copied().unwrap_or(Page::Upright));
        // One paragraph, so that Word's navigation shows number and title in one line.
        let heading = styled("AnnexHeading").add_run(run(&format!("{}\n{}", annex.number, annex.title)));
        self.paragraph(heading.page_break_before(!is_new));
        self.blocks(&annex.blocks)
    }

    fn grid(&mut self, table: &document::Table) {
        self.paragraph(paragraph("Caption", &table.caption));
        if !table.columns.is_empty() {
            self.table(grid(table, self.language, self.page));
        }
        self.paragraph(paragraph("TableNote", &table.foot(self.language)));
        for note in &table.notes {
            self.paragraph(paragraph("TableNote", note));
        }
    }

    fn chart(&mut self, chart: &'a Chart) -> Result<(), WriteError> {
        let pictures = self.pictures;
        let picture = pictures.picture(chart)?;
        self.alternatives.push(&chart.alternative);
        let (width, height) = fitted(picture, self.page);
        // docx-rs numbers pictures as long as the program runs: the name is our own, so that the same report has the same.
        let name = format!("rIdPicture{}", self.alternatives.len());
        // The size in points that it asks for is overruled.
        let drawing = Pic::new_with_dimensions(picture.png.clone(), 1, 1).id(name).size(width, height);
        self.paragraph(styled("Figure").add_run(Run::new().add_image(drawing)));
        self.paragraph(paragraph("FigureCaption", &chart.caption));
        Ok(())
    }

    /// Puts the text into a document that has its head and foot; says what its pictures show, in words.
    pub(super) fn finish(self, document: &mut docx_rs::Document) -> Vec<&'a str> {
        document.children = self.children;
        let mut last = self.page.lay(std::mem::take(&mut document.section_property));
        // The last section has the parts of head and foot, as docx-rs wants it, and a first page only if it is the first.
        last.title_pg = self.section.title_pg;
        document.section_property = last;
        self.alternatives
    }
}

/// Width and height of a picture in Word's units, no larger than its page allows.
fn fitted(picture: &Picture, page: Page) -> (u32, u32) {
    let (width, height) = (f64::from(picture.width_mm), f64::from(picture.height_mm));
    let (widest, highest) = (f64::from(page.width_mm()), f64::from(page.picture_height_mm()));
    let scale = (widest / width).min(highest / height).min(1.0);
    let units = |mm: f64| (mm * scale * EMU_A_MM).round() as u32;
    (units(width), units(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_made_smaller_and_never_larger() {
        let check = |(width_mm, height_mm), page, expected: (u32, u32)| {
            let picture = Picture { svg: String::new(), png: Vec::new(), width_mm, height_mm };
            assert_eq!(fitted(&picture, page), (expected.0 * 36_000, expected.1 * 36_000));
        };
        check((160, 90), Page::Upright, (160, 90));
        check((100, 50), Page::Upright, (100, 50));
        check((320, 90), Page::Upright, (160, 45));
        check((110, 440), Page::Upright, (55, 220));
        check((240, 270), Page::Lying, (120, 135));
    }
}
