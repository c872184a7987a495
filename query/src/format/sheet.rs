//! A workbook of one sheet, written row by row through temporary files.
//!
//! In: batches. Out: the bytes of the file, all of them after the last batch. Guarantee: what is a number is one as long as
//! a sheet keeps all of its digits, and a text otherwise; a text is never read as a formula; an answer that does not fit is
//! an error before a byte of it is out.

use std::fs::File;
use std::io::{Read, Seek};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, SchemaRef, TimeUnit, TimestampMillisecondType};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, Datelike, NaiveDate, Timelike};
use rust_xlsxwriter::{ExcelDateTime, Format as Style, Workbook, Worksheet, XlsxError};
use unicode_width::UnicodeWidthStr;

use super::{Encode, FormError};

/// Rows of a sheet, its header among them.
pub(super) const MOST_ROWS: u32 = 1_048_576;
/// Columns of a sheet.
pub(super) const MOST_COLUMNS: usize = 16_384;
/// UTF-16 units of a cell's text.
pub(super) const MOST_CHARACTERS: usize = 32_767;

/// Digits that a sheet keeps of a number.
const MOST_DIGITS: usize = 15;
/// Of how many rows the widths of columns are taken.
const MEASURED: u32 = 1_000;
/// The least and the greatest width of a column, in characters.
const WIDTHS: (usize, usize) = (8, 60);
/// In what pieces the finished file is read back.
const PIECE: usize = 64 << 10;
/// What a text begins with that some programs would take for a formula.
const FORMULA: [char; 4] = ['=', '+', '-', '@'];

pub(super) struct Sheet {
    columns: SchemaRef,
    /// Gone once the file is finished.
    workbook: Option<Workbook>,
    finished: Option<File>,
    styles: Styles,
    next_row: u32,
    widths: Vec<usize>,
}

struct Styles {
    header: Style,
    whole: Style,
    day: Style,
    instant: Style,
    /// Without a place on earth, and so without the sign of the zone.
    time: Style,
    /// A text that stays one when the cell is edited.
    masked: Style,
}

impl Styles {
    fn new() -> Self {
        Self {
            header: Style::new().set_bold(),
            whole: Style::new().set_num_format("0"),
            day: Style::new().set_num_format("yyyy-mm-dd"),
            instant: Style::new().set_num_format("yyyy-mm-dd hh:mm:ss.000\"Z\""),
            time: Style::new().set_num_format("yyyy-mm-dd hh:mm:ss.000"),
            masked: Style::new().set_quote_prefix(),
        }
    }
}

impl Sheet {
    pub(super) fn new(columns: &SchemaRef) -> Result<Self, FormError> {
        let count = columns.fields().len();
        if count > MOST_COLUMNS {
            return Err(FormError::TooManyColumns { columns: count });
        }
        let (mut workbook, styles) = (Workbook::new(), Styles::new());
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name("answer")?;
        sheet.set_freeze_panes(1, 0)?;
        for (at, field) in (0..).zip(columns.fields()) {
            sheet.write_string_with_format(0, at, field.name().as_str(), &styles.header)?;
        }
        let widths = columns.fields().iter().map(|field| field.name().width()).collect();
        Ok(Self { columns: columns.clone(), workbook: Some(workbook), finished: None, styles, next_row: 1, widths })
    }

    /// Puts the file together.
    fn finish(&self, mut workbook: Workbook) -> Result<File, FormError> {
        let sheet = workbook.worksheet_from_index(0)?;
        for (at, width) in (0..).zip(&self.widths) {
            // One more than the text, so that it does not touch the next column.
            let width = (*width + 1).clamp(WIDTHS.0, WIDTHS.1);
            sheet.set_column_width(at, u16::try_from(width).unwrap_or(u16::MAX))?;
        }
        let mut file = tempfile::tempfile()?;
        workbook.save_to_writer(&mut file)?;
        file.rewind()?;
        Ok(file)
    }
}

impl Encode for Sheet {
    fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, FormError> {
        let Some(workbook) = &mut self.workbook else { return Ok(Vec::new()) };
        let rows = u32::try_from(batch.num_rows()).ok().filter(|rows| *rows <= MOST_ROWS - self.next_row);
        let rows = rows.ok_or(FormError::TooManyRows)?;
        let sheet = workbook.worksheet_from_index(0)?;
        let cells = batch.columns().iter().map(Cells::of).collect::<Result<Vec<_>, _>>()?;
        let options = FormatOptions::default();
        let texts = batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options));
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        // A sheet in constant memory takes whole rows, one after the other.
        for row in 0..rows {
            let (from, to) = (row as usize, self.next_row + row);
            for (at, (cells, text)) in (0_u16..).zip(cells.iter().zip(&texts)) {
                let column = usize::from(at);
                if batch.column(column).is_null(from) {
                    continue;
                }
                if to <= MEASURED {
                    let width = text.value(from).try_to_string()?.width();
                    self.widths[column] = self.widths[column].max(width);
                }
                let written = cells.write(sheet, (to, at), from, &self.styles)?;
                if !written {
                    let text = text.value(from).try_to_string()?;
                    write_text(sheet, (to, at), text, &self.styles, self.columns.field(column).name())?;
                }
            }
        }
        self.next_row += rows;
        Ok(Vec::new())
    }

    fn last(&mut self) -> Result<Option<Vec<u8>>, FormError> {
        if let Some(workbook) = self.workbook.take() {
            self.finished = Some(self.finish(workbook)?);
        }
        let Some(file) = &mut self.finished else { return Ok(None) };
        let mut piece = Vec::with_capacity(PIECE);
        file.take(PIECE as u64).read_to_end(&mut piece)?;
        if piece.is_empty() {
            self.finished = None;
            return Ok(None);
        }
        Ok(Some(piece))
    }
}

