//! Rows of what offices say: the Week, plans, targets and figures.

use chrono::{Days, NaiveDate};
use lantoa_schemas::event::{PlanIssued, Statement, WeekDeclared};
use lantoa_schemas::partial_date::{PartialDate, Period};
use lantoa_schemas::percent::PrintedPercent;
use lantoa_schemas::stream::Verb;
use lantoa_schemas::vocabulary::{AreaLevel, Base, Fact, ReferenceKind, SourceKind, Stage};

use super::{Filled, OpenSheet, day_before, put};
use crate::nation::Nation;
use crate::nation::count::Figure;
use crate::nation::course::{Act, Figures, Turn};
use crate::nation::land::{Map, PlaceId};
use crate::nation::line::{Line, MODELS};
use crate::nation::occasion::day;
use crate::nation::sheet::{Content, Sheet};

impl OpenSheet {
    pub(super) fn begin_stated(&mut self, nation: &Nation) {
        let sheet = self.sheet;
        let said = day_before(nation, &sheet);
        let place = sheet.place;
        self.event.envelope.stated_on = Some(PartialDate::Day(said));
        match sheet.content {
            Content::Week => {
                self.set_type(Verb::Fact("week_declared"));
                self.event.envelope.source = Some(format!("{}/BGDĐT-GDTX", sheet.year));
                self.declare_week(said);
            }
            Content::Plan => {
                self.set_type(Verb::Fact("plan_issued"));
                self.set_area(nation, place, said);
                self.event.envelope.source = Some(nation.plan_of(place));
                self.event.envelope.source_kind = Some(SourceKind::Plan);
                self.issue_plan(nation, said);
            }
            Content::Targets => {
                self.set_area(nation, place, said);
                self.event.envelope.source = Some(nation.plan_of(place));
                self.event.envelope.source_kind = Some(SourceKind::Plan);
                self.tell("stated");
            }
            Content::Figures(turn) => {
                let turn = nation.turn(&sheet, turn);
                self.set_area(nation, place, counted_on(turn, sheet.year));
                let kind = if turn.is_press() { "news" } else { "return" };
                self.event.envelope.source = Some(format!("{kind}-{}-{}", sheet.year, nation.place_word(place)));
                self.event.envelope.source_kind =
                    Some(if turn.is_press() { SourceKind::Press } else { SourceKind::Return });
            }
            _ => {}
        }
    }

    fn declare_week(&mut self, said: NaiveDate) {
        let year = self.sheet.year;
        let week = WeekDeclared {
            year,
            start: day(year, 10, 1),
            end: day(year, 10, 7),
            theme: Some(format!("Tuần lễ hưởng ứng học tập suốt đời năm {year}")),
        };
        let reference = self.reference();
        reference.kind = Some(ReferenceKind::WeekDeclared);
        reference.subject = Some(format!("week-{year}"));
        reference.effective_on = Some(said);
        reference.body = serde_json::to_value(week).ok().map(|body| body.to_string());
    }

    fn issue_plan(&mut self, nation: &Nation, said: NaiveDate) {
        let (place, year) = (self.sheet.place, self.sheet.year);
        let deadlines = nation.deadlines(place);
        let plan = nation.plan_of(place);
        let issued = PlanIssued {
            number: plan.clone(),
            from_year: year,
            to_year: deadlines.iter().copied().max().unwrap_or(year),
            title: Some("Xây dựng xã hội học tập".into()),
        };
        let reference = self.reference();
        reference.kind = Some(ReferenceKind::PlanIssued);
        reference.subject = Some(plan);
        reference.effective_on = Some(said);
        reference.legal_basis = Some("281/QĐ-TTg".into());
        reference.body = serde_json::to_value(issued).ok().map(|body| body.to_string());
    }

