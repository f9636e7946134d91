//! Compares one directory with the mapping and with Box's listing of its folder, and
//! tells where the three have drifted apart.
//!
//! Called like planning: [`suspects`] names the files whose content decides something,
//! and [`compare`] judges. Nothing follows from it by itself.

use crate::model::digest::Sha1Digest;
use crate::model::ids::{FileId, FolderId, FolderKey};
use crate::model::item::{Occupant, RemoteFile};
use crate::model::path::LocalName;
use crate::model::stamp::Stamp;
use crate::plan::facts::{Digests, DirFacts, HashError, LocalKind, SyncedFile};
use crate::plan::names::Names;
use crate::plan::policy::Policy;
use std::collections::BTreeSet;

/// How an entry has drifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Drift {
    /// It was on Box, and is not there any more.
    Missing,
    /// Box holds something else than the disk and the mapping.
    Changed,
    /// It is on Box and not on the disk: a file that was mirrored from here.
    Ours,
    /// It is on Box and not on the disk, and was never mirrored from here.
    Foreign,
    /// It has not been sent in its present state.
    Pending,
    /// The same, and it is not going to be until something changes; why.
    Parked(String),
    /// It cannot be read here, so nothing can be said; the system's words.
    Unread(String),
}

/// An entry that has drifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drifted {
    /// Its local name, or the name on Box where there is nothing on the disk; `None` for
    /// the directory itself.
    pub(crate) name: Option<LocalName>,
    /// How.
    pub(crate) drift: Drift,
    /// The item on Box, as far as there is or was one.
    pub(crate) item: Option<String>,
}

/// A directory in the one that was compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Below {
    /// Its name.
    pub(crate) name: LocalName,
    /// The mapping's key of it.
    pub(crate) key: Option<FolderKey>,
    /// Its folder.
    pub(crate) folder: Option<FolderId>,
}

/// A mapped file that the listing does not show: it may have been moved on Box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unlisted {
    /// Its name.
    pub(crate) name: LocalName,
    /// The file.
    pub(crate) id: FileId,
    /// What the disk holds.
    pub(crate) sha1: Sha1Digest,
    /// Whether that is what was sent.
    pub(crate) is_sent: bool,
}

/// What the comparison of a directory found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// Files that agree.
    pub(crate) agree: u64,
    /// Entries that do not.
    pub(crate) drifted: Vec<Drifted>,
    /// Files to be asked for one by one.
    pub(crate) unlisted: Vec<Unlisted>,
    /// Items on Box that nothing here accounts for; they may be mapped elsewhere.
    pub(crate) unclaimed: Vec<Occupant>,
    /// Directories to compare next.
    pub(crate) below: Vec<Below>,
}

/// The files whose content must be read before [`compare`] can judge.
pub(crate) fn suspects(facts: &DirFacts, policy: &Policy) -> Vec<LocalName> {
    let names = Names::of(facts, policy);
    let decides = |name: &LocalName, stamp: &Stamp| match facts.mapped.files.get(name) {
        Some(known) if known.stamp.same_file_state(stamp) => false,
        Some(known) => {
            let listed = listed(known, facts);
            let is_other_there = listed.is_none_or(|file| file.sha1 != Some(known.sha1));
            is_other_there
                || known
                    .stamp
                    .size_of_a_file()
                    .is_none_or(|size| size == stamp.size)
        }
        None => match namesake(name, facts, &names) {
            Some(Occupant::File(file)) => file.size.is_none_or(|size| size == stamp.size),
            Some(_) | None => false,
        },
    };
    let named = facts.local.iter().filter(|entry| match &entry.kind {
        LocalKind::File(stamp) => decides(&entry.name, stamp),
        _ => false,
    });
    named.map(|entry| entry.name.clone()).collect()
}

/// Judges every entry of a directory and of its folder. `facts` has the listing.
pub(crate) fn compare(facts: &DirFacts, digests: &Digests, policy: &Policy) -> Comparison {
    let mut comparer = Comparer {
        facts,
        names: Names::of(facts, policy),
        claimed: BTreeSet::new(),
        found: Comparison::default(),
    };
    for entry in &facts.local {
        comparer.entry(&entry.name, &entry.kind, digests);
    }
    comparer.extras();
    comparer.found
}

