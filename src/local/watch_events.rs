//! What an event of the `notify` crate means for where to look. Pure.

use crate::model::path::RelPath;
use notify::event::{CreateKind, ModifyKind, RemoveKind, RenameMode};
use notify::{Event, EventKind};
use std::path::Path;

/// What an event means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Events are missing.
    Lost,
    /// The root was removed, renamed or unmounted.
    RootGone,
    /// Something changed, who knows where.
    Doubt,
    /// Something is new under this name; if a directory, with all that is in it.
    Arrived(RelPath),
    /// The times or permissions of this entry changed.
    Mode(RelPath),
    /// This entry changed.
    Touched(RelPath),
}

/// What an event below the directory `root` means.
pub(super) fn meanings(root: &Path, event: notify::Result<Event>) -> Vec<Meaning> {
    let event = match event {
        Ok(event) => event,
        Err(error) => {
            tracing::debug!(?root, %error, "the watcher reports an error");
            return vec![Meaning::Lost];
        }
    };
    // First, because it comes without any path.
    if event.need_rescan() {
        return vec![Meaning::Lost];
    }
    if event.paths.is_empty() {
        return vec![Meaning::Doubt];
    }
    let paths = event.paths.iter();
    paths.map(|path| one(root, path, event.kind)).collect()
}

fn one(root: &Path, path: &Path, kind: EventKind) -> Meaning {
    match RelPath::below(root, path) {
        None => Meaning::Doubt,
        Some(path) if path.is_root() => of_root(kind),
        Some(path) => of_entry(path, kind),
    }
}

fn of_root(kind: EventKind) -> Meaning {
    match kind {
        EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => Meaning::RootGone,
        EventKind::Any
        | EventKind::Other
        | EventKind::Access(_)
        | EventKind::Create(_)
        | EventKind::Modify(_) => Meaning::Doubt,
    }
}

fn of_entry(path: RelPath, kind: EventKind) -> Meaning {
    match kind {
        EventKind::Create(CreateKind::File)
        | EventKind::Modify(ModifyKind::Name(RenameMode::From) | ModifyKind::Data(_))
        | EventKind::Access(_)
        | EventKind::Remove(RemoveKind::File | RemoveKind::Folder) => Meaning::Touched(path),
        EventKind::Modify(ModifyKind::Metadata(_)) => Meaning::Mode(path),
        // What was mounted here went away, and what it hid came back; or the kind is
        // not known, and it may be a directory that we do not watch yet.
        EventKind::Remove(RemoveKind::Any | RemoveKind::Other)
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Any
        | EventKind::Other => Meaning::Arrived(path),
    }
}

#[cfg(test)]
mod tests {
    use super::{Meaning, meanings};
    use crate::local::test_rig::rel;
    use notify::event::{CreateKind, DataChange, Flag, ModifyKind, RemoveKind, RenameMode};
    use notify::{Event, EventKind};
    use std::path::Path;

    fn check(kind: EventKind, paths: &[&str], expected: Meaning) {
        let add = |event: Event, path: &&str| event.add_path(Path::new("/r").join(path));
        let event = paths.iter().fold(Event::new(kind), add);
        let got = meanings(Path::new("/r"), Ok(event));
        assert_eq!(got, [expected], "{kind:?}");
    }

    #[test]
    fn each_kind_of_event_leads_to_the_right_place() {
        let arrived = || Meaning::Arrived(rel("a/b"));
        let touched = || Meaning::Touched(rel("a/b"));
        let name = |mode| EventKind::Modify(ModifyKind::Name(mode));
        let data = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        let removed = EventKind::Remove(RemoveKind::Folder);
        check(EventKind::Create(CreateKind::Folder), &["a/b"], arrived());
        check(EventKind::Create(CreateKind::File), &["a/b"], touched());
        check(name(RenameMode::From), &["a/b"], touched());
        check(name(RenameMode::To), &["a/b"], arrived());
        check(data, &["a/b"], touched());
        check(removed, &["a/b"], touched());
        check(removed, &[""], Meaning::RootGone);
        check(name(RenameMode::From), &[""], Meaning::RootGone);
        check(EventKind::Any, &["a/b"], arrived());
        check(data, &["/elsewhere"], Meaning::Doubt);
    }

    #[test]
    fn what_comes_without_a_path_is_never_dropped() {
        check(EventKind::Any, &[], Meaning::Doubt);
        let overflow = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert_eq!(meanings(Path::new("/r"), Ok(overflow)), [Meaning::Lost]);
        let error = notify::Error::generic("read failed");
        assert_eq!(meanings(Path::new("/r"), Err(error)), [Meaning::Lost]);
    }
}
