//! What a report says, before it is a file of any format.
//!
//! In: what `week` puts together. Out: letterhead, sections, annexes, tables and charts that every writer goes through in
//! the same order. Guarantee: a number is kept as a number together with the one way in which it is printed, so that the
//! formats cannot differ; a table's checksum is of its numbers, and not of how they are printed.

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use crate::language::{self, Language};

/// A whole report.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its language.
    pub language: Language,
    /// The day it is dated and the files are stamped with; of the release, never of a clock.
    pub day: NaiveDate,
    /// Who issues it, and the nation's name.
    pub letterhead: Letterhead,
    /// Kind of document, in capitals: `BÁO CÁO`.
    pub kind: String,
    /// What it is about, below the kind.
    pub subject: String,
    /// What it rests on, on the foot of every page: release, day of knowledge, catalogue.
    pub origin: String,
    /// What has to stand on every page: that it is a draft, that the release was withdrawn. `None` for a released one.
    pub warning: Option<String>,
    /// The text.
    pub blocks: Vec<Block>,
    /// Recipients, signature.
    pub closing: Closing,
    /// What follows the signature, each on a page of its own.
    pub annexes: Vec<Annex>,
}

/// The head of the first page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letterhead {
    /// The body above the one that issues the report; `None` where there is none.
    pub superior: Option<String>,
    /// The body that issues it.
    pub issuer: String,
    /// The line of the document's number, to be filled in by hand.
    pub number: String,
    /// The nation's name.
    pub nation: String,
    /// The nation's motto.
    pub motto: String,
    /// Place and day, in italics.
    pub place_and_day: String,
}

/// The end of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The heading of the recipients: `Nơi nhận:`.
    pub recipients_heading: String,
    /// One a line.
    pub recipients: Vec<String>,
    /// Lines above the place for the signature, in capitals: `KT. BỘ TRƯỞNG`, `THỨ TRƯỞNG`.
    pub authority: Vec<String>,
    /// What stands below, where a name is to be signed: `(Ký, ghi rõ họ tên)`.
    pub sign_here: String,
}

/// An annex.
#[derive(Debug, Clone, PartialEq)]
pub struct Annex {
    /// Its number: `Phụ lục I`.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// What it says.
    pub blocks: Vec<Block>,
}

/// One after another.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A heading with its number (`I. TUẦN LỄ…`, `1. Gia đình học tập`).
    Heading(Level, String),
    /// A paragraph of sentences.
    Paragraph(String),
    /// A remark in smaller type.
    Note(String),
    /// A table.
    Table(Table),
    /// A chart.
    Chart(Chart),
}

/// Rank of a heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Of a section.
    Section,
    /// Of a part of a section.
    Part,
}

/// A table. It is printed whole, its head on each page that it reaches.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// A name for files and tests, of letters, digits and `_`, that no other table of the report has.
    pub id: String,
    /// Its number and what it shows: `Bảng 1. …`.
    pub caption: String,
    /// Whether its page lies on its side.
    pub is_wide: bool,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, each with a cell a column.
    pub rows: Vec<Row>,
    /// Remarks below it.
    pub notes: Vec<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// A heading over this column and its neighbours of the same group; `None` where its own heading takes both lines.
    pub group: Option<String>,
    /// Its heading.
    pub heading: String,
    /// Its part of the width, in any unit.
    pub width: f64,
    /// How its cells are set.
    pub align: Align,
}

/// How the cells of a column are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Years, codes, days.
    Centre,
    /// Numbers.
    Right,
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Whether it sums up the others, and is set in bold.
    pub is_total: bool,
    /// Its cells.
    pub cells: Vec<Cell>,
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing is known. It is printed as `–`, never as 0.
    Missing,
    /// Does not apply here: an empty cell.
    Empty,
    /// Words.
    Text(String),
    /// A number of things, with what its source says of its precision, printed before it: `trên 120`.
    Count(i64, Option<String>),
    /// A number with so many decimals: a percent, a share.
    Number(f64, usize),
    /// A difference with its sign and so many decimals.
    Change(f64, usize),
    /// A year.
    Year(i64),
    /// A day.
    Day(NaiveDate),
}

impl Cell {
    /// As it is printed.
    pub fn printed(&self, language: Language) -> String {
        match self {
            Self::Missing => "–".to_owned(),
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Count(number, None) => language.count(*number),
            Self::Count(number, Some(precision)) => format!("{precision} {}", language.count(*number)),
            Self::Number(number, decimals) => language.decimal(*number, *decimals),
            Self::Change(number, decimals) => language.change(*number, *decimals),
            Self::Year(year) => year.to_string(),
            Self::Day(day) => language.day(*day),
        }
    }

