//! Documents with every kind of block, written and read again.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use chrono::NaiveDate;
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;
use zip::{CompressionMethod, ZipArchive};

use super::write;
use crate::document::{
    Align, Annex, Block, Cell, Chart, Closing, Column, Document, Letterhead, Level, Line, Plot, Row, Table,
};
use crate::language::Language;
use crate::picture::Pictures;

#[test]
fn all_words_are_there_in_order() {
    let (first_foot, second_foot) = (grouped().foot(Language::Vietnamese), wide().foot(Language::Vietnamese));
    let expected = [
        "ỦY BAN NHÂN DÂN TỈNH NGHỆ AN",
        "SỞ GIÁO DỤC VÀ ĐÀO TẠO",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "Số: …/BC-SGDĐT",
        "Nghệ An, ngày 02 tháng 10 năm 2024",
        "BÁO CÁO",
        "Kết quả Tuần lễ học tập suốt đời\nnăm 2024",
        "I. TUẦN LỄ",
        "1. Gia đình học tập",
        "Đạt 73,59 % & hơn <kế hoạch> \"2024\" của 'tỉnh' 1",
        "Chưa kể hộ mới.",
        "Bảng 1. Gia đình học tập",
        "Tỉnh",
        "Số lượng",
        "Năm",
        "Đăng ký",
        "Đạt",
        "Nghệ An",
        "trên 138.068",
        "–",
        "2024",
        "Cộng",
        "138.068",
        "73,59",
        first_foot.as_str(),
        "Nguồn: sở.",
        "II. CHI TIẾT",
        "Bảng 2. Các xã",
        "Tỉnh",
        "Ngày",
        "Hà Tĩnh",
        "02/10/2024",
        second_foot.as_str(),
        "Nơi nhận:",
        "- Như trên;",
        "- Lưu: VT.",
        "KT. GIÁM ĐỐC",
        "PHÓ GIÁM ĐỐC",
        "(Ký, ghi rõ họ tên)",
        "Phụ lục I\nSố liệu chi tiết",
        "Hết.",
    ];
    let found = texts(&written(&everything())["word/document.xml"]);
    assert_eq!(found, expected);
}

