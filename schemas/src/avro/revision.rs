//! By which schemas a stream's messages may have been written, and how each of them says by which.
//!
//! In: the present schema, those of the releases (`avro/released`), and which of them an id of a schema registry stands
//! for. Out: of a message its schema and where its datum begins, or why that is not known; and its fields as the present
//! schema has them. Guarantee: a schema is known by its fingerprint alone, so that releases with the same one are one
//! revision; what a revision does not have is blank.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Arc, OnceLock};

use arrow::datatypes::DataType;
use chrono::NaiveDate;
use serde::Deserialize;
use serde_avro_fast::Schema;
use serde_avro_fast::de::DeserializerState;
use serde_avro_fast::schema::SchemaError;
use serde_json::{Map, Value};

use super::{DecodeError, HEADER_LEN, fingerprint_of, schema_text};
use crate::stream::{Family, Stream};
use crate::table::stream_table;
use crate::vocabulary::Vocabulary;

/// The first byte of a message in the framing of Confluent's schema registry; its schema's id follows, big-endian.
pub const CONFLUENT_MARKER: u8 = 0;

/// Bytes in front of the datum there.
pub const CONFLUENT_HEADER_LEN: usize = 5;

struct Release {
    name: &'static str,
    schemas: &'static [(Stream, &'static str)],
}

/// The releases so far, the oldest first. Each new one adds its folder and its lines. A stream that a release did not have
/// is not among its schemas.
const RELEASES: &[Release] = &[Release {
    name: "0.1.0",
    schemas: &[
        (Stream::Ledger(Family::Statement), include_str!("../../avro/released/0.1.0/statement.avsc")),
        (Stream::Ledger(Family::Recognition), include_str!("../../avro/released/0.1.0/recognition.avsc")),
        (Stream::Ledger(Family::Activity), include_str!("../../avro/released/0.1.0/activity.avsc")),
        (Stream::Ledger(Family::Membership), include_str!("../../avro/released/0.1.0/membership.avsc")),
        (Stream::Ledger(Family::Reference), include_str!("../../avro/released/0.1.0/reference.avsc")),
        (Stream::Receipt, include_str!("../../avro/released/0.1.0/receipt.avsc")),
    ],
}];

/// The written schemas of a stream in the releases so far, each with the release's name, the oldest first.
pub fn released(stream: Stream) -> impl Iterator<Item = (&'static str, &'static str)> {
    RELEASES.iter().filter_map(move |release| {
        let (_, text) = release.schemas.iter().find(|(of, _)| *of == stream)?;
        Some((release.name, *text))
    })
}

/// A written schema that is none.
#[derive(Debug, thiserror::Error)]
#[error("a schema of {stream} cannot be read: {source}")]
pub struct RevisionError {
    stream: &'static str,
    source: SchemaError,
}

/// What is wrong with [`ConfluentSchemas`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfluentSchemasError {
    /// The key is no id.
    #[error("confluent_schemas: \"{0}\" is no id of a schema registry; write a whole number from 0 to 4294967295")]
    Id(String),
    /// The value is no schema.
    #[error(
        "confluent_schemas: \"{said}\" is no released schema; write the family and the release whose schema was registered, one of {}",
        nameable().join(", ")
    )]
    Schema {
        /// The value.
        said: String,
    },
}

/// Everything that the value of an id may be.
fn nameable() -> Vec<String> {
    let families = Family::ALL.iter().copied();
    families
        .flat_map(|family| released(family.stream()).map(move |(release, _)| format!("{family}@{release}")))
        .collect()
}

/// Which schema each id of a schema registry stands for, by family and release. Settings say it, because there is no
/// registry to ask: `{ "12" = "statement@0.1.0" }`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub struct ConfluentSchemas(BTreeMap<u32, (Family, String)>);

