//! What the entries of one directory are called on Box, and which of them Box would take
//! for the same.
//!
//! A mapped entry keeps the name that was recorded, and its claim to it while it is away.
//! Among unmapped ones the name goes to the one that has it on Box in just this spelling,
//! and else to the first in byte order. So the outcome does not depend on which was created
//! first, and a mapped file is never overwritten by its twin. What has lost is left alone or
//! told apart, as the policy says; one that was told apart by a run that nobody remembers is
//! found again by that name.

use crate::model::name::RemoteName;
use crate::model::path::LocalName;
use crate::model::reason::Parked;
use crate::plan::facts::{DirFacts, LocalEntry, LocalKind, Mapped};
use crate::plan::policy::{OnInvalidName, Policy};
use std::collections::{BTreeMap, HashMap};

/// The names of one directory's entries.
pub(crate) struct Names {
    policy: Policy,
    /// The losers of each collision, with the winner.
    losers: BTreeMap<LocalName, Winner>,
}

/// Who has the name.
enum Winner {
    /// This entry.
    Entry(LocalName),
    /// Nobody need have it: the loser was told apart before.
    Before,
}

impl Names {
    /// Finds the collisions. Costs nothing where every entry is mapped, which is what
    /// nearly every directory looks like in nearly every run.
    pub(crate) fn of(facts: &DirFacts, policy: &Policy) -> Self {
        let mut names = Self {
            policy: *policy,
            losers: BTreeMap::new(),
        };
        let unmapped = || unmapped(facts);
        if unmapped().next().is_none() {
            return names;
        }
        let mut owners: HashMap<String, &LocalName> = HashMap::new();
        for (name, key) in names.claims(&facts.mapped) {
            owners.entry(key).or_insert(name);
        }
        let before = names.told_apart(facts);
        names.losers.extend(before);
        for rank in Rank::ALL {
            for name in unmapped().filter(|name| !names.losers.contains_key(name)) {
                let Ok(remote) = policy.name_of(name) else {
                    continue;
                };
                if Rank::of(name, &remote, facts) == rank {
                    owners.entry(remote.sibling_key()).or_insert(name);
                }
            }
        }
        for name in unmapped() {
            let key = policy.name_of(name).map(|remote| remote.sibling_key());
            if let Some(owner) = key.ok().and_then(|key| owners.get(&key))
                && *owner != name
            {
                let winner = Winner::Entry((*owner).clone());
                names.losers.entry(name.clone()).or_insert(winner);
            }
        }
        names
    }

    /// The name that an unmapped entry gets on Box; the reason why it gets none.
    pub(crate) fn of_entry(&self, name: &LocalName) -> Result<RemoteName, Parked> {
        let remote = self.policy.name_of(name).map_err(Parked::Name)?;
        match (self.losers.get(name), self.policy.on_invalid_name) {
            (None, _) => Ok(remote),
            (Some(_), OnInvalidName::Encode) => Ok(remote.apart(name)),
            (Some(Winner::Entry(winner)), OnInvalidName::Park) => {
                Err(Parked::CaseTwin(winner.to_string()))
            }
            (Some(Winner::Before), OnInvalidName::Park) => Ok(remote),
        }
    }

    /// The mapped names, each with the key that it claims. Where names are encoded that is
    /// the one that it has on Box; elsewhere the one that it would have there, or two
    /// entries could come to claim one file.
    fn claims<'a>(&self, mapped: &'a Mapped) -> Vec<(&'a LocalName, String)> {
        let own = |name| self.policy.name_of(name).ok();
        let key = |name, recorded: Option<&RemoteName>| match self.policy.on_invalid_name {
            OnInvalidName::Encode => recorded.cloned().or_else(|| own(name)),
            OnInvalidName::Park => own(name),
        };
        let files = mapped.files.iter();
        let files = files.map(|(name, file)| (name, key(name, Some(&file.name))));
        let folders = mapped.folders.iter();
        let folders = folders.map(|(name, folder)| (name, key(name, folder.name.as_ref())));
        let all = files.chain(folders);
        all.filter_map(|(name, remote)| Some((name, remote?.sibling_key())))
            .collect()
    }

    /// The unmapped entries that were told apart before: Box's listing shows the name that
    /// nothing else ever gets, or a request in doubt was about it.
    fn told_apart(&self, facts: &DirFacts) -> Vec<(LocalName, Winner)> {
        if self.policy.on_invalid_name != OnInvalidName::Encode {
            return Vec::new();
        }
        let inventory = facts.inventory.as_ref();
        let inventory = inventory.filter(|inventory| inventory.has_names_apart());
        let is_intended = |name: &LocalName| {
            let intent = facts.mapped.intents.get(name);
            intent.is_some_and(|intent| intent.apart)
        };
        let is_there = |name: &LocalName| {
            let apart = || self.policy.name_of(name).ok().map(|own| own.apart(name));
            inventory.is_some_and(|all| apart().is_some_and(|apart| all.holds(&apart)))
        };
        let before = unmapped(facts).filter(|name| is_intended(name) || is_there(name));
        before.map(|name| (name.clone(), Winner::Before)).collect()
    }
}

/// Of several unmapped entries the one of the first rank has the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rank {
    /// It waits because of what has the name on Box: it was told so.
    Waits,
    /// Box has the name in just this spelling.
    Spelled,
    /// Any other.
    Other,
}

impl Rank {
    const ALL: [Self; 3] = [Self::Waits, Self::Spelled, Self::Other];

    fn of(name: &LocalName, remote: &RemoteName, facts: &DirFacts) -> Self {
        let parked = facts.mapped.parked.get(name);
        let inventory = facts.inventory.as_ref();
        if parked.is_some_and(|parked| parked.obstacle.is_some()) {
            Self::Waits
        } else if inventory.is_some_and(|inventory| inventory.holds(remote)) {
            Self::Spelled
        } else {
            Self::Other
        }
    }
}

fn unmapped(facts: &DirFacts) -> impl Iterator<Item = &LocalName> {
    let mapped = &facts.mapped;
    let counts =
        |entry: &&LocalEntry| matches!(entry.kind, LocalKind::File(_) | LocalKind::Directory(_));
    let names = facts.local.iter().filter(counts).map(|entry| &entry.name);
    names.filter(|name| !mapped.files.contains_key(name) && !mapped.folders.contains_key(name))
}
