//! The projections: which views are kept as tables, so that a question need not judge every event anew.
//!
//! A projection holds what a view answers without settings. Its rows are divided into buckets: most by area as it was
//! reported, because judging is local to an area (a correction of another area's event changes nothing), that of first
//! years by subject. So what came since can only change the buckets that it falls in. A projection says how far of each
//! ledger it rests on ([`Reach`]): what came after that is judged on the spot, so that an answer is never older for being
//! kept.
//!
//! The projector keeps the tables and the query engine knows the views: both meet here.

use std::collections::BTreeMap;
use std::fmt;

use crate::stream::{Family, Stream};

/// Number of buckets of every projection.
pub const BUCKETS: i32 = 64;

/// Name of the column that says the bucket (`Int32`).
pub const BUCKET: &str = "bucket";

/// A view that is kept as a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Projection {
    /// The view.
    pub view: &'static str,
    /// The ledgers whose rows it is made of: what is new in them changes only the buckets that it falls in.
    pub ledgers: &'static [Family],
    /// What its buckets are divided by.
    pub by: Division,
}

/// What buckets are divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Division {
    /// The area of a row.
    Area,
    /// The subject of an event. The rows add up over subjects, so the view itself has the column of the bucket.
    Subject,
}

/// All projections. Each rests on the reference events as well: a new one of those changes everything.
pub const PROJECTIONS: &[Projection] = &[
    Projection { view: "judged_statement", ledgers: &[Family::Statement], by: Division::Area },
    Projection { view: "counted", ledgers: &[Family::Recognition, Family::Activity], by: Division::Area },
    Projection { view: "adopters", ledgers: &[Family::Recognition], by: Division::Subject },
];

impl Projection {
    /// The projection of a view.
    pub fn of(view: &str) -> Option<&'static Self> {
        PROJECTIONS.iter().find(|projection| projection.view == view)
    }

    /// Name of its table of a generation, in [`folder`]. A file there with the view's name holds the present one.
    pub fn generation(&self, generation: impl fmt::Display) -> String {
        format!("{}-{generation}", self.view)
    }

    /// All ledgers it rests on.
    pub fn rests_on(&self) -> impl Iterator<Item = Family> + use<> {
        self.ledgers.iter().copied().chain([Family::Reference])
    }
}

/// Folder of the projections that were made under the rules of one build, below the folder of tables.
pub fn folder(rules: &str) -> String {
    format!("projection/{rules}")
}

/// The bucket of an area as it was reported: by its level and code, by its printed name where it has no code. All days
/// of one code are in one bucket, as are all that an event of an area can correct.
pub fn area_bucket(level: Option<&str>, code: Option<&str>, name: Option<&str>) -> i32 {
    match code {
        Some(code) => bucket([level.unwrap_or_default(), "/", code]),
        None => bucket(["name/", name.unwrap_or_default(), ""]),
    }
}

/// The bucket of a subject.
pub fn subject_bucket(token: &str) -> i32 {
    bucket([token, "", ""])
}

/// FNV-1a, stirred once more because it leaves short texts alike: the same on every machine and for ever, and fast.
fn bucket(texts: [&str; 3]) -> i32 {
    const PRIME: u64 = 0x0100_0000_01b3;
    let bytes = texts.iter().flat_map(|text| text.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    let stirred = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    ((stirred >> 33) % BUCKETS as u64) as i32
}

/// A part of the log that a ledger has rows of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPart {
    /// The ledger.
    pub stream: Stream,
    /// Id of the Kafka cluster.
    pub cluster: String,
    /// Generation of the log.
    pub generation: i32,
    /// Partition of the topic.
    pub partition: i32,
}

impl fmt::Display for LogPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.cluster, self.stream.topic(), self.generation, self.partition)
    }
}

/// How far of the ledgers something rests on: of each part of the log the offset after the last row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach(BTreeMap<LogPart, i64>);

