//! How one path stands: which rule decides about it, what is here, what was recorded of it,
//! and, where an agent runs, what that is doing about it. Nothing is changed, no lock is
//! taken, and Box is not asked.

use crate::agent::control;
use crate::agent::notice::put_path;
use crate::agent::run;
use crate::config;
use crate::local::error::Error as LocalError;
use crate::local::root::Root;
use crate::local::rules::{Decision, Level, Rules};
use crate::local::scan;
use crate::model::ids::{FileId, FolderId, VersionId};
use crate::model::path::{LocalName, RelPath};
use crate::model::reason::Exclusion;
use crate::model::rules::Rule;
use crate::model::stamp::Stamp;
use crate::plan::facts::{LocalKind, Mapped, ParkedItem};
use crate::plan::standing::age_left;
use crate::store::error::Error as StoreError;
use crate::store::peek;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long the agent may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a path stands.
#[derive(Debug)]
pub(crate) struct Explained {
    /// What is here.
    pub(crate) here: Here,
    /// What the rules say, and about which entry on the way down.
    pub(crate) decision: Decision,
    /// The directory above that is left out, if it is not the entry itself.
    pub(crate) above: Option<RelPath>,
    /// What Box holds, as it was last known.
    pub(crate) on_box: Option<OnBox>,
    /// The name that it would get on Box, where it has none yet.
    pub(crate) would_be: Option<String>,
    /// Why it waits.
    pub(crate) parked: Option<ParkedItem>,
    /// A brake holds its mirror.
    pub(crate) is_held: bool,
    /// How it stands altogether.
    pub(crate) state: State,
    /// What the agent that runs says about it; null without one.
    pub(crate) agent: Value,
}

/// What is at the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Here {
    /// A file in this state.
    File(Stamp),
    /// A directory.
    Directory,
    /// A link, pipe, socket or device; in words.
    Other(String),
    /// Nothing.
    Nothing,
    /// Nobody can tell; why.
    Unknown(String),
}

/// What Box holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OnBox {
    /// A file, its name there and its version.
    File(FileId, String, Option<VersionId>),
    /// A folder and its name there, where that is known.
    Folder(FolderId, Option<String>),
}

/// How a path stands altogether.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Here and on Box it is the same, as far as the last look goes.
    Synced,
    /// It has changed since it was last sent.
    Changed,
    /// It was never sent.
    Pending,
    /// It is being sent, or waits for its turn.
    Queued,
    /// It waits for a change or a person.
    Parked,
    /// It was given up for now.
    Failed,
    /// A rule leaves it out.
    Excluded,
    /// It is not here any more, and Box has it.
    Gone,
    /// It is neither here nor known on Box.
    Absent,
    /// It cannot be examined.
    Unreadable,
}

