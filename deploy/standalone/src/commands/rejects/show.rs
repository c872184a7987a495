//! `lantoa rejects show`: one thing that was refused, in words.
//!
//! In: a row of the view `rejected`. Out: all that is wrong with it, in English and in Vietnamese, what was sent, and how it
//! can be mended.

use std::fmt::Write as _;

use lantoa_ingest::returned::Refused as Said;
use lantoa_schemas::form::column;
use lantoa_schemas::validate::Problem;
use lantoa_schemas::wording::Named;
use serde::Deserialize;

use super::Refused;
use crate::commands::import::door::line as in_a_line;

/// A problem as the view has it.
#[derive(Deserialize)]
struct Wrong {
    field: String,
    reason: String,
    remedy: String,
}

/// All that is wrong. Of a direct record the view has it in one.
fn problems(refused: &Refused) -> Vec<Problem> {
    let listed = refused.problems.as_deref().and_then(|text| serde_json::from_str::<Vec<Wrong>>(text).ok());
    let listed: Vec<Problem> =
        listed.into_iter().flatten().map(|wrong| Problem::new(wrong.field, wrong.reason, wrong.remedy)).collect();
    if !listed.is_empty() {
        return listed;
    }
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![Problem::new(text(&refused.field), refused.reason.clone(), text(&refused.remedy))]
}

/// It in words, without a line's end.
pub(super) fn words(refused: &Refused) -> String {
    let mut text = String::new();
    let mut line = |words: std::fmt::Arguments<'_>| writeln!(text, "{words}").expect("a String takes any text");
    let Refused { reject, received, sender, via, position, receipt, name, event_type, mended, .. } = refused;
    let or_unknown = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    line(format_args!("reject    {reject}"));
    line(format_args!("received  {received} from {} ({})", or_unknown(sender), or_unknown(via)));
    let file = name.as_deref().map(|name| format!(" of {name}")).unwrap_or_default();
    let under = receipt.as_deref().map(|receipt| format!(", receipt {receipt}")).unwrap_or_default();
    line(format_args!("where     {position}{file}{under}"));
    let is_sheet = refused.meant().is_ok_and(|meant| meant.is_sheet());
    let id = if is_sheet { "named by what it says," } else { refused.id() };
    line(format_args!("event     {id} of type {}", or_unknown(event_type)));
    line(format_args!("mended    {}", if *mended { "yes: its event is in the tables" } else { "no" }));
    line(format_args!("\nWhat is wrong (lỗi):"));
    for problem in problems(refused) {
        let vietnamese = problem.in_vietnamese();
        line(format_args!("  {}", in_a_line(&Said { row: None, problem })));
        if let Some(Problem { field, reason, remedy, .. }) = vietnamese {
            line(format_args!("    {field}: {reason}; {remedy}"));
        }
    }
    line(format_args!("\nWhat was sent (dữ liệu đã gửi):"));
    match refused.meant() {
        Ok(meant) => {
            for (field, value) in meant.fields() {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                line(format_args!("  {}: {value}", column(field).map_or_else(|| field.clone(), Named::in_both)));
            }
            if !mended {
                line(format_args!("\nMend it with: lantoa rejects fix {reject} FIELD=VALUE …"));
            }
        }
        Err(error) => {
            if let Some(bytes) = &refused.bytes {
                line(format_args!("  {bytes}"));
            }
            line(format_args!("\n{error}"));
        }
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> Refused {
        let problems = r#"[
            {"field": "numerator", "reason": "\"many\" is no whole number (line 3)", "remedy": "write digits only, as 138068"},
            {"field": "period", "reason": "is missing", "remedy": "give the year it is of, as 2024"}]"#;
        Refused {
            reject: "r-1".to_owned(),
            event_id: Some("e-1".to_owned()),
            received: "2026-01-10T02:00:00Z".to_owned(),
            sender: Some("lan".to_owned()),
            via: Some("file".to_owned()),
            position: "row 2".to_owned(),
            field: Some("numerator".to_owned()),
            reason: "\"many\" is no whole number (line 3)".to_owned(),
            remedy: Some("write digits only, as 138068".to_owned()),
            bytes: Some(r#"{"numerator":"many"}"#.to_owned()),
            receipt: Some("k".to_owned()),
            name: Some("figures.csv".to_owned()),
            event_type: Some("vn.lantoa.statement.stated.v1".to_owned()),
            problems: Some(problems.to_owned()),
            mended: false,
        }
    }

    #[test]
    fn it_says_all_that_is_wrong_in_both_languages_and_what_was_sent() {
        let told = words(&refused());
        for part in [
            "row 2 of figures.csv, receipt k",
            "numerator (Số đạt): \"many\" is no whole number (line 3); write digits only, as 138068",
            "Số đạt: \"many\" không phải là số nguyên (dòng 3); chỉ ghi chữ số, ví dụ 138068",
            "Năm: chưa ghi",
            "numerator (Số đạt): many",
            "lantoa rejects fix r-1",
        ] {
            assert!(told.contains(part), "{part} is not in\n{told}");
        }
        let mended = words(&Refused { mended: true, ..refused() });
        assert!(mended.contains("mended    yes") && !mended.contains("rejects fix"), "{mended}");
    }

    #[test]
    fn what_cannot_be_mended_here_is_shown_as_it_came() {
        let direct = Refused { problems: None, bytes: Some("base64:AA==".to_owned()), ..refused() };
        let told = words(&direct);
        assert!(told.contains("base64:AA==") && told.contains("could not be read as fields"), "{told}");
        assert!(told.contains("write digits only"), "{told}");
        let kept_nothing = words(&Refused { bytes: None, ..refused() });
        assert!(kept_nothing.contains("nothing of it was kept"), "{kept_nothing}");
    }
}
