//! Rules of a membership change.

use super::reader::Reader;
use super::recognition::{token, verb_word};
use crate::event::Membership;
use crate::stream::Verb;

pub(super) fn read(verb: Verb, reader: &mut Reader<'_>) -> Membership {
    let membership = Membership {
        change: verb_word(verb, "change", reader),
        subject_token: token(reader),
        party_member: reader.flag("party_member"),
    };
    reader.require("subject_token", membership.subject_token.is_some(), "give the member's token");
    reader.require("occurred_on", reader.present("occurred_on"), "say since when");
    membership
}
