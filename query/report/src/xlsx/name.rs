//! What the sheets are called.

use std::collections::HashSet;

use super::units;
use crate::document::Table;
use crate::language::Language;

/// UTF-16 units of a sheet's name.
pub(super) const LONGEST: usize = 31;
/// What a sheet's name cannot have.
pub(super) const ILLEGAL: [char; 7] = ['[', ']', ':', '*', '?', '/', '\\'];

/// The names of a workbook's sheets, each of which Excel takes, no two alike.
pub(super) struct Names {
    /// Of the sheet of the text.
    pub(super) text: String,
    /// Of the tables' sheets: the beginning of each caption, which has the table's number.
    pub(super) tables: Vec<String>,
}

impl Names {
    pub(super) fn of(tables: &[&Table], language: Language) -> Self {
        let mut taken = HashSet::new();
        let text = unique(language.of("Báo cáo", "Report"), &mut taken);
        let named = tables.iter().map(|table| {
            let candidates = [table.caption.as_str(), &table.id, language.of("Bảng", "Table")];
            let name = candidates.into_iter().map(|text| short(text, LONGEST)).find(|name| !name.is_empty());
            unique(&name.unwrap_or_default(), &mut taken)
        });
        let tables = named.collect();
        Self { text, tables }
    }
}

/// As many words of a text as fit, without what a name cannot have; empty where none is left.
fn short(text: &str, longest: usize) -> String {
    let legal = text.chars().map(|letter| if letter.is_control() || ILLEGAL.contains(&letter) { ' ' } else { letter });
    let legal: String = legal.collect();
    let mut short = String::new();
    for word in legal.split_whitespace() {
        let gap = usize::from(!short.is_empty());
        if units(&short) + gap + units(word) > longest {
            break;
        }
        if gap > 0 {
            short.push(' ');
        }
        short.push_str(word);
    }
    if short.is_empty() {
        for letter in legal.trim().chars() {
            if units(&short) + letter.len_utf16() > longest {
                break;
            }
            short.push(letter);
        }
    }
    short.trim_matches(['\'', ' ']).trim_end_matches(['.', ',', ';', '–', '-', '(', '\'', ' ']).to_owned()
}

/// A name, with a number where another sheet has it.
fn unique(name: &str, taken: &mut HashSet<String>) -> String {
    // Excel keeps this name for itself.
    let mut candidate = if name.eq_ignore_ascii_case("history") { format!("{name}_") } else { name.to_owned() };
    let mut number = 2;
    // Names that differ in capitals alone are the same to Excel.
    while !taken.insert(candidate.to_lowercase()) {
        let mark = format!(" ({number})");
        candidate = format!("{}{mark}", short(name, LONGEST - mark.len()));
        number += 1;
    }
    candidate
}
