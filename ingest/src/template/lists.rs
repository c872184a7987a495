//! The lists behind the drop-downs: areas, what the catalogue has, and the closed lists of the contract.
//!
//! In: the form and what rows are judged by. Out: a sheet of blocks, each with what the drop-down offers in its first
//! column and what helps to choose beside it, and the range of each. Guarantee: what is offered stands for one code.

use lantoa_schemas::area::{AreaHistory, AreaId};
use lantoa_schemas::catalogue::{Catalogue, CriteriaSet, Indicator, Measure, MeasureKind};
use lantoa_schemas::form::{Column, Form, Holds};
use lantoa_schemas::vocabulary::{AreaLevel, Vocabulary};
use lantoa_schemas::wording::{List, spelt};
use rust_xlsxwriter::{Worksheet, XlsxError, worksheet_range_absolute};

use super::sheet::Styles;
use super::{LISTS_SHEET, Order};

/// Row of the first item: titles and heads stand above.
const FIRST_ITEM: u32 = 2;
/// Widths of the first column of a block and of the others.
const WIDTHS: (u16, u16) = (38, 24);

/// All blocks of a form.
pub(crate) struct Lists(Vec<Block>);

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
        Self::with(order.form, &order.knowledge.catalogue, Some(order))
    }

    /// The lists of a form without its areas, which are those of a day.
    pub(crate) fn without_areas(form: &Form, catalogue: &Catalogue) -> Self {
        Self::with(form, catalogue, None)
    }

    fn with(form: &Form, catalogue: &Catalogue, areas: Option<&Order<'_>>) -> Self {
        let mut lists = Self(Vec::new());
        for column in form.all_columns() {
            if lists.0.iter().any(|block| block.holds == column.holds) {
                continue;
            }
            // A blank column parts the blocks.
            let at = lists.0.last().map_or(0, |block| block.at + block.heads.len() as u16 + 1);
            lists.0.extend(Block::of(column, catalogue, areas, at));
        }
        lists
    }

    /// Where the items of a column stand, for its drop-down; `None` for what is not chosen from a list.
    pub(super) fn range(&self, holds: Holds) -> Option<String> {
        let block = self.0.iter().find(|block| block.holds == holds && !block.rows.is_empty())?;
        let last = FIRST_ITEM + block.rows.len() as u32 - 1;
        Some(format!("={}", worksheet_range_absolute(LISTS_SHEET, FIRST_ITEM, block.at, last, block.at)))
    }

    pub(crate) fn write(&self, sheet: &mut Worksheet, styles: &Styles) -> Result<(), XlsxError> {
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
    fn of(column: &'static Column, catalogue: &Catalogue, order: Option<&Order<'_>>, at: u16) -> Option<Self> {
        let (heads, rows): (&'static [&'static str], _) = match column.holds {
            Holds::Area => (&["Địa bàn", "Cấp", "Thuộc"], areas(order?)),
            Holds::Measure => (&["Chỉ tiêu", "Mã", "Đối tượng", "English"], measures(catalogue, None)),
            Holds::Title => {
                (&["Danh hiệu", "Mã", "Đối tượng", "English"], measures(catalogue, Some(MeasureKind::Title)))
            }
            Holds::Activity => {
                (&["Hoạt động", "Mã", "Đối tượng", "English"], measures(catalogue, Some(MeasureKind::Activity)))
            }
            Holds::Indicator => (&["Chỉ tiêu báo cáo", "Mã", "English"], indicators(catalogue)),
            Holds::CriteriaSet => (&["Bộ tiêu chí", "Tên", "Các mức xếp loại", "English"], criteria_sets(catalogue)),
            Holds::Scope => (&["Đối tượng", "Mã", "English"], scopes(catalogue)),
            Holds::Word(list) => (&["Ghi", "Mã", "English"], words(list)),
            Holds::Text
            | Holds::Json
            | Holds::Day
            | Holds::Date
            | Holds::Period
            | Holds::Year
            | Holds::Count
            | Holds::Number
            | Holds::Percent => return None,
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
fn areas(order: &Order<'_>) -> Vec<Vec<String>> {
    let history = &order.knowledge.history;
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

/// The measures of a kind, or all.
fn measures(catalogue: &Catalogue, kind: Option<MeasureKind>) -> Vec<Vec<String>> {
    let row = |measure: &Measure| {
        let scopes = measure.scopes.iter().filter_map(|id| catalogue.scope(id)).map(|scope| scope.name_vi.as_str());
        // Of several that events gave one name each goes by its code.
        let alone = catalogue.measures_called(&measure.name_vi).len() == 1;
        let offered = if alone { &measure.name_vi } else { &measure.id };
        let scopes = scopes.collect::<Vec<_>>().join("; ");
        vec![offered.clone(), measure.id.clone(), scopes, measure.name_en.clone()]
    };
    let is_wanted = |measure: &&Measure| kind.is_none_or(|kind| measure.kind == kind);
    catalogue.measures().iter().filter(is_wanted).map(row).collect()
}

fn indicators(catalogue: &Catalogue) -> Vec<Vec<String>> {
    let all = catalogue.indicators();
    let row = |indicator: &Indicator| {
        let alone = all.iter().filter(|one| spelt(&one.name_vi) == spelt(&indicator.name_vi)).count() == 1;
        let offered = if alone { &indicator.name_vi } else { &indicator.id };
        vec![offered.clone(), indicator.id.clone(), indicator.name_en.clone()]
    };
    all.iter().map(row).collect()
}

fn criteria_sets(catalogue: &Catalogue) -> Vec<Vec<String>> {
    let row = |set: &CriteriaSet| {
        let ratings: Vec<&str> = set.ratings.iter().map(|rating| rating.vi.as_str()).collect();
        vec![set.code.clone(), set.name_vi.clone(), ratings.join("; "), set.name_en.clone()]
    };
    catalogue.criteria_sets().iter().map(row).collect()
}

fn scopes(catalogue: &Catalogue) -> Vec<Vec<String>> {
    catalogue.scopes().iter().map(|s| vec![s.name_vi.clone(), s.id.clone(), s.name_en.clone()]).collect()
}

fn words(list: List) -> Vec<Vec<String>> {
    list.words().iter().map(|word| vec![word.vi.clone(), word.code.clone(), word.en.clone()]).collect()
}
