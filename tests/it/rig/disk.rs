//! The local side: what a test writes, and what is there.

use super::Rig;
use sha1::{Digest, Sha1};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

impl Rig {
    /// The first mirror's directory.
    pub(crate) fn local(&self) -> PathBuf {
        self.config.local(0)
    }

    /// A path in it.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.local().join(path)
    }

    /// Writes a file, with its directories.
    #[track_caller]
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Rig {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("it is in a directory")).expect("made");
        fs::write(&path, content).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        self
    }

    /// Makes a directory.
    #[track_caller]
    pub(crate) fn mkdir(&self, path: &str) -> &Rig {
        fs::create_dir_all(self.path(path)).expect("a directory can be made");
        self
    }

    /// Removes a file or a directory with all that is in it.
    #[track_caller]
    pub(crate) fn remove(&self, path: &str) -> &Rig {
        let path = self.path(path);
        let is_dir = fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir());
        let removed = if is_dir {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.unwrap_or_else(|error| panic!("{path:?}: {error}"));
        self
    }

    /// Renames.
    #[track_caller]
    pub(crate) fn rename(&self, from: &str, to: &str) -> &Rig {
        fs::rename(self.path(from), self.path(to)).expect("it can be renamed");
        self
    }

    /// Changes a file's times and nothing else.
    #[track_caller]
    pub(crate) fn touch(&self, path: &str) -> &Rig {
        let file = fs::File::options().append(true).open(self.path(path));
        let file = file.unwrap_or_else(|error| panic!("{path}: {error}"));
        let later = fs::metadata(self.path(path)).and_then(|found| found.modified());
        let later = later.expect("it has a time") + std::time::Duration::from_secs(5);
        file.set_modified(later).expect("its time can be set");
        self
    }

    /// Runs a shell line in the mirror's directory.
    #[track_caller]
    pub(crate) fn shell(&self, line: &str) -> &Rig {
        let status = std::process::Command::new("sh")
            .args(["-ec", line])
            .current_dir(self.local())
            .status();
        assert!(status.is_ok_and(|status| status.success()), "{line}");
        self
    }

    /// Entries in the mirror that are not directories.
    pub(crate) fn entries_on_disk(&self) -> u64 {
        let mut count = 0;
        walk(&self.local(), &mut |_, kind| {
            count += u64::from(!kind.is_dir());
        });
        count
    }

    /// Regular files with size and SHA-1, and directories, by relative path.
    pub(crate) fn tree_on_disk(&self) -> BTreeMap<String, Option<(u64, String)>> {
        let root = self.local();
        let mut found = BTreeMap::new();
        walk(&root, &mut |path, kind| {
            let below = path.strip_prefix(&root).expect("it is below the root");
            let name = below.to_string_lossy().into_owned();
            if kind.is_dir() {
                found.insert(name, None);
            } else if kind.is_file() {
                let bytes = fs::read(path).expect("it can be read");
                found.insert(name, Some((bytes.len() as u64, sha1(&bytes))));
            }
        });
        found
    }
}

fn walk(dir: &Path, visit: &mut dyn FnMut(&Path, fs::FileType)) {
    for entry in fs::read_dir(dir).expect("it can be listed") {
        let entry = entry.expect("it can be listed");
        let kind = entry.file_type().expect("it has a type");
        visit(&entry.path(), kind);
        if kind.is_dir() {
            walk(&entry.path(), visit);
        }
    }
}

/// In lower-case hexadecimal, as Box writes it.
pub(crate) fn sha1(bytes: &[u8]) -> String {
    let digest = Sha1::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes a large file that takes little of the disk, no two pieces of which are the same.
#[track_caller]
pub(crate) fn sparse(path: &Path, size: u64, piece: u64) {
    use std::os::unix::fs::FileExt;
    let file = fs::File::create(path).expect("it can be made");
    file.set_len(size).expect("it can be that long");
    for at in (0..size).step_by(piece as usize) {
        file.write_all_at(&at.to_be_bytes(), at).expect("written");
    }
}
