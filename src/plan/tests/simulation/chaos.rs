//! What happens to the world: people's changes on both sides, and faults in between.

use super::super::{DIR, SECOND, digest, name, said};
use super::cloud::Request;
use super::world::{LocalFile, World};
use crate::model::item::{Occupant, RemoteFile};
use crate::model::name::RemoteName;
use crate::model::path::LocalName;
use crate::model::trouble::Trouble;
use crate::plan::action::Edit;
use crate::plan::conflict::{Decision, Keep};
use crate::plan::facts::Intent;
use crate::plan::transfer::{Ask, Base, Reply};
use fastrand::Rng;

/// Kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The file is written to while planning reads it.
    Busy,
    /// The request never arrives.
    LostBefore,
    /// The request is processed, its answer lost.
    LostAfter,
    /// 503, and processed nevertheless: at once, or later.
    UnavailableDone,
    UnavailableLater,
    Unavailable,
    Throttled,
    Unauthorized,
    /// The answer to an upload describes something else.
    Wrong,
    /// The answer leaves fields out.
    Sparse,
    /// The process ends after its intent was stored, or after Box has worked.
    CrashBefore,
    CrashAfter,
    /// The local file changes while it is being sent.
    Edited,
    /// The folder is not there for this account for a while.
    Hidden,
}

const FAULTS: [Fault; 14] = [
    Fault::Busy,
    Fault::LostBefore,
    Fault::LostAfter,
    Fault::UnavailableDone,
    Fault::UnavailableLater,
    Fault::Unavailable,
    Fault::Throttled,
    Fault::Unauthorized,
    Fault::Wrong,
    Fault::Sparse,
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::Edited,
    Fault::Hidden,
];

/// How often each kind strikes in this run, in percent. Most are away in most runs:
/// together they would hide each other.
#[derive(Clone, Debug)]
pub(super) struct Swarm([u8; FAULTS.len()]);

impl Swarm {
    pub(super) fn new(rng: &mut Rng) -> Self {
        Self(std::array::from_fn(|_| {
            if rng.u8(0..3) == 0 { rng.u8(5..40) } else { 0 }
        }))
    }

    /// Whether the folder disappears now and then.
    pub(super) fn hides(&self) -> bool {
        self.0[Fault::Hidden as usize] > 0
    }
}

/// Twins, and one that has the name of another that was kept beside somebody's.
const NAMES: [&str; 5] = ["B", "a", "a (boxup)", "b", "c"];

impl World {
    pub(super) fn strikes(&mut self, fault: Fault) -> bool {
        let rate = self.swarm.0[fault as usize];
        let roll = self.faults.u8(0..100);
        !self.calm && roll < rate
    }

    /// Somebody works on the local directory.
    pub(super) fn local_change(&mut self) {
        let name = name(NAMES[self.ops.usize(0..NAMES.len())]);
        let (kind, content) = (self.ops.u8(0..10), self.ops.u8(0..6));
        self.note(|| format!("local {name:?} {kind} {content}"));
        let now = self.now;
        match (kind, self.disk.get_mut(&name)) {
            (0, _) => drop(self.disk.remove(&name)),
            (1 | 2, Some(file)) => *file = LocalFile::new(file.content, now),
            (3, Some(file)) if now - file.stamp.ctime.0 < 30 * SECOND => file.sneak(content),
            _ => drop(self.disk.insert(name, LocalFile::new(content, now))),
        }
    }

