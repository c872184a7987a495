//! Rows of what happens to single subjects: recognitions, activities, members.

use chrono::{Days, NaiveDate};
use lantoa_schemas::event::{Activity, Recognition};
use lantoa_schemas::vocabulary::{MembershipChange, SourceKind, Step};

use super::{Filled, OpenSheet, put};
use crate::nation::Nation;
use crate::nation::land::PlaceId;
use crate::nation::line::{Line, MODELS};
use crate::nation::occasion::{Amending, MOST_JOINERS, MOST_OCCASIONS};
use crate::nation::register::{Mending, Subject, criteria_set, rating};
use crate::nation::sheet::{Content, Sheet};

impl OpenSheet {
    pub(super) fn begin_single(&mut self, nation: &Nation) {
        let sheet = self.sheet;
        let (home, year) = (sheet.place, sheet.year);
        let happened = nation.happened_on(home, year, sheet.content);
        let place = match sheet.content {
            // An office decides on the map of its own, which is in force in December.
            Content::Communes => home,
            _ => nation.land.home_on(home, happened),
        };
        self.set_area(nation, place, happened);
        self.set_day(happened);
        let word = nation.place_word(home);
        self.event.envelope.source = Some(match sheet.content {
            Content::Recognised { .. } | Content::Mended | Content::Revoked | Content::Communes => {
                self.event.envelope.source_kind = Some(SourceKind::Decision);
                format!("decisions-{year}-{word}")
            }
            _ => format!("register-{year}-{word}"),
        });
        match sheet.content {
            Content::Registered => self.tell("registered"),
            Content::Revoked => self.tell("revoked"),
            Content::Recognised { .. } | Content::Communes => self.tell("recognised"),
            _ => {}
        }
    }

    pub(super) fn fill_step(&mut self, nation: &Nation, at: usize) -> Filled {
        let Some(subject) = self.subject(nation, at) else { return Filled::Nothing };
        let (is_told, step) = match self.sheet.content {
            Content::Revoked => (subject.is_revoked(self.sheet.year), Step::Revoked),
            _ => (subject.is_followed() && subject.is_recognised(self.sheet.year), Step::Registered),
        };
        if !is_told {
            return Filled::Nothing;
        }
        self.recognition().step = Some(step);
        self.write_subject(nation, at, &subject);
        Filled::Row
    }

    /// Rows are numbered by subject: its score, then its rating.
    pub(super) fn fill_assessed(&mut self, nation: &Nation, at: usize) -> Filled {
        let Some(subject) = self.subject(nation, at / 2) else { return Filled::Nothing };
        let year = self.sheet.year;
        if !(subject.is_followed() && subject.is_recognised(year)) {
            return Filled::Nothing;
        }
        let score = subject.score(year);
        self.write_subject(nation, at / 2, &subject);
        if at.is_multiple_of(2) {
            self.tell("scored");
            let facts = self.recognition();
            (facts.step, facts.score, facts.rating) = (Some(Step::Scored), Some(score), None);
        } else {
            self.tell("rated");
            let facts = self.recognition();
            (facts.step, facts.score, facts.rating) = (Some(Step::Rated), None, Some(rating(score).into()));
        }
        put(&mut self.recognition().criteria_set, criteria_set(subject.model));
        Filled::Row
    }

    /// Rows are numbered by subject; behind the subjects come the decisions that list several, by title.
    pub(super) fn fill_recognised(&mut self, nation: &Nation, at: usize) -> Filled {
        let (home, year) = (self.sheet.place, self.sheet.year);
        let subjects = self.end - MODELS.len();
        if let Some(model) = at.checked_sub(subjects) {
            if !nation.registers().lists(home, model) {
                return Filled::Nothing;
            }
            let facts = self.recognition();
            facts.subject_token = None;
            facts.subjects = Some(nation.registers().listed(home, model, year));
            self.write_decision(nation, model);
            return Filled::Row;
        }
        let Some(subject) = self.subject(nation, at) else { return Filled::Nothing };
        if !subject.is_recognised(year) {
            return Filled::Nothing;
        }
        self.write_subject(nation, at, &subject);
        self.write_decision(nation, subject.model);
        Filled::Row
    }

    /// Rows are numbered by subject.
    pub(super) fn fill_mended(&mut self, nation: &Nation, at: usize) -> Filled {
        let year = self.sheet.year;
        let Some(subject) = self.subject(nation, at) else { return Filled::Nothing };
        if !subject.is_recognised(year) {
            return Filled::Nothing;
        }
        *self.recognition() = Recognition::default();
        match subject.mending(year) {
            Mending::None => return Filled::Nothing,
            Mending::TakenBack => {
                self.take_back(at);
                return Filled::Row;
            }
            Mending::Repeated => self.tell("recognised"),
            Mending::Corrected => {
                self.correct(at);
                let facts = self.recognition();
                facts.rating = Some(rating(subject.score(year)).into());
                facts.criteria_set = Some(criteria_set(subject.model).into());
            }
        }
        self.write_subject(nation, at, &subject);
        self.write_decision(nation, subject.model);
        Filled::Row
    }

    /// The subject of a row number, where single recognitions of its title are told.
    fn subject(&self, nation: &Nation, number: usize) -> Option<Subject> {
        let subject = nation.registers().subject(self.sheet.place, number);
        // Most subjects of a year are told of, and most communes list nothing: the cheap question comes first.
        (!nation.registers().lists(self.sheet.place, subject.model)).then_some(subject)
    }

