//! Tokens on disk, so that runs share them and no login is lost.
//!
//! One file for each method, beside the mapping and never in it: 0600, replaced as a
//! whole, on disk before the token in it is used. A lock of its own lets one process
//! renew at a time; it is not the state's lock, so that `boxup token` works beside the
//! service.

use crate::clock;
use crate::model::path::{printable_path, shell_path};
use crate::model::trouble::{Said, Trouble};
use crate::remote::auth::grant::Granted;
use crate::remote::auth::life::Life;
use rustix::fs::OFlags;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The format of the file.
const VERSION: u64 = 1;
/// Far beyond what two tokens take.
const LONGEST: u64 = 64 << 10;
/// Room that is made on disk before a login is renewed.
const ROOM: [u8; 16 << 10] = [b' '; 16 << 10];
/// How long to wait for a process that renews; its own waits are shorter.
const PATIENCE: Duration = Duration::from_secs(100);
/// How often to look whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Others may read or change it.
    #[error(
        "{} holds a token, and others may {fault} it (mode {mode:04o}): run: chmod 0600 {}",
        printable_path(path),
        shell_path(path)
    )]
    Loose {
        /// The file.
        path: PathBuf,
        /// `read` or `change`.
        fault: &'static str,
        /// Its permission bits.
        mode: u32,
    },
    /// Somebody else has put it there.
    #[error(
        "{} belongs to another user: remove it, or run boxup as the user that owns the state directory",
        printable_path(.0)
    )]
    NotOurs(PathBuf),
    /// It is a link, a directory or a device.
    #[error("{} is not a regular file, or has a second name elsewhere: remove it", printable_path(.0))]
    NotAFile(PathBuf),
    /// Its content is not what we wrote.
    #[error("{} cannot be understood: remove it and run boxup login again", printable_path(.0))]
    Damaged(PathBuf),
    /// Another process renews and does not come to an end.
    #[error("another boxup has held {} for over 100 seconds", printable_path(.0))]
    Busy(PathBuf),
    /// The disk does not want to.
    #[error("{} cannot be {what}: {source}", printable_path(path))]
    Disk {
        /// The file.
        path: PathBuf,
        /// `read`, `written` …
        what: &'static str,
        /// The system's words.
        source: io::Error,
    },
}

impl From<Error> for Trouble {
    /// No item can go on without a token. What is busy and a disk that is full may pass;
    /// the rest needs a person.
    fn from(error: Error) -> Self {
        let said = Said {
            message: error.to_string(),
            ..Said::default()
        };
        match error {
            Error::Busy(_) | Error::Disk { .. } => Self::Later(said, None),
            Error::Loose { .. } | Error::NotOurs(_) | Error::NotAFile(_) | Error::Damaged(_) => {
                Self::Unauthorized(said)
            }
        }
    }
}

/// Where tokens are kept.
#[derive(Clone, Debug)]
pub(crate) struct TokenFile {
    path: PathBuf,
    lock: PathBuf,
}

/// What is in the file.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Whose it is: see `Credentials::fingerprint`.
    pub(crate) credential: String,
    /// The access token.
    pub(crate) access: SecretString,
    /// When it dies, by this machine's clock.
    pub(crate) expires_at: SystemTime,
    /// Its whole life.
    pub(crate) whole: Duration,
    /// What another one is got for.
    pub(crate) refresh: Option<SecretString>,
    /// When it was obtained.
    pub(crate) obtained_at: SystemTime,
    /// Tells one person's login from another's with the same app; empty where there is
    /// no login.
    pub(crate) login: String,
}

impl Kept {
    /// What was granted just now.
    pub(crate) fn new(credential: &str, granted: &Granted, login: &str) -> Self {
        let obtained_at = clock::wall();
        let left = granted.whole.saturating_sub(granted.asked_at.elapsed());
        Self {
            credential: credential.to_owned(),
            access: granted.access.clone(),
            expires_at: obtained_at + left,
            whole: granted.whole,
            refresh: granted.refresh.clone(),
            obtained_at,
            login: login.to_owned(),
        }
    }

