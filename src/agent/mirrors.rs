//! Saying what a change of the configuration's mirrors will lead to, before it does.

use crate::agent::context::{Context, Mirror};
use crate::agent::notice::{Notice, Sink};
use crate::config::Config;
use crate::local::descent::Descent;
use crate::local::scan;
use crate::model::path::RelPath;
use crate::plan::announce::{Announcement, Extent, Known, after, announcements};
use crate::plan::facts::LocalKind;
use crate::store::error::Error as StoreError;
use crate::store::writer::Writer;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Counting takes this long at most. It is for information; the pass counts for itself.
const PATIENCE: Duration = Duration::from_secs(3);

/// Announces what has changed since the last time; with a writer, for the last time.
pub(crate) async fn announce(
    config: &Config,
    context: &Arc<Context>,
    writer: Option<&Writer>,
    sink: &mut Sink,
) -> Result<(), StoreError> {
    let wanted: Vec<_> = config.mirrors.iter().map(known).collect();
    let told = context.readers.get()?.told()?;
    let mut said = announcements(&told, &wanted, &config.names);
    for announcement in &mut said {
        count(context, announcement).await;
    }
    for announcement in said {
        sink(Notice::Mirror(announcement));
    }
    let mut now = after(&told, &wanted, &config.names);
    now.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    match writer {
        Some(writer) if now != told => writer.put_told(now).await,
        _ => Ok(()),
    }
}

fn known(mirror: &crate::config::Mirror) -> Known {
    Known {
        name: mirror.name.clone(),
        target: mirror.target.key(),
        local: Some(mirror.local.clone()),
    }
}

/// Counts what will be compared.
async fn count(context: &Arc<Context>, announcement: &mut Announcement) {
    if !announcement.change.compares() {
        return;
    }
    let (context, name) = (Arc::clone(context), announcement.mirror.name.clone());
    let counting = tokio::task::spawn_blocking(move || {
        let mirror = context.mirrors.iter().find(|mirror| mirror.name == name);
        mirror.and_then(|mirror| entries(mirror, Instant::now() + PATIENCE))
    });
    // A disk that hangs does not look at the clock.
    let counted = tokio::time::timeout(PATIENCE * 2, counting).await;
    announcement.extent = counted.ok().and_then(Result::ok).flatten();
}

/// What there is, `None` where the directory cannot be looked into: the pass tells why.
fn entries(mirror: &Mirror, end: Instant) -> Option<Extent> {
    let mut extent = Extent::default();
    let root = mirror.open_root().ok()?;
    let mut descent = Descent::new(Arc::clone(&mirror.rules));
    let mut stack = vec![RelPath::root()];
    while let Some(dir) = stack.pop() {
        let level = descent.level(&root, &dir);
        let found = level.and_then(|level| scan::list(&root, &dir, level));
        if dir.is_root() && found.is_err() {
            return None;
        }
        for entry in found.unwrap_or_default() {
            match entry.kind {
                LocalKind::Excluded(_) => continue,
                LocalKind::Directory(_) => stack.push(dir.join(&entry.name)),
                _ => {}
            }
            extent.entries += 1;
        }
        if Instant::now() > end {
            extent.is_cut = true;
            break;
        }
    }
    Some(extent)
}
