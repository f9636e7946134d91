//! What every part of a run shares: the client, the store, and the mirrors.

use crate::agent::account::AccountCheck;
use crate::agent::herald::Untold;
use crate::agent::meter::Meter;
use crate::agent::run_name::RunName;
use crate::agent::trash::Trash;
use crate::agent::warnings::Warnings;
use crate::config;
use crate::local::error::Error as LocalError;
use crate::local::ground;
use crate::local::root::Root;
use crate::local::rules::Rules;
use crate::model::ground::Ground;
use crate::model::path::RelPath;
use crate::plan::guard::Halt;
use crate::plan::moves::{Hop, Spot};
use crate::plan::policy::Policy;
use crate::remote::client::BoxClient;
use crate::store::error::Error as StoreError;
use crate::store::reader::Reader;
use crate::store::{Store, peek};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Shared by all tasks of a run.
pub(crate) struct Context {
    /// Speaks to Box.
    pub(crate) client: BoxClient,
    /// The mirrors of this run, in the configuration's order.
    pub(crate) mirrors: Vec<Mirror>,
    /// The names of all mirrors of the configuration, of this run or not.
    pub(crate) configured: Vec<String>,
    /// What there is to warn of.
    pub(crate) warnings: Warnings,
    /// Where mappings are read.
    pub(crate) readers: Readers,
    /// Parts of one large file under way at once.
    pub(crate) parts_at_once: usize,
    /// What is under way, for whoever watches.
    pub(crate) meter: Meter,
    /// Whether the account is the mapping's.
    pub(crate) account: AccountCheck,
    /// Held by whoever asks whether Box is there.
    pub(crate) asking: tokio::sync::Mutex<()>,
    /// What the run is called.
    pub(crate) run: RunName,
    /// Ways by which nobody can be told that something is wrong.
    pub(crate) untold: Untold,
    /// Set when surveys should stop where they are.
    pub(crate) cancelled: AtomicBool,
    /// Set by a survey that did stop before its end.
    pub(crate) cut: AtomicBool,
}

/// One mirror, as a run needs it.
pub(crate) struct Mirror {
    /// Its name.
    pub(crate) name: String,
    /// Its local root.
    pub(crate) local: PathBuf,
    /// Its folder, as configured.
    pub(crate) target: config::Target,
    /// What is left out.
    pub(crate) rules: Arc<Rules>,
    /// The operator's decisions.
    pub(crate) policy: Policy,
    /// Whether what the mapping knew of it may be lost, until it has been compared with
    /// Box as a whole.
    pub(crate) doubted: AtomicBool,
    /// Whether somebody asked to leave it alone for now.
    pub(crate) paused: AtomicBool,
    /// Whether the Box folder has been seen since the last pass began.
    pub(crate) seen: tokio::sync::Mutex<bool>,
    /// Whose the Box folder is, as Box said when it was last looked at.
    owner: Mutex<Option<String>>,
    /// Whether Box was seen to keep what is deleted there.
    pub(crate) trash: tokio::sync::Mutex<Trash>,
    /// Which directory was mirrored, once one was.
    ground: Mutex<Option<Ground>>,
}

impl Mirror {
    /// From its configuration, whose patterns have been checked, and one rule of ours.
    pub(crate) fn new(
        mirror: &config::Mirror,
        own: Option<String>,
        policy: Policy,
    ) -> Result<Self, String> {
        let rules = Rules::new(mirror.selection.clone(), own).map_err(|bad| {
            let bad = bad.into_iter().map(|(rule, why)| format!("{rule}: {why}"));
            bad.collect::<Vec<_>>().join("; ")
        })?;
        Ok(Self {
            name: mirror.name.clone(),
            local: mirror.local.clone(),
            target: mirror.target.clone(),
            rules: Arc::new(rules),
            policy,
            doubted: AtomicBool::new(false),
            paused: AtomicBool::new(false),
            seen: tokio::sync::Mutex::new(false),
            owner: Mutex::default(),
            trash: tokio::sync::Mutex::default(),
            ground: Mutex::default(),
        })
    }

