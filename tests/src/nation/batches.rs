//! The events of one family as rows of its ledger table, for loading in bulk past log and projector.
//!
//! In: events. Out: record batches in the schema of `lantoa_schemas::table`, what was sent again left out as the
//! projector leaves it out, with offsets as if the family's log held the nation and nothing else.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int32Builder, Int64Builder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, SchemaRef};
use lantoa_schemas::event::{
    Activity, Envelope, Event, Facts, Membership, Recognition, Reference, Statement, days_since_epoch,
};
use lantoa_schemas::partial_date::PartialDate;
use lantoa_schemas::stream::Family;
use lantoa_schemas::table::stream_table;
use lantoa_schemas::vocabulary::Vocabulary;

use super::events::Events;

/// Rows of a batch; the last one has fewer.
pub const BATCH_ROWS: usize = 65_536;

/// Name of the cluster that the rows say they come from.
pub const CLUSTER: &str = "nation";

/// The batches of one family.
pub struct Batches<'n> {
    events: Events<'n>,
    schema: SchemaRef,
}

impl<'n> Batches<'n> {
    pub(super) fn new(events: Events<'n>, family: Family) -> Self {
        Self { events, schema: stream_table(family.stream()) }
    }
}

impl Iterator for Batches<'_> {
    type Item = RecordBatch;

    fn next(&mut self) -> Option<RecordBatch> {
        let mut rows = Rows::new(&self.schema);
        while rows.count < BATCH_ROWS && self.events.advance().is_some() {
            if self.events.is_again() {
                continue;
            }
            let offset = self.events.offset().unwrap_or_default();
            if let Some(event) = self.events.current() {
                rows.write(event, offset);
            }
        }
        (rows.count > 0).then(|| rows.finish(&self.schema))
    }
}

enum Column {
    Text(StringBuilder),
    Long(Int64Builder),
    Int(Int32Builder),
    Number(Float64Builder),
    Flag(BooleanBuilder),
    Day(Date32Builder),
    Instant(TimestampMicrosecondBuilder),
}

/// Rows being written, column by column in the order of the schema.
struct Rows {
    columns: Vec<Column>,
    /// Column that is written next.
    at: usize,
    count: usize,
    /// The last partial dates and their texts: whole sheets share theirs, and writing one out is dear.
    dates: Vec<Option<(PartialDate, String)>>,
}

impl Rows {
    fn new(schema: &SchemaRef) -> Self {
        let columns: Vec<_> = schema.fields().iter().map(|field| Column::new(field.data_type())).collect();
        let dates = columns.iter().map(|_| None).collect();
        Self { columns, at: 0, count: 0, dates }
    }

    fn write(&mut self, event: &Event, offset: i64) {
        self.at = 0;
        self.envelope(&event.envelope);
        match &event.facts {
            Facts::Statement(facts) => self.statement(facts),
            Facts::Recognition(facts) => self.recognition(facts),
            Facts::Activity(facts) => self.activity(facts),
            Facts::Membership(facts) => self.membership(facts),
            Facts::Reference(facts) => self.reference(facts),
        }
        self.text(Some(CLUSTER));
        self.int(Some(0));
        self.int(Some(0));
        self.long(Some(offset));
        self.count += 1;
    }

    fn finish(self, schema: &SchemaRef) -> RecordBatch {
        let columns = self.columns.into_iter().map(Column::finish).collect();
        RecordBatch::try_new(Arc::clone(schema), columns).expect("every row fills every column of the schema")
    }

    fn envelope(&mut self, of: &Envelope) {
        self.text(Some(&of.event_id));
        self.text(Some(&of.event_type));
        self.int(Some(of.schema_version));
        self.instant(of.recorded.map(|instant| instant.timestamp_micros()));
        self.text(of.sender.as_deref());
        self.word(of.via);
        self.text(of.receipt.as_deref());
        self.long(of.receipt_row);
        self.long(of.history_version);
        self.text(of.reporter.as_deref());
        self.word(of.area_level);
        self.text(of.area_code.as_deref());
        self.day(of.area_date.map(days_since_epoch));
        self.text(of.area_name.as_deref());
        self.date(of.occurred_on);
        self.date(of.stated_on);
        self.text(of.source.as_deref());
        self.word(of.source_kind);
        self.text(of.source_number.as_deref());
        self.date(of.source_date);
        self.text(of.source_issuer.as_deref());
        self.text(of.source_url.as_deref());
        self.text(of.supersedes.as_deref());
        self.text(of.retracts.as_deref());
        self.text(of.change_reason.as_deref());
        self.text(of.note.as_deref());
    }

