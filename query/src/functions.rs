//! The functions that views and users have beside the engine's own.
//!
//! In: one row's values; of an aggregate, a group's. Out: one value, null where an argument that decides is null or
//! cannot be read. All are pure.
//!
//! | function | answer |
//! | --- | --- |
//! | `partial_first_day(text)`, `partial_last_day(text)` | the first and last day that a partial date can mean |
//! | `partial_year(text)`, `period_year(text)` | the year of a partial date, the last year of a period |
//! | `percent_low(text)`, `percent_high(text)` | the bounds of a printed percent, null where it is open |
//! | `indicator_id(measure, stage)` | the catalogue id under which a figure is filed |
//! | `source_rank(kind)` | 0 for the highest-ranking kind of source |
//! | `area_key(level, code, day, name)` | one text for one area through time; by printed name where it has no code |
//! | `area_short_name`, `area_parent`, `area_valid_from` `(level, code, day)` | of the area that had the code that day |
//! | `area_full_name`, `area_map` `(level, code, day)` | its name with its kind, as of that day; first known day of its map |
//! | `area_code_of(name, day)` | the code of the one area that has the name; an error that lists them where there are several |
//! | `title_scope(measure)` | of whom a title is counted when nothing else is said |
//! | `criteria_set_in(measure, year)` | the code of the criteria by which a title is rated in a year |
//! | `area_bucket(level, code, name)`, `subject_bucket(token)` | the bucket of an area or a subject in projections |
//! | `record_text(topic, bytes)`, `record_field(topic, bytes, name)` | a record of the log as text, one of its fields |
//! | `key_of(…)` | one short text for a row of values, null and empty told apart |
//! | `fit_logistic(year, value[, saturation])` | aggregate: the curve of adoption through a group's points |

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Float64Array, Int32Array, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use chrono::NaiveDate;
use datafusion::common::Result;
use datafusion::logical_expr::{
    AggregateUDF, ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, create_udf,
};
use lantoa_schemas::area::AreaId;
use lantoa_schemas::event::days_since_epoch;
use lantoa_schemas::partial_date::{PartialDate, Period};
use lantoa_schemas::percent::PrintedPercent;
use lantoa_schemas::projection;
use lantoa_schemas::vocabulary::{AreaLevel, SourceKind, Stage, Vocabulary};

use sha2::{Digest, Sha256};

use crate::knowledge::{Knowledge, Present};

mod fit_logistic;
mod record;

/// All aggregate functions.
pub(crate) fn aggregates() -> Vec<AggregateUDF> {
    vec![AggregateUDF::from(fit_logistic::FitLogistic::new())]
}

/// All scalar functions; what they know of areas is a session's present knowledge.
pub(crate) fn all(present: &Arc<Present>) -> Vec<ScalarUDF> {
    let mut functions = vec![
        of_text("partial_first_day", DataType::Date32, |texts| {
            Arc::new(each(texts, |t| PartialDate::parse(t).map(|d| day_number(d.first_day()))).collect::<Date32Array>())
        }),
        partial_last_day(),
        of_text("partial_year", DataType::Int64, |texts| {
            Arc::new(each(texts, |t| PartialDate::parse(t).map(|d| i64::from(d.year()))).collect::<Int64Array>())
        }),
        of_text("period_year", DataType::Int64, |texts| {
            Arc::new(each(texts, |t| Period::parse(t).map(|p| i64::from(p.last))).collect::<Int64Array>())
        }),
        of_text("percent_low", DataType::Float64, |texts| {
            Arc::new(each(texts, |t| PrintedPercent::parse(t).ok()?.bounds().0).collect::<Float64Array>())
        }),
        of_text("percent_high", DataType::Float64, |texts| {
            Arc::new(each(texts, |t| PrintedPercent::parse(t).ok()?.bounds().1).collect::<Float64Array>())
        }),
        of_text("source_rank", DataType::Int64, |texts| {
            Arc::new(texts.iter().map(|kind| Some(source_rank(kind))).collect::<Int64Array>())
        }),
        indicator_id(),
        area_bucket(),
        subject_bucket(),
        ScalarUDF::from(KeyOf { signature: Signature::variadic_any(Volatility::Immutable) }),
    ];
    functions.extend(of_areas(present));
    functions.extend(of_catalogue(present));
    functions.push(area_code_of(present));
    functions.extend(record::all());
    functions
}

