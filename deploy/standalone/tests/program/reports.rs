//! `report`: the files of a year, of a release and as a draft.

use std::collections::BTreeMap;
use std::path::Path;

use crate::harness::{folder, run_to};
use crate::log::Log;

/// What the provinces reported; beside it stands what is said of it.
const REPORTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../query/tests/data/reported.csv");

/// Nghệ An's return of 2025 once more, with another number of families.
const CORRECTION: &str = "source,stated_on,area_level,area_code,area_date,area_name,fact,measure,stage,subject_scope,period,\
                          as_at,span,base,numerator,numerator_precision,denominator,sessions,sessions_precision,\
                          printed_percent,plan,quote\n\
                          reported-Nghệ An-2025,2025,province,40,2025-10-01,Nghệ An,actual,learning_family,recognised,household,\
                          2025,2025,stock,all,600000,exact,834926,,,71.86,,\n";

fn release(data: &Path, year: i32) -> String {
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    run_to(0, data, &["release", "create", &format!("LLW-{year}"), "--as-of", &now]).0
}

/// Writes the reports of the nation and of Nghệ An; gives the files by their names below the folder.
fn report(data: &Path, year: &str, release: Option<&str>) -> BTreeMap<String, Vec<u8>> {
    let out = folder();
    let place = out.path().to_str().unwrap();
    let mut arguments =
        vec!["report", "learning-week", "--year", year, "--area", "00", "--area", "nghe an", "--out", place];
    arguments.extend(release.into_iter().flat_map(|release| ["--release", release]));
    run_to(0, data, &arguments);
    let mut files = BTreeMap::new();
    for area in ["00-viet-nam", "40-nghe-an"] {
        for file in std::fs::read_dir(out.path().join(area)).unwrap() {
            let file = file.unwrap();
            let name = format!("{area}/{}", file.file_name().into_string().unwrap());
            files.insert(name, std::fs::read(file.path()).unwrap());
        }
    }
    files
}

fn html(files: &BTreeMap<String, Vec<u8>>, area: &str, year: &str) -> String {
    let code = &area[..2];
    String::from_utf8(files[&format!("{area}/learning-week-{year}-{code}-vi.html")].clone()).unwrap()
}

#[test]
fn a_release_gives_the_same_reports_again_and_its_patch_says_what_changed() {
    let _log = Log::embedded();
    let (data, sheets) = (folder(), folder());
    let data = data.path();
    run_to(0, data, &["import", "--articles"]);
    run_to(0, data, &["import", REPORTED]);
    let draft = report(data, "2025", None);
    assert!(html(&draft, "00-viet-nam", "2025").contains("DỰ THẢO"));
    release(data, 2025);
    let first = report(data, "2025", None);
    assert_eq!(first.len(), 8, "{:?}", first.keys());
    let nation = html(&first, "00-viet-nam", "2025");
    for said in [
        "Học để phát triển bản thân, làm chủ tri thức và công nghệ",
        "5607/BGDĐT-GDNNGDTX",
        "LLW-2025@1.0.0",
        "556.862",
        "66,70",
        "Chưa có số liệu nào về hoạt động trong Tuần lễ năm 2025",
    ] {
        assert!(nation.contains(said), "{said}");
    }
    assert!(!nation.contains("DỰ THẢO"));
    // The sources of a province are also those of the former ones that its report tells of, whose codes are others.
    let out = folder();
    let place = out.path().to_str().unwrap();
    let of = ["report", "learning-week", "--year", "2025", "--area", "08", "--format", "html", "--out", place];
    run_to(0, data, &of);
    let merged = std::fs::read_to_string(out.path().join("08-tuyen-quang/learning-week-2025-08-vi.html")).unwrap();
    assert!(merged.contains("ha-giang-2024"), "Hà Giang is in Tuyên Quang");

    let sheet = sheets.path().join("correction.csv");
    std::fs::write(&sheet, CORRECTION).unwrap();
    run_to(0, data, &["import", sheet.to_str().unwrap()]);
    let made = release(data, 2025);
    assert!(made.starts_with("LLW-2025@1.0.1: "), "{made}");
    assert!(report(data, "2025", Some("LLW-2025@1.0.0")) == first, "a release's reports are the same again");
    let patch = report(data, "2025", None);
    for area in ["00-viet-nam", "40-nghe-an"] {
        let patch = html(&patch, area, "2025");
        for said in ["LLW-2025@1.0.1", "Thay đổi so với bản LLW-2025@1.0.0", "556.862", "600.000", "71,86"] {
            assert!(patch.contains(said), "{area}: {said}");
        }
    }
}

#[test]
fn the_year_before_the_map_changed_has_both_maps_and_no_totals_in_place_of_the_weeks() {
    let _log = Log::embedded();
    let data = folder();
    let data = data.path();
    run_to(0, data, &["import", "--articles"]);
    run_to(0, data, &["import", REPORTED]);
    release(data, 2024);
    let nation = html(&report(data, "2024", None), "00-viet-nam", "2024");
    for said in [
        "Phát triển văn hóa đọc thúc đẩy học tập suốt đời",
        "138.068",
        "63 tỉnh, thành phố",
        "34 tỉnh, thành phố",
        "Chưa có số liệu nào về hoạt động trong Tuần lễ năm 2024",
        "không phải của Tuần lễ",
    ] {
        assert!(nation.contains(said), "{said}");
    }
    let (_, err) = run_to(1, data, &["report", "learning-week", "--year", "2024", "--area", "nowhere"]);
    assert!(err.contains("nowhere"), "{err}");
}
