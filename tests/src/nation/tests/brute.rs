//! The truth against a reader who knows only the events and the area history: he sorts, groups and adds up everything
//! anew, slowly and without the generator's answers.

use chrono::{FixedOffset, NaiveDate};
use lantoa_schemas::event::Envelope;
use lantoa_schemas::vocabulary::{SourceKind, Step};

use super::*;

/// Map, level, code.
type Spot = (Map, AreaLevel, String);

struct Reader {
    /// What is known by the day, each id once, in the order of recording.
    events: Vec<Event>,
    /// Ids that are taken back, replaced, or that replace what is not there.
    out: BTreeSet<String>,
    parents: BTreeMap<Spot, Spot>,
    parts: BTreeMap<Spot, Vec<Spot>>,
    /// Old to main new area.
    successors: BTreeMap<Spot, Spot>,
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn day_of(envelope: &Envelope) -> NaiveDate {
    let vietnam = FixedOffset::east_opt(7 * 3600).unwrap();
    envelope.recorded.unwrap().with_timezone(&vietnam).date_naive()
}

fn map_of(day: NaiveDate) -> Map {
    if day.to_string().as_str() < "2025-07-01" { Map::Old } else { Map::New }
}

fn spot(envelope: &Envelope) -> Spot {
    (map_of(envelope.area_date.unwrap()), envelope.area_level.unwrap(), envelope.area_code.clone().unwrap())
}

fn word<V: Vocabulary>(word: Option<V>) -> &'static str {
    word.map_or("", V::as_str)
}

impl Reader {
    fn new(nation: &Nation, as_of: NaiveDate) -> Self {
        let mut ids = BTreeSet::new();
        let known = nation.events().filter(|event| day_of(&event.envelope) <= as_of);
        let events: Vec<Event> = known.filter(|event| ids.insert(event.envelope.event_id.clone())).collect();
        let taken_back: BTreeSet<String> = events.iter().filter_map(|e| e.envelope.retracts.clone()).collect();
        let mut out = taken_back.clone();
        let mut replaced_by: BTreeMap<String, String> = BTreeMap::new();
        for event in &events {
            let Some(target) = &event.envelope.supersedes else { continue };
            if !ids.contains(target) {
                out.insert(event.envelope.event_id.clone());
            } else if !taken_back.contains(&event.envelope.event_id) {
                out.insert(target.clone());
                out.extend(replaced_by.insert(target.clone(), event.envelope.event_id.clone()));
            }
        }
        let (mut parents, mut successors) = (BTreeMap::new(), BTreeMap::new());
        let mut parts: BTreeMap<Spot, Vec<Spot>> = BTreeMap::new();
        for area in AreaHistory::shipped().areas() {
            let map = map_of(area.map);
            let above = match (map, area.level) {
                (_, AreaLevel::Province) => AreaLevel::Nation,
                (_, AreaLevel::District) | (Map::New, AreaLevel::Commune) => AreaLevel::Province,
                (Map::Old, AreaLevel::Commune) => AreaLevel::District,
                (_, AreaLevel::Nation) => continue,
            };
            let parent = (map, above, area.parent_code.clone().unwrap());
            parts.entry(parent.clone()).or_default().push((map, area.level, area.code.clone()));
            parents.insert((map, area.level, area.code.clone()), parent);
        }
        for row in AreaHistory::shipped().successions().iter().filter(|row| row.is_main == 1) {
            let old = (Map::Old, row.old_level, row.old_code.clone());
            successors.insert(old, (Map::New, row.new_level, row.new_code.clone()));
        }
        Self { events, out, parents, parts, successors }
    }

    fn in_force(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(|e| e.envelope.retracts.is_none() && !self.out.contains(&e.envelope.event_id))
    }

    fn upwards(&self, from: &Spot) -> Vec<Spot> {
        std::iter::successors(Some(from.clone()), |spot| self.parents.get(spot).cloned()).collect()
    }

    /// All areas that a single recognition belongs to, on both maps. What became of a district is what became of its
    /// province.
    fn everywhere(&self, spot: &Spot) -> Vec<Spot> {
        let mut all = self.upwards(spot);
        let new = all.iter().find_map(|spot| self.successors.get(spot));
        all.extend(new.into_iter().flat_map(|new| self.upwards(new)));
        all
    }