/// By which day a partial date is certainly over: what "stated by" and "latest" go by.
pub(crate) fn partial_last_day() -> ScalarUDF {
    of_text("partial_last_day", DataType::Date32, |texts| {
        Arc::new(each(texts, |t| PartialDate::parse(t).map(|d| day_number(d.last_day()))).collect::<Date32Array>())
    })
}

/// The bucket of an area as it was reported, in projections.
pub(crate) fn area_bucket() -> ScalarUDF {
    udf("area_bucket", vec![DataType::Utf8; 3], DataType::Int32, |columns| {
        let [levels, codes, names] = [0, 1, 2].map(|at: usize| columns[at].as_string::<i32>());
        // Rows of one area mostly lie side by side.
        let mut last = None;
        let buckets = levels.iter().zip(codes).zip(names).map(|((level, code), name)| {
            let area = (level, code, name);
            let bucket = match last {
                Some((known, bucket)) if known == area => bucket,
                _ => projection::area_bucket(level, code, name),
            };
            last = Some((area, bucket));
            Some(bucket)
        });
        Arc::new(buckets.collect::<Int32Array>())
    })
}

/// The bucket of a subject, in projections.
pub(crate) fn subject_bucket() -> ScalarUDF {
    of_text("subject_bucket", DataType::Int32, |tokens| {
        Arc::new(tokens.iter().map(|token| token.map(projection::subject_bucket)).collect::<Int32Array>())
    })
}

/// A source that names no kind, or one that nobody knows, is read as press: the last.
fn source_rank(kind: Option<&str>) -> i64 {
    let known = kind.and_then(SourceKind::parse).unwrap_or(SourceKind::Press);
    SourceKind::ALL.iter().position(|other| *other == known).map_or(0, |at| at as i64)
}

fn indicator_id() -> ScalarUDF {
    udf("indicator_id", vec![DataType::Utf8, DataType::Utf8], DataType::Utf8, |columns| {
        let (measures, stages) = (columns[0].as_string::<i32>(), columns[1].as_string::<i32>());
        let ids = measures.iter().zip(stages).map(|(measure, stage)| {
            Some(lantoa_schemas::catalogue::indicator_id(measure?, stage.and_then(Stage::parse)))
        });
        Arc::new(ids.collect::<StringArray>())
    })
}

/// What the catalogue says of a measure.
fn of_catalogue(present: &Arc<Present>) -> [ScalarUDF; 2] {
    let (scopes, sets) = (Arc::clone(present), Arc::clone(present));
    [
        udf("title_scope", vec![DataType::Utf8], DataType::Utf8, move |columns| {
            let knowledge = scopes.get();
            let measures = columns[0].as_string::<i32>().iter();
            let scopes = measures.map(|measure| knowledge.catalogue().measure(measure?)?.scopes.first().cloned());
            Arc::new(scopes.collect::<StringArray>())
        }),
        udf("criteria_set_in", vec![DataType::Utf8, DataType::Int64], DataType::Utf8, move |columns| {
            let knowledge = sets.get();
            let rows = columns[0].as_string::<i32>().iter().zip(columns[1].as_primitive::<Int64Type>());
            let codes = rows.map(|(measure, year)| {
                let (measure, year) = (measure?, i32::try_from(year?).ok()?);
                let sets = knowledge.catalogue().criteria_sets().iter();
                let rating = sets.filter(|set| set.measures.iter().any(|rated| rated == measure));
                let begun = rating.filter_map(|set| Some((set.effective_from?, set)));
                // One that began within the year is that of the year: titles are given at its end.
                let latest = begun.filter(|(from, _)| from.year() <= year).max_by_key(|(from, _)| from.first_day());
                latest.map(|(_, set)| set.code.clone())
            });
            Arc::new(codes.collect::<StringArray>())
        }),
    ]
}

