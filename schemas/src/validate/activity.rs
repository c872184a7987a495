//! Rules of an activity.

use super::reader::Reader;
use super::{Judge, statement};
use crate::catalogue::MeasureKind;
use crate::event::Activity;

pub(super) fn read(judge: &Judge<'_>, reader: &mut Reader<'_>) -> Activity {
    let activity = Activity {
        activity: statement::measure(judge, "activity", reader),
        week_year: reader.year("week_year"),
        sessions: reader.count("sessions"),
        sessions_precision: reader.word("sessions_precision"),
        attendances: reader.count("attendances"),
        attendances_precision: reader.word("attendances_precision"),
        persons: reader.count("persons"),
        persons_precision: reader.word("persons_precision"),
        topic: reader.text("topic"),
        organiser: reader.text("organiser"),
    };
    reader.require("activity", activity.activity.is_some(), "say what was held, as training_class");
    reader.require("occurred_on", reader.present("occurred_on"), "say when it was held");
    let measure = activity.activity.as_deref().and_then(|id| judge.catalogue.measure(id));
    if measure.is_some_and(|measure| measure.kind != MeasureKind::Activity) {
        reader.refuse("activity", "is no activity", "use an activity, as training_class, seminar or conference");
    }
    activity
}
