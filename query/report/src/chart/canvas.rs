//! The sheet on which a chart is drawn, in millimetres from its upper left corner.
//!
//! In: shapes and words, and where they stand. Out: a picture. Guarantee: all words are in the report's font and no letter
//! is smaller than 8 pt in print; the SVG has no ids, so that several can stand in one page, and says its size in mm
//! beside its view box, so that it can be scaled.

use std::fmt::Display;
use std::sync::OnceLock;

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, DashedPathElement, PathElement, Polygon, Rectangle};
use plotters::style::text_anchor::{Pos, VPos};
use plotters::style::{BLACK, Color, FontDesc, FontFamily, FontStyle, ShapeStyle, WHITE, register_font};

pub(super) use plotters::style::RGBColor;
pub(super) use plotters::style::text_anchor::HPos;

use super::raster;
use crate::WriteError;
use crate::font::{FACES, FAMILY};
use crate::picture::Picture;

/// How wide every chart is printed: a page of A4 between its margins.
pub(super) const WIDTH_MM: u32 = 160;

/// How high a chart may be, in mm: a page of A4 between its margins, with the caption.
pub(super) const MOST_HEIGHT: f64 = 220.0;

/// Axes and words.
pub(super) const INK: RGBColor = BLACK;

/// Lines behind figures.
pub(super) const GRID: RGBColor = RGBColor(217, 217, 217);

/// Paper.
pub(super) const PAPER: RGBColor = WHITE;

/// The SVG's units: plotters places everything on whole ones, a tenth of a millimetre is finer than print shows.
const UNITS_PER_MM: u32 = 10;

const MM_PER_POINT: f64 = 25.4 / 72.0;

/// plotters writes a font of size s as one of s / 1.24 in its SVG.
const SIZE_OF_EM: f64 = 1.24;

/// And measures a font of size s as one whose ascent and descent together are s: those of Tinos are 2268 of 2048 units.
const LINE_OF_EM: f64 = 2268.0 / 2048.0;

/// A place in mm from the left and from the top.
pub(super) type Point = (f64, f64);

/// How words are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// Ticks and tiles: 8 pt.
    Small,
    /// Names and legends: 9 pt.
    Plain,
    /// Titles: 9 pt.
    Bold,
}

impl Type {
    /// How far the lines of a text are from each other, in mm.
    pub(super) fn leading(self) -> f64 {
        self.em() * 1.2
    }

    /// The size of the font, in mm.
    fn em(self) -> f64 {
        let points = match self {
            Self::Small => 8.0,
            Self::Plain | Self::Bold => 9.0,
        };
        points * MM_PER_POINT
    }

    fn font(self, size_of_em: f64) -> Result<FontDesc<'static>, WriteError> {
        static REGISTERED: OnceLock<bool> = OnceLock::new();
        let is_registered = REGISTERED.get_or_init(|| {
            let faces = [(FontStyle::Normal, FACES[0]), (FontStyle::Bold, FACES[1])];
            faces.into_iter().all(|(style, face)| register_font(FAMILY, style, face).is_ok())
        });
        if !is_registered {
            return Err(WriteError::Picture("the report's font cannot be read".to_owned()));
        }
        let style = match self {
            Self::Small | Self::Plain => FontStyle::Normal,
            Self::Bold => FontStyle::Bold,
        };
        Ok(FontDesc::new(FontFamily::Name(FAMILY), self.em() * f64::from(UNITS_PER_MM) * size_of_em, style))
    }
}

/// How wide a line of words is, in mm.
pub(super) fn width(words: &str, set: Type) -> Result<f64, WriteError> {
    let (units, _) = set.font(LINE_OF_EM)?.box_size(words).map_err(unfit)?;
    Ok(f64::from(units) / f64::from(UNITS_PER_MM))
}

/// How wide the widest of several lines is, in mm; 0 of none.
pub(super) fn widest<'a>(lines: impl IntoIterator<Item = &'a str>, set: Type) -> Result<f64, WriteError> {
    lines.into_iter().try_fold(0.0, |widest, line| Ok(f64::max(widest, width(line, set)?)))
}

/// Words in lines that are no wider than so many mm, where no single word is.
pub(super) fn wrapped(words: &str, set: Type, most: f64) -> Result<Vec<String>, WriteError> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        if let Some(last) = lines.last_mut() {
            let longer = format!("{last} {word}");
            if width(&longer, set)? <= most {
                *last = longer;
                continue;
            }
        }
        lines.push(word.to_owned());
    }
    Ok(lines)
}

