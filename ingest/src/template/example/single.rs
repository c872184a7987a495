//! Examples of single events: steps towards a title, activities, members.

use chrono::Datelike;
use lantoa_schemas::vocabulary::{MembershipChange, Step};

use super::{Cells, Order, Value, called, place, said, text, word};

/// No key made them, and they stand for nobody.
const TOKENS: [&str; 2] = ["vi-du-khong-phai-that-01", "vi-du-khong-phai-that-02"];

/// What all single events say: where and when.
fn common(order: &Order<'_>) -> Cells {
    let mut cells = said(order);
    cells.extend(place(order));
    cells.insert("occurred_on", text(order.day.to_string()));
    cells
}

/// A family that registered and was rated, and a decision that lists many.
pub(super) fn recognitions(order: &Order<'_>) -> Vec<Cells> {
    let of = |step: Step, more: Vec<(&'static str, Value)>| {
        let mut cells = common(order);
        cells.extend([
            ("step", word(step)),
            ("model", called(order, "learning_family")),
            ("year", Value::Number(f64::from(order.day.year()))),
        ]);
        cells.extend(more);
        cells
    };
    let rated = vec![
        ("subject_token", text(TOKENS[0])),
        ("criteria_set", text("22/2020")),
        ("score", Value::Number(87.5)),
        ("rating", text("tốt")),
    ];
    let recognised = vec![
        ("subjects", Value::Number(120.0)),
        ("decision_number", text("01/QĐ-UBND")),
        ("decision_date", text(order.day.to_string())),
        ("decision_issuer", text("Ủy ban nhân dân")),
    ];
    vec![
        of(Step::Registered, vec![("subject_token", text(TOKENS[0]))]),
        of(Step::Rated, rated),
        of(Step::Recognised, recognised),
    ]
}

/// A seminar with its visitors, and classes of which the source prints no exact count.
pub(super) fn activities(order: &Order<'_>) -> Vec<Cells> {
    let mut seminar = common(order);
    seminar.extend([
        ("activity", called(order, "seminar")),
        ("attendances", Value::Number(97.0)),
        ("persons", Value::Number(90.0)),
        ("topic", text("Xây dựng gia đình học tập")),
        ("organiser", text("Trung tâm học tập cộng đồng")),
    ]);
    let mut classes = common(order);
    classes.extend([
        ("activity", called(order, "training_class")),
        ("sessions", text("trên 12")),
        ("attendances", text("khoảng 1.200")),
        ("week_year", Value::Number(f64::from(order.day.year()))),
    ]);
    vec![seminar, classes]
}

/// One who joined and one who left.
pub(super) fn memberships(order: &Order<'_>) -> Vec<Cells> {
    let of = |change: MembershipChange, token: &str, party_member: &str| {
        let mut cells = common(order);
        cells.extend([("change", word(change)), ("subject_token", text(token)), ("party_member", text(party_member))]);
        cells
    };
    vec![of(MembershipChange::Joined, TOKENS[0], "có"), of(MembershipChange::Left, TOKENS[1], "không")]
}
