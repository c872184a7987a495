//! What a cell takes while it is filled in: a drop-down or a check, with a word on what to write and on what is wrong.
//!
//! A check of the sheet only helps: what it lets through, and what is pasted past it, is judged when the sheet comes in.

use chrono::NaiveDate;
use lantoa_schemas::form::{Column, Holds};
use rust_xlsxwriter::{DataValidation, DataValidationErrorStyle, DataValidationRule, Formula, XlsxError};

use super::lists::Lists;
use super::written;

/// Above every message.
const TITLE: &str = "Ô này chưa đúng";
/// Longest text of a field, as the validator has it.
const MOST_TEXT: u32 = 4_000;
/// Days that can be written.
const DAYS: (Option<NaiveDate>, Option<NaiveDate>) =
    (NaiveDate::from_ymd_opt(1900, 3, 1), NaiveDate::from_ymd_opt(2200, 12, 31));

/// The check of a column; `first` is its first cell, as `A4`.
pub(super) fn of(column: &Column, lists: &Lists, first: &str) -> Result<DataValidation, XlsxError> {
    let check = DataValidation::new();
    let check = match column.holds {
        holds if is_list(holds) => match lists.range(holds) {
            Some(range) => check.allow_list_formula(Formula::new(range)),
            None => check,
        },
        Holds::Count => check.allow_custom(Formula::new(count(first))),
        Holds::Number => check.allow_custom(Formula::new(number(first))),
        Holds::Year => check.allow_custom(Formula::new(year(first))),
        Holds::Day => {
            let (from, to) = (DAYS.0.unwrap_or_default(), DAYS.1.unwrap_or_default());
            check.allow_date(DataValidationRule::Between(written(from)?, written(to)?))
        }
        Holds::Date => check.allow_custom(Formula::new(date(first))),
        Holds::Period => check.allow_custom(Formula::new(period(first))),
        Holds::Percent => check.allow_custom(Formula::new(percent(first))),
        Holds::Text => check.allow_text_length(DataValidationRule::LessThanOrEqualTo(MOST_TEXT)),
        _ => check,
    };
    // What the list or the rule does not foresee may still be right: a code without its name, 120 %, a new criteria set.
    let style = match column.holds {
        Holds::Area | Holds::Percent | Holds::CriteriaSet => DataValidationErrorStyle::Warning,
        _ => DataValidationErrorStyle::Stop,
    };
    told(check.set_error_style(style), column)
}

/// The drop-down of a column whose cells are there already: it only offers. `None` for what is not chosen from a list.
pub(crate) fn offer(column: &Column, lists: &Lists) -> Result<Option<DataValidation>, XlsxError> {
    let Some(range) = is_list(column.holds).then(|| lists.range(column.holds)).flatten() else { return Ok(None) };
    let check = DataValidation::new().allow_list_formula(Formula::new(range));
    told(check.set_error_style(DataValidationErrorStyle::Warning), column).map(Some)
}

fn told(check: DataValidation, column: &Column) -> Result<DataValidation, XlsxError> {
    check
        .set_input_title(column.heading.as_str())?
        .set_input_message(column.vi.as_str())?
        .set_error_title(TITLE)?
        .set_error_message(message(column.holds))
}

/// Whether cells are chosen from a list.
fn is_list(holds: Holds) -> bool {
    match holds {
        Holds::Word(_)
        | Holds::Measure
        | Holds::Title
        | Holds::Activity
        | Holds::Indicator
        | Holds::CriteriaSet
        | Holds::Scope
        | Holds::Area => true,
        Holds::Text
        | Holds::Json
        | Holds::Day
        | Holds::Date
        | Holds::Period
        | Holds::Year
        | Holds::Count
        | Holds::Number
        | Holds::Percent => false,
    }
}

fn message(holds: Holds) -> &'static str {
    match holds {
        Holds::Word(_) | Holds::Measure | Holds::Title | Holds::Activity | Holds::Indicator | Holds::Scope => {
            "Hãy chọn một giá trị trong danh sách. Danh sách đầy đủ ở trang Danh mục."
        }
        Holds::Area => {
            "Không có trong danh sách địa bàn của biểu này. Hãy xem lại; nếu là mã đúng ở ngày áp dụng mã thì có thể giữ."
        }
        Holds::CriteriaSet => {
            "Không có trong danh sách bộ tiêu chí. Hãy xem lại; nếu là bộ tiêu chí khác thì có thể giữ."
        }
        Holds::Count => {
            "Ghi một số nguyên từ 0 trở lên: 1234. Ghi như nguồn in cũng được: 1.234, trên 120, khoảng 100; khi đó gõ dấu ' ở đầu ô \
             để Excel giữ nguyên chữ."
        }
        Holds::Number => "Ghi một số từ 0 trở lên, ví dụ 87,5.",
        Holds::Year => "Ghi bốn chữ số của năm, ví dụ 2024.",
        Holds::Day => "Ghi một ngày đầy đủ, ví dụ 2024-12-20.",
        Holds::Date => "Ghi năm, tháng hoặc ngày: 2024, 2024-12 hoặc 2024-12-20.",
        Holds::Period => "Ghi một năm, hoặc hai năm: 2024 hoặc 2023-2024.",
        Holds::Percent => {
            "Tỷ lệ thường từ 1 đến 100 và gõ không có dấu %: 73,58 chứ không phải 73,58%. Hãy xem lại; nếu nguồn in đúng như \
             vậy thì có thể giữ."
        }
        Holds::Text => "Không quá 4000 ký tự.",
        Holds::Json => "Ghi một đối tượng JSON.",
    }
}

/// A day of a sheet from 2000 to 2200, a year, or a text as long as a year, a month or a day.
fn date(cell: &str) -> String {
    format!(
        "=OR(AND(ISNUMBER({cell}),OR(AND({cell}>=1900,{cell}<=2200),AND({cell}>=36526,{cell}<=109939))),\
         AND(ISTEXT({cell}),OR(LEN({cell})=4,LEN({cell})=7,LEN({cell})=10)))"
    )
}

/// A whole number from 0, or a text as an office prints a count, which is judged when the sheet comes in.
fn count(cell: &str) -> String {
    // Of a text the first branch of IF is never reckoned, unlike the operands of AND.
    format!("=IF(ISNUMBER({cell}),AND({cell}>=0,{cell}=INT({cell})),ISTEXT({cell}))")
}

/// A number from 0, or a text that says one.
fn number(cell: &str) -> String {
    format!("=IF(ISNUMBER({cell}),{cell}>=0,ISTEXT({cell}))")
}

/// A year, or a text with one.
fn year(cell: &str) -> String {
    format!(
        "=IF(ISNUMBER({cell}),AND({cell}>=1900,{cell}<=2200,{cell}=INT({cell})),AND(ISTEXT({cell}),LEN({cell})>=4,LEN({cell})<=8))"
    )
}

/// A year, or a text as long as one year or two.
fn period(cell: &str) -> String {
    format!("=OR(AND(ISNUMBER({cell}),{cell}>=1900,{cell}<=2200),AND(ISTEXT({cell}),OR(LEN({cell})=4,LEN({cell})=9)))")
}

/// From 0 to 100, or a text such as `75-80`. What lies between 0 and 1 was most likely typed with the sign, and would come
/// in as a hundredth of itself.
fn percent(cell: &str) -> String {
    format!("=OR(ISTEXT({cell}),AND(ISNUMBER({cell}),OR({cell}=0,AND({cell}>=1,{cell}<=100))))")
}
