//! Persons in words: names, addresses with a house number, what somebody believes or descends from.
//!
//! In: a text, composed. Out: what it says of a person. A name is a title (ông, bà, đồng chí …) before a family name and a
//! given name, or such a name and nothing else. Places, schools and streets that are called after somebody are no persons:
//! the areas that ship with the program say which names those are, and the list `HISTORICAL`.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::words::{COMMON, ETHNICITIES, FAMILIES, HISTORICAL, OF_A_PLACE, OF_THE_SAME, RELIGIONS};
use super::{Kind, Look};
use crate::area::AreaHistory;
use crate::wording::spelt;

/// What of a person a text has.
pub(super) fn found(text: &str, look: Look) -> Option<Kind> {
    let mut words = text.split_whitespace();
    let (mut earlier, mut before) = ("", "");
    while let Some(word) = words.next() {
        if is_address(earlier, before, word, words.clone()) {
            return Some(Kind::Address);
        }
        if is_belief(earlier, before, word, words.clone()) {
            return Some(Kind::Belief);
        }
        if look != Look::Quoted && is_titled(before, word, words.clone()) {
            return Some(Kind::Name);
        }
        (earlier, before) = (before, word);
    }
    (look == Look::Free && is_name_alone(text)).then_some(Kind::Name)
}

/// `ngõ 12/3`, `số nhà 5, tổ dân phố 4`; not `mỗi ngõ 12 hộ`.
fn is_address<'a>(earlier: &str, before: &str, word: &str, mut ahead: impl Iterator<Item = &'a str>) -> bool {
    let of_a_house = match bare(word) {
        "ngõ" | "Ngõ" | "ngách" | "Ngách" | "hẻm" | "Hẻm" | "kiệt" => true,
        "nhà" | "Nhà" | "NHÀ" => is_any(bare(before), "số") && !is_any(bare(earlier), "tổng"),
        _ => false,
    };
    if !of_a_house {
        return false;
    }
    let Some(number) = ahead.next().filter(|number| number.starts_with(|c: char| c.is_ascii_digit())) else {
        return false;
    };
    number.contains('/')
        || !ends_open(number)
        || ahead.next().is_none_or(|next| is_capitalised(next) || is_any(bare(next), OF_A_PLACE))
}

/// `dân tộc: Tày`, `tôn giáo: không`; not `chia theo dân tộc: Tày, Nùng` and not `dân tộc: Tày 120 hộ`.
fn is_belief<'a>(earlier: &str, before: &str, word: &str, ahead: impl Iterator<Item = &'a str>) -> bool {
    let (said, value) = word.split_once(':').unwrap_or((word, ""));
    let known = match bare(said) {
        "tộc" | "Tộc" | "TỘC" if is_any(bare(before), "dân") => ETHNICITIES,
        "giáo" | "Giáo" | "GIÁO" if is_any(bare(before), "tôn") => RELIGIONS,
        _ => return false,
    };
    if is_any(bare(earlier), "tiếng, các, theo, bào, nhiều, số") {
        return false;
    }
    let mut ahead = ahead.peekable();
    if !word.contains(':') && ahead.next_if_eq(&":").is_none() {
        return false;
    }
    let value = if value.is_empty() { ahead.next() } else { Some(value) };
    let Some(first) = value else { return false };
    let two = ahead.peek().filter(|_| ends_open(first)).map(|second| format!("{} {}", bare(first), bare(second)));
    let last = if two.is_some_and(|two| is_any(&two, known)) {
        ahead.next().unwrap_or(first)
    } else if is_any(bare(first), known) {
        first
    } else {
        return false;
    };
    match ahead.next() {
        None => true,
        Some(next) if ends_open(last) => is_any(bare(next), OF_THE_SAME),
        Some(next) => !is_any(bare(next), known) && !next.starts_with(|c: char| c.is_ascii_digit()),
    }
}

