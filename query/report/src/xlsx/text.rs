//! The report's text on the first sheet, line below line, with a link to the sheet of each table.

use rust_xlsxwriter::{Format, FormatAlign, Image, Url, Worksheet};

use super::{BODY, MM_PER_INCH, MOST_UNITS, lines, set_height, set_up, style, units};
use crate::WriteError;
use crate::document::{Annex, Block, Chart, Closing, Document, Letterhead, Level};
use crate::picture::{Picture, Pictures};

/// How wide the text is, in pixels, and in digits of the body's font: not quite the 160 mm between the margins. LibreOffice
/// cuts off a single column that is wider than the page, where it makes several columns fit.
const WIDTH: u32 = 590;
const DIGITS: f64 = 73.0;
const PIXELS_PER_INCH: f64 = 96.0;
const POINTS_PER_INCH: f64 = 72.0;
/// How high a row for a picture is at most, in points.
const HIGHEST: f64 = 400.0;
/// Points of titles and of the headings of sections.
const TITLE: f64 = 14.0;
const SECTION: f64 = 13.0;

pub(super) fn write(
    sheet: &mut Worksheet,
    document: &Document,
    pictures: &Pictures,
    names: &[String],
) -> Result<(), WriteError> {
    set_up(sheet, document, false);
    sheet.set_column_width_pixels(0, WIDTH)?;
    let mut page = Page { sheet, row: 0, pictures, names: names.iter() };
    if let Some(warning) = &document.warning {
        page.line(warning, &style::warning())?;
    }
    page.letterhead(&document.letterhead)?;
    page.large(&document.kind, style::centred(), TITLE)?;
    page.large(&document.subject, style::centred(), TITLE)?;
    page.line(&document.origin, &style::note().set_align(FormatAlign::Center))?;
    page.row += 1;
    page.blocks(&document.blocks)?;
    page.closing(&document.closing)?;
    for annex in &document.annexes {
        page.annex(annex)?;
    }
    Ok(())
}

fn inches(mm: u32) -> f64 {
    f64::from(mm) / MM_PER_INCH
}

/// The sheet as far as it is written.
struct Page<'a> {
    sheet: &'a mut Worksheet,
    /// The next row.
    row: u32,
    pictures: &'a Pictures,
    /// The sheets of the tables that are still to come.
    names: std::slice::Iter<'a, String>,
}

impl Page<'_> {
    /// A line of the body's size, or several where the text needs them.
    fn line(&mut self, text: &str, format: &Format) -> Result<(), WriteError> {
        self.line_of(text, format, BODY)
    }

    /// A bold line of so many points.
    fn large(&mut self, text: &str, format: Format, points: f64) -> Result<(), WriteError> {
        self.line_of(text, &format.set_font_size(points).set_bold(), points)
    }

    fn line_of(&mut self, text: &str, format: &Format, points: f64) -> Result<(), WriteError> {
        self.sheet.write_string_with_format(self.row, 0, text, format)?;
        self.end_row(text, points)
    }

    /// Makes the row as high as its text needs, and goes on to the one below.
    fn end_row(&mut self, text: &str, points: f64) -> Result<(), WriteError> {
        let digits = (DIGITS * BODY / points) as usize;
        set_height(self.sheet, self.row, lines(text, digits), points)?;
        self.row += 1;
        Ok(())
    }

    fn letterhead(&mut self, letterhead: &Letterhead) -> Result<(), WriteError> {
        let (plain, bold) = (style::centred(), style::centred().set_bold());
        if let Some(superior) = &letterhead.superior {
            self.line(superior, &plain)?;
        }
        self.line(&letterhead.issuer, &bold)?;
        self.line(&letterhead.number, &plain)?;
        self.line(&letterhead.nation, &bold)?;
        self.line(&letterhead.motto, &bold)?;
        self.line(&letterhead.place_and_day, &style::centred().set_italic())?;
        self.row += 1;
        Ok(())
    }

    fn blocks(&mut self, blocks: &[Block]) -> Result<(), WriteError> {
        for block in blocks {
            match block {
                Block::Heading(Level::Section, text) => self.large(text, style::paragraph(), SECTION)?,
                Block::Heading(Level::Part, text) => self.line(text, &style::paragraph().set_bold())?,
                Block::Paragraph(text) => self.line(text, &style::paragraph())?,
                Block::Note(text) => self.line(text, &style::note())?,
                Block::Table(table) => self.link(&table.caption)?,
                Block::Chart(chart) => self.chart(chart)?,
            }
        }
        Ok(())
    }

    /// Where the next table is.
    fn link(&mut self, caption: &str) -> Result<(), WriteError> {
        let name = self.names.next().ok_or_else(|| WriteError::Xlsx(format!("no sheet for {caption}")))?;
        let link = Url::new(format!("internal:'{}'!A1", name.replace('\'', "''")));
        self.line(caption, &style::paragraph())?;
        // In a row of its own and short: LibreOffice does not break the line of a link.
        let text = format!("→ {name}");
        self.sheet.write_url_with_options(self.row, 0, link, text.as_str(), "", Some(&style::link()))?;
        self.end_row(&text, BODY)
    }

    /// A picture over rows as high as it is, its caption below.
    fn chart(&mut self, chart: &Chart) -> Result<(), WriteError> {
        let Picture { png, width_mm, height_mm, .. } = self.pictures.picture(chart)?;
        let (width, height) = (inches(*width_mm) * PIXELS_PER_INCH, inches(*height_mm) * PIXELS_PER_INCH);
        let image = Image::new_from_buffer(png)?.set_scale_to_size(width, height, false);
        let image = image.set_alt_text(alternative(&chart.alternative));
        self.sheet.insert_image(self.row, 0, &image)?;
        // A row is not divided between pages, so as few as can be.
        let points = inches(*height_mm) * POINTS_PER_INCH + 6.0;
        let rows = (points / HIGHEST).ceil().max(1.0);
        for _ in 0..rows as u32 {
            self.sheet.set_row_height(self.row, points / rows)?;
            self.row += 1;
        }
        self.line(&chart.caption, &style::centred().set_bold())?;
        if units(&chart.alternative) > MOST_UNITS {
            self.line(&chart.alternative, &style::note())?;
        }
        Ok(())
    }

    fn closing(&mut self, closing: &Closing) -> Result<(), WriteError> {
        self.row += 1;
        for line in &closing.authority {
            self.line(line, &style::centred().set_bold())?;
        }
        self.line(&closing.sign_here, &style::centred().set_italic())?;
        self.row += 1;
        self.line(&closing.recipients_heading, &style::paragraph().set_bold().set_italic())?;
        for recipient in &closing.recipients {
            self.line(recipient, &style::paragraph().set_font_size(11))?;
        }
        Ok(())
    }

    fn annex(&mut self, annex: &Annex) -> Result<(), WriteError> {
        self.row += 1;
        self.large(&annex.number, style::centred(), SECTION)?;
        self.large(&annex.title, style::centred(), SECTION)?;
        self.blocks(&annex.blocks)
    }
}

/// A picture's alternative text. Of one that is longer than Excel takes the beginning; the whole is in a line of its own.
fn alternative(text: &str) -> String {
    if units(text) <= MOST_UNITS {
        return text.to_owned();
    }
    let mut short = String::new();
    for letter in text.chars() {
        if units(&short) + letter.len_utf16() >= MOST_UNITS {
            break;
        }
        short.push(letter);
    }
    short + "…"
}
