//! The sheet that says how the form is filled in: in Vietnamese, and below it in English.

use lantoa_schemas::stream::Family;
use rust_xlsxwriter::{Worksheet, XlsxError};

use super::sheet::Styles;
use super::{FORM_SHEET, GUIDE_SHEET, LISTS_SHEET, Order};

/// Widths of the columns, in characters.
const WIDTHS: [u16; 3] = [30, 24, 100];

/// Writes the sheet.
pub(super) fn write(sheet: &mut Worksheet, order: &Order<'_>, styles: &Styles) -> Result<(), XlsxError> {
    for (column, width) in (0..).zip(WIDTHS) {
        sheet.set_column_width(column, width)?;
    }
    let mut page = Page { sheet, styles, row: 0 };
    page.title(&format!("{GUIDE_SHEET}: {}", order.form.vi))?;
    for step in steps_vi(order) {
        page.line(&step)?;
    }
    page.head(["Cột", "Tên trường", "Cách ghi"])?;
    for column in order.form.all_columns() {
        page.cells([&column.heading, &column.name, &column.vi])?;
    }
    page.row += 1;
    page.title(&format!("How to fill it in: {}", order.form.en))?;
    for step in steps_en(order) {
        page.line(&step)?;
    }
    page.head(["Heading", "Field", "What to write"])?;
    for column in order.form.all_columns() {
        page.cells([&column.heading, &column.name, &column.en])?;
    }
    Ok(())
}

/// The next row to write.
struct Page<'a> {
    sheet: &'a mut Worksheet,
    styles: &'a Styles,
    row: u32,
}

impl Page<'_> {
    fn title(&mut self, text: &str) -> Result<(), XlsxError> {
        self.sheet.write_string_with_format(self.row, 0, text, &self.styles.title)?;
        self.row += 1;
        Ok(())
    }

    fn line(&mut self, text: &str) -> Result<(), XlsxError> {
        self.sheet.write_string(self.row, 0, text)?;
        self.row += 1;
        Ok(())
    }

    fn head(&mut self, cells: [&str; 3]) -> Result<(), XlsxError> {
        self.row += 1;
        for (column, cell) in (0..).zip(cells) {
            self.sheet.write_string_with_format(self.row, column, cell, &self.styles.head)?;
        }
        self.row += 1;
        Ok(())
    }

    fn cells(&mut self, cells: [&str; 3]) -> Result<(), XlsxError> {
        for (column, cell) in (0..).zip(cells) {
            self.sheet.write_string_with_format(self.row, column, cell, &self.styles.wrapped)?;
        }
        self.row += 1;
        Ok(())
    }
}

fn steps_vi(order: &Order<'_>) -> Vec<String> {
    let (form, day) = (order.form, order.day);
    let mut steps = vec![
        format!(
            "Ghi vào trang “{FORM_SHEET}”, mỗi dòng {}, ngay dưới dòng tiêu đề cột. Không đổi tên và không gộp cột; cột xếp thứ \
             tự nào cũng được.",
            form.row_vi
        ),
        format!("Ô có mũi tên thì chọn trong danh sách. Danh sách đầy đủ, kèm mã, ở trang “{LISTS_SHEET}”."),
        "Số ghi bằng chữ số, hoặc như nguồn in: 1.234, trên 120. Tỷ lệ ghi đúng như nguồn in, không gõ dấu %. Ngày ghi năm-tháng-ngày, \
         ví dụ 2024-12-20."
            .to_owned(),
        "Nguồn không nêu thì để trống ô. Không tự tính, không đoán.".to_owned(),
        "Không ghi họ tên, số định danh, số điện thoại, địa chỉ, dân tộc, tôn giáo của người nào.".to_owned(),
        format!(
            "Danh sách địa bàn là của ngày {}. Với số liệu của thời kỳ khác, lấy biểu của ngày đó: lantoa template {} --date \
             {day}.",
            day.format("%d/%m/%Y"),
            form.name
        ),
        "Trang “Ví dụ” là một biểu đã ghi với số liệu minh họa, chỉ để xem.".to_owned(),
        "Gửi tệp này nguyên như vậy: lantoa import TỆP --returned KET-QUA.xlsx".to_owned(),
        "Dòng sai được tô màu và ghi chú trong KET-QUA.xlsx. Sửa ngay ở đó rồi gửi lại; dòng đã nhận gửi lại cũng không bị tính hai \
         lần."
            .to_owned(),
    ];
    if form.is_of_single_events() {
        steps.push(
            "Một dòng được nhận biết theo tất cả những gì ghi trong đó: dòng giống hệt gửi lại trong tệp khác vẫn là một, dòng có một \
             ô khác đi là việc khác. Muốn sửa hoặc rút điều đã gửi thì không gửi dòng mới mà sửa hoặc rút theo mã của nó."
                .to_owned(),
        );
    }
    if form.family == Family::Reference {
        steps.push(
            "Mỗi loại thông tin chỉ dùng các cột có nêu loại đó ở phần Cách ghi bên dưới; các cột khác để trống. Một thay đổi địa bàn \
             gồm nhiều địa bàn nên không ghi bằng cột mà bằng một đối tượng JSON ở cột “Nội dung (JSON)”: change (merge, split, \
             rename, change_of_kind), areas (các địa bàn từ ngày có hiệu lực), succession (địa bàn cũ thành địa bàn nào)."
                .to_owned(),
        );
    }
    numbered(steps)
}

fn steps_en(order: &Order<'_>) -> Vec<String> {
    let (form, day) = (order.form, order.day);
    let mut steps = vec![
        format!(
            "Write into the sheet “{FORM_SHEET}”, {} a row, right below the header. Do not rename or merge columns; their order \
             does not matter.",
            form.row_en
        ),
        format!("Where a cell has an arrow, choose from the list. All lists, with their codes, are in “{LISTS_SHEET}”."),
        "Write numbers in digits or as printed (1.234, trên 120), a percent exactly as printed and without the sign %, days as \
         2024-12-20."
            .to_owned(),
        "Leave blank what the source does not say. Compute nothing, guess nothing.".to_owned(),
        "No name, citizen id, phone number, address, ethnicity or religion of a person.".to_owned(),
        format!(
            "The areas are those of {day}. For figures of another time take the form of that day: lantoa template {} --date \
             {day}.",
            form.name
        ),
        "The sheet “Ví dụ” shows a form filled in with made-up figures, only to look at.".to_owned(),
        "Send this file as it is: lantoa import FILE --returned RESULT.xlsx".to_owned(),
        "Bad rows are coloured and commented in RESULT.xlsx. Mend them there and send that file; rows that were taken do not count \
         twice."
            .to_owned(),
    ];
    if form.is_of_single_events() {
        steps.push(
            "A row is known by all that it says: the same row in another file is the same event, a row with one cell changed is \
             another. What was sent before is replaced or taken back by its id, not by a new row."
                .to_owned(),
        );
    }
    if form.family == Family::Reference {
        steps.push(
            "Each kind of entry has its own columns, which name it below; leave the others blank. A change of areas is of many areas \
             and has no columns: it is a JSON object in the column “Nội dung (JSON)” with change (merge, split, rename, \
             change_of_kind), areas (those from the effective day) and succession (what became of the old ones)."
                .to_owned(),
        );
    }
    numbered(steps)
}

fn numbered(steps: Vec<String>) -> Vec<String> {
    (1..).zip(steps).map(|(number, step): (u32, String)| format!("{number}. {step}")).collect()
}
