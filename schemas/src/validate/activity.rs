//! Rules of an activity.

use super::reader::Reader;
use super::{Judge, statement};
use crate::catalogue::MeasureKind;
use crate::event::Activity;

pub(super) fn read(judge: &Judge<'_>, reader: &mut Reader<'_>) -> Activity {
    let (activity, week_year) = (statement::measure(judge, "activity", reader), reader.year("week_year"));
    let mut counted = |field: &str, precision: &str| {
        let count = reader.count_about(field);
        let precision = reader.precision(precision, count.and_then(|(_, precision)| precision));
        (count.map(|(count, _)| count), precision)
    };
    let (sessions, sessions_precision) = counted("sessions", "sessions_precision");
    let (attendances, attendances_precision) = counted("attendances", "attendances_precision");
    let (persons, persons_precision) = counted("persons", "persons_precision");
    let activity = Activity {
        activity,
        week_year,
        sessions,
        sessions_precision,
        attendances,
        attendances_precision,
        persons,
        persons_precision,
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
