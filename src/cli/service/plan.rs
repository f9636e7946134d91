//! What a service is to be like. Pure.

use crate::cli::service::{launchd, systemd};
use crate::cli::wording::printable_path;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_64;

/// What a file of ours begins with; after it come a checksum of all further lines, and advice.
const MARK: &str = "# Written by boxup service, ";

/// Whose a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// It is as we wrote it.
    Ours,
    /// We wrote it, and somebody has changed it since.
    Changed,
    /// Somebody else wrote it.
    Foreign,
}

impl Mark {
    /// Of the file with this text.
    pub(super) fn of(text: &str) -> Self {
        let Some((first, rest)) = text.split_once('\n') else {
            return Self::Foreign;
        };
        match first.strip_prefix(MARK) {
            Some(after) if after.starts_with(&checksum(rest)) => Self::Ours,
            Some(_) => Self::Changed,
            None => Self::Foreign,
        }
    }
}

/// A text with our mark, and what to do instead of editing it.
pub(super) fn marked(instead: &str, text: &str) -> String {
    format!("{MARK}{}; {instead}\n{text}", checksum(text))
}

fn checksum(text: &str) -> String {
    format!("{:016x}", xxh3_64(text.as_bytes()))
}

/// Everything that its files say.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Absolute.
    pub(super) program: PathBuf,
    /// Absolute; none: where boxup looks by itself.
    pub(super) config: Option<PathBuf>,
    /// What boxup has found where it looks by itself.
    pub(super) found: Option<PathBuf>,
    pub(super) is_user: bool,
    /// Passes at these times instead of a service that stays.
    pub(super) timer: Option<String>,
    pub(super) home: Home,
    /// Whether it has to see the /tmp of everybody.
    pub(super) needs_tmp: bool,
    /// Where the state is, if not where systemd makes a place for it.
    pub(super) other_state: Option<PathBuf>,
    /// The home directory, and where the user's units are, if they are known.
    pub(super) home_dir: Option<PathBuf>,
    pub(super) user_units: Option<PathBuf>,
}

/// Whether something that it needs is in somebody's home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    Needed,
    NotNeeded,
    Unknown,
}

/// A file.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// What is somebody's home, or in one (`ProtectHome=` in systemd.exec(5)).
const HOMES: [&str; 3] = ["/home", "/root", "/run/user"];
/// What a service has for itself (`PrivateTmp=`).
const TMP: [&str; 2] = ["/tmp", "/var/tmp"];
/// Where systemd makes a place for the state.
pub(super) const STATE: &str = "/var/lib/boxup";

impl Plan {
    /// Takes in what the configuration says: the trees that are read, links followed, and
    /// where the state is.
    pub(super) fn serving(mut self, trees: &[PathBuf], state_dir: &Path) -> Self {
        let read = trees.iter().map(PathBuf::as_path).chain([state_dir]);
        let read: Vec<&Path> = read.collect();
        self.home = match touches(&HOMES, &read) {
            true => Home::Needed,
            false => Home::NotNeeded,
        };
        self.needs_tmp = touches(&TMP, &read);
        let is_own = state_dir == Path::new(STATE);
        self.other_state = (!is_own && !self.is_user).then(|| state_dir.to_owned());
        self
    }

    /// Sees to it that these files can be read, whatever else is needed.
    pub(super) fn reading(mut self, files: &[PathBuf]) -> Self {
        let is_within = |tops: &[&str]| files.iter().any(|file| within(tops, file));
        if self.home == Home::NotNeeded && is_within(&HOMES) {
            self.home = Home::Needed;
        }
        self.needs_tmp |= is_within(&TMP);
        self
    }

    /// What may go wrong with where the program is.
    pub(super) fn doubt(&self) -> Option<String> {
        let is_odd =
            !self.is_user && (within(&HOMES, &self.program) || within(&TMP, &self.program));
        is_odd.then(|| {
            format!(
                "the program is {}: the user boxup has to get there, and whoever may change it \
                 decides what the service does. Better: install -m 755 it into /usr/local/bin, \
                 and use that one",
                printable_path(&self.program)
            )
        })
    }

    /// The files for systemd, or what it cannot be told.
    pub(super) fn systemd(&self) -> Result<Vec<Written>, String> {
        match systemd::refused(self) {
            Some(why) => Err(why),
            None => Ok(systemd::units(self)),
        }
    }

    /// The files for launchd.
    pub(super) fn launchd(&self) -> Result<Vec<Written>, String> {
        launchd::job(self).map(|job| vec![job])
    }
}

fn within(tops: &[&str], path: &Path) -> bool {
    tops.iter().any(|top| path.starts_with(top))
}

/// Whether a tree lies in one of these, or holds one.
fn touches(tops: &[&str], trees: &[&Path]) -> bool {
    let holds = |tree: &Path| tops.iter().any(|top| Path::new(top).starts_with(tree));
    trees.iter().any(|tree| within(tops, tree) || holds(tree))
}

/// Files as they are shown, each under its name.
pub(super) fn shown(files: &[Written]) -> String {
    let one = |file: &Written| match files.len() {
        1 => file.text.clone(),
        _ => format!("# {}\n{}", printable_path(&file.path), file.text),
    };
    files.iter().map(one).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{HOMES, Mark, TMP, marked, touches};
    use std::path::Path;

    #[test]
    fn what_was_changed_is_told_from_what_is_ours_and_what_is_not() {
        let text = marked("do not", "[Unit]\nA=b\n");
        assert!(text.starts_with("# Written by boxup service, "), "{text}");
        for (text, expected) in [
            (text.clone(), Mark::Ours),
            (text.replace("A=b", "A=c"), Mark::Changed),
            (format!("{text}\n"), Mark::Changed),
            (text.replace("do not", "do"), Mark::Ours),
            (format!(" {text}"), Mark::Foreign),
            ("[Unit]\n".to_owned(), Mark::Foreign),
            (String::new(), Mark::Foreign),
        ] {
            assert_eq!(Mark::of(&text), expected, "{text}");
        }
    }

    #[test]
    fn a_tree_needs_what_is_in_it_and_what_it_is_in() {
        for (tree, home, tmp) in [
            ("/srv/a", false, false),
            ("/home/ann", true, false),
            ("/homes", false, false),
            ("/root", true, false),
            ("/run", true, false),
            ("/run/media", false, false),
            ("/", true, true),
            ("/var", false, true),
            ("/tmp/a", false, true),
        ] {
            assert_eq!(touches(&HOMES, &[Path::new(tree)]), home, "{tree}");
            assert_eq!(touches(&TMP, &[Path::new(tree)]), tmp, "{tree}");
        }
    }
}