struct Comparer<'a> {
    facts: &'a DirFacts,
    names: Names,
    /// Items on Box that belong to something here.
    claimed: BTreeSet<&'a str>,
    found: Comparison,
}

impl<'a> Comparer<'a> {
    fn entry(&mut self, name: &'a LocalName, kind: &LocalKind, digests: &Digests) {
        match kind {
            LocalKind::File(stamp) => self.file(name, stamp, digests),
            LocalKind::Directory(_) => self.directory(name),
            // Left out on purpose: what was sent of it before stays.
            LocalKind::Excluded(_) => self.claim(name),
            LocalKind::Unreadable(error) => {
                self.claim(name);
                self.drifted(name, Drift::Unread(error.clone()), None);
            }
        }
    }

    fn claim(&mut self, name: &'a LocalName) {
        let mapped = &self.facts.mapped;
        self.claimed
            .extend(mapped.files.get(name).map(|known| known.id.as_str()));
        self.claimed
            .extend(mapped.folders.get(name).map(|known| known.id.as_str()));
        self.claimed
            .extend(namesake(name, self.facts, &self.names).map(id));
    }

    fn drifted(&mut self, name: &LocalName, drift: Drift, item: Option<&str>) {
        self.found.drifted.push(Drifted {
            name: Some(name.clone()),
            drift,
            item: item.map(str::to_owned),
        });
    }

    fn file(&mut self, name: &'a LocalName, stamp: &Stamp, digests: &Digests) {
        let facts = self.facts;
        let Some(known) = facts.mapped.files.get(name) else {
            return self.unmapped(name, stamp, digests);
        };
        self.claimed.insert(known.id.as_str());
        let sha1 = match here(name, stamp, facts, digests) {
            Here::Sha1(sha1) => Some(sha1),
            Here::Other => None,
            Here::Gone => return,
            Here::Unread(error) => {
                return self.drifted(name, Drift::Unread(error), Some(known.id.as_str()));
            }
        };
        let is_left = sha1.is_some() && left(name, facts) == sha1;
        let is_sent = sha1 == Some(known.sha1) || is_left;
        match listed(known, facts) {
            Some(file) if file.sha1 == Some(known.sha1) && is_sent => self.found.agree += 1,
            Some(file) if file.sha1.is_some() && file.sha1 == sha1 => self.found.agree += 1,
            Some(file) if file.sha1 == Some(known.sha1) => {
                let drift = self.unsent(name, Some(stamp));
                self.drifted(name, drift, Some(known.id.as_str()));
            }
            Some(_) => self.drifted(name, Drift::Changed, Some(known.id.as_str())),
            None => self.found.unlisted.push(Unlisted {
                name: name.clone(),
                id: known.id.clone(),
                sha1: sha1.unwrap_or(known.sha1),
                is_sent: sha1.is_none() || is_sent,
            }),
        }
    }

    /// A file that was never sent, for all that the mapping knows.
    fn unmapped(&mut self, name: &'a LocalName, stamp: &Stamp, digests: &Digests) {
        let facts = self.facts;
        let owner = |id: &str| {
            facts
                .mapped
                .files
                .values()
                .any(|known| known.id.as_str() == id)
        };
        match namesake(name, facts, &self.names).filter(|item| !owner(id(item))) {
            None => self.drifted(name, self.unsent(name, Some(stamp)), None),
            Some(Occupant::File(file)) => {
                self.claimed.insert(file.id.as_str());
                let is_equal = match digests.get(name) {
                    Some(Ok(hashed)) => file.sha1 == Some(hashed.sha1),
                    Some(Err(HashError::Vanished)) => return,
                    Some(Err(HashError::Unreadable(error))) => {
                        let drift = Drift::Unread(error.clone());
                        return self.drifted(name, drift, Some(file.id.as_str()));
                    }
                    Some(Err(HashError::Changing)) | None => false,
                };
                match is_equal {
                    true => self.found.agree += 1,
                    false => self.drifted(name, Drift::Changed, Some(file.id.as_str())),
                }
            }
            Some(other) => {
                let id = id(other);
                self.claimed.insert(id);
                self.drifted(name, Drift::Changed, Some(id));
            }
        }
    }

