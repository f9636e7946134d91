//! One file on its way to Box, as a state machine: told what Box answered, it says
//! what to ask next, until it knows the outcome.
//!
//! It makes no request and knows no time, so that every order of answers, faults and
//! other people's edits can be played through. Three rules hold on every path:
//!
//! 1. Nothing is sent before a preflight said yes, or a session was opened (perhaps by an
//!    earlier try), which is the same question.
//! 2. A version goes out only with the etag of a state that was judged here.
//! 3. After doubt (an intent left over, a parked item) Box's copy is read first.
//!
//! The local digest may be unknown: reading fifty gigabytes only to send them is left
//! out where the size tells enough, and asked for where it does not.

pub(crate) use crate::plan::exchange::{Ask, Base, Next, Outcome, Reply};

use crate::model::ids::FileId;
use crate::model::item::{Obstacle, Occupant, RemoteFile, RemoteFolder};
use crate::model::name::RemoteName;
use crate::model::reason::{Failed, Parked};
use crate::model::trouble::{Said, Trouble};
use crate::plan::action::FileWork;
use crate::plan::conflict::{self, MOST_BESIDE, Way};
use crate::plan::facts::{Hashed, Local, SyncedFile};
use crate::plan::own_name::OwnName;
use crate::plan::policy::{OnForeign, Policy};
use crate::plan::verdict::Verdict;

/// What an upload's answer must say besides content and size.
#[derive(Clone, Debug)]
struct Expected {
    /// The file that gets a version; `None` for a new file.
    id: Option<FileId>,
    name: RemoteName,
}

/// What waits for the digest of the local file.
#[derive(Clone, Debug)]
enum Undecided {
    /// Is it what we last agreed on?
    Mapped(SyncedFile),
    /// Is it what the file that has the name holds?
    Existing(RemoteFile),
    /// Is it what our own file holds now?
    Changed(RemoteFile),
    /// Our own file is gone: what is left out?
    Gone(FileId),
}

/// What the pending question was about.
#[derive(Clone, Debug)]
enum State {
    Start,
    /// Asked for the digest of the local file.
    Hash(Undecided),
    PreflightNew,
    SendNew,
    /// Asked whose the file is that has the name.
    Owner(RemoteFile),
    /// Asked whose the folder is that has the name.
    FolderOwner(RemoteFolder),
    /// Reading a file that has the name and that we never saw.
    ReadExisting,
    /// Reading our own file.
    ReadMapped(FileId),
    PreflightVersion(Base),
    SendVersion(Base),
    /// Reading what an upload left, because its answer did not fit.
    Confirm(Expected, Hashed),
    /// Something was not there; is the root?
    Root(Box<Outcome>),
}

/// The machine.
#[derive(Clone, Debug)]
pub(crate) struct Transfer<'a> {
    work: &'a FileWork,
    local: Local,
    policy: Policy,
    /// Where the new file goes, for reports.
    parent: String,
    state: State,
    /// The name that a new file gets.
    name: OwnName,
    /// Versions refused as stale; each had another etag. A bound, because a program
    /// that keeps editing the file's metadata could keep this going for ever.
    stale: u32,
}

const MOST_STALE: u32 = 4;

impl<'a> Transfer<'a> {
    /// A transfer of `work`, which is on the disk as `local` says, into the folder
    /// `parent`.
    pub(crate) fn new(work: &'a FileWork, local: Local, policy: Policy, parent: String) -> Self {
        let state = State::Start;
        Self {
            work,
            local,
            policy,
            parent,
            state,
            name: OwnName::of(work, &policy),
            stale: 0,
        }
    }

    /// The first step.
    pub(crate) fn start(&mut self) -> Next {
        if let Some(known) = &self.work.synced {
            if self.work.doubtful {
                return self.read_mapped(known.id.clone());
            }
            return self.judge(Undecided::Mapped((**known).clone()));
        }
        match self.work.existing.clone() {
            // The listing may be older than the request whose outcome is in doubt.
            Some(file) if self.work.doubtful => self.read_existing(file.id),
            Some(file) => self.taken(*file),
            None => self.preflight_new(),
        }
    }

