//! What a dry run tells of moves.

use crate::agent::preview::Preview;
use crate::agent::run::Fatal;
use crate::agent::survey::Dir;
use crate::model::stamp::Stamp;
use crate::plan::action::Report;
use crate::plan::facts::SyncedFile;
use crate::plan::moves::{Item, MoveWork};
use std::sync::Arc;

impl Preview {
    /// Tells of moves; a file that was changed as well would get a version.
    pub(super) fn moves(&mut self, work: MoveWork) -> Result<Option<Report>, Fatal> {
        let context = Arc::clone(&self.context);
        for hop in work.hops {
            if !self.moved.insert(hop.to.clone()) {
                continue;
            }
            self.left.insert(hop.origin.at.clone());
            let mirror = &context.mirrors[hop.to.0];
            let (path, item) = (hop.to.1.clone(), hop.origin.item);
            let reader = context.readers.get()?;
            match &item {
                Item::Folder(key, _) => {
                    let folder = reader.folder(*key)?.filter(|folder| folder.inventoried);
                    let dir = folder.map(|folder| Dir { path, folder });
                    self.visits.extend(dir.map(|dir| (dir, None)));
                }
                Item::File(_) => {
                    let name = std::slice::from_ref(&hop.origin.name);
                    let mapped = reader.some(hop.origin.dir, name)?;
                    let row = mapped.files.get(&hop.origin.name);
                    let found = mirror.open_root().ok();
                    let found = found.and_then(|root| root.open_file(&path).ok());
                    let report = match (found, row) {
                        (Some((_, now)), Some(row)) if !is_as_before(&now, row) => {
                            self.would_send(Some(row.id.clone()), &row.name, now.size)
                        }
                        _ => Report::Unchanged,
                    };
                    self.tell(mirror, path, report);
                }
            }
            self.tell(
                mirror,
                hop.to.1,
                Report::Moved(item, context.named(hop.origin.at)),
            );
        }
        Ok(None)
    }
}

fn is_as_before(now: &Stamp, row: &SyncedFile) -> bool {
    (now.size, now.mtime) == (row.stamp.size, row.stamp.mtime)
}
