//! `--dry-run`: the same surveys and the same plans, and nothing is executed.
//!
//! Box may be read, to tell a new file from one that is there already; nothing is
//! written, neither there nor here, and the lock is not taken.

mod moves;

use crate::agent::access::Traces;
use crate::agent::account::AccountCheck;
use crate::agent::context::{Context, Mirror, Readers};
use crate::agent::file_job::{Found, Scout};
use crate::agent::mirrors;
use crate::agent::notice::{Effort, Ending, Notice, Sink};
use crate::agent::root_job::{self, Unusable};
use crate::agent::run::{Fatal, context};
use crate::agent::survey::{Broken, Dir, How, Place, Scope, Surveyed, Visit, survey};
use crate::config::{Config, Target};
use crate::model::deed::ItemId;
use crate::model::ids::{FileId, FolderId, FolderKey};
use crate::model::item::{Obstacle, Occupant, RemoteFile};
use crate::model::name::RemoteName;
use crate::model::path::{LocalName, RelPath};
use crate::model::reason::{Failed, Parked};
use crate::model::trouble::{Said, Trouble};
use crate::plan::action::{Action, FileWork, FolderWork, Report};
use crate::plan::brake::{self, Load};
use crate::plan::facts::{Inventory, SyncedFolder};
use crate::plan::guard::{Brake, Halt, NAMED};
use crate::plan::moves::Spot;
use crate::plan::policy::{OnDelete, Quiet};
use crate::plan::queue::Rank;
use crate::plan::settle::{self, Effect};
use crate::plan::transfer::{Ask, Next, Outcome, Reply, Transfer};
use crate::plan::verdict::Verdict;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Tells what a single pass would do.
pub(crate) async fn preview(config: &Config, mut sink: Sink) -> Result<Ending, Fatal> {
    let began = Instant::now();
    let account = AccountCheck::new(None);
    let context = Arc::new(context(
        config,
        Readers::peeking(&config.state_dir),
        Traces::None,
        account,
    )?);
    mirrors::announce(config, &context, None, &mut sink).await?;
    let mut preview = Preview {
        context: Arc::clone(&context),
        sink,
        ending: Ending::default(),
        visits: Vec::new(),
        put_off: Vec::new(),
        moved: BTreeSet::new(),
        left: BTreeSet::new(),
        listed: None,
        gone: Vec::new(),
    };
    preview.leave_what_is_paused()?;
    for mirror in 0..context.mirrors.len() {
        preview.mirror(mirror).await?;
    }
    let mut ending = preview.ending;
    ending.requests = context.client.requests();
    ending.elapsed = began.elapsed();
    Ok(ending)
}

struct Preview {
    context: Arc<Context>,
    sink: Sink,
    ending: Ending,
    visits: Vec<(Dir, Option<Inventory>)>,
    /// Entries that are looked at when everything else has been.
    put_off: Vec<RelPath>,
    /// What has been told to move.
    moved: BTreeSet<Spot>,
    /// Where that was.
    left: BTreeSet<Spot>,
    /// The last folder that was listed, so that its new directories share one listing.
    listed: Option<(FolderId, Inventory)>,
    /// What would go to the trash in the mirror under way: path, item, and files of ours.
    gone: Vec<(RelPath, ItemId, u64)>,
}

/// A folder that would be made: it has no ID and no row yet.
fn planned() -> SyncedFolder {
    SyncedFolder {
        key: FolderKey(-1),
        id: FolderId::new(""),
        name: None,
        inventoried: true,
        identity: None,
    }
}

fn is_planned(folder: &SyncedFolder) -> bool {
    folder.id.as_str().is_empty()
}

impl Preview {
    /// What somebody asked to leave alone is not looked at.
    fn leave_what_is_paused(&mut self) -> Result<(), Fatal> {
        let now = crate::clock::nanos();
        for pause in self.context.readers.get()?.pauses()? {
            let number = self.context.number_of(&pause.mirror);
            if let Some(number) = number.filter(|_| !pause.is_over(now)) {
                let mirror = &self.context.mirrors[number];
                mirror.paused.store(true, Ordering::Relaxed);
                (self.sink)(Notice::Paused(pause.clone()));
                self.ending.paused.push(pause);
            }
        }
        Ok(())
    }

