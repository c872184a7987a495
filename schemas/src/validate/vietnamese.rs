//! What is wrong with a row, in Vietnamese: the reasons and remedies of `data/reason.toml`.
//!
//! In: a problem as the validator says it. Out: the same for whoever reads Vietnamese, with the column's heading as its
//! field. Guarantee: what was written is quoted as it was written; a reason that has no words here gives nothing, and keeps
//! the tests from passing where one of them meets it.

use std::sync::LazyLock;

use serde::Deserialize;

use super::Problem;
use crate::catalogue::Catalogue;
use crate::form::column;
use crate::wording::{List, captured};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pattern {
    en: String,
    vi: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    reason: Vec<Pattern>,
    remedy: Vec<Pattern>,
    part: Vec<Pattern>,
}

static FILE: LazyLock<File> = LazyLock::new(|| {
    toml::from_str(include_str!("../../data/reason.toml")).expect("this module's test reads the file")
});

impl Problem {
    /// The same in Vietnamese; `None` where the reason or the remedy has no words there.
    pub fn in_vietnamese(&self) -> Option<Self> {
        // A reader of sheets says behind the reason where it is.
        let placed =
            self.reason.strip_suffix(')').into_iter().flat_map(|said| {
                said.rmatch_indices(" (").map(move |(at, mark)| (&said[..at], &said[at + mark.len()..]))
            });
        let placed = placed.filter_map(|(said, place)| Some((translated(&FILE.reason, said)?, in_place(place)?)));
        let reason = placed.map(|(reason, place)| format!("{reason} ({place})")).next();
        let reason = reason.or_else(|| translated(&FILE.reason, &self.reason))?;
        let field = column(&self.field).map_or(&self.field, |column| &column.heading);
        let remedy = translated(&FILE.remedy, &self.remedy)?;
        Some(Self { field: field.clone(), reason, remedy, personal: self.personal })
    }
}

/// Where something is in a sheet: `line 3`, `Sheet1!B7` or `Sheet1, row 7`; `None` for what is no place.
fn in_place(place: &str) -> Option<String> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(line) = place.strip_prefix("line ").filter(|line| is_number(line)) {
        return Some(format!("dòng {line}"));
    }
    if let Some((sheet, row)) = place.rsplit_once(", row ").filter(|(_, row)| is_number(row)) {
        return Some(format!("{sheet}, dòng {row}"));
    }
    let (_, cell) = place.rsplit_once('!')?;
    let number = cell.trim_start_matches(|c: char| c.is_ascii_uppercase());
    (number.len() < cell.len() && is_number(number)).then(|| format!("ô {place}"))
}

fn translated(patterns: &[Pattern], said: &str) -> Option<String> {
    patterns.iter().find_map(|pattern| Some(filled(&pattern.vi, &captured(&pattern.en, said)?)))
}

/// What varies in a sentence: what this file has words for, what the contract has, or as it is.
fn part(said: &str) -> String {
    if said.starts_with('"') {
        return said.to_owned();
    }
    let catalogue = Catalogue::shipped();
    let level = List::AreaLevel.word(said).or_else(|| List::Precision.word(said)).map(|word| &word.vi);
    let name = level
        // What is counted has the codes of scopes as well; where both could be meant, it is the scope.
        .or_else(|| catalogue.scope(said).map(|scope| &scope.name_vi))
        .or_else(|| catalogue.measure(said).map(|measure| &measure.name_vi));
    name.cloned().or_else(|| translated(&FILE.part, said)).unwrap_or_else(|| said.to_owned())
}