    fn write_subject(&mut self, nation: &Nation, number: usize, subject: &Subject) {
        let (home, year) = (self.sheet.place, self.sheet.year);
        let facts = self.recognition();
        put(&mut facts.model, subject.line().measure());
        facts.year = Some(year);
        facts.subjects = None;
        nation.registers().write_token(home, number, facts.subject_token.get_or_insert_default());
    }

    fn write_decision(&mut self, nation: &Nation, model: usize) {
        let (home, year) = (self.sheet.place, self.sheet.year);
        let decided = self.event.envelope.occurred_on;
        let code = nation.land.place(home).code;
        let facts = self.recognition();
        facts.step = Some(Step::Recognised);
        put(&mut facts.model, MODELS[model].measure());
        facts.year = Some(year);
        let number = facts.decision_number.get_or_insert_default();
        number.clear();
        number.push(char::from(b'1' + model as u8));
        number.push_str("/QĐ-UBND");
        facts.decision_date = decided;
        let issuer = facts.decision_issuer.get_or_insert_default();
        issuer.clear();
        issuer.push_str("UBND ");
        issuer.push_str(code);
    }

    pub(super) fn fill_held(&mut self, nation: &Nation, at: usize) -> Filled {
        let (home, year) = (self.sheet.place, self.sheet.year);
        let Some(held) = nation.occasions().held(home, year, at) else { return Filled::End };
        let amended = self.sheet.content == Content::Amended;
        match (amended, held.amending) {
            (true, Amending::None) => return Filled::Nothing,
            (true, Amending::TakenBack) => self.take_back(at),
            (true, Amending::Corrected) => self.correct(at),
            (false, _) => self.tell("held"),
        }
        self.set_area(nation, nation.land.home_on(home, held.day), held.day);
        self.set_day(held.day);
        if amended && held.amending == Amending::TakenBack {
            *self.activity() = Activity::default();
            return Filled::Row;
        }
        let more = if amended { 5 } else { 0 };
        *self.activity() = Activity {
            activity: Some(held.activity.into()),
            week_year: (held.activity == "week_activity").then_some(year),
            sessions: held.sessions,
            attendances: Some(held.attendances + more),
            persons: held.persons,
            organiser: Some(format!("Trung tâm học tập cộng đồng {}", nation.land.place(home).code)),
            ..Activity::default()
        };
        Filled::Row
    }

    /// The one decision of an office that lists communes.
    pub(super) fn fill_communes(&mut self, nation: &Nation) -> Filled {
        let (office, year) = (self.sheet.place, self.sheet.year);
        let Some(listed) = nation.listed_communes(office, year) else { return Filled::Nothing };
        *self.recognition() = Recognition {
            step: Some(Step::Recognised),
            model: Some(Line::LearningCommunityCommune.measure().into()),
            year: Some(year),
            decision_number: Some("9/QĐ-UBND".into()),
            decision_date: self.event.envelope.occurred_on,
            decision_issuer: Some(format!("UBND {}", nation.place_word(office))),
            subjects: Some(listed),
            ..Recognition::default()
        };
        Filled::Row
    }

    /// Rows are numbered by member: those who join, then those who leave.
    pub(super) fn fill_member(&mut self, nation: &Nation, at: usize) -> Filled {
        let (home, year) = (self.sheet.place, self.sheet.year);
        let (number, leaves) = (at % MOST_JOINERS, at >= MOST_JOINERS);
        let joined = if leaves { year - 2 } else { year };
        let Some(day) = nation.membership_day(home, year, number, leaves) else { return Filled::Nothing };
        self.tell(if leaves { "left" } else { "joined" });
        self.set_area(nation, nation.land.home_on(home, day), day);
        self.set_day(day);
        let party_member = nation.occasions().is_party_member(home, joined, number);
        let facts = self.membership();
        facts.change = Some(if leaves { MembershipChange::Left } else { MembershipChange::Joined });
        facts.party_member = Some(party_member);
        let token = facts.subject_token.get_or_insert_default();
        nation.registers().write_member_token(home, joined, number, token);
        Filled::Row
    }
}

impl Nation {
    /// How many row numbers a sheet can have.
    pub(in crate::nation) fn row_numbers(&self, sheet: &Sheet) -> usize {
        let subjects = || self.registers().subjects_of(sheet.place);
        match sheet.content {
            Content::Week | Content::Plan | Content::Communes => 1,
            Content::Targets | Content::Figures(_) => usize::MAX,
            Content::Registered | Content::Revoked | Content::Mended => subjects(),
            Content::Assessed => 2 * subjects(),
            Content::Recognised { .. } => subjects() + MODELS.len(),
            Content::Held | Content::Amended => MOST_OCCASIONS,
            Content::Members => 2 * MOST_JOINERS,
        }
    }

    /// The day on which what a sheet of a register tells happened: two days before it is told, and of a mended
    /// decision the day of the decision.
    pub(in crate::nation) fn happened_on(&self, home: PlaceId, year: i32, content: Content) -> NaiveDate {
        let told = match content {
            Content::Recognised { .. } | Content::Mended => Content::Recognised { again: false },
            content => content,
        };
        self.day_of(home, year, told) - Days::new(2)
    }

    /// The day on which a member joined, or left after joining two years before.
    pub(in crate::nation) fn membership_day(
        &self,
        home: PlaceId,
        year: i32,
        number: usize,
        leaves: bool,
    ) -> Option<NaiveDate> {
        if leaves && year - 2 < self.plan.from_year {
            return None;
        }
        let occasions = self.occasions();
        if leaves { occasions.left(home, year, number) } else { occasions.joined(home, year, number) }
    }
}
