//! From what the file says to what the program uses, with every mistake noted.
//!
//! Pure: environment, directory and the reading of secrets come in as values, so that
//! every rule can be tested without a disk.

use crate::config::environment::Environment;
use crate::config::file::File;
use crate::config::locate::SYSTEM;
use crate::config::problem::{Place, Problem, Problems, closest};
use crate::config::reader::{Entry, State};
use crate::config::{
    Auth, Config, Endpoints, Limits, Loaded, Local, Metrics, Mirror, Network, Notify, Watch,
};
use crate::config::{auth, endpoints, metrics, mirrors, network, notify, pace};
use crate::model::mounts::Spot;
use crate::model::path::printable_path;
use secrecy::SecretString;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What lies outside the file.
pub(super) struct World<'a> {
    /// The variables.
    pub(super) env: &'a Environment,
    /// The configuration file, absolute.
    pub(super) source: &'a Path,
    /// The file's directory, which relative paths start from.
    pub(super) base: &'a Path,
    /// The secrets; without them nothing about them is asked, and no sign-in comes out.
    pub(super) vault: Option<Vault<'a>>,
    /// Reads a file that holds no secret.
    pub(super) read_file: &'a dyn Fn(&Path) -> Result<Vec<u8>, Unread>,
    /// Where a path really leads; the path itself when nobody can tell.
    pub(super) real_path: &'a dyn Fn(&Path) -> PathBuf,
    /// What a path without links reaches, by file system.
    pub(super) spots: &'a dyn Fn(&Path) -> Vec<Spot>,
}

/// The ways to a secret that does not stand in the configuration.
pub(super) struct Vault<'a> {
    /// Reads a file that holds nothing but a secret.
    pub(super) read_file: &'a dyn Fn(&Path) -> Result<SecretString, Unread>,
    /// Runs a command that prints nothing but a secret.
    pub(super) run: &'a dyn Fn(&str) -> Result<SecretString, Unread>,
}

/// Why a file or what a command prints could not be used.
#[derive(Debug)]
pub(super) struct Unread {
    /// There is no such file.
    pub(super) missing: bool,
    pub(super) what: String,
    pub(super) remedy: String,
}

/// The mistakes in the order of the file, and the warnings.
pub(super) type Mistakes = (Vec<Problem>, Vec<String>);

/// Checks everything, so that one run tells all that is wrong.
pub(super) fn resolve(
    file: &File,
    world: &World<'_>,
    mut problems: Problems,
) -> Result<Loaded, Mistakes> {
    let parts = Parts::of(file, world, &mut problems);
    let clean = problems.is_empty();
    let (found, warnings) = problems.into_parts();
    match parts.config(world).filter(|_| clean) {
        Some(config) => Ok(Loaded { config, warnings }),
        None => Err((found, warnings)),
    }
}

/// Checks everything too, but needs no sign-in to be content.
pub(super) fn resolve_local(
    file: &File,
    world: &World<'_>,
    mut problems: Problems,
) -> Result<Local, Mistakes> {
    let parts = Parts::of(file, world, &mut problems);
    let clean = problems.is_empty();
    let local = parts.mirrors.zip(parts.state_dir).zip(parts.history);
    local
        .filter(|_| clean)
        .map(|((mirrors, state_dir), history)| Local {
            mirrors,
            state_dir,
            history,
        })
        .ok_or_else(|| problems.into_parts())
}

/// Each section, or `None` when something about it is wrong.
pub(super) struct Parts {
    auth: Option<Auth>,
    pub(super) mirrors: Option<Vec<Mirror>>,
    watch: Option<Watch>,
    limits: Option<Limits>,
    pub(super) state_dir: Option<PathBuf>,
    pub(super) verify_every: Option<Option<Duration>>,
    pub(super) history: Option<Duration>,
    pub(super) endpoints: Option<Endpoints>,
    pub(super) network: Option<Network>,
    notify: Option<Notify>,
    metrics: Option<Option<Metrics>>,
}

impl Parts {
    pub(super) fn of(file: &File, world: &World<'_>, problems: &mut Problems) -> Self {
        let parts = Self {
            auth: auth::resolve(&file.auth, world, problems),
            mirrors: mirrors::resolve(&file.mirrors, world, problems),
            watch: pace::watch(&file.watch, problems),
            limits: pace::limits(&file.limits, problems),
            state_dir: state_dir(&file.state_dir, world, problems),
            verify_every: pace::verify_every(&file.verify_every, problems),
            history: pace::history(&file.history, problems),
            endpoints: endpoints::resolve(&file.endpoints, problems),
            network: network::resolve(&file.network, world, problems),
            notify: notify::resolve(&file.notify, world, problems),
            metrics: metrics::resolve(&file.metrics, problems),
        };
        if let (Some(state_dir), Some(mirrors)) = (&parts.state_dir, &parts.mirrors) {
            warn_of_own_state(state_dir, mirrors, world, problems);
        }
        parts
    }

