//! Exit codes, stable and documented. Of several, the one that needs a person most
//! wins: 78, 77, 69, 3, 1.

use crate::agent::checkup::check::Blame;
use crate::agent::notice::Ending;
use crate::agent::run::Fatal;
use crate::model::trouble::Trouble;
use crate::plan::guard::Halt;
use crate::remote::auth::file::Error as TokenFileError;
use crate::store::error::Error as StoreError;

/// Every included file is on Box.
pub(crate) const OK: u8 = 0;
/// Finished or interrupted, and something is not on Box.
pub(crate) const INCOMPLETE: u8 = 1;
/// The command line cannot be understood.
pub(crate) const USAGE: u8 = 2;
/// A mirror stands still.
pub(crate) const HALTED: u8 = 3;
/// Box does not answer; for `status` and `wait`: no agent runs.
pub(crate) const UNREACHABLE: u8 = 69;
/// A mistake in boxup itself.
pub(crate) const SOFTWARE: u8 = 70;
/// The state directory cannot be used, or what is told cannot be written.
pub(crate) const STATE: u8 = 74;
/// Another run holds the lock.
pub(crate) const LOCKED: u8 = 75;
/// Box does not let us in, or not where we should go.
pub(crate) const UNAUTHORIZED: u8 = 77;
/// The configuration cannot be used.
pub(crate) const CONFIG: u8 = 78;

/// What they mean, as the help, the manual and the README tell it.
pub(crate) const MEANINGS: [(u8, &str); 10] = [
    (OK, "every included file is on Box"),
    (
        INCOMPLETE,
        "finished or interrupted, and something is not on Box (parked, failed, pending); `wait`: time is up",
    ),
    (
        USAGE,
        "the command line cannot be understood, or names an unknown mirror; `resolve`, `approve`, `undo`: there is no such conflict, mirror, run",
    ),
    (
        HALTED,
        "a mirror is paused (`boxup pause`) or stands still: its local folder is missing, unreadable, emptied or another one, or more would be deleted on Box than `max_deletes` allows; `wait`: or its owner's account on Box is full",
    ),
    (
        UNREACHABLE,
        "Box cannot be reached; `status`, `wait`, `service status`: no agent runs",
    ),
    (
        SOFTWARE,
        "boxup found a mistake in itself and ended; a service manager starts it again, and it goes on where it was",
    ),
    (
        STATE,
        "the state directory or the log file cannot be used, or standard output cannot be written to and nothing else is wrong; `service`: it could not be installed or removed",
    ),
    (
        LOCKED,
        "another run holds the lock; `login`: its port is taken",
    ),
    (
        UNAUTHORIZED,
        "not authorised: token, account, scope, or a folder that this account cannot see or write to",
    ),
    (
        CONFIG,
        "configuration: mistakes, or a secret in a file that others can read",
    ),
];

/// What counts where several would be right.
pub(crate) const SEVERAL: &str = "Of several, the first of 78, 77, 69, 3, 1 counts.";

/// The exit code of a run that came to an end.
pub(crate) fn of_ending(ending: &Ending) -> u8 {
    let halts = || ending.halted.iter().map(|(_, halt)| of_halt(halt));
    if ending.broken.is_some() {
        STATE
    } else if halts().any(|code| code == CONFIG) {
        CONFIG
    } else if ending.unauthorized.is_some() || halts().any(|code| code == UNAUTHORIZED) {
        UNAUTHORIZED
    } else if ending.unreachable.is_some() || halts().any(|code| code == UNREACHABLE) {
        UNREACHABLE
    } else if !ending.halted.is_empty() || !ending.paused.is_empty() {
        HALTED
    } else if ending.is_good() {
        OK
    } else {
        INCOMPLETE
    }
}

/// The exit code of a mirror that stands still for a reason, by the reason's code.
pub(crate) fn of_reason(reason: &str) -> u8 {
    match reason {
        "folder_invisible" => UNAUTHORIZED,
        "misconfigured" => CONFIG,
        "folder_unreadable" => UNREACHABLE,
        _ => HALTED,
    }
}

/// Of several codes, the one with the least of this is told.
pub(crate) fn urgency(code: u8) -> usize {
    let order = [CONFIG, UNAUTHORIZED, UNREACHABLE, HALTED, INCOMPLETE];
    let place = order.iter().position(|other| *other == code);
    place.unwrap_or(order.len())
}