fn write_text(
    sheet: &mut Worksheet,
    (row, at): (u32, u16),
    text: String,
    styles: &Styles,
    column: &str,
) -> Result<(), FormError> {
    let characters = text.encode_utf16().count();
    if characters > MOST_CHARACTERS {
        return Err(FormError::TooLong { column: column.to_owned(), characters });
    }
    if text.starts_with(FORMULA) {
        sheet.write_string_with_format(row, at, text, &styles.masked)?;
    } else {
        sheet.write_string(row, at, text)?;
    }
    Ok(())
}

/// A column of a batch, as a sheet takes it.
enum Cells {
    Truth(ArrayRef),
    Whole(ArrayRef),
    Real(ArrayRef),
    Day(ArrayRef),
    /// Milliseconds, and whether they are an instant, which is shown in UTC.
    Time(ArrayRef, bool),
    /// Numbers of other kinds, each by its digits.
    Digits(ArrayRef),
    Text,
}

impl Cells {
    fn of(column: &ArrayRef) -> Result<Self, ArrowError> {
        Ok(match column.data_type() {
            DataType::Boolean => Self::Truth(column.clone()),
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => {
                Self::Whole(cast(column, &DataType::Int64)?)
            }
            DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => Self::Whole(cast(column, &DataType::Int64)?),
            DataType::Float64 => Self::Real(column.clone()),
            // A narrower float widened would show digits that it does not have.
            number if number.is_numeric() => Self::Digits(cast(column, &DataType::Utf8)?),
            DataType::Date32 | DataType::Date64 => Self::Day(cast(column, &DataType::Date32)?),
            DataType::Timestamp(_, zone) => {
                let milliseconds = DataType::Timestamp(TimeUnit::Millisecond, zone.clone());
                Self::Time(cast(column, &milliseconds)?, zone.is_some())
            }
            _ => Self::Text,
        })
    }

    /// Writes the value of a row that has one; `false` where it has to be written as a text.
    fn write(
        &self,
        sheet: &mut Worksheet,
        (row, at): (u32, u16),
        from: usize,
        styles: &Styles,
    ) -> Result<bool, XlsxError> {
        match self {
            Self::Truth(column) => {
                sheet.write_boolean(row, at, column.as_boolean().value(from))?;
            }
            Self::Whole(column) => {
                let value = column.as_primitive::<Int64Type>().value(from);
                if value.unsigned_abs() >= 10_u64.pow(MOST_DIGITS as u32) {
                    return Ok(false);
                }
                // So few digits a float has exactly.
                sheet.write_number_with_format(row, at, value as f64, &styles.whole)?;
            }
            Self::Real(column) => {
                let value = column.as_primitive::<Float64Type>().value(from);
                if !value.is_finite() {
                    return Ok(false);
                }
                sheet.write_number(row, at, value)?;
            }
            Self::Digits(column) => {
                let digits = column.as_string::<i32>().value(from);
                let number = digits.parse::<f64>().ok().filter(|number| number.is_finite());
                let kept = digits.bytes().filter(u8::is_ascii_digit).count() <= MOST_DIGITS;
                match number.filter(|_| kept) {
                    Some(number) => sheet.write_number(row, at, number)?,
                    None => return Ok(false),
                };
            }
            Self::Day(column) => {
                let day = column.as_primitive::<Date32Type>().value_as_date(from);
                match day.and_then(excel_day) {
                    Some(day) => sheet.write_datetime_with_format(row, at, &day, &styles.day)?,
                    None => return Ok(false),
                };
            }
            Self::Time(column, instant) => {
                let time = column.as_primitive::<TimestampMillisecondType>().value(from);
                let style = if *instant { &styles.instant } else { &styles.time };
                match excel_time(time) {
                    Some(time) => sheet.write_datetime_with_format(row, at, &time, style)?,
                    None => return Ok(false),
                };
            }
            Self::Text => return Ok(false),
        }
        Ok(true)
    }
}

/// A day as a sheet counts it; `None` where it does not reach so far.
fn excel_day(day: NaiveDate) -> Option<ExcelDateTime> {
    // Days before March 1900 are counted differently from program to program.
    if day.year() < 1901 {
        return None;
    }
    ExcelDateTime::from_ymd(u16::try_from(day.year()).ok()?, day.month() as u8, day.day() as u8).ok()
}

fn excel_time(milliseconds: i64) -> Option<ExcelDateTime> {
    let time = DateTime::from_timestamp_millis(milliseconds)?;
    let (hour, minute, second) = (time.hour() as u16, time.minute() as u8, time.second() as u8);
    let thousandths = time.timestamp_subsec_millis() as u16;
    excel_day(time.date_naive())?.and_hms_milli(hour, minute, second, thousandths).ok()
}