impl State {
    /// Stable, for machines.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::Changed => "changed",
            Self::Pending => "pending",
            Self::Queued => "queued",
            Self::Parked => "parked",
            Self::Failed => "failed",
            Self::Excluded => "excluded",
            Self::Gone => "gone",
            Self::Absent => "absent",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Looks at a path of a mirror.
pub(crate) async fn explain(
    state_dir: &Path,
    mirror: &config::Mirror,
    path: &RelPath,
) -> Result<Explained, StoreError> {
    let known = recorded(state_dir, mirror, path)?;
    let prepared = run::mirror(mirror, state_dir);
    let found = match &prepared {
        Ok(prepared) => look(&prepared.rules, mirror, path),
        Err(why) => Found::unknown(why.clone()),
    };
    let agent = match path.is_root() {
        true => Value::Null,
        false => ask(state_dir, mirror, path).await,
    };
    let is_held = known.is_held;
    let (on_box, parked, is_same) = known.about(&found.here);
    let state = state(&found, on_box.as_ref(), parked.as_ref(), is_same, &agent);
    let name = path.split().map(|(_, name)| name);
    let would_be = name.filter(|_| on_box.is_none());
    let would_be = would_be.zip(prepared.ok());
    let would_be = would_be.and_then(|(name, of)| of.policy.name_of(&name).ok());
    Ok(Explained {
        here: found.here,
        decision: found.decision,
        above: found.above,
        would_be: would_be.map(|name| name.as_str().to_owned()),
        on_box,
        parked,
        is_held,
        state,
        agent,
    })
}

fn state(
    found: &Found,
    on_box: Option<&OnBox>,
    parked: Option<&ParkedItem>,
    is_same: bool,
    agent: &Value,
) -> State {
    if matches!(found.decision, Decision::Out(_)) {
        return State::Excluded;
    }
    match (&found.here, on_box) {
        (Here::Unknown(_), _) => State::Unreadable,
        (Here::Nothing, Some(_)) => State::Gone,
        (Here::Nothing, None) => State::Absent,
        _ if agent["queued"] == true => State::Queued,
        _ if !agent["failed"].is_null() => State::Failed,
        _ if parked.is_some() => State::Parked,
        (_, None) => State::Pending,
        (_, Some(_)) if is_same => State::Synced,
        (_, Some(_)) => State::Changed,
    }
}

/// What the disk and the rules say.
struct Found {
    here: Here,
    decision: Decision,
    above: Option<RelPath>,
}

impl Found {
    fn unknown(why: String) -> Self {
        Self {
            here: Here::Unknown(why),
            decision: Decision::Free,
            above: None,
        }
    }
}

fn look(rules: &Arc<Rules>, mirror: &config::Mirror, path: &RelPath) -> Found {
    let root = match Root::open(&mirror.local) {
        Ok(root) => root.following(rules.follow_links()),
        Err(error) => return Found::unknown(error.to_string()),
    };
    let Some((dir, name)) = path.split() else {
        return Found {
            here: Here::Directory,
            decision: Decision::Free,
            above: None,
        };
    };
    match descend(&root, rules, &dir) {
        Err(error) => Found::unknown(error.to_string()),
        Ok(Way { level, shut }) => {
            let here = match here(&root, &dir, &name) {
                link @ Here::Other(_) => followed(&root, &level, &dir, &name).unwrap_or(link),
                other => other,
            };
            let decision = match &shut {
                Some((_, why)) => Decision::Out(why.clone()),
                None => decide(&root, &level, mirror, &here, path),
            };
            Found {
                here,
                decision,
                above: shut.map(|(at, _)| at),
            }
        }
    }
}

/// The rules on the way down, and where they end because a directory is left out.
struct Way {
    level: Level,
    shut: Option<(RelPath, Exclusion)>,
}

fn descend(root: &Root, rules: &Arc<Rules>, dir: &RelPath) -> Result<Way, LocalError> {
    let mut level = Level::of_root(Arc::clone(rules), root)?;
    let mut at = RelPath::root();
    for name in dir.components() {
        at = at.join(&name);
        match level.below(root, &at) {
            Ok(below) => level = below,
            // What is not there has no rules of its own.
            Err(LocalError::Missing(_) | LocalError::NotDirectory(_)) => {
                if let Some(why) = level.excluded(at.as_path(), true) {
                    return Ok(Way {
                        level,
                        shut: Some((at, why)),
                    });
                }
            }
            Err(error) => return Err(error),
        }
        if let Some(why) = level.shut().cloned() {
            return Ok(Way {
                level,
                shut: Some((at, why)),
            });
        }
    }
    Ok(Way { level, shut: None })
}

/// What is there, whatever the rules say.
fn here(root: &Root, dir: &RelPath, name: &LocalName) -> Here {
    let bare = Level::bare(Arc::new(Rules::none()));
    let found = scan::look(root, dir, std::slice::from_ref(name), &bare);
    match found.map(|found| found.into_iter().next().map(|entry| entry.kind)) {
        Ok(Some(LocalKind::File(stamp))) => Here::File(stamp),
        Ok(Some(LocalKind::Directory(_))) => Here::Directory,
        Ok(Some(LocalKind::Excluded(Exclusion::SymbolicLink))) => {
            Here::Other("a symbolic link".to_owned())
        }
        Ok(Some(LocalKind::Excluded(why))) => Here::Other(why.to_string()),
        Ok(Some(LocalKind::Unreadable(why))) => Here::Unknown(why),
        Ok(None) | Err(LocalError::Missing(_) | LocalError::NotDirectory(_)) => Here::Nothing,
        Err(error) => Here::Unknown(error.to_string()),
    }
}

/// What a link that is followed stands for.
fn followed(root: &Root, level: &Level, dir: &RelPath, name: &LocalName) -> Option<Here> {
    let found = scan::look(root, dir, std::slice::from_ref(name), level);
    match found.ok()?.into_iter().next()?.kind {
        LocalKind::File(stamp) => Some(Here::File(stamp)),
        LocalKind::Directory(_) => Some(Here::Directory),
        LocalKind::Excluded(_) | LocalKind::Unreadable(_) => None,
    }
}

fn decide(
    root: &Root,
    level: &Level,
    mirror: &config::Mirror,
    here: &Here,
    path: &RelPath,
) -> Decision {
    let found = path
        .split()
        .map(|(dir, name)| scan::look(root, &dir, &[name], level));
    let found = found
        .and_then(Result::ok)
        .and_then(|found| found.into_iter().next());
    if let Some(LocalKind::Excluded(why)) = found.map(|entry| entry.kind) {
        return Decision::Out(why);
    }
    if let Here::File(stamp) = here
        && age_left(stamp, crate::clock::nanos(), mirror.selection.min_age).is_some()
    {
        return Decision::Out(Exclusion::TooYoung(mirror.selection.min_age));
    }
    level.decide(path.as_path(), *here == Here::Directory)
}

/// What the mapping says.
struct Recorded {
    name: Option<LocalName>,
    mapped: Mapped,
    /// The root's folder, where the path is the root.
    root: Option<FolderId>,
    /// The nearest directory above that waits, and why.
    above: Option<(RelPath, ParkedItem)>,
    /// A brake holds the mirror.
    is_held: bool,
}

fn recorded(
    state_dir: &Path,
    mirror: &config::Mirror,
    path: &RelPath,
) -> Result<Recorded, StoreError> {
    let reader = peek(state_dir)?;
    let mut recorded = Recorded {
        name: None,
        mapped: Mapped::default(),
        root: None,
        above: None,
        is_held: false,
    };
    if let Some(root) = reader.root(&mirror.name, &mirror.target.key())? {
        if path.is_root() {
            recorded.root = Some(root.id);
        } else if let Some((_, name, mapped)) = reader.entry(root.key, path)? {
            (recorded.name, recorded.mapped) = (Some(name), mapped);
        }
        recorded.is_held = reader.is_held(root.key)?;
        let mut at = path.clone();
        while let Some((above, _)) = at.split() {
            if let Some((_, name, mapped)) = reader.entry(root.key, &above)?
                && !mapped.folders.contains_key(&name)
                && let Some(item) = mapped.parked.get(&name)
            {
                recorded.above = Some((above, item.clone()));
                break;
            }
            at = above;
        }
    }
    Ok(recorded)
}

impl Recorded {
    /// What Box has, why it waits, and whether what is here is what Box has.
    fn about(self, here: &Here) -> (Option<OnBox>, Option<ParkedItem>, bool) {
        if let Some(id) = self.root {
            return (Some(OnBox::Folder(id, None)), None, true);
        }
        let above = self.above.map(|(dir, item)| {
            let message = format!("its directory {dir} waits: {}", item.message);
            ParkedItem { message, ..item }
        });
        let Some(name) = self.name else {
            return (None, above, false);
        };
        let parked = self.mapped.parked.get(&name).cloned().or(above);
        if let Some(file) = self.mapped.files.get(&name) {
            let is_same = matches!(here, Here::File(stamp) if file.stamp.same_file_state(stamp));
            let name = file.name.as_str().to_owned();
            let on_box = OnBox::File(file.id.clone(), name, file.version.clone());
            return (Some(on_box), parked, is_same);
        }
        let folder = self.mapped.folders.get(&name).map(|folder| {
            let name = folder.name.as_ref().map(|name| name.as_str().to_owned());
            OnBox::Folder(folder.id.clone(), name)
        });
        (folder, parked, *here == Here::Directory)
    }
}

/// Asks the agent that runs; null where none does, or where it does not answer.
async fn ask(state_dir: &Path, mirror: &config::Mirror, path: &RelPath) -> Value {
    let mut question = json!({ "verb": "entry", "mirror": mirror.name });
    put_path(&mut question, path);
    let asked = tokio::time::timeout(PATIENCE, control::ask(state_dir, &question)).await;
    match asked {
        Ok(Ok(Some(answer))) if answer.get("error").is_none() => answer,
        _ => Value::Null,
    }
}

/// The rule that decided, if it was one.
pub(crate) fn rule(decision: &Decision) -> Option<&Rule> {
    match decision {
        Decision::Kept(rule) | Decision::Out(Exclusion::Rule(rule)) => Some(rule),
        Decision::Free | Decision::Out(_) => None,
    }
}
