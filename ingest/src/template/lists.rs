//! The lists behind the drop-downs: areas, measures, scopes and the closed lists of the contract.
//!
//! In: the form and what rows are judged by. Out: a sheet of blocks, each with what the drop-down offers in its first
//! column and what helps to choose beside it, and the range of each. Guarantee: what is offered stands for one code.

use lantoa_schemas::area::{AreaHistory, AreaId};
use lantoa_schemas::catalogue::Catalogue;
use lantoa_schemas::form::{Column, Holds};
use lantoa_schemas::vocabulary::{AreaLevel, Vocabulary};
use lantoa_schemas::wording::List;
use rust_xlsxwriter::{Worksheet, XlsxError, worksheet_range_absolute};

use super::sheet::Styles;
use super::{LISTS_SHEET, Order};

/// Row of the first item: titles and heads stand above.
const FIRST_ITEM: u32 = 2;
/// Widths of the first column of a block and of the others.
const WIDTHS: (u16, u16) = (38, 24);

/// All blocks of a form.
pub(super) struct Lists(Vec<Block>);

struct Block {
    holds: Holds,
    title: &'static str,
    heads: &'static [&'static str],
    rows: Vec<Vec<String>>,
    /// Its first column on the sheet.
    at: u16,
}

impl Lists {
    pub(super) fn of(order: &Order<'_>) -> Self {
        let mut lists = Self(Vec::new());
        for column in order.form.all_columns() {
            if lists.0.iter().any(|block| block.holds == column.holds) {
                continue;
            }
            // A blank column parts the blocks.
            let at = lists.0.last().map_or(0, |block| block.at + block.heads.len() as u16 + 1);
            lists.0.extend(Block::of(column, order, at));
        }
        lists
    }

    /// Where the items of a column stand, for its drop-down; `None` for what is not chosen from a list.
    pub(super) fn range(&self, holds: Holds) -> Option<String> {
        let block = self.0.iter().find(|block| block.holds == holds && !block.rows.is_empty())?;
        let last = FIRST_ITEM + block.rows.len() as u32 - 1;
        Some(format!("={}", worksheet_range_absolute(LISTS_SHEET, FIRST_ITEM, block.at, last, block.at)))
    }

    pub(super) fn write(&self, sheet: &mut Worksheet, styles: &Styles) -> Result<(), XlsxError> {
        sheet.set_freeze_panes(FIRST_ITEM, 0)?;
        for block in &self.0 {
            sheet.write_string_with_format(0, block.at, block.title, &styles.strong)?;
            for (column, head) in (block.at..).zip(block.heads) {
                sheet.write_string_with_format(FIRST_ITEM - 1, column, *head, &styles.head)?;
                sheet.set_column_width(column, if column == block.at { WIDTHS.0 } else { WIDTHS.1 })?;
            }
            for (row, cells) in (FIRST_ITEM..).zip(&block.rows) {
                for (column, cell) in (block.at..).zip(cells) {
                    sheet.write_string_with_format(row, column, cell.as_str(), &styles.text)?;
                }
            }
        }
        Ok(())
    }
}

impl Block {
    fn of(column: &'static Column, order: &Order<'_>, at: u16) -> Option<Self> {
        let (history, catalogue) = (&order.knowledge.history, &order.knowledge.catalogue);
        let (heads, rows): (&'static [&'static str], _) = match column.holds {
            Holds::Area => (&["Địa bàn", "Cấp", "Thuộc"], areas(history, order)),
            Holds::Measure => (&["Chỉ tiêu", "Mã", "Đối tượng", "English"], measures(catalogue)),
            Holds::Scope => (&["Đối tượng", "Mã", "English"], scopes(catalogue)),
            Holds::Word(list) => (&["Ghi", "Mã", "English"], words(list)),
            Holds::Text | Holds::Day | Holds::Date | Holds::Period | Holds::Count | Holds::Percent => return None,
        };
        // Two columns that are chosen from one list share the block.
        let title = match column.holds {
            Holds::Word(List::Precision) => "Mức chính xác",
            _ => column.heading.as_str(),
        };
        Some(Self { holds: column.holds, title, heads, rows, at })
    }
}

/// What a cell of the column of codes says of an area: what the reader of sheets takes apart again.
pub(super) fn area_label(history: &AreaHistory, id: AreaId, order: &Order<'_>) -> String {
    let (area, name) = (history.area(id), history.name_on(id, order.day));
    // Below a province the kind tells areas of one name apart.
    let short = area.level <= AreaLevel::Province && name == area.name;
    format!("{} – {}", area.code, if short { area.short_name.as_str() } else { name })
}

/// The areas in force on the day, the larger ones first.
fn areas(history: &AreaHistory, order: &Order<'_>) -> Vec<Vec<String>> {
    let mut ids: Vec<AreaId> = match order.area {
        Some(area) => within(history, area),
        None => history.iter().filter(|(_, area)| area.holds_on(order.day)).map(|(id, _)| id).collect(),
    };
    ids.retain(|id| {
        let area = history.area(*id);
        history.find(area.level, &area.code, order.day) == Ok(*id)
    });
    ids.sort_by_key(|id| (history.area(*id).level, history.area(*id).code.as_str()));
    let row = |id: AreaId| {
        let above = history.parent(id).map_or("", |above| history.name_on(above, order.day));
        let level = history.area(id).level.as_str();
        let level = List::AreaLevel.word(level).map_or(level, |word| &word.vi);
        vec![area_label(history, id, order), level.to_owned(), above.to_owned()]
    };
    ids.into_iter().map(row).collect()
}

/// An area and all that lies in it.
fn within(history: &AreaHistory, area: AreaId) -> Vec<AreaId> {
    let mut ids = vec![area];
    let mut at = 0;
    while let Some(id) = ids.get(at).copied() {
        ids.extend(history.children(id));
        at += 1;
    }
    ids
}

fn measures(catalogue: &Catalogue) -> Vec<Vec<String>> {
    let row = |measure: &lantoa_schemas::catalogue::Measure| {
        let scopes = measure.scopes.iter().filter_map(|id| catalogue.scope(id)).map(|scope| scope.name_vi.as_str());
        // Of several that events gave one name each goes by its code.
        let alone = catalogue.measures_called(&measure.name_vi).len() == 1;
        let offered = if alone { &measure.name_vi } else { &measure.id };
        let scopes = scopes.collect::<Vec<_>>().join("; ");
        vec![offered.clone(), measure.id.clone(), scopes, measure.name_en.clone()]
    };
    catalogue.measures().iter().map(row).collect()
}

fn scopes(catalogue: &Catalogue) -> Vec<Vec<String>> {
    catalogue.scopes().iter().map(|s| vec![s.name_vi.clone(), s.id.clone(), s.name_en.clone()]).collect()
}

fn words(list: List) -> Vec<Vec<String>> {
    list.words().iter().map(|word| vec![word.vi.clone(), word.code.clone(), word.en.clone()]).collect()
}
