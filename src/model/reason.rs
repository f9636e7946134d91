//! Why an entry of the tree is not on Box: data, with one sentence each.
//!
//! Three kinds, as the accounts keep them apart: *excluded* was not asked for,
//! *parked* waits for a change or a person, *failed* was given up in this run.

use crate::model::item::{Obstacle, Seen};
use crate::model::name::{LONGEST, NameError};
use crate::model::rules::{CACHE_TAG, LinkFault, Rule};
use crate::model::trouble::Said;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Why an entry is left out on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Exclusion {
    /// A rule names it.
    Rule(Arc<Rule>),
    /// Its name begins with a dot (`skip_hidden`).
    Hidden,
    /// A larger file than `max_size`, which is this many bytes.
    TooLarge(u64),
    /// Changed less than `min_age` ago, which is this long.
    TooYoung(Duration),
    /// A directory that is marked as a cache.
    Cache,
    /// On another file system than the root (`one_file_system`).
    OtherFileSystem,
    /// A symbolic link: not followed.
    SymbolicLink,
    /// A symbolic link that cannot be followed.
    Link(LinkFault),
    /// A socket, pipe or device; its kind in words.
    Special(&'static str),
}

/// Why an item waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parked {
    /// Its name cannot be stored on Box.
    Name(NameError),
    /// Another entry of its directory has the same name but for case.
    CaseTwin(String),
    /// Something that is not a file (or, for a directory, not a folder) has its name.
    NameTaken(Obstacle),
    /// Another kind of thing had its name, and goes to Box's trash first.
    Succeeds,
    /// It has moved here from a mirror that is paused, or there from here.
    Awaits(String),
    /// A file with other content was on Box before, and is left alone.
    Differs(Obstacle),
    /// Box's copy was changed by somebody else, and is left alone.
    ChangedOnBox(Obstacle),
    /// Box's copy is gone, or no longer visible to this account.
    GoneFromBox(Obstacle),
    /// Box's copy differs, and what was known of it is lost.
    Doubted(Obstacle),
    /// The folder it belongs in is gone, or no longer visible to this account.
    FolderGone(String),
    /// Box refuses it.
    Refused(Said),
    /// Somebody has locked it on Box; Box's words, and who it is, if Box tells.
    Locked(Said, Option<String>),
    /// The account that its folder belongs to has no room; Box's words.
    Full(Said),
    /// Box's answer does not describe what was sent.
    WrongReply(String),
    /// Parked by an earlier run for a cause in the item itself, which has not changed.
    Still {
        /// That reason's code.
        code: String,
        /// That reason's sentence.
        message: String,
    },
}

/// The code of [`Parked::Locked`]: Box's own.
pub(crate) const LOCKED: &str = "access_denied_item_locked";
/// The code of [`Parked::Full`], whichever way Box said it.
pub(crate) const FULL: &str = "storage_limit_exceeded";
/// The code of [`Parked::NameTaken`].
pub(crate) const NAME_TAKEN: &str = "name_taken";
/// The code of [`Parked::Succeeds`].
pub(crate) const SUCCEEDS: &str = "waits_for_delete";
/// The code of [`Parked::Awaits`].
pub(crate) const AWAITS: &str = "waits_for_resume";
/// The code of [`Parked::Doubted`].
pub(crate) const DOUBTED: &str = "state_lost";

/// Why an item was given up in this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// It could not be read.
    Read(String),
    /// It kept changing while it was sent.
    Changing,
    /// It lies behind another file system than the one that was mirrored; why.
    Hidden(&'static str),
    /// Box kept failing.
    Box(Said),
    /// No answer came.
    NoAnswer(String),
}

impl Exclusion {
    /// Stable, for machines.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Rule(_) => "rule",
            Self::Hidden => "hidden",
            Self::TooLarge(_) => "too_large",
            Self::TooYoung(_) => "too_young",
            Self::Cache => "cache",
            Self::OtherFileSystem => "other_file_system",
            Self::SymbolicLink | Self::Link(_) => "symbolic_link",
            Self::Special(_) => "special_file",
        }
    }
}

impl fmt::Display for Exclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(rule) => write!(f, "excluded by the rule {rule}"),
            Self::Hidden => f.write_str("its name begins with a dot (skip_hidden)"),
            Self::TooLarge(most) => write!(f, "larger than max_size, {most} bytes"),
            Self::TooYoung(age) => write!(
                f,
                "too young: changed less than {} ago (min_age)",
                humantime::format_duration(*age)
            ),
            Self::Cache => {
                write!(
                    f,
                    "marked as a cache by the {CACHE_TAG} in it (cachedir_tag)"
                )
            }
            Self::OtherFileSystem => f.write_str("on another file system (one_file_system)"),
            Self::Link(fault) => write!(f, "{fault}"),
            Self::SymbolicLink => f.write_str("a symbolic link (links are not followed)"),
            Self::Special(kind) => write!(f, "a {kind}, not a regular file"),
        }
    }
}

