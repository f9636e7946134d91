//! Compares one directory with the mapping and, where it was never compared, with
//! Box's listing.
//!
//! Called twice with the same facts: [`suspects`] names the files whose bytes decide
//! something, the scan hashes just those, and [`plan`] decides.

use crate::model::identity::{Identity, Sameness};
use crate::model::ids::FolderKey;
use crate::model::item::{Obstacle, Occupant};
use crate::model::name::RemoteName;
use crate::model::path::LocalName;
use crate::model::reason::{DOUBTED, Exclusion, Failed, Parked};
use crate::model::stamp::Stamp;
use crate::plan::absence::{self, Mark};
use crate::plan::action::{Action, DirPlan, Edit, FileWork, FolderWork, Listing, Report, synced};
use crate::plan::facts::{
    Digests, DirFacts, HashError, Hashed, LocalEntry, LocalKind, ParkedItem, SyncedFile,
};
use crate::plan::names::Names;
use crate::plan::policy::{CHUNKED_FROM, OnDelete, OnForeign, Policy};
use crate::plan::relisting;
use crate::plan::standing::{
    Standing, directory_name, is_in_doubt, is_left, is_unsettled, same_state, standing, still,
    succeeds,
};
use std::collections::BTreeSet;

/// The files whose content must be read before [`plan`] can decide.
pub(crate) fn suspects(facts: &DirFacts, policy: &Policy) -> Vec<LocalName> {
    let names = Names::of(facts, policy);
    let decides = |entry: &LocalEntry| {
        let LocalKind::File(stamp) = &entry.kind else {
            return false;
        };
        match standing(&entry.name, stamp, facts, policy, &names) {
            Standing::Recheck(_) => true,
            // Another size is other content; the rest is read while it is sent.
            Standing::Changed(known) => {
                let before = known.stamp.size_of_a_file();
                stamp.size < CHUNKED_FROM || before.is_none_or(|size| size == stamp.size)
            }
            Standing::Unlisted(known) => known.provisional || !known.stamp.same_file_state(stamp),
            Standing::Occupied(_, Occupant::File(file)) => {
                file.size.is_none_or(|size| size == stamp.size)
            }
            Standing::Occupied(..)
            | Standing::Unchanged
            | Standing::Unsettled
            | Standing::TooYoung(_)
            | Standing::Waits(_)
            | Standing::New(_) => false,
        }
    };
    let named = facts.local.iter().filter(|entry| decides(entry));
    named.map(|entry| entry.name.clone()).collect()
}

/// Decides what is to be done about each entry of the directory `dir`.
pub(crate) fn plan(
    dir: FolderKey,
    facts: &DirFacts,
    digests: &Digests,
    policy: &Policy,
) -> DirPlan {
    let mut planner = Planner {
        dir,
        facts,
        policy,
        names: Names::of(facts, policy),
        plan: DirPlan::default(),
    };
    for entry in &facts.local {
        planner.entry(entry, digests);
    }
    planner.close()
}

struct Planner<'a> {
    dir: FolderKey,
    facts: &'a DirFacts,
    policy: &'a Policy,
    names: Names,
    plan: DirPlan,
}