    /// The step after `reply`, which answers the last [`Ask`].
    pub(crate) fn answer(&mut self, reply: Reply) -> Next {
        let state = std::mem::replace(&mut self.state, State::Start);
        match (state, reply) {
            (State::PreflightNew, Reply::Clear) => {
                let name = self.name.current();
                self.ask(State::SendNew, Ask::SendNew(name))
            }
            (State::PreflightVersion(base), Reply::Clear) => {
                self.ask(State::SendVersion(base.clone()), Ask::SendVersion(base))
            }
            (State::SendNew, Reply::Stored(file, sent)) => {
                let expected = Expected {
                    id: None,
                    name: self.name.current(),
                };
                self.confirm(expected, sent, file)
            }
            (State::SendVersion(base), Reply::Stored(file, sent)) => {
                let expected = Expected {
                    id: Some(base.id),
                    name: base.name,
                };
                self.confirm(expected, sent, file)
            }
            (State::Confirm(expected, sent), Reply::File(file)) => conclude(&expected, sent, file),
            (State::Hash(undecided), Reply::Hashed(hashed)) => {
                self.local.hashed = Some(hashed);
                self.judge(undecided)
            }
            // Asked for by its ID: asking once more at once would not end.
            (State::ReadExisting | State::ReadMapped(_), Reply::File(file))
                if !is_complete(&file) =>
            {
                retry("Box described a file without its etag or its SHA-1")
            }
            (State::ReadExisting, Reply::File(file)) => self.taken(file),
            (State::ReadMapped(_), Reply::File(file)) => self.judge_mapped(file),
            (State::Owner(file), Reply::Owner(owner)) => self.judge_existing(file, owner),
            (State::FolderOwner(_), Reply::Owner(Some(_))) if self.name.stand_apart() => {
                self.preflight_new()
            }
            (State::FolderOwner(folder), Reply::Owner(_)) => {
                self.obstructed(&Occupant::Folder(folder))
            }
            (State::Root(then), Reply::RootVisible) => Next::End(*then),
            (state, Reply::Trouble(trouble)) => self.trouble(state, trouble),
            (state, reply) => {
                debug_assert!(false, "{reply:?} does not answer {state:?}");
                retry("an answer to another question")
            }
        }
    }

    fn ask(&mut self, state: State, ask: Ask) -> Next {
        self.state = state;
        Next::Ask(ask)
    }

    fn preflight_new(&mut self) -> Next {
        let name = self.name.current();
        self.ask(State::PreflightNew, Ask::PreflightNew(name))
    }

    /// Both are kept: ours goes under the next name that may be free. Our own name comes
    /// first where it need not be taken.
    fn step_aside(&mut self, number: u32, by: Obstacle) -> Next {
        if number > MOST_BESIDE {
            return Next::End(Outcome::Parked(Parked::Differs(by)));
        }
        self.name.step_aside(number);
        self.preflight_new()
    }

    /// What is done about other content that was found.
    fn way(&self, policy: OnForeign, found: &Obstacle) -> Way {
        match self.is_distrusted() {
            true => self.way_by(OnForeign::Park, found),
            false => self.way_by(policy, found),
        }
    }

    fn way_by(&self, policy: OnForeign, found: &Obstacle) -> Way {
        if self.name.is_aside() {
            return Way::Beside;
        }
        let (decision, shown) = (self.work.decision.as_deref(), self.work.shown.as_ref());
        conflict::way(policy, decision, shown, &self.local, &found.seen)
    }

    /// Whether what was known of Box is lost: other content there is not for a policy.
    fn is_distrusted(&self) -> bool {
        self.policy.distrust || self.work.distrust
    }

    fn preflight_version(&mut self, base: Base) -> Next {
        let id = base.id.clone();
        self.ask(State::PreflightVersion(base), Ask::PreflightVersion(id))
    }

    fn read_mapped(&mut self, id: FileId) -> Next {
        self.ask(State::ReadMapped(id.clone()), Ask::Read(id))
    }

    fn read_existing(&mut self, id: FileId) -> Next {
        self.ask(State::ReadExisting, Ask::Read(id))
    }

    /// A file that we have no row for has the name. Its ID, SHA-1 and etag must be
    /// known, and that it is not another local file's, before anything is decided.
    fn taken(&mut self, file: RemoteFile) -> Next {
        if !is_complete(&file) {
            return self.read_existing(file.id);
        }
        let id = file.id.clone();
        self.ask(State::Owner(file), Ask::Owner(id))
    }

    fn judge_existing(&mut self, file: RemoteFile, owner: Option<String>) -> Next {
        if let Some(other) = owner {
            let found = Obstacle::file(&file);
            return match self.way(self.policy.on_existing, &found) {
                _ if self.name.stand_apart() => self.preflight_new(),
                Way::Beside if !self.is_twin(&other) => self.step_aside(self.name.next(), found),
                Way::Beside | Way::Over | Way::Leave | Way::Park => {
                    Next::End(Outcome::Parked(Parked::CaseTwin(other)))
                }
            };
        }
        self.judge(Undecided::Existing(file))
    }