/// A title, a family name and a given name: `ông Nguyễn Văn A`.
fn is_titled<'a>(before: &str, word: &str, mut ahead: impl Iterator<Item = &'a str>) -> bool {
    let title = bare(word);
    // Of `Ông/bà` the last.
    let title = title.rsplit_once('/').map_or(title, |(_, last)| last);
    let titled = match title {
        "ông" | "Ông" | "ÔNG" | "bà" | "Bà" | "BÀ" | "chị" | "Chị" | "CHỊ" | "cháu" | "Cháu" | "CHÁU" | "thầy"
        | "Thầy" | "THẦY" | "cô" | "Cô" | "CÔ" => true,
        // In `tiếng Anh`, `trẻ em` and `công cụ` they are no titles.
        "anh" | "Anh" | "ANH" => !is_any(bare(before), "tiếng, nước, quốc"),
        "em" | "Em" | "EM" => !is_any(bare(before), "trẻ"),
        "cụ" | "Cụ" | "CỤ" => !is_any(bare(before), "công, dụng"),
        "chí" | "Chí" | "CHÍ" => is_any(bare(before), "đồng"),
        "c" | "C" => is_any(bare(word), "đ/c"),
        _ => false,
    };
    if !titled || !(ends_open(word) || word.ends_with(':')) {
        return false;
    }
    let first = match ahead.next() {
        Some("giáo") => ahead.next(),
        first => first,
    };
    first.is_some_and(|first| is_name(first, ahead))
}

/// Whether here begins a name: of all words that are capitalised up to the next mark.
fn is_name<'a>(first: &'a str, ahead: impl Iterator<Item = &'a str>) -> bool {
    const MOST: usize = 5;
    if !is_capitalised(first) || !is_any(bare(first), FAMILIES) {
        return false;
    }
    let mut name = bare(first).to_owned();
    let (mut count, mut last) = (1, first);
    for word in ahead {
        if count == MOST || !ends_open(last) || !is_capitalised(word) {
            break;
        }
        name.push(' ');
        name.push_str(bare(word));
        (count, last) = (count + 1, word);
    }
    count > 1 && !is_called_after(&name)
}

/// Whether a text is a name and nothing else.
fn is_name_alone(text: &str) -> bool {
    const MOST_BYTES: usize = 60;
    if text.len() > MOST_BYTES || !text.split_whitespace().all(|word| is_capitalised(word) && is_word(word)) {
        return false;
    }
    let mut words = text.split_whitespace();
    words.next().is_some_and(|family| is_any(family, COMMON))
        && (1..=3).contains(&words.count())
        && !is_called_after(text)
}

/// Whether an area or something else that is well known has this name.
fn is_called_after(name: &str) -> bool {
    static KNOWN: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let areas = AreaHistory::shipped().areas().iter().map(|area| area.short_name.as_str());
        let areas = areas.filter(|name| name.split_whitespace().next().is_some_and(|first| is_any(first, FAMILIES)));
        areas.chain(HISTORICAL.split(", ")).map(spelt).collect()
    });
    KNOWN.contains(&spelt(name))
}

/// A word without the marks around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// Whether a sentence goes on behind a word.
fn ends_open(word: &str) -> bool {
    word.ends_with(char::is_alphanumeric)
}

fn is_capitalised(word: &str) -> bool {
    word.starts_with(char::is_uppercase)
}

fn is_word(word: &str) -> bool {
    word.chars().all(char::is_alphabetic)
}

