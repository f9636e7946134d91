//! The files of a service on the disk: which are ours, and none of them half done.

use crate::cli::service::plan::{Mark, Written};
use crate::cli::wording::printable_path;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Refuses to touch what somebody else has written, or has changed since we wrote it.
pub(super) fn refuse_foreign(path: &Path) -> Result<(), String> {
    let shown = printable_path(path);
    if let Ok(target) = fs::read_link(path) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        return Err(match target == Path::new("/dev/null") {
            true => format!("{shown} is masked: systemctl unmask {name} lets it be installed"),
            false => format!(
                "{shown} is a link to {}, which boxup has not made: move it away first",
                printable_path(&target)
            ),
        });
    }
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(format!("{shown} cannot be read: {error}")),
        Ok(text) => match Mark::of(&text) {
            Mark::Ours => Ok(()),
            Mark::Changed => Err(format!(
                "{shown} was changed since boxup wrote it: put the changes where they last \
                 (systemctl edit) and remove it first"
            )),
            Mark::Foreign => Err(format!(
                "{shown} was not written by boxup: move it away first"
            )),
        },
    }
}

/// Whether something is there, be it a link that leads nowhere.
pub(super) fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// What was there before.
#[derive(Default)]
pub(super) struct Ledger(Vec<(PathBuf, Option<Vec<u8>>)>);

impl Ledger {
    /// Puts a file in place as a whole.
    pub(super) fn put(&mut self, path: &Path, file: &Written) -> Result<(), String> {
        let before = match fs::read(path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(failed(path, "read", &error)),
        };
        let written = match path.parent() {
            Some(dir) => fs::create_dir_all(dir).and_then(|()| replace(path, file.text.as_bytes())),
            None => replace(path, file.text.as_bytes()),
        };
        written.map_err(|error| failed(path, "written", &error))?;
        self.0.push((path.to_owned(), before));
        Ok(())
    }

    /// Whether this file is a new one.
    pub(super) fn is_new(&self, path: &Path) -> bool {
        let is_new =
            |(other, before): &(PathBuf, Option<Vec<u8>>)| other == path && before.is_none();
        self.0.iter().any(is_new)
    }

    /// Puts back what was there; the files with which that did not work, each with the reason.
    pub(super) fn take_back(self) -> Vec<String> {
        let back = |(path, before): &(PathBuf, Option<Vec<u8>>)| {
            match before {
                Some(bytes) => {
                    replace(path, bytes).map_err(|error| failed(path, "put back", &error))
                }
                None => remove(path),
            }
            .err()
        };
        self.0.iter().rev().filter_map(back).collect()
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let next = path.with_extension("boxup-new");
    let done = fs::write(&next, bytes).and_then(|()| fs::rename(&next, path));
    if done.is_err() {
        // A full disk: nothing is left lying about.
        drop(fs::remove_file(&next));
    }
    done
}

/// Removes a file, or finds it gone.
pub(super) fn remove(path: &Path) -> Result<(), String> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(path, "removed", &error)),
        _ => Ok(()),
    }
}

/// Removes the links by which a unit starts by itself, as `systemctl disable` does.
pub(super) fn unlink(units: &Path, unit: &str) {
    let dirs = fs::read_dir(units).into_iter().flatten().flatten();
    for dir in dirs.filter(|dir| dir.path().extension().is_some_and(|end| end == "wants")) {
        let link = dir.path().join(unit);
        if fs::symlink_metadata(&link).is_ok_and(|found| found.is_symlink()) {
            // One that stays leads nowhere, which systemd takes for nothing.
            drop(fs::remove_file(&link));
        }
    }
}

fn failed(path: &Path, what: &str, error: &io::Error) -> String {
    format!("{} cannot be {what}: {error}", printable_path(path))
}
