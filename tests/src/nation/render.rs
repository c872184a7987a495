//! From a sheet to its events: one event is made for the sheet, and its changing parts are written anew for each row.
//!
//! In: a sheet and a row number. Out: the event of that row, or nothing where the number has none. Row numbers are
//! stable, because event ids are made of them: a correction knows the id of what it replaces.

use chrono::{DateTime, Days, NaiveDate};
use lantoa_schemas::event::{Activity, Envelope, Event, Facts, Membership, Recognition, Reference, Statement};
use lantoa_schemas::partial_date::PartialDate;
use lantoa_schemas::stream::{EventType, Family, Verb};
use lantoa_schemas::validate::SCHEMA_VERSION;
use lantoa_schemas::vocabulary::{AreaLevel, SourceKind, Via};

use super::Nation;
use super::course::Act;
use super::land::PlaceId;
use super::sheet::{Content, Sheet};

mod singles;
mod statements;

/// What became of a row number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filled {
    /// The event is the row's.
    Row,
    /// The number has no row.
    Nothing,
    /// No further number has one.
    End,
}

/// A sheet whose rows are being made.
pub(super) struct OpenSheet {
    pub sheet: Sheet,
    pub event: Event,
    /// Id of a row, without its number.
    prefix: String,
    /// The same of the sheet that this one corrects or takes back.
    target: String,
    /// Row numbers up to this one.
    end: usize,
    next: usize,
    rows: i64,
}

impl OpenSheet {
    pub fn new(nation: &Nation, sheet: Sheet) -> Self {
        let content = sheet.content;
        let series = series(nation, &sheet);
        let prefix = nation.id_prefix(sheet.place, sheet.year, &series);
        let target = match content {
            Content::Figures(turn) => match nation.turn(&sheet, turn).act {
                Act::Correct(of) | Act::Retract(of) => nation.figures_prefix(sheet.place, sheet.year, of),
                Act::State | Act::Again(_) => String::new(),
            },
            Content::Mended => nation.id_prefix(sheet.place, sheet.year, "rec"),
            Content::Amended => nation.id_prefix(sheet.place, sheet.year, "act"),
            _ => String::new(),
        };
        let facts = match content.family() {
            Family::Statement => Facts::Statement(Box::default()),
            Family::Recognition => Facts::Recognition(Box::default()),
            Family::Activity => Facts::Activity(Box::default()),
            Family::Membership => Facts::Membership(Box::default()),
            Family::Reference => Facts::Reference(Box::default()),
        };
        let envelope = envelope(nation, &sheet, prefix.trim_end_matches('-'));
        let end = nation.row_numbers(&sheet);
        let mut open = Self { sheet, event: Event { envelope, facts }, prefix, target, end, next: 0, rows: 0 };
        open.begin(nation);
        open
    }

    /// Makes the next row's event; false where the sheet ends.
    pub fn advance(&mut self, nation: &Nation) -> bool {
        while self.next < self.end {
            let at = self.next;
            self.next += 1;
            match self.fill(nation, at) {
                Filled::Row => {
                    self.rows += 1;
                    self.event.envelope.receipt_row = Some(self.rows);
                    let id = &mut self.event.envelope.event_id;
                    id.clear();
                    id.push_str(&self.prefix);
                    push_number(id, at);
                    return true;
                }
                Filled::Nothing => {}
                Filled::End => break,
            }
        }
        false
    }

    /// What all rows of the sheet share.
    fn begin(&mut self, nation: &Nation) {
        match self.sheet.content {
            Content::Week | Content::Plan | Content::Targets | Content::Figures(_) => self.begin_stated(nation),
            _ => self.begin_single(nation),
        }
    }

    fn fill(&mut self, nation: &Nation, at: usize) -> Filled {
        match self.sheet.content {
            Content::Week | Content::Plan => Filled::Row,
            Content::Targets => self.fill_target(nation, at),
            Content::Figures(turn) => self.fill_figure(nation, turn, at),
            Content::Registered | Content::Revoked => self.fill_step(nation, at),
            Content::Assessed => self.fill_assessed(nation, at),
            Content::Recognised { .. } => self.fill_recognised(nation, at),
            Content::Mended => self.fill_mended(nation, at),
            Content::Held | Content::Amended => self.fill_held(nation, at),
            Content::Members => self.fill_member(nation, at),
            Content::Communes => self.fill_communes(nation),
        }
    }

    fn set_type(&mut self, verb: Verb) {
        let family = self.sheet.content.family();
        self.event.envelope.event_type = EventType { family, verb }.to_string();
    }

    /// Makes the event bring facts under a verb of its family.
    fn tell(&mut self, word: &'static str) {
        self.change(Verb::Fact(word), None, "");
    }

    /// Makes the event replace a row of the target sheet.
    fn correct(&mut self, at: usize) {
        self.change(Verb::Corrected, Some(at), "số liệu nhập sai");
    }

    /// Makes the event take back a row of the target sheet.
    fn take_back(&mut self, at: usize) {
        self.change(Verb::Retracted, Some(at), "gửi nhầm");
    }

