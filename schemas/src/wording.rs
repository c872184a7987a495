//! Words as a Vietnamese office writes them: what two texts are compared by, the closed lists in both languages, and what
//! varies in a sentence that is to be told in another language.
//!
//! In: `data/word.toml`, and texts as somebody wrote them. Out: the code that a word stands for, and lists that show both.
//! Guarantee: a word stands for one code or for none; nothing is guessed.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The marks that say a syllable's tone.
const TONES: [char; 5] = ['\u{300}', '\u{301}', '\u{303}', '\u{309}', '\u{323}'];
/// How near a mistyped word must be to what it may have meant.
const NEAR: f64 = 0.75;

/// What two texts are compared by: composed or not, in any case, with the tone on either vowel (hòa, hoà) and whatever
/// blanks between words, a text is the same. Another letter, or no marks at all, makes another one.
pub fn spelt(text: &str) -> String {
    let mut spelt = String::with_capacity(text.len());
    let mut tone = String::new();
    for word in text.split_whitespace() {
        if !spelt.is_empty() {
            spelt.push(' ');
        }
        for c in word.nfd().flat_map(char::to_lowercase) {
            if TONES.contains(&c) {
                tone.push(c);
                continue;
            }
            // A tone goes to the end of its syllable.
            if !c.is_alphabetic() && !is_combining_mark(c) {
                spelt.push_str(&tone);
                tone.clear();
            }
            spelt.push(c);
        }
        spelt.push_str(&tone);
        tone.clear();
    }
    spelt
}

/// Something with a code and a Vietnamese name.
pub trait Named {
    /// The code of the contract.
    fn code(&self) -> &str;

    /// The Vietnamese name.
    fn name_vi(&self) -> &str;

    /// As an error shows it: `code (name)`.
    fn in_both(&self) -> String {
        format!("{} ({})", self.code(), self.name_vi())
    }
}

/// Of what has names, the one that a mistyped code or name most likely meant.
pub fn nearest<'a, T: Named>(said: &str, known: impl IntoIterator<Item = &'a T>) -> Option<&'a T> {
    let in_words = spelt(said);
    let score =
        |one: &T| strsim::jaro_winkler(said, one.code()).max(strsim::jaro_winkler(&in_words, &spelt(one.name_vi())));
    let scored = known.into_iter().map(|one| (score(one), one)).filter(|(score, _)| *score > NEAR);
    scored.max_by(|(left, _), (right, _)| left.total_cmp(right)).map(|(_, one)| one)
}

/// All of what has names, as a reader sees it: `code (name), code (name) or code (name)`.
pub fn listed<'a, T: Named + 'a>(known: impl IntoIterator<Item = &'a T>) -> String {
    let mut all: Vec<String> = known.into_iter().map(Named::in_both).collect();
    match all.pop() {
        Some(last) if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        last => last.unwrap_or_default(),
    }
}

/// Places in a list by the names that stand there, as they are compared; a name may stand at several.
#[derive(Debug, Clone, Default)]
pub(crate) struct ByName(HashMap<String, Vec<usize>>);

impl ByName {
    pub(crate) fn of<'a, T: Named + 'a>(known: impl IntoIterator<Item = &'a T>) -> Self {
        let mut by_name = Self::default();
        for (at, one) in known.into_iter().enumerate() {
            by_name.0.entry(spelt(one.name_vi())).or_default().push(at);
        }
        by_name
    }

    pub(crate) fn places(&self, said: &str) -> &[usize] {
        self.0.get(&spelt(said)).map_or(&[], Vec::as_slice)
    }
}

/// A closed list whose words cells may say in Vietnamese.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum List {
    /// Kinds of fact.
    Fact,
    /// How far a title has come.
    Stage,
    /// What stretch of time a figure covers.
    Span,
    /// What a percent is a percent of.
    Base,
    /// How exact a count is.
    Precision,
    /// Levels of areas.
    AreaLevel,
    /// Kinds of documents.
    SourceKind,
    /// Steps towards a title.
    Step,
    /// Joined or left.
    MembershipChange,
    /// Kinds of reference events.
    ReferenceKind,
    /// Classes of areas that have targets of their own.
    AreaClass,
    /// Yes or no.
    Flag,
}

/// A word of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// The code of the contract.
    pub code: String,
    /// The Vietnamese word that is shown.
    pub vi: String,
    /// What it means, in English.
    pub en: String,
    /// Other Vietnamese words for it.
    #[serde(default)]
    pub also: Vec<String>,
}

impl Named for Word {
    fn code(&self) -> &str {
        &self.code
    }

    fn name_vi(&self) -> &str {
        &self.vi
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    fact: Vec<Word>,
    stage: Vec<Word>,
    span: Vec<Word>,
    base: Vec<Word>,
    precision: Vec<Word>,
    area_level: Vec<Word>,
    source_kind: Vec<Word>,
    step: Vec<Word>,
    membership_change: Vec<Word>,
    reference_kind: Vec<Word>,
    area_class: Vec<Word>,
    flag: Vec<Word>,
}

impl File {
    fn list(&self, list: List) -> &[Word] {
        match list {
            List::Fact => &self.fact,
            List::Stage => &self.stage,
            List::Span => &self.span,
            List::Base => &self.base,
            List::Precision => &self.precision,
            List::AreaLevel => &self.area_level,
            List::SourceKind => &self.source_kind,
            List::Step => &self.step,
            List::MembershipChange => &self.membership_change,
            List::ReferenceKind => &self.reference_kind,
            List::AreaClass => &self.area_class,
            List::Flag => &self.flag,
        }
    }
}

/// The lists, and where each way to write a word stands.
struct Lists {
    file: File,
    places: HashMap<(List, String), usize>,
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| {
    let file: File =
        toml::from_str(include_str!("../data/word.toml")).expect("the shipped lists are read by this module's tests");
    let mut places = HashMap::new();
    for &list in List::ALL {
        for (at, word) in file.list(list).iter().enumerate() {
            for way in std::iter::once(&word.vi).chain(&word.also) {
                places.insert((list, spelt(way)), at);
            }
        }
    }
    Lists { file, places }
});

impl List {
    /// All lists.
    pub const ALL: &'static [Self] = &[
        Self::Fact,
        Self::Stage,
        Self::Span,
        Self::Base,
        Self::Precision,
        Self::AreaLevel,
        Self::SourceKind,
        Self::Step,
        Self::MembershipChange,
        Self::ReferenceKind,
        Self::AreaClass,
        Self::Flag,
    ];