impl ConfluentSchemas {
    /// The same with one more id, of a release that need not be one of this program's.
    #[must_use]
    pub fn with(mut self, id: u32, family: Family, release: &str) -> Self {
        self.0.insert(id, (family, release.to_owned()));
        self
    }
}

impl TryFrom<BTreeMap<String, String>> for ConfluentSchemas {
    type Error = ConfluentSchemasError;

    fn try_from(said: BTreeMap<String, String>) -> Result<Self, Self::Error> {
        let mut schemas = Self::default();
        for (id, schema) in said {
            let number = id.parse::<u32>().map_err(|_| ConfluentSchemasError::Id(id))?;
            let named = schema.split_once('@').and_then(|(family, release)| {
                let family = Family::parse(family)?;
                released(family.stream()).any(|(name, _)| name == release).then_some((family, release))
            });
            schemas = match named {
                Some((family, release)) => schemas.with(number, family, release),
                None => return Err(ConfluentSchemasError::Schema { said: schema }),
            };
        }
        Ok(schemas)
    }
}

/// One written schema of a stream.
#[derive(Debug)]
pub struct Revision {
    text: String,
    schema: Schema,
}

impl Revision {
    fn read(stream: Stream, text: &str) -> Result<Self, RevisionError> {
        let schema = text.parse::<Schema>().map_err(|source| RevisionError { stream: stream.topic(), source })?;
        Ok(Self { text: text.to_owned(), schema })
    }

    /// The schema as it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its Rabin fingerprint, in wire order (little-endian).
    pub fn fingerprint(&self) -> [u8; 8] {
        *self.schema.rabin_fingerprint()
    }
}

/// Where a message says by which schema it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// The schema, by its place in [`Revisions::all`].
    pub revision: usize,
    /// Where the datum begins.
    pub datum: usize,
}

/// Why it is not known by which schema a message was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unframed {
    /// It does not say.
    #[error("begins neither with C3 01 and a fingerprint nor with 00 and a schema id")]
    NoHeader,
    /// It names a fingerprint that no revision of the stream has.
    #[error("names an unknown schema {}", shown(.0))]
    Fingerprint([u8; 8]),
    /// It names an id of which the settings do not say what it stands for.
    #[error("names the schema id {0} of a registry, and nothing says which schema that is")]
    Id(u32),
    /// It names an id that stands for a schema of another family.
    #[error("names the schema id {id}, which stands for a schema of the family {family}")]
    OtherFamily {
        /// The id.
        id: u32,
        /// Whose schema it is.
        family: Family,
    },
}

/// A fingerprint as people write it: hexadecimal, in wire order.
pub fn shown(fingerprint: &[u8; 8]) -> String {
    fingerprint.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Debug, Clone, Copy)]
enum Named {
    Revision(usize),
    Other(Family),
}

/// The schemas by which messages of a stream are read.
#[derive(Debug)]
pub struct Revisions {
    stream: Stream,
    all: Vec<Revision>,
    ids: BTreeMap<u32, Named>,
}

impl Revisions {
    /// The present schema of a stream and those of all releases.
    pub fn of(stream: Stream, ids: &ConfluentSchemas) -> Self {
        let earlier: Vec<_> = released(stream).collect();
        Self::with(stream, &earlier, ids).expect("the written schemas are read by this crate's tests")
    }

    /// The present schema of a stream and earlier ones, each with the name of its release.
    ///
    /// # Errors
    /// When one of them is no Avro schema.
    pub fn with(stream: Stream, earlier: &[(&str, &str)], ids: &ConfluentSchemas) -> Result<Self, RevisionError> {
        let mut all = vec![Revision::read(stream, schema_text(stream))?];
        let mut releases = BTreeMap::new();
        for (release, text) in earlier {
            let revision = Revision::read(stream, text)?;
            let same = all.iter().position(|known: &Revision| known.fingerprint() == revision.fingerprint());
            let at = same.unwrap_or(all.len());
            if same.is_none() {
                all.push(revision);
            }
            releases.insert(*release, at);
        }
        let named = |(id, (family, release)): (&u32, &(Family, String))| {
            if family.stream() != stream {
                return Some((*id, Named::Other(*family)));
            }
            releases.get(release.as_str()).map(|at| (*id, Named::Revision(*at)))
        };
        Ok(Self { stream, ids: ids.0.iter().filter_map(named).collect(), all })
    }

