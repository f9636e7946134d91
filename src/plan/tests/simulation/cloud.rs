//! A model of one Box folder: names are unique without regard to case, a version needs
//! the current etag, what is in the trash is not found. It remembers everything, so
//! that every claim about it can be checked later.

use super::super::{digest, said, size};
use crate::model::ids::{Etag, FileId, FolderId, VersionId};
use crate::model::item::{Occupant, RemoteFile, RemoteFolder};
use crate::model::name::RemoteName;
use crate::model::path::LocalName;
use crate::model::trouble::Trouble;
use crate::plan::facts::SyncedFile;
use crate::plan::transfer::Base;
use std::collections::BTreeSet;

/// A version of a file.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) id: u64,
    pub(super) content: u8,
    /// The local file that we uploaded; `None` when somebody else wrote it.
    pub(super) writer: Option<LocalName>,
    /// The local files for which we were told of it.
    pub(super) seen: BTreeSet<LocalName>,
    /// It was done after Box had said that it could not be. Whoever was told so may have
    /// looked before it was done, and cannot know.
    pub(super) late: bool,
    /// We recorded it as agreeing with the disk.
    pub(super) agreed: bool,
}

/// A file, or a folder when it has no version.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) versions: Vec<Version>,
    /// Every etag that it had, with the number of the version that it had then.
    pub(super) etags: Vec<(u64, usize)>,
    pub(super) trashed: bool,
    /// Somebody else gave it another name.
    pub(super) renamed: bool,
}

/// What a request was refused with.
type No = Box<Trouble>;

/// A mutating request.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) by: Option<LocalName>,
    pub(super) name: RemoteName,
    pub(super) base: Option<Base>,
    pub(super) content: u8,
}

/// The folder.
#[derive(Debug, Default)]
pub(super) struct Cloud {
    pub(super) items: Vec<Item>,
    pub(super) hidden: bool,
    /// Accepted changes; also the source of new numbers.
    pub(super) changes: u64,
    /// Every file and etag that we were told.
    pub(super) told: BTreeSet<(FileId, Etag)>,
}

impl Item {
    pub(super) fn current(&self) -> Option<&Version> {
        self.versions.last()
    }

    pub(super) fn file_id(&self) -> FileId {
        FileId::new(self.id.to_string())
    }

    fn etag(&self) -> u64 {
        self.etags.last().unwrap().0
    }

    fn describe(&self) -> RemoteFile {
        let version = self.current().unwrap();
        RemoteFile {
            id: self.file_id(),
            version: Some(VersionId::new(version.id.to_string())),
            etag: Some(Etag::new(self.etag().to_string())),
            sha1: Some(digest(version.content)),
            size: Some(size(version.content)),
            name: RemoteName::from_box(self.name.as_str()),
        }
    }

    fn occupant(&self) -> Occupant {
        match self.current() {
            Some(_) => Occupant::File(self.describe()),
            None => Occupant::Folder(RemoteFolder {
                id: FolderId::new(self.id.to_string()),
                etag: None,
                name: RemoteName::from_box(self.name.as_str()),
            }),
        }
    }

    /// The version that was current under this etag.
    pub(super) fn version_at(&self, etag: &Etag) -> Option<&Version> {
        let known = self.etags.iter().find(|e| e.0.to_string() == etag.as_str());
        known.and_then(|(_, version)| self.versions.get(*version))
    }

    /// Whether the row says what was the case at some time.
    pub(super) fn held(&self, row: &SyncedFile) -> bool {
        let etag = row.etag.as_ref();
        let then = etag.and_then(|etag| self.version_at(etag));
        then.is_some_and(|then| {
            digest(then.content) == row.sha1
                && (row.version.as_ref()).is_none_or(|id| id.as_str() == then.id.to_string())
        })
    }
}

impl Cloud {
    fn next(&mut self) -> u64 {
        self.changes += 1;
        self.changes
    }