    fn judge_mapped(&mut self, file: RemoteFile) -> Next {
        self.judge(Undecided::Changed(file))
    }

    /// Something that is no file has the name.
    fn obstructed(&mut self, by: &Occupant) -> Next {
        let found = Obstacle::of(by);
        match self.way(self.policy.on_existing, &found) {
            Way::Beside => self.step_aside(self.name.next(), found),
            Way::Over | Way::Leave | Way::Park => {
                Next::End(Outcome::Parked(Parked::NameTaken(found)))
            }
        }
    }

    /// Compares the local content with what it may be equal to, reading it first where
    /// nothing less tells.
    fn judge(&mut self, undecided: Undecided) -> Next {
        let (sha1, size) = match &undecided {
            Undecided::Gone(id) => return self.missing(id.clone()),
            Undecided::Mapped(known) => (Some(known.sha1), known.stamp.size_of_a_file()),
            Undecided::Existing(file) | Undecided::Changed(file) => (file.sha1, file.size),
        };
        let is_another_size = size.is_some_and(|size| size != self.local.stamp.size);
        let equal = match self.local.hashed {
            Some(hashed) => Some(hashed).filter(|hashed| {
                let is_left = matches!(undecided, Undecided::Mapped(_)) && self.is_left(hashed);
                is_left || sha1 == Some(hashed.sha1)
            }),
            None if is_another_size => None,
            None => return self.ask(State::Hash(undecided), Ask::Hash),
        };
        match (undecided, equal) {
            (Undecided::Mapped(_), Some(hashed)) => Next::End(Outcome::Unchanged(hashed)),
            (Undecided::Existing(file) | Undecided::Changed(file), Some(hashed)) => {
                Next::End(Outcome::Adopted(file, hashed))
            }
            (Undecided::Mapped(known), None) => self.changed_here(known),
            (Undecided::Existing(file), None) => self.other_existing(file),
            (Undecided::Changed(file), None) => self.changed_there(file),
            (Undecided::Gone(id), _) => self.missing(id),
        }
    }

    /// Whether it is content that a person decided not to send.
    fn is_left(&self, hashed: &Hashed) -> bool {
        let decision = self.work.decision.as_deref();
        decision.is_some_and(|decision| decision.left == Some(hashed.sha1))
    }

    /// Only the disk has changed, for all that is known.
    fn changed_here(&mut self, known: SyncedFile) -> Next {
        match known.etag {
            Some(etag) => self.preflight_version(Base {
                id: known.id,
                etag,
                name: known.name,
                version: known.version,
            }),
            None => self.read_mapped(known.id),
        }
    }

    /// A file with other content has the name.
    fn other_existing(&mut self, file: RemoteFile) -> Next {
        if self.is_our_own_write(&file) {
            return Next::End(Outcome::Landed(file));
        }
        let found = Obstacle::file(&file);
        let way = self.way(self.policy.on_existing, &found);
        // Box takes some names for one that we hold apart, such as a ligature and its
        // letters; and a file may have been renamed since it had our name. A version
        // would change a file that nobody here means.
        if way != Way::Beside && file.name.sibling_key() != self.name.current().sibling_key() {
            let found = found.called(&file.name);
            return Next::End(Outcome::Parked(Parked::NameTaken(found)));
        }
        match way {
            Way::Over => self.version_of(file),
            Way::Beside => self.step_aside(self.name.next(), found),
            Way::Leave => self.leave(Undecided::Existing(file)),
            Way::Park if self.is_distrusted() => Next::End(Outcome::Parked(Parked::Doubted(found))),
            Way::Park => Next::End(Outcome::Parked(Parked::Differs(found))),
        }
    }

    /// Our file does not hold what is on the disk.
    fn changed_there(&mut self, file: RemoteFile) -> Next {
        let known = self.work.synced.as_deref();
        if known.is_some_and(|known| only_metadata_moved(known, &file)) {
            return self.version_of(file);
        }
        if self.is_our_own_write(&file) {
            return Next::End(Outcome::Landed(file));
        }
        let found = Obstacle::file(&file);
        match self.way(self.policy.on_remote_change, &found) {
            Way::Over => self.version_of(file),
            Way::Beside => self.step_aside(0, found),
            Way::Leave => self.leave(Undecided::Changed(file)),
            Way::Park if self.is_distrusted() => Next::End(Outcome::Parked(Parked::Doubted(found))),
            Way::Park => Next::End(Outcome::Parked(Parked::ChangedOnBox(found))),
        }
    }