    fn directory(&mut self, name: &'a LocalName) {
        let known = self.facts.mapped.folders.get(name);
        let folder = match (known, namesake(name, self.facts, &self.names)) {
            (Some(known), _) => Some(&known.id),
            (None, Some(Occupant::Folder(folder))) => Some(&folder.id),
            (None, Some(other)) => {
                let id = id(other);
                self.claimed.insert(id);
                return self.drifted(name, Drift::Changed, Some(id));
            }
            (None, None) => None,
        };
        match folder {
            Some(folder) => drop(self.claimed.insert(folder.as_str())),
            None => self.drifted(name, self.unsent(name, None), None),
        }
        self.found.below.push(Below {
            name: name.clone(),
            key: known.map(|known| known.key),
            folder: folder.cloned(),
        });
    }

    /// What is on Box and not on the disk.
    fn extras(&mut self) {
        let mapped = &self.facts.mapped;
        let ours: BTreeSet<&str> = mapped
            .files
            .values()
            .map(|known| known.id.as_str())
            .collect();
        let folders = mapped.folders.values().map(|known| known.id.as_str());
        let ours: BTreeSet<&str> = ours.into_iter().chain(folders).collect();
        for item in self.facts.inventory.iter().flat_map(|all| all.items()) {
            let id = id(item);
            if self.claimed.contains(id) {
                continue;
            }
            match ours.contains(id) {
                true => self.found.drifted.push(Drifted {
                    name: LocalName::new(item.name().as_str().as_bytes()),
                    drift: Drift::Ours,
                    item: Some(id.to_owned()),
                }),
                false => self.found.unclaimed.push(item.clone()),
            }
        }
    }

    /// It waits: to be sent, or, as it was when it was parked, for something to change.
    fn unsent(&self, name: &LocalName, stamp: Option<&Stamp>) -> Drift {
        let is_as_it_was = |then: Option<&Stamp>| match (then, stamp) {
            (Some(then), Some(now)) => then.same_file_state(now),
            (then, now) => then.is_none() && now.is_none(),
        };
        let parked = self.facts.mapped.parked.get(name);
        match parked.filter(|parked| is_as_it_was(parked.stamp.as_ref())) {
            Some(parked) => Drift::Parked(parked.message.clone()),
            None => Drift::Pending,
        }
    }
}

/// What the disk holds of a mapped file.
enum Here {
    Sha1(Sha1Digest),
    /// Something else than was sent; what, nobody had to know.
    Other,
    Gone,
    Unread(String),
}

fn here(name: &LocalName, stamp: &Stamp, facts: &DirFacts, digests: &Digests) -> Here {
    let known = facts.mapped.files.get(name);
    if let Some(known) = known.filter(|known| known.stamp.same_file_state(stamp)) {
        return Here::Sha1(left(name, facts).unwrap_or(known.sha1));
    }
    match digests.get(name) {
        Some(Ok(hashed)) => Here::Sha1(hashed.sha1),
        Some(Err(HashError::Vanished)) => Here::Gone,
        Some(Err(HashError::Unreadable(error))) => Here::Unread(error.clone()),
        Some(Err(HashError::Changing)) | None => Here::Other,
    }
}

/// The local content that a person decided not to send.
fn left(name: &LocalName, facts: &DirFacts) -> Option<Sha1Digest> {
    facts.mapped.decisions.get(name)?.left
}

/// The mapped file in the listing, whatever its name is now.
fn listed<'a>(known: &SyncedFile, facts: &'a DirFacts) -> Option<&'a RemoteFile> {
    let all = facts.inventory.as_ref()?;
    match all.occupant(&known.name) {
        Some(Occupant::File(file)) if file.id == known.id => Some(file),
        _ => None,
    }
}

/// What has the name on Box that the local entry has or would get.
fn namesake<'a>(name: &LocalName, facts: &'a DirFacts, names: &Names) -> Option<&'a Occupant> {
    let remote = names.of_entry(name).ok()?;
    facts.inventory.as_ref()?.occupant(&remote)
}

fn id(item: &Occupant) -> &str {
    match item {
        Occupant::File(file) => file.id.as_str(),
        Occupant::Folder(folder) => folder.id.as_str(),
        Occupant::Other { id, .. } => id,
    }
}
