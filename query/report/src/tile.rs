//! Where each province stands on a map of tiles, and its short name there.
//!
//! In: `data/tile.csv`, drawn by hand for this project: the 63 provinces of the map of 2025-06-30 and the 34 of 2025-07-01
//! on a grid that keeps the country's shape and the order of neighbours as well as squares can. Out: the places of a map.
//! Guarantee: every province of both maps has one place, and no two share a place or a short name.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use chrono::NaiveDate;
use serde::Deserialize;

/// The place of a province.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its code on the map.
    pub(crate) code: String,
    /// Column from the west, from 0.
    pub(crate) column: u32,
    /// Row from the north, from 0.
    pub(crate) row: u32,
    /// Its name in two to four letters: `HCM`.
    pub(crate) short: String,
}

/// The places of a map's provinces, by code. A map is named by its first known day, as in the history of areas; none of
/// one that is not in the file.
pub(crate) fn places(map: NaiveDate) -> &'static [Place] {
    static PLACES: OnceLock<BTreeMap<NaiveDate, Vec<Place>>> = OnceLock::new();
    PLACES.get_or_init(shipped).get(&map).map_or(&[], Vec::as_slice)
}

#[derive(Deserialize)]
struct Row {
    map: NaiveDate,
    code: String,
    column: u32,
    row: u32,
    short: String,
}

fn shipped() -> BTreeMap<NaiveDate, Vec<Place>> {
    let mut maps: BTreeMap<NaiveDate, Vec<Place>> = BTreeMap::new();
    let mut reader = csv::Reader::from_reader(include_str!("../data/tile.csv").as_bytes());
    for row in reader.deserialize() {
        let Row { map, code, column, row, short } = row.expect("the shipped file of tiles is read by a test");
        maps.entry(map).or_default().push(Place { code, column, row, short });
    }
    maps
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lantoa_schemas::area::AreaHistory;
    use lantoa_schemas::vocabulary::AreaLevel;

    use super::*;

    #[test]
    fn every_province_of_every_shipped_map_has_a_place_of_its_own() {
        let history = AreaHistory::shipped();
        assert_eq!(history.maps().len(), 2);
        for map in history.maps() {
            let provinces = history.areas().iter().filter(|area| area.map == *map && area.level == AreaLevel::Province);
            let mut provinces: Vec<&str> = provinces.map(|area| area.code.as_str()).collect();
            provinces.sort_unstable();
            let places = places(*map);
            let codes: Vec<&str> = places.iter().map(|place| place.code.as_str()).collect();
            assert_eq!(codes, provinces, "{map}");
            let taken: BTreeSet<(u32, u32)> = places.iter().map(|place| (place.column, place.row)).collect();
            assert_eq!(taken.len(), places.len(), "two provinces of {map} share a place");
            let shorts: BTreeSet<&str> = places.iter().map(|place| place.short.as_str()).collect();
            assert_eq!(shorts.len(), places.len(), "two provinces of {map} share a short name");
            for short in shorts {
                assert!((2..=4).contains(&short.chars().count()), "{short}");
                assert_eq!(short.to_uppercase(), short);
            }
        }
    }

    #[test]
    fn the_north_is_at_the_top_and_the_west_at_the_left() {
        let check = |map: NaiveDate, code: &str| {
            let place = places(map).iter().find(|place| place.code == code).unwrap();
            (place.column, place.row)
        };
        for map in AreaHistory::shipped().maps() {
            let [cao_bang, dien_bien, hue, ca_mau] = ["04", "11", "46", "96"].map(|code| check(*map, code));
            assert!(cao_bang.1 < dien_bien.1 && dien_bien.1 < hue.1 && hue.1 < ca_mau.1);
            assert!(dien_bien.0 < cao_bang.0 && ca_mau.0 < hue.0);
        }
        assert!(places(NaiveDate::MIN).is_empty());
    }
}