    async fn mirror(&mut self, number: usize) -> Result<(), Fatal> {
        let context = Arc::clone(&self.context);
        let mirror = &context.mirrors[number];
        if mirror.is_paused() {
            return Ok(());
        }
        if let Err(halt) = mirror.open_root() {
            self.halt(mirror, halt);
            return Ok(());
        }
        match self.root(mirror).await? {
            Ok(root) => self.visits.push(root),
            Err(Unusable::Halt(halt)) => self.halt(mirror, halt),
            Err(Unusable::Trouble(trouble)) => self.trouble(mirror, trouble),
        }
        loop {
            while let Some((dir, inventory)) = self.visits.pop() {
                self.visit(number, Scope::Tree(dir, inventory)).await?;
            }
            let put_off = std::mem::take(&mut self.put_off).into_iter();
            let how = How::Finally;
            let places: Vec<_> = put_off.map(|path| Place { path, how }).collect();
            if places.is_empty() {
                return self.weigh(number);
            }
            self.visit(number, Scope::Places(places)).await?;
        }
    }

    /// What is gone would go to the trash, by a later pass if it still is then.
    fn weigh(&mut self, number: usize) -> Result<(), Fatal> {
        let context = Arc::clone(&self.context);
        let mirror = &context.mirrors[number];
        let mut gone = std::mem::take(&mut self.gone);
        gone.retain(|(path, ..)| !self.left.contains(&(number, path.clone())));
        let OnDelete::Trash(limit) = mirror.policy.on_delete else {
            return Ok(());
        };
        let reader = context.readers.get()?;
        let Some(top) = reader.root(&mirror.name, &mirror.target_key())? else {
            return Ok(());
        };
        let tops = reader.children(top.key)?;
        let mapped = reader.files_below(top.key)?;
        let is_held = reader.is_held(top.key)?;
        let waits = !gone.is_empty() && context.deletes_wait();
        let lost = gone
            .iter()
            .filter(|(path, ..)| path.components().count() == 1);
        let would = gone.iter().map(|(_, _, files)| (*files).max(1)).sum();
        let load = Load {
            would,
            approved: 0,
            mapped,
            everything: lost.count() == tops.files.len() + tops.folders.len(),
        };
        // A brake that has tripped holds in every run.
        if brake::holds(load, limit) && (is_held || !waits) {
            let paths = gone.iter().map(|(path, ..)| path.clone());
            let first: Vec<_> = paths.take(NAMED).collect();
            let more = (gone.len() - first.len()) as u64;
            let halt = Halt::Braked(Brake {
                mirror: mirror.name.clone(),
                would,
                hollow: gone.iter().filter(|(_, _, files)| *files == 0).count() as u64,
                mapped,
                everything: load.everything,
                limit,
                first,
                more,
            });
            self.halt(mirror, halt);
            return Ok(());
        }
        gone.retain(|_| !waits);
        for (path, item, files) in gone {
            self.tell(mirror, path, Report::Trashed(item, files));
        }
        Ok(())
    }

    /// Notes what a directory's plan has not found.
    fn note_gone(&mut self, dir: &Dir, names: &[LocalName]) -> Result<(), Fatal> {
        let reader = self.context.readers.get()?;
        for name in names {
            let rows = reader.some(dir.folder.key, std::slice::from_ref(name))?;
            let path = dir.path.join(name);
            if let Some(file) = rows.files.get(name) {
                self.gone.push((path, ItemId::File(file.id.clone()), 1));
            } else if let Some(folder) = rows.folders.get(name) {
                let files = reader.files_below(folder.key)?;
                self.gone
                    .push((path, ItemId::Folder(folder.id.clone()), files));
            }
        }
        Ok(())
    }

