//! A large file on its way to Box, as a state machine: which part to read, to send, to
//! ask for, and when to commit.
//!
//! Parts are read once, in order, because the digest of the whole is made on the way;
//! what has been read is sent by several requests at a time, and reading is never far
//! ahead of sending. Four rules hold on every path:
//!
//! 1. A part counts as stored only when Box described it with our digest.
//! 2. A part whose request brought no answer is asked for before it is sent again.
//! 3. What another part than ours holds is never committed: the session is given up.
//! 4. Nothing is committed before every part is stored and read in this very run.

use crate::model::digest::Sha1Digest;
use crate::model::session::{Cut, Part, SessionFault, Slice};
use crate::model::trouble::Trouble;
use crate::plan::backoff::Backoff;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Failures in a row after which the job as a whole is tried again later.
const MOST_FAILURES: u32 = 5;
/// How often parts may arrive damaged, none whole in between, before the session is given
/// up.
const MOST_DAMAGED: u32 = 2;
/// Longer waits are the queue's business: others may use the place meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How often Box may not have noticed the last part yet.
const MOST_MISMATCHES: u32 = 8;
/// How long Box may take to put the parts together: as long as it keeps them.
const LONGEST_COMMIT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// What may lie between two questions whether it is done.
const COMMIT_DELAYS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(600));

/// The delays between tries within a session.
const DELAYS: Backoff = Backoff {
    first: Duration::from_secs(1),
    longest: Duration::from_secs(30),
};

/// What is to be done next. Several things may be under way at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Do {
    /// Ask which parts Box holds.
    List,
    /// Read this part and tell its digest. Parts come in order, one at a time.
    Read(Slice),
    /// Send this part, which has this digest.
    Put(Slice, Sha1Digest),
    /// Wait, and say so.
    Wait(Duration),
    /// Commit these parts, which are all.
    Commit(Vec<Part>),
}

/// What has been done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Done<T> {
    /// The parts that Box holds.
    Listed(Result<Vec<Part>, Trouble>),
    /// The digest of the part that was read.
    Read(Result<Sha1Digest, Trouble>),
    /// How Box describes the part of this number.
    Put(u64, Result<Part, Trouble>),
    /// The wait is over.
    Waited,
    /// Box is putting the parts together and wants the same commit after this.
    Pending(Duration),
    /// What the commit led to.
    Committed(Result<T, Trouble>),
}

/// How it ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End<T> {
    /// It is on Box.
    Stored(T),
    /// Not now; what Box holds of it stays useful.
    Later(Trouble),
    /// Not in this session: what Box holds of it is not what it should be, or is gone.
    Useless(Trouble),
}

/// The machine. `T` is what a successful commit brings.
#[derive(Clone, Debug)]
pub(crate) struct Chunked<T> {
    cut: Cut,
    /// Parts under way at once.
    width: u64,
    /// Digests of the parts that have been read, in order.
    read: Vec<Sha1Digest>,
    /// Parts that Box holds; compared with ours as soon as ours have been read.
    held: BTreeMap<u64, Part>,
    /// Read, not held, not under way.
    ready: BTreeSet<u64>,
    flying: BTreeSet<u64>,
    is_reading: bool,
    is_busy: bool,
    next: Next,
    /// Without any success in between.
    failures: u32,
    damaged: u32,
    mismatches: u32,
    /// How long Box has been putting the parts together.
    pending: Duration,
    end: Option<End<T>>,
}

/// What, besides parts, is to be done before anything else starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Parts,
    List,
    Wait(Duration, After),
    Commit,
}

/// What comes after a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    List,
    Parts,
    Commit,
}

impl<T> Chunked<T> {
    /// A session of this cut. With `resumed`, Box may hold parts already.
    pub(crate) fn new(cut: Cut, width: usize, resumed: bool) -> Self {
        Self {
            cut,
            width: width.max(1) as u64,
            read: Vec::new(),
            held: BTreeMap::new(),
            ready: BTreeSet::new(),
            flying: BTreeSet::new(),
            is_reading: false,
            is_busy: false,
            next: if resumed { Next::List } else { Next::Parts },
            failures: 0,
            damaged: 0,
            mismatches: 0,
            pending: Duration::ZERO,
            end: None,
        }
    }