    /// Somebody works in the folder on Box.
    pub(super) fn foreign_change(&mut self) {
        let (kind, content) = (self.ops.u8(0..10), self.ops.u8(3..9));
        let live: Vec<usize> = (0..self.cloud.items.len())
            .filter(|at| !self.cloud.items[*at].trashed)
            .collect();
        let target = (!live.is_empty()).then(|| live[self.ops.usize(0..live.len())]);
        self.note(|| format!("foreign {target:?} {kind} {content}"));
        match (kind, target) {
            (0..=2, Some(at)) if !self.cloud.items[at].versions.is_empty() => {
                let id = self.cloud.items[at].file_id();
                self.cloud.put(&id, content, &None);
            }
            (3 | 4, Some(at)) => self.cloud.touch(at, None),
            (5, Some(at)) => {
                let moved = format!("moved{}", self.cloud.changes);
                self.cloud.touch(at, Some(moved));
            }
            (6, Some(at)) => self.cloud.trash(at),
            _ => {
                let name = NAMES[self.ops.usize(0..NAMES.len())];
                let content = (kind < 9).then_some(content);
                if self.cloud.named(&RemoteName::from_box(name)).is_none() {
                    self.cloud.create(name, content, &None);
                }
            }
        }
    }

    /// A person looks at what is parked and decides about one of it.
    pub(super) fn decide(&mut self) {
        let parked = self.mapped.parked.iter();
        let conflicts = parked.filter_map(|(name, item)| Some((name, item.obstacle.as_ref()?)));
        let conflicts: Vec<_> = conflicts.collect();
        let Some((name, seen)) = self.ops.choice(&conflicts) else {
            return;
        };
        let (name, seen) = ((*name).clone(), (*seen).clone());
        let keep = *self
            .ops
            .choice(&[Keep::Local, Keep::Box, Keep::Both])
            .unwrap();
        if keep == Keep::Local {
            self.decided.push(seen.clone());
        }
        let left = None;
        self.record(vec![Edit::Decide(DIR, name, Decision { keep, seen, left })]);
    }

    /// Box's answer as it arrives; `None` when the process dies of it.
    pub(super) fn reply(&mut self, name: &LocalName, ask: &Ask) -> Option<Reply> {
        let reply = match ask {
            Ask::SendNew(called) => return self.send(name, called, None),
            Ask::SendVersion(base) => return self.send(name, &base.name, Some(base)),
            Ask::Owner(id) => {
                let mut rows = self.mapped.files.iter();
                let other = rows.find(|(other, row)| row.id == *id && *other != name);
                return Some(Reply::Owner(other.map(|(name, _)| name.to_string())));
            }
            Ask::FolderOwner(_) => return Some(Reply::Owner(None)),
            Ask::PreflightNew(wanted) => self.cloud.free(wanted).map(|()| Reply::Clear),
            Ask::PreflightVersion(id) => self.cloud.read(id).map(|_| Reply::Clear),
            Ask::Read(id) => self.cloud.read(id).map(Reply::File),
            Ask::Hash => {
                let hashed = self.running[name].hashed;
                let file = self.disk.get(name);
                let is_same = file.is_some_and(|f| f.stamp.same_file_state(&hashed.stamp));
                return Some(match (is_same, file) {
                    (true, _) => Reply::Hashed(hashed),
                    (false, Some(_)) => Reply::Trouble(Trouble::LocalChanged),
                    (false, None) => Reply::Trouble(Trouble::LocalGone),
                });
            }
            Ask::Root if self.cloud.hidden => Err(Box::new(Trouble::Gone(said(404)))),
            Ask::Root => Ok(Reply::RootVisible),
        };
        if let Some(trouble) = self.refused() {
            return Some(Reply::Trouble(trouble));
        }
        if self.strikes(Fault::LostAfter) {
            return Some(Reply::Trouble(Trouble::NoAnswer("lost".to_owned())));
        }
        Some(self.told(name, reply))
    }

    /// Faults that keep a request from being processed.
    fn refused(&mut self) -> Option<Trouble> {
        if self.strikes(Fault::LostBefore) {
            return Some(Trouble::NoAnswer("lost".to_owned()));
        }
        if self.strikes(Fault::Unavailable) {
            return Some(Trouble::Later(said(503), None));
        }
        if self.strikes(Fault::Throttled) {
            return Some(Trouble::Throttled(said(429), None));
        }
        let is_out = self.strikes(Fault::Unauthorized) && self.faults.u8(0..4) == 0;
        is_out.then(|| Trouble::Unauthorized(said(401)))
    }