    /// The mirror's root folder, as far as it exists.
    async fn root(
        &mut self,
        mirror: &Mirror,
    ) -> Result<Result<(Dir, Option<Inventory>), Unusable>, Fatal> {
        let known = self
            .context
            .readers
            .get()?
            .root(&mirror.name, &mirror.target_key())?;
        let at = |folder| Dir {
            path: RelPath::root(),
            folder,
        };
        if let Some(folder) = known.clone().filter(|root| root.inventoried) {
            return Ok(Ok((at(folder), None)));
        }
        let client = &self.context.client;
        let found = match &known {
            Some(root) => Ok(Some(root.id.clone())),
            None => find(&self.context, &mirror.target).await,
        };
        let id = match found {
            Ok(Some(id)) => id,
            Ok(None) => return Ok(Ok((at(planned()), None))),
            Err(why) => return Ok(Err(why)),
        };
        if let Err(why) = root_job::check_once(&self.context, mirror, &id).await {
            return Ok(Err(why));
        }
        let key = known.map_or(FolderKey(-1), |root| root.key);
        let folder = SyncedFolder {
            key,
            id: id.clone(),
            name: None,
            inventoried: true,
            identity: None,
        };
        Ok(match client.list_folder(&id).await {
            Ok(items) => Ok((at(folder), Some(Inventory::new(items)))),
            Err(trouble) => Err(trouble.into()),
        })
    }

    async fn visit(&mut self, mirror: usize, scope: Scope) -> Result<(), Fatal> {
        let (plans_in, mut plans) = mpsc::channel(4);
        let context = Arc::clone(&self.context);
        let visit = Visit {
            mirror,
            pass: None,
            scope,
            rank: Rank::Backfill,
            since: None,
            quiet: Quiet::NONE,
            no_room: None,
        };
        let surveyed = tokio::task::spawn_blocking(move || {
            survey(&context, visit, &|plan| {
                plans_in.blocking_send(plan).is_ok()
            })
        });
        while let Some(plan) = plans.recv().await {
            self.plan(plan).await?;
        }
        match surveyed.await {
            Ok(Ok(looked)) => self.ending.tally.unchanged += looked.unchanged,
            Ok(Err(Broken::Store(error))) => return Err(error.into()),
            Ok(Err(Broken::Halt(halt))) => {
                let context = Arc::clone(&self.context);
                self.halt(&context.mirrors[mirror], halt);
            }
            Err(error) => tracing::error!(%error, "a survey broke off"),
        }
        Ok(())
    }

    async fn plan(&mut self, surveyed: Surveyed) -> Result<(), Fatal> {
        let Surveyed {
            mirror,
            dir,
            rest,
            plan,
            ..
        } = surveyed;
        let context = Arc::clone(&self.context);
        let of = &context.mirrors[mirror];
        self.visits.extend(rest.into_iter().map(|dir| (dir, None)));
        self.note_gone(&dir, &plan.missing)?;
        for (name, report) in plan.reports {
            self.tell(of, dir.path.join(&name), report);
        }
        let put_off = plan.put_off.iter();
        self.put_off.extend(put_off.map(|name| dir.path.join(name)));
        for action in plan.actions {
            let path = dir.path.join(action.name());
            let report = match action {
                Action::Folder(work) => self.folder(&dir, &path, work).await?,
                Action::File(work) => self.file(of, &dir, &path, &work).await?,
                Action::Move(work) => self.moves(work)?,
            };
            if let Some(report) = report {
                self.tell(of, path, report);
            }
        }
        Ok(())
    }

