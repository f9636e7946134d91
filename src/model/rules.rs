//! Which entries of a mirror are wanted: what the operator said, and the rule that decided.
//!
//! Pure words. Compiling and applying them is `local/rules`.

use crate::model::path::escaped;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The file in the tree that leaves out what is beside and below it.
pub(crate) const IGNORE_FILE: &str = ".boxupignore";
/// The file that marks a directory as a cache (<https://bford.info/cachedir/>).
pub(crate) const CACHE_TAG: &str = "CACHEDIR.TAG";

/// A pattern in the grammar of `.gitignore`, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// As it is written.
    pub(crate) text: Box<str>,
    /// Where.
    pub(crate) origin: Origin,
}

/// Where a rule stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// In the program.
    BuiltIn,
    /// In the program: our own state is never mirrored.
    OwnState,
    /// In the configuration.
    Key {
        /// The key, such as `exclude`.
        key: &'static str,
        /// The configuration file, fit to be shown.
        file: Arc<str>,
        /// The line.
        line: Option<usize>,
    },
    /// In a file of the tree.
    InTree {
        /// Its path from the mirror's root, fit to be shown.
        file: Arc<str>,
        /// The line, counted from 1.
        line: usize,
    },
}

/// What to do about symbolic links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Symlinks {
    /// They are named and left out.
    Skip,
    /// What they lead to inside the root is mirrored in their place.
    Follow,
}

/// What the operator wants of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a key of its own in the configuration"
)]
pub(crate) struct Selection {
    /// The built-in rules hold.
    pub(crate) default_excludes: bool,
    /// What is left out; patterns that have been checked.
    pub(crate) exclude: Vec<Arc<Rule>>,
    /// What is taken all the same; patterns that have been checked.
    pub(crate) include: Vec<Arc<Rule>>,
    /// Names that begin with a dot are left out.
    pub(crate) skip_hidden: bool,
    /// Larger files are left out; in bytes.
    pub(crate) max_size: Option<u64>,
    /// Files that were changed less than this ago are left out.
    pub(crate) min_age: Duration,
    /// Directories that are marked as caches are left out.
    pub(crate) cachedir_tag: bool,
    /// What lies on another file system than the root is left out.
    pub(crate) one_file_system: bool,
    /// What is done about symbolic links.
    pub(crate) symlinks: Symlinks,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            default_excludes: true,
            exclude: Vec::new(),
            include: Vec::new(),
            skip_hidden: false,
            max_size: None,
            min_age: Duration::ZERO,
            cachedir_tag: true,
            one_file_system: false,
            symlinks: Symlinks::Skip,
        }
    }
}

/// Why a symbolic link is not followed although links are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LinkFault {
    /// What it leads to is not there.
    Dangling,
    /// It leads out of the root.
    Outside,
    /// It leads back to a directory that it is in.
    Loop,
    /// Too many links lie on the way.
    TooMany,
    /// It leads to a socket, pipe or device; its kind in words.
    Special(&'static str),
    /// Where it leads cannot be examined; the system's words.
    Unreadable(String),
}

impl Origin {
    /// In a word, for machines.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::BuiltIn => "built_in",
            Self::OwnState => "own_state",
            Self::Key { key, .. } => key,
            Self::InTree { .. } => "boxupignore",
        }
    }

    /// The file and the line, for machines.
    pub(crate) fn place(&self) -> Option<(&str, Option<usize>)> {
        match self {
            Self::BuiltIn | Self::OwnState => None,
            Self::Key { file, line, .. } => Some((file, *line)),
            Self::InTree { file, line } => Some((file, Some(*line))),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built in"),
            Self::OwnState => f.write_str("boxup's own state"),
            Self::Key { key, file, line } => {
                write!(f, "{key}, {file}")?;
                line.map_or(Ok(()), |line| write!(f, ":{line}"))
            }
            Self::InTree { file, line } => write!(f, "{file}:{line}"),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" ({})", escaped(self.text.as_bytes()), self.origin)
    }
}

impl fmt::Display for LinkFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dangling => f.write_str("a symbolic link to what is not there"),
            Self::Outside => {
                f.write_str("a symbolic link that leads out of the mirrored directory")
            }
            Self::Loop => f.write_str("a symbolic link that leads back to where it is: a loop"),
            Self::TooMany => f.write_str("a symbolic link behind too many others"),
            Self::Special(kind) => write!(f, "a symbolic link to a {kind}"),
            Self::Unreadable(error) => {
                write!(f, "a symbolic link whose end cannot be examined: {error}")
            }
        }
    }
}
