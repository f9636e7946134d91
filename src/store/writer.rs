//! Writing the mapping: one thread, and one transaction for everything that waits.

use crate::model::ids::FolderKey;
use crate::model::item::Seen;
use crate::model::path::LocalName;
use crate::model::stamp::{Nanos, Stamp};
use crate::plan::action::Edit;
use crate::plan::announce::Known;
use crate::plan::conflict::Decision;
use crate::plan::facts::{ParkedItem, SyncedFile};
use crate::store::account::{self, KnownAccount};
use crate::store::deeds;
use crate::store::error::Error;
use crate::store::mark::Generation;
use crate::store::mirrors::{self, Holder};
use crate::store::verified::{self, LastVerified};
use crate::store::{keep_log, pauses, recovery, sessions, told, tree, warned};
use rusqlite::{Connection, Savepoint, Transaction, TransactionBehavior, params};
use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Commands that may wait; senders wait beyond that.
const QUEUE: usize = 256;
/// How long the last checkpoint waits for somebody who reads.
const AT_THE_END: Duration = Duration::from_secs(1);
/// Commands in one transaction.
const BATCH: usize = 256;
/// A handle to the writing thread, which ends when the last handle is dropped.
#[derive(Clone)]
pub(crate) struct Writer {
    commands: mpsc::Sender<Command>,
}

type Answer = oneshot::Sender<Result<Holder, Error>>;

struct Command {
    work: Work,
    answer: Answer,
}

enum Work {
    Edits(Vec<Edit>),
    Mirror(mirrors::NewRoot),
    Account(KnownAccount),
    Compared(String, Vec<String>),
    Verified(LastVerified),
    Told(Vec<Known>),
    Pauses(pauses::Change),
    Warned(BTreeSet<String>),
    Close,
}

impl Writer {
    pub(crate) fn start(connection: Connection, generation: Generation) -> Result<Self, Error> {
        let (commands, queue) = mpsc::channel(QUEUE);
        let spawned = thread::Builder::new().name("store".to_owned());
        spawned
            .spawn(move || write(connection, generation, queue))
            .map_err(|source| Error::Directory {
                path: "the writing thread".into(),
                source,
            })?;
        Ok(Self { commands })
    }

    /// Makes the changes, all or none. They are on disk when this returns.
    pub(crate) async fn apply(&self, edits: Vec<Edit>) -> Result<(), Error> {
        if edits.is_empty() {
            return Ok(());
        }
        self.run(Work::Edits(edits)).await.map(|_| ())
    }

    /// Records where a mirror's root is, and forgets what was known of another target.
    /// Unless another mirror has the folder: then nothing changes, and that is told.
    pub(crate) async fn put_root(&self, root: mirrors::NewRoot) -> Result<Holder, Error> {
        self.run(Work::Mirror(root)).await
    }

    /// Records what a verification found.
    pub(crate) async fn verified(&self, last: LastVerified) -> Result<(), Error> {
        self.run(Work::Verified(last)).await.map(|_| ())
    }

    /// Records that a mirror, of those that are configured, has been compared with Box as
    /// a whole.
    pub(crate) async fn compared(&self, mirror: &str, configured: &[String]) -> Result<(), Error> {
        let work = Work::Compared(mirror.to_owned(), configured.to_vec());
        self.run(work).await.map(|_| ())
    }

    /// Records which account the mapping belongs to.
    pub(crate) async fn put_account(&self, account: KnownAccount) -> Result<(), Error> {
        self.run(Work::Account(account)).await.map(|_| ())
    }

    /// Records which mirrors were announced, and how.
    pub(crate) async fn put_told(&self, mirrors: Vec<Known>) -> Result<(), Error> {
        self.run(Work::Told(mirrors)).await.map(|_| ())
    }

    /// Records that pauses begin or end.
    pub(crate) async fn put_pauses(&self, change: pauses::Change) -> Result<(), Error> {
        self.run(Work::Pauses(change)).await.map(|_| ())
    }

    /// Records which warnings were given.
    pub(crate) async fn put_warned(&self, warnings: BTreeSet<String>) -> Result<(), Error> {
        self.run(Work::Warned(warnings)).await.map(|_| ())
    }

