//! Numbers that belong to a person: citizen ids and phone numbers, by their form.
//!
//! In: a text. Out: what one of its numbers is. Digits may stand in groups with a blank, a dot or a dash between them, in the
//! groups in which people write such numbers; a count is never grouped so, because it does not begin with a zero. Numbers of
//! decisions, dates, and digits in the address of a page are no such numbers.

use super::Kind;
use crate::area::name::folded;

/// Digits of the shortest number that is looked for.
pub(super) const FEWEST: usize = 9;
/// Digits of the longest.
const LONGEST: usize = 16;
/// Most groups in which one is written.
const GROUPS: usize = 5;
/// Letters before a number in which the word is looked for that says what it is.
const WORDS_BEFORE: usize = 48;

/// How citizen ids are grouped.
const CITIZEN: &[&[usize]] = &[&[12], &[3, 3, 3, 3], &[4, 4, 4], &[3, 3, 6], &[3, 1, 2, 6], &[6, 6], &[3, 9]];
/// Ids of before 2021.
const OLD_CITIZEN: &[&[usize]] = &[&[9], &[3, 3, 3]];
const MOBILE: &[&[usize]] = &[&[10], &[4, 3, 3], &[3, 3, 4], &[3, 4, 3], &[4, 6], &[3, 7], &[4, 2, 2, 2]];
/// Numbers of before 2018.
const OLD_MOBILE: &[&[usize]] = &[&[11], &[4, 3, 4], &[4, 7]];
const LANDLINE: &[&[usize]] =
    &[&[11], &[3, 8], &[3, 4, 4], &[4, 7], &[4, 3, 4], &[4, 4, 3], &[4, 1, 3, 3], &[4, 3, 2, 2], &[3, 2, 3, 3]];

/// Words behind which nine digits are an id.
const ID_WORDS: &[&str] = &[
    "cmnd",
    "cmtnd",
    "cmt",
    "cccd",
    "can cuoc",
    "chung minh",
    "chung minh thu",
    "dinh danh",
    "citizen id",
    "id card",
    "identity card",
];
/// What may stand between such a word and the digits.
const BETWEEN: &[&str] =
    &["so", "no", "number", "la", "cu", "moi", "nhan dan", "cong dan", "ca nhan", "dien tu", "gan chip", "cap"];

/// The first number of a text that is a person's.
pub(super) fn found(text: &str) -> Option<Kind> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(before) = bytes[at..].iter().position(u8::is_ascii_digit) {
        let start = at + before;
        let groups = Groups::at(bytes, start);
        if let Some(kind) = groups.kind(text, start)
            && !is_in_address(text, start)
        {
            return Some(kind);
        }
        at = groups.ends[0];
    }
    None
}

/// What stands between two groups of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    Blank,
    Dot,
    Dash,
    /// Behind the number of a district: `(024) 3825`.
    Bracket,
}

/// The groups of digits that begin at a place.
struct Groups {
    lens: [usize; GROUPS],
    ends: [usize; GROUPS],
    /// What stands behind each but the last.
    gaps: [Gap; GROUPS],
    count: usize,
}

impl Groups {
    /// `start` is the place of a digit.
    fn at(bytes: &[u8], start: usize) -> Self {
        let mut groups = Self { lens: [0; GROUPS], ends: [start; GROUPS], gaps: [Gap::Blank; GROUPS], count: 0 };
        let mut from = start;
        while groups.count < GROUPS {
            let len = bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            if len == 0 {
                break;
            }
            let end = from + len;
            (groups.lens[groups.count], groups.ends[groups.count]) = (len, end);
            groups.count += 1;
            let Some((gap, width)) = gap(&bytes[end..]) else { break };
            groups.gaps[groups.count - 1] = gap;
            from = end + width;
        }
        groups
    }

    /// What they are, or what the first of them are.
    fn kind(&self, text: &str, start: usize) -> Option<Kind> {
        (1..=self.count).find_map(|count| {
            let (shape, gaps, end) = (&self.lens[..count], &self.gaps[..count - 1], self.ends[count - 1]);
            let total: usize = shape.iter().sum();
            if !(FEWEST..=LONGEST).contains(&total) || !is_closed(&text[end..]) {
                return None;
            }
            let mut digits = [0_u8; LONGEST];
            let given = text.as_bytes()[start..end].iter().filter(|byte| byte.is_ascii_digit());
            digits.iter_mut().zip(given).for_each(|(place, digit)| *place = *digit);
            Number { digits: &digits[..total], shape, gaps, before: &text[..start] }.kind()
        })
    }
}

fn gap(rest: &[u8]) -> Option<(Gap, usize)> {
    match rest {
        [b' ', ..] => Some((Gap::Blank, 1)),
        // Blanks at which a line does not break.
        [0xC2, 0xA0, ..] => Some((Gap::Blank, 2)),
        [0xE2, 0x80, 0xAF, ..] => Some((Gap::Blank, 3)),
        [b'.', ..] => Some((Gap::Dot, 1)),
        [b'-', ..] => Some((Gap::Dash, 1)),
        [b')', b' ' | b'.' | b'-', ..] => Some((Gap::Bracket, 2)),
        [b')', ..] => Some((Gap::Bracket, 1)),
        _ => None,
    }
}

