//! What an address asks for: figures of one indicator, of areas, years, bases and subjects.
//!
//! In: the query part of an address, and what answers are judged by. Out: a question with bound values, the same question
//! as SQL to copy, and addresses that ask for it again. Guarantee: what is not understood is an error that says what would
//! be right, never left out; no value from outside is a part of the text that is run.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use chrono::NaiveDate;
use datafusion::common::ScalarValue;
use lantoa_schemas::catalogue::{Catalogue, Indicator, nearest};
use lantoa_schemas::vocabulary::{AreaLevel, Base, Vocabulary};
use url::form_urlencoded::{Serializer, parse};

use crate::knowledge::Knowledge;
use crate::settings::Settings;

mod area;
mod told;

pub(crate) use area::{Chosen, areas, hits};
pub(crate) use told::{Refused, Told, tell};

/// What narrows an indicator down, and what an answer stands on: every address that asks for figures may have these.
pub(crate) const PARAMETERS: [&str; 13] = [
    "area",
    "year",
    "from",
    "to",
    "base",
    "subject_scope",
    "level",
    "map",
    "as_of",
    "stated_by",
    "release",
    "catalogue",
    "events",
];

/// Of those, the ones that may be given several times, or with commas between their values.
const SEVERAL: [&str; 4] = ["area", "year", "base", "subject_scope"];

/// The years that may be asked for.
pub(crate) const YEARS: RangeInclusive<i64> = 1900..=2200;

/// The nation before its provinces, and so on down.
const ORDER: &str = "ORDER BY CASE area_level WHEN 'nation' THEN 0 WHEN 'province' THEN 1 WHEN 'district' THEN 2 ELSE 3 \
                     END, area_name, area_code, area_from, subject_scope, base, year";

/// A parameter that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}; {remedy}")]
pub(crate) struct Wrong {
    /// Its name.
    pub(crate) field: Cow<'static, str>,
    /// What is wrong.
    pub(crate) reason: String,
    /// What would be right.
    pub(crate) remedy: String,
}

impl Wrong {
    pub(crate) fn new(
        field: impl Into<Cow<'static, str>>,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), reason: reason.into(), remedy: remedy.into() }
    }
}

/// The parameters of an address that say something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked(Vec<(&'static str, String)>);

impl Asked {
    /// Reads the query part of an address, which may have parameters of its own beside [`PARAMETERS`]. Empty values are
    /// the same as none: a form sends all its fields.
    pub(crate) fn read(query: &str, own: &[&'static str]) -> Result<Self, Wrong> {
        let known: Vec<&'static str> = own.iter().copied().chain(PARAMETERS).collect();
        let mut given: Vec<(&'static str, String)> = Vec::new();
        for (name, value) in parse(query.as_bytes()) {
            let Some(name) = known.iter().copied().find(|known| *known == name) else {
                let remedy = match nearest(&name, known.iter().copied()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("there are {}", known.join(", ")),
                };
                return Err(Wrong::new(name.into_owned(), "there is no such parameter", remedy));
            };
            let several = SEVERAL.contains(&name);
            let values =
                value.split(|letter: char| several && letter == ',').map(str::trim).filter(|value| !value.is_empty());
            for value in values {
                if !several && given.iter().any(|(known, _)| *known == name) {
                    return Err(Wrong::new(name, "is given twice", "give it once"));
                }
                given.push((name, value.to_owned()));
            }
        }
        Ok(Self(given))
    }

    /// The value of a parameter that is given once.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of a parameter.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// What the answer is to stand on.
    pub(crate) fn settings(&self) -> Settings {
        let one = |name| self.one(name).map(str::to_owned);
        Settings { map: one("map"), as_of: one("as_of"), stated_by: one("stated_by"), release: one("release") }
    }

    /// The same with one value more.
    pub(crate) fn with(mut self, name: &'static str, value: String) -> Self {
        if !self.all(name).any(|known| known == value) {
            self.0.push((name, value));
        }
        self
    }

    /// The address of a page that asks the same, with some parameters set otherwise.
    pub(crate) fn address(&self, path: &str, otherwise: &[(&str, &str)]) -> String {
        let kept = self.0.iter().map(|(name, value)| (*name, value.as_str()));
        let kept = kept.filter(|(name, _)| otherwise.iter().all(|(other, _)| other != name));
        address(path, kept.chain(otherwise.iter().copied()))
    }

    fn year(&self, name: &'static str) -> Result<Option<i64>, Wrong> {
        self.one(name).map(|value| year(name, value)).transpose()
    }
}

/// Which view answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    Indicator,
    Trend,
}

impl View {
    pub(crate) const ALL: [Self; 2] = [Self::Indicator, Self::Trend];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Indicator => "indicator",
            Self::Trend => "trend",
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) indicator: String,
    pub(crate) areas: Vec<Chosen>,
    /// Without a map a code alone may be several areas', so that names count too.
    by_name: bool,
    years: Vec<i64>,
    from: Option<i64>,
    to: Option<i64>,
    bases: Vec<Base>,
    scopes: Vec<String>,
    pub(crate) level: Option<AreaLevel>,
    view: View,
}

