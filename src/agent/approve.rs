//! `boxup approve`: a person has seen why a mirror stands still, and means it.

use crate::agent::context::{Context, Mirror};
use crate::agent::run::{Fatal, Parts};
use crate::agent::trash::Trash;
use crate::config::Config;
use crate::local::ground;
use crate::local::root::Root;
use crate::plan::absence::Mark;
use crate::plan::action::Edit;
use crate::plan::clearance::Clearance;
use crate::store::Store;
use crate::store::error::Error as StoreError;
use crate::store::last;
use crate::store::lock::Role;
use serde_json::{Value, json};
use std::sync::Arc;

/// What there was to approve, and what the mapping must be told.
pub(crate) struct Approval {
    edits: Vec<Edit>,
    /// Files that may go to the trash now, and directories without any.
    deletes: u64,
    /// How many of them are directories.
    hollow: u64,
    /// The root is another directory, or a mount point in it is.
    grounds: Vec<String>,
    /// Deleting is tried again although there was no trash.
    trash: bool,
}

impl Approval {
    /// Looks at why the mirror stands still. Reads the disk, which may hang.
    fn of(context: &Context, mirror: &Mirror) -> Result<Self, StoreError> {
        let reader = context.readers.get()?;
        let mut approval = Self {
            edits: Vec::new(),
            deletes: 0,
            hollow: 0,
            grounds: Vec::new(),
            trash: false,
        };
        let Some(top) = reader.root(&mirror.name, &mirror.target_key())? else {
            return Ok(approval);
        };
        for (dir, name, _, absent) in reader.absent_below(top.key)? {
            if absent.clearance != Clearance::Shown {
                continue;
            }
            let files = match reader.child_folder(dir, &name)? {
                Some(folder) => reader.files_below(folder.key)?,
                None => 1,
            };
            approval.deletes += files.max(1);
            approval.hollow += u64::from(files == 0);
            // One by one: more may be shown while this is read.
            approval.add(Mark::Approved(dir, name));
        }
        if reader.is_trashless(top.key)? {
            approval.trash = true;
            if let Ok(mut trash) = mirror.trash.try_lock() {
                *trash = Trash::Unknown;
            }
            approval.add(Mark::Trashless(top.key, false));
        }
        // A directory that cannot be opened is not approved of: nothing is there.
        if let Ok(root) = Root::open(&mirror.local) {
            for (path, (folder, known)) in reader.grounds(top.key)? {
                let found = ground::look(&root, &path);
                if found.is_ok_and(|found| !known.is_same(&found.ground)) {
                    approval.grounds.push(path.to_string());
                    approval.add(Mark::NewGround(folder));
                    if path.is_root() {
                        mirror.set_ground(None);
                        // What lies in another root is another root's.
                        break;
                    }
                }
            }
        }
        Ok(approval)
    }

    fn add(&mut self, mark: Mark) {
        self.edits.push(Edit::Mark(mark));
    }

    /// For the control socket and for programs.
    fn value(&self) -> Value {
        let is_nothing = self.deletes == 0 && self.grounds.is_empty() && !self.trash;
        json!({
            "result": if is_nothing { "nothing" } else { "approved" },
            "deletes": self.deletes,
            "delete_folders": self.hollow,
            "directories": self.grounds,
            "trash": self.trash,
        })
    }
}

/// Approves of what holds a mirror up, and says what that was.
pub(crate) async fn record(
    context: &Arc<Context>,
    store: &Store,
    number: usize,
) -> Result<Value, StoreError> {
    let shared = Arc::clone(context);
    let look = move || Approval::of(&shared, &shared.mirrors[number]);
    let looked = tokio::task::spawn_blocking(look).await;
    let mut approval = looked.map_err(|_| StoreError::Closed)??;
    let edits = std::mem::take(&mut approval.edits);
    store.writer().apply(edits).await?;
    Ok(approval.value())
}

/// Approves where no service runs; the next pass acts on it. `None`: there is no such
/// mirror.
pub(crate) async fn alone(config: &Config, name: &str) -> Result<Option<Value>, Fatal> {
    let parts = Parts::open(config, Role::Command)?;
    let context = parts.context();
    let number = context.number_of(name);
    let told = match number {
        None => None,
        Some(number) => {
            let told = record(&context, parts.store(), number).await?;
            last::forgive(&config.state_dir, name);
            Some(told)
        }
    };
    drop(context);
    parts.close().await;
    Ok(told)
}