    /// Our file is in the trash, removed for good, or hidden from this account.
    fn missing(&mut self, id: FileId) -> Next {
        let found = Obstacle::gone(&id);
        // Nothing is overwritten by it, so what was lost does not matter.
        let then = match self.way_by(self.policy.on_remote_change, &found) {
            Way::Over => return self.preflight_new(),
            Way::Beside => return self.step_aside(0, found),
            Way::Leave => match self.local.hashed {
                Some(hashed) => Outcome::Left(None, hashed),
                None => return self.leave(Undecided::Gone(id)),
            },
            Way::Park => Outcome::Parked(Parked::GoneFromBox(found)),
        };
        self.ask(State::Root(Box::new(then)), Ask::Root)
    }

    /// Theirs stays. What of ours is left out is remembered by its digest.
    fn leave(&mut self, undecided: Undecided) -> Next {
        match (self.local.hashed, undecided) {
            (Some(hashed), Undecided::Existing(file) | Undecided::Changed(file)) => {
                Next::End(Outcome::Left(Some(file), hashed))
            }
            (_, undecided) => self.ask(State::Hash(undecided), Ask::Hash),
        }
    }

    /// Whether the other local entry has our name but for case: there is no place for both
    /// of them, as planning says too.
    fn is_twin(&self, other: &str) -> bool {
        let own = RemoteName::from_box(self.work.name.to_string());
        RemoteName::from_box(other).sibling_key() == own.sibling_key()
    }

    /// Whether Box's content is what an earlier try of ours sent, its answer lost. That
    /// must be recorded before anything else is sent: the next request in doubt takes
    /// the place of this one, and then nobody could tell whose content it is.
    fn is_our_own_write(&self, file: &RemoteFile) -> bool {
        let intent = self.work.intent.map(|intent| intent.sha1);
        intent.is_some() && file.sha1 == intent
    }

    fn version_of(&mut self, file: RemoteFile) -> Next {
        match file.etag {
            Some(etag) => self.preflight_version(Base {
                id: file.id,
                etag,
                name: file.name,
                version: file.version,
            }),
            None => retry("Box described a file without its etag"),
        }
    }

    fn confirm(&mut self, expected: Expected, sent: Hashed, file: RemoteFile) -> Next {
        if expected.mismatch(&sent, &file).is_none() && expected.is_named(&file) {
            return conclude(&expected, sent, file);
        }
        let ask = Ask::Read(expected.id.clone().unwrap_or(file.id));
        self.ask(State::Confirm(expected, sent), ask)
    }

    fn trouble(&mut self, state: State, trouble: Trouble) -> Next {
        match trouble {
            Trouble::NameTaken(_, Some(Occupant::File(file))) if state.is_about_a_name() => {
                self.taken(file)
            }
            Trouble::NameTaken(_, Some(Occupant::Folder(folder)))
                if state.is_about_a_name() && self.name.may_stand_apart() =>
            {
                let ask = Ask::FolderOwner(folder.id.clone());
                self.ask(State::FolderOwner(folder), ask)
            }
            Trouble::NameTaken(_, Some(other)) if state.is_about_a_name() => {
                self.obstructed(&other)
            }
            Trouble::Stale(said) => self.stale(state, Verdict::of(Trouble::Stale(said))),
            Trouble::Gone(said) => self.gone(state, said.to_string()),
            Trouble::Locked(said) => Next::End(state.locked(said)),
            other @ (Trouble::NameTaken(..)
            | Trouble::NoAnswer(_)
            | Trouble::Later(..)
            | Trouble::Busy(..)
            | Trouble::Throttled(..)
            | Trouble::Damaged(_)
            | Trouble::Refused(_)
            | Trouble::Session(..)
            | Trouble::Full(_)
            | Trouble::Unauthorized(_)
            | Trouble::LocalChanged
            | Trouble::LocalGone
            | Trouble::LocalRead(_)) => Next::End(Outcome::Verdict(Verdict::of(other))),
        }
    }

