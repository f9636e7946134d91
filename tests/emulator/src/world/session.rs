//! Upload sessions: what is open, and the parts that are in.

use std::collections::{BTreeMap, HashMap};
use std::io;

use sha1::{Digest, Sha1};

use super::{ItemId, UserId};
use crate::spool::Blob;

/// Where a session's file is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A new file.
    New { folder: ItemId, name: String },
    /// A new version, which may be renamed and moved on the way.
    Version {
        file: ItemId,
        name: Option<String>,
        folder: Option<ItemId>,
    },
}

/// A stored part; it never changes.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) id: String,
    pub(crate) blob: Blob,
}

/// How often a session was asked for this and that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) status: u64,
    pub(crate) listings: u64,
    pub(crate) commits: u64,
    /// Commits answered with `parts_mismatch` although nothing was wrong.
    pub(crate) lagging: u64,
    /// Commits answered with 202.
    pub(crate) pending: u64,
}

/// An open upload session.
pub(crate) struct Session {
    /// Counts sessions, so that they can be told in order.
    pub(crate) seq: u64,
    pub(crate) user: UserId,
    pub(crate) target: Target,
    pub(crate) size: u64,
    pub(crate) part_size: u64,
    /// The start of the URLs that were handed out.
    pub(crate) base: String,
    pub(crate) expires_at: i64,
    /// By offset.
    pub(crate) parts: BTreeMap<u64, Part>,
    pub(crate) last_part_at: i64,
    pub(crate) tally: Tally,
    /// Digest and body of the commit that was accepted with 202.
    pub(crate) accepted: Option<String>,
    digest: Sha1,
    /// How many bytes from the start are in the digest.
    digested: u64,
    processed: u64,
}

impl Session {
    /// A session without parts.
    pub(crate) fn new(user: UserId, target: Target, size: u64, part_size: u64) -> Session {
        Session {
            seq: 0,
            user,
            target,
            size,
            part_size,
            base: String::new(),
            expires_at: i64::MAX,
            parts: BTreeMap::new(),
            last_part_at: 0,
            tally: Tally::default(),
            accepted: None,
            digest: Sha1::new(),
            digested: 0,
            processed: 0,
        }
    }

    /// How many parts there will be.
    pub(crate) fn total_parts(&self) -> u64 {
        self.size.div_ceil(self.part_size)
    }

    /// How many parts are in the digest. Parts that came early wait for those
    /// before them.
    pub(crate) fn processed(&self) -> u64 {
        self.processed
    }

    /// Takes a part and digests what has become contiguous, so that a commit
    /// of gigabytes has nothing left to read.
    pub(crate) fn add(&mut self, offset: u64, part: Part, now: i64) -> io::Result<()> {
        self.parts.insert(offset, part);
        self.last_part_at = now;
        while let Some(part) = self.parts.get(&self.digested) {
            let mut at = 0;
            while at < part.blob.size {
                let bytes = part.blob.read(at, 256 * 1024)?;
                if bytes.is_empty() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                at += bytes.len() as u64;
                self.digest.update(&bytes);
            }
            self.digested += part.blob.size;
            self.processed += 1;
        }
        Ok(())
    }

    /// SHA-1 of the whole file, once all of it is in.
    pub(crate) fn sha1(&self) -> Option<String> {
        let whole = self.digested == self.size;
        let digest = whole.then(|| self.digest.clone().finalize())?;
        Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// What there is under a session's id.
pub(crate) enum Found<'a> {
    Open(&'a mut Session),
    /// Its time was up.
    Expired,
    /// Its file is made. Aborting it is no error.
    Committed,
    /// Never made, aborted or lost.
    Unknown,
}

/// All sessions.
#[derive(Default)]
pub(crate) struct Sessions {
    open: HashMap<String, Session>,
    committed: HashMap<String, UserId>,
    opened: u64,
    /// Parts stored in all.
    pub(crate) parts_stored: u64,
    /// Their bytes.
    pub(crate) part_bytes: u64,
}

impl Sessions {
    /// Opens one.
    pub(crate) fn open(&mut self, id: String, mut session: Session) {
        self.opened += 1;
        session.seq = self.opened;
        self.open.insert(id, session);
    }

    /// Looks for one.
    pub(crate) fn find(&mut self, id: &str, now: i64) -> Found<'_> {
        if self.committed.contains_key(id) {
            return Found::Committed;
        }
        match self.open.get_mut(id) {
            None => Found::Unknown,
            Some(session) if session.expires_at <= now => Found::Expired,
            Some(session) => Found::Open(session),
        }
    }

    /// The session, whatever the time.
    pub(crate) fn get(&self, id: &str) -> Option<&Session> {
        self.open.get(id)
    }

    /// The session, to be changed from outside.
    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Session> {
        self.open.get_mut(id)
    }

    /// Whose session that was.
    pub(crate) fn owner(&self, id: &str) -> Option<UserId> {
        let open = self.open.get(id).map(|session| session.user);
        open.or_else(|| self.committed.get(id).copied())
    }

    /// Forgets one, with its parts; says whether it was there.
    pub(crate) fn discard(&mut self, id: &str) -> bool {
        self.open.remove(id).is_some()
    }

    /// Closes one whose file is made.
    pub(crate) fn close(&mut self, id: &str) {
        if let Some(session) = self.open.remove(id) {
            self.committed.insert(id.to_owned(), session.user);
        }
    }

    /// The open ones whose time is not up, in the order of their opening.
    pub(crate) fn all(&self, now: i64) -> Vec<(&str, &Session)> {
        let live = self.open.iter();
        let live = live.filter(|(_, session)| session.expires_at > now);
        let mut all: Vec<_> = live.map(|(id, session)| (id.as_str(), session)).collect();
        all.sort_by_key(|(_, session)| session.seq);
        all
    }
}
