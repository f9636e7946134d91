//! How the entries of a directory stand, judged by what is known without reading them.

use crate::model::item::Occupant;
use crate::model::name::RemoteName;
use crate::model::path::LocalName;
use crate::model::reason::{AWAITS, Parked, SUCCEEDS};
use crate::model::stamp::{Nanos, Stamp, YOUNG};
use crate::plan::facts::{DirFacts, Hashed, LocalEntry, LocalKind, Mapped, ParkedItem, SyncedFile};
use crate::plan::names::Names;
use crate::plan::parole;
use crate::plan::policy::{OnDelete, Policy};
use std::time::Duration;

/// How a local file stands, judged by its stamp alone.
pub(super) enum Standing<'a> {
    /// As the mapping has it.
    Unchanged,
    /// Written to a moment ago.
    Unsettled,
    /// Changed less than `min_age` ago; it will be old enough in this long.
    TooYoung(Duration),
    /// Cannot go to Box, or waits since an earlier run.
    Waits(Parked),
    /// As the mapping has it, but its digest was provisional.
    Recheck(&'a SyncedFile),
    /// Not as the mapping has it.
    Changed(&'a SyncedFile),
    /// Box's listing does not have it as the mapping has it.
    Unlisted(&'a SyncedFile),
    /// Not mapped, and its name on Box is taken by this.
    Occupied(RemoteName, &'a Occupant),
    /// Not mapped.
    New(RemoteName),
}

pub(super) fn same_state(a: Option<&Stamp>, b: Option<&Stamp>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.same_file_state(b),
        (None, None) => true,
        _ => false,
    }
}

pub(super) fn standing<'a>(
    name: &LocalName,
    stamp: &Stamp,
    facts: &'a DirFacts,
    policy: &Policy,
    names: &Names,
) -> Standing<'a> {
    let known = facts.mapped.files.get(name);
    let same = known.filter(|known| known.stamp.same_file_state(stamp));
    let listing = facts.inventory.as_ref();
    let unlisted = known.filter(|known| listing.is_some_and(|all| all.confirms(known).is_none()));
    if let Some(known) = same.filter(|_| unlisted.is_none() && !is_in_doubt(name, facts)) {
        let is_due = known.provisional && facts.now.since(known.hashed_at) >= YOUNG;
        return if is_due {
            Standing::Recheck(known)
        } else {
            Standing::Unchanged
        };
    }
    if let Some(wait) = age_left(stamp, facts.now, policy.min_age) {
        return Standing::TooYoung(wait);
    }
    if is_unsettled(stamp, facts, policy) && !facts.restless.contains(name) {
        return Standing::Unsettled;
    }
    if let Some(known) = unlisted.filter(|_| !facts.mapped.parked.contains_key(name)) {
        return Standing::Unlisted(known);
    }
    if let Some(parked) = facts.mapped.parked.get(name)
        && same_state(parked.stamp.as_ref(), Some(stamp))
        && waits_on(parked, facts, policy)
        && !has_another_name(name, parked, policy)
        && !is_to_be_done(name, facts)
    {
        return Standing::Waits(still(parked));
    }
    if let Some(known) = unlisted {
        return Standing::Unlisted(known);
    }
    if let Some(known) = known {
        return Standing::Changed(known);
    }
    match names.of_entry(name) {
        Err(why) => Standing::Waits(why),
        Ok(remote) => match facts.inventory.as_ref().and_then(|i| i.occupant(&remote)) {
            Some(occupant) => Standing::Occupied(remote, occupant),
            None => Standing::New(remote),
        },
    }
}

/// Whether an item that is as it was when it was parked goes on waiting.
pub(super) fn waits_on(parked: &ParkedItem, facts: &DirFacts, policy: &Policy) -> bool {
    !is_decided_here(&parked.code)
        && (parked.in_the_item || !parole::is_due(parked, facts.now, policy))
}