impl Reach {
    /// Notes that all rows before an offset are there.
    pub fn extend(&mut self, part: LogPart, next: i64) {
        let known = self.0.entry(part).or_insert(next);
        *known = next.max(*known);
    }

    /// Offset after the last row of a part; 0 where there is none.
    pub fn next(&self, part: &LogPart) -> i64 {
        self.0.get(part).copied().unwrap_or(0)
    }

    /// All parts with their offsets.
    pub fn parts(&self) -> impl Iterator<Item = (&LogPart, i64)> {
        self.0.iter().map(|(part, next)| (part, *next))
    }

    /// The parts that have rows here which the other does not rest on, with the offset from which.
    pub fn since<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (&'a LogPart, i64)> {
        self.0
            .iter()
            .map(|(part, next)| (part, *next, other.next(part)))
            .filter_map(|(part, next, known)| (known < next).then_some((part, known)))
    }
}

impl FromIterator<(LogPart, i64)> for Reach {
    fn from_iter<T: IntoIterator<Item = (LogPart, i64)>>(parts: T) -> Self {
        let mut reach = Self::default();
        parts.into_iter().for_each(|(part, next)| reach.extend(part, next));
        reach
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views;
    use crate::vocabulary::Vocabulary;

    #[test]
    fn every_projection_is_of_a_view() {
        for projection in PROJECTIONS {
            assert!(views::named(projection.view).is_some(), "{projection:?}");
        }
    }

    fn is_part(view: &views::View, projection: &Projection) -> bool {
        let whole = views::named(projection.view).unwrap();
        !view.listed && Projection::of(view.name).is_none() && whole.sql.contains(&format!("FROM {}\n", view.name))
    }

    #[test]
    fn a_projection_names_all_ledgers_that_its_view_reads() {
        for projection in PROJECTIONS {
            // A view that users do not see is a part of the one that rests on it.
            let parts = views::VIEWS.iter().filter(|view| view.name == projection.view || is_part(view, projection));
            let sql = parts.map(|view| view.sql).collect::<String>();
            for family in Family::ALL {
                let tables = ["ledger", "everywhere", "fate", "recorded"].map(|table| format!("{table}_{family}"));
                let read = tables.iter().any(|table| sql.contains(table));
                assert_eq!(read, projection.ledgers.contains(family), "{} of {family}", projection.view);
            }
            let others = views::VIEWS.iter().filter(|view| view.name != projection.view && !is_part(view, projection));
            for other in others {
                let read = ["FROM", "JOIN"].iter().any(|word| sql.contains(&format!("{word} {}\n", other.name)));
                assert!(
                    !read,
                    "{} reads {}: what that rests on has to be among its ledgers",
                    projection.view, other.name
                );
            }
        }
    }

    #[test]
    fn a_bucket_goes_by_code_and_else_by_name() {
        let of = area_bucket(Some("province"), Some("24"), Some("Bắc Giang"));
        assert_eq!(of, area_bucket(Some("province"), Some("24"), Some("Bắc Ninh")), "all days of one code");
        assert_eq!(area_bucket(Some("commune"), None, Some("Tân Thịnh")), area_bucket(None, None, Some("Tân Thịnh")));
        let mut sizes = [0; BUCKETS as usize];
        (0..64_000)
            .for_each(|code| sizes[area_bucket(Some("commune"), Some(&format!("{code:05}")), None) as usize] += 1);
        assert!(sizes.iter().all(|size| (700..1300).contains(size)), "{sizes:?}");
    }

    #[test]
    fn a_reach_knows_what_came_since() {
        let part = |partition| LogPart {
            stream: Stream::Ledger(Family::Statement),
            cluster: "c".into(),
            generation: 0,
            partition,
        };
        let then = Reach::from_iter([(part(0), 5), (part(1), 2)]);
        let now = Reach::from_iter([(part(0), 5), (part(1), 4), (part(2), 1)]);
        assert_eq!(now.since(&then).collect::<Vec<_>>(), [(&part(1), 2), (&part(2), 0)]);
        assert_eq!(now.since(&now).count(), 0);
    }
}
