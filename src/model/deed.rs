//! What a run did to an item on Box, apart from its content: enough to undo it.

use crate::model::ids::{FileId, FolderId};
use crate::model::name::RemoteName;
use crate::model::path::RelPath;
use std::fmt;

/// A file or a folder on Box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ItemId {
    /// A file.
    File(FileId),
    /// A folder, with all that is in it.
    Folder(FolderId),
}

impl ItemId {
    /// The ID as Box spelled it.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::File(id) => id.as_str(),
            Self::Folder(id) => id.as_str(),
        }
    }

    /// Box's word for the type.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Folder(_) => "folder",
        }
    }

    /// From Box's word for the type; `None` for another type.
    pub(crate) fn of(kind: &str, id: &str) -> Option<Self> {
        match kind {
            "file" => Some(Self::File(FileId::new(id))),
            "folder" => Some(Self::Folder(FolderId::new(id))),
            _ => None,
        }
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.as_str())
    }
}

/// A place on Box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The folder that it is in.
    pub(crate) parent: FolderId,
    /// The name that it has there.
    pub(crate) name: RemoteName,
}

/// Something that was done, or is about to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deed {
    /// The run that did it, such as `20261127T201525Z`.
    pub(crate) run: String,
    /// The mirror's name.
    pub(crate) mirror: String,
    /// The local path that it had before.
    pub(crate) path: RelPath,
    /// To what.
    pub(crate) item: ItemId,
    /// Where that was before.
    pub(crate) from: Spot,
    /// Where it was moved to; `None`: into the trash.
    pub(crate) to: Option<Spot>,
}