    fn statement(&mut self, of: &Statement) {
        self.word(of.fact);
        self.text(of.measure.as_deref());
        self.word(of.stage);
        self.text(of.subject_scope.as_deref());
        // A period of the nation is one year.
        self.date(of.period.map(|period| PartialDate::Year(period.last)));
        self.date(of.as_at);
        self.word(of.span);
        self.word(of.base);
        self.long(of.numerator);
        self.word(of.numerator_precision);
        self.long(of.denominator);
        self.long(of.sessions);
        self.word(of.sessions_precision);
        self.text(of.printed_percent.as_ref().map(|percent| percent.as_str()));
        self.text(of.plan.as_deref());
        self.text(of.quote.as_deref());
    }

    fn recognition(&mut self, of: &Recognition) {
        self.word(of.step);
        self.text(of.model.as_deref());
        self.int(of.year);
        self.text(of.subject_token.as_deref());
        self.text(of.criteria_set.as_deref());
        self.text(of.criterion.as_deref());
        self.number(of.score);
        self.text(of.rating.as_deref());
        self.text(of.decision_number.as_deref());
        self.date(of.decision_date);
        self.text(of.decision_issuer.as_deref());
        self.long(of.subjects);
    }

    fn activity(&mut self, of: &Activity) {
        self.text(of.activity.as_deref());
        self.int(of.week_year);
        self.long(of.sessions);
        self.word(of.sessions_precision);
        self.long(of.attendances);
        self.word(of.attendances_precision);
        self.long(of.persons);
        self.word(of.persons_precision);
        self.text(of.topic.as_deref());
        self.text(of.organiser.as_deref());
    }

    fn membership(&mut self, of: &Membership) {
        self.word(of.change);
        self.text(of.subject_token.as_deref());
        self.flag(of.party_member);
    }

    fn reference(&mut self, of: &Reference) {
        self.word(of.kind);
        self.text(of.subject.as_deref());
        self.day(of.effective_on.map(days_since_epoch));
        self.text(of.legal_basis.as_deref());
        self.text(of.body.as_deref());
    }

    fn word<V: Vocabulary>(&mut self, word: Option<V>) {
        self.text(word.map(V::as_str));
    }

    fn date(&mut self, date: Option<PartialDate>) {
        let Some(date) = date else { return self.text(None) };
        let mut written = self.dates[self.at].take().unwrap_or_else(|| (PartialDate::Year(0), String::new()));
        if written.0 != date {
            written.0 = date;
            written.1.clear();
            write!(written.1, "{date}").expect("a text takes whatever is written");
        }
        let at = self.at;
        self.text(Some(&written.1));
        self.dates[at] = Some(written);
    }
}

macro_rules! append {
    ($($name:ident: $variant:ident($value:ty),)+) => {
        impl Rows {
            $(fn $name(&mut self, value: Option<$value>) {
                match &mut self.columns[self.at] {
                    Column::$variant(column) => column.append_option(value),
                    _ => unreachable!("column {} has another type in the schema", self.at),
                }
                self.at += 1;
            })+
        }
    };
}

append! {
    text: Text(&str),
    long: Long(i64),
    int: Int(i32),
    number: Number(f64),
    flag: Flag(bool),
    day: Day(i32),
    instant: Instant(i64),
}

impl Column {
    fn new(of: &DataType) -> Self {
        match of {
            DataType::Utf8 => Self::Text(StringBuilder::new()),
            DataType::Int64 => Self::Long(Int64Builder::new()),
            DataType::Int32 => Self::Int(Int32Builder::new()),
            DataType::Float64 => Self::Number(Float64Builder::new()),
            DataType::Boolean => Self::Flag(BooleanBuilder::new()),
            DataType::Date32 => Self::Day(Date32Builder::new()),
            DataType::Timestamp(..) => Self::Instant(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            other => unreachable!("no ledger table has a column of {other}"),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Text(mut column) => Arc::new(column.finish()),
            Self::Long(mut column) => Arc::new(column.finish()),
            Self::Int(mut column) => Arc::new(column.finish()),
            Self::Number(mut column) => Arc::new(column.finish()),
            Self::Flag(mut column) => Arc::new(column.finish()),
            Self::Day(mut column) => Arc::new(column.finish()),
            Self::Instant(mut column) => Arc::new(column.finish()),
        }
    }
}
