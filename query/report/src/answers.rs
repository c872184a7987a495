//! What a report of a Lifelong Learning Week asks, and the answers.
//!
//! In: the query engine, a year, and a release, or none for a draft. Out: all figures of the nation, its provinces and
//! their communes that any of the year's reports prints, asked once for all of them. Guarantee: every figure is a row that
//! SQL gives; nothing is computed here.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use lantoa_query::release::{Manifest, Reference, Stored};
use lantoa_query::{Asker, Engine, QueryError, Session, Settings, Translator};
use lantoa_schemas::clock::day_in_vietnam;
use serde::Deserialize;

mod question;
mod row;

pub(crate) use row::{Activity, Area, Change, Coverage, Figure, Indicator, Reconciled, Source, Suspicious, Week};

/// Code of the nation.
pub(crate) const NATION: &str = "00";

/// All that the reports of one year rest on.
#[derive(Debug)]
pub(crate) struct Answers {
    /// The year.
    pub(crate) year: i32,
    /// Its Week, as far as it is known.
    pub(crate) week: Option<Week>,
    /// What the answers stand on.
    pub(crate) ground: Ground,
    /// The map in force when the Week closed, and the one beside it: the map before it, or where none is known the one after.
    pub(crate) maps: Vec<OnMap>,
    /// The province of each area of the first map, by code.
    pub(crate) homes: HashMap<String, String>,
    /// Of the first map, the figures of the year of communes, by the code of their province.
    pub(crate) communes: HashMap<String, Vec<Figure>>,
    /// Who has returned what in communes, by the code of their province.
    pub(crate) returns: HashMap<String, Vec<Coverage>>,
    /// What was held in the Week, by the code of the province; of the nation under its own.
    pub(crate) activities: HashMap<String, Vec<Activity>>,
    /// Figures that break a rule, by the code of the province.
    pub(crate) suspicious: HashMap<String, Vec<Suspicious>>,
    /// What was told in two ways, by the code of the province.
    pub(crate) reconciled: HashMap<String, Vec<Reconciled>>,
    /// The indicators by id.
    pub(crate) indicators: BTreeMap<String, Indicator>,
    /// Names of subject scopes, as the language has them, are the catalogue's.
    pub(crate) translator: Translator,
    /// The sources of printed figures by name.
    pub(crate) sources: BTreeMap<String, Source>,
    /// What differs from the version before; empty for a first one and for a draft.
    pub(crate) changes: Vec<Change>,
}

/// The figures of the nation and its provinces on a map.
#[derive(Debug)]
pub(crate) struct OnMap {
    /// Its first known day.
    pub(crate) day: NaiveDate,
    /// The provinces on it, by code.
    pub(crate) provinces: Vec<Area>,
    /// Figures of all years up to the report's, the nation's and the provinces', by area, indicator, scope, base and year.
    pub(crate) figures: Vec<Figure>,
    /// Targets for later years and those that nothing is reported for.
    pub(crate) targets: Vec<Figure>,
    /// Who has returned what of the year, of the nation and the provinces.
    pub(crate) coverage: Vec<Coverage>,
}

/// What answers stand on.
#[derive(Debug, Clone)]
pub(crate) enum Ground {
    /// A release, and why it was withdrawn, where it was.
    Release(Box<Manifest>, Option<String>),
    /// What was known at an instant.
    Draft(DateTime<Utc>),
}

impl Ground {
    /// The last day of knowledge: the day that the report is dated by.
    pub(crate) fn day(&self) -> NaiveDate {
        match self {
            Self::Release(manifest, _) => as_of_day(&manifest.as_of),
            Self::Draft(now) => day_in_vietnam(*now),
        }
    }

    /// Name and version of the release.
    pub(crate) fn reference(&self) -> Option<String> {
        match self {
            Self::Release(manifest, _) => Some(manifest.reference()),
            Self::Draft(_) => None,
        }
    }
}

/// A day, or the day in Vietnam of an instant, as a manifest has them.
fn as_of_day(as_of: &str) -> NaiveDate {
    let instant = || DateTime::parse_from_rfc3339(as_of).map(|at| day_in_vietnam(at.to_utc()));
    as_of.parse().or_else(|_| instant()).unwrap_or_default()
}

