//! What an outcome means: for the mapping, for the report, and for the queue.
//!
//! The only place where the mapping's next state is made from what Box said.

use crate::model::ids::FolderKey;
use crate::model::item::RemoteFile;
use crate::model::path::LocalName;
use crate::model::reason::{Failed, Parked};
use crate::model::stamp::{Nanos, Stamp};
use crate::model::trouble::Said;
use crate::plan::action::{Edit, FileWork, Report, synced};
use crate::plan::conflict::Decision;
use crate::plan::facts::{Hashed, ParkedItem, SyncedFile};
use crate::plan::guard::Halt;
use crate::plan::queue::End;
use crate::plan::restless::PACE;
use crate::plan::transfer::Outcome;
use crate::plan::verdict::Verdict;
use std::time::Duration;

/// A settled outcome.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settled {
    /// To be stored before anything else happens to the entry.
    pub(crate) edits: Vec<Edit>,
    /// What goes on.
    pub(crate) effect: Effect,
}

/// What goes on after a job.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    /// The entry is done, and this became of it.
    Done(Report),
    /// The entry is not there any more.
    Vanished,
    /// The entry waits, and with it all that goes to the same owner, whose account has
    /// no room for so many bytes.
    Full(Said, u64),
    /// Try again; reported as this when no try is left.
    Again(End, Failed),
    /// The mirror stands still.
    Halt(Halt),
    /// Everything stands still: nobody lets us in.
    Unauthorized(Said),
}

/// Settles the outcome for a file that was found with this stamp. `answered` tells
/// whether Box said anything to anybody while the job ran: a try into silence is not the
/// file's fault.
pub(crate) fn file(
    dir: FolderKey,
    work: &FileWork,
    stamp: Stamp,
    outcome: Outcome,
    answered: bool,
) -> Settled {
    let put = |file: &_, sent: &_| vec![Edit::PutFile(dir, work.name.clone(), synced(file, sent))];
    let done = |edits, report| Settled {
        edits,
        effect: Effect::Done(report),
    };
    let settled = match outcome {
        Outcome::Uploaded(file, sent) => {
            done(put(&file, &sent), Report::Uploaded(file, sent.stamp.size))
        }
        Outcome::NewVersion(file, sent) => {
            done(put(&file, &sent), Report::NewVersion(file, sent.stamp.size))
        }
        Outcome::Adopted(file, hashed) => done(put(&file, &hashed), Report::Adopted(file)),
        Outcome::Landed(file) => landed(dir, work, &file),
        Outcome::Unchanged(hashed) => done(vec![refresh(dir, work, &hashed)], Report::Unchanged),
        Outcome::Left(theirs, hashed) => left(dir, work, &hashed, theirs),
        Outcome::Parked(why) => {
            let mut settled = parked(dir, &work.name, why, Some(stamp));
            // A person is asked again, about what is there now.
            let is_decided = work.decision.is_some();
            let undecide = is_decided.then(|| Edit::Undecide(dir, work.name.clone()));
            settled.edits.extend(undecide);
            settled
        }
        Outcome::Locked(_, said) => {
            parked(dir, &work.name, Parked::Locked(said, None), Some(stamp))
        }
        Outcome::RootGone(said) => halted(said),
        Outcome::Verdict(verdict) => self::verdict(dir, &work.name, verdict, Some(stamp), answered),
    };
    paced(work, settled)
}

/// A file that never rests is not tried more often than such files are.
pub(crate) fn paced(work: &FileWork, settled: Settled) -> Settled {
    let slow = |asked: Option<Duration>| Some(asked.unwrap_or(PACE).max(PACE));
    let effect = match settled.effect {
        Effect::Again(End::Failed(asked), why) if work.restless => {
            Effect::Again(End::Failed(slow(asked)), why)
        }
        other => other,
    };
    Settled { effect, ..settled }
}

/// What an earlier try sent is recorded as what Box held when we last agreed; what the
/// disk has now is then an ordinary change of it.
fn landed(dir: FolderKey, work: &FileWork, file: &RemoteFile) -> Settled {
    let again = Effect::Again(End::Innocent(None), Failed::Changing);
    let Some(sha1) = file.sha1 else {
        return bare(again);
    };
    let stamp = Stamp::of_no_file(file.size.unwrap_or(0));
    let at = Nanos(0);
    let row = SyncedFile {
        provisional: false,
        ..synced(file, &Hashed { sha1, stamp, at })
    };
    Settled {
        edits: vec![Edit::PutFile(dir, work.name.clone(), row)],
        effect: again,
    }
}

