//! Names in any spelling: with or without diacritics, hòa or hoà, composed or not, with or without the kind of area.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Kinds that may stand before a name, without diacritics, longer ones first.
const KINDS: &[&str] =
    &["thanh pho", "thi tran", "thi xa", "phuong", "huyen", "dac khu", "tinh", "quan", "tp.", "tp", "xa"];

/// Whether two names are the same but for spelling; a kind before one of them may be missing before the other.
pub fn same(left: &str, right: &str) -> bool {
    let (left, right) = (folded(left), folded(right));
    left == right || without_kind(&left) == right || left == without_kind(&right)
}

/// The name in lower case without diacritics, `đ` as `d`, one space between words.
pub fn folded(name: &str) -> String {
    let plain: String = name
        .nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'đ' { 'd' } else { c })
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn without_kind(folded: &str) -> &str {
    KINDS.iter().find_map(|kind| folded.strip_prefix(kind)?.strip_prefix(' ')).map_or(folded, str::trim_start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        for (left, right, expected) in [
            ("bac giang", "Bắc Giang", true),
            ("Tỉnh Bắc Giang", "Bắc Giang", true),
            ("Khánh Hoà", "Khánh Hòa", true),
            ("Kha\u{301}nh Ho\u{300}a", "Khánh Hòa", true),
            ("ĐỒNG  THÁP", "Đồng Tháp", true),
            ("Bắc Ninh", "Bắc Giang", false),
            ("Huyện Trà Bồng", "Xã Trà Bồng", false),
        ] {
            assert_eq!(same(left, right), expected, "{left} {right}");
        }
    }
}
