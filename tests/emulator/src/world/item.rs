//! One stored thing: a folder, a file with its versions, or a web link.

use std::collections::BTreeMap;

use super::access::Access;
use super::users::UserId;
use crate::spool::Blob;

/// Internal number of an item; also its id on the wire, except for roots.
pub(crate) type ItemId = u64;

/// What an item is. The order is Box's listing order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A file.
    File,
    /// A bookmark; it occupies a name like any other item.
    WebLink,
}

impl Kind {
    /// The value of `type` on the wire.
    #[must_use]
    pub fn wire(self) -> &'static str {
        match self {
            Kind::Folder => "folder",
            Kind::File => "file",
            Kind::WebLink => "web_link",
        }
    }
}

/// The dates of an item, in seconds since 1970.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    pub(crate) created: i64,
    pub(crate) modified: i64,
    pub(crate) content_created: i64,
    pub(crate) content_modified: i64,
}

impl Times {
    /// Everything happened now.
    pub(crate) fn all(now: i64) -> Times {
        Times {
            created: now,
            modified: now,
            content_created: now,
            content_modified: now,
        }
    }
}

/// A stored item.
pub(crate) struct Item {
    pub(crate) name: String,
    /// `None` for an account's root.
    pub(crate) parent: Option<ItemId>,
    pub(crate) owner: UserId,
    /// Counts every change; `sequence_id` is the same number.
    pub(crate) etag: u64,
    pub(crate) times: Times,
    pub(crate) created_by: UserId,
    pub(crate) modified_by: UserId,
    pub(crate) description: String,
    pub(crate) tags: Vec<String>,
    pub(crate) link: Option<Link>,
    pub(crate) trashed_at: Option<i64>,
    pub(crate) body: Body,
}

/// A shared link. It stays with its item wherever that goes.
#[derive(Clone)]
pub(crate) struct Link {
    /// The part of the URL that nobody guesses.
    pub(crate) secret: String,
    pub(crate) access: &'static str,
    pub(crate) password: bool,
    pub(crate) until: Option<i64>,
    pub(crate) download: bool,
}

/// What differs between the kinds.
pub(crate) enum Body {
    Folder(FolderBody),
    File(FileBody),
    WebLink(String),
}

/// A folder's children and whom it is shared with.
#[derive(Default)]
pub(crate) struct FolderBody {
    /// By kind and folded name, which is the order of a listing.
    pub(crate) children: BTreeMap<(Kind, String), ItemId>,
    pub(crate) shares: Vec<(UserId, Access)>,
}

/// A file's versions, oldest first, never empty.
pub(crate) struct FileBody {
    pub(crate) revisions: Vec<Revision>,
    pub(crate) lock: Option<Lock>,
}

/// One version of a file.
#[derive(Clone)]
pub(crate) struct Revision {
    pub(crate) id: u64,
    pub(crate) blob: Blob,
    pub(crate) name: String,
    pub(crate) by: UserId,
    pub(crate) at: i64,
    /// When it was deleted, and by whom.
    pub(crate) trashed: Option<(i64, UserId)>,
}

/// A lock on a file.
#[derive(Clone)]
pub(crate) struct Lock {
    pub(crate) id: u64,
    pub(crate) by: UserId,
    pub(crate) at: i64,
    pub(crate) expires: Option<i64>,
    pub(crate) no_download: bool,
}

impl Item {
    /// A fresh item.
    pub(crate) fn new(
        name: &str,
        parent: Option<ItemId>,
        owner: UserId,
        by: UserId,
        times: Times,
        body: Body,
    ) -> Item {
        Item {
            name: name.to_owned(),
            parent,
            owner,
            etag: 0,
            times,
            created_by: by,
            modified_by: by,
            description: String::new(),
            tags: Vec::new(),
            link: None,
            trashed_at: None,
            body,
        }
    }

    /// Its kind.
    pub(crate) fn kind(&self) -> Kind {
        match self.body {
            Body::Folder(_) => Kind::Folder,
            Body::File(_) => Kind::File,
            Body::WebLink(_) => Kind::WebLink,
        }
    }

    /// The folder part, if it is one.
    pub(crate) fn folder(&self) -> Option<&FolderBody> {
        match &self.body {
            Body::Folder(folder) => Some(folder),
            Body::File(_) | Body::WebLink(_) => None,
        }
    }

    /// The file part, if it is one.
    pub(crate) fn file(&self) -> Option<&FileBody> {
        match &self.body {
            Body::File(file) => Some(file),
            Body::Folder(_) | Body::WebLink(_) => None,
        }
    }

    /// The address, if it is a web link.
    pub(crate) fn url(&self) -> Option<&str> {
        match &self.body {
            Body::WebLink(url) => Some(url),
            Body::Folder(_) | Body::File(_) => None,
        }
    }

    /// The current version, if it is a file.
    pub(crate) fn current(&self) -> Option<&Revision> {
        self.file()?.revisions.last()
    }

    /// Bytes of the current version.
    pub(crate) fn stored(&self) -> u64 {
        self.current().map_or(0, |revision| revision.blob.size)
    }

    /// Bytes of the versions before it.
    pub(crate) fn stored_past(&self) -> u64 {
        let all: u64 = self.file().map_or(0, |file| {
            file.revisions
                .iter()
                .map(|revision| revision.blob.size)
                .sum()
        });
        all - self.stored()
    }

    /// Records a change: the etag moves, the dates and the author follow.
    pub(crate) fn touch(&mut self, by: UserId, now: i64) {
        self.etag += 1;
        self.modified_by = by;
        self.times.modified = now;
    }
}
