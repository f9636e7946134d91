//! What a test can look at: the tree, contents, versions, the request log.

use crate::BoxEmulator;
use crate::clock;
use crate::journal::Request;
use crate::shared::State;
use crate::world::{Item, ItemId, Kind, SERVICE};

/// One active item below a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Relative to the folder asked about, with `/`.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// Its etag.
    pub etag: Option<String>,
    /// SHA-1 of a file's current version, lower-case hexadecimal.
    pub sha1: Option<String>,
    /// Size of a file's current version.
    pub size: u64,
    /// How many versions a file has, the current one included.
    pub versions: usize,
    /// In UTC, `2024-05-01T10:00:00Z`.
    pub content_modified_at: Option<String>,
    /// In UTC.
    pub content_created_at: Option<String>,
}

/// One version of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its id.
    pub id: String,
    /// SHA-1, lower-case hexadecimal.
    pub sha1: String,
    /// Bytes.
    pub size: u64,
    /// The file's name at the time.
    pub name: String,
    /// Login of the account that uploaded it.
    pub created_by: String,
}

impl BoxEmulator {
    /// Everything active below a folder, sorted by path.
    ///
    /// # Panics
    /// When there is no such folder.
    #[must_use]
    #[track_caller]
    pub fn tree(&self, folder_id: &str) -> Vec<Entry> {
        let folder = self.must(folder_id);
        let state = self.shared.lock();
        let mut found = Vec::new();
        let mut open = vec![(folder, String::new())];
        while let Some((folder, prefix)) = open.pop() {
            let children = state.world.get(folder).and_then(Item::folder);
            for id in children
                .into_iter()
                .flat_map(|folder| folder.children.values())
            {
                let Some(item) = state.world.get(*id) else {
                    continue;
                };
                let path = format!("{prefix}{}", item.name);
                if item.kind() == Kind::Folder {
                    open.push((*id, format!("{path}/")));
                }
                found.push(entry(*id, item, path));
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }

    /// One item below a folder, by exact path.
    #[must_use]
    #[track_caller]
    pub fn entry(&self, folder_id: &str, path: &str) -> Option<Entry> {
        let mut at = self.must(folder_id);
        let state = self.shared.lock();
        for name in path.split('/') {
            let child = state.world.child(at, name)?;
            at = Some(child)
                .filter(|id| state.world.get(*id).is_some_and(|item| item.name == name))?;
        }
        Some(entry(at, state.world.get(at)?, path.to_owned()))
    }

    /// The bytes of a file's current version, trashed or not.
    #[must_use]
    pub fn content(&self, file_id: &str) -> Option<Vec<u8>> {
        let blob = {
            let state = self.shared.lock();
            let id = find(&state, file_id)?;
            state.world.get(id)?.current()?.blob.clone()
        };
        blob.bytes().ok()
    }

    /// All versions of a file, oldest first, the current one last.
    #[must_use]
    pub fn versions(&self, file_id: &str) -> Vec<Version> {
        let state = self.shared.lock();
        let item = find(&state, file_id).and_then(|id| state.world.get(id));
        let revisions = item
            .and_then(Item::file)
            .map_or(&[][..], |file| &file.revisions);
        let login = |user| {
            let user = state.world.user(user);
            user.map_or_else(String::new, |user| user.login.clone())
        };
        revisions
            .iter()
            .map(|revision| Version {
                id: revision.id.to_string(),
                sha1: revision.blob.sha1.to_string(),
                size: revision.blob.size,
                name: revision.name.clone(),
                created_by: login(revision.by),
            })
            .collect()
    }

    /// Whether an item is in the trash, itself or with a folder above it.
    #[must_use]
    pub fn is_trashed(&self, id: &str) -> bool {
        let state = self.shared.lock();
        find(&state, id).is_some_and(|id| state.world.is_trashed(id))
    }

    /// The request log, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().journal.entries()
    }

    /// How often an operation was called, also with the log off.
    #[must_use]
    pub fn count(&self, operation: &str) -> u64 {
        self.shared.lock().journal.count(operation)
    }

    /// How often an operation was answered with a status.
    #[must_use]
    pub fn count_status(&self, operation: &str, status: u16) -> u64 {
        self.shared.lock().journal.count_status(operation, status)
    }

    /// How many bytes of bodies came in with an operation, in requests that
    /// were refused or broke off as well.
    #[must_use]
    pub fn bytes_received(&self, operation: &str) -> u64 {
        self.shared.lock().journal.bytes(operation)
    }

    /// All requests so far, also with the log off.
    #[must_use]
    pub fn total_requests(&self) -> u64 {
        self.shared.lock().journal.total()
    }

    /// Calls that the emulator does not know, or that went to the wrong host.
    #[must_use]
    pub fn unknown_calls(&self) -> Vec<String> {
        self.shared.lock().journal.unknown_calls()
    }

    /// Oddities that Box does not document as errors, each once.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        self.shared.lock().journal.remarks()
    }

    /// How many answers are being held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.shared.lock().held
    }

    /// How many requests are being worked on, whether or not their client is
    /// still there.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.shared.lock().journal.under_way()
    }

    /// How many requests were answered with an error and wait to be processed.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.shared.lock().pending
    }

    /// How many faults are still to come.
    #[must_use]
    pub fn faults_left(&self) -> usize {
        self.shared.lock().faults.len()
    }

    /// Bytes that count against the service account's quota.
    #[must_use]
    pub fn space_used(&self) -> u64 {
        let state = self.shared.lock();
        let versions = state.settings.versions_count_in_quota;
        state.world.used(SERVICE, versions)
    }

    /// The internal number behind an id; a mistake in a test ends it here.
    #[track_caller]
    pub(super) fn must(&self, id: &str) -> ItemId {
        let found = find(&self.shared.lock(), id);
        found.unwrap_or_else(|| panic!("the emulator has no item with the id '{id}'"))
    }
}

/// `0` is the service account's root.
fn find(state: &State, id: &str) -> Option<ItemId> {
    if id == "0" {
        return Some(state.world.root(SERVICE));
    }
    let id = id.parse().ok()?;
    state.world.get(id).map(|_| id)
}

fn entry(id: ItemId, item: &Item, path: String) -> Entry {
    Entry {
        path,
        kind: item.kind(),
        id: id.to_string(),
        etag: Some(item.etag.to_string()),
        sha1: item.current().map(|current| current.blob.sha1.to_string()),
        size: item.stored(),
        versions: item.file().map_or(0, |file| file.revisions.len()),
        content_modified_at: Some(clock::rfc3339_utc(item.times.content_modified)),
        content_created_at: Some(clock::rfc3339_utc(item.times.content_created)),
    }
}
