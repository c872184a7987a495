use super::*;

/// Sheets that are in the repository, and go in as they are.
const SHEETS: &[&str] = &[
    include_str!("../../../../deploy/standalone/articles/thanh-hoa-2020.csv"),
    include_str!("../../../../deploy/standalone/articles/bac-giang-2022.csv"),
    include_str!("../../../../deploy/standalone/articles/ha-giang-2024.csv"),
    include_str!("../../../../deploy/standalone/articles/kon-tum-2022.csv"),
    include_str!("../../../../deploy/standalone/articles/tra-bong-2018.csv"),
    include_str!("../../../../query/tests/data/reported.csv"),
];

#[test]
fn what_the_repository_ships_passes() {
    let mut texts = 0;
    for sheet in SHEETS {
        let mut reader = csv::Reader::from_reader(sheet.as_bytes());
        let header = reader.headers().unwrap().clone();
        for record in reader.records() {
            for (field, text) in header.iter().zip(&record.unwrap()) {
                assert_eq!(found(text, look_of(field)), None, "{field} {text}");
                texts += usize::from(!text.is_empty());
            }
        }
    }
    assert!(texts > 1_000, "{texts}");
    for area in crate::area::AreaHistory::shipped().areas() {
        for text in [&area.name, &area.short_name] {
            assert_eq!(found(text, Look::Free), None, "{text}");
        }
    }
    let catalogue = crate::catalogue::Catalogue::shipped();
    for text in catalogue.measures().iter().flat_map(|measure| [&measure.name_vi, &measure.name_en]) {
        assert_eq!(found(text, Look::Free), None, "{text}");
    }
}

#[test]
fn each_kind_is_found_where_it_is_looked_for() {
    for (text, look, expected) in [
        ("CCCD 001203012345", Look::Code, Some(Kind::CitizenId)),
        ("CCCD 001203012345", Look::Quoted, Some(Kind::CitizenId)),
        ("0912 345 678", Look::Code, Some(Kind::Phone)),
        ("hoi@example.vn", Look::Quoted, Some(Kind::Email)),
        ("hoi@example.vn", Look::Code, None),
        ("liên hệ: Lan.Nguyen+1@mail.example.com.vn.", Look::Free, Some(Kind::Email)),
        ("giá 5.000 đ @ chợ", Look::Free, None),
        ("https://example.com/@someone", Look::Quoted, None),
        ("a@b", Look::Free, None),
        ("a@b.1", Look::Free, None),
        ("ông Nguyễn Văn A", Look::Titled, Some(Kind::Name)),
        ("ông Nguyễn Văn A", Look::Quoted, None),
        ("ông Nguyễn Văn A", Look::Code, None),
        // With marks apart from their letters.
        ("o\u{302}ng Nguye\u{302}\u{303}n Va\u{306}n A", Look::Free, Some(Kind::Name)),
        ("", Look::Free, None),
    ] {
        assert_eq!(found(text, look), expected, "{text} {look:?}");
    }
}

#[test]
fn a_nested_value_is_looked_through() {
    for (value, expected) in [
        (serde_json::json!({"year": 2025, "theme": "Đọc sách"}), None),
        (serde_json::json!({"areas": [{"name": "Xã Lê Lợi", "short_name": "Lê Văn Tám"}]}), None),
        (serde_json::json!({"areas": [{"name": "0912345678"}]}), Some(Kind::Phone)),
        (serde_json::json!({"ho_ten": "x"}), Some(Kind::Field)),
        (serde_json::json!([["bà Trần Thị Bình"]]), Some(Kind::Name)),
    ] {
        assert_eq!(found_in(&value), expected, "{value}");
    }
}

#[test]
fn a_field_that_nothing_has_says_why_and_never_what() {
    let problem = unknown_field("Số CCCD", "header").unwrap();
    assert_eq!((problem.field.as_str(), problem.personal), ("Số CCCD", true));
    assert!(problem.remedy.contains("lantoa token-subject"));
    let problem = unknown_field("001203012345", "header").unwrap();
    assert_eq!(problem.field, "header");
    assert!(!format!("{problem:?}").contains("001203012345"));
    assert_eq!(unknown_field("Ghi chu", "header"), None);
}

#[test]
fn every_kind_is_told_in_both_languages() {
    for kind in [Kind::CitizenId, Kind::Phone, Kind::Email, Kind::Address, Kind::Name, Kind::Belief, Kind::Field] {
        let problem = kind.problem("note");
        assert!(problem.personal && problem.in_vietnamese().is_some_and(|told| told.personal), "{problem:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_looked_through() {
    assert!(in_bytes(b"\xC3\x01\x00\x18001203012345\xFF\x00"));
    assert!(in_bytes(b"\x00\x140912345678\x00"));
    assert!(in_bytes(b"{\"note\": \"lan@example.vn\""));
    assert!(!in_bytes(b"\xC3\x01\x00\x18ha-giang-2024\xFF\x00"));
    assert!(!in_bytes(b""));
}
