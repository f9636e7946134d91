//! What Box says it holds.
//!
//! Box leaves fields out depending on where the item is reported (a listing, a
//! conflict, an upload's answer), so what may be absent is an `Option`, and who needs
//! it asks for the item itself.

use crate::model::digest::Sha1Digest;
use crate::model::ids::{Etag, FileId, FolderId, VersionId};
use crate::model::name::RemoteName;
use std::fmt;

/// A file on Box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteFile {
    /// Its ID.
    pub(crate) id: FileId,
    /// Its current version.
    pub(crate) version: Option<VersionId>,
    /// What `If-Match` must say to change it.
    pub(crate) etag: Option<Etag>,
    /// The SHA-1 of its current content.
    pub(crate) sha1: Option<Sha1Digest>,
    /// The size of its current content in bytes.
    pub(crate) size: Option<u64>,
    /// Its name.
    pub(crate) name: RemoteName,
}

/// A folder on Box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteFolder {
    /// Its ID.
    pub(crate) id: FolderId,
    /// Absent for the account's root.
    pub(crate) etag: Option<Etag>,
    /// Its name.
    pub(crate) name: RemoteName,
}

/// Anything that takes up a name in a folder on Box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Occupant {
    /// A file: it can get a new version.
    File(RemoteFile),
    /// A folder.
    Folder(RemoteFolder),
    /// A web link, or a type that this version does not know.
    Other {
        /// Box's name for the type.
        kind: String,
        /// Its ID.
        id: String,
        /// Its name.
        name: RemoteName,
    },
}

impl Occupant {
    /// The name that it occupies.
    pub(crate) fn name(&self) -> &RemoteName {
        match self {
            Self::File(file) => &file.name,
            Self::Folder(folder) => &folder.name,
            Self::Other { name, .. } => name,
        }
    }

    /// In words: "the folder 42".
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::File(file) => format!("the file {}", file.id),
            Self::Folder(folder) => format!("the folder {}", folder.id),
            Self::Other { kind, id, .. } => format!("the {} {id}", kind.replace('_', " ")),
        }
    }
}

/// An item on Box and the version of it that was looked at: what a conflict is about, and
/// what a decision is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The item's ID.
    pub(crate) id: Box<str>,
    /// A file's version; none for what is gone, for what is no file, and where Box left
    /// it out.
    pub(crate) version: Option<VersionId>,
}

/// What stands in the way of a local entry on Box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Obstacle {
    /// What was seen of it.
    pub(crate) seen: Seen,
    /// In words: "the file 42 (version 7)".
    words: Box<str>,
}

impl Obstacle {
    /// A file with other content.
    pub(crate) fn file(file: &RemoteFile) -> Self {
        let words = match &file.version {
            Some(version) => format!("the file {} (version {version})", file.id),
            None => format!("the file {}", file.id),
        };
        Self {
            seen: Seen {
                id: file.id.as_str().into(),
                version: file.version.clone(),
            },
            words: words.into(),
        }
    }

    /// The same, with its name there.
    pub(crate) fn called(self, name: &RemoteName) -> Self {
        let words = format!("{}, called {:?} there,", self.words, name.as_str());
        Self {
            words: words.into(),
            ..self
        }
    }

    /// A file that is not there any more.
    pub(crate) fn gone(id: &FileId) -> Self {
        Self {
            seen: Seen {
                id: id.as_str().into(),
                version: None,
            },
            words: format!("the file {id}").into(),
        }
    }

    /// Whatever has the name.
    pub(crate) fn of(occupant: &Occupant) -> Self {
        let id = match occupant {
            Occupant::File(file) => return Self::file(file),
            Occupant::Folder(folder) => folder.id.as_str(),
            Occupant::Other { id, .. } => id,
        };
        Self {
            seen: Seen {
                id: id.into(),
                version: None,
            },
            words: occupant.describe().into(),
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}
