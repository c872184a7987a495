//! The closed word lists of the field (domain.md), each an enum whose text is the same on the wire, in tables and in
//! answers. Open lists (measures, scopes) are data: see `catalogue`; the words in Vietnamese: see `wording`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::wording::{self, List};

/// A closed word list.
pub trait Vocabulary: Sized + Copy + 'static {
    /// All words, in their order.
    const ALL: &'static [Self];

    /// The same list in both languages, where cells of a form may say it in Vietnamese.
    const WORDS: Option<List> = None;

    /// The word as it is written everywhere.
    fn as_str(self) -> &'static str;

    /// The value of a word, `None` if the list does not have it.
    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|word| word.as_str() == text)
    }

    /// The whole list as a reader sees it: `a, b or c`.
    fn listed() -> String {
        let words: Vec<_> = Self::ALL.iter().map(|word| word.as_str()).collect();
        match words.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            _ => words.concat(),
        }
    }

    /// The whole list in both languages, where it has them.
    fn listed_in_both() -> String {
        Self::WORDS.map_or_else(Self::listed, |list| wording::listed(list.words()))
    }
}

macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident $(in $list:ident)? { $($(#[$item_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$item_doc])* #[serde(rename = $text)] $variant,)+ }

        impl Vocabulary for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)+];
            $(const WORDS: Option<List> = Some(List::$list);)?

            fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

vocabulary! {
    /// The kind of an aggregate fact.
    Fact in Fact {
        /// A figure that was reached.
        Actual = "actual",
        /// A figure that a plan wants reached by its period.
        Target = "target",
        /// Classes, seminars, conferences held and who came.
        Activity = "activity",
        /// A part of a pilot: units, criteria, committee.
        Pilot = "pilot",
        /// How far a pilot has come.
        Progress = "progress",
        /// Something an area was told to do.
        Task = "task",
        /// A named example.
        Exemplary = "exemplary",
        /// The size of a base: households, people, units.
        Denominator = "denominator",
    }
}

vocabulary! {
    /// How far a title has come.
    Stage in Stage {
        /// Registered for the title at the start of the year.
        Registered = "registered",
        /// Assessed and scored.
        Assessed = "assessed",
        /// Recognised by decision.
        Recognised = "recognised",
    }
}

vocabulary! {
    /// What stretch of time a figure covers.
    Span in Span {
        /// A state at a day.
        Stock = "stock",
        /// From the start of the year up to a day.
        YearToDate = "year_to_date",
        /// The change against the year before.
        YearChange = "year_change",
        /// All that happened within the period.
        Flow = "flow",
        /// One occasion.
        Once = "once",
    }
}

vocabulary! {
    /// What a percent is a percent of.
    Base in Base {
        /// All subjects of the scope in the area.
        All = "all",
        /// Those who registered for the title.
        Registered = "registered",
        /// The whole population.
        Population = "population",
        /// The adult population.
        Adult = "adult",
        /// The source does not say; the same as a blank.
        Unknown = "unknown",
    }
}

vocabulary! {
    /// How exact a printed count is.
    Precision in Precision {
        /// The count itself.
        Exact = "exact",
        /// More than the count (trên, hơn).
        Over = "over",
        /// The count or more (từ … trở lên).
        AtLeast = "at_least",
        /// A little under the count (gần).
        Nearly = "nearly",
        /// Around the count (khoảng).
        About = "about",
    }
}

vocabulary! {
    /// The level of an area.
    AreaLevel in AreaLevel {
        /// The whole country, code 00.
        Nation = "nation",
        /// Province or centrally run city.
        Province = "province",
        /// District, until 2025-06-30.
        District = "district",
        /// Commune, ward or township.
        Commune = "commune",
    }
}

vocabulary! {
    /// What kind of document a source is, in the order of rank: the first outranks the others.
    SourceKind in SourceKind {
        /// A numbered decision.
        Decision = "decision",
        /// A return of the reporting system.
        Return = "return",
        /// A plan.
        Plan = "plan",
        /// A newspaper or web page; a source that names no kind is read as this.
        Press = "press",
    }
}

vocabulary! {
    /// The way an event came in.
    Via {
        /// Over HTTP.
        Http = "http",
        /// From a file.
        File = "file",
        /// Produced to the topic by somebody else's program.
        Kafka = "kafka",
    }
}

vocabulary! {
    /// One step on the way to a title.
    Step in Step {
        /// Registered at the start of the year.
        Registered = "registered",
        /// Scored against a criterion or the whole set.
        Scored = "scored",
        /// Rated in the set's words.
        Rated = "rated",
        /// Recognised by a numbered decision.
        Recognised = "recognised",
        /// Raised to a higher level.
        Upgraded = "upgraded",
        /// Taken away.
        Revoked = "revoked",
        /// Run out.
        Expired = "expired",
    }
}

vocabulary! {
    /// A change of membership.
    MembershipChange in MembershipChange {
        /// Became a member.
        Joined = "joined",
        /// Is no longer a member.
        Left = "left",
    }
}

vocabulary! {
    /// What a reference event brings.
    ReferenceKind in ReferenceKind {
        /// Areas began, ended, merged, split or changed name or kind.
        AreaChanged = "area_changed",
        /// A plan with its targets was issued.
        PlanIssued = "plan_issued",
        /// A year's Lifelong Learning Week was set.
        WeekDeclared = "week_declared",
        /// An indicator or measure was added to the catalogue.
        CatalogueEntered = "catalogue_entered",
        /// A day was set by which returns are due.
        ReturnDue = "return_due",
        /// An area was found to belong to a class that has targets of its own.
        AreaClassified = "area_classified",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
        for &word in Span::ALL {
            assert_eq!(Span::parse(word.as_str()), Some(word));
        }
        assert_eq!(Fact::parse("Actual"), None);
        assert_eq!(Stage::listed(), "registered, assessed or recognised");
        assert_eq!(Stage::listed_in_both(), "registered (đăng ký), assessed (đánh giá) or recognised (công nhận)");
        assert_eq!(Via::listed_in_both(), "http, file or kafka");
    }
}
