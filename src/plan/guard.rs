//! What stops a whole mirror before anything is done.

use crate::plan::facts::DirFacts;
use std::fmt;

/// Why a mirror stands still until its disk is as it was, or a person acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// The local directory is not there, or is no directory; the system's words.
    RootMissing(String),
    /// The local directory cannot be read; the system's words.
    RootUnreadable(String),
    /// The local directory is empty, and this many entries were mirrored from it.
    RootEmptied(usize),
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
                "the local directory is empty, but {count} entries were mirrored from it: is its \
                 disk mounted? Nothing on Box was changed; the mirror goes on as soon as there is \
                 something in the directory"
            ),
            Self::FolderInvisible(what) | Self::Misconfigured(what) => f.write_str(what),
            Self::FolderUnreadable(what) => {
                write!(f, "its Box folder could not be read: {what}")
            }
        }
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
