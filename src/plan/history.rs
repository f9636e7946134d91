//! What is written down for people of what was done, and which of it belongs to one path.

use crate::model::deed::ItemId;
use crate::model::digest::Sha1Digest;
use crate::model::ids::{FolderId, VersionId};
use crate::model::item::RemoteFile;
use crate::model::path::RelPath;
use crate::model::stamp::Nanos;
use crate::plan::action::Report;
use crate::plan::conflict::Keep;
use std::collections::{BTreeMap, BTreeSet};

/// Something that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A new file on Box.
    Uploaded,
    /// A new version of a file on Box.
    NewVersion,
    /// Box held the same content already.
    Adopted,
    /// Box's copy stays, because a person decided so.
    Left,
    /// A new folder on Box.
    FolderCreated,
    /// An existing folder on Box became ours.
    FolderAdopted,
    /// It moved on Box.
    Moved,
    /// It went to Box's trash.
    Trashed,
    /// It was deleted, and Box has no trash.
    Deleted,
    /// It came back out of the trash, by `boxup undo`.
    Restored,
    /// It went back to where it had moved from, by `boxup undo`.
    MovedBack,
}

impl What {
    const ALL: [Self; 11] = [
        Self::Uploaded,
        Self::NewVersion,
        Self::Adopted,
        Self::Left,
        Self::FolderCreated,
        Self::FolderAdopted,
        Self::Moved,
        Self::Trashed,
        Self::Deleted,
        Self::Restored,
        Self::MovedBack,
    ];

    /// Stable, for machines: the same word as in `boxup sync --json`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Uploaded => "uploaded",
            Self::NewVersion => "new_version",
            Self::Adopted => "adopted",
            Self::Left => "left",
            Self::FolderCreated => "folder_created",
            Self::FolderAdopted => "folder_adopted",
            Self::Moved => "moved",
            Self::Trashed => "trashed",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
            Self::MovedBack => "moved_back",
        }
    }

    /// From its code.
    pub(crate) fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.code() == code)
    }

    /// Whether what is in a folder goes along.
    fn takes_along(self) -> bool {
        matches!(
            self,
            Self::Moved | Self::Trashed | Self::Deleted | Self::Restored | Self::MovedBack
        )
    }
}

/// What was done to an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Happening {
    /// What.
    pub(crate) what: What,
    /// To what.
    pub(crate) item: ItemId,
    /// The mirror and the path that it moved from.
    pub(crate) from: Option<(String, RelPath)>,
    /// The file's version since then.
    pub(crate) version: Option<VersionId>,
    /// The SHA-1 of its content.
    pub(crate) sha1: Option<Sha1Digest>,
    /// The size of its content.
    pub(crate) bytes: Option<u64>,
    /// The files in a folder that went along.
    pub(crate) files: Option<u64>,
    /// What a person had decided about it.
    pub(crate) keep: Option<Keep>,
}

/// One line of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When, by this machine's clock.
    pub(crate) at: Nanos,
    /// The name of the run that did it.
    pub(crate) run: String,
    /// The mirror's name at that time.
    pub(crate) mirror: String,
    /// Where in it; of what moved, where to.
    pub(crate) path: RelPath,
    /// What was done.
    pub(crate) happening: Happening,
}

impl Happening {
    /// Nothing more is known about it.
    pub(crate) fn new(what: What, item: ItemId) -> Self {
        Self {
            what,
            item,
            from: None,
            version: None,
            sha1: None,
            bytes: None,
            files: None,
            keep: None,
        }
    }

    fn of_file(what: What, file: &RemoteFile, bytes: Option<u64>) -> Self {
        Self {
            version: file.version.clone(),
            sha1: file.sha1,
            bytes: bytes.or(file.size),
            ..Self::new(what, ItemId::File(file.id.clone()))
        }
    }

    /// What is written down of what became of an entry. What is moved or deleted is written
    /// down where Box is asked.
    pub(crate) fn of(report: &Report) -> Option<Self> {
        let of_folder = |what, id: &FolderId| Self::new(what, ItemId::Folder(id.clone()));
        Some(match report {
            Report::Uploaded(file, size) => Self::of_file(What::Uploaded, file, Some(*size)),
            Report::NewVersion(file, size) => Self::of_file(What::NewVersion, file, Some(*size)),
            Report::Adopted(file) => Self::of_file(What::Adopted, file, None),
            Report::Left(file) => Self::of_file(What::Left, file.as_ref()?, None),
            Report::FolderCreated(id, _) => of_folder(What::FolderCreated, id),
            Report::FolderAdopted(id, _) => of_folder(What::FolderAdopted, id),
            Report::Unchanged
            | Report::Excluded(_)
            | Report::Parked(_)
            | Report::Failed(_)
            | Report::Trashed(..)
            | Report::FolderKept(_)
            | Report::Moved(..) => return None,
        })
    }
}

/// Finds what belongs to one path, told the history from its end to its beginning: what
/// was done there and below it, and, as far as it moved, where it was before. An item is
/// followed by its ID, and with its directory.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    /// The mirrors and paths at which it was.
    places: BTreeMap<String, BTreeSet<Vec<u8>>>,
    /// The items that were exactly there.
    items: BTreeSet<(bool, String)>,
}

impl Life {
    /// Of this path in this mirror.
    pub(crate) fn of(mirror: &str, path: &RelPath) -> Self {
        let places = BTreeSet::from([path.as_bytes().to_vec()]);
        Self {
            places: BTreeMap::from([(mirror.to_owned(), places)]),
            items: BTreeSet::new(),
        }
    }

