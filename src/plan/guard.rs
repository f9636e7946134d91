//! What stops a whole mirror before anything is done.

use crate::model::figures::{count, some};
use crate::model::ground::Ground;
use crate::model::path::{RelPath, shell_word};
use crate::model::reason::Failed;
use crate::plan::brake::MaxDeletes;
use crate::plan::facts::DirFacts;
use std::fmt;
use std::path::PathBuf;

/// The code of a mirror whose brake has tripped.
pub(crate) const BRAKE: &str = "brake";

/// Why a mirror stands still until its disk is as it was, or a person acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// The local directory is not there, or is no directory; the system's words.
    RootMissing(String),
    /// The local directory cannot be read; the system's words.
    RootUnreadable(String),
    /// The local directory is empty, and this many entries were mirrored from it.
    RootEmptied(usize),
    /// Another directory is at the root's place: the path, and the mirror's name.
    RootReplaced(PathBuf, String),
    /// More would be deleted on Box than may be without asking.
    Braked(Brake),
    /// What is deleted on Box does not go into a trash: the mirror's name.
    Trashless(String),
    /// The Box folder is not there, or not for this account.
    FolderInvisible(String),
    /// Another mirror has the folder.
    Misconfigured(String),
    /// The Box folder could not be read in this run.
    FolderUnreadable(String),
}

impl Halt {
    /// Whether it stays so until a person acts.
    pub(crate) fn needs_a_person(&self) -> bool {
        matches!(self, Self::FolderInvisible(_) | Self::Misconfigured(_))
    }

    /// Stable, for machines.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::RootMissing(_) => "root_missing",
            Self::RootUnreadable(_) => "root_unreadable",
            Self::RootEmptied(_) => "root_emptied",
            Self::RootReplaced(..) => "root_replaced",
            Self::Braked(_) => BRAKE,
            Self::Trashless(_) => "no_trash",
            Self::FolderInvisible(_) => "folder_invisible",
            Self::Misconfigured(_) => "misconfigured",
            Self::FolderUnreadable(_) => "folder_unreadable",
        }
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RootMissing(error) => write!(
                f,
                "the local directory is not there ({error}): create it, mount it, or correct \
                 `local` in the configuration"
            ),
            Self::RootUnreadable(error) => {
                write!(
                    f,
                    "the local directory cannot be read ({error}): give this user access"
                )
            }
            Self::RootEmptied(count) => write!(
                f,
                "the local directory is empty, but {} of it had been mirrored: is its disk \
                 mounted? Nothing on Box was changed; the mirror goes on as soon as there is \
                 something in the directory",
                some(*count as u64, "entry")
            ),
            Self::RootReplaced(path, mirror) => write!(
                f,
                "{path:?} is not the directory that was mirrored: is its disk mounted? Nothing was \
                 done; the mirror goes on by itself when the former directory is back. If this \
                 one is to be mirrored from now on, say so: boxup approve {}",
                shell_word(mirror.as_bytes())
            ),
            Self::Braked(brake) => brake.fmt(f),
            Self::Trashless(mirror) => write!(
                f,
                "Box deletes for good here: its trash does not hold what was just deleted, as an \
                 administrator can arrange. Nothing more is deleted. Set on_local_delete = \
                 \"keep\", or have the trash turned on, and then: boxup approve {}",
                shell_word(mirror.as_bytes())
            ),
            Self::FolderInvisible(what) | Self::Misconfigured(what) => f.write_str(what),
            Self::FolderUnreadable(what) => {
                write!(f, "its Box folder could not be read: {what}")
            }
        }
    }
}

/// What a tripped brake keeps from happening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Brake {
    /// The mirror's name.
    pub(crate) mirror: String,
    /// What would go to the trash: files, and directories without any.
    pub(crate) would: u64,
    /// How many of that are directories.
    pub(crate) hollow: u64,
    /// Files of the mirror that are on Box.
    pub(crate) mapped: u64,
    /// Nothing of what was mirrored is left.
    pub(crate) everything: bool,
    /// How many files may go without asking.
    pub(crate) limit: MaxDeletes,
    /// The first of what would go, as paths in the mirror.
    pub(crate) first: Vec<RelPath>,
    /// How many more there are.
    pub(crate) more: u64,
}

/// So many paths are named.
pub(crate) const NAMED: usize = 5;

impl fmt::Display for Brake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            mirror,
            would,
            hollow,
            mapped,
            limit,
            ..
        } = self;
        let first: Vec<_> = self.first.iter().map(RelPath::to_string).collect();
        let more = match self.more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let why = match self.everything {
            true => "nothing is left of what was mirrored".to_owned(),
            false => format!("more than max_deletes = {limit} allows"),
        };
        write!(
            f,
            "gone from the disk: {} of {}{} ({}{more}): {why}. Nothing was deleted on Box; the \
             mirror goes on by itself when they are back. If it is meant, let exactly these go \
             to Box's trash: boxup approve {}",
            count(would - hollow),
            some(*mapped, "file"),
            hollow_words(*hollow),
            first.join(", "),
            shell_word(mirror.as_bytes())
        )
    }
}

fn hollow_words(number: u64) -> String {
    match number {
        0 => String::new(),
        more => format!(" and {} without files", some(more, "directory")),
    }
}

/// Whether the directory that is there `now` is the one whose folder this is; with what
/// to remember. `is_used`: the mapping has entries in it.
pub(crate) fn check_ground(
    known: Option<&Ground>,
    now: &Ground,
    is_mount: bool,
    is_used: bool,
) -> Result<Option<Ground>, Failed> {
    match known {
        Some(known) if known.is_same(now) => Ok(None),
        Some(_) => Err(Failed::Hidden(
            "what was mounted here is not, or something else is",
        )),
        None if is_mount && is_used => Err(Failed::Hidden("something was mounted over it")),
        None => Ok(Some(*now).filter(|_| is_mount)),
    }
}

/// Looks at the root directory of a mirror. An empty root is far more often a lost
/// mount than a wish.
pub(crate) fn check_root(facts: &DirFacts) -> Result<(), Halt> {
    let mirrored = facts.mapped.files.len() + facts.mapped.folders.len();
    if facts.complete && facts.local.is_empty() && mirrored > 0 {
        return Err(Halt::RootEmptied(mirrored));
    }
    Ok(())
}