    fn change(&mut self, verb: Verb, target: Option<usize>, reason: &str) {
        // Rows of one verb follow each other mostly, and the text of a type is dear.
        if self.event.envelope.event_type.split('.').nth(3) != Some(verb.as_str()) {
            self.set_type(verb);
        }
        let envelope = &mut self.event.envelope;
        (envelope.supersedes, envelope.retracts, envelope.change_reason) = (None, None, None);
        let Some(at) = target else { return };
        let mut id = self.target.clone();
        push_number(&mut id, at);
        let slot = if verb == Verb::Retracted { &mut envelope.retracts } else { &mut envelope.supersedes };
        *slot = Some(id);
        envelope.change_reason = Some(reason.to_owned());
    }

    fn set_area(&mut self, nation: &Nation, place: PlaceId, day: NaiveDate) {
        let (envelope, place) = (&mut self.event.envelope, nation.land.place(place));
        envelope.area_level = Some(place.level);
        put(&mut envelope.area_code, place.code);
        envelope.area_date = Some(day);
    }

    fn set_day(&mut self, day: NaiveDate) {
        let day = Some(PartialDate::Day(day));
        (self.event.envelope.occurred_on, self.event.envelope.stated_on) = (day, day);
    }

    fn statement(&mut self) -> &mut Statement {
        match &mut self.event.facts {
            Facts::Statement(facts) => facts,
            _ => unreachable!("the sheet is one of statements"),
        }
    }

    fn recognition(&mut self) -> &mut Recognition {
        match &mut self.event.facts {
            Facts::Recognition(facts) => facts,
            _ => unreachable!("the sheet is one of recognitions"),
        }
    }

    fn activity(&mut self) -> &mut Activity {
        match &mut self.event.facts {
            Facts::Activity(facts) => facts,
            _ => unreachable!("the sheet is one of activities"),
        }
    }

    fn membership(&mut self) -> &mut Membership {
        match &mut self.event.facts {
            Facts::Membership(facts) => facts,
            _ => unreachable!("the sheet is one of members"),
        }
    }

    fn reference(&mut self) -> &mut Reference {
        match &mut self.event.facts {
            Facts::Reference(facts) => facts,
            _ => unreachable!("the sheet is one of reference entries"),
        }
    }
}

impl Nation {
    /// The ids of a sheet's rows, without their numbers: seed, year, area, kind of sheet.
    fn id_prefix(&self, place: PlaceId, year: i32, series: &str) -> String {
        format!("n{}-{year}-{}-{series}-", self.plan.seed, self.place_word(place))
    }

    /// The same of the sheet of a turn.
    pub(super) fn figures_prefix(&self, place: PlaceId, year: i32, turn: usize) -> String {
        self.id_prefix(place, year, &format!("f{turn}"))
    }

    /// Level and code as one word: c00001, d318, p24, n00.
    pub(super) fn place_word(&self, place: PlaceId) -> String {
        let place = self.land.place(place);
        let letter = match place.level {
            AreaLevel::Nation => 'n',
            AreaLevel::Province => 'p',
            AreaLevel::District => 'd',
            AreaLevel::Commune => 'c',
        };
        format!("{letter}{}", place.code)
    }
}

fn series(nation: &Nation, sheet: &Sheet) -> String {
    let series = match sheet.content {
        Content::Week => "week",
        Content::Plan => "plan",
        Content::Targets => "aim",
        Content::Figures(turn) => {
            let of = if let Act::Again(of) = nation.turn(sheet, turn).act { of } else { turn };
            return format!("f{of}");
        }
        Content::Registered => "reg",
        Content::Revoked => "rev",
        Content::Assessed => "sco",
        Content::Recognised { .. } => "rec",
        Content::Mended => "men",
        Content::Held => "act",
        Content::Amended => "ame",
        Content::Members => "mem",
        Content::Communes => "com",
    };
    series.to_owned()
}

fn envelope(nation: &Nation, sheet: &Sheet, receipt: &str) -> Envelope {
    Envelope {
        event_id: String::with_capacity(receipt.len() + 8),
        event_type: String::new(),
        schema_version: SCHEMA_VERSION,
        recorded: DateTime::from_timestamp_micros(sheet.recorded),
        sender: Some("nation".into()),
        via: Some(Via::File),
        receipt: Some(receipt.to_owned()),
        receipt_row: None,
        history_version: Some(0),
        reporter: Some(format!("office-{}", nation.place_word(sheet.place))),
        area_level: None,
        area_code: None,
        area_date: None,
        area_name: None,
        occurred_on: None,
        stated_on: None,
        source: None,
        source_kind: Some(SourceKind::Return),
        source_number: None,
        source_date: None,
        source_issuer: None,
        source_url: None,
        supersedes: None,
        retracts: None,
        change_reason: None,
        note: None,
    }
}

/// The day before a sheet is recorded, on which its source says what it says.
fn day_before(nation: &Nation, sheet: &Sheet) -> NaiveDate {
    nation.day_of(sheet.place, sheet.year, sheet.content) - Days::new(1)
}

fn put(slot: &mut Option<String>, text: &str) {
    let slot = slot.get_or_insert_default();
    slot.clear();
    slot.push_str(text);
}

fn push_number(out: &mut String, mut number: usize) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    digits[at..].iter().for_each(|digit| out.push(char::from(*digit)));
}
