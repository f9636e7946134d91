//! What must be true of both sides.

use super::{Rig, Run};
use box_emulator::{Entry, Kind};
use std::collections::BTreeMap;

impl Rig {
    /// Everything in the mirror's folder on Box: `sub/`, `sub/a.txt: content`.
    #[track_caller]
    pub(crate) fn expect_box<const N: usize>(&self, expected: [&str; N]) -> &Rig {
        self.expect_box_in(&self.folder, expected)
    }

    /// The same of another folder.
    #[track_caller]
    pub(crate) fn expect_box_in<const N: usize>(&self, folder: &str, expected: [&str; N]) -> &Rig {
        let describe = |entry: &Entry| match entry.kind {
            Kind::Folder => format!("{}/", entry.path),
            Kind::WebLink => format!("{} (web link)", entry.path),
            Kind::File => {
                let content = self.cloud.content(&entry.id).unwrap_or_default();
                format!("{}: {}", entry.path, String::from_utf8_lossy(&content))
            }
        };
        let mut found: Vec<String> = self.cloud.tree(folder).iter().map(describe).collect();
        let mut expected: Vec<String> = expected.map(str::to_owned).into();
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
        self
    }

    /// Every regular file and directory is on Box under its name with its size and
    /// SHA-1, and nothing else is.
    #[track_caller]
    pub(crate) fn expect_same_as_disk(&self) -> &Rig {
        let on_box: BTreeMap<_, _> = self
            .cloud
            .tree(&self.folder)
            .into_iter()
            .map(|entry| {
                let content = entry.sha1.map(|sha1| (entry.size, sha1));
                (entry.path, content)
            })
            .collect();
        let on_disk = self.tree_on_disk();
        let missing: Vec<_> = on_disk
            .iter()
            .filter(|(path, content)| on_box.get(*path) != Some(content))
            .collect();
        let extra: Vec<_> = on_box
            .iter()
            .filter(|(path, content)| on_disk.get(*path) != Some(content))
            .collect();
        assert!(
            missing.is_empty() && extra.is_empty(),
            "only or otherwise on disk: {missing:?}\nonly or otherwise on Box: {extra:?}"
        );
        self
    }

    /// What a pass says it scanned is what is on the disk. The sum itself is checked
    /// for every run.
    #[track_caller]
    pub(crate) fn expect_counts_add_up(&self, run: &Run) -> &Rig {
        assert_eq!(run.count("scanned"), self.entries_on_disk(), "{run}");
        self
    }

    /// The entry on Box.
    #[track_caller]
    pub(crate) fn entry(&self, path: &str) -> Entry {
        let entry = self.cloud.entry(&self.folder, path);
        entry.unwrap_or_else(|| panic!("{path:?} is not on Box: {:?}", self.names()))
    }

    /// The names on Box.
    pub(crate) fn names(&self) -> Vec<String> {
        let tree = self.cloud.tree(&self.folder);
        tree.into_iter().map(|entry| entry.path).collect()
    }

    /// The contents of a file's versions, oldest first, as their SHA-1.
    #[track_caller]
    pub(crate) fn expect_versions(&self, path: &str, contents: &[&str]) -> &Rig {
        let found = self.cloud.versions(&self.entry(path).id);
        let found: Vec<String> = found.into_iter().map(|version| version.sha1).collect();
        let expected: Vec<String> = contents
            .iter()
            .map(|content| super::disk::sha1(content.as_bytes()))
            .collect();
        assert_eq!(found, expected, "{path}");
        self
    }

    /// Whether Box has this content under this path.
    pub(crate) fn has(&self, path: &str, content: &str) -> bool {
        let entry = self.cloud.entry(&self.folder, path);
        entry.is_some_and(|entry| {
            entry.sha1.as_deref() == Some(&super::disk::sha1(content.as_bytes()))
        })
    }

    /// Waits until Box has this content under this path, asking the agent nothing.
    #[track_caller]
    pub(crate) fn expect_arrival(&self, path: &str, content: &str) -> &Rig {
        let arrived = self
            .cloud
            .wait_for(|_| self.has(path, content), super::PATIENCE);
        assert!(arrived, "{path:?} never arrived: {:?}", self.names());
        self
    }

    /// All requests of an operation so far.
    pub(crate) fn calls(&self, operation: &str) -> u64 {
        self.cloud.count(operation)
    }

    /// Whole-file uploads of both kinds, and preflights of both kinds.
    pub(crate) fn writes(&self) -> u64 {
        [
            "post_files_content",
            "post_files_id_content",
            "post_folders",
            "put_files_id",
            "put_folders_id",
            "delete_files_id",
            "delete_folders_id",
        ]
        .iter()
        .map(|operation| self.calls(operation))
        .sum()
    }
}
