//! What tells one line from another: a colour, dashes and a mark of its own.
//!
//! The colours are those of Okabe and Ito, which all kinds of colour vision tell apart; their yellow, which is hardly seen
//! on white, is a grey here. The marks are drawn, because the font lacks most of them as letters.

use super::canvas::{Canvas, PAPER, Point, RGBColor};
use crate::WriteError;

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    pub(super) ink: RGBColor,
    /// How long the dashes are and the spaces between them, in mm; `None` for a line without.
    pub(super) dashes: Option<(f64, f64)>,
    pub(super) mark: Mark,
}

/// How thick lines are, in mm.
pub(super) const THICK: f64 = 0.5;

const LONG: Option<(f64, f64)> = Some((3.0, 1.2));
const SHORT: Option<(f64, f64)> = Some((1.0, 0.9));

const LOOKS: [Look; 8] = [
    Look { ink: RGBColor(0, 114, 178), dashes: None, mark: Mark::Disc },
    Look { ink: RGBColor(213, 94, 0), dashes: LONG, mark: Mark::Square },
    Look { ink: RGBColor(0, 158, 115), dashes: SHORT, mark: Mark::Triangle },
    Look { ink: RGBColor(0, 0, 0), dashes: None, mark: Mark::Diamond },
    Look { ink: RGBColor(204, 121, 167), dashes: LONG, mark: Mark::Ring },
    Look { ink: RGBColor(230, 159, 0), dashes: SHORT, mark: Mark::Frame },
    Look { ink: RGBColor(86, 180, 233), dashes: None, mark: Mark::Tent },
    Look { ink: RGBColor(102, 102, 102), dashes: LONG, mark: Mark::Cross },
];

impl Look {
    /// The look of a line by its number; there are eight.
    pub(super) fn of(line: usize) -> Self {
        LOOKS[line % LOOKS.len()]
    }

    /// A line through points, without marks.
    pub(super) fn line(&self, canvas: &Canvas<'_>, points: &[Point]) -> Result<(), WriteError> {
        match self.dashes {
            None => canvas.path(points, self.ink, THICK),
            Some(dashes) => canvas.dashes(points, self.ink, THICK, dashes),
        }
    }

    /// The mark of one value.
    pub(super) fn mark(&self, canvas: &Canvas<'_>, at: Point) -> Result<(), WriteError> {
        self.mark.draw(canvas, at, self.ink)
    }
}

/// The mark of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// A filled circle.
    Disc,
    /// A filled square.
    Square,
    /// A filled triangle.
    Triangle,
    /// A filled square on its corner.
    Diamond,
    /// An empty circle.
    Ring,
    /// An empty square.
    Frame,
    /// An empty triangle.
    Tent,
    /// Two strokes.
    Cross,
}

/// Half of a mark's size, in mm.
const RADIUS: f64 = 1.0;

impl Mark {
    fn draw(self, canvas: &Canvas<'_>, at: Point, ink: RGBColor) -> Result<(), WriteError> {
        match self {
            Self::Disc => canvas.disc(at, RADIUS, ink),
            Self::Square => canvas.polygon(&square(at), ink),
            Self::Triangle => canvas.polygon(&triangle(at), ink),
            Self::Diamond => canvas.polygon(&diamond(at), ink),
            Self::Ring => {
                canvas.disc(at, RADIUS, PAPER)?;
                canvas.ring(at, RADIUS, ink, THICK)
            }
            Self::Frame => emptied(canvas, &square(at), ink),
            Self::Tent => emptied(canvas, &triangle(at), ink),
            Self::Cross => {
                let [a, b, c, d] = square(at);
                canvas.path(&[a, c], ink, THICK)?;
                canvas.path(&[b, d], ink, THICK)
            }
        }
    }
}

/// The rim of a shape, on paper: the line below does not show through.
fn emptied(canvas: &Canvas<'_>, corners: &[Point], ink: RGBColor) -> Result<(), WriteError> {
    canvas.polygon(corners, PAPER)?;
    let rim: Vec<Point> = corners.iter().chain(corners.first()).copied().collect();
    canvas.path(&rim, ink, THICK)
}

fn square((x, y): Point) -> [Point; 4] {
    let half = RADIUS * 0.9;
    [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]
}

fn triangle((x, y): Point) -> [Point; 3] {
    [(x, y - RADIUS * 1.2), (x + RADIUS * 1.1, y + RADIUS * 0.8), (x - RADIUS * 1.1, y + RADIUS * 0.8)]
}

fn diamond((x, y): Point) -> [Point; 4] {
    let half = RADIUS * 1.3;
    [(x, y - half), (x + half, y), (x, y + half), (x - half, y)]
}