    /// Whether somebody asked to leave it alone for now.
    pub(crate) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }

    /// The target as the mapping remembers it.
    pub(crate) fn target_key(&self) -> String {
        self.target.key()
    }

    /// The ID of the account that the Box folder belongs to, if it is known.
    pub(crate) fn owner(&self) -> Option<String> {
        let owner = self.owner.lock();
        owner.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Box has told whose the folder is, or has not.
    pub(crate) fn set_owner(&self, id: Option<String>) {
        *self.owner.lock().unwrap_or_else(PoisonError::into_inner) = id;
    }

    /// Opens the root afresh, so that a disk that was unmounted or replaced meanwhile
    /// is noticed at every look.
    pub(crate) fn open_root(&self) -> Result<Arc<Root>, Halt> {
        let failed = |error| match error {
            LocalError::Missing(_) | LocalError::NotDirectory(_) => {
                Halt::RootMissing(LocalError::to_string(&error))
            }
            other => Halt::RootUnreadable(other.to_string()),
        };
        let root = Root::open(&self.local).map_err(failed)?;
        if let Some(known) = self.ground() {
            let found = ground::look(&root, &RelPath::root()).map_err(failed)?;
            if !known.is_same(&found.ground) {
                let (path, name) = (self.local.clone(), self.name.clone());
                return Err(Halt::RootReplaced(path, name));
            }
        }
        Ok(Arc::new(root.following(self.rules.follow_links())))
    }

    /// Which directory was mirrored.
    pub(crate) fn ground(&self) -> Option<Ground> {
        *self.ground.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on it is this one; without one, whatever is there next.
    pub(crate) fn set_ground(&self, ground: Option<Ground>) {
        *self.ground.lock().unwrap_or_else(PoisonError::into_inner) = ground;
    }
}

impl Context {
    /// A place with its mirror's name, as it is told.
    pub(crate) fn named(&self, (mirror, path): Spot) -> (String, RelPath) {
        (self.mirrors[mirror].name.clone(), path)
    }

    /// The number of the mirror of that name, if it is of this run.
    pub(crate) fn number_of(&self, name: &str) -> Option<usize> {
        self.mirrors.iter().position(|mirror| mirror.name == name)
    }

    /// A mirror that is paused, if one of these moves goes from it or to it.
    pub(crate) fn paused_among(&self, hops: &[Hop]) -> Option<&str> {
        let mut spots = hops.iter().flat_map(|hop| [&hop.origin.at, &hop.to]);
        let paused = spots.find(|spot| self.mirrors[spot.0].is_paused());
        paused.map(|spot| self.mirrors[spot.0].name.as_str())
    }

    /// Whether what is gone may have moved into a mirror that this run does not look at, or
    /// not now: then nothing is deleted. Told once.
    pub(crate) fn deletes_wait(&self) -> bool {
        const PAUSED: &str = "deletes wait until no mirror is paused: what is gone may have moved \
                              into one";
        const WAIT: &str = "deletes wait for a run of all mirrors: what is gone may have moved \
                            into one that this run does not look at";
        if self.mirrors.iter().any(Mirror::is_paused) {
            if self.warnings.is_new(PAUSED) {
                tracing::info!("{PAUSED}");
            }
            return true;
        }
        let waits = self.mirrors.len() < self.configured.len();
        if waits && self.warnings.is_new(WAIT) {
            tracing::warn!("{WAIT}");
        }
        waits
    }

    /// Whether Box has said anything to anybody since it had said `before`. If not, it is
    /// asked something harmless: a single item that never gets an answer is to blame for
    /// that itself when others do get theirs.
    pub(crate) async fn is_heard(&self, before: u64) -> bool {
        if self.client.answers() != before {
            return true;
        }
        // One asks for all; the others do not wait for a Box that may not be there.
        let Ok(_asking) = self.asking.try_lock() else {
            return false;
        };
        // What is said does not matter, only that something is.
        drop(self.client.whoami().await);
        self.client.answers() != before
    }
}

/// Lends reading connections; each is used by one thread at a time.
pub(crate) struct Readers {
    open: Box<dyn Fn() -> Result<Reader, StoreError> + Send + Sync>,
    free: Mutex<Vec<Reader>>,
}

impl Readers {
    /// Of a store that is being written.
    pub(crate) fn of(store: Store) -> Self {
        Self {
            open: Box::new(move || store.reader()),
            free: Mutex::default(),
        }
    }

    /// Of a state directory that is left alone.
    pub(crate) fn peeking(dir: &Path) -> Self {
        let dir = dir.to_path_buf();
        Self {
            open: Box::new(move || peek(&dir)),
            free: Mutex::default(),
        }
    }

    /// A connection, given back when dropped.
    pub(crate) fn get(&self) -> Result<Lent<'_>, StoreError> {
        let free = self
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let reader = match free {
            Some(reader) => reader,
            None => (self.open)()?,
        };
        Ok(Lent {
            readers: self,
            reader: Some(reader),
        })
    }
}

/// A lent connection.
pub(crate) struct Lent<'a> {
    readers: &'a Readers,
    reader: Option<Reader>,
}

impl Deref for Lent<'_> {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        self.reader.as_ref().expect("it is only taken when dropped")
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut free = self
            .readers
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        free.extend(self.reader.take());
    }
}

/// The rule that keeps our own state out of a mirror that contains it: it changes with
/// every upload.
pub(crate) fn own_files(local: &Path, state_dir: &Path) -> Option<String> {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let (local, state_dir) = (real(local), real(state_dir));
    let below = state_dir.strip_prefix(local).ok()?.to_str()?;
    // A path, not a pattern.
    let escape = |c: char| {
        ['\\']
            .into_iter()
            .filter(move |_| "\\*?[]{}!#".contains(c))
            .chain([c])
    };
    let below: String = below.chars().flat_map(escape).collect();
    (!below.is_empty()).then(|| format!("/{below}/"))
}