impl Planner<'_> {
    fn entry(&mut self, entry: &LocalEntry, digests: &Digests) {
        let name = &entry.name;
        if self.facts.mapped.absent.contains_key(name)
            && !succeeds(entry, &self.facts.mapped, self.policy)
        {
            self.mark(Mark::Present(self.dir, name.clone()));
        }
        match &entry.kind {
            LocalKind::File(stamp) => self.file(name, stamp, digests),
            LocalKind::Directory(identity) => self.directory(name, *identity),
            LocalKind::Excluded(why) => {
                self.unpark(name);
                self.report(name, Report::Excluded(why.clone()));
            }
            LocalKind::Unreadable(error) => {
                self.report(name, Report::Failed(Failed::Read(error.clone())));
            }
        }
    }

    fn file(&mut self, name: &LocalName, stamp: &Stamp, digests: &Digests) {
        let facts = self.facts;
        match standing(name, stamp, facts, self.policy, &self.names) {
            Standing::Unchanged => {
                let edit = relisting::refreshed(self.dir, name, facts);
                self.plan.edits.extend(edit);
                self.unchanged(name);
            }
            Standing::Unsettled => self.plan.unsettled.push(name.clone()),
            Standing::TooYoung(wait) => {
                self.plan.young.push((name.clone(), wait));
                let why = Exclusion::TooYoung(self.policy.min_age);
                self.report(name, Report::Excluded(why));
            }
            Standing::Waits(why) => {
                if self.may_be_respelled(&why)
                    && let Ok(remote) = RemoteName::for_local(name)
                {
                    let work = self.file_work(name, stamp, remote, None, None);
                    self.plan.respelled.push(Action::File(work));
                }
                self.park(name, why, Some(*stamp));
            }
            Standing::Recheck(known) | Standing::Changed(known) => {
                self.known(name, stamp, known, digests.get(name));
            }
            Standing::Unlisted(known) => self.unlisted(name, stamp, known, digests.get(name)),
            Standing::Occupied(remote, occupant) => {
                self.occupied(name, stamp, remote, occupant, digests.get(name));
            }
            Standing::New(remote) => self.act(name, stamp, remote, None, None),
        }
    }

    /// A mapped file that may have new content.
    fn known(
        &mut self,
        name: &LocalName,
        stamp: &Stamp,
        known: &SyncedFile,
        digest: Option<&Result<Hashed, HashError>>,
    ) {
        match digest {
            // Content that was sent since may be on Box instead: only Box can tell.
            Some(Ok(hashed))
                if (hashed.sha1 == known.sha1 || is_left(name, hashed, self.facts))
                    && !is_in_doubt(name, self.facts) =>
            {
                // Checked once in each state: a file whose clock lies in the future
                // would otherwise be read in every run for ever.
                let is_second_look =
                    known.provisional && known.stamp.same_file_state(&hashed.stamp);
                self.plan.edits.push(Edit::Refresh {
                    dir: self.dir,
                    name: name.clone(),
                    stamp: hashed.stamp,
                    hashed_at: hashed.at,
                    provisional: !is_second_look && hashed.stamp.is_young_at(hashed.at),
                });
                self.unchanged(name);
            }
            Some(Err(HashError::Vanished)) => {}
            Some(Err(HashError::Unreadable(error))) => {
                self.report(name, Report::Failed(Failed::Read(error.clone())));
            }
            Some(Ok(hashed)) => self.act(name, stamp, known.name.clone(), Some(*hashed), None),
            Some(Err(HashError::Changing)) | None => {
                self.act(name, stamp, known.name.clone(), None, None);
            }
        }
    }

    /// A mapped file of which Box has another state now, or none in this folder.
    fn unlisted(
        &mut self,
        name: &LocalName,
        stamp: &Stamp,
        known: &SyncedFile,
        digest: Option<&Result<Hashed, HashError>>,
    ) {
        let hashed = match digest {
            Some(Err(HashError::Vanished)) => return,
            Some(Err(HashError::Unreadable(error))) => {
                return self.report(name, Report::Failed(Failed::Read(error.clone())));
            }
            Some(Err(HashError::Changing)) => None,
            Some(Ok(hashed)) => Some(*hashed),
            None => relisting::remembered(name, stamp, known, self.facts),
        };
        self.act(name, stamp, known.name.clone(), hashed, None);
        if let Some(Action::File(work)) = self.plan.actions.last_mut() {
            work.listing = Listing::Other;
            work.doubtful = true;
        }
    }

    /// An unmapped file whose name Box's listing shows.
    fn occupied(
        &mut self,
        name: &LocalName,
        stamp: &Stamp,
        remote: RemoteName,
        occupant: &Occupant,
        digest: Option<&Result<Hashed, HashError>>,
    ) {
        let is_decided = self.facts.mapped.decisions.contains_key(name);
        let Occupant::File(file) = occupant else {
            if is_decided || self.policy.on_existing == OnForeign::KeepBoth {
                return self.act(name, stamp, remote, None, None);
            }
            let by = Obstacle::of(occupant);
            return self.park(name, Parked::NameTaken(by), Some(*stamp));
        };
        match digest {
            Some(Ok(hashed)) if file.sha1 == Some(hashed.sha1) && file.etag.is_some() => {
                let row = synced(file, hashed);
                self.plan
                    .edits
                    .push(Edit::PutFile(self.dir, name.clone(), row));
                self.report(name, Report::Adopted(file.clone()));
            }
            Some(Err(HashError::Vanished)) => {}
            Some(Err(HashError::Unreadable(error))) => {
                self.report(name, Report::Failed(Failed::Read(error.clone())));
            }
            _ if self.is_distrusted(name)
                && relisting::differs(file, stamp, digest)
                && !is_decided
                && !self.facts.mapped.intents.contains_key(name) =>
            {
                self.park(name, Parked::Doubted(Obstacle::file(file)), Some(*stamp));
            }
            // Without an intent of ours, a file that differs is a stranger's.
            _ if self.policy.on_existing == OnForeign::Park
                && relisting::differs(file, stamp, digest)
                && !is_decided
                && !self.facts.mapped.intents.contains_key(name) =>
            {
                self.park(name, Parked::Differs(Obstacle::file(file)), Some(*stamp));
            }
            digest => {
                let hashed = digest.and_then(|d| d.as_ref().ok()).copied();
                self.act(name, stamp, remote, hashed, Some(file));
            }
        }
    }

    /// Whether what was known of its copy on Box is lost.
    fn is_distrusted(&self, name: &LocalName) -> bool {
        let parked = self.facts.mapped.parked.get(name);
        self.policy.distrust || parked.is_some_and(|parked| parked.code == DOUBTED)
    }

    fn act(
        &mut self,
        name: &LocalName,
        stamp: &Stamp,
        remote_name: RemoteName,
        hashed: Option<Hashed>,
        existing: Option<&crate::model::item::RemoteFile>,
    ) {
        let work = self.file_work(name, stamp, remote_name, hashed, existing);
        self.plan.actions.push(Action::File(work));
    }

    fn file_work(
        &self,
        name: &LocalName,
        stamp: &Stamp,
        remote_name: RemoteName,
        hashed: Option<Hashed>,
        existing: Option<&crate::model::item::RemoteFile>,
    ) -> FileWork {
        let mut work = FileWork {
            name: name.clone(),
            remote_name,
            stamp: *stamp,
            hashed,
            synced: None,
            existing: existing.cloned().map(Box::new),
            intent: None,
            decision: None,
            shown: None,
            doubtful: false,
            listing: Listing::AsKnown,
            distrust: self.policy.distrust,
            restless: is_unsettled(stamp, self.facts, self.policy),
            changes: 0,
        };
        work.recall(&self.facts.mapped);
        work
    }

    /// Whether the name belongs to something that is not there any more.
    fn may_be_respelled(&self, why: &Parked) -> bool {
        let Parked::CaseTwin(winner) = why else {
            return false;
        };
        let is_it = |entry: &LocalEntry| entry.name.to_string() == *winner;
        !self.facts.local.iter().any(is_it)
    }

    fn directory(&mut self, name: &LocalName, identity: Identity) {
        let mapped = &self.facts.mapped;
        if let Some(folder) = mapped.folders.get(name).filter(|f| f.inventoried) {
            self.unpark(name);
            let sameness = folder.identity.map(|known| known.compare(&identity));
            match sameness {
                Some(Sameness::Other) => {
                    let replaced = (name.clone(), folder.clone(), identity);
                    return self.plan.replaced.push(replaced);
                }
                _ if folder.identity == Some(identity) => {}
                // The device has another number, or nothing was known.
                _ => self.plan.edits.push(Edit::Identify(folder.key, identity)),
            }
            return self.plan.descend.push((name.clone(), folder.clone()));
        }
        match directory_name(name, self.facts, self.policy, &self.names) {
            Err(why) => {
                if self.may_be_respelled(&why)
                    && let Ok(remote_name) = RemoteName::for_local(name)
                {
                    self.plan.respelled.push(Action::Folder(FolderWork {
                        name: name.clone(),
                        remote_name,
                        identity: Some(identity),
                        known: None,
                        is_mapped: false,
                    }));
                }
                self.park(name, why, None);
            }
            Ok(remote_name) => {
                let occupant = self.occupant(&remote_name);
                let known = match occupant {
                    Some(Occupant::Folder(folder)) => Some(folder),
                    Some(other) => {
                        return self.park(name, Parked::NameTaken(Obstacle::of(&other)), None);
                    }
                    None => mapped
                        .folders
                        .get(name)
                        .map(|f| crate::model::item::RemoteFolder {
                            id: f.id.clone(),
                            etag: None,
                            name: remote_name.clone(),
                        }),
                };
                self.plan.actions.push(Action::Folder(FolderWork {
                    name: name.clone(),
                    remote_name,
                    identity: Some(identity),
                    known,
                    is_mapped: mapped.folders.contains_key(name),
                }));
            }
        }
    }

    fn occupant(&self, name: &RemoteName) -> Option<Occupant> {
        self.facts.inventory.as_ref()?.occupant(name).cloned()
    }

    fn unchanged(&mut self, name: &LocalName) {
        self.unpark(name);
        self.plan.unchanged += 1;
    }

    fn unpark(&mut self, name: &LocalName) {
        if self.facts.mapped.parked.contains_key(name) {
            self.plan.edits.push(Edit::Unpark(self.dir, name.clone()));
        }
    }

    fn report(&mut self, name: &LocalName, report: Report) {
        self.plan.reports.push((name.clone(), report));
    }

    fn park(&mut self, name: &LocalName, why: Parked, stamp: Option<Stamp>) {
        let item = ParkedItem {
            tried_at: self.facts.now,
            ..ParkedItem::new(&why, stamp)
        };
        let is_still = matches!(why, Parked::Still { .. });
        let is_recorded = self.facts.mapped.parked.get(name).is_some_and(|known| {
            (&known.code, &known.message) == (&item.code, &item.message)
                && (is_still || known.obstacle == item.obstacle)
                && same_state(known.stamp.as_ref(), stamp.as_ref())
        });
        if !is_recorded {
            self.plan
                .edits
                .push(Edit::Park(self.dir, name.clone(), item));
        }
        self.report(name, Report::Parked(why));
    }

    fn mark(&mut self, mark: Mark) {
        self.plan.edits.push(Edit::Mark(mark));
    }

    /// Notes which mapped entries are not there; a directory that was not read as a whole
    /// only gives a reason to look. Returns those that wait on Box all the same.
    fn absent(&mut self) -> BTreeSet<LocalName> {
        let facts = self.facts;
        let mapped = &facts.mapped;
        let entry_of = |name: &LocalName| {
            let found = facts.local.binary_search_by(|entry| entry.name.cmp(name));
            found.ok().and_then(|at| facts.local.get(at))
        };
        let policy = self.policy;
        let is_other =
            |name: &LocalName| entry_of(name).is_some_and(|entry| succeeds(entry, mapped, policy));
        let is_here = |name: &LocalName| entry_of(name).is_some() && !is_other(name);
        let is_mapped =
            |name: &LocalName| mapped.files.contains_key(name) || mapped.folders.contains_key(name);
        // While what was known of Box may be lost, nothing is concluded from what is not here.
        let is_kept = self.policy.on_delete == OnDelete::Keep || self.policy.distrust;
        for name in mapped.absent.keys().filter(|name| !is_here(name)) {
            if is_kept || !is_mapped(name) {
                self.mark(Mark::Present(self.dir, name.clone()));
            }
        }
        let mut waits = BTreeSet::new();
        if is_kept {
            return waits;
        }
        let all = mapped.files.keys().chain(mapped.folders.keys());
        for name in all.filter(|name| !is_here(name)) {
            let known = mapped.absent.get(name);
            // What succeeds it is looked at singly in each pass, which is no new reason.
            if known.is_none() || !is_other(name) {
                self.plan.missing.push(name.clone());
            }
            if !facts.complete {
                continue;
            }
            if known.is_none_or(|absent| absent.is_of_the_future(facts.steady)) {
                self.mark(Mark::Absent(self.dir, name.clone(), facts.steady));
            }
            if let Some(parked) = mapped.parked.get(name)
                && !is_other(name)
            {
                waits.insert(name.clone());
                if !absence::is_tried(Some(parked), facts.now, self.policy) {
                    self.report(name, Report::Parked(still(parked)));
                }
            }
        }
        waits
    }

    /// Ends what was remembered of entries that are not there any more. A file's row
    /// stays: its absence says nothing about what should be on Box.
    fn close(mut self) -> DirPlan {
        let waits = self.absent();
        let mapped = &self.facts.mapped;
        let is_here = |name: &LocalName| {
            let found = self
                .facts
                .local
                .binary_search_by(|entry| entry.name.cmp(name));
            found.is_ok()
        };
        let is_mapped =
            |name: &LocalName| mapped.files.contains_key(name) || mapped.folders.contains_key(name);
        let is_complete = self.facts.complete;
        // Nothing on Box follows from the absence of what never was there: a look at it alone
        // will do.
        let gone = mapped.parked.keys().filter(|name| {
            !is_here(name) && !waits.contains(*name) && (is_complete || !is_mapped(name))
        });
        let gone: Vec<Edit> = gone
            .map(|name| Edit::Unpark(self.dir, name.clone()))
            .collect();
        self.plan.edits.extend(gone);
        if !is_complete {
            return self.plan;
        }
        let folders = self.facts.mapped.folders.iter();
        let away = folders.filter(|(name, _)| !is_here(name));
        let away: Vec<Edit> = away
            .map(|(_, folder)| Edit::UnparkBelow(folder.key))
            .collect();
        self.plan.edits.extend(away);
        if self.facts.inventory.is_some() {
            self.plan.edits.push(Edit::Inventoried(self.dir));
        }
        self.plan
    }
}
