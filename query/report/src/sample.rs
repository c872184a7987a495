//! A report for the tests of the writers: every kind of block and cell, and texts that mean something to a format.

use chrono::NaiveDate;

use crate::document::{
    Align, Annex, Bar, Block, Cell, Chart, Closing, Column, Document, Letterhead, Level, Plot, Row, Table,
};
use crate::language::Language;

/// A text that is neither HTML nor a formula nor a code of a header.
pub(crate) const UGLY: &str = "=1+1 <b>\"A&B\"</b> &P </style><script>";

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

fn column(group: Option<&str>, heading: &str, width: f64, align: Align) -> Column {
    Column { group: group.map(str::to_owned), heading: heading.to_owned(), width, align }
}

fn table(id: &str, caption: &str, columns: Vec<Column>, rows: Vec<Row>) -> Table {
    let notes = vec!["Ghi chú: số liệu như đã báo cáo.".to_owned()];
    Table { id: id.to_owned(), caption: caption.to_owned(), is_wide: false, columns, rows, notes }
}

fn row(cells: Vec<Cell>) -> Row {
    Row { is_total: false, cells }
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

/// A head of one line, a total at the end.
fn plain() -> Table {
    let columns = vec![
        column(None, "TT", 1.0, Align::Centre),
        column(None, "Tỉnh, thành phố", 5.0, Align::Left),
        column(None, "Số gia đình", 2.0, Align::Right),
        column(None, "Tỷ lệ (%)", 2.0, Align::Right),
        column(None, "Thay đổi", 2.0, Align::Right),
        column(None, "Năm", 1.0, Align::Centre),
        column(None, "Ngày", 2.0, Align::Centre),
    ];
    let mut rows = vec![
        row(vec![
            Cell::Count(1, None),
            text("Hà Giang"),
            Cell::Count(138_068, None),
            Cell::Number(73.587_600_7, 2),
            Cell::Change(1.93, 2),
            Cell::Year(2024),
            Cell::Day(day(2024, 10, 2)),
        ]),
        row(vec![
            Cell::Count(2, None),
            text(UGLY),
            Cell::Count(1_200, Some("trên \"khoảng\"".to_owned())),
            Cell::Number(3.125, 2),
            Cell::Change(-0.5, 1),
            Cell::Year(2023),
            Cell::Day(day(2024, 2, 12)),
        ]),
        row(vec![
            Cell::Count(3, None),
            text("Tuyên Quang"),
            Cell::Missing,
            Cell::Number(1_234.5, 0),
            Cell::Change(-0.001, 2),
            Cell::Empty,
            Cell::Missing,
        ]),
    ];
    let total = vec![
        Cell::Empty,
        text("Cả nước"),
        Cell::Count(26_870_079, Some("gần".to_owned())),
        Cell::Number(0.0, 1),
        Cell::Change(0.0, 2),
        Cell::Year(2024),
        Cell::Empty,
    ];
    rows.push(Row { is_total: true, cells: total });
    table("families", "Bảng 1. Gia đình học tập: kết quả [theo tỉnh]*/? năm 2024", columns, rows)
}

/// A head of two lines: two groups, one of them of a single column, beside columns without one.
fn grouped(caption: &str, id: &str) -> Table {
    let columns = vec![
        column(None, "Tỉnh, thành phố trực thuộc trung ương", 4.0, Align::Left),
        column(Some("Năm 2023"), "Số lượng", 2.0, Align::Right),
        column(Some("Năm 2023"), "Tỷ lệ (%)", 2.0, Align::Right),
        column(Some("Năm 2024"), "Tỷ lệ (%)", 2.0, Align::Right),
        column(None, "Ghi chú", 3.0, Align::Left),
    ];
    let rows = (1..=40).map(|number| {
        row(vec![
            Cell::Text(format!("Xã số {number}")),
            Cell::Count(number * 1_001, None),
            Cell::Number(number as f64 / 7.0, 2),
            Cell::Number(number as f64 / 3.0, 2),
            Cell::Empty,
        ])
    });
    table(id, caption, columns, rows.collect())
}

fn chart() -> Block {
    let bar = |name: &str, value: f64| Bar { name: name.to_owned(), value, target: Some(70.0) };
    let plot = Plot::Bars {
        unit: "%".to_owned(),
        target: "mục tiêu".to_owned(),
        bars: vec![bar("Gia đình & dòng họ", 73.59), bar("Cộng đồng", 61.2)],
    };
    Block::Chart(Chart {
        id: "rates".to_owned(),
        caption: "Hình 1. Tỷ lệ đạt danh hiệu".to_owned(),
        alternative: "Gia đình 73,59 %; ".repeat(20).trim_end().to_owned(),
        plot,
    })
}

/// The report.
pub(crate) fn document() -> Document {
    let annex = Annex {
        number: "Phụ lục I".to_owned(),
        title: "SỐ LIỆU CỦA CÁC XÃ".to_owned(),
        blocks: vec![
            Block::Heading(Level::Section, "1. Các xã".to_owned()),
            Block::Table(Table {
                is_wide: true, ..grouped("Bảng 2. Các xã, phường, đặc khu năm 2024", "communes")
            }),
            // Other capitals, and otherwise alike.
            Block::Table(grouped("BẢNG 2. CÁC xã, phường, đặc khu năm 2023", "communes_before")),
            Block::Table(grouped("'?*/", "nameless")),
        ],
    };
    Document {
        language: Language::Vietnamese,
        day: day(2024, 10, 2),
        letterhead: Letterhead {
            superior: Some("BỘ GIÁO DỤC VÀ ĐÀO TẠO".to_owned()),
            issuer: "VỤ GIÁO DỤC THƯỜNG XUYÊN".to_owned(),
            number: "Số:        /BC-GDTX".to_owned(),
            nation: "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM".to_owned(),
            motto: "Độc lập - Tự do - Hạnh phúc".to_owned(),
            place_and_day: "Hà Nội, ngày 02 tháng 10 năm 2024".to_owned(),
        },
        kind: "BÁO CÁO".to_owned(),
        subject: "Tuần lễ hưởng ứng học tập suốt đời năm 2024".to_owned(),
        origin: format!(
            "{UGLY} Bản công bố R-2024-1, biết đến ngày 02/10/2024. {}",
            "Danh mục 3. ".repeat(20).trim_end()
        ),
        warning: Some("BẢN NHÁP: số liệu chưa công bố".to_owned()),
        blocks: vec![
            Block::Heading(Level::Section, "I. TUẦN LỄ".to_owned()),
            Block::Heading(Level::Part, "1. Gia đình học tập".to_owned()),
            Block::Paragraph("Có 138.068 gia đình, đạt 73,59 %.".to_owned()),
            Block::Paragraph(UGLY.to_owned()),
            Block::Note("Mẫu số là số đăng ký.".to_owned()),
            Block::Table(plain()),
            chart(),
            Block::Heading(Level::Section, "II. KIẾN NGHỊ".to_owned()),
        ],
        closing: Closing {
            recipients_heading: "Nơi nhận:".to_owned(),
            recipients: vec!["- Như trên;".to_owned(), "- Lưu: VT.".to_owned()],
            authority: vec!["KT. BỘ TRƯỞNG".to_owned(), "THỨ TRƯỞNG".to_owned()],
            sign_here: "(Ký, ghi rõ họ tên)".to_owned(),
        },
        annexes: vec![annex],
    }
}
