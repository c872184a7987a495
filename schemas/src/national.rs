//! The nation's targets, by which an area without a plan of its own is measured.
//!
//! In: `data/national_target.csv`, in the columns of the form `statement` and `class`. Out: one value a row. Where the
//! legal text could not be read there is no row, so a missing target is not known, never none.

use std::sync::OnceLock;

use serde::{Deserialize, Deserializer, Serialize};

use crate::partial_date::PartialDate;
use crate::vocabulary::{Stage, Vocabulary};
use crate::wording::List;

/// What the nation wants reached by the end of a year.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct NationalTarget {
    /// Key of its source.
    pub source: String,
    /// The decision, as a target's column `plan` names it.
    pub plan: String,
    /// Date of the decision, as far as it is known.
    #[serde(deserialize_with = "partial_date")]
    pub stated_on: PartialDate,
    /// A title of the catalogue.
    pub measure: String,
    /// The stage to be reached.
    pub stage: Stage,
    /// Of whom, a scope of the catalogue.
    pub subject_scope: String,
    /// The deadline.
    #[serde(rename = "period")]
    pub year: i32,
    /// Percent of all subjects of the scope: the decisions name no other base.
    #[serde(rename = "printed_percent")]
    pub percent: f64,
    /// The areas it is for; `None` for the general target.
    pub class: Option<AreaClass>,
}

/// Areas for which a target of their own was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AreaClass {
    /// Areas in difficulty (vùng khó khăn). Which areas these are `area_classified` events say; nothing ships.
    Difficult,
}

impl Vocabulary for AreaClass {
    const ALL: &'static [Self] = &[Self::Difficult];

    const WORDS: Option<List> = Some(List::AreaClass);

    fn as_str(self) -> &'static str {
        match self {
            Self::Difficult => "difficult",
        }
    }
}

/// All national targets in the order of their deadlines.
pub fn national_targets() -> &'static [NationalTarget] {
    static TARGETS: OnceLock<Vec<NationalTarget>> = OnceLock::new();
    TARGETS.get_or_init(|| {
        csv::Reader::from_reader(TEXT.as_bytes())
            .deserialize()
            .collect::<Result<_, _>>()
            .expect("the shipped targets are read by this crate's tests")
    })
}

const TEXT: &str = include_str!("../data/national_target.csv");

fn partial_date<'de, D: Deserializer<'de>>(from: D) -> Result<PartialDate, D::Error> {
    let text = String::deserialize(from)?;
    PartialDate::parse(&text).ok_or_else(|| serde::de::Error::custom("is no year, month or day"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::area::AreaHistory;
    use crate::catalogue::Catalogue;
    use crate::form;
    use crate::validate::fields::SheetRow;
    use crate::validate::{Judge, Row, Stamp};
    use crate::vocabulary::Via;

    #[test]
    fn the_targets_are_those_of_the_decisions() {
        let of = |year, class| -> Vec<_> {
            let asked = national_targets().iter().filter(|target| target.year == year && target.class == class);
            asked.map(|target| (target.subject_scope.as_str(), target.percent)).collect()
        };
        let homes = |family, clan, village| vec![("household", family), ("clan", clan), ("village", village)];
        let difficult = Some(AreaClass::Difficult);
        let general = [homes(70.0, 50.0, 60.0), vec![("unit_in_commune", 50.0)]].concat();
        assert_eq!(of(2020, None), general);
        assert_eq!(of(2020, difficult), homes(60.0, 40.0, 50.0));
        let citizens = |workers, staff| vec![("worker_in_learning_home", workers), ("staff_of_learning_unit", staff)];
        let general = [homes(70.0, 65.0, 65.0), vec![("unit_in_commune", 80.0)], citizens(40.0, 60.0)].concat();
        assert_eq!(of(2025, None), general);
        assert_eq!(of(2030, None), citizens(60.0, 80.0));
        assert_eq!(national_targets().len(), 15);
        for target in national_targets() {
            assert!(target.stated_on.year() < target.year, "{}: stated after its deadline", target.plan);
        }
    }

    /// As statements they would be taken: their measures, scopes and area are those of the contract.
    #[test]
    fn intake_would_take_each_of_them() {
        let mut sheet = csv::Reader::from_reader(TEXT.as_bytes());
        let mut header: Vec<String> = sheet.headers().unwrap().iter().map(str::to_owned).collect();
        assert_eq!(header.pop().as_deref(), Some("class"));
        assert_eq!(form::STATEMENT.unknown(header.iter().map(String::as_str)), Vec::<&str>::new());
        assert_eq!(form::STATEMENT.missing(header.iter().map(String::as_str)), Vec::<&str>::new());
        let now = "2026-01-15T03:00:00Z".parse().unwrap();
        let judge = Judge { history: AreaHistory::shipped(), catalogue: Catalogue::shipped(), now };
        for (at, record) in sheet.records().enumerate() {
            let mut cells: Vec<String> = record.unwrap().iter().map(str::to_owned).collect();
            cells.truncate(header.len());
            let fields = SheetRow { header: &header, cells: &cells };
            let event_type = form::STATEMENT.event_type(&fields).unwrap().to_string();
            let row = Row { event_id: None, event_type: &event_type, reporter: None, fields: &fields };
            let stamp = Stamp { sender: "local".into(), via: Via::File, receipt: "r".into(), row: at as u64 + 1 };
            assert_eq!(judge.judge(&row, &stamp).err(), None, "row {}", at + 1);
        }
    }
}
