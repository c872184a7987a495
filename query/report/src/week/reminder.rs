//! The list of returns that have not come from a province.

use super::{Place, Report, opening, returns};
use crate::answers::{Answers, Coverage};
use crate::document::{Block, Document};
use crate::language::Language;

/// The reminder of a province; `None` where nothing is missing there.
pub(crate) fn document(answers: &Answers, place: &Place, language: Language) -> Option<Document> {
    let Place::Province(area) = place else { return None };
    let report = Report::new(answers, place, language);
    let own = returns::owed(&report, &answers.first_map()?.coverage).into_iter().filter(is_missing);
    let below = answers.returns.get(&area.code).into_iter().flatten().filter(|row| is_missing(row)).cloned();
    let missing: Vec<Coverage> = own.chain(below).collect();
    let table = returns::below(&report, &missing)?;
    let due = missing.iter().filter_map(|row| row.due).min();
    let year = answers.year;
    let blocks = vec![Block::Paragraph(asks(&report, due)), table];
    let mut document = opening::frame(&report, blocks, Vec::new());
    // It asks for figures and tells none.
    document.warning = None;
    (document.kind, document.subject) = match language {
        Language::Vietnamese => (
            "DANH SÁCH NHẮC BÁO CÁO".to_owned(),
            format!("Số liệu học tập suốt đời năm {year} chưa báo cáo\ntrên địa bàn {}", place.within(language)),
        ),
        Language::English => (
            "REMINDER OF RETURNS".to_owned(),
            format!("Returns of {year} on lifelong learning that are missing, {}", place.within(language)),
        ),
    };
    Some(document)
}

fn is_missing(row: &Coverage) -> bool {
    row.reported < row.expected
}

fn asks(report: &Report<'_>, due: Option<chrono::NaiveDate>) -> String {
    let (language, year) = (report.language, report.answers.year);
    let day = language.day_in_words(report.answers.ground.day());
    let place = report.place.within(language);
    let is_over = due.is_some_and(|due| due < report.answers.ground.day());
    match (language, due) {
        (Language::Vietnamese, Some(due)) if is_over => format!(
            "Tính đến {day}, các địa bàn dưới đây của {place} chưa báo cáo đủ số liệu năm {year}. Hạn báo cáo sớm nhất là {}, đã qua. Đề nghị gửi \
             ngay số liệu còn thiếu; nếu đã gửi, đề nghị kiểm tra lại biên nhận.",
            language.day_in_words(due)
        ),
        (Language::English, Some(due)) if is_over => format!(
            "By {day} the areas below of {place} have not returned all figures of {year}. The first of them were due on {}, which is over. Please \
             send what is missing at once; if it was sent, please look at its receipt again.",
            language.day(due)
        ),
        (Language::Vietnamese, Some(due)) => format!(
            "Tính đến {day}, các địa bàn dưới đây của {place} chưa báo cáo đủ số liệu năm {year}. Hạn báo cáo là {}. Đề nghị gửi số liệu \
             còn thiếu trước hạn; nếu đã gửi, đề nghị kiểm tra lại biên nhận.",
            language.day_in_words(due)
        ),
        (Language::Vietnamese, None) => format!(
            "Tính đến {day}, các địa bàn dưới đây của {place} chưa báo cáo đủ số liệu năm {year}. Chưa có hạn báo cáo nào được ghi nhận. Đề \
             nghị gửi số liệu còn thiếu; nếu đã gửi, đề nghị kiểm tra lại biên nhận."
        ),
        (Language::English, Some(due)) => format!(
            "By {day} the areas below of {place} have not returned all figures of {year}. They are due on {}. Please send what is missing; if it \
             was sent, please look at its receipt again.",
            language.day(due)
        ),
        (Language::English, None) => format!(
            "By {day} the areas below of {place} have not returned all figures of {year}. No due date is on record. Please send what is missing; \
             if it was sent, please look at its receipt again."
        ),
    }
}