fn of_halt(halt: &Halt) -> u8 {
    match halt {
        Halt::RootMissing(_)
        | Halt::RootUnreadable(_)
        | Halt::RootEmptied(_)
        | Halt::RootReplaced(..)
        | Halt::Braked(_)
        | Halt::Trashless(_) => HALTED,
        Halt::FolderInvisible(_) => UNAUTHORIZED,
        Halt::Misconfigured(_) => CONFIG,
        Halt::FolderUnreadable(_) => UNREACHABLE,
    }
}

/// The exit code of a command that Box, or the way there, did not let do its work.
pub(crate) fn of_trouble(trouble: &Trouble) -> u8 {
    match trouble {
        Trouble::NoAnswer(_) | Trouble::Later(..) | Trouble::Busy(..) | Trouble::Throttled(..) => {
            UNREACHABLE
        }
        Trouble::Unauthorized(_) | Trouble::Gone(_) | Trouble::Refused(_) => UNAUTHORIZED,
        Trouble::NameTaken(..)
        | Trouble::Stale(_)
        | Trouble::Damaged(_)
        | Trouble::Session(..)
        | Trouble::Locked(_)
        | Trouble::Full(_)
        | Trouble::LocalChanged
        | Trouble::LocalGone
        | Trouble::LocalRead(_) => INCOMPLETE,
    }
}

/// The exit code of a run that could not be.
pub(crate) fn of_fatal(fatal: &Fatal) -> u8 {
    match fatal {
        Fatal::Store(StoreError::Locked { .. }) => LOCKED,
        Fatal::Store(_) | Fatal::Control { .. } => STATE,
        Fatal::Http(_) => UNREACHABLE,
        Fatal::Rules(_) => CONFIG,
        Fatal::TokenFile(TokenFileError::Disk { .. }) => STATE,
        Fatal::TokenFile(TokenFileError::Busy(_)) => LOCKED,
        Fatal::TokenFile(TokenFileError::Damaged(_)) => UNAUTHORIZED,
        Fatal::TokenFile(_) => CONFIG,
    }
}

/// The exit code of a check that failed.
pub(crate) fn of_blame(blame: Blame) -> u8 {
    match blame {
        Blame::Files => INCOMPLETE,
        Blame::Local => HALTED,
        Blame::Network => UNREACHABLE,
        Blame::State => STATE,
        Blame::Access => UNAUTHORIZED,
        Blame::Config => CONFIG,
    }
}

#[cfg(test)]
mod tests {
    use super::{of_ending, of_halt, of_reason};
    use crate::agent::notice::Ending;
    use crate::model::trouble::Said;
    use crate::plan::guard::Halt;

    #[test]
    fn a_halt_and_its_reason_have_one_code() {
        let word = || String::from("m");
        for halt in [
            Halt::RootMissing(word()),
            Halt::RootUnreadable(word()),
            Halt::RootEmptied(1),
            Halt::RootReplaced("/m".into(), word()),
            Halt::Trashless(word()),
            Halt::FolderInvisible(word()),
            Halt::Misconfigured(word()),
            Halt::FolderUnreadable(word()),
        ] {
            assert_eq!(of_reason(halt.code()), of_halt(&halt), "{halt:?}");
        }
    }

    #[test]
    fn the_code_that_needs_a_person_most_wins() {
        let mut ending = Ending::default();
        assert_eq!(of_ending(&ending), 0);
        ending.tally.parked = 1;
        assert_eq!(of_ending(&ending), 1);
        ending.halted.push(("m".into(), Halt::RootEmptied(1)));
        assert_eq!(of_ending(&ending), 3);
        ending.unreachable = Some("silence".into());
        assert_eq!(of_ending(&ending), 69);
        ending
            .halted
            .push(("n".into(), Halt::FolderInvisible("404".into())));
        assert_eq!(of_ending(&ending), 77);
        let unauthorized = Ending {
            unauthorized: Some(Said::default()),
            ..Ending::default()
        };
        assert_eq!(of_ending(&unauthorized), 77);
        assert_eq!(
            of_ending(&Ending {
                cut_short: true,
                ..Ending::default()
            }),
            1
        );
    }
}