fn of_areas(present: &Arc<Present>) -> Vec<ScalarUDF> {
    let of_area = |name: &str, result: DataType, read: ReadPlaces| {
        let present = Arc::clone(present);
        udf(name, vec![DataType::Utf8, DataType::Utf8, DataType::Date32], result, move |columns| {
            read(&mut places(columns), &present.get())
        })
    };
    let by_key = Arc::clone(present);
    let key_arguments = vec![DataType::Utf8, DataType::Utf8, DataType::Date32, DataType::Utf8];
    vec![
        udf("area_key", key_arguments, DataType::Utf8, move |columns| {
            let names = columns[3].as_string::<i32>();
            let knowledge = by_key.get();
            let keys =
                places(columns).zip(names).map(|(place, name)| knowledge.key(place.level, place.code, place.day, name));
            Arc::new(keys.map(Some).collect::<StringArray>())
        }),
        of_area("area_full_name", DataType::Utf8, |places, knowledge| {
            let named = places.map(|p| Some(knowledge.history().name_on(p.id(knowledge)?, p.day?).to_owned()));
            Arc::new(named.collect::<StringArray>())
        }),
        of_area("area_map", DataType::Date32, |places, knowledge| {
            Arc::new(places.map(|p| p.find(knowledge).map(|area| day_number(area.map))).collect::<Date32Array>())
        }),
        of_area("area_short_name", DataType::Utf8, |places, knowledge| {
            Arc::new(places.map(|p| p.find(knowledge).map(|area| area.short_name.as_str())).collect::<StringArray>())
        }),
        of_area("area_parent", DataType::Utf8, |places, knowledge| {
            Arc::new(places.map(|p| p.find(knowledge)?.parent_code.as_deref()).collect::<StringArray>())
        }),
        of_area("area_valid_from", DataType::Date32, |places, knowledge| {
            Arc::new(
                places.map(|p| knowledge.history().since(p.id(knowledge)?).map(day_number)).collect::<Date32Array>(),
            )
        }),
    ]
}

/// What a function answers of each of many places.
type ReadPlaces = fn(&mut dyn Iterator<Item = Place<'_>>, &Knowledge) -> ArrayRef;

/// A code at its level and day, as a row gives them.
pub(crate) struct Place<'a> {
    pub(crate) level: Option<AreaLevel>,
    pub(crate) code: Option<&'a str>,
    pub(crate) day: Option<NaiveDate>,
}

impl Place<'_> {
    fn find<'a>(&self, knowledge: &'a Knowledge) -> Option<&'a lantoa_schemas::area::Area> {
        knowledge.find(self.level?, self.code?, self.day?)
    }

    fn id(&self, knowledge: &Knowledge) -> Option<AreaId> {
        knowledge.history().find(self.level?, self.code?, self.day?).ok()
    }
}

/// Reads levels, codes and days.
pub(crate) fn places(columns: &[ArrayRef]) -> impl Iterator<Item = Place<'_>> {
    let (levels, codes) = (columns[0].as_string::<i32>(), columns[1].as_string::<i32>());
    let days = columns[2].as_primitive::<Date32Type>();
    levels.iter().zip(codes).zip(days).map(|((level, code), day)| Place {
        level: level.and_then(AreaLevel::parse),
        code,
        day: day.and_then(|days| NaiveDate::default().checked_add_signed(chrono::Duration::days(i64::from(days)))),
    })
}

fn day_number(day: NaiveDate) -> i32 {
    days_since_epoch(day)
}

fn each<'a, T>(texts: &'a StringArray, read: impl Fn(&str) -> Option<T> + 'a) -> impl Iterator<Item = Option<T>> + 'a {
    texts.iter().map(move |text| text.and_then(&read))
}

fn of_text(name: &str, result: DataType, read: fn(&StringArray) -> ArrayRef) -> ScalarUDF {
    udf(name, vec![DataType::Utf8], result, move |columns| read(columns[0].as_string::<i32>()))
}

