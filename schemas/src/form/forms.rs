//! The forms that there are.
//!
//! Guarantee: no form has all the columns that another must have, so that a header is of one form at most.

use super::{Form, Says};
use crate::stream::Family;

/// Columns that say of no form which it is: where, when and by whom.
pub(super) const SHARED: &[&str] = &[
    "source",
    "stated_on",
    "area_level",
    "area_code",
    "area_date",
    "area_name",
    "occurred_on",
    "source_kind",
    "source_url",
    "note",
];

/// All forms.
pub const FORMS: &[Form] = &[STATEMENT, RECOGNITION, ACTIVITY, MEMBERSHIP, REFERENCE];

/// Form `statement`: one aggregate fact a row.
pub const STATEMENT: Form = Form {
    name: "statement",
    vi: "Số liệu về học tập suốt đời",
    en: "Figures of lifelong learning",
    row_vi: "một số liệu",
    row_en: "a figure",
    columns: &[
        "source",
        "stated_on",
        "area_level",
        "area_code",
        "area_date",
        "area_name",
        "fact",
        "measure",
        "stage",
        "subject_scope",
        "period",
        "as_at",
        "span",
        "base",
        "numerator",
        "numerator_precision",
        "denominator",
        "sessions",
        "sessions_precision",
        "printed_percent",
        "plan",
        "quote",
    ],
    further_columns: &["source_kind", "source_url", "note"],
    family: Family::Statement,
    says: Says::Always("stated"),
};

/// Form `recognition`: one step of one subject towards a title, or of all that a decision lists, a row.
pub const RECOGNITION: Form = Form {
    name: "recognition",
    vi: "Danh hiệu học tập: đăng ký, chấm điểm, xếp loại, công nhận",
    en: "Titles: registered, scored, rated, recognised",
    row_vi: "một bước của một đối tượng hoặc của một quyết định",
    row_en: "a step of one subject, or of a decision",
    columns: &[
        "source",
        "area_level",
        "area_code",
        "area_date",
        "area_name",
        "occurred_on",
        "step",
        "model",
        "year",
        "subject_token",
        "subjects",
        "decision_number",
    ],
    further_columns: &[
        "decision_date",
        "decision_issuer",
        "criteria_set",
        "criterion",
        "score",
        "rating",
        "stated_on",
        "source_kind",
        "source_url",
        "note",
    ],
    family: Family::Recognition,
    says: Says::Column { name: "step", otherwise: "registered" },
};

/// Form `activity`: one class, seminar, conference or Week event a row.
pub const ACTIVITY: Form = Form {
    name: "activity",
    vi: "Hoạt động học tập đã tổ chức",
    en: "Activities that were held",
    row_vi: "một hoạt động đã tổ chức",
    row_en: "an activity that was held",
    columns: &[
        "source",
        "area_level",
        "area_code",
        "area_date",
        "area_name",
        "occurred_on",
        "activity",
        "sessions",
        "sessions_precision",
        "attendances",
        "attendances_precision",
        "persons",
        "persons_precision",
    ],
    further_columns: &["week_year", "topic", "organiser", "stated_on", "source_kind", "source_url", "note"],
    family: Family::Activity,
    says: Says::Always("held"),
};

/// Form `membership`: one person who joined or left the Association for Promoting Education a row.
pub const MEMBERSHIP: Form = Form {
    name: "membership",
    vi: "Hội viên Hội Khuyến học gia nhập, rời hội",
    en: "Members of the Association for Promoting Education who joined or left",
    row_vi: "một hội viên gia nhập hoặc rời hội",
    row_en: "a member who joined or left",
    columns: &["source", "area_level", "area_code", "area_date", "area_name", "occurred_on", "change", "subject_token"],
    further_columns: &["party_member", "stated_on", "source_kind", "source_url", "note"],
    family: Family::Membership,
    says: Says::Column { name: "change", otherwise: "joined" },
};

/// Form `reference`: one plan, Week, catalogue entry, deadline, class of an area or change of areas a row.
pub const REFERENCE: Form = Form {
    name: "reference",
    vi: "Thông tin dùng chung: kế hoạch, tuần lễ, chỉ tiêu mới, hạn báo cáo, vùng khó khăn, thay đổi địa bàn",
    en: "What figures rest on: plans, Weeks, new measures, deadlines, classes and changes of areas",
    row_vi: "một mục thông tin",
    row_en: "an entry",
    columns: &[
        "source",
        "kind",
        "subject",
        "effective_on",
        "legal_basis",
        "area_level",
        "area_code",
        "area_date",
        "area_name",
    ],
    further_columns: &[
        "number",
        "title",
        "from_year",
        "to_year",
        "year",
        "start",
        "end",
        "theme",
        "due",
        "indicator",
        "id",
        "name_vi",
        "name_en",
        "bases",
        "class",
        "until",
        "body",
        "stated_on",
        "source_kind",
        "source_url",
        "note",
    ],
    family: Family::Reference,
    says: Says::Column { name: "kind", otherwise: "plan_issued" },
};
