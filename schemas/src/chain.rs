//! What becomes of events that others correct or take back.
//!
//! In: the events of one family that change others or are changed, recorded by the day asked for. Out: the fate of each
//! that is not in force. Guarantee: of an event and all its corrections exactly one is in force, or none where all were
//! taken back or where what they correct is not there.
//!
//! The rules: a correction replaces its target whole; of two corrections of one event the last recorded wins; taking
//! back a correction revives what it replaced; taking back a retraction undoes it; a correction whose target has not
//! arrived waits; one that names another area than its target's changes nothing. What had not been told by the day asked
//! for (`told`) is as if it were not there, but what it corrects stays known.

use std::collections::HashMap;

/// An event's place in the order of recording: instant, log generation, partition, offset.
pub type Position = (Option<i64>, i32, i32, i64);

/// What a chain needs to know of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// Its id.
    pub event_id: String,
    /// Where it stands in the order of recording.
    pub position: Position,
    /// Whose it is: the area through time, of reference events the code as the log's key has it.
    pub area: String,
    /// Id of the event that it replaces.
    pub supersedes: Option<String>,
    /// Id of the event that it takes back.
    pub retracts: Option<String>,
    /// Whether it had been told by the day asked for.
    pub told: bool,
}

/// Why an event is not in force, and which other event has to do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Taken back by the event named.
    Retracted(String),
    /// Replaced by the event named, the one in force.
    Corrected(String),
    /// Corrects the event named, which is not there or waits itself.
    Waiting(String),
    /// Would correct the event named, which is another area's.
    OtherArea(String),
}

/// The fates of all links that are not in force, by event id. Ids are unique, as a ledger has them.
pub fn resolve(links: &[Link]) -> HashMap<&str, Fate> {
    let chain = Chain::new(links);
    let retracted_by = chain.retractions();
    let live: Vec<bool> = (0..links.len()).map(|at| links[at].told && retracted_by[at].is_none()).collect();
    let mut fates = chain.rooted(&live);
    for (at, by) in retracted_by.iter().enumerate() {
        if let Some(by) = by {
            fates.insert(&links[at].event_id, Fate::Retracted(links[*by].event_id.clone()));
        }
    }
    fates
}

struct Chain<'a> {
    links: &'a [Link],
    by_id: HashMap<&'a str, usize>,
    /// For each link those that correct it, without those of another area.
    corrections: Vec<Vec<usize>>,
}

impl<'a> Chain<'a> {
    fn new(links: &'a [Link]) -> Self {
        let mut by_id = HashMap::with_capacity(links.len());
        for (at, link) in links.iter().enumerate() {
            by_id.entry(link.event_id.as_str()).or_insert(at);
        }
        let mut chain = Self { links, by_id, corrections: vec![Vec::new(); links.len()] };
        for (at, link) in links.iter().enumerate() {
            if let Some(target) = chain.target(at, &link.supersedes) {
                chain.corrections[target].push(at);
            }
        }
        chain
    }

    /// The link that another names, where it is there and of the same area.
    fn target(&self, at: usize, id: &Option<String>) -> Option<usize> {
        let target = *self.by_id.get(id.as_deref()?)?;
        (self.links[target].area == self.links[at].area).then_some(target)
    }

    /// By which retraction each link is taken back. Retractions of retractions are settled from the last one inwards;
    /// events that take each other back in a ring take nothing back.
    fn retractions(&self) -> Vec<Option<usize>> {
        let mut by = vec![None; self.links.len()];
        let targets: Vec<_> = (0..self.links.len()).map(|at| self.target(at, &self.links[at].retracts)).collect();
        let mut undecided = vec![0_usize; self.links.len()];
        targets.iter().flatten().for_each(|target| undecided[*target] += 1);
        let mut decided: Vec<usize> = (0..self.links.len()).filter(|at| undecided[*at] == 0).collect();
        while let Some(at) = decided.pop() {
            let Some(target) = targets[at] else { continue };
            if by[at].is_none() && self.links[at].told {
                let earlier: &mut Option<usize> = &mut by[target];
                // Of several the first recorded is named, whatever order they are read in.
                let first = earlier.is_none_or(|other| self.links[at].position < self.links[other].position);
                if first {
                    *earlier = Some(at);
                }
            }
            undecided[target] -= 1;
            if undecided[target] == 0 {
                decided.push(target);
            }
        }
        by
    }

    /// Walks each tree of corrections from the event that corrects nothing, and leaves one event in force. What no
    /// such event leads to waits.
    fn rooted(&self, live: &[bool]) -> HashMap<&'a str, Fate> {
        let mut fates = HashMap::new();
        let mut reached = vec![false; self.links.len()];
        for root in (0..self.links.len()).filter(|at| self.links[*at].supersedes.is_none()) {
            let tree = self.tree(root);
            tree.iter().for_each(|at| reached[*at] = true);
            let Some(in_force) = self.in_force(&tree, live) else { continue };
            for at in tree.into_iter().filter(|at| *at != in_force) {
                fates.insert(self.links[at].event_id.as_str(), Fate::Corrected(self.links[in_force].event_id.clone()));
            }
        }
        for (at, link) in self.links.iter().enumerate().filter(|(at, _)| !reached[*at]) {
            let Some(target) = &link.supersedes else { continue };
            let other_area = self.by_id.contains_key(target.as_str()) && self.target(at, &link.supersedes).is_none();
            let fate = if other_area { Fate::OtherArea(target.clone()) } else { Fate::Waiting(target.clone()) };
            fates.insert(link.event_id.as_str(), fate);
        }
        fates
    }

    /// A root and all that corrects it, each after what it corrects.
    fn tree(&self, root: usize) -> Vec<usize> {
        let mut tree = vec![root];
        let mut next = 0;
        while let Some(&at) = tree.get(next) {
            tree.extend(&self.corrections[at]);
            next += 1;
        }
        tree
    }

    /// From the root always to the last recorded correction under which anything is live.
    fn in_force(&self, tree: &[usize], live: &[bool]) -> Option<usize> {
        let mut alive: HashMap<usize, bool> = HashMap::with_capacity(tree.len());
        for &at in tree.iter().rev() {
            let below = self.corrections[at].iter().any(|c| alive.get(c).copied().unwrap_or(false));
            alive.insert(at, live[at] || below);
        }
        let is_alive = |at: &usize| alive.get(at).copied().unwrap_or(false);
        let mut at = *tree.first().filter(|root| is_alive(root))?;
        loop {
            let corrections = self.corrections[at].iter().copied().filter(is_alive);
            match corrections.max_by_key(|c| self.links[*c].position) {
                Some(next) => at = next,
                None => return Some(at),
            }
        }
    }
}

#[cfg(test)]
mod tests;