/// A sheet of [`WIDTH_MM`], and of at least the given height in mm, with what is drawn on it.
pub(super) fn sheet(
    height: f64,
    draw: impl FnOnce(&Canvas<'_>) -> Result<(), WriteError>,
) -> Result<Picture, WriteError> {
    // What adds up to a whole number may be a crumb more in binary fractions.
    let height_mm = (height - 1e-6).ceil() as u32;
    let size = (WIDTH_MM * UNITS_PER_MM, height_mm * UNITS_PER_MM);
    let mut drawn = String::new();
    {
        let canvas = Canvas { area: SVGBackend::with_string(&mut drawn, size).into_drawing_area() };
        canvas.area.fill(&PAPER).map_err(unfit)?;
        draw(&canvas)?;
        canvas.area.present().map_err(unfit)?;
    }
    let in_units = format!("<svg width=\"{}\" height=\"{}\"", size.0, size.1);
    let in_mm = format!("<svg width=\"{WIDTH_MM}mm\" height=\"{height_mm}mm\"");
    // The line feed before an end tag would be a space to a reader that keeps spaces.
    let svg = drawn.replacen(&in_units, &in_mm, 1).replace("\n</text>", "</text>");
    let png = raster::png(&svg, WIDTH_MM, height_mm)?;
    Ok(Picture { svg, png, width_mm: WIDTH_MM, height_mm })
}

/// The sheet while it is drawn on.
pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

impl Canvas<'_> {
    /// A filled rectangle between two corners.
    pub(super) fn rectangle(&self, from: Point, to: Point, fill: RGBColor) -> Result<(), WriteError> {
        let corners: [(i32, i32); 2] = [in_units(from), in_units(to)];
        // Nothing is seen of it, and readers of SVG complain.
        if corners[0].0 == corners[1].0 || corners[0].1 == corners[1].1 {
            return Ok(());
        }
        self.area.draw(&Rectangle::new(corners, fill.filled())).map_err(unfit)
    }

    /// A filled shape.
    pub(super) fn polygon(&self, corners: &[Point], fill: RGBColor) -> Result<(), WriteError> {
        self.area.draw(&Polygon::<(i32, i32)>::new(all_in_units(corners), fill.filled())).map_err(unfit)
    }

    /// A filled circle.
    pub(super) fn disc(&self, centre: Point, radius: f64, fill: RGBColor) -> Result<(), WriteError> {
        self.area.draw(&Circle::new(in_units(centre), units(radius), fill.filled())).map_err(unfit)
    }

    /// The rim of a circle.
    pub(super) fn ring(&self, centre: Point, radius: f64, ink: RGBColor, thick: f64) -> Result<(), WriteError> {
        self.area.draw(&Circle::new(in_units(centre), units(radius), stroke(ink, thick))).map_err(unfit)
    }

    /// A line through points.
    pub(super) fn path(&self, points: &[Point], ink: RGBColor, thick: f64) -> Result<(), WriteError> {
        self.area.draw(&PathElement::<(i32, i32)>::new(all_in_units(points), stroke(ink, thick))).map_err(unfit)
    }

    /// A line through points in dashes: how long each is, and the space after it.
    pub(super) fn dashes(
        &self,
        points: &[Point],
        ink: RGBColor,
        thick: f64,
        (dash, space): (f64, f64),
    ) -> Result<(), WriteError> {
        let dashed = DashedPathElement::new(all_in_units(points), units(dash), units(space), stroke(ink, thick));
        self.area.draw(&dashed).map_err(unfit)
    }

    /// A line of words whose middle is at the given height, and its left end, right end or middle at the given place.
    pub(super) fn words(&self, words: &str, at: Point, set: Type, side: HPos, ink: RGBColor) -> Result<(), WriteError> {
        let style = set.font(SIZE_OF_EM)?.color(&ink).pos(Pos::new(side, VPos::Center));
        self.area.draw_text(words, &style, in_units(at)).map_err(unfit)
    }

    /// Lines of words, one below another, in black; the middle of the first is at the given height.
    pub(super) fn lines(&self, lines: &[String], at: Point, set: Type, side: HPos) -> Result<(), WriteError> {
        let mut height = at.1;
        for line in lines {
            self.words(line, (at.0, height), set, side, INK)?;
            height += set.leading();
        }
        Ok(())
    }
}

/// What plotters or resvg says where it cannot do its part.
pub(super) fn unfit(error: impl Display) -> WriteError {
    WriteError::Picture(error.to_string())
}

fn stroke(ink: RGBColor, thick: f64) -> ShapeStyle {
    ink.stroke_width(units(thick).unsigned_abs())
}

fn units(mm: f64) -> i32 {
    (mm * f64::from(UNITS_PER_MM)).round() as i32
}

fn in_units((x, y): Point) -> (i32, i32) {
    (units(x), units(y))
}

fn all_in_units(points: &[Point]) -> Vec<(i32, i32)> {
    points.iter().copied().map(in_units).collect()
}
