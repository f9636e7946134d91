//! What the operator decided, read from one TOML file.
//!
//! `locate` says which file is meant, `load` reads it. In between, each step is a value:
//! the file as it is written (`file`), then the settings as they are used (`resolve` and
//! one file for each section).
//! All mistakes come out at once, each with its key, line and remedy. Only `disk` and
//! `load` touch the disk, only `command` starts a program, and nothing here reads the
//! environment.
//!
//! A secret may stand in several places (`secret`); a key comes in the JSON of an app
//! (`app`), as text (`pem`) around something that may be encrypted (`key`).

mod app;
mod auth;
mod bandwidth;
mod command;
mod disk;
mod endpoints;
mod environment;
mod file;
mod key;
mod locate;
mod metrics;
mod mirrors;
mod network;
mod notify;
mod pace;
mod pem;
mod problem;
mod reader;
mod redirect;
mod resolve;
mod secret;
mod selection;
mod show;
#[cfg(test)]
mod tests;
mod wording;

pub(crate) use crate::config::command::give_up;
pub(crate) use crate::config::endpoints::Endpoint;
pub(crate) use crate::config::environment::Environment;
pub(crate) use crate::config::key::PrivateKey;
pub(crate) use crate::config::locate::SYSTEM;
pub(crate) use crate::config::network::Proxy;
pub(crate) use crate::config::notify::{Address, Notify};
pub(crate) use crate::config::problem::{Problem, closest};
pub(crate) use crate::config::redirect::RedirectUri;
pub(crate) use crate::config::secret::VARIABLES as SECRET_VARIABLES;
pub(crate) use crate::config::show::{Setting, Shown, Source};

use crate::config::file::File;
use crate::config::problem::{Place, Problems};
use crate::config::resolve::{Mistakes, Vault, World};
use crate::model::ids::FolderId;
use crate::model::name::RemoteName;
use crate::model::rules::Selection;
use crate::model::timetable::Timetable;
use crate::plan::policy::{OnDelete, OnForeign, OnInvalidName};
use crate::plan::sight::Mode;
use secrecy::SecretString;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Everything an operator decides.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The file it came from, absolute.
    pub(crate) source: PathBuf,
    /// How to sign in to Box.
    pub(crate) auth: Auth,
    /// What is mirrored; at least one, with distinct names, roots and targets.
    pub(crate) mirrors: Vec<Mirror>,
    /// The names of all mirrors, also when a run is limited to some of them.
    pub(crate) names: Vec<String>,
    /// When to look.
    pub(crate) watch: Watch,
    /// How hard to press on Box.
    pub(crate) limits: Limits,
    /// Where mapping, lock and control socket live, absolute.
    pub(crate) state_dir: PathBuf,
    /// How often a service compares everything with Box, if it does.
    pub(crate) verify_every: Option<Duration>,
    /// For how long it is remembered what was done; zero: it is not.
    pub(crate) history: Duration,
    /// Where Box is.
    pub(crate) endpoints: Endpoints,
    /// How to get there.
    pub(crate) network: Network,
    /// Whom to tell when something is wrong.
    pub(crate) notify: Notify,
    /// Where the service tells how it stands, if it does.
    pub(crate) metrics: Option<Metrics>,
}

/// How to sign in to Box.
#[derive(Clone, Debug)]
pub(crate) struct Auth {
    /// How to get an access token.
    pub(crate) method: Method,
    /// The user in whose name all calls are made, whoever the token belongs to.
    pub(crate) as_user: Option<String>,
}

/// How to get an access token.
#[derive(Clone, Debug)]
pub(crate) enum Method {
    /// OAuth 2.0 client credentials grant: the app's own ID and secret.
    ClientCredentials {
        /// The app's client ID.
        client_id: String,
        /// The app's client secret.
        client_secret: SecretString,
        /// Whom the token acts as.
        subject: Subject,
    },
    /// An assertion that is signed with the app's own key.
    Jwt {
        /// The app's client ID.
        client_id: String,
        /// The app's client secret, which Box wants beside the assertion.
        client_secret: SecretString,
        /// Which of the app's public keys belongs to `key`.
        key_id: String,
        /// What the assertion is signed with.
        key: PrivateKey,
        /// How it is signed.
        algorithm: Algorithm,
        /// Whom the token acts as.
        subject: Subject,
    },
    /// A person signs in once in a browser; from then on the refresh token is renewed.
    OAuth2 {
        /// The app's client ID.
        client_id: String,
        /// The app's client secret.
        client_secret: SecretString,
        /// Where Box sends the browser after the sign-in.
        redirect_uri: RedirectUri,
    },
    /// A token from the developer console that lives for an hour.
    DeveloperToken(SecretString),
}

