use super::*;
use crate::vocabulary::{Base, Vocabulary};

const SHIPPED: &str = include_str!("../../data/catalogue.toml");

fn faults_with(change: impl Fn(&str) -> String) -> Vec<String> {
    match Catalogue::read(&change(SHIPPED)) {
        Ok(_) => Vec::new(),
        Err(CatalogueError::Faults(faults)) => faults,
        Err(CatalogueError::Form(error)) => panic!("{error}"),
    }
}

#[test]
fn the_shipped_catalogue_agrees_with_itself() {
    assert_eq!(faults_with(str::to_owned), Vec::<String>::new());
}

#[test]
fn an_entry_leaves_to_its_measure_what_the_measure_says() {
    let catalogue = Catalogue::shipped();
    let citizen = catalogue.indicator("learning_citizen").unwrap();
    assert_eq!(citizen.legal.as_deref(), Some("677/QĐ-TTg"));
    assert_eq!(citizen.subject, ["citizen", "worker_in_learning_home", "staff_of_learning_unit"]);
    assert!(!citizen.nulls_vi.is_empty() && !citizen.nulls_en.is_empty());
    assert!(!citizen.is_defined_in(2021) && citizen.is_defined_in(2022) && citizen.is_defined_in(2030));
    let district = catalogue.indicator("learning_community_district").unwrap();
    assert!(district.is_defined_in(2025) && !district.is_defined_in(2026));
    let subject = |id: &str| catalogue.indicator(id).unwrap().subject.join(" ");
    assert_eq!(subject("seminar_per_1000"), "");
    assert_eq!(subject("seminar_attendance_per_1000"), "attendance");
    assert_eq!(subject("centre_class_person_per_1000"), "person");
}

#[test]
fn a_figure_finds_its_indicator_and_its_denominator() {
    let catalogue = Catalogue::shipped();
    let id = |measure, stage| catalogue.indicator_of(measure, stage).map(|indicator| indicator.id.as_str());
    assert_eq!(id("learning_unit", None), Some("learning_unit"));
    assert_eq!(id("learning_unit", Some(Stage::Recognised)), Some("learning_unit"));
    assert_eq!(id("learning_unit", Some(Stage::Registered)), Some("learning_unit_registered"));
    assert_eq!(id("membership", None), Some("membership"));
    assert_eq!(id("training_class", None), None);
    assert_eq!(id("household", None), None);
    let size = |id: &str, base, scope| {
        let line = catalogue.indicator(id)?.base(base, scope)?;
        line.measure.as_deref().or(line.indicator.as_deref())
    };
    assert_eq!(size("learning_unit", Base::All, Some("unit")), Some("unit"));
    assert_eq!(size("learning_unit", Base::All, Some("unit_in_commune")), Some("unit_in_commune"));
    assert_eq!(size("learning_unit", Base::All, None), None, "nobody says which units");
    assert_eq!(size("learning_unit", Base::Registered, Some("unit")), Some("learning_unit_registered"));
    assert_eq!(size("learning_family", Base::All, None), Some("household"));
    assert_eq!(size("learning_family", Base::Population, None), None);
    assert_eq!(size("membership", Base::Population, Some("member")), Some("population"));
}

#[test]
fn scopes_compare_only_where_the_catalogue_says_so() {
    let pairs: Vec<_> = Catalogue::shipped()
        .answers()
        .iter()
        .map(|answer| (answer.measure.as_str(), answer.actual.as_str(), answer.target.as_str()))
        .collect();
    assert_eq!(pairs, [("learning_unit", "unit", "unit_in_commune")]);
}

