//! A directory that is known is compared with Box's listing once more: what that says
//! about files that have not changed here.

use crate::model::ids::FolderKey;
use crate::model::item::RemoteFile;
use crate::model::path::LocalName;
use crate::model::stamp::Stamp;
use crate::plan::action::Edit;
use crate::plan::facts::{DirFacts, HashError, Hashed, SyncedFile};

/// The content is as it was, but what a version must be based on may have moved.
pub(super) fn refreshed(dir: FolderKey, name: &LocalName, facts: &DirFacts) -> Option<Edit> {
    let known = facts.mapped.files.get(name)?;
    let file = facts.inventory.as_ref()?.confirms(known)?;
    let is_other = (&file.etag, &file.version) != (&known.etag, &known.version);
    let is_wanted = is_other && file.etag.is_some() && !facts.mapped.decisions.contains_key(name);
    is_wanted.then(|| {
        let row = SyncedFile {
            etag: file.etag.clone(),
            version: file.version.clone(),
            name: file.name.clone(),
            ..known.clone()
        };
        Edit::PutFile(dir, name.clone(), row)
    })
}

/// The content of a file that is as it was when it was sent, or left out.
pub(super) fn remembered(
    name: &LocalName,
    stamp: &Stamp,
    known: &SyncedFile,
    facts: &DirFacts,
) -> Option<Hashed> {
    let decision = facts.mapped.decisions.get(name);
    let left = decision.and_then(|decision| decision.left);
    known.stamp.same_file_state(stamp).then(|| Hashed {
        sha1: left.unwrap_or(known.sha1),
        stamp: *stamp,
        at: known.hashed_at,
    })
}

/// Whether Box's file is known to hold something else than the local one.
pub(super) fn differs(
    file: &RemoteFile,
    stamp: &Stamp,
    digest: Option<&Result<Hashed, HashError>>,
) -> bool {
    match digest {
        Some(Ok(hashed)) => file.sha1.is_some_and(|sha1| sha1 != hashed.sha1),
        _ => file.size.is_some_and(|size| size != stamp.size),
    }
}
