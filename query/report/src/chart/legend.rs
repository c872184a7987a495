//! What the marks of a chart mean, in a band of its own above or below the figures.

use super::canvas::{Canvas, HPos, Point, Type, WIDTH_MM, widest, wrapped};
use crate::WriteError;

const SET: Type = Type::Plain;

/// Between a sample and its words, and between an entry and the next.
const SPACE: f64 = 1.5;
const GAP: f64 = 5.0;

/// Entries from the left to the right, in as many rows as it takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Legend {
    entries: Vec<Entry>,
    sample: f64,
    /// How high it is, in mm; 0 without an entry.
    pub(super) height: f64,
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    /// The middle of the left edge of its sample, from the legend's upper left corner.
    at: Point,
    words: Vec<String>,
}

impl Legend {
    /// Places entries of the given words, each after a sample of the given width.
    pub(super) fn of(words: &[&str], sample: f64) -> Result<Self, WriteError> {
        let room = f64::from(WIDTH_MM);
        let (mut entries, mut left, mut top, mut row) = (Vec::new(), 0.0, 0.0, 0.0);
        for words in words {
            let words = wrapped(words, SET, room - sample - SPACE)?;
            let wide = sample + SPACE + widest(words.iter().map(String::as_str), SET)?;
            if left > 0.0 && left + wide > room {
                (left, top, row) = (0.0, top + row, 0.0);
            }
            row = f64::max(row, words.len().max(1) as f64 * SET.leading() + 0.8);
            entries.push(Entry { at: (left, top + SET.leading() / 2.0), words });
            left += wide + GAP;
        }
        Ok(Self { entries, sample, height: top + row })
    }

    /// Draws the words, and each entry's sample: its number, and the middle of its left edge.
    pub(super) fn draw(
        &self,
        canvas: &Canvas<'_>,
        top: f64,
        sample: impl Fn(usize, Point) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        for (number, entry) in self.entries.iter().enumerate() {
            let (x, y) = (entry.at.0, top + entry.at.1);
            sample(number, (x, y))?;
            canvas.lines(&entry.words, (x + self.sample + SPACE, y), SET, HPos::Left)?;
        }
        Ok(())
    }
}