    /// Its life by the monotonic clock. A file from the future says that the clock was
    /// set back meanwhile, so nothing can be said of the token: it counts as dead.
    pub(crate) fn life(&self) -> Life {
        let now = clock::wall();
        let left = match now < self.obtained_at {
            true => Duration::ZERO,
            false => self.expires_at.duration_since(now).unwrap_or_default(),
        };
        Life::new(Instant::now(), left.min(self.whole), self.whole)
    }

    fn to_json(&self) -> String {
        json!({
            "version": VERSION,
            "credential": self.credential,
            "access_token": self.access.expose_secret(),
            "expires_at_ms": millis(self.expires_at),
            "lifetime_ms": u64::try_from(self.whole.as_millis()).unwrap_or(u64::MAX),
            "refresh_token": self.refresh.as_ref().map(ExposeSecret::expose_secret),
            "obtained_at_ms": millis(self.obtained_at),
            "login": self.login,
        })
        .to_string()
    }

    fn from_json(json: &Value) -> Option<Self> {
        if json.get("version")?.as_u64()? != VERSION {
            return None;
        }
        let text = |key: &str| json.get(key)?.as_str().map(str::to_owned);
        let number = |key: &str| Some(Duration::from_millis(json.get(key)?.as_u64()?));
        Some(Self {
            credential: text("credential")?,
            access: text("access_token")?.into(),
            expires_at: UNIX_EPOCH.checked_add(number("expires_at_ms")?)?,
            whole: number("lifetime_ms")?,
            refresh: text("refresh_token").map(SecretString::from),
            obtained_at: UNIX_EPOCH.checked_add(number("obtained_at_ms")?)?,
            login: text("login").unwrap_or_default(),
        })
    }
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl TokenFile {
    /// Of a method, in a directory that only its owner looks into.
    pub(crate) fn new(dir: &Path, method: &str) -> Self {
        Self {
            path: dir.join(format!("token-{method}.json")),
            lock: dir.join("token.lock"),
        }
    }

    /// The file's path, to be told.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is kept, whoever's it is; `None` when there is no file.
    pub(crate) fn read(&self) -> Result<Option<Kept>, Error> {
        let failed = |source| self.disk("read", source);
        let mut options = OpenOptions::new();
        // Without NONBLOCK a pipe in the file's place would hang us.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let opened = options.read(true).custom_flags(flags.bits().cast_signed());
        let file = match opened.open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
                return Err(Error::NotAFile(self.path.clone()));
            }
            Err(error) => return Err(failed(error)),
        };
        self.check(&file.metadata().map_err(failed)?)?;
        let mut text = Vec::new();
        let read = file.take(LONGEST).read_to_end(&mut text);
        read.map_err(failed)?;
        let json: Option<Value> = serde_json::from_slice(&text).ok();
        let kept = json.as_ref().and_then(Kept::from_json);
        kept.map(Some)
            .ok_or_else(|| Error::Damaged(self.path.clone()))
    }

    /// Refuses a file that others may have read or changed, and what is no file at all; one
    /// that is damaged or missing is dealt with when a token is needed.
    pub(crate) fn check_modes(&self) -> Result<(), Error> {
        if std::fs::symlink_metadata(&self.lock).is_ok_and(|lock| !lock.is_file()) {
            return Err(Error::NotAFile(self.lock.clone()));
        }
        match self.read() {
            Err(error @ (Error::Loose { .. } | Error::NotOurs(_) | Error::NotAFile(_))) => {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// A file with a second name may be anybody's.
    fn check(&self, metadata: &Metadata) -> Result<(), Error> {
        let path = self.path.clone();
        if !metadata.is_file() || metadata.nlink() > 1 {
            return Err(Error::NotAFile(path));
        }
        let mode = metadata.mode() & 0o7777;
        let fault = match (mode & 0o004 != 0, mode & 0o022 != 0) {
            (true, _) => Some("read"),
            (false, true) => Some("change"),
            (false, false) => None,
        };
        if let Some(fault) = fault {
            return Err(Error::Loose { path, fault, mode });
        }
        let own = rustix::process::geteuid().as_raw();
        match metadata.uid() == own || self.is_directorys_owner(metadata.uid()) {
            true => Ok(()),
            false => Err(Error::NotOurs(path)),
        }
    }

    /// Root works for whoever has the directory.
    fn is_directorys_owner(&self, user: u32) -> bool {
        let dir = self.path.parent().map(std::fs::metadata);
        dir.is_some_and(|dir| dir.is_ok_and(|dir| dir.uid() == user))
    }

    /// Waits until nobody else renews.
    pub(crate) async fn lock(&self) -> Result<Lock, Error> {
        let failed = |source| self.at(&self.lock, "opened", source);
        let file = self.create(&self.lock, false)?;
        let end = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => {
                    return Ok(Lock {
                        file: self.clone(),
                        _held: file,
                    });
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) if Instant::now() > end => {
                    return Err(Error::Busy(self.lock.clone()));
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOOK).await,
            }
        }
    }

    /// Opens a file of ours for writing. What root makes belongs to whoever has the
    /// directory, or the service could not read it; what was there already is changed in
    /// nothing, and has to be a file with one name.
    fn create(&self, path: &Path, new: bool) -> Result<File, Error> {
        let failed = |source| self.at(path, "opened", source);
        let mut options = OpenOptions::new();
        options.write(true).truncate(false).mode(0o600);
        // Without NONBLOCK a pipe in the file's place would hang us.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        options.custom_flags(flags);
        match options.clone().create_new(true).open(path) {
            Ok(file) => {
                self.hand_over(&file).map_err(failed)?;
                Ok(file)
            }
            Err(error) if new || error.kind() != ErrorKind::AlreadyExists => Err(failed(error)),
            Err(_) => {
                let looked = std::fs::symlink_metadata(path).map_err(failed)?;
                if !looked.is_file() || looked.nlink() > 1 {
                    return Err(Error::NotAFile(path.to_path_buf()));
                }
                options.open(path).map_err(failed)
            }
        }
    }

    fn hand_over(&self, file: &File) -> io::Result<()> {
        let Some(dir) = self.path.parent() else {
            return Ok(());
        };
        if !rustix::process::geteuid().is_root() {
            return Ok(());
        }
        let owner = std::fs::metadata(dir)?;
        std::os::unix::fs::fchown(file, Some(owner.uid()), Some(owner.gid()))
    }

    fn disk(&self, what: &'static str, source: io::Error) -> Error {
        self.at(&self.path, what, source)
    }

    fn at(&self, path: &Path, what: &'static str, source: io::Error) -> Error {
        let path = path.to_path_buf();
        Error::Disk { path, what, source }
    }
}

