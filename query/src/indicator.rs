//! From single figures to answers on one map: what an area itself said, what its parts add up to, which target it has.
//!
//! In: the figures that were chosen (view `statement`) or counted (view `counted`), as one table. Out: the rows of the
//! views `indicator`, `coverage`, `reconciliation`, `suspicious` and `adoption`. Guarantee: an area's own total comes
//! first, a sum of its parts stands only where there is none, and no figure is in a sum twice, neither by area nor by
//! level; bases and spans never mix; what cannot be known is missing, with the reason.
//!
//! In reading order: one figure (`figure`), what is read by itself (`lot`) and how it is read (`reading`, `told`), what is
//! made of it on the maps of a standing (`standing_lot`): the totals of one cell on one map (`total`, of single events
//! `count`), targets in force (`target`) and the classes of areas that have their own (`class`), figures that break a rule
//! (`suspicious`), who has reported (`coverage`), first years of subjects (`adoption`), all cells as rows (`answer_row`,
//! `assemble`), the table that a session sees (`table`), which rows of it a question wants (`wanted`), what is kept of it
//! for the next question (`settled`, what was read for all maps `reads`, `remembered`), and what of it was asked for lately
//! (`lately`). Work on lots divides over the cores (`side_by_side`).

mod adoption;
mod answer_row;
mod assemble;
mod class;
mod count;
mod coverage;
mod figure;
mod lately;
mod lot;
mod reading;
mod reads;
mod remembered;
mod settled;
mod side_by_side;
mod standing_lot;
mod suspicious;
mod table;
mod target;
mod told;
mod total;
mod wanted;

pub(crate) use lately::Need;
pub(crate) use remembered::{Basis, Remembered};
pub(crate) use suspicious::ABOVE_THE_AREA_AROUND;
pub(crate) use table::{ON_A_MAP, StandingFigures, StandingTable, Table};
