//! What a statement reads: the ledgers as they are, a release, or nothing that this asker may see.
//!
//! In: who asks, and what their session stands on. Out: the ground. Guarantee: it is found anew for each statement, so
//! that a major follows its patches and an embargo ends by itself; where there is none, every table says why, and what is
//! no table (a setting, a function) is answered all the same.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Manifest, Release, ReleaseError, Releases, Withdrawn};
use crate::access::{Asker, Role};
use crate::settings::Standing;

/// What a statement reads.
#[derive(Debug, Clone, Default)]
pub(crate) enum Ground {
    /// The ledgers.
    #[default]
    Ledgers,
    /// A release, and whether it was withdrawn.
    Release(Arc<Release>, Option<Withdrawn>),
    /// Nothing, because of this.
    Nothing(ReleaseError),
}

impl Ground {
    /// Of somebody's statement at an instant.
    pub(crate) async fn of(releases: &Arc<Releases>, asker: &Asker, standing: &Standing, now: DateTime<Utc>) -> Self {
        let public_at = (asker.role == Role::Reader).then_some(now);
        if standing.release.is_none() && public_at.is_none() {
            return Self::Ledgers;
        }
        let (releases, wanted) = (Arc::clone(releases), standing.release.clone());
        // The first time it reads all files of the release.
        let opened = tokio::task::spawn_blocking(move || {
            let Some(wanted) = wanted else {
                return Err(ReleaseError::Needed { possible: releases.possible(public_at) });
            };
            let stored = releases.find(&wanted, public_at)?;
            Ok((releases.open(&stored)?, stored.withdrawn))
        });
        match opened.await {
            Ok(Ok((release, withdrawn))) => Self::Release(release, withdrawn),
            Ok(Err(error)) => Self::Nothing(error),
            Err(broken) => {
                let why = broken.to_string();
                Self::Nothing(ReleaseError::Io { action: "open", path: "the release".to_owned(), why })
            }
        }
    }

    /// The release, where it is one.
    pub(crate) fn release(&self) -> Option<&Manifest> {
        match self {
            Self::Release(release, _) => Some(release.manifest()),
            Self::Ledgers | Self::Nothing(_) => None,
        }
    }

    /// What has to be said beside an answer.
    pub(crate) fn notices(&self, now: DateTime<Utc>) -> Vec<String> {
        let Self::Release(release, withdrawn) = self else { return Vec::new() };
        let manifest = release.manifest();
        let name = manifest.reference();
        let title = manifest.title.as_ref().map(|title| format!(" ({title})")).unwrap_or_default();
        let told = manifest.stated_by.map(|day| format!(", as told by {day}")).unwrap_or_default();
        let mut notices = vec![format!("from release {name}{title}, as of {}{told}", manifest.as_of)];
        if let Some(until) = manifest.public_from().filter(|_| manifest.is_embargoed(now)) {
            notices.push(format!("release {name} is under embargo until {until}: do not pass it on before"));
        }
        if let Some(withdrawn) = withdrawn {
            notices.push(format!("release {name} was withdrawn on {}: {}", withdrawn.on(), withdrawn.reason));
        }
        notices
    }
}