/// The right to renew. Ends with the process, however that ends.
#[derive(Debug)]
pub(crate) struct Lock {
    file: TokenFile,
    _held: File,
}

impl Lock {
    /// Makes room for a new pair while the old one is still good: a full disk must be
    /// found out before the old pair is spent, not after.
    pub(crate) fn make_room(&self) -> Result<Room, Error> {
        let file = &self.file;
        let path = file.path.with_extension("json.new");
        let failed = |source| file.disk("written", source);
        remove(&path).map_err(failed)?;
        let mut room = file.create(&path, true)?;
        let filled = room.write_all(&ROOM).and_then(|()| room.sync_all());
        filled.map_err(failed)?;
        Ok(Room {
            of: file.clone(),
            path,
            room,
        })
    }

    /// Removes the file. What was in it is overwritten first, for what that is worth; but
    /// not in a file that has a second name, which may be anybody's.
    pub(crate) fn wipe(&self) -> Result<(), Error> {
        let failed = |source| self.file.disk("removed", source);
        let path = &self.file.path;
        let looked = match std::fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            looked => looked.map_err(failed)?,
        };
        if looked.is_file() && looked.nlink() == 1 {
            blank(path).map_err(failed)?;
        }
        remove(path).map_err(failed)?;
        sync_directory(path).map_err(failed)
    }
}

fn blank(path: &Path) -> io::Result<()> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let mut options = OpenOptions::new();
    let mut file = options.write(true).custom_flags(flags).open(path)?;
    let length = usize::try_from(file.metadata()?.len().min(LONGEST)).unwrap_or_default();
    file.write_all(&vec![b' '; length])?;
    file.sync_all()
}

/// Room on disk for what is about to be granted.
#[derive(Debug)]
pub(crate) struct Room {
    of: TokenFile,
    path: PathBuf,
    room: File,
}

