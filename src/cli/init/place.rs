//! Where the configuration goes, and how it gets there: whole or not at all, for its
//! owner only, and never over a finished one unasked.

use crate::config::Environment;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The file that is to be written.
pub(crate) struct Place {
    /// As people see it, absolute.
    pub(crate) file: PathBuf,
    /// Where it really lies, links followed.
    real: PathBuf,
    /// Whether every command finds it by itself.
    pub(crate) is_default: bool,
}

/// A candidate beside the file. Gone without a trace when dropped.
pub(crate) struct Candidate {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Directories that were made for it, the outermost first.
    made: Vec<PathBuf>,
}

impl Place {
    /// `--config`, `$BOXUP_CONFIG`, or the user's own; `None` without a home.
    pub(crate) fn choose(flag: Option<&Path>, env: &Environment) -> Option<Self> {
        let home = || Some(env.absolute_path("HOME")?.join(".config"));
        let user = env.absolute_path("XDG_CONFIG_HOME").map(Path::to_owned);
        let user = user.or_else(home).map(|dir| dir.join("boxup/sync.toml"));
        let found = env.path("BOXUP_CONFIG").map(Path::to_owned).or(user);
        let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let found = found.as_deref().map(whole);
        let file = flag.map(whole).or_else(|| found.clone())?;
        Some(Self {
            is_default: found.as_ref() == Some(&file),
            real: fs::canonicalize(&file).unwrap_or_else(|_| file.clone()),
            file,
        })
    }

    /// Whether something is there already.
    pub(crate) fn is_taken(&self) -> bool {
        fs::symlink_metadata(&self.file).is_ok()
    }

    /// Writes a candidate.
    pub(crate) fn stage(&self, text: &str) -> io::Result<Candidate> {
        let dir = self.dir()?;
        let mut candidate = Candidate {
            path: dir.join(format!(".sync.toml.{}", std::process::id())),
            made: missing(dir),
        };
        // Not readable by others from the first moment on.
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        match fs::remove_file(&candidate.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if let Err(error) = write_new(&candidate.path, text.as_bytes()) {
            // Whatever is there is not ours.
            if error.kind() == ErrorKind::AlreadyExists {
                candidate.path = PathBuf::new();
            }
            return Err(error);
        }
        Ok(candidate)
    }

    /// Puts a candidate in the file's place. With `replace`, what was there is kept under
    /// the name that comes back.
    pub(crate) fn settle(
        &self,
        mut candidate: Candidate,
        replace: bool,
    ) -> io::Result<Option<PathBuf>> {
        let kept = match replace && self.is_taken() {
            true => self.back_up()?,
            false => None,
        };
        if replace {
            fs::rename(&candidate.path, &self.real)?;
        } else {
            // Renaming would replace what somebody wrote meanwhile.
            match fs::hard_link(&candidate.path, &self.real) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
                Err(_) if self.is_taken() => return Err(ErrorKind::AlreadyExists.into()),
                Err(_) => fs::rename(&candidate.path, &self.real)?,
                Ok(()) => fs::remove_file(&candidate.path)?,
            }
        }
        candidate.made.clear();
        candidate.path = PathBuf::new();
        // The name has to last as well; where a directory cannot be synced, it will.
        drop(File::open(self.dir()?).and_then(|dir| dir.sync_all()));
        Ok(kept)
    }

    fn dir(&self) -> io::Result<&Path> {
        let dir = self.real.parent();
        dir.ok_or_else(|| io::Error::other("it names no file"))
    }

    /// Copies what is there to `.bak`, or to the first of `.bak.1`, `.bak.2` … that is
    /// free. Nothing to copy where a link leads nowhere.
    fn back_up(&self) -> io::Result<Option<PathBuf>> {
        let old = match fs::read(&self.real) {
            Ok(old) => zeroize::Zeroizing::new(old),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        for number in 0.. {
            let ending = match number {
                0 => ".bak".to_owned(),
                number => format!(".bak.{number}"),
            };
            let mut name = OsString::from(&self.real);
            name.push(ending);
            let path = PathBuf::from(name);
            match write_new(&path, &old) {
                Ok(()) => return Ok(Some(path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

impl Drop for Candidate {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            drop(fs::remove_file(&self.path));
        }
        for dir in self.made.iter().rev() {
            // Stays where somebody has put something into it.
            drop(fs::remove_dir(dir));
        }
    }
}

/// The directories that are not there yet, the outermost first.
fn missing(dir: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<PathBuf> = dir
        .ancestors()
        .take_while(|dir| !dir.exists())
        .map(Path::to_owned)
        .collect();
    missing.reverse();
    missing
}

/// A new file, on disk when this returns, that its owner alone may read and change,
/// whatever the umask takes away or leaves.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::Place;
    use crate::config::Environment;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    fn place(file: &Path) -> Place {
        Place::choose(Some(file), &Environment::default()).unwrap()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn the_flag_wins_then_the_variable_then_the_users_own() {
        let all = [
            ("BOXUP_CONFIG", "/b/c.toml"),
            ("XDG_CONFIG_HOME", "/x"),
            ("HOME", "/h"),
        ];
        let choose = |flag: Option<&str>, skip: usize| {
            let env = Environment::from_iter(all[skip..].iter().copied());
            let place = Place::choose(flag.map(Path::new), &env)?;
            Some((place.file.display().to_string(), place.is_default))
        };
        let found = |path: &str, is_default| Some((path.to_owned(), is_default));
        assert_eq!(choose(Some("/f"), 0), found("/f", false));
        assert_eq!(choose(Some("/b/c.toml"), 0), found("/b/c.toml", true));
        assert_eq!(choose(None, 0), found("/b/c.toml", true));
        assert_eq!(choose(None, 1), found("/x/boxup/sync.toml", true));
        assert_eq!(choose(None, 2), found("/h/.config/boxup/sync.toml", true));
        assert_eq!(choose(None, 3), None);
    }

    #[test]
    fn a_candidate_that_is_dropped_leaves_nothing() {
        let temp = tempfile::tempdir().unwrap();
        let place = place(&temp.path().join("a/b/sync.toml"));
        let candidate = place.stage("x").unwrap();
        assert_eq!(mode(&candidate.path), 0o600);
        assert_eq!(mode(&temp.path().join("a")), 0o700);
        drop(candidate);
        assert!(!temp.path().join("a").exists());
    }

    #[test]
    fn a_finished_file_is_kept_and_an_older_copy_too() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("sync.toml");
        let place = place(&file);
        let kept = |text: &str, replace| place.settle(place.stage(text).unwrap(), replace);
        assert_eq!(kept("one", false).unwrap(), None);
        assert!(kept("two", false).is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), "one");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        for (text, old) in [("two", "sync.toml.bak"), ("three", "sync.toml.bak.1")] {
            let old = temp.path().join(old);
            assert_eq!(kept(text, true).unwrap(), Some(old.clone()));
            assert_eq!((mode(&old), mode(&file)), (0o600, 0o600));
        }
        let read = |name: &str| fs::read_to_string(temp.path().join(name)).unwrap();
        let all = ["sync.toml", "sync.toml.bak", "sync.toml.bak.1"].map(read);
        assert_eq!(all, ["three", "one", "two"]);
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_link_stays_a_link() {
        let temp = tempfile::tempdir().unwrap();
        let (real, link) = (temp.path().join("real"), temp.path().join("sync.toml"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let place = place(&link);
        place.settle(place.stage("new").unwrap(), true).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
    }
}