    fn config(self, world: &World<'_>) -> Option<Config> {
        let mirrors = self.mirrors?;
        Some(Config {
            source: world.source.to_owned(),
            auth: self.auth?,
            names: mirrors.iter().map(|mirror| mirror.name.clone()).collect(),
            mirrors,
            watch: self.watch?,
            limits: self.limits?,
            state_dir: self.state_dir?,
            verify_every: self.verify_every?,
            history: self.history?,
            endpoints: self.endpoints?,
            network: self.network?,
            notify: self.notify?,
            metrics: self.metrics?,
        })
    }
}

/// Where the machine's service keeps its state.
const SYSTEM_STATE: &str = "/var/lib/boxup";

/// The file's word, else systemd's directory, else the machine's for the machine's
/// configuration (so that root's `boxup status` finds the service), else the user's.
fn state_dir(entry: &Entry<String>, world: &World<'_>, problems: &mut Problems) -> Option<PathBuf> {
    if !entry.is_missing() {
        return path(entry, world, problems);
    }
    // systemd separates several directories by colons; the first is the unit's own.
    let list = world.env.get("STATE_DIRECTORY").map(OsStr::as_bytes);
    let first = list.and_then(|list| list.split(|byte| *byte == b':').next());
    let from_systemd = first
        .map(|first| PathBuf::from(OsStr::from_bytes(first)))
        .filter(|path| path.is_absolute());
    let under = |variable: &str, below: &str| {
        let directory = world.env.absolute_path(variable)?;
        Some(directory.join(below))
    };
    let of_machine = || (world.source == Path::new(SYSTEM)).then(|| PathBuf::from(SYSTEM_STATE));
    let found = from_systemd
        .or_else(of_machine)
        .or_else(|| under("XDG_STATE_HOME", "boxup"))
        .or_else(|| under("HOME", ".local/state/boxup"));
    if found.is_none() {
        problems.add(
            &Place::nowhere("state.dir"),
            "there is no place for state: neither $STATE_DIRECTORY, $XDG_STATE_HOME nor $HOME \
             is set to an absolute path",
            "set it: [state] dir = \"/var/lib/boxup\"",
        );
    }
    found
}

/// The mapping changes with every upload, so a mirror that contains it leaves it out.
fn warn_of_own_state(
    state_dir: &Path,
    mirrors: &[Mirror],
    world: &World<'_>,
    problems: &mut Problems,
) {
    let real = (world.real_path)(state_dir);
    for mirror in mirrors {
        if real.starts_with((world.real_path)(&mirror.local)) {
            problems.warn(format!(
                "the state directory {} lies inside mirror {:?}: boxup leaves it out",
                printable_path(state_dir),
                mirror.name,
            ));
        }
    }
}

/// A text that must be there and not be empty; `remedy` says where it is found.
pub(super) fn nonempty(
    entry: &Entry<String>,
    remedy: &str,
    problems: &mut Problems,
) -> Option<String> {
    match &entry.state {
        State::Set(text) if !text.trim().is_empty() => return Some(text.clone()),
        State::Set(_) => problems.add(&entry.place, "it is empty", remedy),
        State::Missing => problems.add(&entry.place, "it is missing", remedy),
        State::Bad => {}
    }
    None
}

/// A path, made absolute from the file's directory.
pub(super) fn path(
    entry: &Entry<String>,
    world: &World<'_>,
    problems: &mut Problems,
) -> Option<PathBuf> {
    let text = nonempty(entry, "name a file or directory", problems)?;
    if text == "~" || text.starts_with("~/") {
        let home = world.env.absolute_path("HOME");
        let home = home.unwrap_or(Path::new("/home/you"));
        let whole = format!("{}{}", printable_path(home), &text[1..]);
        problems.add(
            &entry.place,
            "~ is not expanded here, as a service has no home of yours",
            format!("write the whole path: {whole:?}"),
        );
        return None;
    }
    if text.contains('\0') {
        problems.add(&entry.place, "no path holds a NUL character", "remove it");
        return None;
    }
    // Collecting the components drops `.` and doubled slashes, but keeps `..`: what that
    // means depends on symbolic links.
    let joined = world.base.join(text);
    let plain = joined.components().filter(|c| c.as_os_str() != ".");
    Some(plain.collect())
}

/// One word out of several.
pub(super) fn choice<T: Copy>(
    entry: &Entry<String>,
    words: &[(&str, T)],
    default: Option<T>,
    problems: &mut Problems,
) -> Option<T> {
    let known = || words.iter().map(|(word, _)| *word);
    let all = || known().collect::<Vec<_>>().join(", ");
    match &entry.state {
        State::Bad => None,
        State::Missing => {
            if default.is_none() {
                problems.add(&entry.place, "it is missing", format!("one of {}", all()));
            }
            default
        }
        State::Set(text) => {
            if let Some((_, value)) = words.iter().find(|(word, _)| word == text) {
                return Some(*value);
            }
            let remedy = match closest(text, known()) {
                Some(word) => format!("did you mean {word:?}? Known are {}", all()),
                None => format!("one of {}", all()),
            };
            problems.add(&entry.place, format!("{text:?} is not known here"), remedy);
            None
        }
    }
}