/// Whether a word is one of a list, which is in small letters, in any case.
fn is_any(word: &str, list: &str) -> bool {
    list.split(", ").any(|that| word.chars().flat_map(char::to_lowercase).eq(that.chars()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Option<Kind>, look: Look, texts: &[&str]) {
        for text in texts {
            assert_eq!(found(text, look), kind, "{text}");
        }
    }

    #[test]
    fn names_behind_a_title() {
        let named = [
            "ông Nguyễn Văn A",
            "Trao quyết định cho bà Trần Thị Bình, thôn 3",
            "(ÔNG NGUYỄN VĂN AN)",
            "Ông/bà Lê Thị Hoa",
            "đồng chí Phạm Minh Tuấn phát biểu",
            "đ/c Phạm Minh Tuấn",
            "Đ/c: Phạm Minh Tuấn",
            "cô giáo Vũ Thu Hà",
            "thầy Đỗ Hùng",
            "em Giàng A Páo đạt giải",
            "cháu Hoàng Gia Bảo",
            "anh em Nguyễn Văn An",
        ];
        check(Some(Kind::Name), Look::Free, &named);
        check(Some(Kind::Name), Look::Titled, &named);
        check(None, Look::Quoted, &named);
        check(
            None,
            Look::Free,
            &[
                "Hội Khuyến học tỉnh Bắc Giang",
                "phường Hai Bà Trưng",
                "đường Bà Triệu",
                "Bà Rịa - Vũng Tàu",
                "huyện Cô Tô",
                "trường THPT Nguyễn Trãi",
                "thầy Chu Văn An",
                "cụ Phan Bội Châu",
                "đồng chí Hoàng Văn Thụ",
                "Trung tâm tiếng Anh Nguyễn Gia Khang",
                "Quỹ bảo trợ trẻ em Hoàng Gia Lai",
                "công cụ Trần Văn",
                "các ông, bà, anh, chị",
                "bà Nguyễn",
                "ông. Nguyễn Văn A",
                "cháu ngoan Bác Hồ",
                "Hội Liên hiệp Phụ nữ tỉnh Hà Giang",
                "mỗi em một quyển sách",
            ],
        );
    }

    #[test]
    fn names_alone() {
        let alone = ["Nguyễn Văn An", "NGUYỄN THỊ LAN", "Trần Bình", "Lê Thị Thu Hà", "Nguyen Van An", " Phạm  Tuấn "];
        check(Some(Kind::Name), Look::Free, &alone);
        check(None, Look::Titled, &alone);
        check(None, Look::Quoted, &alone);
        check(
            None,
            Look::Free,
            &[
                "Lê Lợi",
                "LÊ LỢI",
                "Trần Hưng Đạo",
                "phường Trần Hưng Đạo",
                "THPT Nguyễn Trãi",
                "Nguyễn Trãi",
                "Hà Giang",
                "Hà Nội",
                "Thái Bình",
                "Hoàng Mai",
                "Dương Minh Châu",
                "Nguyễn",
                "Bộ Giáo dục và Đào tạo",
                "Sở Giáo dục và Đào tạo Hà Nội",
                "Nguyễn Văn An, Chủ tịch",
                "Le Monde",
                "Xuất sắc",
                "ha-giang-2024",
            ],
        );
    }

    #[test]
    fn addresses() {
        let addresses = [
            "số nhà 12, tổ dân phố 3",
            "Số nhà 5 đường Lê Lợi",
            "số nhà: 7",
            "SỐ NHÀ 7 TỔ 3",
            "ngõ 25/3 phố Huế",
            "ngõ 25, phường Trần Phú",
            "ở hẻm 7",
            "Ngách 12 Nguyễn Du",
        ];
        check(Some(Kind::Address), Look::Free, &addresses);
        check(Some(Kind::Address), Look::Quoted, &addresses);
        check(
            None,
            Look::Free,
            &[
                "tổ dân phố 3",
                "thôn 5, xã Tân Tiến",
                "1.564 thôn, tổ dân phố",
                "mỗi ngõ 12 hộ",
                "tổng số nhà 120",
                "số nhà 1.234 căn",
                "số nhà văn hóa: 12",
                "khu phố 4",
                "Quyết định số 12",
            ],
        );
    }

    #[test]
    fn ethnicity_and_religion() {
        let of_a_person = [
            "Dân tộc: Tày",
            "sinh năm 1960, dân tộc: Nùng; tôn giáo: không",
            "dân tộc:Mông",
            "Dân tộc : Ê Đê",
            "dân tộc: Gia Rai, trú tại xã",
            "Tôn giáo: Phật giáo",
            "Dân tộc: Thái Tôn giáo: Không",
        ];
        check(Some(Kind::Belief), Look::Free, &of_a_person);
        check(Some(Kind::Belief), Look::Quoted, &of_a_person);
        check(
            None,
            Look::Free,
            &[
                "đồng bào dân tộc: Tày",
                "chia theo dân tộc: Tày",
                "dân tộc: Tày, Nùng, Dao",
                "dân tộc: Tày 120 hộ",
                "dân tộc: 120 hộ",
                "lớp tiếng dân tộc: Thái",
                "dân tộc thiểu số",
                "dân tộc Tày",
                "cơ sở tôn giáo: 12",
            ],
        );
    }
}