    /// The figure in force of each cell, as text.
    fn figures(&self) -> BTreeMap<String, String> {
        let mut under_key: BTreeMap<String, Vec<&Event>> = BTreeMap::new();
        for event in self.in_force() {
            let Facts::Statement(facts) = &event.facts else { continue };
            if word(facts.fact) == "target" {
                continue;
            }
            let key = format!("{:?} {} {:?}", cell(event), event.envelope.source.as_ref().unwrap(), facts.as_at);
            under_key.entry(key).or_default().push(event);
        }
        let mut of_cell: BTreeMap<String, Vec<&Event>> = BTreeMap::new();
        for said in under_key.values() {
            let mut standing = said[0];
            for event in said {
                if figures(event) != figures(standing) {
                    standing = event;
                }
            }
            of_cell.entry(cell(standing)).or_default().push(standing);
        }
        let best = |said: Vec<&Event>| {
            let best = said.into_iter().max_by_key(|event| {
                let Facts::Statement(facts) = &event.facts else { unreachable!() };
                let rank = SourceKind::ALL.iter().position(|kind| Some(*kind) == event.envelope.source_kind);
                let stated = event.envelope.stated_on.map(|day| day.last_day());
                (facts.as_at.map(|day| day.last_day()), std::cmp::Reverse(rank), stated, event.envelope.recorded)
            });
            best.map(|event| format!("{} {}", event.envelope.event_id, figures(event))).unwrap()
        };
        of_cell.into_iter().map(|(cell, said)| (cell, best(said))).collect()
    }

    fn individuals(&self) -> BTreeMap<(Spot, String, i32), Individuals> {
        let mut tokens: BTreeMap<(Spot, String), BTreeMap<i32, BTreeSet<String>>> = BTreeMap::new();
        let mut listed: BTreeMap<(Spot, String, i32), BTreeMap<String, i64>> = BTreeMap::new();
        let mut revoked: BTreeMap<(Spot, String, i32), BTreeSet<String>> = BTreeMap::new();
        for event in self.in_force() {
            let Facts::Recognition(facts) = &event.facts else { continue };
            let (model, year) = (facts.model.clone().unwrap(), facts.year.unwrap());
            for spot in self.everywhere(&spot(&event.envelope)) {
                let (key, token) = ((spot.clone(), model.clone(), year), facts.subject_token.clone());
                match (facts.step, token) {
                    (Some(Step::Recognised), Some(token)) => {
                        let years = tokens.entry((spot, model.clone())).or_default();
                        years.entry(year).or_default().insert(token);
                    }
                    (Some(Step::Recognised), None) => {
                        let decision = format!("{:?} {:?}", facts.decision_issuer, facts.decision_number);
                        listed.entry(key).or_default().insert(decision, facts.subjects.unwrap());
                    }
                    (Some(Step::Revoked), Some(token)) => {
                        revoked.entry(key).or_default().insert(token);
                    }
                    _ => {}
                }
            }
        }
        let mut all: BTreeMap<(Spot, String, i32), Individuals> = BTreeMap::new();
        let none = BTreeSet::new();
        for ((spot, model), years) in &tokens {
            let mut ever: BTreeSet<&String> = BTreeSet::new();
            for year in 2000..=2025 {
                let now = years.get(&year).unwrap_or(&none);
                let before = years.get(&(year - 1)).unwrap_or(&none);
                let new = now.iter().filter(|token| ever.insert(token)).count();
                // On its own map an old area ends in 2024.
                if ever.is_empty() || (spot.0 == Map::Old && year == 2025) {
                    continue;
                }
                let count = all.entry((spot.clone(), model.clone(), year)).or_default();
                count.recognised = now.len() as i64;
                count.new_adopters = new as i64;
                count.cumulative_adopters = ever.len() as i64;
                count.retained = now.intersection(before).count() as i64;
            }
        }
        for (key, decisions) in listed {
            all.entry(key).or_default().listed = decisions.values().sum();
        }
        for (key, tokens) in revoked {
            all.entry(key).or_default().revoked = tokens.len() as i64;
        }
        all
    }
}

/// Area, map, year and what is counted.
fn cell(event: &Event) -> String {
    let Facts::Statement(facts) = &event.facts else { unreachable!() };
    let what = [facts.measure.as_deref().unwrap(), word(facts.stage), facts.subject_scope.as_deref().unwrap()];
    let words = [word(facts.fact), word(facts.base), word(facts.span)];
    format!("{:?} {} {what:?} {words:?}", spot(&event.envelope), facts.period.unwrap())
}

