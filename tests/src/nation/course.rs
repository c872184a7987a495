//! How the returns of one office for one year come in: on time, late, twice, corrected, taken back, or not at all.
//!
//! A course is a list of turns, each a sheet, and beside them the answer: whose figure is in force after each turn. The
//! answers are written down here, not computed, so they rest on nothing that they are compared with.

use lantoa_schemas::vocabulary::AreaLevel;

use super::chance::Chance;

/// When a sheet is recorded, told from the first December sheet of the office.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// In October of the year, counted on 30 September.
    October,
    /// In January after the year.
    OnTime,
    /// From February to May after the year.
    Late,
    /// The day after.
    NextDay,
    /// Some days after.
    First,
    /// Some weeks after.
    Second,
}

/// What a sheet does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// States figures.
    State,
    /// Is an earlier turn's sheet, sent once more with the same event ids.
    Again(usize),
    /// Replaces the events of a turn by id.
    Correct(usize),
    /// Takes the events of a turn back.
    Retract(usize),
}

/// Which figures a sheet has, told from the true ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Figures {
    /// As they stood on 30 September: a twentieth less.
    October,
    /// As they stood on 31 December.
    December,
    /// Seven subjects more, of nine more.
    Changed,
    /// A newspaper's: rounded to tens, "about", of nothing named.
    Rounded,
    /// A newspaper's of 4 January: three subjects more, of nothing named.
    January,
}

/// One sheet of a course.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    pub when: When,
    pub act: Act,
    pub figures: Figures,
    /// Whether it speaks of all lines, or only of those that follow-ups touch.
    pub all_lines: bool,
}

impl Turn {
    const fn then(when: When, act: Act, figures: Figures) -> Self {
        Self { when, act, figures, all_lines: false }
    }

    /// Whether a newspaper says it, and not the office.
    pub fn is_press(&self) -> bool {
        matches!(self.figures, Figures::Rounded | Figures::January)
    }
}

const OCTOBER: Turn = Turn { when: When::October, act: Act::State, figures: Figures::October, all_lines: true };
const DECEMBER: Turn = Turn { when: When::OnTime, act: Act::State, figures: Figures::December, all_lines: true };
const LATE: Turn = Turn { when: When::Late, ..DECEMBER };

/// A list of turns and what is in force after each.
#[derive(Debug)]
pub(super) struct Course {
    pub turns: &'static [Turn],
    /// Of a line that follow-ups touch: after each turn, the turn whose figure is in force.
    pub touched: &'static [Option<usize>],
    /// Of the other lines.
    pub others: &'static [Option<usize>],
}

const PLAIN: usize = 0;

/// All courses, each with how many of a thousand communes take it; the first takes the rest.
#[rustfmt::skip]
const COURSES: [(u64, Course); 17] = {
    use Act::{Again, Correct, Retract, State};
    use Figures::{Changed, December, January, Rounded};
    use When::{First, NextDay, OnTime, Second};
    const fn then(when: When, act: Act, figures: Figures) -> Turn { Turn::then(when, act, figures) }
    const fn all(when: When, act: Act) -> Turn { Turn { when, act, figures: December, all_lines: true } }
    const S0: Option<usize> = Some(0);
    const S1: Option<usize> = Some(1);
    const S2: Option<usize> = Some(2);
    [
        (0, Course { turns: &[DECEMBER], touched: &[S0], others: &[S0] }),
        // Nothing is sent.
        (40, Course { turns: &[], touched: &[], others: &[] }),
        (60, Course { turns: &[LATE], touched: &[S0], others: &[S0] }),
        // Counted twice in the year: the later count comes first.
        (150, Course { turns: &[OCTOBER, DECEMBER], touched: &[S0, S1], others: &[S0, S1] }),
        (30, Course { turns: &[OCTOBER], touched: &[S0], others: &[S0] }),
        // The same sheet twice, with the same event ids and with others.
        (30, Course { turns: &[DECEMBER, all(NextDay, Again(0))], touched: &[S0, S0], others: &[S0, S0] }),
        (20, Course { turns: &[DECEMBER, all(First, State)], touched: &[S0, S0], others: &[S0, S0] }),
        // Corrected by other figures under the same key, once, and there and back again.
        (40, Course { turns: &[DECEMBER, then(First, State, Changed)], touched: &[S0, S1], others: &[S0, S0] }),
        (10, Course {
            turns: &[DECEMBER, then(First, State, Changed), then(Second, State, December)],
            touched: &[S0, S1, S2], others: &[S0, S0, S0],
        }),
        // Corrected by id; the correction taken back revives what it replaced.
        (30, Course { turns: &[DECEMBER, then(First, Correct(0), Changed)], touched: &[S0, S1], others: &[S0, S0] }),
        (10, Course {
            turns: &[DECEMBER, then(First, Correct(0), Changed), then(Second, Retract(1), Changed)],
            touched: &[S0, S1, S0], others: &[S0, S0, S0],
        }),
        // Taken back, with nothing behind it and with October's count behind it.
        (20, Course { turns: &[DECEMBER, then(First, Retract(0), December)], touched: &[S0, None], others: &[S0, S0] }),
        (10, Course {
            turns: &[OCTOBER, DECEMBER, then(First, Retract(1), December)],
            touched: &[S0, S1, S0], others: &[S0, S1, S1],
        }),
        // A correction that arrives before what it corrects waits for it.
        (10, Course {
            turns: &[then(OnTime, Correct(1), Changed), all(First, State)],
            touched: &[None, S0], others: &[None, S1],
        }),
        // A newspaper beside the return, in its place, and after it with a later count.
        (40, Course { turns: &[DECEMBER, then(First, State, Rounded)], touched: &[S0, S0], others: &[S0, S0] }),
        (10, Course { turns: &[then(OnTime, State, Rounded)], touched: &[S0], others: &[None] }),
        (10, Course { turns: &[DECEMBER, then(First, State, January)], touched: &[S0, S1], others: &[S0, S0] }),
    ]
};

static ALL: [(u64, Course); 17] = COURSES;

/// The courses that districts, provinces and the nation take, where they return a total of their own.
const OF_TOTALS: [(u64, usize); 4] = [(600, PLAIN), (150, 2), (150, 7), (100, 9)];

/// Of how many of a thousand districts, provinces and nations in a year there is a total of their own.
fn totals(level: AreaLevel) -> u64 {
    match level {
        AreaLevel::District => 300,
        AreaLevel::Province => 550,
        _ => 300,
    }
}

/// The course of one office in one year; `None` where it is not asked to return anything and does not.
pub(super) fn drawn(level: AreaLevel, is_leaf: bool, chance: Chance) -> Option<&'static Course> {
    let mut draw = chance.of(0).below(1000);
    if is_leaf {
        for (share, course) in &ALL {
            if draw < *share {
                return Some(course);
            }
            draw -= share;
        }
        return Some(&ALL[PLAIN].1);
    }
    if !chance.of(1).hits(totals(level)) {
        return None;
    }
    for (share, at) in OF_TOTALS {
        if draw < share {
            return Some(&ALL[at].1);
        }
        draw -= share;
    }
    Some(&ALL[PLAIN].1)
}