#[test]
fn heads_are_repeated_and_rows_are_whole() {
    let text = &written(&everything())["word/document.xml"];
    let tables: Vec<&str> = text.split("<w:tbl>").skip(1).map(|rest| rest.split("</w:tbl>").next().unwrap()).collect();
    let [letterhead, grouped, plain, closing] = tables[..] else { panic!("{} tables", tables.len()) };
    let rows = |table: &str| (table.matches("<w:tr>").count(), table.matches("<w:tblHeader").count());
    assert_eq!(rows(letterhead), (2, 0));
    assert_eq!(rows(grouped), (4, 2));
    assert_eq!(rows(plain), (2, 1));
    assert_eq!(rows(closing), (1, 0));
    assert_eq!(text.matches("<w:cantSplit").count(), text.matches("<w:tr>").count());
    assert!(!text.contains("w:trHeight"));
    // The column without a group takes both rows of the head; the group stands over two columns.
    assert_eq!(values(grouped, r#"<w:vMerge w:val=""#), ["restart", "restart", "continue", "continue"]);
    assert_eq!(values(grouped, r#"<w:gridSpan w:val=""#), ["2"]);
    for (table, width) in [(letterhead, 9_071), (grouped, 9_071), (plain, 14_570), (closing, 9_071)] {
        let columns = values(table, r#"<w:gridCol w:w=""#);
        assert_eq!(columns.iter().map(|column| column.parse::<u32>().unwrap()).sum::<u32>(), width);
        assert!(table.contains(r#"<w:tblLayout w:type="fixed""#));
    }
    // Totals alone are set bold by themselves; heads are by their style.
    assert_eq!(grouped.matches("<w:b ").count(), 3);
    assert_eq!(plain.matches("<w:b ").count(), 0);
}

#[test]
fn a_wide_table_lies_and_the_pages_go_on_counting() {
    let parts = written(&everything());
    let text = &parts["word/document.xml"];
    let sections: Vec<&str> = text.split("</w:sectPr>").filter_map(|rest| rest.split("<w:sectPr>").nth(1)).collect();
    assert_eq!(values(text, r#"w:orient=""#), ["portrait", "landscape", "portrait"]);
    assert_eq!(values(text, r#"<w:pgSz w:w=""#), ["11906", "16838", "11906"]);
    // The first page is the report's alone: it has the number of no page.
    assert_eq!(text.matches("<w:titlePg").count(), 1);
    assert!(sections[0].contains("<w:titlePg"));
    assert!(!text.contains("<w:pgNumType"));
    // The first section names the parts, which the second one takes over.
    let named = |section: &str| values(section, r#" r:id=""#).len();
    assert_eq!((named(sections[0]), named(sections[1])), (4, 0));
    let pages = |part: &str| parts[part].matches("PAGE").count();
    assert_eq!((pages("word/header1.xml"), pages("word/header2.xml")), (1, 0));
    for header in ["word/header1.xml", "word/header2.xml"] {
        assert!(texts(&parts[header]).contains(&"BẢN THẢO".to_owned()), "{header}");
    }
    for footer in ["word/footer1.xml", "word/footer2.xml"] {
        assert_eq!(texts(&parts[footer]), ["Bản phát hành 2024-1 & danh mục 5"]);
    }
    // The wide table's heading lies with it; the section before ends with the remark on the first table.
    let lying = text.find("II. CHI TIẾT").unwrap();
    assert!(text.find("</w:sectPr>").unwrap() < lying);
    assert!(lying < text.rfind(r#"w:orient="landscape""#).unwrap());
}

#[test]
fn a_released_report_of_one_section_warns_of_nothing() {
    let mut document = everything();
    document.warning = None;
    document.blocks.retain(|block| !matches!(block, Block::Table(_)));
    let parts = written(&document);
    let text = &parts["word/document.xml"];
    assert_eq!(text.matches("<w:sectPr>").count(), 1);
    assert_eq!(text.matches("<w:titlePg").count(), 1);
    assert_eq!(values(text, r#" r:id=""#).len(), 4);
    assert_eq!(texts(&parts["word/header1.xml"]), ["1"]);
    assert!(texts(&parts["word/header2.xml"]).is_empty());
}

#[test]
fn the_annex_starts_a_page_once() {
    let starts = |document: &Document| {
        let text = &written(document)["word/document.xml"];
        (text.matches("<w:pageBreakBefore").count(), text.matches("<w:sectPr>").count())
    };
    let mut document = everything();
    assert_eq!(starts(&document), (1, 3));
    // The section of its wide table starts a page already.
    document.annexes[0].blocks.insert(0, Block::Table(wide()));
    assert_eq!(starts(&document), (0, 5));
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let document = everything();
    let first = write(&document, &Pictures::default()).unwrap();
    // docx-rs goes on counting its paragraphs and pictures where others were made and not written.
    let _ = (docx_rs::Paragraph::new(), docx_rs::Pic::new_with_dimensions(Vec::new(), 1, 1));
    assert!(write(&document, &Pictures::default()).unwrap() == first);
    let other = std::thread::spawn(move || write(&document, &Pictures::default()).unwrap()).join().unwrap();
    assert!(other == first);
}

#[test]
fn every_style_is_one_of_the_sheet() {
    let parts = written(&everything());
    let sheet = &parts["word/styles.xml"];
    let known = values(sheet, r#" w:styleId=""#);
    for (name, part) in parts.iter().filter(|(name, _)| name.starts_with("word/") && name.ends_with(".xml")) {
        for style in values(part, r#"<w:pStyle w:val=""#) {
            assert!(known.contains(&style), "{style} of {name}");
        }
    }
    let bases = values(sheet, r#"<w:basedOn w:val=""#).into_iter().chain(values(sheet, r#"<w:next w:val=""#));
    for style in bases {
        assert!(known.contains(&style), "{style}");
    }
    assert!(sheet.contains(r#"<w:lang w:val="vi-VN" w:eastAsia="vi-VN""#) && !sheet.contains("LANGUAGE"));
    assert!(values(sheet, r#"<w:name w:val=""#).contains(&"heading 1"));
    // docx-rs's own order, which is not the schema's.
    assert!(!parts["word/document.xml"].contains("<w:pPr><w:rPr"));
}

#[test]
fn the_properties_are_of_the_document() {
    let mut document = everything();
    document.language = Language::English;
    let parts = written(&document);
    let core = &parts["docProps/core.xml"];
    for property in [
        "<dc:title>BÁO CÁO Kết quả Tuần lễ học tập suốt đời năm 2024</dc:title>",
        "<dc:creator>Sở Giáo dục và Đào tạo</dc:creator>",
        "<dc:language>en-US</dc:language>",
        r#"<dcterms:modified xsi:type="dcterms:W3CDTF">2024-10-02T00:00:00Z</dcterms:modified>"#,
    ] {
        assert!(core.contains(property), "{property}");
    }
    for (name, part) in parts.iter().filter(|(name, _)| name.ends_with(".xml") || name.ends_with(".rels")) {
        let mut reader = Reader::from_str(part);
        while reader.read_event().unwrap_or_else(|error| panic!("{name}: {error}")) != Event::Eof {}
    }
    // Another reader takes the whole of it.
    let file = write(&document, &Pictures::default()).unwrap();
    assert_eq!(docx_rs::read_docx(&file).unwrap().document.children.len(), 20);
}

#[test]
fn a_chart_is_a_picture_with_words_for_who_cannot_see_it() {
    let mut document = everything();
    let points = vec![(2022, 60.0), (2023, 70.5), (2024, 73.59)];
    let lines = vec![Line { name: "Gia đình học tập".to_owned(), points }];
    let chart = Chart {
        id: "families".to_owned(),
        caption: "Hình 1. Gia đình học tập".to_owned(),
        alternative: "Từ 60 % lên 73,59 % \"trong\" 3 năm & hơn".to_owned(),
        plot: Plot::Lines { unit: "%".to_owned(), lines },
    };
    document.blocks.push(Block::Chart(chart.clone()));
    document.annexes[0].blocks.push(Block::Chart(Chart { id: "again".to_owned(), ..chart.clone() }));
    let pictures = Pictures::of(&document).unwrap();
    let parts = parts(&write(&document, &pictures).unwrap());
    let text = &parts["word/document.xml"];
    let shown = r#"descr="Từ 60 % lên 73,59 % &quot;trong&quot; 3 năm &amp; hơn""#;
    assert_eq!(text.matches(shown).count(), 2);
    assert_eq!(values(text, r#"<wp:docPr id=""#), ["1", "2"]);
    let picture = pictures.picture(&chart).unwrap();
    let width = picture.width_mm.min(160) * 36_000;
    assert_eq!(values(text, r#"<wp:extent cx=""#), [width.to_string(), width.to_string()]);
    let file = write(&document, &pictures).unwrap();
    let mut file = ZipArchive::new(Cursor::new(file)).unwrap();
    let mut png = Vec::new();
    file.by_name("word/media/rIdPicture1.png").unwrap().read_to_end(&mut png).unwrap();
    assert!(png == picture.png);
    assert!(parts["word/_rels/document.xml.rels"].contains(r#"Target="media/rIdPicture1.png""#));
    assert!(texts(text).contains(&chart.caption));
}

#[test]
fn a_chart_that_was_not_drawn_is_refused_and_leaves_no_trace() {
    let document = everything();
    let expected = write(&document, &Pictures::default()).unwrap();
    let mut other = document.clone();
    let plot = Plot::Lines { unit: "%".to_owned(), lines: Vec::new() };
    let (id, caption, alternative) = ("none".to_owned(), String::new(), String::new());
    other.blocks.push(Block::Chart(Chart { id, caption, alternative, plot }));
    assert!(write(&other, &Pictures::default()).is_err());
    assert!(write(&document, &Pictures::default()).unwrap() == expected);
}

#[test]
fn a_table_of_all_communes_is_whole_and_small() {
    let mut document = everything();
    let rows = (0..3_321).map(|number| Row {
        is_total: false,
        cells: vec![Cell::Text(format!("Xã số {number}")), Cell::Count(number, None)],
    });
    let columns = vec![column(None, "Xã", Align::Left), column(None, "Gia đình", Align::Right)];
    let caption = "Bảng 3. Các xã".to_owned();
    let id = "communes".to_owned();
    let table = Table { id, caption, is_wide: false, columns, rows: rows.collect(), notes: Vec::new() };
    document.annexes[0].blocks.push(Block::Table(table));
    let file = write(&document, &Pictures::default()).unwrap();
    let found = texts(&parts(&file)["word/document.xml"]);
    let first = found.iter().position(|text| text == "Xã số 0").unwrap();
    for number in 0..3_321 {
        assert_eq!(found[first + 2 * number], format!("Xã số {number}"));
    }
    assert!(file.len() < 400_000, "{} bytes", file.len());
}

/// A document of three sections, with all but a chart.
fn everything() -> Document {
    let letterhead = Letterhead {
        superior: Some("Ủy ban nhân dân tỉnh Nghệ An".to_owned()),
        issuer: "Sở Giáo dục và Đào tạo".to_owned(),
        number: "Số: …/BC-SGDĐT".to_owned(),
        nation: "Cộng hòa xã hội chủ nghĩa Việt Nam".to_owned(),
        motto: "Độc lập - Tự do - Hạnh phúc".to_owned(),
        place_and_day: "Nghệ An, ngày 02 tháng 10 năm 2024".to_owned(),
    };
    let closing = Closing {
        recipients_heading: "Nơi nhận:".to_owned(),
        recipients: vec!["- Như trên;".to_owned(), "- Lưu: VT.".to_owned()],
        authority: vec!["KT. GIÁM ĐỐC".to_owned(), "PHÓ GIÁM ĐỐC".to_owned()],
        sign_here: "(Ký, ghi rõ họ tên)".to_owned(),
    };
    let blocks = vec![
        Block::Heading(Level::Section, "I. TUẦN LỄ".to_owned()),
        Block::Heading(Level::Part, "1. Gia đình học tập".to_owned()),
        Block::Paragraph("Đạt 73,59 % & hơn <kế hoạch> \"2024\" của 'tỉnh'\u{1}1".to_owned()),
        Block::Note("Chưa kể hộ mới.".to_owned()),
        Block::Table(grouped()),
        Block::Heading(Level::Section, "II. CHI TIẾT".to_owned()),
        Block::Table(wide()),
    ];
    Document {
        language: Language::Vietnamese,
        day: NaiveDate::from_ymd_opt(2024, 10, 2).unwrap(),
        letterhead,
        kind: "BÁO CÁO".to_owned(),
        subject: "Kết quả Tuần lễ học tập suốt đời\nnăm 2024".to_owned(),
        origin: "Bản phát hành 2024-1 & danh mục 5".to_owned(),
        warning: Some("BẢN THẢO".to_owned()),
        blocks,
        closing,
        annexes: vec![Annex {
            number: "Phụ lục I".to_owned(),
            title: "Số liệu chi tiết".to_owned(),
            blocks: vec![Block::Paragraph("Hết.".to_owned())],
        }],
    }
}

/// A table with a group, a total and a remark.
fn grouped() -> Table {
    let row = |is_total, cells: [Cell; 4]| Row { is_total, cells: cells.into() };
    Table {
        id: "families".to_owned(),
        caption: "Bảng 1. Gia đình học tập".to_owned(),
        is_wide: false,
        columns: vec![
            column(None, "Tỉnh", Align::Left),
            column(Some("Số lượng"), "Đăng ký", Align::Right),
            column(Some("Số lượng"), "Đạt", Align::Right),
            column(None, "Năm", Align::Centre),
        ],
        rows: vec![
            row(
                false,
                [
                    Cell::Text("Nghệ An".to_owned()),
                    Cell::Count(138_068, Some("trên".to_owned())),
                    Cell::Missing,
                    Cell::Year(2024),
                ],
            ),
            row(
                true,
                [Cell::Text("Cộng".to_owned()), Cell::Count(138_068, None), Cell::Number(73.587, 2), Cell::Empty],
            ),
        ],
        notes: vec!["Nguồn: sở.".to_owned()],
    }
}

/// A table whose page lies on its side.
fn wide() -> Table {
    let day = NaiveDate::from_ymd_opt(2024, 10, 2).unwrap();
    Table {
        id: "communes".to_owned(),
        caption: "Bảng 2. Các xã".to_owned(),
        is_wide: true,
        columns: vec![column(None, "Tỉnh", Align::Left), column(None, "Ngày", Align::Centre)],
        rows: vec![Row { is_total: false, cells: vec![Cell::Text("Hà Tĩnh".to_owned()), Cell::Day(day)] }],
        notes: Vec::new(),
    }
}

fn column(group: Option<&str>, heading: &str, align: Align) -> Column {
    Column { group: group.map(str::to_owned), heading: heading.to_owned(), width: 1.7, align }
}

/// The parts of a document without charts.
fn written(document: &Document) -> BTreeMap<String, String> {
    parts(&write(document, &Pictures::default()).unwrap())
}

/// The parts of a file that are text, by their names; all are compressed and none has a time.
fn parts(file: &[u8]) -> BTreeMap<String, String> {
    let mut file = ZipArchive::new(Cursor::new(file)).unwrap();
    let mut parts = BTreeMap::new();
    for place in 0..file.len() {
        let mut part = file.by_index(place).unwrap();
        assert_eq!(part.compression(), CompressionMethod::Deflated);
        assert_eq!(part.last_modified(), Some(zip::DateTime::default()));
        let name = part.name().to_owned();
        if !name.ends_with(".png") {
            let mut text = String::new();
            part.read_to_string(&mut text).unwrap();
            parts.insert(name, text);
        }
    }
    parts
}

/// The texts of the paragraphs of a part that have any, a break as a line feed.
fn texts(part: &str) -> Vec<String> {
    let mut reader = Reader::from_str(part);
    let (mut texts, mut raw, mut is_text) = (Vec::new(), String::new(), false);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) if start.name().into_inner() == b"w:t" => is_text = true,
            Event::End(end) if end.name().into_inner() == b"w:t" => is_text = false,
            Event::Text(text) if is_text => raw.push_str(&text.decode().unwrap()),
            Event::GeneralRef(name) if is_text => raw.push_str(&format!("&{};", name.decode().unwrap())),
            Event::Empty(empty) if empty.name().into_inner() == b"w:br" => raw.push('\n'),
            Event::End(end) if end.name().into_inner() == b"w:p" => {
                let text = unescape(&raw).unwrap().into_owned();
                raw.clear();
                texts.extend(Some(text).filter(|text| !text.is_empty()));
            }
            Event::Eof => return texts,
            _ => {}
        }
    }
}

/// What stands between an opening and the next quotation mark, wherever the opening is.
fn values<'a>(part: &'a str, opening: &str) -> Vec<&'a str> {
    part.split(opening).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}