/// The code of the area that a name means on a day. A name that nothing has, or several, is the asker's to mend.
fn area_code_of(present: &Arc<Present>) -> ScalarUDF {
    let present = Arc::clone(present);
    let implementation = move |values: &[ColumnarValue]| -> Result<ColumnarValue> {
        let constant = values.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let columns = ColumnarValue::values_to_arrays(values)?;
        let knowledge = present.get();
        let (names, days) = (columns[0].as_string::<i32>(), columns[1].as_primitive::<Date32Type>());
        let codes = names.iter().zip(days).map(|(name, day)| {
            let day = day.and_then(|day| NaiveDate::default().checked_add_signed(chrono::Duration::days(day.into())));
            name.zip(day).map(|(name, day)| one_area(&knowledge, name, day)).transpose()
        });
        let codes: StringArray = codes.collect::<Result<_>>()?;
        if constant {
            return Ok(ColumnarValue::Scalar(datafusion::common::ScalarValue::try_from_array(&codes, 0)?));
        }
        Ok(ColumnarValue::Array(Arc::new(codes)))
    };
    let arguments = vec![DataType::Utf8, DataType::Date32];
    create_udf("area_code_of", arguments, DataType::Utf8, Volatility::Immutable, Arc::new(implementation))
}

fn one_area(knowledge: &Knowledge, name: &str, day: NaiveDate) -> Result<String> {
    let history = knowledge.history();
    let found = history.named(name, day);
    match found.as_slice() {
        [] => Err(crate::area_functions::no_such_area(knowledge, name, &[day])),
        [only] => Ok(history.area(*only).code.clone()),
        several => {
            let listed: Vec<_> = several
                .iter()
                .map(|id| history.area(*id))
                .map(|area| format!("'{}' ({} {})", area.name, area.level, area.code))
                .collect();
            Err(datafusion::common::DataFusionError::Execution(format!(
                "'{name}' is {} areas on {day}: write one of {}",
                several.len(),
                listed.join(", ")
            )))
        }
    }
}

/// A function over whole columns of the types given. Constants arrive as columns of one row and leave as constants, so
/// that the planner can fold them.
pub(crate) fn udf(
    name: &str,
    arguments: Vec<DataType>,
    result: DataType,
    read: impl Fn(&[ArrayRef]) -> ArrayRef + Send + Sync + 'static,
) -> ScalarUDF {
    let implementation = move |values: &[ColumnarValue]| -> Result<ColumnarValue> {
        let constant = values.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let columns = ColumnarValue::values_to_arrays(values)?;
        let answer = read(&columns);
        if constant {
            return Ok(ColumnarValue::Scalar(datafusion::common::ScalarValue::try_from_array(&answer, 0)?));
        }
        Ok(ColumnarValue::Array(answer))
    };
    create_udf(name, arguments, result, Volatility::Immutable, Arc::new(implementation))
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// One short text for any number of values of any type, equal where the values are and, as a hash of 128 bits, nowhere
/// else: what is sorted and grouped by it stays small however long the values are.
#[derive(Debug, PartialEq, Eq, Hash)]
struct KeyOf {
    signature: Signature,
}

impl ScalarUDFImpl for KeyOf {
    fn name(&self) -> &str {
        "key_of"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = args
            .args
            .iter()
            .map(|value| Ok(cast(&value.to_array(args.number_rows)?, &DataType::Utf8)?))
            .collect::<Result<Vec<_>>>()?;
        let columns: Vec<&StringArray> = columns.iter().map(|column| column.as_string::<i32>()).collect();
        let keys = (0..args.number_rows).map(|row| {
            let mut hash = Sha256::new();
            for column in &columns {
                // With its length in front a value needs no escaping, and null is not the empty text.
                match column.is_valid(row).then(|| column.value(row)) {
                    Some(value) => {
                        hash.update((value.len() as u64 + 1).to_le_bytes());
                        hash.update(value);
                    }
                    None => hash.update(0_u64.to_le_bytes()),
                }
            }
            let digest = hash.finalize();
            Some(digest.iter().take(16).fold(String::with_capacity(32), |mut key, byte| {
                key.push(char::from(HEX[usize::from(byte >> 4)]));
                key.push(char::from(HEX[usize::from(byte & 15)]));
                key
            }))
        });
        Ok(ColumnarValue::Array(Arc::new(keys.collect::<StringArray>())))
    }
}

#[cfg(test)]
mod tests;