impl Room {
    /// Puts it in the old file's place. When this returns it is on disk, or at least there
    /// under its name: a directory that cannot be synced takes nothing back.
    pub(crate) fn keep(&mut self, kept: &Kept) -> Result<(), Error> {
        let json = kept.to_json();
        let length = json.len() as u64;
        let written = self
            .room
            .rewind()
            .and_then(|()| self.room.write_all(json.as_bytes()))
            .and_then(|()| self.room.set_len(length))
            .and_then(|()| self.room.sync_all())
            .and_then(|()| std::fs::rename(&self.path, &self.of.path));
        written.map_err(|source| self.of.disk("written", source))?;
        if let Err(error) = sync_directory(&self.of.path) {
            tracing::warn!(%error, "the state directory cannot be synced: a power cut may cost the login");
        }
        Ok(())
    }

    /// Nothing came of it.
    pub(crate) fn give_up(self) {
        drop(remove(&self.path));
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// A new name is on disk when its directory is.
fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, Kept, TokenFile};
    use crate::remote::auth::grant::Granted;
    use secrecy::ExposeSecret;
    use serde_json::json;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::time::{Duration, Instant};

    fn kept(access: &str) -> Kept {
        let granted = Granted {
            access: access.into(),
            refresh: Some("refresh".into()),
            whole: Duration::from_secs(60),
            asked_at: Instant::now(),
            restricted_to: json!([]),
        };
        Kept::new("who", &granted, "")
    }

    #[tokio::test]
    async fn what_is_kept_comes_back_and_only_its_owner_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = TokenFile::new(dir.path(), "oauth2");
        assert!(file.read().unwrap().is_none());
        for access in ["one", "another"] {
            let lock = file.lock().await.unwrap();
            lock.make_room().unwrap().keep(&kept(access)).unwrap();
        }
        let back = file.read().unwrap().unwrap();
        assert_eq!(back.access.expose_secret(), "another");
        assert_eq!(back.refresh.unwrap().expose_secret(), "refresh");
        assert_eq!(back.credential, "who");
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            let mode = entry.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o600);
        }
        file.lock().await.unwrap().wipe().unwrap();
        assert!(file.read().unwrap().is_none());
    }

    #[tokio::test]
    async fn room_that_nothing_came_of_leaves_the_old_file_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = TokenFile::new(dir.path(), "oauth2");
        let lock = file.lock().await.unwrap();
        lock.make_room().unwrap().keep(&kept("old")).unwrap();
        // As if killed here: what was begun is in nobody's way.
        let _left = lock.make_room().unwrap();
        lock.make_room().unwrap().give_up();
        let back = file.read().unwrap().unwrap();
        assert_eq!(back.access.expose_secret(), "old");
    }

    #[tokio::test]
    async fn what_others_could_have_touched_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = TokenFile::new(dir.path(), "ccg");
        let lock = file.lock().await.unwrap();
        lock.make_room().unwrap().keep(&kept("x")).unwrap();
        for (mode, is_loose) in [(0o644, true), (0o660, true), (0o640, false), (0o600, false)] {
            std::fs::set_permissions(file.path(), Permissions::from_mode(mode)).unwrap();
            let read = file.read();
            assert_eq!(
                matches!(read, Err(Error::Loose { .. })),
                is_loose,
                "{mode:o}"
            );
        }
        std::fs::write(file.path(), "{\"version\":1}").unwrap();
        assert!(matches!(file.read(), Err(Error::Damaged(_))));
        std::fs::remove_file(file.path()).unwrap();
        symlink("/etc/hostname", file.path()).unwrap();
        assert!(matches!(file.read(), Err(Error::NotAFile(_))));
        std::fs::remove_file(file.path()).unwrap();
        std::fs::create_dir(file.path()).unwrap();
        assert!(matches!(file.read(), Err(Error::NotAFile(_))));
    }

    #[test]
    fn a_file_from_the_future_proves_nothing() {
        let mut kept = kept("x");
        let now = Instant::now();
        assert!(kept.life().expires_at > now + Duration::from_secs(50));
        kept.obtained_at += Duration::from_secs(3600);
        kept.expires_at += Duration::from_secs(3600);
        assert!(kept.life().expires_at <= Instant::now());
    }
}
