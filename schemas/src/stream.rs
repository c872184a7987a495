//! The streams: which topic carries what, under which CloudEvents type, into which table. The one place where topic,
//! table and type names are made.

use crate::vocabulary::Vocabulary;

/// A family of events, each with a topic and a ledger table of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// Aggregate facts.
    Statement,
    /// Single steps towards a title.
    Recognition,
    /// Single occasions.
    Activity,
    /// Members joining and leaving.
    Membership,
    /// Area changes, plans, Weeks, catalogue entries.
    Reference,
}

impl Vocabulary for Family {
    const ALL: &'static [Self] =
        &[Self::Reference, Self::Statement, Self::Recognition, Self::Activity, Self::Membership];

    fn as_str(self) -> &'static str {
        match self {
            Self::Statement => "statement",
            Self::Recognition => "recognition",
            Self::Activity => "activity",
            Self::Membership => "membership",
            Self::Reference => "reference",
        }
    }
}

impl std::fmt::Display for Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Family {
    /// Verbs that bring facts; `corrected` and `retracted` belong to every family beside them.
    pub fn verbs(self) -> &'static [&'static str] {
        match self {
            Self::Statement => &["stated"],
            Self::Recognition => &["registered", "scored", "rated", "recognised", "upgraded", "revoked", "expired"],
            Self::Activity => &["held"],
            Self::Membership => &["joined", "left"],
            Self::Reference => {
                &["area_changed", "plan_issued", "week_declared", "catalogue_entered", "return_due", "area_classified"]
            }
        }
    }

    /// The stream that carries the family.
    pub fn stream(self) -> Stream {
        Stream::Ledger(self)
    }
}

/// What an event type says: the family and the verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventType {
    /// The family.
    pub family: Family,
    /// The verb, one of the family's.
    pub verb: Verb,
}

/// What an event does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Brings a fact, under one of [`Family::verbs`].
    Fact(&'static str),
    /// Replaces an event whole.
    Corrected,
    /// Takes an event back.
    Retracted,
}

impl Verb {
    /// The word in the event type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fact(verb) => verb,
            Self::Corrected => "corrected",
            Self::Retracted => "retracted",
        }
    }
}

impl EventType {
    /// Reads `vn.lantoa.<family>.<verb>.v1`; `None` for a type that the contract does not have.
    pub fn parse(text: &str) -> Option<Self> {
        let (family, verb) = text.strip_prefix("vn.lantoa.")?.strip_suffix(".v1")?.split_once('.')?;
        let family = Family::parse(family)?;
        let verb = match verb {
            "corrected" => Verb::Corrected,
            "retracted" => Verb::Retracted,
            _ => Verb::Fact(family.verbs().iter().find(|known| **known == verb)?),
        };
        Some(Self { family, verb })
    }

    /// All types, for messages and documents.
    pub fn all() -> impl Iterator<Item = Self> {
        Family::ALL.iter().flat_map(|&family| {
            let facts = family.verbs().iter().map(|verb| Verb::Fact(verb));
            facts.chain([Verb::Corrected, Verb::Retracted]).map(move |verb| Self { family, verb })
        })
    }
}

impl std::fmt::Display for EventType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "vn.lantoa.{}.{}.v1", self.family, self.verb.as_str())
    }
}

/// All that travels on a topic into a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stream {
    /// Events of a family.
    Ledger(Family),
    /// What was refused at the door.
    Reject,
    /// Manifests of receipts.
    Receipt,
}

/// How long a topic keeps its records, in milliseconds: 100 years. Not `-1`: the embedded broker takes that literally.
pub const RETENTION_FOR_EVER_MS: i64 = 100 * 365 * 86_400_000;

/// How long a topic that may hold subject tokens keeps its records, in milliseconds: 90 days. The tables keep them.
pub const RETENTION_OF_TOKENS_MS: i64 = 90 * 86_400_000;

/// Name of the table that says what became of records that are not simply in a ledger.
pub const OUTCOME_TABLE: &str = "outcome";

impl Stream {
    /// All streams in the order in which a reader should take them: what others rest on comes first.
    pub const ALL: &'static [Self] = &[
        Self::Ledger(Family::Reference),
        Self::Ledger(Family::Statement),
        Self::Ledger(Family::Recognition),
        Self::Ledger(Family::Activity),
        Self::Ledger(Family::Membership),
        Self::Reject,
        Self::Receipt,
    ];

    /// Name of the Kafka topic.
    pub fn topic(self) -> &'static str {
        match self {
            Self::Ledger(Family::Statement) => "lantoa.statement.v1",
            Self::Ledger(Family::Recognition) => "lantoa.recognition.v1",
            Self::Ledger(Family::Activity) => "lantoa.activity.v1",
            Self::Ledger(Family::Membership) => "lantoa.membership.v1",
            Self::Ledger(Family::Reference) => "lantoa.reference.v1",
            Self::Reject => "lantoa.reject.v1",
            Self::Receipt => "lantoa.receipt.v1",
        }
    }

    /// The stream of a topic.
    pub fn of_topic(topic: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|stream| stream.topic() == topic)
    }

    /// Name of the table.
    pub fn table(self) -> &'static str {
        match self {
            Self::Ledger(Family::Statement) => "ledger_statement",
            Self::Ledger(Family::Recognition) => "ledger_recognition",
            Self::Ledger(Family::Activity) => "ledger_activity",
            Self::Ledger(Family::Membership) => "ledger_membership",
            Self::Ledger(Family::Reference) => "ledger_reference",
            Self::Reject => "reject",
            Self::Receipt => "receipt",
        }
    }

    /// The column by which a row counts once.
    pub fn id_column(self) -> &'static str {
        match self {
            Self::Ledger(_) => "event_id",
            Self::Reject => "reject",
            Self::Receipt => "receipt",
        }
    }

    /// `retention.ms` of the topic.
    pub fn retention_ms(self) -> i64 {
        match self {
            // A refused step towards a title has its subject's token in what was sent.
            Self::Ledger(Family::Recognition | Family::Membership) | Self::Reject => RETENTION_OF_TOKENS_MS,
            _ => RETENTION_FOR_EVER_MS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_back() {
        for event_type in EventType::all() {
            assert_eq!(EventType::parse(&event_type.to_string()), Some(event_type));
        }
        for text in ["vn.lantoa.statement.held.v1", "vn.lantoa.statement.stated.v2", "statement", ""] {
            assert_eq!(EventType::parse(text), None, "{text}");
        }
    }

    #[test]
    fn topics_read_back() {
        for &stream in Stream::ALL {
            assert_eq!(Stream::of_topic(stream.topic()), Some(stream));
        }
    }
}
