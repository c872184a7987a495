//! The sheet that is filled in, and the one that shows it filled: the same columns in the same looks.

use lantoa_schemas::form::{Column, Form, Holds};
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Note, Worksheet, XlsxError, row_col_to_cell};

use super::lists::Lists;
use super::{Order, check, example, written};

/// Row of the header on the sheet that is filled in: title and hint stand above.
pub(super) const HEADER: u32 = 2;
/// Height of the header, in points.
pub(crate) const HEADER_HEIGHT: f64 = 48.0;
/// Rows below the header that are checked while they are filled in.
const CHECKED: u32 = 2_000;
/// Colour of the header of a column that has to be there.
pub(crate) const HEAD: u32 = 0xDD_EB_F7;
/// Width and height of a note, in pixels.
const NOTE: (u32, u32) = (320, 150);
/// A4, as Excel numbers papers.
pub(crate) const A4: u8 = 9;

/// How cells look.
pub(crate) struct Styles {
    pub title: Format,
    pub strong: Format,
    pub hint: Format,
    pub head: Format,
    /// Of a column that the header may leave out.
    pub further_head: Format,
    pub text: Format,
    pub wrapped: Format,
    day: Format,
    count: Format,
    plain: Format,
}

impl Styles {
    pub(crate) fn new() -> Self {
        Self {
            title: Format::new().set_bold().set_font_size(14.0),
            strong: Format::new().set_bold(),
            hint: Format::new().set_italic().set_font_color(Color::RGB(0x59_59_59)),
            head: head(HEAD),
            further_head: head(0xED_ED_ED),
            // Codes keep their zeros, and a year and a month do not become a day.
            text: Format::new().set_num_format("@"),
            wrapped: Format::new().set_num_format("@").set_text_wrap().set_align(FormatAlign::Top),
            day: Format::new().set_num_format("yyyy-mm-dd"),
            count: Format::new().set_num_format("#,##0"),
            plain: Format::new(),
        }
    }

    /// How the cells of a column look.
    fn of(&self, holds: Holds) -> &Format {
        match holds {
            // A criteria set such as 25/2023 is no month.
            Holds::Text | Holds::Json | Holds::Area | Holds::Date | Holds::CriteriaSet => &self.text,
            Holds::Day => &self.day,
            Holds::Count => &self.count,
            Holds::Period
            | Holds::Year
            | Holds::Number
            | Holds::Percent
            | Holds::Measure
            | Holds::Title
            | Holds::Activity
            | Holds::Indicator
            | Holds::Scope
            | Holds::Word(_) => &self.plain,
        }
    }
}

/// How the cells of a header look.
pub(crate) fn head(colour: u32) -> Format {
    Format::new()
        .set_num_format("@")
        .set_bold()
        .set_text_wrap()
        .set_align(FormatAlign::Center)
        .set_align(FormatAlign::VerticalCenter)
        .set_border(FormatBorder::Thin)
        .set_background_color(Color::RGB(colour))
}

/// Writes the sheet that is filled in.
pub(super) fn form(sheet: &mut Worksheet, order: &Order<'_>, lists: &Lists, styles: &Styles) -> Result<(), XlsxError> {
    let day = order.day.format("%d/%m/%Y");
    let hint = format!(
        "Mỗi dòng là {}. Danh sách địa bàn của ngày {day}. Cách ghi: đưa chuột vào tiêu đề cột, hoặc xem trang Hướng dẫn.",
        order.form.row_vi
    );
    sheet.write_string_with_format(0, 0, order.form.vi, &styles.title)?;
    sheet.write_string_with_format(1, 0, hint, &styles.hint)?;
    header(sheet, order.form, HEADER, styles)?;
    for (at, column) in (0..).zip(order.form.all_columns()) {
        let (first, last) = (HEADER + 1, HEADER + CHECKED);
        let check = check::of(column, lists, &row_col_to_cell(first, at))?;
        sheet.add_data_validation(first, at, last, at, &check)?;
    }
    Ok(())
}

/// Writes the sheet that shows the form filled in: the header in the first row, so that it also goes in by itself.
pub(super) fn example(sheet: &mut Worksheet, order: &Order<'_>, styles: &Styles) -> Result<(), XlsxError> {
    header(sheet, order.form, 0, styles)?;
    for (row, cells) in (1..).zip(example::rows(order)) {
        for (at, column) in (0..).zip(order.form.all_columns()) {
            let style = styles.of(column.holds);
            match cells.get(column.name.as_str()) {
                Some(example::Value::Text(text)) => sheet.write_string_with_format(row, at, text.as_str(), style)?,
                Some(example::Value::Number(number)) => sheet.write_number_with_format(row, at, *number, style)?,
                Some(example::Value::Day(day)) => sheet.write_datetime_with_format(row, at, written(*day)?, style)?,
                None => continue,
            };
        }
    }
    Ok(())
}

fn header(sheet: &mut Worksheet, form: &Form, row: u32, styles: &Styles) -> Result<(), XlsxError> {
    for (at, column) in (0..).zip(form.all_columns()) {
        let further = form.further_columns.contains(&column.name.as_str());
        let head = if further { &styles.further_head } else { &styles.head };
        sheet.set_column_format(at, styles.of(column.holds))?;
        sheet.set_column_width(at, width(column))?;
        sheet.write_string_with_format(row, at, column.heading.as_str(), head)?;
        let note = format!("{}\n\n{}\n\n{}", column.vi, column.en, column.name);
        let note = Note::new(note).add_author_prefix(false).set_width(NOTE.0).set_height(NOTE.1);
        sheet.insert_note(row, at, &note)?;
    }
    sheet.set_row_height(row, HEADER_HEIGHT)?;
    sheet.set_freeze_panes(row + 1, 0)?;
    sheet.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0);
    sheet.set_repeat_rows(row, row)?;
    Ok(())
}

/// The width of a column, in characters.
pub(crate) fn width(column: &Column) -> u16 {
    match column.holds {
        Holds::Area | Holds::Measure | Holds::Title | Holds::Activity | Holds::Indicator => 34,
        Holds::Text | Holds::Json => 28,
        Holds::Scope | Holds::CriteriaSet | Holds::Word(_) => 24,
        Holds::Day | Holds::Date | Holds::Count | Holds::Number | Holds::Percent => 14,
        Holds::Period | Holds::Year => 11,
    }
}
