use chrono::NaiveDate;

use super::*;
use crate::document::{Align, Annex, Block, Cell, Chart, Closing, Column, Letterhead, Level, Line, Plot, Row, Table};
use crate::language::Language;

fn document(blocks: Vec<Block>) -> Document {
    let letterhead = Letterhead {
        superior: Some("Bộ Giáo dục và Đào tạo".to_owned()),
        issuer: "Vụ Giáo dục thường xuyên".to_owned(),
        number: "Số:       /BC-GDTX".to_owned(),
        nation: "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM".to_owned(),
        motto: "Độc lập - Tự do - Hạnh phúc".to_owned(),
        place_and_day: "Hà Nội, ngày 12 tháng 10 năm 2024".to_owned(),
    };
    let closing = Closing {
        recipients_heading: "Nơi nhận:".to_owned(),
        recipients: vec!["- Bộ trưởng (để báo cáo);".to_owned(), "- Lưu: VT.".to_owned()],
        authority: vec!["KT. BỘ TRƯỞNG".to_owned(), "THỨ TRƯỞNG".to_owned()],
        sign_here: "(Ký, ghi rõ họ tên)".to_owned(),
    };
    Document {
        language: Language::Vietnamese,
        day: NaiveDate::from_ymd_opt(2024, 10, 12).unwrap(),
        letterhead,
        kind: "BÁO CÁO".to_owned(),
        subject: "Kết quả Tuần lễ hưởng ứng học tập suốt đời năm 2024".to_owned(),
        origin: "Bản phát hành 2024/1".to_owned(),
        warning: None,
        blocks,
        closing,
        annexes: Vec::new(),
    }
}

fn column(group: Option<&str>, heading: &str, align: Align) -> Column {
    Column { group: group.map(str::to_owned), heading: heading.to_owned(), width: 1.0, align }
}

