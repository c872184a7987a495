//! What the report of a Lifelong Learning Week says.
//!
//! In: the year's answers, an area, a language. Out: a [`Document`]. Guarantee: a sentence says what a figure of the answers
//! says, with its base; where a figure is missing it says so; no figure stands in another's place, and figures of different
//! bases are never held against each other.
//!
//! In reading order: who reports about what (`place`, `opening`), the sections in their order (`activities`, `models`,
//! `course`, `ranking`, `members`, `returns`), the annexes (`annexes`), and the words they share (`phrase`).

use std::cell::Cell as Counter;

use crate::answers::{Answers, Area, Figure, Indicator, NATION, OnMap};
use crate::document::{Align, Annex, Block, Cell, Chart, Column, Document, Level, Plot, Row, Table};
use crate::language::Language;

mod activities;
mod annexes;
mod course;
mod members;
mod models;
mod opening;
mod phrase;
mod place;
mod ranking;
pub(crate) mod reminder;
mod returns;

pub(crate) use place::Place;

/// Numerals of sections and annexes.
const NUMERALS: [&str; 8] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII"];

/// Decimals of every percent and point.
const DECIMALS: usize = 2;

/// The report of an area.
pub(crate) fn document(answers: &Answers, place: &Place, language: Language) -> Document {
    let report = Report::new(answers, place, language);
    let sections = [
        opening::week(&report),
        activities::section(&report),
        models::section(&report),
        course::section(&report),
        ranking::section(&report),
        members::section(&report),
        returns::section(&report),
    ];
    let mut blocks = Vec::new();
    for (numeral, (title, section)) in NUMERALS.iter().zip(sections) {
        blocks.push(Block::Heading(Level::Section, format!("{numeral}. {}", title.to_uppercase())));
        blocks.extend(section);
    }
    let annexes = annexes::all(&report).into_iter().zip(NUMERALS);
    let annexes = annexes.map(|((title, blocks), numeral)| Annex {
        number: format!("{} {numeral}", report.say("PHỤ LỤC", "ANNEX")),
        title,
        blocks,
    });
    opening::frame(&report, blocks, annexes.collect())
}

/// What sections have in common.
pub(crate) struct Report<'a> {
    answers: &'a Answers,
    place: &'a Place,
    language: Language,
    tables: Counter<usize>,
    charts: Counter<usize>,
}

/// A title and what stands below it.
type Section = (String, Vec<Block>);

impl<'a> Report<'a> {
    pub(crate) fn new(answers: &'a Answers, place: &'a Place, language: Language) -> Self {
        Self { answers, place, language, tables: Counter::new(0), charts: Counter::new(0) }
    }

    /// The text of the report's language.
    fn say<'t>(&self, vi: &'t str, en: &'t str) -> &'t str {
        self.language.of(vi, en)
    }

    /// The name of an indicator.
    fn indicator_name(&self, id: &str) -> String {
        let named = |indicator: &Indicator| self.say(&indicator.name_vi, &indicator.name_en).to_owned();
        self.answers.indicators.get(id).map_or_else(|| id.to_owned(), named)
    }

    /// The name of a scope of subjects.
    fn scope_name(&self, code: &str) -> String {
        let (vi, en) = self.answers.translator.scope(code);
        self.say(vi, en).to_owned()
    }

    /// What the engine says beside a figure.
    fn told(&self, said: &str) -> String {
        match self.language {
            Language::Vietnamese => self.answers.translator.sentences(said),
            Language::English => said.to_owned(),
        }
    }

    fn percent(&self, number: f64) -> String {
        format!("{} %", self.language.decimal(number, DECIMALS))
    }

    /// A table with the next number.
    fn table(
        &self,
        id: impl Into<String>,
        caption: &str,
        is_wide: bool,
        columns: Vec<Column>,
        rows: Vec<Row>,
    ) -> Table {
        let number = self.tables.get() + 1;
        self.tables.set(number);
        let caption = format!("{} {number}. {caption}", self.say("Bảng", "Table"));
        Table { id: id.into(), caption, is_wide, columns, rows, notes: Vec::new() }
    }

    /// A chart with the next number.
    fn chart(&self, id: impl Into<String>, caption: &str, alternative: String, plot: Plot) -> Block {
        let number = self.charts.get() + 1;
        self.charts.set(number);
        let caption = format!("{} {number}. {caption}", self.say("Hình", "Figure"));
        Block::Chart(Chart { id: id.into(), caption, alternative, plot })
    }

    /// A heading within a section.
    fn part(&self, number: usize, title: &str) -> Block {
        Block::Heading(Level::Part, format!("{number}. {title}"))
    }

    /// The titles that the report goes through: those of every year's report first, then what else is recognised.
    fn titles(&self) -> Vec<&'a Indicator> {
        const FIRST: [&str; 6] = [
            "learning_family",
            "learning_clan",
            "learning_community",
            "learning_community_commune",
            "learning_unit",
            "learning_citizen",
        ];
        let indicators = &self.answers.indicators;
        let first = FIRST.iter().filter_map(|id| indicators.get(*id));
        let others = indicators.values().filter(|of| of.stage.as_deref() == Some("recognised"));
        let others = others.filter(|of| !FIRST.contains(&of.indicator.as_str()) && self.has_any(&of.indicator));
        first.chain(others).collect()
    }

    /// The provinces of a map that the report tells of: all; of a province itself, and on the map beside those that stand on
    /// its land, whose codes may be others and whose own may be another's.
    fn provinces<'m>(&'m self, map: &'m OnMap) -> Vec<&'m Area> {
        match (self.place, self.answers.first_map()) {
            (Place::Province(area), Some(first)) if first.day == map.day => vec![area],
            (Place::Province(area), Some(first)) => models::related(area, first, map),
            _ => map.provinces.iter().collect(),
        }
    }

    /// Whether the report tells a figure of a map.
    fn tells(&self, map: &OnMap, figure: &Figure) -> bool {
        let code = figure.area_code.as_deref();
        match self.place {
            Place::Nation => true,
            Place::Province(_) => {
                figure.area_level == "province" && self.provinces(map).iter().any(|area| code == Some(&area.code))
            }
        }
    }

    /// Whether anything is known of an indicator in the area.
    fn has_any(&self, indicator: &str) -> bool {
        let is_known = |figure: &Figure| figure.indicator == indicator && figure.is_known();
        self.answers.maps.iter().any(|map| map.figures.iter().any(|figure| is_known(figure) && self.tells(map, figure)))
    }

    fn year(&self) -> i64 {
        i64::from(self.answers.year)
    }
}

/// A column of words.
fn words(heading: &str, width: f64) -> Column {
    Column { group: None, heading: heading.to_owned(), width, align: Align::Left }
}

/// A column of numbers.
fn numbers(heading: &str, width: f64) -> Column {
    Column { group: None, heading: heading.to_owned(), width, align: Align::Right }
}

/// A column of years, days, marks.
fn marks(heading: &str, width: f64) -> Column {
    Column { group: None, heading: heading.to_owned(), width, align: Align::Centre }
}

fn row(cells: Vec<Cell>) -> Row {
    Row { is_total: false, cells }
}

/// A cell of what may be missing.
fn known<T>(value: Option<T>, cell: impl FnOnce(T) -> Cell) -> Cell {
    value.map_or(Cell::Missing, cell)
}

fn text(words: impl Into<String>) -> Cell {
    Cell::Text(words.into())
}

/// Whether a code is that of the nation.
fn is_nation(code: Option<&str>) -> bool {
    code == Some(NATION)
}