/// A number as it is written.
struct Number<'a> {
    digits: &'a [u8],
    shape: &'a [usize],
    gaps: &'a [Gap],
    before: &'a str,
}

impl Number<'_> {
    fn kind(&self) -> Option<Kind> {
        if self.is_international() {
            return Some(Kind::Phone);
        }
        if self.is_old_citizen_id() {
            return Some(Kind::CitizenId);
        }
        if !is_open(self.before) {
            return None;
        }
        if self.is_citizen_id() {
            return Some(Kind::CitizenId);
        }
        self.is_phone().then_some(Kind::Phone)
    }

    /// Province of birth, century and sex, year of birth, six digits.
    fn is_citizen_id(&self) -> bool {
        self.is_even() && self.has_form_of_citizen_id() && CITIZEN.contains(&self.shape) && !self.ends_a_count()
    }

    fn has_form_of_citizen_id(&self) -> bool {
        let [b'0', tens, ones, century, _, _, ..] = self.digits else { return false };
        self.digits.len() == 12 && (b"01"..=b"96").contains(&&[*tens, *ones]) && (b'0'..=b'3').contains(century)
    }

    fn is_old_citizen_id(&self) -> bool {
        let whole = OLD_CITIZEN.contains(&self.shape) && !self.gaps.contains(&Gap::Dot) || self.digits.len() == 12;
        whole && self.is_even() && !self.before.ends_with(|c: char| c.is_ascii_digit()) && is_named_an_id(self.before)
    }

    /// `+84`, or `00 84`, and a number without its zero.
    fn is_international(&self) -> bool {
        let rest = match self.before.ends_with('+') {
            true => self.digits.strip_prefix(b"84"),
            false if is_open(self.before) => self.digits.strip_prefix(b"0084"),
            false => None,
        };
        let rest = rest.map(|rest| rest.strip_prefix(b"0").unwrap_or(rest));
        rest.is_some_and(|rest| match rest.first() {
            Some(b'2') => rest.len() == 10,
            Some(b'3' | b'5' | b'7' | b'8' | b'9') => rest.len() == 9,
            _ => false,
        })
    }

    fn is_phone(&self) -> bool {
        let bracketed = self.gaps.contains(&Gap::Bracket);
        let alike = self.gaps.get(1..).unwrap_or_default();
        if bracketed && !(self.gaps[0] == Gap::Bracket && self.before.ends_with('(') && !alike.contains(&Gap::Bracket))
        {
            return false;
        }
        if alike.windows(2).any(|pair| pair[0] != pair[1]) {
            return false;
        }
        let [b'0', second, third, ..] = self.digits else { return false };
        let shapes = match (self.digits.len(), second, third) {
            (10, b'3', b'2'..=b'9')
            | (10, b'5', b'2' | b'5' | b'6' | b'8' | b'9')
            | (10, b'7', b'0' | b'6'..=b'9')
            | (10, b'8', b'1'..=b'9')
            | (10, b'9', _) => MOBILE,
            (11, b'1', b'2' | b'6' | b'8' | b'9') => OLD_MOBILE,
            (11, b'2', _) => LANDLINE,
            _ => return false,
        };
        shapes.contains(&self.shape)
    }

    /// Whether its groups are all kept apart in the same way.
    fn is_even(&self) -> bool {
        !self.gaps.contains(&Gap::Bracket) && self.gaps.windows(2).all(|pair| pair[0] == pair[1])
    }

    /// `1 001 203 012 345` is one count.
    fn ends_a_count(&self) -> bool {
        let before = self.before.strip_suffix([' ', '\u{A0}', '\u{202F}']);
        self.gaps.contains(&Gap::Blank) && before.is_some_and(|before| before.ends_with(|c: char| c.is_ascii_digit()))
    }
}

/// Whether a number may begin behind this.
fn is_open(before: &str) -> bool {
    let mut back = before.chars().rev();
    match back.next() {
        Some('.' | ',' | '-' | '/') => !back.next().is_some_and(|c| c.is_ascii_digit()),
        Some(last) => !last.is_alphanumeric() && last != '_',
        None => true,
    }
}

/// Whether a number may end before this.
fn is_closed(after: &str) -> bool {
    let mut ahead = after.chars();
    match ahead.next() {
        Some('.' | ',' | '-') => !ahead.next().is_some_and(|c| c.is_ascii_digit()),
        // Of two numbers, not of a decision.
        Some('/') => ahead.next().is_some_and(|c| c.is_ascii_digit()),
        Some(next) => !next.is_alphanumeric() && next != '_',
        None => true,
    }
}