/// Theirs is what we agree on now, although the disk has something else: the next change
/// of the local file comes on top of it, and until then there is nothing to do.
fn left(dir: FolderKey, work: &FileWork, hashed: &Hashed, theirs: Option<RemoteFile>) -> Settled {
    let name = || work.name.clone();
    let mut edits = match &theirs {
        Some(file) => {
            let sha1 = file.sha1.unwrap_or(hashed.sha1);
            let row = synced(file, &Hashed { sha1, ..*hashed });
            vec![Edit::PutFile(dir, name(), row)]
        }
        // Whatever was in doubt about the file that is gone, nobody asks any more.
        None => vec![
            refresh(dir, work, hashed),
            Edit::Unpark(dir, name()),
            Edit::EndIntent(dir, name()),
        ],
    };
    if let Some(decision) = &work.decision {
        let left = Some(hashed.sha1);
        let standing = Decision {
            left,
            ..(**decision).clone()
        };
        edits.push(Edit::Decide(dir, name(), standing));
    }
    Settled {
        edits,
        effect: Effect::Done(Report::Left(theirs)),
    }
}

fn bare(effect: Effect) -> Settled {
    Settled {
        edits: Vec::new(),
        effect,
    }
}

fn refresh(dir: FolderKey, work: &FileWork, hashed: &Hashed) -> Edit {
    Edit::Refresh {
        dir,
        name: work.name.clone(),
        stamp: hashed.stamp,
        hashed_at: hashed.at,
        provisional: hashed.stamp.is_young_at(hashed.at),
    }
}

/// Settles trouble that nothing better is known about.
pub(crate) fn verdict(
    dir: FolderKey,
    name: &LocalName,
    verdict: Verdict,
    stamp: Option<Stamp>,
    answered: bool,
) -> Settled {
    match verdict {
        Verdict::Park(why) => parked(dir, name, why, stamp),
        Verdict::Full(said) => full(dir, name, said, stamp),
        Verdict::Busy { after, failed } => bare(Effect::Again(End::Busy(after), failed)),
        Verdict::Fail(failed) => bare(Effect::Done(Report::Failed(failed))),
        Verdict::Vanished => bare(Effect::Vanished),
        Verdict::Unauthorized(said) => bare(Effect::Unauthorized(said)),
        Verdict::Throttled(after) => bare(throttled(after)),
        Verdict::Retry {
            after,
            failed,
            answered: this_one,
        } => bare(again(after, failed, this_one || answered)),
    }
}

/// Box asked to slow down: the entry is not to blame.
pub(crate) fn throttled(after: Option<Duration>) -> Effect {
    let failed = Failed::NoAnswer("Box asked to slow down for too long".to_owned());
    Effect::Again(End::Innocent(after), failed)
}

/// To be tried again. A try into silence, when nobody got an answer, does not count.
pub(crate) fn again(after: Option<Duration>, failed: Failed, answered: bool) -> Effect {
    let end = if answered {
        End::Failed(after)
    } else {
        End::Innocent(after)
    };
    Effect::Again(end, failed)
}

/// An entry that waits.
pub(crate) fn parked(
    dir: FolderKey,
    name: &LocalName,
    why: Parked,
    stamp: Option<Stamp>,
) -> Settled {
    let item = ParkedItem::new(&why, stamp);
    let edits = vec![Edit::Park(dir, name.clone(), item)];
    Settled {
        edits,
        effect: Effect::Done(Report::Parked(why)),
    }
}

/// An entry that does not fit into the owner's account.
fn full(dir: FolderKey, name: &LocalName, said: Said, stamp: Option<Stamp>) -> Settled {
    let settled = parked(dir, name, Parked::Full(said.clone()), stamp);
    let size = stamp.map_or(0, |stamp| stamp.size);
    Settled {
        effect: Effect::Full(said, size),
        ..settled
    }
}

/// The mirror's root folder is not to be seen.
pub(crate) fn halted(said: String) -> Settled {
    let halt = Halt::FolderInvisible(said);
    Settled {
        edits: Vec::new(),
        effect: Effect::Halt(halt),
    }
}