/// How an assertion is signed: RSA with one of three digests. Box takes each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// With SHA-256.
    Rs256,
    /// With SHA-384.
    Rs384,
    /// With SHA-512.
    Rs512,
}

/// Whom a token of the app's own acts as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The app's service account in this enterprise.
    Enterprise(String),
    /// This user.
    User(String),
}

/// One local directory and its folder on Box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mirror {
    /// Unique among the mirrors.
    pub(crate) name: String,
    /// The root, absolute; it need not exist when the configuration is read.
    pub(crate) local: PathBuf,
    /// The folder on Box.
    pub(crate) target: Target,
    /// What of it is wanted.
    pub(crate) selection: Selection,
    /// For a name on Box that we never saw, with other content.
    pub(crate) on_existing: OnForeign,
    /// For a file of ours that somebody else changed.
    pub(crate) on_remote_change: OnForeign,
    /// For a local name that Box would not take.
    pub(crate) on_invalid_name: OnInvalidName,
    /// A file gets at most one version in so much time while it is written to.
    pub(crate) min_version_interval: Duration,
    /// For what is deleted on the disk.
    pub(crate) on_delete: OnDelete,
}

/// A folder on Box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// An existing folder.
    Id(FolderId),
    /// From the account's root down, at least one name; created where missing.
    Path(Vec<RemoteName>),
}

impl Target {
    /// The target as the mapping remembers it: another one makes another mapping.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Id(id) => format!("folder_id:{id}"),
            Self::Path(names) => {
                let names: Vec<_> = names.iter().map(RemoteName::as_str).collect();
                format!("folder_path:/{}", names.join("/"))
            }
        }
    }
}

/// When to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Watch {
    /// How long a file must have been quiet.
    pub(crate) settle: Duration,
    /// How often everything is looked at whatever the watcher said.
    pub(crate) rescan: Duration,
    /// Whether the system is to tell of changes.
    pub(crate) mode: Mode,
    /// How often what nobody watches is looked at.
    pub(crate) poll_interval: Duration,
}

/// How hard to press on Box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Uploads started in any sliding minute.
    pub(crate) uploads_per_minute: u32,
    /// Requests started in any sliding minute.
    pub(crate) requests_per_minute: u32,
    /// Uploads under way at once.
    pub(crate) concurrent_uploads: usize,
    /// Parts of one large file under way at once.
    pub(crate) concurrent_parts: usize,
    /// File content a second, by the hour.
    pub(crate) bandwidth: Timetable,
}

/// Where Box is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoints {
    /// The API's base.
    pub(crate) api: Endpoint,
    /// The base for uploads, a host of its own.
    pub(crate) upload: Endpoint,
    /// The whole address that hands out tokens.
    pub(crate) token: Endpoint,
    /// The page where a person signs in. None when `token` is not Box's own and nobody
    /// said where the page to it is.
    pub(crate) authorize: Option<Endpoint>,
    /// The whole address that makes tokens worthless.
    pub(crate) revoke: Endpoint,
}

/// How to get to Box.
#[derive(Clone, Debug, Default)]
pub(crate) struct Network {
    /// What all requests go through; without one, what the system's variables say.
    pub(crate) proxy: Option<Proxy>,
    /// Whom to trust beside the system's own certificate authorities.
    pub(crate) ca: Option<Certificates>,
}

/// Where the service tells how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metrics {
    /// The address to listen on; port 0 picks a free one.
    pub(crate) listen: SocketAddr,
    /// Names under which it may be asked, beside those of this machine itself. In small
    /// letters, addresses without brackets.
    pub(crate) hosts: Vec<String>,
}