/// The counts that areas printed: none of the sound ones is caught, the known slips are.
#[test]
fn containments_catch_the_slips_and_nothing_else() {
    let broken = |part: &str, count: f64, whole: &str, of: f64| {
        let rules = Catalogue::shipped().containments().iter();
        let mut asked = rules.filter(|rule| rule.part == part && rule.whole == whole).peekable();
        assert!(asked.peek().is_some(), "nothing says that {whole} contains {part}");
        asked.any(|rule| count > rule.at_most * of)
    };
    for (clans, families, implausible) in [
        (119_127.0, 170_957.0, true),
        (1_564.0, 138_068.0, false),
        (8_579.0, 1_669_074.0, false),
        (7_531.0, 556_862.0, false),
        (40_000.0, 8_000_000.0, false),
    ] {
        assert_eq!(broken("learning_clan", clans, "learning_family", families), implausible, "{clans}");
    }
    for (part, count, whole, of) in [
        ("learning_family", 138_068.0, "household", 187_624.0),
        ("learning_family", 15_772.0, "learning_family_registered", 17_528.0),
        ("learning_clan", 53.0, "learning_clan_registered", 55.0),
        ("learning_unit", 818.0, "unit", 834.0),
        ("membership_party", 29_245.0, "membership", 337_294.0),
        ("membership", 27_000_000.0, "population", 96_208_984.0),
        ("household", 26_870_079.0, "population", 96_208_984.0),
    ] {
        assert!(!broken(part, count, whole, of), "{part}");
        assert!(broken(part, of, whole, count), "{part}");
    }
    let kept = |rule: &&Containment| rule.whole.ends_with("_commune_registered");
    assert!(!Catalogue::shipped().containments().iter().any(|rule| kept(&rule)), "their titles outlast the year");
}

#[test]
fn a_rating_belongs_to_its_set() {
    let sets = Catalogue::shipped().criteria_sets();
    let codes: Vec<_> = sets.iter().map(|set| set.code.as_str()).collect();
    assert_eq!(codes, ["44/2014", "448/QĐ-KHVN", "22/2020", "24/2023", "25/2023", "324/QĐ-KHVN"]);
    let units = sets.iter().find(|set| set.code == "22/2020").unwrap();
    let words: Vec<_> = units.ratings.iter().map(|rating| (rating.vi.as_str(), rating.from_points)).collect();
    assert_eq!(words, [("tốt", Some(85)), ("khá", Some(70)), ("trung bình", Some(50))]);
    let dated = SHIPPED.replace("effective_from = \"2015\"", "effective_from = \"2015-01\"");
    let catalogue = Catalogue::read(&dated).unwrap();
    assert_eq!(catalogue.criteria_sets()[0].effective_from.map(|date| date.to_string()).as_deref(), Some("2015-01"));
    let misdated = dated.replace("\"2015-01\"", "\"01/2015\"");
    assert!(matches!(Catalogue::read(&misdated), Err(CatalogueError::Form(_))));
}

const NEW_MEASURE: &str = r#"
[[measure]]
id = "reading_room"
name_vi = "Phòng đọc"
name_en = "Reading rooms"
kind = "rate"
scopes = ["village"]
"#;

const NEW_INDICATOR: &str = r#"
[[indicator]]
id = "reading_room"
measure = "reading_room"
name_vi = "Thôn có phòng đọc"
name_en = "Villages with a reading room"
numerator_vi = "số thôn có phòng đọc"
numerator_en = "villages with a reading room"
denominator_vi = "tổng số thôn"
denominator_en = "all villages"
bases = [{ base = "all", measure = "village" }]
"#;

#[test]
fn adding_an_indicator_is_adding_an_entry() {
    let catalogue = Catalogue::read(&format!("{SHIPPED}{NEW_MEASURE}{NEW_INDICATOR}")).unwrap();
    let added = catalogue.indicator_of("reading_room", None).unwrap();
    assert_eq!((added.unit, added.counts, added.direction), (Unit::Percent, Counts::Numerator, Direction::Higher));
    assert_eq!((added.unit.factor(), added.additive, added.min_coverage_percent), (Some(100.0), true, 80.0));
    assert_eq!(added.subject, ["village"]);
    assert_eq!(added.disaggregations, ["area", "year", "subject_scope", "base"]);
}