    /// Takes note of what an answer tells, and leaves something out now and then.
    fn told(&mut self, name: &LocalName, reply: Result<Reply, Box<Trouble>>) -> Reply {
        let mut reply = reply.unwrap_or_else(|no| Reply::Trouble(*no));
        let file = match &mut reply {
            Reply::File(file) | Reply::Stored(file, _) => file,
            Reply::Trouble(Trouble::NameTaken(_, Some(Occupant::File(file)))) => file,
            Reply::Clear
            | Reply::Hashed(_)
            | Reply::Owner(_)
            | Reply::RootVisible
            | Reply::Trouble(_) => {
                return reply;
            }
        };
        if self.strikes(Fault::Sparse) {
            self.lied_about.insert(name.clone());
            match self.faults.u8(0..4) {
                0 => file.sha1 = None,
                1 => file.etag = None,
                2 => file.version = None,
                _ => file.size = None,
            }
        }
        self.cloud.tell(file, Some(name));
        reply
    }

    pub(super) fn list(&mut self) -> Vec<Occupant> {
        let listing = self.cloud.list();
        for item in &listing {
            if let Occupant::File(file) = item {
                self.cloud.tell(file, None);
            }
        }
        listing
    }

    fn send(
        &mut self,
        name: &LocalName,
        called: &RemoteName,
        base: Option<&Base>,
    ) -> Option<Reply> {
        let job = self.running[name].clone();
        let content = job.hashed.sha1.as_bytes()[0];
        self.check_send(name, base, content);
        let sha1 = digest(content);
        let request = Request {
            by: Some(name.clone()),
            name: called.clone(),
            base: base.cloned(),
            content,
        };
        let before = self.refused();
        let apart = called.is_apart() && base.is_none();
        self.record(vec![Edit::Intend(
            DIR,
            name.clone(),
            Intent { sha1, apart },
        )]);
        self.sent.entry(name.clone()).or_default().insert(content);
        if self.strikes(Fault::CrashBefore) {
            return None;
        }
        if self.strikes(Fault::Edited) {
            let content = self.ops.u8(0..6);
            self.disk
                .insert(name.clone(), LocalFile::new(content, self.now));
        }
        let local = match self.disk.get(name) {
            None => Some(Trouble::LocalGone),
            Some(f) if !f.stamp.same_file_state(&job.hashed.stamp) => Some(Trouble::LocalChanged),
            Some(file) if file.content != content => Some(Trouble::Damaged(said(400))),
            Some(_) => None,
        };
        if let Some(trouble) = local.or(before) {
            return Some(Reply::Trouble(trouble));
        }
        if self.strikes(Fault::UnavailableLater) {
            self.late.push(request);
            return Some(Reply::Trouble(Trouble::Later(said(503), None)));
        }
        let stored = self.cloud.process(&request);
        self.after_processing(name, stored)
    }

    fn after_processing(
        &mut self,
        name: &LocalName,
        stored: Result<RemoteFile, Box<Trouble>>,
    ) -> Option<Reply> {
        if self.strikes(Fault::CrashAfter) {
            return None;
        }
        if self.strikes(Fault::LostAfter) {
            return Some(Reply::Trouble(Trouble::NoAnswer("lost".to_owned())));
        }
        if self.strikes(Fault::UnavailableDone) {
            return Some(Reply::Trouble(Trouble::Later(said(503), None)));
        }
        let sent = self.running[name].hashed;
        let mut reply = self.told(name, stored.map(|file| Reply::Stored(file, sent)));
        if let Reply::Stored(file, _) = &mut reply
            && self.strikes(Fault::Wrong)
        {
            self.lied_about.insert(name.clone());
            match self.faults.u8(0..3) {
                0 => file.sha1 = Some(digest(99)),
                1 => file.size = Some(99),
                _ => file.name = RemoteName::from_box("other"),
            }
        }
        Some(reply)
    }
}
