//! What is told of a figure beside its numbers: texts that pass through to the rows of an answer as they are.

use std::borrow::Cow;

use arrow::array::{Array, StringArray, StringBuilder, TimestampMicrosecondArray, TimestampMicrosecondBuilder};

use super::answer_row::IndicatorRow;
use super::figure::Figure;

/// What is told of one figure.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Line<'a> {
    pub(super) event_id: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) level: Option<&'a str>,
    pub(super) as_at: Option<&'a str>,
    pub(super) printed_percent: Option<&'a str>,
    pub(super) plan: Option<&'a str>,
    pub(super) source: Option<&'a str>,
    pub(super) stated_on: Option<&'a str>,
    pub(super) recorded: Option<i64>,
}

/// Such lines while they are read.
#[derive(Debug)]
pub(super) struct Telling {
    texts: [StringBuilder; TEXTS],
    recorded: TimestampMicrosecondBuilder,
    lines: usize,
}

/// How many texts a line has.
const TEXTS: usize = 8;

/// Lines of figures, by number.
#[derive(Debug)]
pub(super) struct Told {
    /// As they were read, one part after the other, each with the number of its first line.
    parts: Vec<(usize, Part)>,
}

/// Lines that were read together.
#[derive(Debug)]
pub(super) struct Part {
    texts: [StringArray; TEXTS],
    recorded: TimestampMicrosecondArray,
}

impl Telling {
    pub(super) fn new() -> Self {
        let texts = std::array::from_fn(|_| StringBuilder::with_capacity(0, 0));
        Self { texts, recorded: TimestampMicrosecondBuilder::with_capacity(0), lines: 0 }
    }

    /// Takes in a line; says its number.
    pub(super) fn push(&mut self, line: &Line<'_>) -> usize {
        let Line { event_id, name, level, as_at, printed_percent, plan, source, stated_on, recorded } = *line;
        let texts = [event_id, name, level, as_at, printed_percent, plan, source, stated_on];
        for (column, text) in self.texts.iter_mut().zip(texts) {
            column.append_option(text);
        }
        self.recorded.append_option(recorded);
        self.lines += 1;
        self.lines - 1
    }

    pub(super) fn finish(mut self) -> Part {
        Part { texts: self.texts.each_mut().map(|column| column.finish()), recorded: self.recorded.finish() }
    }
}

impl Part {
    pub(super) fn lines(&self) -> usize {
        self.recorded.len()
    }

    fn line(&self, at: usize) -> Line<'_> {
        let [event_id, name, level, as_at, printed_percent, plan, source, stated_on] =
            self.texts.each_ref().map(|column| column.is_valid(at).then(|| column.value(at)));
        let recorded = self.recorded.is_valid(at).then(|| self.recorded.value(at));
        Line { event_id, name, level, as_at, printed_percent, plan, source, stated_on, recorded }
    }

    fn bytes(&self) -> usize {
        let texts = self.texts.iter().map(Array::get_array_memory_size).sum::<usize>();
        texts + self.recorded.get_array_memory_size()
    }
}

impl Told {
    /// Lines that were read apart, one after the other.
    pub(super) fn of_parts(parts: impl IntoIterator<Item = Part>) -> Self {
        let mut lines = 0;
        let numbered = parts.into_iter().map(|part| {
            let first = lines;
            lines += part.lines();
            (first, part)
        });
        Self { parts: numbered.collect() }
    }

    /// Bytes that the texts take.
    pub(super) fn bytes(&self) -> usize {
        self.parts.iter().map(|(_, part)| part.bytes()).sum()
    }

    /// A line.
    ///
    /// # Panics
    /// Where there are fewer.
    pub(super) fn line(&self, at: usize) -> Line<'_> {
        let (first, part) = &self.parts[self.parts.partition_point(|(first, _)| *first <= at) - 1];
        part.line(at - first)
    }

    /// What is told of a figure; of a count that is when it was recorded.
    pub(super) fn of(&self, figure: &Figure) -> Line<'_> {
        match figure.row {
            Some(at) => self.line(at as usize),
            None => Line { recorded: figure.recorded, ..Line::default() },
        }
    }
}

impl<'a> Line<'a> {
    /// Fills it into a row.
    pub(super) fn fill(self, row: &mut IndicatorRow<'a>) {
        row.as_at = self.as_at.map(Cow::Borrowed);
        row.printed_percent = self.printed_percent.map(Cow::Borrowed);
        row.plan = self.plan.map(Cow::Borrowed);
        row.source = self.source.map(Cow::Borrowed);
        row.stated_on = self.stated_on.map(Cow::Borrowed);
        row.recorded = self.recorded;
    }
}