#[test]
fn each_fault_is_named() {
    let entry = |from: &'static str, to: &'static str| {
        assert_eq!(NEW_INDICATOR.matches(from).count(), 1, "{from}");
        format!("{NEW_MEASURE}{}", NEW_INDICATOR.replace(from, to))
    };
    let with = |line: &str| format!("{NEW_MEASURE}{NEW_INDICATOR}{line}\n");
    for (added, fault) in [
        (NEW_MEASURE.to_owned(), "reading_room: no indicator"),
        (NEW_INDICATOR.to_owned(), "reading_room: no measure reading_room"),
        (NEW_MEASURE.replace("\"rate\"", "\"title\""), "reading_room: no indicator of the stage assessed"),
        (NEW_MEASURE.replace("\"rate\"", "\"activity\""), "no indicators of its sessions and attendances"),
        (NEW_MEASURE.replace("\"village\"", "\"hamlet\""), "reading_room: no scope hamlet"),
        (format!("{}{NEW_INDICATOR}", NEW_MEASURE.replace("\"rate\"", "\"base\"")), "both a base and an indicator"),
        (format!("{NEW_MEASURE}{NEW_MEASURE}{NEW_INDICATOR}"), "reading_room: the measure is there twice"),
        (with(NEW_INDICATOR), "reading_room: the indicator is there twice"),
        (entry("id = \"reading_room\"", "id = \"room\""), "is called reading_room"),
        (with("stage = \"registered\""), "has a stage"),
        (with("counts = \"sessions\""), "only an activity has sessions"),
        (with("subject = [\"clan\"]"), "reading_room is not counted of clan"),
        (with("disaggregations = [\"colour\"]"), "nothing is told apart by colour"),
        (entry("\"Thôn có phòng đọc\"", "\"\""), "name or numerator is blank"),
        (entry("\"tổng số thôn\"", "\"\""), "says its denominator"),
        (with("unit = \"count\""), "says its denominator"),
        (entry("{ base = \"all\", measure = \"village\" }", ""), "has bases"),
        (entry("measure = \"village\"", "measure = \"membership\""), "membership is no base measure"),
        (entry("measure = \"village\"", "indicator = \"hamlet\""), "no other indicator hamlet"),
        (entry("measure = \"village\"", "scope = \"clan\""), "it is not counted of clan"),
        (entry("\"village\" }", "\"village\" }, { base = \"all\" }"), "the base all is there twice"),
        (entry("\"village\" }", "\"village\", indicator = \"membership\" }"), "the base all has two denominators"),
        (with("min_coverage_percent = 101.0"), "is not from 0 to 100"),
        (with("nulls = \"guess\""), "no null policy guess"),
        (with("defined_from = 2025\ndefined_to = 2024"), "defined_to lies before"),
        (answer("citizen", "village"), "learning_citizen: no answer: it is not counted of village"),
        (answer("citizen", "citizen"), "a scope answers itself"),
        (containment("hamlet", "household", "1.0"), "hamlet: in a containment"),
        (containment("training_class", "household", "1.0"), "training_class: in a containment"),
        (containment("household", "household", "1.0"), "household: contains itself"),
        (containment("clan", "household", "20.0"), "at_most is not a share"),
        (criteria("measures = [\"membership\"]"), "9/2099: membership is no title"),
        (criteria(&ratings(50, 70)), "9/2099: ratings are not best first"),
        (criteria(&ratings(120, 70)), "a rating takes more points than there are"),
    ] {
        let faults = faults_with(|shipped| format!("{shipped}{added}"));
        assert!(faults.iter().any(|found| found.contains(fault)), "{fault}: {faults:?}");
    }
}

fn answer(actual: &str, target: &str) -> String {
    let names = format!("measure = \"learning_citizen\"\nactual = \"{actual}\"\ntarget = \"{target}\"");
    format!("\n[[answers]]\n{names}\nnote_vi = \"v\"\nnote_en = \"e\"\n")
}

fn containment(part: &str, whole: &str, at_most: &str) -> String {
    let names = format!("parts = [\"{part}\"]\nwhole = \"{whole}\"\nat_most = {at_most}");
    format!("\n[[containment]]\n{names}\nreason_vi = \"v\"\nreason_en = \"e\"\n")
}

fn criteria(line: &str) -> String {
    format!("\n[[criteria_set]]\ncode = \"9/2099\"\nname_vi = \"v\"\nname_en = \"e\"\n{line}\n")
}

fn ratings(best: u32, next: u32) -> String {
    let rating = |from: u32| format!("{{ vi = \"v\", en = \"e\", from_points = {from} }}");
    format!("points = 100\nratings = [{}, {}]", rating(best), rating(next))
}

