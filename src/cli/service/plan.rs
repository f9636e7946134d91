//! What a service is to be like. Pure.

use crate::cli::service::{launchd, systemd};
use crate::cli::wording::printable_path;
use crate::config::Mirror;
use std::path::{Path, PathBuf};

/// What our files begin with; a file without it is somebody else's.
pub(super) const MARK: &str = "# Written by boxup service; changes belong into a drop-in.\n";

/// Everything that its files say.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Absolute.
    pub(super) program: PathBuf,
    /// Absolute; none: where boxup looks by itself.
    pub(super) config: Option<PathBuf>,
    pub(super) is_user: bool,
    /// Passes at these times instead of a service that stays.
    pub(super) timer: Option<String>,
    pub(super) home: Home,
    pub(super) tmp_is_mirrored: bool,
    /// Where the state is, if not where systemd makes a place for it.
    pub(super) other_state: Option<PathBuf>,
    /// The home directory, and where the user's units are, if they are known.
    pub(super) home_dir: Option<PathBuf>,
    pub(super) user_units: Option<PathBuf>,
}

/// Whether a mirror is in somebody's home.
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

impl Plan {
    /// Takes in what the configuration says.
    pub(super) fn serving(mut self, mirrors: &[Mirror], state_dir: &Path) -> Self {
        let is_below = |tops: &[&str]| {
            let below = |mirror: &Mirror| tops.iter().any(|top| mirror.local.starts_with(top));
            mirrors.iter().any(below)
        };
        self.home = match is_below(&["/home", "/root", "/run/user"]) {
            true => Home::Needed,
            false => Home::NotNeeded,
        };
        self.tmp_is_mirrored = is_below(&["/tmp", "/var/tmp"]);
        let is_own = state_dir == Path::new("/var/lib/boxup");
        self.other_state = (!is_own && !self.is_user).then(|| state_dir.to_owned());
        self
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

/// Files as they are shown, each under its name.
pub(super) fn shown(files: &[Written]) -> String {
    let one = |file: &Written| match files.len() {
        1 => file.text.clone(),
        _ => format!("# {}\n{}", printable_path(&file.path), file.text),
    };
    files.iter().map(one).collect::<Vec<_>>().join("\n")
}
