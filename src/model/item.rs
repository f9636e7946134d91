//! What Box says it holds.
//!
//! Box leaves fields out depending on where the item is reported (a listing, a
//! conflict, an upload's answer), so what may be absent is an `Option`, and who needs
//! it asks for the item itself.

use crate::model::digest::Sha1Digest;
use crate::model::ids::{Etag, FileId, FolderId, VersionId};
use crate::model::name::RemoteName;

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