#[test]
fn words_of_the_file_read_back() {
    fn all<V: Vocabulary + PartialEq + std::fmt::Debug>() {
        for &word in V::ALL {
            assert_eq!(V::parse(word.as_str()), Some(word));
        }
    }
    all::<Counts>();
    all::<Unit>();
    all::<Direction>();
    for &unit in Unit::ALL {
        let text = format!("{SHIPPED}{NEW_MEASURE}{NEW_INDICATOR}unit = \"{}\"\n", unit.as_str());
        // A plain count has no denominator, so that entry is refused, but by its own rule and not as an unknown word.
        assert!(!matches!(Catalogue::read(&text), Err(CatalogueError::Form(_))), "{}", unit.as_str());
    }
}

#[test]
fn a_slip_finds_its_word() {
    assert_eq!(nearest("learning_familly", ["learning_clan", "learning_family"]), Some("learning_family"));
    assert_eq!(nearest("zzz", ["learning_clan"]), None);
    assert_eq!(near("yen bay", ["yen bai", "tan yen", "yen bac", "yen bai"]), ["yen bac", "yen bai"]);
    assert_eq!(near("bac gianng", ["bac quang", "bac giang"]), ["bac giang"]);
    assert_eq!(near("tan a", ["tan f", "tan e", "tan d", "tan c"]), ["tan c", "tan d", "tan e"]);
    assert!(near("zzz", ["learning_clan"]).is_empty());
}

#[test]
fn events_enter_measures_of_their_own() {
    let entry = |id: &str, bases: &[&str]| -> CatalogueEntered {
        let name = if id == "nameless" { "" } else { "Đọc sách" };
        serde_json::from_value(serde_json::json!({ "id": id, "name_vi": name, "name_en": "Reading", "bases": bases }))
            .unwrap()
    };
    let entries = [
        entry("reading_person", &["adult", "population"]),
        entry("library_visit", &[]),
        entry("reading_person", &["all"]),
        entry("learning_family", &["all"]),
        entry("learning_family_registered", &["all"]),
        entry("household", &[]),
        entry("Reading person", &["all"]),
        entry("nameless", &["all"]),
        entry("twice", &["all", "all"]),
    ];
    let (catalogue, refused) = Catalogue::shipped().with(&entries);
    assert_eq!(refused.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(refused[0].1, EntryError::Taken { what: "measure", id: "reading_person".into() });
    assert_eq!(refused[2].1, EntryError::Taken { what: "indicator", id: "learning_family_registered".into() });
    assert_eq!(catalogue.measure("reading_person").unwrap().kind, MeasureKind::Rate);
    let reading = catalogue.indicator_of("reading_person", None).unwrap();
    assert_eq!((reading.unit, reading.bases.len()), (Unit::Percent, 2));
    assert!(!reading.denominator_vi.is_empty() && !reading.nulls.is_empty());
    assert_eq!(catalogue.indicator("library_visit").unwrap().unit, Unit::Count);
    assert_eq!(catalogue.measures().len(), Catalogue::shipped().measures().len() + 2);
    assert!(Catalogue::shipped().measure("reading_person").is_none());
    assert_eq!(catalogue.measures_called("Đọc  sách").len(), 2, "both were entered under one name");
    assert!(Catalogue::shipped().measures_called("đọc sách").is_empty());
}

#[test]
fn each_vietnamese_name_is_one_measures_or_one_scopes() {
    let catalogue = Catalogue::shipped();
    for measure in catalogue.measures() {
        let ids: Vec<&str> = catalogue.measures_called(&measure.name_vi).iter().map(|m| m.id.as_str()).collect();
        assert_eq!(ids, [measure.id.as_str()]);
    }
    for scope in catalogue.scopes() {
        let ids: Vec<&str> =
            catalogue.scopes_called(&scope.name_vi.to_uppercase()).iter().map(|s| s.id.as_str()).collect();
        assert_eq!(ids, [scope.id.as_str()]);
    }
    assert!(catalogue.measures_called("gia dinh hoc tap").is_empty(), "a name without its marks is another word");
}