    /// Rows are numbered by model and deadline.
    pub(super) fn fill_target(&mut self, nation: &Nation, at: usize) -> Filled {
        let place = self.sheet.place;
        let Some(line) = MODELS.get(at / 2).copied() else { return Filled::End };
        let Some(deadline) = nation.deadlines(place).get(at % 2).copied() else { return Filled::Nothing };
        let base = (nation.land.place(place).level != AreaLevel::Nation).then_some(Base::All);
        *self.statement() = Statement {
            fact: Some(Fact::Target),
            measure: Some(line.measure().into()),
            stage: Some(Stage::Recognised),
            subject_scope: Some(line.scope().into()),
            period: Some(Period { first: deadline, last: deadline }),
            base,
            printed_percent: PrintedPercent::parse(&nation.target(place, line, deadline).to_string()).ok(),
            plan: Some(nation.plan_of(place)),
            ..Statement::default()
        };
        Filled::Row
    }

    /// Rows are numbered by line.
    pub(super) fn fill_figure(&mut self, nation: &Nation, turn: usize, at: usize) -> Filled {
        let (place, year) = (self.sheet.place, self.sheet.year);
        let turn = nation.turn(&self.sheet, turn);
        let Some(line) = Line::ALL.get(at).copied() else { return Filled::End };
        if !nation.asks(place, line) || !(turn.all_lines || line.is_touched()) {
            return Filled::Nothing;
        }
        match turn.act {
            Act::State | Act::Again(_) => self.tell("stated"),
            Act::Correct(_) => self.correct(at),
            Act::Retract(_) => {
                self.take_back(at);
                *self.statement() = Statement::default();
                return Filled::Row;
            }
        }
        let figure = nation.counter().said(place, year, line, turn.figures);
        let facts = self.statement();
        facts.fact = Some(line.fact());
        put(&mut facts.measure, line.measure());
        facts.stage = line.stage();
        put(&mut facts.subject_scope, line.scope());
        facts.period = Some(Period { first: year, last: year });
        facts.as_at = Some(PartialDate::Day(counted_on(turn, year)));
        facts.span = Some(line.span());
        facts.base = line.base();
        facts.set(&figure);
        Filled::Row
    }
}

/// Writes a figure into a statement.
trait SetFigure {
    fn set(&mut self, figure: &Figure);
}

impl SetFigure for Statement {
    fn set(&mut self, figure: &Figure) {
        self.numerator = Some(figure.numerator);
        self.numerator_precision = figure.precision;
        self.denominator = figure.denominator;
        self.sessions = figure.sessions;
        self.printed_percent = figure.printed.and_then(|hundredths| {
            PrintedPercent::parse(&format!("{}.{:02}", hundredths / 100, hundredths % 100)).ok()
        });
    }
}

/// The day of a turn's count, at which its area is read.
fn counted_on(turn: &Turn, year: i32) -> NaiveDate {
    match turn.figures {
        Figures::October => day(year, 9, 30),
        Figures::January => day(year, 12, 31) + Days::new(4),
        Figures::December | Figures::Changed | Figures::Rounded => day(year, 12, 31),
    }
}

impl Nation {
    pub(in crate::nation) fn turn(&self, sheet: &Sheet, turn: usize) -> &'static Turn {
        let course = self.course(sheet.place, sheet.year).expect("a sheet of figures is a turn of a course");
        &course.turns[turn]
    }

    /// Number and name of an office's plan.
    pub(in crate::nation) fn plan_of(&self, office: PlaceId) -> String {
        format!("{}/KH-UBND", self.place_word(office))
    }

    /// By when a plan's targets are to be reached: plans of the old map by 2025, of the new by 2030, the nation's both.
    pub(in crate::nation) fn deadlines(&self, office: PlaceId) -> &'static [i32] {
        let place = self.land.place(office);
        match (place.level, place.map) {
            (AreaLevel::Nation, _) => &[2025, 2030],
            (_, Map::Old) => &[2025],
            (_, Map::New) => &[2030],
        }
    }

    /// A target in percent: the nation's, or up to 5 points from it.
    pub(in crate::nation) fn target(&self, office: PlaceId, line: Line, deadline: i32) -> i64 {
        let national = match line {
            Line::LearningFamily => 70,
            Line::LearningUnit => 80,
            Line::LearningCitizen => 40,
            _ => 65,
        } + if deadline > 2025 { 10 } else { 0 };
        if self.land.place(office).level == AreaLevel::Nation {
            return national;
        }
        national - 5 + self.chance.of(26).of(office as u64).of(line as u64).below(11) as i64
    }
}
