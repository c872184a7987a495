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

/// A folded name with the kind before it written out: `tp. hue` as `thanh pho hue`.
pub fn with_kind_in_full(folded: &str) -> String {
    const SHORT: &[(&str, &str)] =
        &[("tp.", "thanh pho"), ("tp", "thanh pho"), ("tt.", "thi tran"), ("tx.", "thi xa"), ("tx", "thi xa")];
    let in_full = SHORT.iter().find_map(|(short, full)| {
        let name = folded.strip_prefix(short)?;
        // `tp.hue` is written without a blank, `tpa` is no kind.
        let apart = short.ends_with('.') || name.starts_with(' ');
        apart.then(|| format!("{full} {}", name.trim_start()))
    });
    in_full.unwrap_or_else(|| folded.to_owned())
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

    #[test]
    fn kinds_in_short() {
        for (short, full) in [
            ("tp hue", "thanh pho hue"),
            ("tp. ho chi minh", "thanh pho ho chi minh"),
            ("tp.hue", "thanh pho hue"),
            ("tx son tay", "thi xa son tay"),
            ("quan hoa", "quan hoa"),
            ("tpa", "tpa"),
        ] {
            assert_eq!(with_kind_in_full(short), full);
        }
    }
}