    async fn folder(
        &mut self,
        dir: &Dir,
        path: &RelPath,
        work: FolderWork,
    ) -> Result<Option<Report>, Fatal> {
        let row = self
            .context
            .readers
            .get()?
            .child_folder(dir.folder.key, &work.name)?;
        let found = match &work.known {
            Some(folder) => Ok(Some(Occupant::Folder(folder.clone()))),
            None if is_planned(&dir.folder) => Ok(None),
            None => self.occupant(&dir.folder.id, &work).await,
        };
        let (folder, inventory, report) = match found {
            Ok(None) => (
                planned(),
                None,
                Some(Report::FolderCreated(
                    FolderId::new(""),
                    Some(work.remote_name),
                )),
            ),
            Ok(Some(Occupant::Folder(folder))) => {
                let listed = match self.context.client.list_folder(&folder.id).await {
                    Ok(items) => Inventory::new(items),
                    Err(trouble) => return Ok(Some(failed(trouble))),
                };
                let report = row
                    .is_none()
                    .then(|| Report::FolderAdopted(folder.id.clone(), Some(folder.name.clone())));
                let key = row.map_or(FolderKey(-1), |row| row.key);
                let folder = SyncedFolder {
                    key,
                    id: folder.id,
                    name: Some(folder.name),
                    inventoried: true,
                    identity: None,
                };
                (folder, Some(listed), report)
            }
            Ok(Some(other)) => {
                let by = Obstacle::of(&other);
                return Ok(Some(Report::Parked(Parked::NameTaken(by))));
            }
            Err(trouble) => return Ok(Some(failed(trouble))),
        };
        self.visits.push((
            Dir {
                path: path.clone(),
                folder,
            },
            inventory,
        ));
        Ok(report)
    }

    async fn occupant(
        &mut self,
        parent: &FolderId,
        work: &FolderWork,
    ) -> Result<Option<Occupant>, Trouble> {
        if self.listed.as_ref().is_none_or(|(id, _)| id != parent) {
            let items = self.context.client.list_folder(parent).await?;
            self.listed = Some((parent.clone(), Inventory::new(items)));
        }
        let listed = self.listed.as_ref();
        Ok(listed
            .and_then(|(_, inventory)| inventory.occupant(&work.remote_name))
            .cloned())
    }

    async fn file(
        &mut self,
        mirror: &Mirror,
        dir: &Dir,
        path: &RelPath,
        work: &FileWork,
    ) -> Result<Option<Report>, Fatal> {
        let size = work.stamp.size;
        if self.ending.unreachable.is_some() {
            self.ending.tally.pending += 1;
            return Ok(None);
        }
        if is_planned(&dir.folder) {
            return Ok(Some(self.would_send(None, &work.remote_name, size)));
        }
        let Ok(root) = mirror.open_root() else {
            return Ok(None);
        };
        let found = match Found::open(root, path.clone(), work).await {
            Ok(found) => found,
            Err(Trouble::LocalGone) => return Ok(None),
            Err(trouble) => return Ok(Some(failed(trouble))),
        };
        let context = Arc::clone(&self.context);
        let mut scout = Scout {
            context: &context,
            mirror,
            dir,
            work,
            found: &found,
            target: None,
        };
        let parent = dir.folder.id.to_string();
        let mut transfer = Transfer::new(work, found.local, mirror.policy, parent);
        let mut next = transfer.start();
        loop {
            let reply = match next {
                Next::Ask(Ask::SendNew(name)) => {
                    return Ok(Some(self.would_send(None, &name, size)));
                }
                // Sending it would tell whether this is still Box's state; here it is read.
                Next::Ask(Ask::SendVersion(base)) => {
                    match scout.look(&Ask::Read(base.id.clone())).await? {
                        Reply::File(file) if file.etag.as_ref() == Some(&base.etag) => {
                            return Ok(Some(self.would_send(Some(base.id), &base.name, size)));
                        }
                        Reply::File(_) => Reply::Trouble(Trouble::Stale(Said::default())),
                        other => other,
                    }
                }
                Next::Ask(ask) => scout.look(&ask).await?,
                // Ours from an earlier try: what the disk has now comes on top of it.
                Next::End(Outcome::Landed(file)) => {
                    return Ok(Some(self.would_send(Some(file.id), &file.name, size)));
                }
                Next::End(outcome) => {
                    let settled =
                        settle::file(dir.folder.key, work, found.local.stamp, outcome, true);
                    return Ok(self.effect(mirror, settled.effect));
                }
            };
            next = transfer.answer(reply);
        }
    }