    /// Ends the thread and waits for it: the process must not end before it has.
    pub(crate) async fn close(self) {
        let (answer, done) = oneshot::channel();
        let sent = self
            .commands
            .send(Command {
                work: Work::Close,
                answer,
            })
            .await;
        if sent.is_ok() {
            // An error means that it has ended, too.
            drop(done.await);
        }
    }

    async fn run(&self, work: Work) -> Result<Holder, Error> {
        let (answer, result) = oneshot::channel();
        let sent = self.commands.send(Command { work, answer }).await;
        sent.map_err(|_| Error::Closed)?;
        result.await.map_err(|_| Error::Closed)?
    }
}

fn write(
    mut connection: Connection,
    mut generation: Generation,
    mut queue: mpsc::Receiver<Command>,
) {
    while let Some(first) = queue.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = queue.try_recv()
        {
            batch.push(next);
        }
        let is_last = batch
            .iter()
            .any(|command| matches!(command.work, Work::Close));
        // What says that it is closed must not be heard before it is.
        let (closing, batch): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .partition(|command| matches!(command.work, Work::Close));
        commit(&mut connection, &mut generation, batch);
        if is_last {
            tidy(&mut connection, &mut generation);
            drop(connection);
            closing
                .into_iter()
                .for_each(|command| drop(command.answer.send(Ok(Holder::Nobody))));
            return;
        }
    }
    tidy(&mut connection, &mut generation);
}

/// Leaves a tidy database behind, and untouched one that was not written to.
fn tidy(connection: &mut Connection, generation: &mut Generation) {
    if generation.is_open()
        && let Err(error) = end_run(connection, generation)
    {
        tracing::warn!(%error, "the state could not be closed in order");
        // Its log says that a run was under way: without it, the database would be taken
        // for an old copy.
        if let Err(error) = keep_log(connection, true) {
            tracing::warn!(%error, "the log of the state could not be kept");
        }
        return;
    }
    // Wait for no reader: the next run can do it.
    drop(connection.busy_timeout(AT_THE_END));
    if let Err(error) = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::debug!(%error, "the last checkpoint was left to the next run");
    }
}

fn end_run(connection: &mut Connection, generation: &mut Generation) -> Result<(), Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    generation.step(&transaction, Instant::now(), true)?;
    transaction.commit()?;
    generation.settle();
    Ok(())
}

fn commit(connection: &mut Connection, generation: &mut Generation, batch: Vec<Command>) {
    if batch.is_empty() {
        return;
    }
    let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    let begun = begun.map_err(Error::from).and_then(|transaction| {
        generation.step(&transaction, Instant::now(), false)?;
        Ok(transaction)
    });
    let mut transaction = match begun {
        Ok(transaction) => transaction,
        Err(error) => return refuse(batch.into_iter().map(|command| command.answer), &error),
    };
    let mut done = Vec::with_capacity(batch.len());
    for Command { work, answer } in batch {
        match run(&mut transaction, &work) {
            Ok(holder) => done.push((answer, holder)),
            Err(error) => drop(answer.send(Err(error.into()))),
        }
    }
    match transaction.commit() {
        // Whoever has stopped waiting does not need the answer.
        Ok(()) => {
            generation.settle();
            done.into_iter()
                .for_each(|(answer, holder)| drop(answer.send(Ok(holder))));
        }
        Err(error) => refuse(done.into_iter().map(|(answer, _)| answer), &error.into()),
    }
}

fn refuse(answers: impl Iterator<Item = Answer>, error: &Error) {
    tracing::error!(%error, "the state could not be written");
    for answer in answers {
        drop(answer.send(Err(copy(error))));
    }
}

/// As much of an error as each of several must know.
fn copy(error: &Error) -> Error {
    Error::Sqlite(match error {
        Error::Sqlite(rusqlite::Error::SqliteFailure(code, words)) => {
            rusqlite::Error::SqliteFailure(*code, words.clone())
        }
        other => rusqlite::Error::ToSqlConversionFailure(other.words().into()),
    })
}

