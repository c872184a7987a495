//! The views over the synthetic nation: they give exactly its true answers, on both maps and as of several days.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use chrono::NaiveDate;
use lantoa_query::{Asker, Engine, Settings};
use lantoa_schemas::catalogue::indicator_id;
use lantoa_schemas::stream::Family;
use lantoa_schemas::vocabulary::{Fact, Stage, Vocabulary};
use lantoa_tests::nation::{AreaYear, Cell, Derivation, Line, MODELS, Map, Nation, Plan, Truth};

use crate::fixture::Folder;

async fn written(nation: &Nation) -> Folder {
    let folder = Folder::empty();
    for family in Family::ALL {
        for batch in nation.batches(*family) {
            folder.append_batch(family.stream(), batch).await;
        }
    }
    folder
}

/// Rows of a query: the texts of the first columns as a key, the numbers of the others.
async fn rows(
    engine: &Engine,
    map: Map,
    as_of: NaiveDate,
    query: &str,
    keys: usize,
) -> HashMap<String, Vec<Option<i64>>> {
    let settings =
        Settings { map: Some(map.first_day().to_string()), as_of: Some(as_of.to_string()), ..Settings::default() };
    let batches =
        engine.session(&Asker::owner(), &settings).unwrap().sql(query).await.unwrap().collect().await.unwrap();
    let mut found = HashMap::new();
    for batch in batches {
        let texts: Vec<_> = (0..keys).map(|at| cast(batch.column(at), &DataType::Utf8).unwrap()).collect();
        let numbers: Vec<_> =
            (keys..batch.num_columns()).map(|at| cast(batch.column(at), &DataType::Int64).unwrap()).collect();
        for row in 0..batch.num_rows() {
            let key: Vec<_> = texts.iter().map(|column| column.as_string::<i32>().value(row)).collect();
            let values = numbers
                .iter()
                .map(|column| column.is_valid(row).then(|| column.as_primitive::<Int64Type>().value(row)));
            assert!(found.insert(key.join("/"), values.collect()).is_none(), "{key:?} twice");
        }
    }
    found
}

/// Differences, so that a failing test shows some and counts all.
#[derive(Default)]
struct Differences {
    compared: usize,
    text: String,
    count: usize,
}

impl Differences {
    fn compare<T: PartialEq + std::fmt::Debug>(&mut self, what: impl FnOnce() -> String, truth: T, answer: T) {
        self.compared += 1;
        if truth != answer {
            self.count += 1;
            if self.count <= 12 {
                writeln!(self.text, "{}: truth {truth:?}, answer {answer:?}", what()).unwrap();
            }
        }
    }

    fn none(self, least: usize) {
        assert!(self.count == 0, "{} of {} differ:\n{}", self.count, self.compared, self.text);
        assert!(self.compared >= least, "only {} compared", self.compared);
    }
}

const INDICATORS: &str = "
    SELECT
        area_level, area_code, CAST(year AS VARCHAR), indicator, coalesce(subject_scope, ''), base,
        numerator, denominator,
        CASE derivation WHEN 'stated' THEN 0 WHEN 'summed' THEN 1 WHEN 'estimated' THEN 2 WHEN 'counted' THEN 3 END
    FROM indicator
    WHERE derivation IS DISTINCT FROM 'target'";