fn figures(event: &Event) -> String {
    let Facts::Statement(facts) = &event.facts else { unreachable!() };
    let printed = facts.printed_percent.as_ref().map_or("", |percent| percent.as_str());
    let precision = word(facts.numerator_precision);
    format!("{:?} {precision} {:?} {:?} {printed}", facts.numerator, facts.denominator, facts.sessions)
}

/// The truth's figures in the reader's words.
fn told(truth: &Truth) -> BTreeMap<String, String> {
    let lines = truth.figures.iter().map(|(Cell { area, line }, chosen)| {
        let spot: Spot = (area.map, area.level, area.code.to_owned());
        let what = [line.measure(), word(line.stage()), line.scope()];
        let words = [line.fact().as_str(), word(line.base()), line.span().as_str()];
        let figure = chosen.figure;
        let printed = figure.printed.map_or(String::new(), |p| format!("{}.{:02}", p / 100, p % 100));
        let said = format!(
            "{} {:?} {} {:?} {:?} {printed}",
            chosen.event_id,
            Some(figure.numerator),
            word(figure.precision),
            figure.denominator,
            figure.sessions
        );
        (format!("{spot:?} {} {what:?} {words:?}", area.year), said)
    });
    lines.collect()
}

const DAYS: [&str; 5] = ["2023-10-20", "2024-01-20", "2025-01-15", "2025-02-20", "2026-12-31"];

#[test]
fn figures_in_force_are_those_that_a_reader_finds() {
    let nation = small();
    for as_of in DAYS.map(day) {
        let (truth, found) = (told(&Truth::new(&nation, Some(as_of))), Reader::new(&nation, as_of).figures());
        assert!(found.len() > 40, "{as_of}");
        for cell in truth.keys().chain(found.keys()) {
            assert_eq!(truth.get(cell), found.get(cell), "{cell} as of {as_of}");
        }
    }
}

#[test]
fn individuals_are_those_that_a_reader_counts() {
    let nation = small();
    for as_of in DAYS.map(day) {
        let truth = Truth::new(&nation, Some(as_of));
        let truth = truth.individuals.iter().map(|(Cell { area, line }, count)| {
            (((area.map, area.level, area.code.to_owned()), line.measure().to_owned(), area.year), *count)
        });
        let truth: BTreeMap<_, _> = truth.collect();
        let mut found = Reader::new(&nation, as_of).individuals();
        // What a later year only carries on is told of years with records alone.
        found.retain(|_, count| *count != Individuals::default());
        for cell in truth.keys().chain(found.keys()) {
            assert_eq!(truth.get(cell), found.get(cell), "{cell:?} as of {as_of}");
        }
    }
}

#[test]
fn occasions_members_targets_and_returns_are_those_that_a_reader_finds() {
    let nation = small();
    for as_of in DAYS.map(day) {
        let truth = Truth::new(&nation, Some(as_of));
        let reader = Reader::new(&nation, as_of);
        let mut held: BTreeMap<(Spot, i32, String), Held> = BTreeMap::new();
        let mut members: BTreeMap<(Spot, i32), Members> = BTreeMap::new();
        let mut targets: BTreeMap<String, String> = BTreeMap::new();
        for event in reader.in_force() {
            let year = event.envelope.occurred_on.map_or(0, |day| day.year());
            match &event.facts {
                Facts::Activity(facts) => {
                    for spot in reader.upwards(&spot(&event.envelope)) {
                        let sum = held.entry((spot, year, facts.activity.clone().unwrap())).or_default();
                        sum.events += 1;
                        sum.sessions += facts.sessions.unwrap_or(1);
                        sum.attendances += facts.attendances.unwrap();
                        sum.persons += facts.persons.unwrap_or(0);
                    }
                }
                Facts::Membership(facts) => {
                    for spot in reader.upwards(&spot(&event.envelope)) {
                        let sum = members.entry((spot, year)).or_default();
                        if word(facts.change) == "left" { sum.left += 1 } else { sum.joined += 1 }
                    }
                }
                Facts::Statement(facts) if word(facts.fact) == "target" => {
                    let what = [facts.measure.as_deref().unwrap(), facts.subject_scope.as_deref().unwrap()];
                    let key = format!("{:?} {} {what:?}", spot(&event.envelope), facts.period.unwrap());
                    targets.insert(key, facts.printed_percent.as_ref().unwrap().to_string());
                }
                _ => {}
            }
        }
        let own = |area: &AreaYear| ((area.map, area.level, area.code.to_owned()), area.year);
        let of_truth = truth.held.iter().map(|((area, activity), held)| {
            let (spot, year) = own(area);
            ((spot, year, (*activity).to_owned()), *held)
        });
        assert_eq!(of_truth.collect::<BTreeMap<_, _>>(), held, "{as_of}");
        assert_eq!(truth.members.iter().map(|(area, sum)| (own(area), *sum)).collect::<BTreeMap<_, _>>(), members);
        let of_truth = truth.targets.iter().map(|(Cell { area, line }, percent)| {
            let (spot, year) = own(area);
            (format!("{spot:?} {year} {:?}", [line.measure(), line.scope()]), percent.to_string())
        });
        assert_eq!(of_truth.collect::<BTreeMap<_, _>>(), targets, "{as_of}");
        check_returns(&truth, &reader, as_of);
    }
}