/// One command, in a savepoint of its own: its failure undoes nothing else.
fn run(transaction: &mut Transaction<'_>, work: &Work) -> rusqlite::Result<Holder> {
    let savepoint = transaction.savepoint()?;
    let holder = match work {
        Work::Edits(edits) => {
            edits.iter().try_for_each(|edit| apply(&savepoint, edit))?;
            Holder::Nobody
        }
        Work::Mirror(root) => mirrors::put_root(&savepoint, root)?,
        Work::Account(known) => {
            account::put(&savepoint, known)?;
            Holder::Nobody
        }
        Work::Verified(last) => {
            verified::put(&savepoint, last)?;
            Holder::Nobody
        }
        Work::Compared(mirror, configured) => {
            recovery::compared(&savepoint, mirror, configured)?;
            Holder::Nobody
        }
        Work::Told(mirrors) => {
            told::put(&savepoint, mirrors)?;
            Holder::Nobody
        }
        Work::Pauses(change) => {
            pauses::apply(&savepoint, change)?;
            Holder::Nobody
        }
        Work::Warned(warnings) => {
            warned::put(&savepoint, warnings)?;
            Holder::Nobody
        }
        Work::Close => Holder::Nobody,
    };
    savepoint.commit()?;
    Ok(holder)
}

fn apply(db: &Savepoint<'_>, edit: &Edit) -> rusqlite::Result<()> {
    match edit {
        Edit::PutFile(dir, name, file) => {
            put_file(db, *dir, name, file)?;
            // The path may have been a directory before.
            mirrors::forget_child(db, *dir, name)?;
            end_all(db, &["parked", "decision", "intent", "session"], *dir, name)
        }
        Edit::Refresh {
            dir,
            name,
            stamp,
            hashed_at,
            provisional,
        } => refresh(db, (*dir, name), stamp, *hashed_at, *provisional),
        Edit::PutFolder {
            parent,
            name,
            folder,
        } => {
            tree::put_folder(db, *parent, name, folder)?;
            // The path may have been a file before.
            end_all(db, &["file", "decision", "parked"], *parent, name)
        }
        Edit::Inventoried(dir) => {
            let sql = "UPDATE folder SET inventoried = 1 WHERE id = ?1";
            db.prepare_cached(sql)?.execute([dir.0]).map(|_| ())
        }
        Edit::Recompare(id) => {
            let sql = "UPDATE folder SET inventoried = 0 WHERE box_id = ?1 AND inventoried = 1";
            db.prepare_cached(sql)?.execute([id.as_str()]).map(|_| ())
        }
        Edit::Identify(dir, identity) => tree::identify(db, *dir, *identity),
        Edit::Moving(moving) => tree::intend(db, moving),
        Edit::NotMoving(item) => tree::not_moving(db, item),
        Edit::Moved(moved) => tree::moved(db, moved),
        // An intent stays: what is parked may have been decided without asking Box.
        Edit::Park(dir, name, item) => park(db, *dir, name, item),
        Edit::Unpark(dir, name) => end(db, "parked", *dir, name),
        Edit::UnparkBelow(dir) => mirrors::unpark_below(db, *dir),
        Edit::Retry(dir, name) => mirrors::retry(db, *dir, name),
        Edit::RetryBelow(dir) => mirrors::retry_below(db, *dir),
        Edit::Intend(dir, name, intent) => {
            let sql = "INSERT OR REPLACE INTO intent (dir, name, sha1, apart) \
                       VALUES (?1, ?2, ?3, ?4)";
            let (sha1, apart) = (intent.sha1.as_bytes(), intent.apart);
            let values = params![dir.0, name.as_bytes(), sha1, apart];
            db.prepare_cached(sql)?.execute(values).map(|_| ())
        }
        Edit::Decide(dir, name, decision) => decide(db, *dir, name, decision),
        Edit::Undecide(dir, name) => end(db, "decision", *dir, name),
        Edit::OpenSession(dir, name, open) => sessions::put(db, *dir, name, open),
        Edit::EndSession(dir, name, id) => sessions::end(db, *dir, name, id),
        Edit::EndIntent(dir, name) => end(db, "intent", *dir, name),
        Edit::Mark(mark) => deeds::apply(db, mark),
    }
}

