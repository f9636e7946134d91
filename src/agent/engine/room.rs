//! Accounts on Box without room: nothing more is sent to them, until one upload shows
//! that there is some again.

use crate::agent::engine::Engine;
use crate::agent::engine::passes::Of;
use crate::agent::job::{Key, Work};
use crate::agent::survey::{How, Place, Scope};
use crate::model::reason::Parked;
use crate::model::trouble::Said;
use crate::plan::action::Report;
use crate::plan::owners::{NoRoom, Owner};
use crate::plan::queue::Rank;
use crate::store::error::Error as StoreError;
use std::time::Instant;

impl Engine {
    /// Whose room a mirror uses, for all that is known.
    pub(super) fn owner_of(&self, mirror: usize) -> Owner {
        let known = self.context.mirrors[mirror].owner();
        known.map_or(Owner::Of(mirror), Owner::Account)
    }

    /// What stands in the way of all that goes into a mirror.
    pub(super) fn no_room_for(&self, mirror: usize) -> Option<&NoRoom> {
        self.owners.of(&self.owner_of(mirror))
    }

    /// Work that is not to be sent now becomes a note that it waits.
    pub(super) fn unless_held_back(&self, key: &Key, work: Work) -> Work {
        let Work::File(dir, file) = work else {
            return work;
        };
        let (owner, size) = (self.owner_of(key.0), file.stamp.size);
        match self.owners.held_back(&owner, key, size) {
            Some(said) => {
                let why = Parked::Full(said.clone());
                Work::HeldBack(dir, file, why)
            }
            None => Work::File(dir, file),
        }
    }

    /// Box has no room for an entry of this size.
    pub(super) fn on_full(&mut self, key: Key, said: Said, size: u64) {
        let owner = self.owner_of(key.0);
        self.owners
            .refused(owner, said.clone(), size, Instant::now());
        self.over(&key);
        self.account(key, Report::Parked(Parked::Full(said)));
    }

    /// Learns from what has become of an entry that there is room again.
    pub(super) fn notice_room(&mut self, key: &Key, report: &Report) -> Result<(), StoreError> {
        let (Report::Uploaded(_, size) | Report::NewVersion(_, size)) = report else {
            return Ok(());
        };
        let owner = self.owner_of(key.0);
        let is_news = self.owners.stored(&owner, key, *size, Instant::now());
        // A single pass tries everything once.
        if !is_news || !self.schedule.is_lasting() || self.stop.is_some() {
            return Ok(());
        }
        for mirror in 0..self.parts.len() {
            if self.owner_of(mirror) == owner {
                let number = self.request_pass(mirror, self.temper.quiet)?;
                // Whoever waits for this mirror waits for that as well.
                self.waiters
                    .iter_mut()
                    .for_each(|waiter| waiter.extend(mirror, number));
            }
        }
        Ok(())
    }

    /// Sends one upload to each account that is due, the smallest that says something.
    pub(super) fn probe_accounts(&mut self) -> Result<(), StoreError> {
        if !self.schedule.is_lasting() {
            return Ok(());
        }
        let now = Instant::now();
        for (owner, from) in self.owners.due(now) {
            match self.smallest_waiting(&owner, from)? {
                None => self.owners.forget(&owner),
                Some(entry) => {
                    self.owners.probe(&owner, entry.clone(), now);
                    self.look_at_probe(entry);
                }
            }
        }
        Ok(())
    }

    fn look_at_probe(&mut self, (mirror, path): Key) {
        // Whoever waits for the pass under way waits for this as well.
        let pass = self.parts[mirror].pass.as_ref().map(|pass| pass.number);
        let how = How::Itself;
        let of = Of {
            rank: Rank::Fresh,
            ..Of::pass(mirror, pass)
        };
        let mut visit = self.visit_of(of, Scope::Places(vec![Place { path, how }]));
        visit.no_room = None;
        self.add_visit(visit);
    }

    /// The smallest file from that size on that waits for room in an account.
    fn smallest_waiting(&self, owner: &Owner, from: u64) -> Result<Option<Key>, StoreError> {
        let reader = self.context.readers.get()?;
        let mut smallest: Option<(u64, Key)> = None;
        for (number, mirror) in self.context.mirrors.iter().enumerate() {
            if self.owner_of(number) != *owner || self.parts[number].is_stopped() {
                continue;
            }
            let Some(root) = reader.root(&mirror.name, &mirror.target_key())? else {
                continue;
            };
            if let Some((path, size)) = reader.smallest_without_room(root.key, from)?
                && smallest.as_ref().is_none_or(|(least, _)| size < *least)
            {
                smallest = Some((size, (number, path)));
            }
        }
        Ok(smallest.map(|(_, key)| key))
    }
}
