//! Entries of one directory that Box would take for the same name.
//!
//! The one that is mapped keeps the name; among unmapped ones the first in byte order
//! gets it. So the outcome does not depend on which was created first, and a mapped
//! file is never overwritten by its twin.

use crate::model::name::RemoteName;
use crate::model::path::LocalName;
use crate::model::reason::Parked;
use crate::plan::facts::{DirFacts, LocalEntry, LocalKind};
use std::collections::{BTreeMap, HashMap};

/// The losers of each collision, with the winner's name.
pub(crate) struct Twins(BTreeMap<LocalName, LocalName>);

impl Twins {
    /// Finds the collisions. Costs nothing where every entry is mapped, which is what
    /// nearly every directory looks like in nearly every run.
    pub(crate) fn of(facts: &DirFacts) -> Self {
        let is_mapped = |name: &LocalName| {
            facts.mapped.files.contains_key(name) || facts.mapped.folders.contains_key(name)
        };
        let counts = |entry: &&LocalEntry| {
            matches!(entry.kind, LocalKind::File(_) | LocalKind::Directory(_))
        };
        let is_new = |entry: &LocalEntry| !is_mapped(&entry.name);
        if !facts.local.iter().filter(counts).any(is_new) {
            return Self(BTreeMap::new());
        }
        // Mapped names first, then in byte order: the first to claim a key has it. A
        // mapped name keeps its claim while the file is away.
        let mapped = facts.mapped.files.keys().chain(facts.mapped.folders.keys());
        let unmapped = facts.local.iter().filter(counts).map(|entry| &entry.name);
        let unmapped = unmapped.filter(|name| !is_mapped(name));
        let mut owners: HashMap<String, &LocalName> = HashMap::new();
        let mut losers = BTreeMap::new();
        for name in mapped.chain(unmapped) {
            let Ok(remote) = RemoteName::for_local(name) else {
                continue;
            };
            let owner = *owners.entry(remote.sibling_key()).or_insert(name);
            if owner != name {
                losers.insert(name.clone(), owner.clone());
            }
        }
        Self(losers)
    }

    /// Refuses a name that lost.
    pub(crate) fn check(&self, name: &LocalName) -> Result<(), Parked> {
        match self.0.get(name) {
            Some(winner) => Err(Parked::CaseTwin(winner.to_string())),
            None => Ok(()),
        }
    }
}