fn check_returns(truth: &Truth, reader: &Reader, as_of: NaiveDate) {
    let mut sent: BTreeMap<(Spot, i32), (NaiveDate, NaiveDate)> = BTreeMap::new();
    // Sheets sent again are not new events, but they are sheets of the office: `events` has each id only once.
    for event in &reader.events {
        let source = event.envelope.source.as_deref().unwrap_or_default();
        let Some(year) = source.strip_prefix("return-").and_then(|rest| rest[..4].parse().ok()) else { continue };
        let day = day_of(&event.envelope);
        sent.entry((spot(&event.envelope), year)).or_insert((day, day)).1 = day;
    }
    let mut late = 0;
    for (area, found) in &truth.returns {
        let first = sent.get(&((area.map, area.level, area.code.to_owned()), area.year)).map(|days| days.0);
        let last = sent.get(&((area.map, area.level, area.code.to_owned()), area.year)).map(|days| days.1);
        assert_eq!(found.first_recorded, first, "{area:?} as of {as_of}");
        // A sheet sent again is the one case in which the last record is no new event.
        assert!(found.last_recorded == last || found.last_recorded == last.and_then(|day| day.succ_opt()));
        assert_eq!(found.due, day(&format!("{}-01-31", area.year + 1)));
        assert_eq!(found.late, first.unwrap_or(as_of) > found.due);
        late += usize::from(found.late);
    }
    assert_eq!(truth.returns.len(), 2 * 749 + 261, "each commune is asked each year");
    assert_eq!(late > 0, as_of > day("2024-01-31"), "{late} late as of {as_of}");
}

/// Own total first, else the sum of the parts, told from the reader's figures and the area history alone.
fn total(reader: &Reader, figures: &BTreeMap<String, String>, spot: &Spot, what: &str) -> Option<i64> {
    let numerator = |said: &String| said.split("Some(").nth(1)?.split(')').next()?.parse::<i64>().ok();
    if let Some(own) = figures.get(&format!("{spot:?} {what}")) {
        return numerator(own);
    }
    let below = reader.parts.get(spot).into_iter().flatten();
    let parts: Vec<i64> = below.filter_map(|part| total(reader, figures, part, what)).collect();
    (!parts.is_empty()).then(|| parts.iter().sum())
}