fn totals(
    nation: &Nation,
    truth: &Truth,
    map: Map,
    rows: &HashMap<String, Vec<Option<i64>>>,
    differences: &mut Differences,
) {
    let land = nation.land();
    let lines = Line::ALL.into_iter().filter(|line| line.fact() == Fact::Actual);
    for line in lines {
        let id = indicator_id(line.measure(), line.stage());
        for place in land.on(map) {
            for year in nation.plan().from_year..=nation.plan().to_year {
                let at = land.place(place);
                let base = line.base().map_or("", Vocabulary::as_str);
                let key = format!("{}/{}/{year}/{id}/{}/{base}", at.level, at.code, line.scope());
                let answer = rows.get(&key).filter(|values| values[0].is_some());
                let total = truth.total(land, place, year, line);
                // The truth follows single subjects from their recognition on, not their registration.
                let registered = line.stage() == Some(Stage::Registered) && total.is_none();
                let answer = answer.filter(|values| !(registered && matches!(values[2], Some(2 | 3))));
                // On the old map the truth tells later years only of statements and of areas that stayed the same. The
                // nation did, and of areas that such ones lie in the views give a part, as a sum with its coverage.
                let later = map == Map::Old && year > 2024 && total.is_none();
                let partly = later && (at.parent.is_none() || answer.is_some_and(|values| values[2] != Some(0)));
                let answer = answer.filter(|_| !partly);
                let numerators = (total.map(|total| total.numerator), answer.and_then(|values| values[0]));
                differences.compare(|| format!("{map:?} {key} numerator"), numerators.0, numerators.1);
                let (Some(total), Some(answer)) = (total, answer) else { continue };
                let derivation = match (total.derivation, total.estimated) {
                    (Derivation::Counted, _) => 3,
                    (Derivation::Stated, _) => 0,
                    (Derivation::Summed, false) => 1,
                    (Derivation::Summed, true) => 2,
                };
                let answered = match (total.derivation, answer[2]) {
                    // A count that a split commune has a part in is counted and an estimate.
                    (Derivation::Counted, Some(2)) => Some(3),
                    (_, answered) => answered,
                };
                differences.compare(|| format!("{map:?} {key} derivation"), Some(derivation), answered);
                if total.derivation == Derivation::Stated {
                    differences.compare(|| format!("{map:?} {key} denominator"), total.denominator, answer[1]);
                }
            }
        }
    }
}

const ADOPTION: &str = "
    SELECT
        area_level, area_code, CAST(year AS VARCHAR), indicator, new_adopters, cumulative_adopters,
        coalesce(retained, 0), revoked
    FROM adoption
    WHERE new_adopters IS NOT NULL";

fn adopters(
    nation: &Nation,
    truth: &Truth,
    map: Map,
    rows: &HashMap<String, Vec<Option<i64>>>,
    differences: &mut Differences,
) {
    let land = nation.land();
    let truths: BTreeMap<String, _> = MODELS
        .into_iter()
        .flat_map(|line| truth.individuals.iter().filter(move |(cell, _)| cell.line == line && cell.area.map == map))
        .map(|(Cell { area: AreaYear { level, code, year, .. }, line }, told)| {
            (format!("{level}/{code}/{year}/{}", line.measure()), told)
        })
        .collect();
    for (key, told) in &truths {
        let truth =
            vec![Some(told.new_adopters), Some(told.cumulative_adopters), Some(told.retained), Some(told.revoked)];
        // The truth also has the years of which nothing is recorded yet.
        let nothing_happened = [truth[0], truth[2], truth[3]].iter().all(|count| *count == Some(0));
        let answer = rows.get(key).cloned();
        let answer = answer.unwrap_or_else(|| if nothing_happened { truth.clone() } else { Vec::new() });
        differences.compare(|| format!("{map:?} {key} adopters"), truth, answer);
    }
    assert!(land.on(map).next().is_some());
}

#[tokio::test]
async fn the_views_give_the_true_answers() {
    let nation = Nation::new(Plan::small());
    let folder = written(&nation).await;
    let engine = folder.engine_on("2026-06-01T03:00:00Z");
    let mut figures = Differences::default();
    let mut people = Differences::default();
    for day in ["2024-02-20", "2025-01-15", "2026-06-01"] {
        let as_of: NaiveDate = day.parse().unwrap();
        let truth = Truth::new(&nation, Some(as_of));
        for map in [Map::Old, Map::New] {
            let indicators = rows(&engine, map, as_of, INDICATORS, 6).await;
            totals(&nation, &truth, map, &indicators, &mut figures);
            let adoption = rows(&engine, map, as_of, ADOPTION, 4).await;
            adopters(&nation, &truth, map, &adoption, &mut people);
        }
    }
    figures.none(10_000);
    people.none(1_000);
}
