//! The header of a sheet -> its form.

use lantoa_schemas::form::{FORMS, Form};
use lantoa_schemas::validate::{Problem, personal};
use lantoa_schemas::wording::Named;

use super::shortened;

/// Columns of personal data that are named of a sheet that has the header of no form.
const MOST_PERSONAL: usize = 20;

/// Whether a header has all that a form wants: the given form or, where none is given, any.
pub(super) fn is_of_form(header: &[String], form: Option<&'static Form>) -> bool {
    match form {
        Some(form) => form.missing(names(header)).is_empty(),
        None => Form::of_header(names(header)).is_some(),
    }
}

/// Whether a header was probably meant for a form.
pub(super) fn is_near_a_form(header: &[String], form: Option<&'static Form>) -> bool {
    match form {
        Some(form) => form.missing(names(header)).len() * 2 <= form.columns.len(),
        None => Form::nearest_to(names(header)).is_some(),
    }
}

/// The form of a header, or all that is wrong with it.
pub(super) fn checked(header: &[String], form: Option<&'static Form>) -> Result<&'static Form, Vec<Problem>> {
    let form = match form.or_else(|| Form::of_header(names(header))) {
        Some(form) => form,
        None => Form::nearest_to(names(header)).ok_or_else(|| {
            let personal = names(header).filter_map(|name| personal::unknown_field(name, "header"));
            std::iter::once(of_no_form()).chain(personal.take(MOST_PERSONAL)).collect::<Vec<_>>()
        })?,
    };
    let mut problems = Vec::new();
    for name in form.missing(names(header)) {
        let column = form.column(name).map_or_else(|| name.to_owned(), Named::in_both);
        let remedy = format!("add the column {column}; form {} has {}", form.name, form.columns.join(","));
        problems.push(Problem::new(name, format!("is missing from the header of form {}", form.name), remedy));
    }
    for name in form.unknown(names(header)) {
        if let Some(problem) = personal::unknown_field(name, "header") {
            problems.push(problem);
            continue;
        }
        let field = if name.is_empty() { "header".to_owned() } else { shortened(name) };
        let remedy = match form.nearest(name) {
            _ if ["supersedes", "retracts"].contains(&name) => not_in_a_sheet(form),
            Some(near) => format!("did you mean {}?", near.in_both()),
            None => format!(
                "leave the column out; beside its own, form {} takes {}",
                form.name,
                form.further_columns.join(",")
            ),
        };
        problems.push(Problem::new(field, format!("is no column of form {}", form.name), remedy));
    }
    for (heading, field) in form.doubled(names(header)) {
        let column = form.column(field).map_or_else(|| field.to_owned(), Named::in_both);
        let remedy = format!("name each column once, as {column}");
        problems.push(Problem::new(shortened(heading), "is in the header twice", remedy));
    }
    if problems.is_empty() { Ok(form) } else { Err(problems) }
}

/// How what was sent before is corrected, which no column of a sheet can do.
fn not_in_a_sheet(form: &Form) -> String {
    let by_event = format!("vn.lantoa.{}.corrected.v1 or .retracted.v1", form.family);
    if form.is_of_single_events() {
        return format!(
            "leave the column out: an event is replaced or taken back by its id, with an event of type {by_event}"
        );
    }
    // A sheet of figures corrects by saying otherwise.
    format!(
        "leave the column out: other figures of the same source, area and period replace what it said before; by event id \
         an event of type {by_event} does"
    )
}

/// That there is no header of a form.
pub(super) fn of_no_form() -> Problem {
    let forms: Vec<String> = FORMS.iter().map(|form| format!("{}: {}", form.name, form.columns.join(","))).collect();
    let forms = forms.join("; ");
    let remedy =
        format!("use the columns of a form, by these names or by the headings that `lantoa template` writes: {forms}");
    Problem::new("header", "is that of no form", remedy)
}

fn names(header: &[String]) -> impl Iterator<Item = &str> + Clone {
    header.iter().map(String::as_str)
}