    fn stale(&mut self, state: State, verdict: Verdict) -> Next {
        let State::SendVersion(base) = state else {
            return Next::End(Outcome::Verdict(verdict));
        };
        self.stale += 1;
        if self.stale >= MOST_STALE {
            return retry("the file on Box keeps changing");
        }
        match &self.work.synced {
            Some(known) if known.id == base.id => self.read_mapped(base.id),
            _ => self.read_existing(base.id),
        }
    }

    /// Something that should be there is not, or is hidden: a 404 says both.
    fn gone(&mut self, state: State, said: String) -> Next {
        let parked = |why| Box::new(Outcome::Parked(why));
        let then = match state {
            State::PreflightNew | State::SendNew => parked(Parked::FolderGone(self.parent.clone())),
            State::PreflightVersion(Base { id, .. })
            | State::SendVersion(Base { id, .. })
            | State::ReadMapped(id)
                if self
                    .work
                    .synced
                    .as_ref()
                    .is_some_and(|known| known.id == id) =>
            {
                return self.missing(id);
            }
            State::Root(_) => return Next::End(Outcome::RootGone(said)),
            // What had the name a moment ago is gone: look again from the start.
            State::Start
            | State::Owner(_)
            | State::FolderOwner(_)
            | State::ReadExisting
            | State::ReadMapped(_)
            | State::PreflightVersion(_)
            | State::SendVersion(_)
            | State::Hash(_)
            | State::Confirm(..) => return retry("the file on Box has just gone"),
        };
        self.ask(State::Root(then), Ask::Root)
    }
}

impl State {
    /// A lock stands in the way; which file has it, if it is known.
    fn locked(self, said: Said) -> Outcome {
        match self {
            Self::PreflightVersion(base) | Self::SendVersion(base) => {
                Outcome::Locked(base.id, said)
            }
            Self::Start
            | Self::PreflightNew
            | Self::SendNew
            | Self::Owner(_)
            | Self::FolderOwner(_)
            | Self::ReadExisting
            | Self::ReadMapped(_)
            | Self::Confirm(..)
            | Self::Hash(_)
            | Self::Root(_) => Outcome::Verdict(Verdict::of(Trouble::Locked(said))),
        }
    }

    /// Whether a name conflict answers it.
    fn is_about_a_name(&self) -> bool {
        matches!(self, State::PreflightNew | State::SendNew)
    }
}

impl Expected {
    /// What in Box's description is not what was sent.
    fn mismatch(&self, sent: &Hashed, file: &RemoteFile) -> Option<String> {
        let (ours, size) = (sent.sha1, sent.stamp.size);
        if self.id.as_ref().is_some_and(|id| *id != file.id) {
            return Some(format!("it is about the file {}", file.id));
        }
        if file.sha1 != Some(ours) {
            let theirs = file.sha1.map_or("none".to_owned(), |sha1| sha1.to_string());
            return Some(format!("SHA-1 {theirs} instead of {ours}"));
        }
        if file.size != Some(size) {
            let theirs = file
                .size
                .map_or("no size".to_owned(), |size| size.to_string());
            return Some(format!("{theirs} instead of {size} bytes"));
        }
        if file.etag.is_none() {
            return Some("no etag".to_owned());
        }
        None
    }

    /// Whether it has the name that was asked for.
    fn is_named(&self, file: &RemoteFile) -> bool {
        file.name.is_spelled_like(&self.name)
    }
}

/// A name that is not the one that was asked for is Box's doing, or somebody's since: it
/// is recorded as it is.
fn conclude(expected: &Expected, sent: Hashed, file: RemoteFile) -> Next {
    if let Some(what) = expected.mismatch(&sent, &file) {
        return Next::End(Outcome::Parked(Parked::WrongReply(what)));
    }
    Next::End(match expected.id {
        None => Outcome::Uploaded(file, sent),
        Some(_) => Outcome::NewVersion(file, sent),
    })
}

/// Whether it can be judged, and be the base of a version.
fn is_complete(file: &RemoteFile) -> bool {
    file.sha1.is_some() && file.etag.is_some()
}

/// A version that Box or the mapping does not name cannot be another one.
fn only_metadata_moved(known: &SyncedFile, file: &RemoteFile) -> bool {
    let is_same_version = match (&known.version, &file.version) {
        (Some(known), Some(now)) => known == now,
        (None, _) | (_, None) => true,
    };
    is_same_version && file.sha1 == Some(known.sha1)
}

fn retry(why: &str) -> Next {
    let failed = Failed::NoAnswer(why.to_owned());
    Next::End(Outcome::Verdict(Verdict::Retry {
        after: None,
        failed,
        answered: true,
    }))
}
