//! Rules of a recognition step.

use super::reader::Reader;
use super::{Judge, Problem, statement};
use crate::catalogue::MeasureKind;
use crate::event::Recognition;
use crate::stream::Verb;
use crate::vocabulary::{Step, Vocabulary};

pub(super) fn read(judge: &Judge<'_>, verb: Verb, reader: &mut Reader<'_>) -> Recognition {
    let recognition = Recognition {
        step: verb_word(verb, "step", reader),
        model: statement::measure(judge, "model", reader),
        year: reader.year("year"),
        subject_token: token(reader),
        criteria_set: reader.text("criteria_set"),
        criterion: reader.text("criterion"),
        score: reader.number("score"),
        rating: reader.text("rating"),
        decision_number: reader.text("decision_number"),
        decision_date: reader.past_date("decision_date", judge.today()),
        decision_issuer: reader.text("decision_issuer"),
        subjects: reader.count("subjects"),
    };
    reader.require("model", recognition.model.is_some(), "name the title, as learning_family");
    reader.require("year", recognition.year.is_some(), "give the year the title is for");
    reader.require("occurred_on", reader.present("occurred_on"), "say when it happened");
    let title = recognition.model.as_deref().and_then(|id| judge.catalogue.measure(id));
    if title.is_some_and(|measure| measure.kind != MeasureKind::Title) {
        reader.refuse("model", "is no title", "use a title, as learning_family");
    }
    let whom = recognition.subject_token.is_some() || recognition.subjects.is_some();
    reader.require("subject_token", whom, "give the subject's token, or how many subjects the decision lists");
    match recognition.step {
        Some(Step::Recognised) => {
            reader.require(
                "decision_number",
                recognition.decision_number.is_some(),
                "a title is recognised by a numbered decision",
            );
        }
        Some(Step::Scored) => reader.require("score", recognition.score.is_some(), "give the points"),
        Some(Step::Rated) => {
            reader.require("rating", recognition.rating.is_some(), "give the rating");
            reader.require(
                "criteria_set",
                recognition.criteria_set.is_some(),
                "a rating belongs to a criteria set, as 25/2023",
            );
        }
        _ => {}
    }
    recognition
}

/// The word that an event type's verb stands for; a correction says it in a field.
pub(super) fn verb_word<V: Vocabulary + PartialEq>(verb: Verb, field: &str, reader: &mut Reader<'_>) -> Option<V> {
    let given = reader.word::<V>(field);
    let Verb::Fact(word) = verb else {
        reader.require(field, given.is_some(), "a correction says what it replaces, in full");
        return given;
    };
    let said = V::parse(word);
    if given.is_some() && given != said {
        reader.refuse(field, format!("is not the {word} of the event type"), "leave it blank or make both agree");
    }
    said
}

/// A keyed token: letters, digits, `-` and `_`, at least 16, and not a number, which could be a citizen id.
pub(super) fn token(reader: &mut Reader<'_>) -> Option<String> {
    let token = reader.text("subject_token")?;
    let letters = token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let number = token.bytes().all(|b| b.is_ascii_digit());
    if !letters || number || !(16..=128).contains(&token.len()) {
        // Whatever stands here in place of a token is most likely a person.
        reader.problems.push(Problem::personal(
            "subject_token",
            "is no keyed token",
            "give 16 to 128 letters, digits, - and _ made with a secret key, as `lantoa token-subject` makes them; never a \
             name or a citizen id",
        ));
        return None;
    }
    Some(token)
}
