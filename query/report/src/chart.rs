//! How a chart becomes a picture: lines over the years, lying bars, maps of tiles.
//!
//! In: a chart of the document and the language of its numbers. Out: an SVG and the PNG made of it. Guarantee: the same
//! chart gives the same bytes; it is [`canvas::WIDTH_MM`] wide and as high as what it shows; no letter is smaller than
//! 8 pt; what colour tells, a shape, a dash or a printed number tells too, so that grey print loses nothing; a legend
//! never lies over figures.
//!
//! In reading order: the three plots (`lines`, `bars`, `tiles`), their axes and classes (`scale`), marks (`mark`) and
//! legends (`legend`), the sheet on which they are drawn (`canvas`), and the points that the sheet is made into (`raster`).

use crate::WriteError;
use crate::document::{Chart, Plot};
use crate::language::Language;
use crate::picture::Picture;

mod bars;
mod canvas;
mod legend;
mod lines;
mod mark;
mod raster;
mod scale;
mod tiles;

/// Draws a chart.
pub(crate) fn draw(chart: &Chart, language: Language) -> Result<Picture, WriteError> {
    match &chart.plot {
        Plot::Lines { unit, lines } => lines::draw(unit, lines, language),
        Plot::Bars { unit, target, bars } => bars::draw(unit, target, bars, language),
        Plot::Tiles { unit, missing, maps } => tiles::draw(unit, missing, maps, language),
    }
}

#[cfg(test)]
mod tests;
