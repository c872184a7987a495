//! The frame of the report, and its first section: the Week.

use chrono_tz::Asia::Ho_Chi_Minh;
use lantoa_schemas::clock::day_in_vietnam;

use super::{Place, Report, Section};
use crate::answers::{Ground, OnMap};
use crate::document::{Annex, Block, Closing, Document, Letterhead};
use crate::language::Language;

/// The document around its sections.
pub(super) fn frame(report: &Report<'_>, blocks: Vec<Block>, annexes: Vec<Annex>) -> Document {
    let year = report.answers.year;
    Document {
        language: report.language,
        day: report.answers.ground.day(),
        letterhead: letterhead(report),
        kind: report.say("BÁO CÁO", "REPORT").to_owned(),
        subject: match report.language {
            Language::Vietnamese => format!("Kết quả Tuần lễ hưởng ứng học tập suốt đời năm {year}{}", of_area(report)),
            Language::English => format!("Lifelong Learning Week {year}: results{}", of_area(report)),
        },
        origin: origin(report),
        warning: warning(report),
        blocks,
        closing: closing(report),
        annexes,
    }
}

fn of_area(report: &Report<'_>) -> String {
    match (report.place, report.language) {
        (Place::Nation, _) => String::new(),
        (Place::Province(_), Language::Vietnamese) => {
            format!("\ntrên địa bàn {}", report.place.within(report.language))
        }
        (Place::Province(_), Language::English) => format!(", {}", report.place.within(report.language)),
    }
}

