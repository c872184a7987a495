//! Functions in FROM that answer with areas: find by name, walk up and down, restate.
//!
//! In: constants. Out: rows of areas. A name that nothing has, a code that no area has on the day, and a word that is no
//! level are errors that say what would be right; that a name is several areas' is no error here, as each is a row.
//!
//! | function | rows |
//! | --- | --- |
//! | `find_area(name [, day])` | the areas of a name in any spelling, on every map or on that of a day |
//! | `areas_above(level, code, day)` | the area and those around it, up to the nation |
//! | `areas_below(level, code, day)` | all that lies in it, however far down |
//! | `restate_area(level, code, day, map)` | where its figures stand on the map of another day, and how exactly |

use std::sync::Arc;

use arrow::array::RecordBatch;
use chrono::NaiveDate;
use datafusion::catalog::TableFunctionImpl;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::datasource::TableProvider;
use datafusion::datasource::memory::MemTable;
use datafusion::logical_expr::Expr;
use lantoa_schemas::area::name::folded;
use lantoa_schemas::area::{Area, AreaId, MapView, Place, Share};
use lantoa_schemas::catalogue::near;
use lantoa_schemas::vocabulary::{AreaLevel, Vocabulary};

use crate::knowledge::{Knowledge, Present};
use crate::reference_tables::area_rows;

/// Their names.
pub(crate) const NAMES: [&str; 4] = ["find_area", "areas_above", "areas_below", "restate_area"];

/// All of them, by name.
pub(crate) fn all(present: &Arc<Present>) -> Vec<(&'static str, Arc<dyn TableFunctionImpl>)> {
    let of = |answer: Answer| -> Arc<dyn TableFunctionImpl> {
        Arc::new(AreaFunction { present: Arc::clone(present), answer })
    };
    vec![
        ("find_area", of(find_area)),
        ("areas_above", of(areas_above)),
        ("areas_below", of(areas_below)),
        ("restate_area", of(restate_area)),
    ]
}

type Answer = fn(&Knowledge, &Arguments<'_>) -> Result<RecordBatch>;

#[derive(Debug)]
struct AreaFunction {
    present: Arc<Present>,
    answer: Answer,
}

impl TableFunctionImpl for AreaFunction {
    fn call(&self, arguments: &[Expr]) -> Result<Arc<dyn TableProvider>> {
        let rows = (self.answer)(&self.present.get(), &Arguments(arguments))?;
        Ok(Arc::new(MemTable::try_new(rows.schema(), vec![vec![rows]])?))
    }
}

struct Arguments<'a>(&'a [Expr]);

impl Arguments<'_> {
    fn count(&self, least: usize, most: usize, usage: &str) -> Result<()> {
        if (least..=most).contains(&self.0.len()) {
            Ok(())
        } else {
            Err(DataFusionError::Plan(format!("write {usage}")))
        }
    }

    fn text(&self, at: usize, called: &str) -> Result<String> {
        let constant = match self.0.get(at) {
            Some(Expr::Literal(value, _)) => match value {
                ScalarValue::Utf8(text) | ScalarValue::Utf8View(text) | ScalarValue::LargeUtf8(text) => text.clone(),
                other => Some(other.to_string()),
            },
            // `DATE '2025-07-01'` is a cast of a text.
            Some(Expr::Cast(cast)) => match cast.expr.as_ref() {
                Expr::Literal(ScalarValue::Utf8(text) | ScalarValue::Utf8View(text), _) => text.clone(),
                _ => None,
            },
            _ => None,
        };
        constant.ok_or_else(|| DataFusionError::Plan(format!("{called} must be a constant text, as 'bac giang'")))
    }

    fn day(&self, at: usize) -> Result<NaiveDate> {
        let text = self.text(at, "the day")?;
        text.parse().map_err(|_| DataFusionError::Plan(format!("'{text}' is not a day: write it as '2024-10-31'")))
    }

    fn area(&self, knowledge: &Knowledge) -> Result<AreaId> {
        let word = self.text(0, "the level")?;
        let level = AreaLevel::parse(&word).ok_or_else(|| {
            DataFusionError::Plan(format!("'{word}' is no level of areas: use {}", AreaLevel::listed()))
        })?;
        let found = knowledge.history().find(level, &self.text(1, "the code")?, self.day(2)?);
        found.map_err(|error| DataFusionError::Plan(error.to_string()))
    }
}

