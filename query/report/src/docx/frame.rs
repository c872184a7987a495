//! What stands around the text: letterhead, closing, head and foot of the pages.

use docx_rs::{
    Docx, Footer, Header, PageNum, Paragraph, ParagraphBorder, ParagraphBorderPosition, ParagraphBorders, Table,
    TableCell, TableCellMargins, TableLayoutType, TableRow, WidthType,
};

use super::page::{Page, twips};
use super::text::{paragraph, styled};
use crate::document::{Closing, Document, Letterhead};

/// How wide the text is.
const WIDTH: u16 = twips(Page::Upright.width_mm());

/// How wide the column of the issuer is; the rest is just wide enough for the nation's name in one line.
const ISSUER: u16 = twips(63);

/// About how wide a letter of the motto is in its bold type of 13 points: the rule below is to be as long as the motto.
const MOTTO_LETTER: u16 = 120;

/// A document without text, but with head and foot of its pages: their number from the second page on, where the report
/// comes from and, where there is one, the warning on all of them.
pub(super) fn pages(document: &Document) -> Docx {
    let numbered = Header::new().add_paragraph(styled("Header").add_page_num(PageNum::new()));
    let (head, first) = match &document.warning {
        Some(warning) => {
            let warning = paragraph("Warning", warning);
            (numbered.add_paragraph(warning.clone()), Header::new().add_paragraph(warning))
        }
        None => (numbered, Header::new().add_paragraph(styled("Header"))),
    };
    let foot = Footer::new().add_paragraph(paragraph("Footer", &document.origin));
    Docx::new().header(head).first_header(first).footer(foot.clone()).first_footer(foot)
}

/// The head of the first page.
pub(super) fn letterhead(letterhead: &Letterhead) -> Table {
    let superior = letterhead.superior.as_ref();
    let mut issuer: Vec<Paragraph> =
        superior.map(|superior| paragraph("LetterheadSuperior", &superior.to_uppercase())).into_iter().collect();
    issuer.push(paragraph("LetterheadName", &letterhead.issuer.to_uppercase()));
    issuer.push(rule(ISSUER, ISSUER / 3));
    let letters = u16::try_from(letterhead.motto.chars().count()).unwrap_or(u16::MAX);
    let nation = vec![
        paragraph("LetterheadName", &letterhead.nation.to_uppercase()),
        paragraph("LetterheadMotto", &letterhead.motto),
        rule(WIDTH - ISSUER, letters.saturating_mul(MOTTO_LETTER)),
    ];
    let number = vec![paragraph("LetterheadNumber", &letterhead.number)];
    let place = vec![paragraph("LetterheadPlace", &letterhead.place_and_day)];
    in_two_columns(ISSUER, vec![[issuer, nation], [number, place]])
}

/// The rule below the subject.
pub(super) fn subject_rule() -> Paragraph {
    rule(WIDTH, twips(40))
}

/// The end of the text.
pub(super) fn closing(closing: &Closing) -> Table {
    let mut recipients = vec![paragraph("RecipientsHeading", &closing.recipients_heading)];
    recipients.extend(closing.recipients.iter().map(|recipient| paragraph("Recipient", recipient)));
    let mut signature: Vec<Paragraph> = closing.authority.iter().map(|line| paragraph("Authority", line)).collect();
    signature.push(paragraph("SignHere", &closing.sign_here));
    in_two_columns(WIDTH / 2, vec![[recipients, signature]])
}

/// A short line in the middle of a column.
fn rule(column: u16, length: u16) -> Paragraph {
    let side = i32::from(column.saturating_sub(length) / 2);
    let line = ParagraphBorder::new(ParagraphBorderPosition::Bottom).size(6).color("000000");
    let mut rule = styled("Rule").indent(Some(side), None, Some(side), None);
    rule.property = rule.property.set_borders(ParagraphBorders::with_empty().set(line));
    rule
}

/// Paragraphs side by side, without lines around them.
fn in_two_columns(first: u16, rows: Vec<[Vec<Paragraph>; 2]>) -> Table {
    let widths = [usize::from(first), usize::from(WIDTH - first)];
    let row = |columns: [Vec<Paragraph>; 2]| {
        let cells = columns.into_iter().zip(widths).map(|(paragraphs, width)| {
            let cell = TableCell::new().width(width, WidthType::Dxa);
            paragraphs.into_iter().fold(cell, TableCell::add_paragraph)
        });
        TableRow::new(cells.collect()).cant_split()
    };
    Table::without_borders(rows.into_iter().map(row).collect())
        .layout(TableLayoutType::Fixed)
        .width(usize::from(WIDTH), WidthType::Dxa)
        .set_grid(widths.to_vec())
        .margins(TableCellMargins::new().margin(0, 0, 0, 0))
}