fn table(is_wide: bool, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Table {
    let rows = rows.into_iter().map(|cells| Row { is_total: false, cells }).collect();
    let notes = vec!["Dấu – là chưa có số liệu.".to_owned()];
    Table {
        id: "gia_dinh".to_owned(), caption: "Bảng 1. Gia đình học tập".to_owned(), is_wide, columns, rows, notes
    }
}

/// A table with every kind of cell, and a total.
fn every_cell(is_wide: bool) -> Table {
    let day = NaiveDate::from_ymd_opt(2024, 2, 1).unwrap();
    let cells = vec![
        Cell::Text("Thừa Thiên Huế".to_owned()),
        Cell::Count(138_068, Some("trên".to_owned())),
        Cell::Number(73.587, 2),
        Cell::Change(-1.93, 2),
        Cell::Year(2024),
        Cell::Day(day),
        Cell::Missing,
        Cell::Empty,
    ];
    let columns = vec![
        column(None, "Tỉnh", Align::Left),
        column(Some("Năm 2024"), "Số lượng", Align::Right),
        column(Some("Năm 2024"), "Tỷ lệ (%)", Align::Right),
        column(Some("Năm 2024"), "Thay đổi", Align::Right),
        column(None, "Năm", Align::Centre),
        column(None, "Ngày", Align::Centre),
        column(None, "Đích", Align::Right),
        column(None, "Ghi chú", Align::Left),
    ];
    let mut table = table(is_wide, columns, vec![cells.clone()]);
    table.rows.push(Row { is_total: true, cells });
    table
}

fn chart() -> Chart {
    let lines = vec![Line { name: "Gia đình".to_owned(), points: vec![(2021, 60.5), (2022, 66.0), (2024, 73.6)] }];
    Chart {
        id: "duong".to_owned(),
        caption: "Hình 1. Tỷ lệ gia đình học tập".to_owned(),
        alternative: "Tỷ lệ tăng từ 60,5 % năm 2021 lên 73,6 % năm 2024.".to_owned(),
        plot: Plot::Lines { unit: "%".to_owned(), lines },
    }
}

fn every_block() -> Document {
    let mut document = document(vec![
        Block::Heading(Level::Section, "I. TUẦN LỄ".to_owned()),
        Block::Heading(Level::Part, "1. Gia đình học tập".to_owned()),
        Block::Paragraph("Tuần lễ được tổ chức trên cả nước.".to_owned()),
        Block::Table(every_cell(false)),
        Block::Note("Theo báo cáo của các địa phương.".to_owned()),
        Block::Chart(chart()),
        Block::Heading(Level::Section, "II. SỐ LIỆU".to_owned()),
        Block::Table(every_cell(true)),
        Block::Paragraph("Trân trọng báo cáo.".to_owned()),
    ]);
    let (number, title) = ("Phụ lục I".to_owned(), "Cách tính".to_owned());
    document
        .annexes
        .push(Annex { number, title, blocks: vec![Block::Paragraph("Lấy tổng chia tổng.".to_owned())] });
    document
}

/// The words of a page, one run of text after another.
fn words(frame: &Frame) -> String {
    texts(frame).into_iter().map(|text| text.text.as_str()).collect()
}

#[test]
fn every_kind_of_block_is_set_and_gives_the_same_bytes() {
    let document = every_block();
    let pictures = Pictures::of(&document).unwrap();
    let pages = set(&document, &pictures).unwrap();
    assert_eq!(pages.warnings, Vec::<String>::new());
    // Text, the wide table, the end with the signature, the annex.
    assert!(pages.frames.len() >= 4, "{} pages", pages.frames.len());
    let lying = pages.frames.iter().filter(|frame| frame.width() > frame.height()).map(words);
    let lying: Vec<String> = lying.collect();
    assert_eq!(lying.len(), 1);
    assert!(lying[0].contains("II. SỐ LIỆU") && lying[0].contains("trên 138.068"), "{lying:?}");
    assert!(words(pages.frames.last().unwrap()).contains("Phụ lục I"));

    let pdf = write(&document, &pictures).unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
    assert!(pdf == write(&document, &pictures).unwrap(), "other bytes the second time");
}

#[test]
fn the_origin_and_the_warning_are_on_every_page() {
    let mut document = every_block();
    document.blocks.retain(|block| !matches!(block, Block::Chart(_)));
    document.warning = Some("DỰ THẢO chưa phát hành".to_owned());
    let pages = set(&document, &Pictures::default()).unwrap();
    for (at, frame) in pages.frames.iter().enumerate() {
        let words = words(frame);
        assert!(words.contains("DỰ THẢO chưa phát hành"), "page {at}: {words}");
        assert!(words.contains("Bản phát hành 2024/1"), "page {at}: {words}");
        let is_numbered = texts(frame).iter().any(|text| text.text.as_str() == (at + 1).to_string());
        assert_eq!(is_numbered, at > 0, "page {at}: {words}");
    }
}

#[test]
fn a_letter_that_the_font_lacks_is_named() {
    let document = document(vec![Block::Paragraph("chữ 中 lạ".to_owned())]);
    let error = write(&document, &Pictures::default()).unwrap_err().to_string();
    assert!(error.contains("中 (U+4E2D)"), "{error}");
}

#[test]
fn words_are_never_markup() {
    let odd = r##"#panic() *a* _b_ $x$ \n @c <d> [e] // f /* g */ `h` = i "j""##;
    let cells = vec![Cell::Text(odd.to_owned())];
    let mut document = document(vec![
        Block::Heading(Level::Part, odd.to_owned()),
        Block::Paragraph(odd.to_owned()),
        Block::Note(odd.to_owned()),
        Block::Table(table(false, vec![column(None, odd, Align::Left)], vec![cells])),
    ]);
    document.subject = odd.to_owned();
    document.closing.sign_here = "#odd".to_owned();
    let pages = set(&document, &Pictures::default()).unwrap();
    let words: String = pages.frames.iter().map(words).collect();
    assert_eq!(words.matches(odd).count(), 6, "{words}");
    assert!(words.contains("#odd"), "{words}");
    assert!(pages.pdf.is_ok());
}

#[test]
fn a_long_table_is_whole_under_its_head() {
    let cells = |row: i64| vec![Cell::Text(format!("xã {row:03}")), Cell::Count(row, None)];
    let columns = vec![column(None, "Tên xã", Align::Left), column(None, "Số lượng", Align::Right)];
    let document = document(vec![Block::Table(table(false, columns, (0..500).map(cells).collect()))]);
    let pages = set(&document, &Pictures::default()).unwrap();
    let texts: Vec<&str> = pages.frames.iter().flat_map(texts).map(|text| text.text.as_str()).collect();
    let rows: Vec<&str> = texts.iter().copied().filter(|text| text.starts_with("xã ")).collect();
    let expected: Vec<String> = (0..500).map(|row| format!("xã {row:03}")).collect();
    assert_eq!(rows, expected);
    let with_rows = pages.frames.iter().filter(|frame| words(frame).contains("xã ")).count();
    assert!(with_rows > 1, "on one page");
    assert_eq!(texts.iter().filter(|text| **text == "Tên xã").count(), with_rows);
    assert!(texts.iter().any(|text| text.contains("Số dòng: 500.")));
}

#[test]
fn no_word_is_wider_than_its_column() {
    let columns = (0..8).map(|_| column(None, "Chỉ số", Align::Left)).collect();
    let cells = (0..8).map(|_| Cell::Text("m".repeat(60))).collect();
    let document = document(vec![Block::Table(table(false, columns, vec![cells]))]);
    let pages = set(&document, &Pictures::default()).unwrap();
    let found: Vec<&TextItem> = pages.frames.iter().flat_map(texts).filter(|text| text.text.contains('m')).collect();
    let letters: usize = found.iter().map(|text| text.text.matches('m').count()).sum();
    assert!(letters >= 8 * 60, "{letters} letters");
    for text in found.iter().filter(|text| text.text.starts_with('m')) {
        // A4 less its margins.
        assert!(text.width().to_mm() <= 165.0 / 8.0, "{}", text.width().to_mm());
    }
}