    pub(super) fn live(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| !item.trashed)
    }

    pub(super) fn any(&self, id: &FileId) -> Option<&Item> {
        self.items.iter().find(|item| item.file_id() == *id)
    }

    pub(super) fn named(&self, name: &RemoteName) -> Option<&Item> {
        let key = name.sibling_key();
        let has_it = |item: &&Item| RemoteName::from_box(item.name.as_str()).sibling_key() == key;
        self.live().find(has_it)
    }

    fn gone() -> No {
        Box::new(Trouble::Gone(said(404)))
    }

    pub(super) fn read(&self, id: &FileId) -> Result<RemoteFile, No> {
        let item = self.any(id).filter(|item| !item.trashed && !self.hidden);
        item.map(Item::describe).ok_or_else(Self::gone)
    }

    pub(super) fn free(&self, name: &RemoteName) -> Result<(), No> {
        if self.hidden {
            return Err(Self::gone());
        }
        match self.named(name) {
            Some(item) => Err(Box::new(Trouble::NameTaken(
                said(409),
                Some(item.occupant()),
            ))),
            None => Ok(()),
        }
    }

    pub(super) fn list(&self) -> Vec<Occupant> {
        self.live().map(Item::occupant).collect()
    }

    /// Does what is asked, or refuses it.
    pub(super) fn process(&mut self, request: &Request) -> Result<RemoteFile, No> {
        let Some(base) = &request.base else {
            self.free(&request.name)?;
            let at = self.create(request.name.as_str(), Some(request.content), &request.by);
            return Ok(self.items[at].describe());
        };
        let current = self.read(&base.id)?;
        if current.etag.as_ref() != Some(&base.etag) {
            return Err(Box::new(Trouble::Stale(said(412))));
        }
        self.put(&base.id, request.content, &request.by);
        self.read(&base.id)
    }

    /// Makes a file, or a folder where there is no content.
    pub(super) fn create(
        &mut self,
        name: &str,
        content: Option<u8>,
        writer: &Option<LocalName>,
    ) -> usize {
        let id = self.next();
        self.items.push(Item {
            id,
            name: name.to_owned(),
            versions: Vec::new(),
            etags: Vec::new(),
            trashed: false,
            renamed: false,
        });
        let at = self.items.len() - 1;
        if let Some(content) = content {
            self.put(&self.items[at].file_id(), content, writer);
        }
        at
    }

    /// A new version, by whomever.
    pub(super) fn put(&mut self, id: &FileId, content: u8, writer: &Option<LocalName>) {
        let number = self.next();
        let item = self.items.iter_mut().find(|item| item.file_id() == *id);
        let item = item.unwrap();
        item.versions.push(Version {
            id: number,
            content,
            writer: writer.clone(),
            seen: BTreeSet::new(),
            late: false,
            agreed: false,
        });
        item.etags.push((number, item.versions.len() - 1));
    }

    /// Only the metadata moves: a new name, or something else.
    pub(super) fn touch(&mut self, at: usize, name: Option<String>) {
        let number = self.next();
        let item = &mut self.items[at];
        if let Some(name) = name {
            item.name = name;
            item.renamed = true;
        }
        if !item.versions.is_empty() {
            item.etags.push((number, item.versions.len() - 1));
        }
    }

    pub(super) fn trash(&mut self, at: usize) {
        self.next();
        self.items[at].trashed = true;
    }

    pub(super) fn mark_late(&mut self, id: &FileId) {
        let item = self.items.iter_mut().find(|item| item.file_id() == *id);
        let version = item.and_then(|item| item.versions.last_mut());
        version.into_iter().for_each(|version| version.late = true);
    }

    /// We are told of a file's state, on behalf of a local one or of none.
    pub(super) fn tell(&mut self, file: &RemoteFile, on_behalf: Option<&LocalName>) {
        let Some(etag) = file.etag.clone() else {
            return;
        };
        self.told.insert((file.id.clone(), etag.clone()));
        let item = self.items.iter_mut().find(|item| item.file_id() == file.id);
        if let Some(item) = item {
            let at = item.etags.iter().find(|e| e.0.to_string() == etag.as_str());
            if let Some((_, version)) = at {
                item.versions[*version].seen.extend(on_behalf.cloned());
            }
        }
    }
}