    /// The stream.
    pub fn stream(&self) -> Stream {
        self.stream
    }

    /// The schemas, the present one first.
    pub fn all(&self) -> &[Revision] {
        &self.all
    }

    /// By which of the schemas a message was written, and where its datum begins.
    ///
    /// # Errors
    /// When the message does not say it, or names none of them.
    pub fn frame(&self, message: &[u8]) -> Result<Frame, Unframed> {
        if let Some(found) = fingerprint_of(message) {
            let revision = self.all.iter().position(|known| known.fingerprint() == found);
            let frame = revision.map(|revision| Frame { revision, datum: HEADER_LEN });
            return frame.ok_or(Unframed::Fingerprint(found));
        }
        let Some(([CONFLUENT_MARKER, id @ ..], _)) = message.split_first_chunk::<CONFLUENT_HEADER_LEN>() else {
            return Err(Unframed::NoHeader);
        };
        let id = u32::from_be_bytes(*id);
        match self.ids.get(&id) {
            Some(Named::Revision(revision)) => Ok(Frame { revision: *revision, datum: CONFLUENT_HEADER_LEN }),
            Some(Named::Other(family)) => Err(Unframed::OtherFamily { id, family: *family }),
            None => Err(Unframed::Id(id)),
        }
    }

    /// The fields of one message side by side, as the stream's table has them, without the blank ones; days as text.
    /// For messages that are few: what comes in masses is decoded into columns.
    ///
    /// # Errors
    /// When the bytes are not exactly one message of the stream.
    pub fn fields(&self, message: &[u8]) -> Result<Map<String, Value>, DecodeError> {
        let stream = self.stream;
        let frame = self.frame(message).map_err(|source| DecodeError::Schema { stream: stream.topic(), source })?;
        let mut state = DeserializerState::from_slice(&message[frame.datum..], &self.all[frame.revision].schema);
        let record = Map::<String, Value>::deserialize(state.deserializer())?;
        if !matches!(state.into_reader().read(&mut [0]), Ok(0)) {
            return Err(DecodeError::TooLong);
        }
        let mut fields = Map::new();
        for (name, value) in record {
            match value {
                Value::Object(part) => fields.extend(part),
                value => fields.extend([(name, value)]),
            }
        }
        fields.retain(|_, value| !value.is_null());
        for column in stream_table(stream).fields().iter().filter(|column| *column.data_type() == DataType::Date32) {
            if let Some(value) = fields.get_mut(column.name()) {
                *value = value.as_i64().map_or(Value::Null, |days| Value::from(day_text(days)));
            }
        }
        Ok(fields)
    }
}

/// The present schema of a stream and those of all releases, where no id of a registry is known.
pub fn known(stream: Stream) -> Arc<Revisions> {
    static KNOWN: OnceLock<Vec<Arc<Revisions>>> = OnceLock::new();
    let none = ConfluentSchemas::default();
    let known =
        KNOWN.get_or_init(|| Stream::ALL.iter().map(|stream| Arc::new(Revisions::of(*stream, &none))).collect());
    let at = Stream::ALL.iter().position(|known| *known == stream).expect("ALL lists every stream");
    Arc::clone(&known[at])
}

fn day_text(days: i64) -> String {
    let since = chrono::Duration::try_days(days);
    let day = since.and_then(|since| NaiveDate::default().checked_add_signed(since));
    day.map_or_else(|| "beyond the calendar".to_owned(), |day| day.to_string())
}

#[cfg(test)]
mod tests;