/// The indicator of an id.
pub(crate) fn indicator<'a>(id: &str, catalogue: &'a Catalogue) -> Result<&'a Indicator, Wrong> {
    catalogue.indicator(id).ok_or_else(|| {
        let remedy = match nearest(id, catalogue.indicators().iter().map(|indicator| indicator.id.as_str())) {
            Some(near) => format!("did you mean '{near}'?"),
            None => "GET /v1/indicators lists them all".to_owned(),
        };
        Wrong::new("indicator", format!("there is no indicator '{id}'"), remedy)
    })
}

impl Selection {
    /// Reads what is asked of an indicator on a map. Beside it what has to be said of how it was understood.
    pub(crate) fn of(
        indicator: &Indicator,
        asked: &Asked,
        knowledge: &Knowledge,
        map: Option<NaiveDate>,
    ) -> Result<(Self, Vec<String>), Wrong> {
        let mut notices = Vec::new();
        let mut areas: Vec<Chosen> = Vec::new();
        for word in asked.all("area") {
            for chosen in area::resolve(word, knowledge, map, &mut notices)? {
                if !areas.iter().any(|known| known.is(&chosen)) {
                    areas.push(chosen);
                }
            }
        }
        let (from, to) = (asked.year("from")?, asked.year("to")?);
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return Err(Wrong::new("from", "is later than to", "give the earlier year as from"));
        }
        let known_scope = |scope: &&str| knowledge.catalogue().scope(scope).is_some();
        if let Some(scope) = asked.all("subject_scope").find(|scope| !known_scope(scope)) {
            let known: Vec<&str> = indicator.subject.iter().map(String::as_str).collect();
            let remedy = match known.as_slice() {
                [] => "this indicator has none; leave it out".to_owned(),
                known => format!("this indicator has {}", known.join(", ")),
            };
            return Err(Wrong::new("subject_scope", format!("there is no scope '{scope}'"), remedy));
        }
        let view = match asked.one("view") {
            None => View::Indicator,
            Some(word) => View::ALL.into_iter().find(|view| view.as_str() == word).ok_or_else(|| {
                Wrong::new("view", format!("'{word}' is no view that is asked by address"), "use indicator or trend")
            })?,
        };
        let selection = Self {
            indicator: indicator.id.clone(),
            areas,
            by_name: map.is_none(),
            years: asked.all("year").map(|value| year("year", value)).collect::<Result<_, _>>()?,
            from,
            to,
            bases: asked.all("base").map(|value| word("base", value)).collect::<Result<_, _>>()?,
            scopes: asked.all("subject_scope").map(str::to_owned).collect(),
            level: asked.one("level").map(|value| word("level", value)).transpose()?,
            view,
        };
        Ok((selection, notices))
    }

    /// The question with named places for values, and the values.
    pub(crate) fn bound(&self) -> (String, Vec<(String, ScalarValue)>) {
        let mut text = Text { sql: String::new(), values: Some(Vec::new()) };
        self.write(&mut text);
        (text.sql, text.values.unwrap_or_default())
    }

    /// The same question with its values written out, after the settings it stands on.
    pub(crate) fn spelled(&self, standing: &[(&'static str, String)]) -> String {
        let mut text = Text { sql: String::new(), values: None };
        for (name, value) in standing {
            text.sql += &format!("SET lantoa.{name} = ");
            text.value(name, ScalarValue::from(value.as_str()));
            text.sql += ";\n";
        }
        self.write(&mut text);
        text.sql
    }

    fn write(&self, text: &mut Text) {
        text.sql += &format!("SELECT *\nFROM {}\nWHERE indicator = ", self.view.as_str());
        text.text("indicator", &self.indicator);
        if let Some(level) = self.level {
            text.sql += "\n  AND area_level = ";
            text.text("level", level.as_str());
        }
        if !self.areas.is_empty() {
            text.sql += "\n  AND (";
            for (at, area) in self.areas.iter().enumerate() {
                text.sql += if at > 0 { "\n    OR (area_level = " } else { "(area_level = " };
                text.text("area_level", area.level.as_str());
                text.sql += " AND area_code = ";
                text.text("area_code", &area.code);
                if self.by_name {
                    text.sql += " AND area_name = ";
                    text.text("area_name", &area.name);
                }
                text.sql += ")";
            }
            text.sql += ")";
        }
        for (comparison, year) in [(">=", self.from), ("<=", self.to)] {
            if let Some(year) = year {
                text.sql += &format!("\n  AND year {comparison} ");
                text.value("year", ScalarValue::from(year));
            }
        }
        text.one_of("year", self.years.iter().map(|year| ScalarValue::from(*year)));
        text.one_of("base", self.bases.iter().map(|base| ScalarValue::from(base.as_str())));
        text.one_of("subject_scope", self.scopes.iter().map(|scope| ScalarValue::from(scope.as_str())));
        text.sql += "\n";
        text.sql += ORDER;
    }

    /// The parameters that ask for it again, the indicator left out.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters: Vec<(&'static str, String)> = Vec::new();
        parameters.extend(self.areas.iter().map(|area| ("area", area.word())));
        parameters.extend(self.years.iter().map(|year| ("year", year.to_string())));
        parameters.extend(self.from.map(|year| ("from", year.to_string())));
        parameters.extend(self.to.map(|year| ("to", year.to_string())));
        parameters.extend(self.bases.iter().map(|base| ("base", base.to_string())));
        parameters.extend(self.scopes.iter().map(|scope| ("subject_scope", scope.clone())));
        parameters.extend(self.level.map(|level| ("level", level.to_string())));
        if self.view != View::Indicator {
            parameters.push(("view", self.view.as_str().to_owned()));
        }
        parameters
    }
}