impl Answers {
    /// Asks all of it.
    ///
    /// # Errors
    /// What the engine says of a question.
    pub(crate) async fn of(
        engine: &Engine,
        year: i32,
        stored: Option<&Stored>,
        now: DateTime<Utc>,
    ) -> Result<Self, QueryError> {
        let ground = match stored {
            Some(stored) => {
                let withdrawn = stored.withdrawn.as_ref().map(|withdrawn| withdrawn.reason.clone());
                Ground::Release(Box::new(stored.manifest.clone()), withdrawn)
            }
            None => Ground::Draft(now),
        };
        let settings = Settings { release: ground.reference(), ..Settings::default() };
        let session = engine.session(&Asker::owner(), &settings).map_err(QueryError::from)?;
        let desk = Desk { session: &session, year };
        let week: Option<Week> = desk.ask(question::WEEK).await?.into_iter().next();
        let closes = week.as_ref().and_then(|week| week.end_on);
        let closes = closes.or_else(|| NaiveDate::from_ymd_opt(year, 10, 7)).unwrap_or_default();
        let mut maps = Vec::new();
        for day in desk.maps(closes, &ground).await? {
            maps.push(desk.on_map(day).await?);
        }
        let first = maps.first().map(|map| map.day).unwrap_or_default();
        let homes = desk.homes(first).await?;
        let mut indicators = BTreeMap::new();
        for indicator in desk.ask::<Indicator>(question::INDICATORS).await? {
            indicators.insert(indicator.indicator.clone(), indicator);
        }
        let sources = desk.ask::<Source>(question::SOURCES).await?;
        let translator = session.translator().await?;
        desk.stand_on(first).await?;
        Ok(Self {
            year,
            week,
            communes: by_province(desk.ask(question::COMMUNES).await?, &homes),
            returns: by_province(desk.ask(question::RETURNS).await?, &homes),
            activities: by_province(desk.ask(question::ACTIVITIES).await?, &homes),
            suspicious: by_province(desk.ask(question::SUSPICIOUS).await?, &homes),
            reconciled: by_province(desk.ask(question::RECONCILED).await?, &homes),
            changes: changes(engine, stored).await?,
            maps,
            ground,
            homes,
            indicators,
            translator,
            sources: sources.into_iter().map(|source| (source.source.clone(), source)).collect(),
        })
    }

    /// The first day of the map in force when the Week closed.
    pub(crate) fn first_day(&self) -> NaiveDate {
        self.first_map().map(|map| map.day).unwrap_or_default()
    }

    /// The map in force when the Week closed.
    pub(crate) fn first_map(&self) -> Option<&OnMap> {
        self.maps.first()
    }
}

/// A session that is asked about a year.
struct Desk<'a> {
    session: &'a Session,
    year: i32,
}

impl Desk<'_> {
    /// The rows of a question, with the year at `{year}`.
    async fn ask<T: for<'de> Deserialize<'de>>(&self, question: &str) -> Result<Vec<T>, QueryError> {
        let text = question.replace("{year}", &self.year.to_string());
        row::read(&self.session.sql(&text).await?.collect().await?)
    }

    async fn stand_on(&self, map: NaiveDate) -> Result<(), QueryError> {
        self.session.sql(&format!("SET lantoa.map = '{map}'")).await?.collect().await.map(drop)
    }

    /// The map in force on a day, and the one before it, or after it where none is before. A release may have fewer.
    async fn maps(&self, closes: NaiveDate, ground: &Ground) -> Result<Vec<NaiveDate>, QueryError> {
        #[derive(Deserialize)]
        struct Map {
            map: NaiveDate,
        }
        let known: Vec<Map> = self.ask(question::MAPS).await?;
        let stored = |map: &NaiveDate| match ground {
            Ground::Release(manifest, _) => manifest.maps.contains(&map.to_string()),
            Ground::Draft(_) => true,
        };
        let known: Vec<NaiveDate> = known.into_iter().map(|row| row.map).filter(stored).collect();
        // A day before the first map stands on the first.
        let at = known.partition_point(|map| *map <= closes).saturating_sub(1);
        let beside = if at > 0 { at - 1 } else { at + 1 };
        Ok([at, beside].into_iter().filter_map(|place| known.get(place).copied()).collect())
    }

    async fn on_map(&self, day: NaiveDate) -> Result<OnMap, QueryError> {
        self.stand_on(day).await?;
        let provinces = question::PROVINCES.replace("{map}", &day.to_string());
        Ok(OnMap {
            day,
            provinces: self.ask(&provinces).await?,
            figures: self.ask(question::FIGURES).await?,
            targets: self.ask(question::TARGETS).await?,
            coverage: self.ask(question::COVERAGE).await?,
        })
    }

    /// The province of each area on a map, by the area's code: of a province itself, of the nation the nation.
    async fn homes(&self, map: NaiveDate) -> Result<HashMap<String, String>, QueryError> {
        #[derive(Deserialize)]
        struct Home {
            code: String,
            province: String,
        }
        let homes: Vec<Home> = self.ask(&question::HOMES.replace("{map}", &map.to_string())).await?;
        Ok(homes.into_iter().map(|home| (home.code, home.province)).collect())
    }
}

/// A row that is of an area.
pub(crate) trait OfAnArea {
    /// The area's code; `None` where it has none.
    fn area_code(&self) -> Option<&str>;
}

/// Rows by the province that they are in. One of an area that is not on the map goes to the nation.
fn by_province<T: OfAnArea>(rows: Vec<T>, homes: &HashMap<String, String>) -> HashMap<String, Vec<T>> {
    let mut by_province: HashMap<String, Vec<T>> = HashMap::new();
    for row in rows {
        let home = row.area_code().and_then(|code| homes.get(code)).map_or(NATION, String::as_str);
        by_province.entry(home.to_owned()).or_default().push(row);
    }
    by_province
}

/// What a release has that the version before it had not, or otherwise.
async fn changes(engine: &Engine, stored: Option<&Stored>) -> Result<Vec<Change>, QueryError> {
    let Some(Manifest { name, version, previous: Some(previous), .. }) = stored.map(|stored| &stored.manifest) else {
        return Ok(Vec::new());
    };
    let exactly = |version| Reference { name: name.clone(), at: lantoa_query::release::At::Exact(version) };
    let differing = engine.diff_releases(&exactly(*previous), &exactly(*version), &[]).await?;
    row::read(&differing.whole().collect().await?)
}