fn find_area(knowledge: &Knowledge, arguments: &Arguments<'_>) -> Result<RecordBatch> {
    arguments.count(1, 2, "find_area('bac giang') or find_area('bac giang', '2024-12-31')")?;
    let name = arguments.text(0, "the name")?;
    let history = knowledge.history();
    let days = match arguments.0.len() {
        1 => history.maps().to_vec(),
        _ => vec![arguments.day(1)?],
    };
    let found: Vec<AreaId> = days.iter().flat_map(|day| history.named(&name, *day)).collect();
    if found.is_empty() {
        return Err(no_such_area(knowledge, &name, &days));
    }
    Ok(area_rows(knowledge.history(), &found)?)
}

/// Nothing has the name on any of the days; the nearest names that something has.
pub(crate) fn no_such_area(knowledge: &Knowledge, name: &str, days: &[NaiveDate]) -> DataFusionError {
    let areas = knowledge.history().areas().iter();
    let meant = meant(name, areas.filter(|area| days.iter().any(|day| area.holds_on(*day))));
    let remedy = meant.unwrap_or_else(|| "see the table area".to_owned());
    DataFusionError::Plan(format!("no area is called '{name}' then: {remedy}"))
}

/// Asks whether one of the areas was meant that have nearly such a name; `None` where none has.
pub(crate) fn meant<'a>(name: &str, areas: impl Iterator<Item = &'a Area>) -> Option<String> {
    let known: Vec<(String, &str)> = areas.map(|area| (folded(&area.short_name), area.short_name.as_str())).collect();
    let near = near(&folded(name), known.iter().map(|(spelled, _)| spelled.as_str()));
    let names = near.iter().filter_map(|near| known.iter().find(|(spelled, _)| spelled == near));
    let names: Vec<&str> = names.map(|(_, name)| *name).collect();
    let (last, before) = names.split_last()?;
    Some(match before {
        [] => format!("did you mean {last}?"),
        before => format!("did you mean {} or {last}?", before.join(", ")),
    })
}

fn areas_above(knowledge: &Knowledge, arguments: &Arguments<'_>) -> Result<RecordBatch> {
    arguments.count(3, 3, "areas_above('commune', '07513', '2024-12-31')")?;
    let mut found = vec![arguments.area(knowledge)?];
    while let Some(parent) = found.last().and_then(|area| knowledge.history().parent(*area)) {
        found.push(parent);
    }
    Ok(area_rows(knowledge.history(), &found)?)
}

fn areas_below(knowledge: &Knowledge, arguments: &Arguments<'_>) -> Result<RecordBatch> {
    arguments.count(3, 3, "areas_below('province', '24', '2024-12-31')")?;
    let mut found = vec![arguments.area(knowledge)?];
    let mut next = 0;
    while let Some(area) = found.get(next).copied() {
        found.extend(knowledge.history().children(area));
        next += 1;
    }
    Ok(area_rows(knowledge.history(), &found[1..])?)
}

fn restate_area(knowledge: &Knowledge, arguments: &Arguments<'_>) -> Result<RecordBatch> {
    use arrow::array::{ArrayRef, StringArray};
    arguments.count(4, 4, "restate_area('province', '02', '2024-12-31', '2025-07-01')")?;
    let area = arguments.area(knowledge)?;
    let view = knowledge.view(arguments.day(3)?);
    let places = places(&view, area, knowledge);
    let ids: Vec<AreaId> = places.iter().map(|(area, _)| *area).collect();
    let rows = area_rows(knowledge.history(), &ids)?;
    let words: ArrayRef = Arc::new(StringArray::from(places.iter().map(|(_, word)| *word).collect::<Vec<_>>()));
    let mut fields = rows.schema().fields().to_vec();
    fields.push(Arc::new(arrow::datatypes::Field::new("restated", arrow::datatypes::DataType::Utf8, false)));
    let columns = rows.columns().iter().cloned().chain([words]).collect();
    Ok(RecordBatch::try_new(Arc::new(arrow::datatypes::Schema::new(fields)), columns)?)
}

/// Where an area's land is on the map, and what becomes of its figures there.
fn places(view: &MapView, area: AreaId, knowledge: &Knowledge) -> Vec<(AreaId, &'static str)> {
    let mut places = match view.place(area) {
        Place::Same(here) => vec![(*here, "exactly")],
        Place::Whole(here) => vec![(*here, "as a part")],
        Place::Main(here) => vec![(*here, "as an estimate")],
        Place::Of(several) => several.iter().map(|here| (*here, "cannot be told apart")).collect(),
        Place::Nowhere => Vec::new(),
    };
    if matches!(view.place(area), Place::Main(_) | Place::Nowhere) {
        let lesser = knowledge
            .history()
            .iter()
            .filter(|(here, _)| view.parts(*here).iter().any(|part| part.area == area && part.share == Share::Lesser));
        places.extend(lesser.map(|(here, _)| (here, "not: its main part takes all")));
    }
    places
}
