//! Examples of reference events: one of each kind but for a change of areas, which is no row of cells.

use chrono::{Datelike, Days};
use lantoa_schemas::national::AreaClass;
use lantoa_schemas::vocabulary::ReferenceKind;

use super::{Cells, Order, Value, place, said, text, word};

/// Days from the first to the last of a Week.
const WEEK: Days = Days::new(6);

pub(super) fn rows(order: &Order<'_>) -> Vec<Cells> {
    let year = || Value::Number(f64::from(order.day.year()));
    let plan = vec![
        ("number", text("01/KH-UBND")),
        ("title", text("Kế hoạch xây dựng xã hội học tập")),
        ("from_year", year()),
        ("to_year", Value::Number(f64::from(order.day.year() + 5))),
    ];
    let week = vec![
        ("year", year()),
        ("start", Value::Day(order.day)),
        ("end", Value::Day(order.day.checked_add_days(WEEK).unwrap_or(order.day))),
        ("theme", text("Học tập suốt đời")),
    ];
    let entry = vec![
        ("id", text("vi_du_doc_sach")),
        ("name_vi", text("Người đọc sách (ví dụ)")),
        ("name_en", text("Readers (an example)")),
        ("bases", text("dân số; người lớn")),
    ];
    let mut difficult = vec![
        ("effective_on", Value::Day(order.day)),
        ("legal_basis", text("Quyết định số 01/QĐ-TTg")),
        ("class", word(AreaClass::Difficult)),
    ];
    difficult.extend(place(order));
    vec![
        row(order, ReferenceKind::PlanIssued, "vi-du-ke-hoach", plan),
        row(order, ReferenceKind::WeekDeclared, "vi-du-tuan-le", week),
        row(order, ReferenceKind::CatalogueEntered, "vi-du-chi-tieu", entry),
        row(
            order,
            ReferenceKind::ReturnDue,
            "vi-du-han-bao-cao",
            vec![("year", year()), ("due", Value::Day(order.day))],
        ),
        row(order, ReferenceKind::AreaClassified, "vi-du-vung-kho-khan", difficult),
    ]
}

fn row(order: &Order<'_>, kind: ReferenceKind, subject: &str, more: Vec<(&'static str, Value)>) -> Cells {
    let mut cells = said(order);
    cells.extend([("kind", word(kind)), ("subject", text(subject))]);
    cells.extend(more);
    cells
}
