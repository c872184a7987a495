//! The wire: Avro single-object encoding (`C3 01`, eight bytes of schema fingerprint, one datum), written schemas in
//! `avro/*.avsc` that any language can use. Other programs may also frame a datum as Confluent's schema registry does.
//!
//! An event record has two fields, `envelope` and `facts`; both are flattened into one row by whoever stores it.
//! How a schema may change from release to release is the rule in [`evolution`], checked against `avro/released`; what
//! any release wrote is read by the `revision` that its message names. What is written here is the present one.

use std::sync::OnceLock;

use serde::Serialize;
use serde_avro_fast::Schema;
use serde_avro_fast::ser::SerializerConfig;
use serde_json::{Map, Value};

use crate::event::{Envelope, Event, Facts};
use crate::receipt::Receipt;
use crate::reject::Reject;
use crate::stream::{Family, Stream};

pub mod evolution;
mod revision;

pub use revision::{
    CONFLUENT_HEADER_LEN, CONFLUENT_MARKER, ConfluentSchemas, ConfluentSchemasError, Frame, Revision, RevisionError,
    Revisions, Unframed, known, released, shown,
};

/// Bytes in front of the datum: marker and fingerprint.
pub const HEADER_LEN: usize = 10;

/// The marker of single-object encoding.
pub const MARKER: [u8; 2] = [0xC3, 0x01];

/// A value that its schema does not take: a fault of this crate, found by its tests.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {stream} as Avro: {source}")]
pub struct EncodeError {
    stream: &'static str,
    source: serde_avro_fast::ser::SerError,
}

/// Bytes that are no message of a stream.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// It does not name a schema of the stream.
    #[error("does not name a schema of {stream}")]
    Schema {
        /// The topic.
        stream: &'static str,
        /// What it names instead.
        source: Unframed,
    },
    /// The datum is cut short or wrong in itself.
    #[error("cannot be read by the schema that it names")]
    Datum(#[from] serde_avro_fast::de::DeError),
    /// There are bytes behind the datum.
    #[error("goes on behind its end")]
    TooLong,
}

/// The written schema of a stream.
pub fn schema_text(stream: Stream) -> &'static str {
    match stream {
        Stream::Ledger(Family::Statement) => include_str!("../avro/statement.avsc"),
        Stream::Ledger(Family::Recognition) => include_str!("../avro/recognition.avsc"),
        Stream::Ledger(Family::Activity) => include_str!("../avro/activity.avsc"),
        Stream::Ledger(Family::Membership) => include_str!("../avro/membership.avsc"),
        Stream::Ledger(Family::Reference) => include_str!("../avro/reference.avsc"),
        Stream::Reject => include_str!("../avro/reject.avsc"),
        Stream::Receipt => include_str!("../avro/receipt.avsc"),
    }
}

/// The parsed schema of a stream.
pub fn schema(stream: Stream) -> &'static Schema {
    static SCHEMAS: OnceLock<Vec<Schema>> = OnceLock::new();
    let schemas = SCHEMAS.get_or_init(|| {
        Stream::ALL
            .iter()
            .map(|stream| schema_text(*stream).parse().expect("the written schemas are read by this crate's tests"))
            .collect()
    });
    let at = Stream::ALL.iter().position(|known| *known == stream).expect("ALL lists every stream");
    &schemas[at]
}

/// The Rabin fingerprint of a stream's schema, in wire order (little-endian).
pub fn fingerprint(stream: Stream) -> [u8; 8] {
    *schema(stream).rabin_fingerprint()
}

/// The fingerprint in front of a message, `None` where the marker is missing.
pub fn fingerprint_of(message: &[u8]) -> Option<[u8; 8]> {
    let (marker, rest) = message.split_first_chunk::<2>()?;
    if *marker == MARKER { rest.first_chunk().copied() } else { None }
}

/// The fields of one message, as [`Revisions::fields`] reads them where no id of a schema registry is known.
///
/// # Errors
/// When the bytes are not exactly one message of the stream.
pub fn fields(stream: Stream, message: &[u8]) -> Result<Map<String, Value>, DecodeError> {
    known(stream).fields(message)
}

/// Writes events, rejects and receipts. Keeps its buffers from one message to the next; one a thread.
pub struct Encoder {
    configs: Vec<(Stream, SerializerConfig<'static>)>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { configs: Stream::ALL.iter().map(|s| (*s, SerializerConfig::new(schema(*s)))).collect() }
    }
}

#[derive(Serialize)]
struct Wire<'a, F: Serialize> {
    envelope: &'a Envelope,
    facts: &'a F,
}

impl Encoder {
    /// Appends one event to `out` and says on which stream it travels.
    ///
    /// # Errors
    /// When the event does not fit its schema, which only a fault in this crate can bring about.
    pub fn event(&mut self, event: &Event, out: &mut Vec<u8>) -> Result<Stream, EncodeError> {
        let envelope = &event.envelope;
        match &event.facts {
            Facts::Statement(facts) => self.write(Family::Statement.stream(), &Wire { envelope, facts }, out),
            Facts::Recognition(facts) => self.write(Family::Recognition.stream(), &Wire { envelope, facts }, out),
            Facts::Activity(facts) => self.write(Family::Activity.stream(), &Wire { envelope, facts }, out),
            Facts::Membership(facts) => self.write(Family::Membership.stream(), &Wire { envelope, facts }, out),
            Facts::Reference(facts) => self.write(Family::Reference.stream(), &Wire { envelope, facts }, out),
        }
    }

    /// Appends a reject to `out`.
    ///
    /// # Errors
    /// As [`Encoder::event`].
    pub fn reject(&mut self, reject: &Reject, out: &mut Vec<u8>) -> Result<Stream, EncodeError> {
        self.write(Stream::Reject, reject, out)
    }

    /// Appends a receipt's manifest to `out`.
    ///
    /// # Errors
    /// As [`Encoder::event`].
    pub fn receipt(&mut self, receipt: &Receipt, out: &mut Vec<u8>) -> Result<Stream, EncodeError> {
        self.write(Stream::Receipt, receipt, out)
    }

    fn write<T: Serialize>(&mut self, stream: Stream, value: &T, out: &mut Vec<u8>) -> Result<Stream, EncodeError> {
        let (_, config) = self.configs.iter_mut().find(|(known, _)| *known == stream).expect("ALL lists every stream");
        let buffer = std::mem::take(out);
        *out = serde_avro_fast::to_single_object(value, buffer, config)
            .map_err(|source| EncodeError { stream: stream.topic(), source })?;
        Ok(stream)
    }
}

#[cfg(test)]
mod tests;