/// Who issues a report: the ministry, a province's department. Its number is filled in by hand.
pub(super) fn letterhead(report: &Report<'_>) -> Letterhead {
    let day = report.answers.ground.day();
    let (superior, issuer, abbreviation, seat) = match report.place {
        Place::Nation => {
            let ministry = report.say("BỘ GIÁO DỤC VÀ ĐÀO TẠO", "MINISTRY OF EDUCATION AND TRAINING");
            (None, ministry.to_owned(), "BGDĐT", "Hà Nội".to_owned())
        }
        Place::Province(area) => {
            let committee = match report.language {
                Language::Vietnamese => format!("ỦY BAN NHÂN DÂN\n{}", area.name.to_uppercase()),
                Language::English => format!("PEOPLE'S COMMITTEE\nOF {}", area.short_name.to_uppercase()),
            };
            let department = report.say("SỞ GIÁO DỤC VÀ ĐÀO TẠO", "DEPARTMENT OF EDUCATION AND TRAINING");
            (Some(committee), department.to_owned(), "SGDĐT", area.short_name.clone())
        }
    };
    Letterhead {
        superior,
        issuer,
        number: match report.language {
            Language::Vietnamese => format!("Số:        /BC-{abbreviation}"),
            Language::English => format!("No.:        /BC-{abbreviation}"),
        },
        nation: report.say("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "SOCIALIST REPUBLIC OF VIET NAM").to_owned(),
        motto: report.say("Độc lập - Tự do - Hạnh phúc", "Independence - Freedom - Happiness").to_owned(),
        place_and_day: format!("{seat}, {}", report.language.day_in_words(day)),
    }
}

/// What the report rests on, on every page.
pub(super) fn origin(report: &Report<'_>) -> String {
    let answers = report.answers;
    let day = report.language.day(answers.ground.day());
    match (&answers.ground, report.language) {
        (Ground::Release(manifest, _), Language::Vietnamese) => {
            let (release, catalogue) = (manifest.reference(), &manifest.catalogue);
            format!("Bản phát hành {release} · số liệu ghi nhận đến {day} · danh mục {catalogue}")
        }
        (Ground::Release(manifest, _), Language::English) => {
            let (release, catalogue) = (manifest.reference(), &manifest.catalogue);
            format!("Release {release} · as recorded by {day} · catalogue {catalogue}")
        }
        (Ground::Draft(_), Language::Vietnamese) => format!("Chưa phát hành · số liệu ghi nhận đến {day}"),
        (Ground::Draft(_), Language::English) => format!("Not released · as recorded by {day}"),
    }
}

/// What has to stand on every page.
pub(super) fn warning(report: &Report<'_>) -> Option<String> {
    match (&report.answers.ground, report.language) {
        (Ground::Release(_, None), _) => None,
        (Ground::Release(_, Some(reason)), Language::Vietnamese) => {
            Some(format!("BẢN PHÁT HÀNH NÀY ĐÃ BỊ THU HỒI: {reason}"))
        }
        (Ground::Release(_, Some(reason)), Language::English) => Some(format!("THIS RELEASE WAS WITHDRAWN: {reason}")),
        (Ground::Draft(_), Language::Vietnamese) => {
            Some("DỰ THẢO – số liệu chưa phát hành, còn có thể thay đổi".to_owned())
        }
        (Ground::Draft(_), Language::English) => {
            Some("DRAFT – figures are not released and may still change".to_owned())
        }
    }
}

/// Texts in Vietnamese and English.
type Pairs = &'static [(&'static str, &'static str)];

/// Recipients and signature.
pub(super) fn closing(report: &Report<'_>) -> Closing {
    let (recipients, authority): (Pairs, Pairs) = match report.place {
        Place::Nation => (
            &[
                ("- Thủ tướng Chính phủ (để báo cáo);", "- the Prime Minister (to report);"),
                ("- Hội Khuyến học Việt Nam;", "- the Viet Nam Association for Promoting Education;"),
                ("- UBND các tỉnh, thành phố;", "- the People's Committees of provinces and cities;"),
                ("- Lưu: VT.", "- archives."),
            ],
            &[("KT. BỘ TRƯỞNG", "FOR THE MINISTER"), ("THỨ TRƯỞNG", "DEPUTY MINISTER")],
        ),
        Place::Province(_) => (
            &[
                ("- Bộ Giáo dục và Đào tạo (để báo cáo);", "- the Ministry of Education and Training (to report);"),
                ("- UBND tỉnh, thành phố (để báo cáo);", "- the People's Committee (to report);"),
                ("- Hội Khuyến học tỉnh, thành phố;", "- the Association for Promoting Education;"),
                ("- Lưu: VT.", "- archives."),
            ],
            &[("GIÁM ĐỐC", "DIRECTOR")],
        ),
    };
    let here = |(vi, en): &(&str, &str)| report.say(vi, en).to_owned();
    Closing {
        recipients_heading: report.say("Nơi nhận:", "Recipients:").to_owned(),
        recipients: recipients.iter().map(here).collect(),
        authority: authority.iter().map(here).collect(),
        sign_here: report.say("(Ký, ghi rõ họ tên, đóng dấu)", "(Signature, full name, seal)").to_owned(),
    }
}

/// The Week: its days, theme and dispatch; what the report rests on.
pub(super) fn week(report: &Report<'_>) -> Section {
    let year = report.answers.year;
    let title = match report.language {
        Language::Vietnamese => format!("Tuần lễ hưởng ứng học tập suốt đời năm {year}"),
        Language::English => format!("The Lifelong Learning Week {year}"),
    };
    (title, vec![Block::Paragraph(held(report)), Block::Paragraph(ground(report)), Block::Paragraph(maps(report))])
}

fn held(report: &Report<'_>) -> String {
    let (answers, language) = (report.answers, report.language);
    let year = answers.year;
    let Some(week) = &answers.week else {
        return match language {
            Language::Vietnamese => format!("Chưa ghi nhận ngày và chủ đề của Tuần lễ năm {year}."),
            Language::English => format!("Days and theme of the Week {year} are not on record."),
        };
    };
    let days = match (week.start_on, week.end_on, language) {
        (Some(start), Some(end), Language::Vietnamese) => {
            format!("diễn ra từ {} đến {}", language.day_in_words(start), language.day_in_words(end))
        }
        (Some(start), Some(end), Language::English) => {
            format!("was held from {} to {}", language.day(start), language.day(end))
        }
        (.., Language::Vietnamese) => "không rõ ngày".to_owned(),
        (.., Language::English) => "was held on days that are not on record".to_owned(),
    };
    let dispatch = week.dispatch.as_deref().map(|dispatch| match language {
        Language::Vietnamese => format!(" theo Công văn số {dispatch} của Bộ Giáo dục và Đào tạo"),
        Language::English => format!(" under the ministry's dispatch {dispatch}"),
    });
    let dispatch = dispatch.unwrap_or_default();
    let theme = match (&week.theme_vi, language) {
        (Some(theme), Language::Vietnamese) => format!(", với chủ đề “{theme}”."),
        (Some(theme), Language::English) => format!(", with the theme “{theme}”."),
        (None, Language::Vietnamese) => ". Chủ đề chưa được ghi nhận.".to_owned(),
        (None, Language::English) => ". Its theme is not on record.".to_owned(),
    };
    match language {
        Language::Vietnamese => {
            format!("Tuần lễ hưởng ứng học tập suốt đời năm {year} {days}{dispatch}{theme}")
        }
        Language::English => format!("The Lifelong Learning Week {year} {days}{dispatch}{theme}"),
    }
}

fn ground(report: &Report<'_>) -> String {
    let language = report.language;
    match (&report.answers.ground, language) {
        (Ground::Release(manifest, _), Language::Vietnamese) => format!(
            "Báo cáo dựa trên bản phát hành {} gồm {} bản ghi được tiếp nhận đến {}. Điều gì được đính chính sau đó \
             không làm thay đổi báo cáo này mà nằm ở bản phát hành sau.",
            manifest.reference(),
            language.count(manifest.events),
            until(&manifest.as_of, language),
        ),
        (Ground::Release(manifest, _), Language::English) => format!(
            "The report rests on release {} of {} events that were recorded by {}. What is corrected later does \
             not change this report: it is told by the release after it.",
            manifest.reference(),
            language.count(manifest.events),
            until(&manifest.as_of, language),
        ),
        (Ground::Draft(now), Language::Vietnamese) => format!(
            "Đây là dự thảo: số liệu chưa được phát hành, lấy theo những gì được tiếp nhận đến {}.",
            language.day_in_words(day_in_vietnam(*now)),
        ),
        (Ground::Draft(now), Language::English) => {
            format!(
                "This is a draft: its figures are not released, and are those recorded by {}.",
                language.day(day_in_vietnam(*now))
            )
        }
    }
}

/// Up to when records count, as a manifest has it: a whole day, or an instant in Vietnam's time.
fn until(as_of: &str, language: Language) -> String {
    let instant = chrono::DateTime::parse_from_rfc3339(as_of).map(|at| at.with_timezone(&Ho_Chi_Minh));
    match (instant, language) {
        (Ok(at), Language::Vietnamese) => {
            format!("{} giờ {} phút, {}", at.format("%H"), at.format("%M"), language.day_in_words(at.date_naive()))
        }
        (Ok(at), Language::English) => format!("{} on {}", at.format("%H:%M"), language.day(at.date_naive())),
        (Err(_), Language::Vietnamese) => format!("hết {}", language.day_in_words(as_of.parse().unwrap_or_default())),
        (Err(_), Language::English) => format!("the end of {}", language.day(as_of.parse().unwrap_or_default())),
    }
}

/// A map in words: `bản đồ 34 tỉnh, thành phố (từ 01/7/2025)`.
pub(super) fn map_name(report: &Report<'_>, map: &OnMap) -> String {
    let provinces = report.language.count(i64::try_from(map.provinces.len()).unwrap_or_default());
    let day = report.language.day(map.day);
    match report.language {
        Language::Vietnamese => format!("{provinces} tỉnh, thành phố (bản đồ ngày {day})"),
        Language::English => format!("{provinces} provinces (map of {day})"),
    }
}

fn maps(report: &Report<'_>) -> String {
    let mut maps = report.answers.maps.iter().map(|map| map_name(report, map));
    let first = maps.next().unwrap_or_default();
    match (maps.next(), report.language) {
        (Some(other), Language::Vietnamese) => format!(
            "Số liệu được trình bày trên {first}; bên cạnh là {other}. Số liệu chỉ biết của một tỉnh mới thì không thể tách \
             về các tỉnh cũ, nên để trống chứ không ước đoán."
        ),
        (Some(other), Language::English) => format!(
            "Figures stand on {first}; beside them are {other}. What is only known of a new province cannot be divided \
             among the former ones: it is left blank and not guessed."
        ),
        (None, Language::Vietnamese) => format!("Số liệu được trình bày trên {first}."),
        (None, Language::English) => format!("Figures stand on {first}."),
    }
}
