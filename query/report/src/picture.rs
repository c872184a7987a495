//! The pictures of a report's charts, drawn once for all formats.

use std::collections::BTreeMap;

use crate::document::{Block, Chart, Document};
use crate::{WriteError, chart};

/// A chart as a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// As vectors: a whole SVG document, its letters as text in the report's font.
    pub svg: String,
    /// As points: a PNG at [`DOTS_PER_MM`], its letters in the report's font.
    pub png: Vec<u8>,
    /// How wide it is printed, in mm.
    pub width_mm: u32,
    /// How high it is printed, in mm.
    pub height_mm: u32,
}

/// How fine the points are: 300 an inch.
pub const DOTS_PER_MM: f64 = 300.0 / 25.4;

/// The pictures of a report, by the id of their charts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pictures(BTreeMap<String, Picture>);

impl Pictures {
    /// Draws every chart of a document.
    ///
    /// # Errors
    /// Where one cannot be drawn.
    pub fn of(document: &Document) -> Result<Self, WriteError> {
        let annexed = document.annexes.iter().flat_map(|annex| &annex.blocks);
        let charts = document.blocks.iter().chain(annexed).filter_map(|block| match block {
            Block::Chart(chart) => Some(chart),
            Block::Heading(..) | Block::Paragraph(_) | Block::Note(_) | Block::Table(_) => None,
        });
        let drawn = charts.map(|chart| Ok((chart.id.clone(), chart::draw(chart, document.language)?)));
        drawn.collect::<Result<_, WriteError>>().map(Self)
    }

    /// The picture of a chart.
    ///
    /// # Errors
    /// Where it is none of the document that these are of.
    pub fn picture(&self, chart: &Chart) -> Result<&Picture, WriteError> {
        self.0.get(&chart.id).ok_or_else(|| WriteError::Picture(format!("the chart {} was not drawn", chart.id)))
    }
}