/// Whether Box has refused a name that it need not be asked for any more.
pub(super) fn has_another_name(name: &LocalName, parked: &ParkedItem, policy: &Policy) -> bool {
    let is_about_it = matches!(
        parked.code.as_str(),
        "item_name_invalid" | "item_name_too_long"
    );
    let now = || policy.name_of(name).ok();
    is_about_it && now().is_some_and(|now| !now.is_that_of(name))
}

/// Whether Box's copy may be another than the mapping says.
pub(super) fn is_in_doubt(name: &LocalName, facts: &DirFacts) -> bool {
    let parked = facts.mapped.parked.get(name);
    facts.mapped.intents.contains_key(name)
        || parked.is_some_and(|parked| !is_decided_here(&parked.code))
}

/// Whether a person has decided about it, and that was not done yet.
pub(super) fn is_to_be_done(name: &LocalName, facts: &DirFacts) -> bool {
    let decision = facts.mapped.decisions.get(name);
    decision.is_some_and(|decision| decision.left.is_none())
}

/// Whether it is content that a person decided not to send.
pub(super) fn is_left(name: &LocalName, hashed: &Hashed, facts: &DirFacts) -> bool {
    let decision = facts.mapped.decisions.get(name);
    decision.is_some_and(|decision| decision.left == Some(hashed.sha1))
}

/// Reasons that planning finds by itself every time, so that a rename of the *other*
/// twin, say, is noticed. (Earlier versions parked what they could not send in parts.)
pub(super) fn is_decided_here(code: &str) -> bool {
    DECIDED_HERE.contains(&code)
}

/// Their codes.
pub(super) const DECIDED_HERE: [&str; 5] =
    ["name_invalid", "case_twin", "too_large", SUCCEEDS, AWAITS];

pub(crate) fn still(parked: &ParkedItem) -> Parked {
    Parked::Still {
        code: parked.code.clone(),
        message: parked.message.clone(),
    }
}

pub(super) fn is_unsettled(stamp: &Stamp, facts: &DirFacts, policy: &Policy) -> bool {
    let quiet_for = facts.now.since(stamp.ctime);
    let settle = i64::try_from(policy.quiet.settle.as_nanos()).unwrap_or(i64::MAX);
    // A change time in the future comes from a clock that was set back: such a file
    // would never become quiet.
    (0..settle).contains(&quiet_for)
}

/// How long a file will be too young. A modification time in the future says nothing about
/// an age: such a file is old enough.
pub(crate) fn age_left(stamp: &Stamp, now: Nanos, min_age: Duration) -> Option<Duration> {
    let age = u64::try_from(now.since(stamp.mtime)).ok()?;
    let left = min_age.checked_sub(Duration::from_nanos(age))?;
    (!left.is_zero()).then_some(left)
}

pub(super) fn directory_name(
    name: &LocalName,
    facts: &DirFacts,
    policy: &Policy,
    names: &Names,
) -> Result<RemoteName, Parked> {
    let recorded = facts.mapped.folders.get(name);
    let recorded = recorded.and_then(|folder| folder.name.clone());
    if recorded.is_none() {
        policy.name_of(name).map_err(Parked::Name)?;
    }
    if let Some(parked) = facts.mapped.parked.get(name)
        && parked.stamp.is_none()
        && waits_on(parked, facts, policy)
        && !has_another_name(name, parked, policy)
        && !is_to_be_done(name, facts)
    {
        return Err(still(parked));
    }
    recorded.map_or_else(|| names.of_entry(name), Ok)
}

/// Whether the mapping has another kind of thing under an entry's name, which so was
/// deleted, and goes to the trash before the entry can have the name.
pub(super) fn succeeds(entry: &LocalEntry, mapped: &Mapped, policy: &Policy) -> bool {
    let is_file = mapped.files.contains_key(&entry.name);
    let is_folder = mapped.folders.contains_key(&entry.name);
    let is_other = match entry.kind {
        LocalKind::File(_) => is_folder && !is_file,
        LocalKind::Directory(_) => is_file && !is_folder,
        LocalKind::Excluded(_) | LocalKind::Unreadable(_) => false,
    };
    is_other && policy.on_delete != OnDelete::Keep && !policy.distrust
}