impl Parked {
    /// Stable, for machines.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Name(_) => "name_invalid",
            Self::CaseTwin(_) => "case_twin",
            Self::NameTaken(_) => NAME_TAKEN,
            Self::Succeeds => SUCCEEDS,
            Self::Awaits(_) => AWAITS,
            Self::Differs(_) => "differs_on_box",
            Self::ChangedOnBox(_) => "changed_on_box",
            Self::GoneFromBox(_) => "gone_from_box",
            Self::Doubted(_) => DOUBTED,
            Self::FolderGone(_) => "folder_gone",
            Self::Refused(said) if said.code.is_empty() => "refused",
            Self::Refused(said) => &said.code,
            Self::Locked(..) => LOCKED,
            Self::Full(_) => FULL,
            Self::WrongReply(_) => "wrong_reply",
            Self::Still { code, .. } => code,
        }
    }

    /// What stands in the way on Box, where that is an item that can be named.
    pub(crate) fn obstacle(&self) -> Option<&Seen> {
        match self {
            Self::NameTaken(by)
            | Self::Differs(by)
            | Self::ChangedOnBox(by)
            | Self::GoneFromBox(by)
            | Self::Doubted(by) => Some(&by.seen),
            Self::Name(_)
            | Self::CaseTwin(_)
            | Self::Succeeds
            | Self::Awaits(_)
            | Self::FolderGone(_)
            | Self::Locked(..)
            | Self::Full(_)
            | Self::Refused(_)
            | Self::WrongReply(_)
            | Self::Still { .. } => None,
        }
    }

    /// Box's part in it.
    pub(crate) fn said(&self) -> Option<&Said> {
        match self {
            Self::Refused(said) | Self::Locked(said, _) | Self::Full(said) => Some(said),
            _ => None,
        }
    }

    /// Whether only a change of the item itself can help, so that asking Box again
    /// before that is pointless.
    pub(crate) fn is_in_the_item(&self) -> bool {
        match self {
            Self::Name(_) | Self::CaseTwin(_) | Self::Still { .. } => true,
            Self::WrongReply(_) => true,
            Self::Refused(said) => {
                matches!(
                    said.code.as_str(),
                    "item_name_invalid"
                        | "item_name_too_long"
                        | "file_size_limit_exceeded"
                        | "request_entity_too_large"
                )
            }
            Self::NameTaken(_)
            | Self::Succeeds
            | Self::Awaits(_)
            | Self::Differs(_)
            | Self::ChangedOnBox(_)
            | Self::GoneFromBox(_)
            | Self::Doubted(_)
            | Self::FolderGone(_)
            | Self::Locked(..)
            | Self::Full(_) => false,
        }
    }
}

impl fmt::Display for Parked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(NameError::TooLong(_)) => write!(
                f,
                "the name is longer than the {LONGEST} characters that Box takes: rename it"
            ),
            Self::Name(error) => write!(f, "{error}: rename it"),
            Self::CaseTwin(other) => write!(
                f,
                "on Box its name belongs to {other:?}, which is mirrored: Box takes names that \
                 differ only in case for one. Rename one of the two"
            ),
            Self::NameTaken(by) => {
                write!(
                    f,
                    "{by} has this name on Box: rename or move one of the two"
                )
            }
            Self::Succeeds => f.write_str(
                "what had this name before it was deleted here, and goes to Box's trash once it \
                 has been gone for a minute: then this is sent. Nothing needs to be done",
            ),
            Self::Awaits(mirror) => write!(
                f,
                "it has moved from one mirror to another, and mirror {mirror:?} is paused: it \
                 moves on Box when that goes on. Nothing needs to be done"
            ),
            Self::Differs(which) => write!(
                f,
                "{which} on Box has this name and other content: it is left alone until \
                 `boxup resolve` or on_existing decides"
            ),
            Self::ChangedOnBox(which) => write!(
                f,
                "{which} on Box was changed by somebody else since the last upload: it is left \
                 alone until `boxup resolve` or on_remote_change decides"
            ),
            Self::GoneFromBox(which) => write!(
                f,
                "{which} is gone from Box or hidden from this account: it is not uploaded again \
                 until `boxup resolve` or on_remote_change decides"
            ),
            Self::Doubted(which) => write!(
                f,
                "{which} on Box has other content, and what boxup knew of it is lost or out of \
                 date: it is left alone, whatever on_existing and on_remote_change say, until \
                 `boxup resolve` decides"
            ),
            Self::FolderGone(which) => write!(
                f,
                "its folder {which} is gone from Box or hidden from this account: restore it, or \
                 share it with this account again"
            ),
            Self::Refused(said) => write!(f, "Box refuses it: {said}"),
            Self::Locked(said, None) => write!(f, "it is locked on Box: {said}"),
            Self::Locked(said, Some(by)) => write!(f, "{by} has locked it on Box: {said}"),
            Self::Full(said) => write!(f, "there is no room for it on Box: {said}"),
            Self::WrongReply(what) => write!(f, "Box's answer does not fit what was sent: {what}"),
            Self::Still { message, .. } => f.write_str(message),
        }
    }
}

impl Failed {
    /// Stable, for machines.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Read(_) => "read_error",
            Self::Changing => "changing",
            Self::Hidden(_) => "hidden",
            Self::Box(said) if said.code.is_empty() => "box_error",
            Self::Box(said) => &said.code,
            Self::NoAnswer(_) => "no_answer",
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "cannot be read: {error}"),
            Self::Changing => {
                f.write_str("kept changing while it was sent; it will be tried again")
            }
            Self::Hidden(why) => write!(
                f,
                "cannot be seen: {why}. Nothing in it was looked at, and nothing was changed on \
                 Box; it goes on by itself when the file system is as it was"
            ),
            Self::Box(said) => write!(f, "Box answered {said}; it will be tried again"),
            Self::NoAnswer(what) => write!(f, "no answer from Box: {what}; it will be tried again"),
        }
    }
}
