//! Identifiers that Box hands out, each a type of its own.
//!
//! Box's IDs are decimal strings of any length; they are kept as text and never
//! computed with. A folder's ID cannot be passed where a file's is meant.

use std::fmt;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) struct $name(Box<str>);

        impl $name {
            /// Takes the ID as Box spelled it.
            pub(crate) fn new(text: impl Into<Box<str>>) -> Self {
                Self(text.into())
            }

            /// The ID as Box spelled it.
            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

text_id!(
    /// A file on Box. It survives renames, moves and new versions.
    FileId
);
text_id!(
    /// A folder on Box. `"0"` is the root of the account that the token acts as.
    FolderId
);
text_id!(
    /// One version of a file's content.
    VersionId
);
text_id!(
    /// What Box compares with `If-Match`; it moves with content and with metadata.
    Etag
);

impl FolderId {
    /// The root folder ("All Files") of the account behind the token.
    pub(crate) fn root() -> Self {
        Self::new("0")
    }
}

/// The mapping's own key of a mirrored folder (a row number, not a Box ID).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FolderKey(pub(crate) i64);
