//! What a transfer asks, what it is answered, and how it ends.

use crate::model::ids::{Etag, FileId, FolderId, VersionId};
use crate::model::item::RemoteFile;
use crate::model::name::RemoteName;
use crate::model::reason::Parked;
use crate::model::trouble::{Said, Trouble};
use crate::plan::facts::Hashed;
use crate::plan::verdict::Verdict;

/// What is to be asked next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Would Box take a new file of this name? (`options_files_content`; for a large
    /// file `post_files_upload_sessions`, which is the same question)
    PreflightNew(RemoteName),
    /// Would Box take this content for the file? (`OPTIONS /files/:id/content`; for a
    /// large file `post_files_id_upload_sessions`)
    PreflightVersion(FileId),
    /// Upload a new file of this name. (`post_files_content`, or a session's commit)
    SendNew(RemoteName),
    /// Upload a new version. (`post_files_id_content`, or a session's commit)
    SendVersion(Base),
    /// What is the digest of the local file?
    Hash,
    /// What is this file's state? (`get_files_id`)
    Read(FileId),
    /// Which other local path does the mapping have for this file, if any?
    Owner(FileId),
    /// Which local path does the mapping have for this folder, if any?
    FolderOwner(FolderId),
    /// Is the mirror's root folder visible? (`get_folders_id`)
    Root,
}

/// The state of a file on Box that a new version is based on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Base {
    /// The file.
    pub(crate) id: FileId,
    /// What `If-Match` says.
    pub(crate) etag: Etag,
    /// Its name, which the new version keeps.
    pub(crate) name: RemoteName,
    /// The version that the new one comes on top of, where Box has told.
    pub(crate) version: Option<VersionId>,
}

/// The answer to an [`Ask`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    /// The preflight found nothing against it.
    Clear,
    /// It was stored: how Box describes it, and what was sent.
    Stored(RemoteFile, Hashed),
    /// The digest of the local file, which is in the state that the transfer is about.
    Hashed(Hashed),
    /// The file's state.
    File(RemoteFile),
    /// The other local path that the mapping has for the file or folder.
    Owner(Option<String>),
    /// The root is there.
    RootVisible,
    /// It did not work.
    Trouble(Trouble),
}

/// How it ended, or why it cannot go on now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// Box made a new file of this content.
    Uploaded(RemoteFile, Hashed),
    /// Box made a new version of this content.
    NewVersion(RemoteFile, Hashed),
    /// Box has our content already; nothing was sent.
    Adopted(RemoteFile, Hashed),
    /// Box has what an earlier try of ours sent, its answer lost; the disk has moved on.
    Landed(RemoteFile),
    /// The content is what we last agreed on, after all.
    Unchanged(Hashed),
    /// Box's copy stays and ours is not sent: a person decided so. The copy, unless it is
    /// gone.
    Left(Option<RemoteFile>, Hashed),
    /// It waits for a change or a person.
    Parked(Parked),
    /// Somebody has locked this file on Box; Box's words.
    Locked(FileId, Said),
    /// It cannot be done, or not now.
    Verdict(Verdict),
    /// The mirror's root folder cannot be seen: nothing in the mirror can go on.
    RootGone(String),
}

/// The next step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    /// Ask this and report the reply.
    Ask(Ask),
    /// It is over.
    End(Outcome),
}