/// Certificate authorities, checked: at least one certificate and no private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certificates {
    /// The file they came from, absolute.
    pub(crate) file: PathBuf,
    /// Its content.
    pub(crate) pem: Vec<u8>,
}

/// What a command needs that asks nobody but this machine.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    /// As in [`Config`].
    pub(crate) mirrors: Vec<Mirror>,
    /// As in [`Config`].
    pub(crate) state_dir: PathBuf,
    /// As in [`Config`].
    pub(crate) history: Duration,
}

/// A configuration, and what deserves a look although it works.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// What to do.
    pub(crate) config: Config,
    /// Sentences for a person.
    pub(crate) warnings: Vec<String>,
}

/// Why there is no configuration: never empty.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the configuration has mistakes")]
pub(crate) struct ConfigError {
    /// The file, if one was found.
    pub(crate) file: Option<PathBuf>,
    /// All that is wrong, in the order of the file.
    pub(crate) problems: Vec<Problem>,
    /// What works but deserves a look.
    pub(crate) warnings: Vec<String>,
}

/// Finds the configuration file: `--config`, `$BOXUP_CONFIG`, the user's, the system's.
pub(crate) fn locate(flag: Option<&Path>, env: &Environment) -> Result<PathBuf, ConfigError> {
    locate::locate(flag, env, &disk::exists)
}

/// Reads and checks a configuration file, with everything that signing in takes: files
/// with secrets are read, commands that print them are run.
pub(crate) fn load(path: &Path, env: &Environment) -> Result<Loaded, ConfigError> {
    let source = whole(path);
    let directory = directory(&source);
    let run = |text: &str| command::run(text, directory, env, command::PATIENCE);
    let vault = Vault {
        read_file: &disk::read_secret,
        run: &run,
    };
    checked(&source, env, Some(vault), resolve::resolve)
}

/// The same for commands that only look at what is here. They work for somebody who may
/// not see the secrets, and no password manager is asked for the sake of a glance.
pub(crate) fn load_local(path: &Path, env: &Environment) -> Result<Local, ConfigError> {
    checked(&whole(path), env, None, resolve::resolve_local)
}

/// The same, for whoever wants to see what holds, and where it comes from.
pub(crate) fn show(path: &Path, env: &Environment) -> Result<Shown, ConfigError> {
    checked(&whole(path), env, None, show::show)
}

/// A service may change its working directory; the configuration must not move with it.
fn whole(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn directory(source: &Path) -> &Path {
    source.parent().unwrap_or(Path::new("/"))
}

fn checked<T>(
    source: &Path,
    env: &Environment,
    vault: Option<Vault<'_>>,
    resolve: impl FnOnce(&File, &World<'_>, Problems) -> Result<T, Mistakes>,
) -> Result<T, ConfigError> {
    let failed = |(problems, warnings)| ConfigError {
        file: Some(source.to_owned()),
        problems,
        warnings,
    };
    let mut problems = Problems::default();
    let place = Place::nowhere("file");
    let text = match disk::read_text(source) {
        Ok(text) => text,
        Err(error) => {
            let what = format!("it cannot be read: {}", disk::reason(&error));
            let remedy = match error.kind() {
                ErrorKind::PermissionDenied => {
                    "run boxup as who may read it; for the service of the machine: chgrp boxup \
                     and chmod 640 it, and chmod a+x the directories above"
                }
                _ => "check --config and $BOXUP_CONFIG; sync.example.toml is a start",
            };
            problems.add(&place, what, remedy);
            return Err(failed(problems.into_parts()));
        }
    };
    let Some(file) = File::read(&text.content, &mut problems) else {
        return Err(failed(problems.into_parts()));
    };
    if file.holds_secret()
        && let Some((what, remedy)) = disk::loose(source, text.mode)
    {
        problems.add(&place, what, remedy);
    }
    let mounts = disk::mounts();
    let world = World {
        env,
        source,
        base: directory(source),
        vault,
        read_file: &disk::read_bytes,
        real_path: &disk::real_path,
        spots: &|path: &Path| mounts.spots(path),
    };
    resolve(&file, &world, problems).map_err(failed)
}