    /// Starts the next thing, if one can start now.
    pub(crate) fn next(&mut self) -> Option<Do> {
        if self.end.is_some() || self.is_busy {
            return None;
        }
        match self.next {
            Next::List => {
                // What is on its way may or may not be in the list.
                if !self.flying.is_empty() {
                    return None;
                }
                self.is_busy = true;
                Some(Do::List)
            }
            Next::Wait(delay, _) => {
                self.is_busy = true;
                Some(Do::Wait(delay))
            }
            Next::Commit => {
                self.is_busy = true;
                Some(Do::Commit(self.held.values().cloned().collect()))
            }
            Next::Parts => self.next_part(),
        }
    }

    /// Sending before reading: what has been read is still in memory's reach.
    fn next_part(&mut self) -> Option<Do> {
        if (self.flying.len() as u64) < self.width
            && let Some(number) = self.ready.pop_first()
            && let Some(slice) = self.cut.slice(number)
        {
            self.flying.insert(number);
            return Some(Do::Put(slice, self.digest(number)?));
        }
        if self.is_reading || self.ready.len() as u64 >= self.width {
            return None;
        }
        let slice = self.cut.slice(self.read.len() as u64)?;
        self.is_reading = true;
        Some(Do::Read(slice))
    }

    /// Whether something that was started has not ended.
    pub(crate) fn is_under_way(&self) -> bool {
        self.is_reading || self.is_busy || !self.flying.is_empty()
    }

    /// How it ended. What is under way then is of no more use.
    pub(crate) fn end(&mut self) -> Option<End<T>> {
        self.end.take()
    }

    /// Takes in what has been done. `chance` (0..=1) is the jitter.
    pub(crate) fn done(&mut self, done: Done<T>, chance: f64) {
        match done {
            Done::Listed(parts) => {
                (self.is_busy, self.next) = (false, Next::Parts);
                match parts {
                    Ok(parts) => self.listed(parts),
                    Err(trouble) => self.trouble(trouble, After::List, chance),
                }
            }
            Done::Read(digest) => {
                self.is_reading = false;
                match digest {
                    Ok(digest) => self.has_read(digest),
                    Err(trouble) => self.trouble(trouble, After::Parts, chance),
                }
            }
            Done::Put(number, part) => {
                self.flying.remove(&number);
                match part {
                    Ok(part) => self.stored(number, part),
                    Err(trouble) => self.refused(number, trouble, chance),
                }
            }
            Done::Waited => {
                self.is_busy = false;
                if let Next::Wait(_, after) = self.next {
                    self.next = after.into();
                }
            }
            Done::Pending(delay) => {
                self.is_busy = false;
                self.pending_for(delay);
            }
            Done::Committed(result) => {
                (self.is_busy, self.next) = (false, Next::Parts);
                match result {
                    Ok(stored) => self.finish(End::Stored(stored)),
                    Err(trouble) => self.not_committed(trouble, chance),
                }
            }
        }
        self.commit_if_complete();
    }

    fn finish(&mut self, end: End<T>) {
        self.end.get_or_insert(end);
    }

    fn digest(&self, number: u64) -> Option<Sha1Digest> {
        let at = usize::try_from(number).ok()?;
        self.read.get(at).copied()
    }

    /// Being worked on is no failure, however long it takes.
    fn pending_for(&mut self, asked: Duration) {
        let delay = asked.clamp(COMMIT_DELAYS.0, COMMIT_DELAYS.1);
        self.pending += delay;
        self.next = Next::Wait(delay, After::Commit);
        if self.pending > LONGEST_COMMIT {
            let message = "Box has been putting the parts together for a week".to_owned();
            self.finish(End::Useless(Trouble::NoAnswer(message)));
        }
    }

    fn listed(&mut self, parts: Vec<Part>) {
        self.held.clear();
        for part in parts {
            match self.cut.at(part.offset, part.size) {
                Some(slice) => drop(self.held.insert(slice.number, part)),
                None => return self.finish(End::Useless(overlap())),
            }
        }
        self.ready = (0..self.read.len() as u64)
            .filter(|number| !self.held.contains_key(number))
            .collect();
        let strange = self.held.keys().find(|number| self.is_strange(**number));
        if strange.is_some() {
            self.finish(End::Useless(overlap()));
        }
    }

    /// Whether Box holds something else there than we have read.
    fn is_strange(&self, number: u64) -> bool {
        let ours = self.digest(number);
        let held = self.held.get(&number).map(|part| part.sha1);
        ours.is_some() && held.is_some() && ours != held
    }

    fn has_read(&mut self, digest: Sha1Digest) {
        let number = self.read.len() as u64;
        self.read.push(digest);
        if self.is_strange(number) {
            return self.finish(End::Useless(overlap()));
        }
        if !self.held.contains_key(&number) {
            self.ready.insert(number);
        }
    }