    /// Whether this entry, which is older than all before, belongs to it.
    pub(crate) fn takes(&mut self, entry: &Entry) -> bool {
        let Happening {
            what, item, from, ..
        } = &entry.happening;
        let key = (matches!(item, ItemId::Folder(_)), item.as_str().to_owned());
        let mut is_taken = self.items.contains(&key);
        let is_below = |(mirror, path): (&str, &RelPath)| {
            let places = self.places.get(mirror);
            places
                .is_some_and(|places| places.iter().any(|place| is_within(path.as_bytes(), place)))
        };
        let is_above = |(mirror, path): (&str, &RelPath)| {
            let places = self.places.get(mirror);
            key.0
                && places.is_some_and(|places| {
                    places.iter().any(|place| is_within(place, path.as_bytes()))
                })
        };
        is_taken |= is_below((&entry.mirror, &entry.path));
        is_taken |= from
            .as_ref()
            .is_some_and(|(mirror, path)| is_below((mirror, path)) || is_above((mirror, path)));
        // With a directory above it.
        let taken_along: Vec<Vec<u8>> = match key.0 && what.takes_along() {
            true => self
                .places
                .get(&entry.mirror)
                .map_or_else(Vec::new, |places| {
                    let above = entry.path.as_bytes();
                    let below = places.iter().filter(|place| is_within(place, above));
                    below.map(|place| place[above.len()..].to_vec()).collect()
                }),
            false => Vec::new(),
        };
        is_taken |= !taken_along.is_empty();
        if let Some((mirror, from)) = from {
            let places = self.places.entry(mirror.clone()).or_default();
            for rest in taken_along {
                places.insert(joined(from.as_bytes(), &rest));
            }
        }
        let places = self.places.get(&entry.mirror);
        if places.is_some_and(|places| places.contains(entry.path.as_bytes())) {
            self.items.insert(key);
        }
        is_taken
    }
}

/// Whether a path is a directory or lies below it.
fn is_within(path: &[u8], dir: &[u8]) -> bool {
    match path.strip_prefix(dir) {
        Some(rest) => dir.is_empty() || rest.is_empty() || rest[0] == b'/',
        None => false,
    }
}

/// What was below one directory, below another.
fn joined(dir: &[u8], rest: &[u8]) -> Vec<u8> {
    let rest = rest.strip_prefix(b"/").unwrap_or(rest);
    match (dir, rest) {
        (dir, []) => dir.to_vec(),
        ([], rest) => rest.to_vec(),
        (dir, rest) => [dir, b"/", rest].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Happening, Life, What};
    use crate::model::deed::ItemId;
    use crate::model::ids::{FileId, FolderId};
    use crate::model::path::RelPath;
    use crate::model::stamp::Nanos;
    use std::path::Path;

    fn path(text: &str) -> RelPath {
        RelPath::below(Path::new("/"), &Path::new("/").join(text)).unwrap()
    }

    /// `what f1 path` or `moved d2 from -> path`, in mirror `m` or where `mirror:path` says.
    fn entry(line: &str) -> Entry {
        let place = |text: &str| {
            let (mirror, text) = text.split_once(':').unwrap_or(("m", text));
            (mirror.to_owned(), path(text))
        };
        let words: Vec<&str> = line.split(' ').collect();
        let item = match words[1].split_at(1) {
            ("d", id) => ItemId::Folder(FolderId::new(id)),
            (_, id) => ItemId::File(FileId::new(id)),
        };
        let (mirror, path) = place(words.last().unwrap());
        let from = (words.len() > 3).then(|| place(words[2]));
        Entry {
            at: Nanos(0),
            run: String::new(),
            mirror,
            path,
            happening: Happening {
                from,
                ..Happening::new(What::of(words[0]).unwrap(), item)
            },
        }
    }

    #[test]
    fn a_path_has_its_whole_life_and_no_others() {
        let log = [
            "uploaded f1 a.txt",
            "uploaded f2 b.txt",
            "folder_created d9 dir",
            "new_version f1 a.txt",
            "moved f1 a.txt -> dir/a.txt",
            "uploaded f3 a.txt",
            "uploaded f4 dir2/x",
            "moved d9 dir -> m2:other/dir",
            "new_version f1 m2:other/dir/a.txt",
            "trashed d9 m2:other/dir",
            "restored d9 m2:other/dir",
            "trashed f3 a.txt",
            "uploaded f1 n:a.txt",
        ];
        for (asked, expected) in [
            ("m:b.txt", &[1][..]),
            ("m2:other/dir/a.txt", &[0, 3, 4, 7, 8, 9, 10]),
            ("m:a.txt", &[0, 3, 4, 5, 11]),
            ("m:dir", &[2, 4, 7]),
            ("m:dir2", &[6]),
            ("m2:", &[7, 8, 9, 10]),
            ("m:dir/none", &[7]),
            ("m3:", &[]),
        ] {
            let (mirror, text) = asked.split_once(':').unwrap();
            let mut life = Life::of(mirror, &path(text));
            let entries: Vec<_> = log.iter().map(|line| entry(line)).enumerate().collect();
            let mut found: Vec<usize> = entries
                .into_iter()
                .rev()
                .filter(|(_, entry)| life.takes(entry))
                .map(|(number, _)| number)
                .collect();
            found.reverse();
            assert_eq!(found, expected, "{asked}");
        }
    }

    #[test]
    fn every_word_is_read_back() {
        for what in What::ALL {
            assert_eq!(What::of(what.code()), Some(what));
        }
        assert_eq!(What::of("nothing"), None);
    }
}