    /// As the checksum takes it: plain digits, days as ISO 8601, nothing of the language.
    pub(crate) fn plain(&self) -> String {
        match self {
            Self::Missing | Self::Empty => String::new(),
            Self::Text(text) => text.replace(['\t', '\n'], " "),
            Self::Count(number, _) => number.to_string(),
            Self::Number(number, decimals) | Self::Change(number, decimals) => {
                let digits = language::rounded(*number, *decimals);
                if *number < 0.0 && !language::is_nothing(&digits) { format!("-{digits}") } else { digits }
            }
            Self::Year(year) => year.to_string(),
            Self::Day(day) => day.to_string(),
        }
    }
}

impl Table {
    /// The first twelve hexadecimal digits of the SHA-256 of its rows: cells parted by tabs, each row ended by a line
    /// feed, in UTF-8; numbers in plain digits with a point and as many decimals as are printed, days as ISO 8601, what is
    /// missing empty.
    pub fn checksum(&self) -> String {
        let mut digest = Sha256::new();
        for row in &self.rows {
            let cells: Vec<String> = row.cells.iter().map(Cell::plain).collect();
            digest.update(cells.join("\t"));
            digest.update("\n");
        }
        digest.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }

    /// What stands below every table: how many rows it has, and its checksum.
    pub fn foot(&self, language: Language) -> String {
        let rows = i64::try_from(self.rows.len()).unwrap_or(i64::MAX);
        let (rows, checksum) = (language.count(rows), self.checksum());
        match language {
            Language::Vietnamese => format!("Số dòng: {rows}. Mã kiểm: {checksum}."),
            Language::English => format!("Rows: {rows}. Checksum: {checksum}."),
        }
    }

    /// Whether any column has a heading over it, so that the head has two lines.
    pub fn has_groups(&self) -> bool {
        self.columns.iter().any(|column| column.group.is_some())
    }

    /// The first line of the head: each group (or a single column without one) with the number of columns that it spans.
    pub fn groups(&self) -> Vec<(Option<&str>, usize)> {
        let mut groups: Vec<(Option<&str>, usize)> = Vec::new();
        for column in &self.columns {
            match (groups.last_mut(), column.group.as_deref()) {
                (Some((Some(last), span)), Some(group)) if *last == group => *span += 1,
                (_, group) => groups.push((group, 1)),
            }
        }
        groups
    }
}

/// A chart. Its picture is drawn once and put into every format.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// A name for files and tests, of letters, digits and `_`, that no other chart of the report has.
    pub id: String,
    /// Its number and what it shows: `Hình 1. …`.
    pub caption: String,
    /// What it shows, in words, for who cannot see it.
    pub alternative: String,
    /// What is drawn.
    pub plot: Plot,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Plot {
    /// Lines over the years.
    Lines {
        /// What the upright axis counts: `%`.
        unit: String,
        /// The lines, at most eight.
        lines: Vec<Line>,
    },
    /// Lying bars, one below another, each with a mark where its target is.
    Bars {
        /// What the axis counts: `%`.
        unit: String,
        /// What the mark of the target is called in the legend.
        target: String,
        /// The bars, from above.
        bars: Vec<Bar>,
    },
    /// Maps on which each area is a tile of the same size, side by side.
    Tiles {
        /// What the colour shows, in the legend.
        unit: String,
        /// What areas without a figure are called in the legend.
        missing: String,
        /// The maps.
        maps: Vec<TileMap>,
    },
}

/// A line over the years.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What it is of.
    pub name: String,
    /// Year and value, by year. Years without a value are a gap.
    pub points: Vec<(i32, f64)>,
}

/// A bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// What it is of.
    pub name: String,
    /// How long it is.
    pub value: f64,
    /// Where the mark of its target is.
    pub target: Option<f64>,
}

/// A map of tiles.
#[derive(Debug, Clone, PartialEq)]
pub struct TileMap {
    /// Which map it is: `34 tỉnh, thành phố (từ 01/7/2025)`.
    pub title: String,
    /// Its tiles.
    pub tiles: Vec<Tile>,
}

/// The tile of a province.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    /// Column from the west, from 0.
    pub column: u32,
    /// Row from the north, from 0.
    pub row: u32,
    /// A short name that fits in: two to four letters.
    pub short: String,
    /// Its figure; `None` where there is none.
    pub value: Option<f64>,
}
