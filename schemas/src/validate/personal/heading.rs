//! Names of fields that ask for a person's data, in Vietnamese and English, with marks or without, in any case.
//!
//! In: a name that the contract does not have. Out: whether it asks for such. A name is its words: `Họ và tên`, `ho_ten`,
//! `hoTen` and `HOTEN` are one.

use crate::area::name::folded;

/// Bytes of the longest name that is looked at.
const MOST_BYTES: usize = 400;

/// The words that ask, and words beside them that make it something else.
const ASKING: &[(&str, &[&str])] = &[
    ("ho va ten", &[]),
    ("ho ten", &[]),
    ("ho dem", &[]),
    ("ten nguoi", &[]),
    ("ten chu ho", &[]),
    ("ten hoc vien", &[]),
    ("ten hoi vien", &[]),
    ("ten thanh vien", &[]),
    ("ten can bo", &[]),
    ("cccd", &[]),
    ("cmnd", &[]),
    ("cmtnd", &[]),
    ("can cuoc", &[]),
    ("chung minh nhan dan", &[]),
    ("chung minh thu", &[]),
    ("dinh danh", &["don vi", "to chuc", "dia ban", "co quan"]),
    ("ho chieu", &[]),
    ("dien thoai", &[]),
    ("so dien thoai", &[]),
    ("sdt", &[]),
    ("so dt", &[]),
    ("email", &[]),
    ("e mail", &[]),
    ("email address", &[]),
    ("thu dien tu", &[]),
    ("dia chi", &["trang", "web", "website", "url", "ip", "nguon"]),
    ("noi o", &[]),
    ("noi cu tru", &[]),
    ("thuong tru", &[]),
    ("ngay sinh", &[]),
    ("nam sinh", &[]),
    ("ngay thang nam sinh", &[]),
    ("noi sinh", &[]),
    ("que quan", &[]),
    ("dan toc", &["thieu so", "noi tru", "tieng"]),
    ("ton giao", &[]),
    ("full name", &[]),
    ("first name", &[]),
    ("last name", &[]),
    ("middle name", &[]),
    ("given name", &[]),
    ("family name", &[]),
    ("surname", &[]),
    ("name of person", &[]),
    ("person name", &[]),
    ("citizen name", &[]),
    ("citizen id", &[]),
    ("citizen identity", &[]),
    ("id card", &[]),
    ("identity card", &[]),
    ("id number", &[]),
    ("national id", &[]),
    ("passport", &[]),
    ("phone", &[]),
    ("phone number", &[]),
    ("telephone", &[]),
    ("mobile", &[]),
    ("mobile number", &[]),
    ("address", &["web", "website", "url", "ip", "page"]),
    ("home address", &[]),
    ("birth", &[]),
    ("date of birth", &[]),
    ("birth date", &[]),
    ("birthday", &[]),
    ("birth year", &[]),
    ("birthplace", &[]),
    ("dob", &[]),
    ("ethnicity", &[]),
    ("ethnic", &["minority"]),
    ("ethnic group", &[]),
    ("religion", &[]),
];

/// Whether a name of a field asks for a person's data.
pub(super) fn is_personal(name: &str) -> bool {
    if name.len() > MOST_BYTES {
        return false;
    }
    let words = words(name);
    let (spaced, joined) = (format!(" {} ", words.join(" ")), words.concat());
    let has = |phrase: &str| {
        let mut places = spaced.match_indices(phrase);
        places.any(|(at, _)| spaced[..at].ends_with(' ') && spaced[at + phrase.len()..].starts_with(' '))
    };
    let is = |phrase: &str| phrase.chars().filter(|c| *c != ' ').eq(joined.chars());
    ASKING.iter().any(|(phrase, unless)| (has(phrase) || is(phrase)) && !unless.iter().any(|other| has(other)))
}

/// The words of a name, in small letters without marks.
fn words(name: &str) -> Vec<String> {
    let mut parted = String::with_capacity(name.len() + 8);
    let mut small = false;
    for c in name.chars() {
        // `fullName` is two words, `CCCD` is one.
        if c.is_uppercase() && small {
            parted.push(' ');
        }
        small = c.is_lowercase();
        parted.push(c);
    }
    let folded = folded(&parted);
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::is_personal;

    #[test]
    fn a_name_that_asks_for_a_person_is_known_however_it_is_written() {
        for name in [
            "Họ và tên",
            "HỌ VÀ TÊN",
            "Ho\u{323} va\u{300} te\u{302}n",
            "ho_va_ten",
            "hoTen",
            "HOTEN",
            "Họ tên chủ hộ",
            "Tên người được công nhận",
            "CCCD",
            "Số CCCD/CMND",
            "so cmnd",
            "Căn cước công dân",
            "Số định danh cá nhân",
            "Điện thoại",
            "Số điện thoại liên hệ",
            "dienthoai",
            "SĐT",
            "sdt",
            "Email",
            "E-mail",
            "Địa chỉ",
            "dia chi thuong tru",
            "Ngày sinh (dd/mm/yyyy)",
            "Năm sinh",
            "Dân tộc",
            "Tôn giáo",
            "full_name",
            "fullName",
            "fullname",
            "name of person",
            "citizen_id",
            "id_card",
            "phone",
            "phoneNumber",
            "contact_phone",
            "address",
            "birth_date",
            "birthday",
            "date_of_birth",
            "ethnicity",
            "religion",
        ] {
            assert!(is_personal(name), "{name}");
        }
    }

    #[test]
    fn other_names_are_not() {
        for name in [
            "",
            "?",
            "Tên địa bàn",
            "name",
            "Tên đơn vị",
            "Mã định danh đơn vị",
            "Địa chỉ trang nguồn",
            "web address",
            "ip_address",
            "Số hộ dân tộc thiểu số",
            "Trường dân tộc nội trú",
            "Số hộ",
            "numerator",
            "source_issuer",
            "phonetic",
            "Ghi chú",
            "Kỳ họp tên gọi",
            "area_code",
            "note",
            "Gia đình học tập",
        ] {
            assert!(!is_personal(name), "{name}");
        }
        for name in crate::form::FORMS.iter().flat_map(|form| form.all_columns()) {
            assert!(!is_personal(&name.name) && !is_personal(&name.heading), "{name:?}");
        }
    }
}