/// A sentence with what stood at each place: `{1}` as it is, `{1!}` in Vietnamese.
fn filled(vi: &str, captures: &[&str]) -> String {
    let mut sentence = String::new();
    let mut rest = vi;
    while let Some((before, place, after)) = rest
        .split_once('{')
        .and_then(|(before, rest)| rest.split_once('}').map(|(place, after)| (before, place, after)))
    {
        sentence.push_str(before);
        let (number, is_said) = match place.strip_suffix('!') {
            Some(number) => (number, true),
            None => (place, false),
        };
        let at = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let capture = at.and_then(|at| captures.get(at)).copied().unwrap_or_default();
        if is_said {
            sentence.push_str(&part(capture))
        } else {
            sentence.push_str(capture)
        }
        rest = after;
    }
    sentence + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_is_there_in_both_languages_and_names_only_what_varies() {
        for pattern in FILE.reason.iter().chain(&FILE.remedy).chain(&FILE.part) {
            let Pattern { en, vi } = pattern;
            assert!(!en.trim().is_empty() && !vi.trim().is_empty(), "{pattern:?}");
            let places = en.matches("{}").count();
            for (at, _) in vi.match_indices('{') {
                let number = vi[at + 1..].split(['}', '!']).next().unwrap();
                assert!((1..=places).contains(&number.parse::<usize>().unwrap()), "{pattern:?}");
            }
            // What a special sentence says is not taken by a general one before it.
            let list = [&FILE.reason, &FILE.remedy, &FILE.part]
                .into_iter()
                .find(|list| list.iter().any(|other| std::ptr::eq(other, pattern)));
            let first = list.unwrap().iter().find(|other| captured(&other.en, en).is_some()).unwrap();
            assert!(std::ptr::eq(first, pattern), "{pattern:?} is taken by {first:?}");
        }
    }

    #[test]
    fn a_problem_is_told_in_vietnamese_with_what_was_written() {
        for (field, reason, remedy, expected) in [
            (
                "period",
                "is missing",
                "give the year it is of, as 2024",
                ["Năm", "chưa ghi", "ghi năm của số liệu, ví dụ 2024"],
            ),
            (
                "numerator",
                "\"13 806\" is no whole number (line 3)",
                "write digits only, as 138068",
                ["Số đạt", "\"13 806\" không phải là số nguyên (dòng 3)", "chỉ ghi chữ số, ví dụ 138068"],
            ),
            (
                "numerator",
                "\"many\" is no whole number ('Biểu (1)'!O4)",
                "write digits only, as 138068",
                ["Số đạt", "\"many\" không phải là số nguyên (ô 'Biểu (1)'!O4)", "chỉ ghi chữ số, ví dụ 138068"],
            ),
            (
                "source",
                "is missing (Biểu nhập, row 12)",
                "name the document that says it",
                ["Nguồn số liệu", "chưa ghi (Biểu nhập, dòng 12)", "ghi tên văn bản hoặc bài viết nêu số liệu"],
            ),
            (
                "area_date",
                "province 02 is not valid on 2025-07-01: it was Tỉnh Hà Giang until 2025-06-30",
                "read the code at a day on which the area was in force",
                [
                    "Ngày áp dụng mã",
                    "mã 02 (cấp tỉnh) không có hiệu lực ngày 2025-07-01: Tỉnh Hà Giang đến 2025-06-30",
                    "ghi một ngày mà địa bàn còn hiệu lực",
                ],
            ),
            (
                "subject_scope",
                "learning_family is not counted of clan",
                "use household (hộ gia đình)",
                ["Đối tượng", "Gia đình học tập không đếm trên đối tượng dòng họ", "dùng household (hộ gia đình)"],
            ),
            (
                "fact",
                "\"is missing\" is no word of the list",
                "use actual (thực hiện) or target (mục tiêu); did you mean actual (thực hiện)?",
                [
                    "Loại số liệu",
                    "\"is missing\" không có trong danh sách",
                    "dùng actual (thực hiện) hoặc target (mục tiêu); có phải là actual (thực hiện) không?",
                ],
            ),
        ] {
            let told = Problem::new(field, reason, remedy).in_vietnamese().unwrap();
            assert_eq!([&told.field, &told.reason, &told.remedy], expected);
        }
        assert_eq!(Problem::new("fact", "is from a later release", "shorten it").in_vietnamese(), None);
    }

    #[test]
    fn what_varied_stands_in_its_place() {
        assert_eq!(filled("{2} của {1}", &["1", "2"]), "2 của 1");
    }
}