    fn would_send(&mut self, version_of: Option<FileId>, name: &RemoteName, size: u64) -> Report {
        self.ending.bytes_sent += size;
        let file = |id| RemoteFile {
            id,
            version: None,
            etag: None,
            sha1: None,
            size: Some(size),
            name: name.clone(),
        };
        match version_of {
            None => Report::Uploaded(file(FileId::new("")), size),
            Some(id) => Report::NewVersion(file(id), size),
        }
    }

    fn effect(&mut self, mirror: &Mirror, effect: Effect) -> Option<Report> {
        match effect {
            Effect::Done(report) => Some(report),
            Effect::Vanished => None,
            Effect::Again(_, Failed::NoAnswer(why)) if self.is_silent() => {
                self.ending.unreachable.get_or_insert(why);
                self.ending.tally.pending += 1;
                None
            }
            Effect::Again(_, why) => Some(Report::Failed(why)),
            Effect::Full(said, _) => Some(Report::Parked(Parked::Full(said))),
            Effect::Halt(halt) => {
                self.halt(mirror, halt);
                None
            }
            Effect::Unauthorized(said) => {
                self.ending.unauthorized.get_or_insert(said);
                self.ending.tally.pending += 1;
                None
            }
        }
    }

    /// Whether Box has not said a word so far: the next entry would fare no better.
    fn is_silent(&self) -> bool {
        self.context.client.answers() == 0
    }

    fn tell(&mut self, mirror: &Mirror, path: RelPath, report: Report) {
        self.ending.tally.count(&report);
        (self.sink)(Notice::Entry {
            mirror: mirror.name.clone(),
            path,
            report,
            effort: Effort::default(),
        });
    }

    fn halt(&mut self, mirror: &Mirror, halt: Halt) {
        let name = mirror.name.clone();
        (self.sink)(Notice::Halted {
            mirror: name.clone(),
            halt: halt.clone(),
        });
        self.ending.halted.push((name, halt));
    }

    fn trouble(&mut self, mirror: &Mirror, trouble: Trouble) {
        match Verdict::of(trouble) {
            Verdict::Unauthorized(said) => self.ending.unauthorized = Some(said),
            Verdict::Retry {
                failed: Failed::NoAnswer(why),
                ..
            } => {
                self.ending.unreachable = Some(why);
            }
            Verdict::Retry { failed, .. }
            | Verdict::Busy { failed, .. }
            | Verdict::Fail(failed) => {
                self.halt(mirror, Halt::FolderUnreadable(failed.to_string()));
            }
            Verdict::Park(why) => self.halt(mirror, Halt::FolderInvisible(why.to_string())),
            Verdict::Full(said) => {
                self.halt(mirror, Halt::FolderUnreadable(said.to_string()));
            }
            Verdict::Throttled(after) => {
                self.ending.deferred = after.or(Some(Duration::from_secs(1)));
            }
            Verdict::Vanished => {}
        }
    }
}

/// The target's folder; `None` where it would be made.
pub(super) async fn find(context: &Context, target: &Target) -> Result<Option<FolderId>, Unusable> {
    let names = match target {
        Target::Id(id) => return Ok(Some(id.clone())),
        Target::Path(names) => names,
    };
    let mut at = FolderId::root();
    for name in names {
        match root_job::find(&context.client, &at, name).await? {
            Some(id) => at = id,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

fn failed(trouble: Trouble) -> Report {
    match Verdict::of(trouble) {
        Verdict::Park(why) => Report::Parked(why),
        Verdict::Full(said) => Report::Parked(Parked::Full(said)),
        Verdict::Retry { failed, .. } | Verdict::Busy { failed, .. } | Verdict::Fail(failed) => {
            Report::Failed(failed)
        }
        Verdict::Throttled(_) | Verdict::Vanished => {
            Report::Failed(Failed::NoAnswer("Box asked to slow down".to_owned()))
        }
        Verdict::Unauthorized(said) => Report::Failed(Failed::Box(said)),
    }
}