    /// Box has described a part. One that is described wrongly is asked for.
    fn stored(&mut self, number: u64, part: Part) {
        let place = self.cut.at(part.offset, part.size).map(|s| s.number);
        if place != Some(number) || Some(part.sha1) != self.digest(number) {
            return self.look_again(overlap());
        }
        (self.failures, self.damaged) = (0, 0);
        self.held.insert(number, part);
    }

    fn refused(&mut self, number: u64, trouble: Trouble, chance: f64) {
        self.ready.insert(number);
        match trouble {
            Trouble::Session(_, SessionFault::Overlap) => self.look_again(trouble),
            // Nothing was done: there is nothing to ask.
            Trouble::Throttled(..) => self.trouble(trouble, After::Parts, chance),
            // A part has no etag: a failed precondition is about its digest.
            Trouble::Damaged(_) | Trouble::Stale(_) => {
                self.damaged += 1;
                if self.damaged >= MOST_DAMAGED {
                    self.finish(End::Useless(trouble));
                }
            }
            other => self.trouble(other, After::List, chance),
        }
    }

    /// Box holds something there: what, its list tells.
    fn look_again(&mut self, why: Trouble) {
        self.failures += 1;
        if self.failures >= MOST_FAILURES {
            return self.finish(End::Useless(why));
        }
        self.next = Next::List;
    }

    fn not_committed(&mut self, trouble: Trouble, chance: f64) {
        match trouble {
            Trouble::Session(_, SessionFault::NotYet) => {
                self.mismatches += 1;
                if self.mismatches > MOST_MISMATCHES {
                    return self.finish(End::Useless(trouble));
                }
                let delay = DELAYS.delay(self.mismatches, None, chance);
                // A list that lacks a part has it sent again.
                let after = match self.mismatches % 4 {
                    0 => After::List,
                    _ => After::Commit,
                };
                self.next = Next::Wait(delay, after);
            }
            // Nobody knows what became of it, or somebody else was faster. Both are for
            // those to settle who can ask about the file.
            Trouble::Damaged(_)
            | Trouble::NameTaken(..)
            | Trouble::LocalChanged
            | Trouble::LocalGone => self.finish(End::Useless(trouble)),
            Trouble::Throttled(..) => self.trouble(trouble, After::Commit, chance),
            other => match is_over(&other) {
                true => self.finish(End::Useless(other)),
                false => self.finish(End::Later(other)),
            },
        }
    }

    /// What may pass by itself is waited for here, as long as it is short.
    fn trouble(&mut self, trouble: Trouble, after: After, chance: f64) {
        let asked = match &trouble {
            Trouble::NoAnswer(_) => None,
            Trouble::Later(_, asked) | Trouble::Throttled(_, asked) => *asked,
            // The file is not what it was.
            Trouble::LocalChanged | Trouble::LocalGone => {
                return self.finish(End::Useless(trouble));
            }
            other if is_over(other) => return self.finish(End::Useless(trouble)),
            _ => return self.finish(End::Later(trouble)),
        };
        // Parts that are under way at once fail together: that is one failure.
        if self.next != Next::Parts {
            return self.pause_longer(after);
        }
        self.failures += 1;
        let delay = DELAYS.delay(self.failures, asked, chance);
        if self.failures >= MOST_FAILURES || delay > LONGEST_WAIT {
            return self.finish(End::Later(trouble));
        }
        self.next = Next::Wait(delay, after);
    }

    fn pause_longer(&mut self, after: After) {
        if let Next::Wait(_, then @ After::Parts) = &mut self.next {
            *then = after;
        }
    }

    fn commit_if_complete(&mut self) {
        let parts = self.cut.parts();
        let is_complete = self.read.len() as u64 == parts && self.held.len() as u64 == parts;
        if is_complete && self.next == Next::Parts && !self.is_under_way() {
            self.next = Next::Commit;
        }
    }
}

impl From<After> for Next {
    fn from(after: After) -> Self {
        match after {
            After::List => Self::List,
            After::Parts => Self::Parts,
            After::Commit => Self::Commit,
        }
    }
}

/// Whether the session cannot be used any more, by whomever it was opened.
fn is_over(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Session(_, SessionFault::Over) | Trouble::Gone(_) => true,
        // "Only the creating user may upload."
        Trouble::Refused(said) => said.code == "forbidden",
        _ => false,
    }
}

fn overlap() -> Trouble {
    let said = crate::model::trouble::Said {
        message: "Box holds other parts than the file has".to_owned(),
        ..Default::default()
    };
    Trouble::Session(said, SessionFault::Overlap)
}