#[test]
fn totals_follow_the_rules_on_both_maps() {
    let nation = small();
    let as_of = day("2026-12-31");
    let (truth, reader) = (Truth::new(&nation, None), Reader::new(&nation, as_of));
    let (figures, land) = (reader.figures(), nation.land());
    let line = Line::LearningFamily;
    let what =
        |year: i32| format!(r#"{year} ["learning_family", "recognised", "household"] ["actual", "all", "stock"]"#);
    let value = |id, year| truth.total(land, id, year, line).filter(|t| t.derivation != Derivation::Counted);
    let (mut stated, mut summed, mut estimated, mut missing) = (0, 0, 0, 0);
    for (id, place) in land.places().iter().enumerate() {
        let spot: Spot = (place.map, place.level, place.code.to_owned());
        for year in 2023..=2025 {
            let found = value(id, year);
            let expected = match (place.map, year) {
                (Map::Old, 2025) => {
                    let new = reader.successors.get(&spot);
                    let mains = |new: &Spot| reader.successors.values().filter(|other| *other == new).count();
                    let same = new.filter(|new| new.2 == spot.2 && mains(new) == 1 && !place.split);
                    same.and_then(|new| total(&reader, &figures, new, &what(year)))
                }
                (Map::Old, _) | (_, 2025) => total(&reader, &figures, &spot, &what(year)),
                (Map::New, _) if place.level == AreaLevel::Nation => {
                    let old: Spot = (Map::Old, AreaLevel::Nation, "00".into());
                    total(&reader, &figures, &old, &what(year))
                }
                (Map::New, _) => {
                    let from = reader.successors.iter().filter(|(_, new)| **new == spot).map(|(old, _)| old);
                    let parts: Vec<_> = from.filter_map(|old| total(&reader, &figures, old, &what(year))).collect();
                    (!parts.is_empty()).then(|| parts.iter().sum())
                }
            };
            assert_eq!(found.map(|total| total.numerator), expected, "{spot:?} {year}");
            let Some(found) = found else {
                missing += 1;
                continue;
            };
            if place.level == AreaLevel::Province {
                stated += usize::from(found.derivation == Derivation::Stated);
                summed += usize::from(found.derivation == Derivation::Summed);
                assert!(!found.estimated && found.parts > 0);
            }
            estimated += usize::from(found.estimated);
            assert!(found.parts_reported <= found.parts);
            let (of, whole) = found.rate.unwrap_or((0, 1));
            assert!(of <= whole && found.denominator.is_none_or(|all| all == whole), "{spot:?} {year}: {found:?}");
        }
    }
    assert!(stated > 2 && summed > 2 && estimated > 4 && missing > 4, "{stated} {summed} {estimated} {missing}");
}

#[test]
fn singles_are_counted_only_where_nothing_is_stated_and_remainders_are_known() {
    let nation = small();
    let (truth, land) = (Truth::new(&nation, None), nation.land());
    let (mut counted, mut remainders) = (0, 0);
    for (id, place) in land.places().iter().enumerate() {
        for year in 2023..=2025 {
            for line in MODELS {
                let Some(total) = truth.total(land, id, year, line) else { continue };
                let area = AreaYear { map: place.map, level: place.level, code: place.code, year };
                let singles = truth.individuals.get(&Cell { area, line }).copied().unwrap_or_default();
                let stated = truth.figures.get(&Cell { area, line });
                match total.derivation {
                    Derivation::Counted => {
                        assert_eq!(total.numerator, singles.recognised + singles.listed);
                        assert_eq!((stated, truth.sum_of_parts(land, id, year, line)), (None, None));
                        counted += 1;
                    }
                    Derivation::Stated if !place.is_leaf() && place.level != AreaLevel::Nation => {
                        let parts = truth.sum_of_parts(land, id, year, line).map(|parts| parts.numerator);
                        remainders += usize::from(parts.is_some_and(|parts| parts != total.numerator));
                    }
                    Derivation::Stated | Derivation::Summed => {}
                }
            }
        }
    }
    assert!(counted > 50 && remainders > 20, "{counted} counted, {remainders} remainders");
}

#[test]
fn decisions_of_several_levels_are_one_count() {
    let nation = small();
    let (truth, reader) = (Truth::new(&nation, None), Reader::new(&nation, day("2026-12-31")));
    let line = Line::LearningCommunityCommune;
    let mut decided: BTreeMap<(Spot, i32), i64> = BTreeMap::new();
    for event in reader.in_force() {
        let Facts::Recognition(facts) = &event.facts else { continue };
        if facts.model.as_deref() == Some(line.measure()) {
            *decided.entry((spot(&event.envelope), facts.year.unwrap())).or_default() += facts.subjects.unwrap();
        }
    }
    let land = nation.land();
    let mut of_several_levels = 0;
    for id in (0..land.places().len()).filter(|id| land.place(*id).level == AreaLevel::Province) {
        let place = land.place(id);
        let province: Spot = (place.map, place.level, place.code.to_owned());
        for year in 2023..=2025 {
            let within: Vec<_> = decided
                .iter()
                .filter(|((at, of), _)| *of == year && reader.everywhere(at).contains(&province))
                .collect();
            let levels: BTreeSet<&str> = within.iter().map(|((at, _), _)| at.1.as_str()).collect();
            let total = truth.total(land, id, year, line);
            let count = total.filter(|total| total.derivation == Derivation::Counted);
            let Some(count) = count else { continue };
            assert_eq!(count.numerator, within.iter().map(|(_, listed)| **listed).sum::<i64>(), "{province:?} {year}");
            of_several_levels += usize::from(levels.len() > 1);
        }
    }
    assert!(of_several_levels > 0, "no province counts decisions of several levels");
}