/// Whether the words before a number say that it is an id.
fn is_named_an_id(before: &str) -> bool {
    let from = before.char_indices().rev().nth(WORDS_BEFORE - 1).map_or(0, |(at, _)| at);
    let folded = folded(&before[from..]);
    let mut said = folded.trim_end_matches(|c: char| !c.is_alphanumeric());
    loop {
        if ID_WORDS.iter().any(|word| ends_with_word(said, word).is_some()) {
            return true;
        }
        match BETWEEN.iter().find_map(|word| ends_with_word(said, word)) {
            Some(rest) => said = rest.trim_end_matches(|c: char| !c.is_alphanumeric()),
            None => return false,
        }
    }
}

/// What stands before the word at the end.
fn ends_with_word<'a>(said: &'a str, word: &str) -> Option<&'a str> {
    let rest = said.strip_suffix(word)?;
    (!rest.ends_with(char::is_alphanumeric)).then_some(rest)
}

/// How far around a number the address of a page is looked for, in bytes: a text without blanks may be as long as a body.
const LONGEST_ADDRESS: usize = 2_048;

/// Whether a place is in the address of a page.
fn is_in_address(text: &str, at: usize) -> bool {
    // What stands around a text in JSON and CSV ends an address, too.
    let ends = |letter: char| letter.is_whitespace() || "\"'<>,;|(){}[]".contains(letter);
    let (first, last) = (
        text.floor_char_boundary(at.saturating_sub(LONGEST_ADDRESS)),
        text.ceil_char_boundary((at + LONGEST_ADDRESS).min(text.len())),
    );
    let from = text[first..at].char_indices().rfind(|(_, letter)| ends(*letter));
    let from = from.map_or(first, |(before, letter)| first + before + letter.len_utf8());
    let to = text[at..last].find(ends).map_or(last, |length| at + length);
    let word = &text[from..to];
    word.contains("://") || word.starts_with("www.") || word.contains(".vn/") || word.contains(".com/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Option<Kind>, texts: &[&str]) {
        for text in texts {
            assert_eq!(found(text), kind, "{text}");
        }
    }

    #[test]
    fn an_address_beside_it_hides_nothing() {
        check(Some(Kind::Phone), &["{\"note\":\"0912345678\",\"source_url\":\"https://a.vn/b\"}"]);
        check(None, &["{\"source_url\":\"https://a.vn/0912345678.html\"}"]);
        check(Some(Kind::Phone), &[&format!("https://a.vn/{}-0912345678", "a".repeat(3_000))]);
    }

    #[test]
    fn citizen_ids() {
        check(
            Some(Kind::CitizenId),
            &[
                "001203012345",
                "CCCD 001203012345.",
                "số 024 185 001 234, cấp năm 2021",
                "024.185.001.234",
                "0241 8500 1234",
                "024 1 85 001234",
                "096-301-999-999",
                "(001203012345)",
                "reported-001203012345",
                "001\u{A0}203\u{A0}012\u{A0}345",
                "năm 2024: 001203012345",
                "CMND số 123456789",
                "Số CMND: 123 456 789",
                "căn cước công dân số 123456789",
                "Căn cước: 999999999999",
                "chứng minh nhân dân 123456789",
                "CMND123456789",
                "so dinh danh ca nhan 123456789",
            ],
        );
        check(
            None,
            &[
                "",
                "123456789",
                "123.456.789",
                "đã cấp căn cước cho 100.123.456 người",
                "căn cước 100.123.456 người",
                "097203012345",
                "000203012345",
                "001403012345",
                "1.001.203.012.345 đồng",
                "1 001 203 012 345 đồng",
                "001203012345a",
                "a001203012345",
                "0012030123456",
                "138.068/187.624",
                "00000000-0000-0000-0000-024185001234",
                "https://example.vn/001203012345.htm",
                "02.10.2024 1234",
                "001203012345/QĐ-UBND",
                "202410021234",
                "07513 138 068",
            ],
        );
    }

    #[test]
    fn phone_numbers() {
        check(
            Some(Kind::Phone),
            &[
                "0912345678",
                "ĐT: 0912.345.678",
                "0912 345 678",
                "091 234 5678",
                "0912-345-678",
                "0912 34 56 78",
                "gọi 0378123456, 0378123457",
                "0912345678/0987654321",
                "+84912345678",
                "+84 912 345 678",
                "(+84) 912 345 678",
                "0084912345678",
                "+84 24 3825 1234",
                "(024) 3825 1234",
                "(0204)3854.123",
                "024 3825 1234",
                "0204.3854.123",
                "02043854123",
                "0204 3 854 123",
                "01234567890",
                "ho so 12 0912345678",
            ],
        );
        check(
            None,
            &[
                "912345678",
                "0912345678/QĐ-UBND",
                "số 0912-2024/QĐ",
                "0345-02-2024",
                "03.10.2024 12",
                "ngày 03.10.2024 10.000 người",
                "84.912.345.678 đồng",
                "84912345678",
                "1800 1234",
                "0301234567",
                "0912345678901",
                "https://example.vn/tin-0912345678.html",
                "www.example.com/0912345678",
                "2400.912.345",
                "1.091.234.5678",
                "2023-2024, 2024-2025",
                "02/10/2024 08:30:00",
                "138068 187624",
            ],
        );
    }
}