/// An address with parameters.
pub(crate) fn address<'a>(path: &str, parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let query = Serializer::new(String::new()).extend_pairs(parameters).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

fn year(field: &'static str, value: &str) -> Result<i64, Wrong> {
    let year = value.parse().ok().filter(|year| YEARS.contains(year) && value.len() == 4);
    year.ok_or_else(|| Wrong::new(field, format!("'{value}' is no year"), "write it with four digits, as 2024"))
}

fn word<T: Vocabulary>(field: &'static str, value: &str) -> Result<T, Wrong> {
    T::parse(value)
        .ok_or_else(|| Wrong::new(field, format!("there is no {field} '{value}'"), format!("use {}", T::listed())))
}

/// SQL that is being written, with values bound or, where there is no list of them, written out.
struct Text {
    sql: String,
    values: Option<Vec<(String, ScalarValue)>>,
}

impl Text {
    fn text(&mut self, name: &str, value: &str) {
        self.value(name, ScalarValue::from(value));
    }

    fn value(&mut self, name: &str, value: ScalarValue) {
        match &mut self.values {
            Some(values) => {
                let name = format!("{name}_{}", values.len());
                self.sql += &format!("${name}");
                values.push((name, value));
            }
            None => match &value {
                ScalarValue::Utf8(Some(text)) => self.sql += &format!("'{}'", text.replace('\'', "''")),
                other => self.sql += &other.to_string(),
            },
        }
    }

    fn one_of(&mut self, column: &str, values: impl Iterator<Item = ScalarValue>) {
        let mut any = false;
        for value in values {
            self.sql += &if any { ", ".to_owned() } else { format!("\n  AND {column} IN (") };
            self.value(column, value);
            any = true;
        }
        if any {
            self.sql += ")";
        }
    }
}

#[cfg(test)]
mod tests;