    /// Its words, in the contract's order.
    pub fn words(self) -> &'static [Word] {
        LISTS.file.list(self)
    }

    /// The word of a code.
    pub fn word(self, code: &str) -> Option<&'static Word> {
        self.words().iter().find(|word| word.code == code)
    }

    /// The word that somebody meant who wrote its code or one of its Vietnamese words.
    pub fn called(self, said: &str) -> Option<&'static Word> {
        // Most cells have codes.
        self.word(said).or_else(|| LISTS.places.get(&(self, spelt(said))).map(|at| &self.words()[*at]))
    }
}

/// What stands in a sentence at each `{}` of a pattern; `None` where it is another sentence.
pub fn captured<'a>(pattern: &str, sentence: &'a str) -> Option<Vec<&'a str>> {
    let mut pieces = pattern.split("{}");
    let mut rest = sentence.strip_prefix(pieces.next()?)?;
    let mut captures = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        let last = pieces.peek().is_none();
        let at = if last { rest.len().checked_sub(piece.len())? } else { rest.find(piece)? };
        if !rest.is_char_boundary(at) || !rest[at..].starts_with(piece) {
            return None;
        }
        captures.push(&rest[..at]);
        rest = &rest[at + piece.len()..];
    }
    rest.is_empty().then_some(captures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::national::AreaClass;
    use crate::vocabulary::{
        AreaLevel, Base, Fact, MembershipChange, Precision, ReferenceKind, SourceKind, Span, Stage, Step, Vocabulary,
    };

    #[test]
    fn spellings_of_one_word() {
        for (left, right, same) in [
            ("hòa", "hoà", true),
            ("Kho\u{309}e", "khoẻ", true),
            ("THỦY", "thuỷ", true),
            ("  Số \u{a0} đạt ", "số đạt", true),
            ("So\u{302}\u{301} \u{111}a\u{323}t", "Số đạt", true),
            ("Tỷ lệ (%)", "tỷ lệ (%)", true),
            ("so dat", "Số đạt", false),
            ("Tổng số", "Tống số", false),
        ] {
            assert_eq!(spelt(left) == spelt(right), same, "{left} {right}");
        }
    }

    fn check<V: Vocabulary>(list: List) {
        assert_eq!(V::WORDS, Some(list));
        has_words(list, &V::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>());
    }

    fn has_words(list: List, expected: &[&str]) {
        assert_eq!(list.words().iter().map(|word| word.code.as_str()).collect::<Vec<_>>(), expected);
        for word in list.words() {
            assert!(!word.vi.trim().is_empty() && !word.en.trim().is_empty(), "{word:?}");
            for way in [&word.code, &word.vi, &word.vi.to_uppercase()].into_iter().chain(&word.also) {
                assert_eq!(list.called(way).map(|called| called.code.as_str()), Some(word.code.as_str()), "{way}");
            }
        }
        assert!(list.called("gì đó").is_none() && list.called("").is_none());
    }

    #[test]
    fn every_list_is_that_of_the_contract_and_each_word_stands_for_one_code() {
        check::<Fact>(List::Fact);
        check::<Stage>(List::Stage);
        check::<Span>(List::Span);
        check::<Base>(List::Base);
        check::<Precision>(List::Precision);
        check::<AreaLevel>(List::AreaLevel);
        check::<SourceKind>(List::SourceKind);
        check::<Step>(List::Step);
        check::<MembershipChange>(List::MembershipChange);
        check::<ReferenceKind>(List::ReferenceKind);
        check::<AreaClass>(List::AreaClass);
        has_words(List::Flag, &["true", "false"]);
    }

    #[test]
    fn what_is_near_and_what_there_is_are_shown_in_both_languages() {
        let near = |said| nearest(said, List::Stage.words()).map(Named::in_both);
        assert_eq!(near("recognized").as_deref(), Some("recognised (công nhận)"));
        assert_eq!(near("cong nhận").as_deref(), Some("recognised (công nhận)"));
        assert_eq!(near("xyz"), None);
        assert_eq!(listed(List::Stage.words()), "registered (đăng ký), assessed (đánh giá) or recognised (công nhận)");
        assert_eq!(listed(&List::Stage.words()[..1]), "registered (đăng ký)");
    }

    #[test]
    fn what_varies_is_found_by_what_does_not() {
        assert_eq!(captured("a {} b {}", "a 1 b 2"), Some(vec!["1", "2"]));
        assert_eq!(captured("a {} b", "a 1 c"), None);
        assert_eq!(captured("{} is b", "a is b is b"), Some(vec!["a is b"]));
        assert_eq!(captured("a", "ab"), None);
    }
}
