//! The memory of one asker: a part of what all have together.
//!
//! In: what the steps of their statements reserve. Out: leave, or an error that says who asked for how much. Guarantee:
//! what the sessions of one asker hold together is at most their share, and counts in the pool of all as well; a step that
//! can spill does so at either bound.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, human_readable_size,
};

use crate::access::{Asker, Role, WITHIN};

/// Whose a share is.
type Owner = (Arc<str>, Role);

/// The shares of all who ask.
#[derive(Debug, Default)]
pub(crate) struct Shares(Mutex<HashMap<Owner, Weak<Share>>>);

impl Shares {
    /// At most `most` bytes of a pool, for all sessions of an asker. What the program does by itself is nobody's: each
    /// such session has a share of its own.
    pub(crate) fn of(&self, asker: &Asker, all: Arc<dyn MemoryPool>, most: usize) -> Arc<Share> {
        let new = || Arc::new(Share::new(all, most, asker.role));
        if asker.face == WITHIN {
            return new();
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, share| share.strong_count() > 0);
        let asker = (Arc::clone(&asker.name), asker.role);
        if let Some(share) = known.get(&asker).and_then(Weak::upgrade) {
            return share;
        }
        let share = new();
        known.insert(asker, Arc::downgrade(&share));
        share
    }
}

/// An asker's share of the pool.
#[derive(Debug)]
pub(crate) struct Share {
    all: Arc<dyn MemoryPool>,
    most: usize,
    role: Role,
    held: AtomicUsize,
}

impl Share {
    /// At most `most` bytes of a pool.
    pub(crate) fn new(all: Arc<dyn MemoryPool>, most: usize, role: Role) -> Self {
        Self { all, most, role, held: AtomicUsize::new(0) }
    }

    fn refused(&self, reservation: &MemoryReservation, wanted: usize, held: usize) -> DataFusionError {
        let [most, wanted, held] = [self.most, wanted, held].map(human_readable_size);
        DataFusionError::ResourcesExhausted(format!(
            "the questions of one user with the role {} may hold {most} together ([query.{}] memory_percent), {held} are \
             held, and {} asks for {wanted} more",
            self.role,
            self.role,
            reservation.consumer().name()
        ))
    }
}

impl MemoryPool for Share {
    fn name(&self) -> &str {
        "share"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.all.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.all.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.held.fetch_add(additional, Ordering::Relaxed);
        self.all.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.all.shrink(reservation, shrink);
        self.held.fetch_sub(shrink, Ordering::Relaxed);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let grown = |held: usize| held.checked_add(additional).filter(|grown| *grown <= self.most);
        self.held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown)
            .map_err(|held| self.refused(reservation, additional, held))?;
        self.all.try_grow(reservation, additional).inspect_err(|_| {
            self.held.fetch_sub(additional, Ordering::Relaxed);
        })
    }

    fn reserved(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.most)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "share({} of {})", human_readable_size(self.reserved()), human_readable_size(self.most))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::execution::memory_pool::GreedyMemoryPool;

    use super::*;

    #[test]
    fn a_share_is_bounded_by_itself_and_by_the_pool_of_all() {
        let all: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(100));
        let share = |role| -> Arc<dyn MemoryPool> { Arc::new(Share::new(Arc::clone(&all), 60, role)) };
        let (one, other) = (share(Role::Analyst), share(Role::Admin));
        let of_one = MemoryConsumer::new("sort").register(&one);
        of_one.try_grow(50).unwrap();
        let refused = of_one.try_grow(20).unwrap_err().to_string();
        assert!(refused.contains("[query.analyst]") && refused.contains("sort"), "{refused}");
        let of_other = MemoryConsumer::new("join").register(&other);
        // Its own share would allow it, the pool of all does not; nothing stays noted of what was refused.
        of_other.try_grow(55).unwrap_err();
        of_other.try_grow(50).unwrap();
        assert_eq!((one.reserved(), other.reserved(), all.reserved()), (50, 50, 100));
        drop(of_one);
        assert_eq!((one.reserved(), all.reserved()), (0, 50));
    }

    #[test]
    fn sessions_of_one_asker_share_and_who_has_gone_is_forgotten() {
        let all: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(100));
        let shares = Shares::default();
        let asker = |name: &str| Asker { name: name.into(), role: Role::Analyst, ..Asker::owner() };
        let share = |asker: &Asker| shares.of(asker, Arc::clone(&all), 60);
        let (lan, minh) = (asker("lan").through("http"), asker("minh").through("http"));
        let first = share(&lan);
        assert!(Arc::ptr_eq(&first, &share(&lan.clone().through("postgres"))));
        let other = share(&minh);
        assert!(!Arc::ptr_eq(&first, &other));
        drop(first);
        share(&minh);
        assert_eq!(shares.0.lock().unwrap().len(), 1);
        let within = asker("owner");
        let (one, two) = (share(&within), share(&within));
        assert!(!Arc::ptr_eq(&one, &two), "what the program does by itself");
    }
}
