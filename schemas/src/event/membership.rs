//! Family membership: one person joined or left the Association for Promoting Education.

use serde::Serialize;

use crate::vocabulary::MembershipChange;

/// One change. Field order is the wire's.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Membership {
    /// Joined or left.
    pub change: Option<MembershipChange>,
    /// Keyed token of the member.
    pub subject_token: Option<String>,
    /// Whether the member belongs to the Party, where known.
    pub party_member: Option<bool>,
}