fn refresh(
    db: &Savepoint<'_>,
    (dir, name): (FolderKey, &LocalName),
    stamp: &Stamp,
    hashed_at: Nanos,
    provisional: bool,
) -> rusqlite::Result<()> {
    let sql = "UPDATE file SET size = ?3, mtime = ?4, ctime = ?5, inode = ?6, \
               hashed_at = ?7, provisional = ?8, born = ?9 WHERE dir = ?1 AND name = ?2";
    let values = params![
        dir.0,
        name.as_bytes(),
        stamp.size.cast_signed(),
        stamp.mtime.0,
        stamp.ctime.0,
        stamp.inode.cast_signed(),
        hashed_at.0,
        provisional,
        stamp.created.map(|born| born.0),
    ];
    db.prepare_cached(sql)?.execute(values).map(|_| ())
}

fn put_file(
    db: &Savepoint<'_>,
    dir: FolderKey,
    name: &LocalName,
    file: &SyncedFile,
) -> rusqlite::Result<()> {
    let stamp = &file.stamp;
    let sql = "INSERT OR REPLACE INTO file (dir, name, box_id, version, etag, box_name, sha1, \
               size, mtime, ctime, inode, hashed_at, provisional, born) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    let values = params![
        dir.0,
        name.as_bytes(),
        file.id.as_str(),
        file.version.as_ref().map(|id| id.as_str()),
        file.etag.as_ref().map(|etag| etag.as_str()),
        file.name.as_str(),
        file.sha1.as_bytes(),
        stamp.size.cast_signed(),
        stamp.mtime.0,
        stamp.ctime.0,
        stamp.inode.cast_signed(),
        file.hashed_at.0,
        file.provisional,
        stamp.created.map(|born| born.0),
    ];
    db.prepare_cached(sql)?.execute(values).map(|_| ())
}

fn park(
    db: &Savepoint<'_>,
    dir: FolderKey,
    name: &LocalName,
    item: &ParkedItem,
) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO parked \
               (dir, name, code, message, in_the_item, size, mtime, ctime, inode, tried_at, \
               box_id, box_version, since) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, \
               coalesce((SELECT since FROM parked WHERE dir = ?1 AND name = ?2), ?13))";
    let stamp = item.stamp.as_ref();
    let values = params![
        dir.0,
        name.as_bytes(),
        item.code,
        item.message,
        item.in_the_item,
        stamp.map(|stamp| stamp.size.cast_signed()),
        stamp.map(|stamp| stamp.mtime.0),
        stamp.map(|stamp| stamp.ctime.0),
        stamp.map(|stamp| stamp.inode.cast_signed()),
        item.tried_at.0,
        item.obstacle.as_ref().map(|seen| &*seen.id),
        item.obstacle.as_ref().and_then(version),
        crate::clock::nanos().0,
    ];
    db.prepare_cached(sql)?.execute(values).map(|_| ())
}

fn version(seen: &Seen) -> Option<&str> {
    seen.version.as_ref().map(|version| version.as_str())
}

fn decide(
    db: &Savepoint<'_>,
    dir: FolderKey,
    name: &LocalName,
    decision: &Decision,
) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO decision (dir, name, keep, box_id, box_version, sha1) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = params![
        dir.0,
        name.as_bytes(),
        decision.keep.word(),
        &*decision.seen.id,
        version(&decision.seen),
        decision.left.as_ref().map(|sha1| sha1.as_bytes()),
    ];
    db.prepare_cached(sql)?.execute(values).map(|_| ())
}

fn end_all(
    db: &Savepoint<'_>,
    tables: &[&str],
    dir: FolderKey,
    name: &LocalName,
) -> rusqlite::Result<()> {
    tables
        .iter()
        .try_for_each(|table| end(db, table, dir, name))
}

fn end(db: &Savepoint<'_>, table: &str, dir: FolderKey, name: &LocalName) -> rusqlite::Result<()> {
    let sql = format!("DELETE FROM {table} WHERE dir = ?1 AND name = ?2");
    db.prepare_cached(&sql)?
        .execute(params![dir.0, name.as_bytes()])
        .map(|_| ())
}
