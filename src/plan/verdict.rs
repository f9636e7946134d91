//! What follows from a failed call, where the caller has no better idea: the one
//! place that turns trouble into "again", "wait", "park", "pause", "give up" or "stop".
//! Which trouble an answer of Box is, is decided from its code by the table in
//! `remote/lessons`; a test follows every code that Box is known to send to its verdict.

use crate::model::reason::{Failed, Parked};
use crate::model::trouble::{Said, Trouble};
use std::time::Duration;

/// What to do with an item that met trouble.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Try the item again, from looking on.
    Retry {
        /// Not before this has passed, if Box said so.
        after: Option<Duration>,
        /// What it is reported as when no try is left.
        failed: Failed,
        /// Whether Box answered at all.
        answered: bool,
    },
    /// Another operation at Box is in the way: as [`Self::Retry`], for longer.
    Busy {
        /// Not before this has passed, if Box said so.
        after: Option<Duration>,
        /// What it is reported as when no try is left.
        failed: Failed,
    },
    /// Box wants fewer requests: the item is not to blame.
    Throttled(Option<Duration>),
    /// It waits for a change or a person.
    Park(Parked),
    /// It waits, and with it everything that goes to the same owner: there is no room.
    Full(Said),
    /// It cannot be done in this run.
    Fail(Failed),
    /// It is not there any more; nothing is left to do or to report.
    Vanished,
    /// Nothing can be done before a person acts.
    Unauthorized(Said),
}

impl Verdict {
    /// Whether nobody answered.
    pub(crate) fn is_silence(&self) -> bool {
        matches!(
            self,
            Self::Retry {
                answered: false,
                ..
            }
        )
    }

    /// Draws the consequence.
    pub(crate) fn of(trouble: Trouble) -> Self {
        let again = |after, failed| Self::Retry {
            after,
            failed,
            answered: true,
        };
        match trouble {
            Trouble::NoAnswer(what) => {
                let failed = Failed::NoAnswer(what);
                Self::Retry {
                    after: None,
                    failed,
                    answered: false,
                }
            }
            Trouble::Later(said, after) => again(after, Failed::Box(said)),
            Trouble::Busy(said, after) => Self::Busy {
                after,
                failed: Failed::Box(said),
            },
            Trouble::Throttled(_, after) => Self::Throttled(after),
            // The world moved between looking and acting: look again.
            Trouble::NameTaken(said, _) | Trouble::Stale(said) | Trouble::Gone(said) => {
                again(None, Failed::Box(said))
            }
            Trouble::Damaged(said) | Trouble::Session(said, _) => again(None, Failed::Box(said)),
            Trouble::Refused(said) => Self::Park(Parked::Refused(said)),
            Trouble::Locked(said) => Self::Park(Parked::Locked(said, None)),
            Trouble::Full(said) => Self::Full(said),
            Trouble::Unauthorized(said) => Self::Unauthorized(said),
            Trouble::LocalChanged => again(None, Failed::Changing),
            Trouble::LocalGone => Self::Vanished,
            Trouble::LocalRead(error) => Self::Fail(Failed::Read(error)),
        }
    }
}
