//! Other people's hands: changes that reach Box without the client. They are
//! the Colleague's, except for [`BoxEmulator::folder`].

use std::time::Duration;

use crate::BoxEmulator;
use crate::shared::State;
use crate::world::{
    Access, Body, COLLEAGUE, FolderBody, ItemId, Kind, Lock, SERVICE, Times, UserId, key,
};

impl BoxEmulator {
    /// Makes sure that a folder path exists below the service account's root,
    /// as its own doing, and returns the last folder's id.
    pub fn folder(&self, path: &str) -> String {
        self.shared.change(|state| {
            let root = state.world.root(SERVICE);
            let id = folders(state, root, path, SERVICE);
            wire(root, id)
        })
    }

    /// The same below any folder, as the Colleague's doing.
    #[track_caller]
    pub fn make_folder(&self, folder_id: &str, path: &str) -> String {
        let at = self.must(folder_id);
        self.shared.change(|state| {
            let root = state.world.root(SERVICE);
            let id = folders(state, at, path, COLLEAGUE);
            wire(root, id)
        })
    }

    /// Creates a file or adds a version to it; makes folders as needed.
    ///
    /// # Panics
    /// When something else than a file has the name, or the disk is full.
    #[track_caller]
    pub fn put_file(&self, folder_id: &str, path: &str, bytes: &[u8]) -> String {
        let at = self.must(folder_id);
        let blob = self
            .shared
            .spool
            .store(bytes)
            .expect("the spool takes the content");
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let id = self.shared.change(|state| {
            let now = state.now();
            let folder = folders(state, at, above, COLLEAGUE);
            let taken = state.world.child(folder, name);
            match taken.map(|id| (id, state.world.get(id).map(crate::world::Item::kind))) {
                None => Some(state.new_file(folder, name, COLLEAGUE, Times::all(now), blob)),
                Some((id, Some(Kind::File))) => {
                    state.new_version(id, COLLEAGUE, now, blob);
                    if let Some(item) = state.world.get_mut(id) {
                        item.times.content_modified = now;
                    }
                    Some(id)
                }
                Some(_) => None,
            }
        });
        let id = id.unwrap_or_else(|| panic!("'{path}' is not a file"));
        id.to_string()
    }

    /// Adds a web link; it occupies the name.
    #[track_caller]
    pub fn put_web_link(&self, folder_id: &str, name: &str) -> String {
        let at = self.must(folder_id);
        self.must_be_free(at, name, None);
        let id = self.shared.change(|state| {
            let times = Times::all(state.now());
            let body = Body::WebLink("https://example.com/".to_owned());
            state.world.add(at, name, COLLEAGUE, times, body)
        });
        id.to_string()
    }

    /// Renames an item.
    #[track_caller]
    pub fn rename(&self, id: &str, name: &str) {
        let (item, place, _) = self.place_of(id);
        self.must_be_free(place, name, Some(item));
        self.colleague(id, |state, id| state.world.rename(id, name));
    }

    /// Moves an item into another folder.
    #[track_caller]
    pub fn move_to(&self, id: &str, parent: &str) {
        let parent = self.must(parent);
        let (item, _, name) = self.place_of(id);
        self.must_be_free(parent, &name, Some(item));
        self.colleague(id, |state, id| state.world.place(id, parent, &name));
    }

    /// Puts an item into the trash.
    #[track_caller]
    pub fn trash(&self, id: &str) {
        let id = self.must(id);
        self.shared.change(|state| {
            let now = state.now();
            state.world.trash(id, COLLEAGUE, now);
        });
    }

    /// Takes an item out of the trash, to where it was.
    #[track_caller]
    pub fn untrash(&self, id: &str) {
        let (id, place, name) = self.place_of(id);
        self.must_be_free(place, &name, Some(id));
        self.shared.change(|state| {
            let now = state.now();
            state.world.restore(id, COLLEAGUE, now);
        });
    }

    /// Removes an item for good.
    #[track_caller]
    pub fn purge(&self, id: &str) {
        let id = self.must(id);
        self.shared.change(|state| state.world.purge(id));
    }

    /// Changes metadata only: the etag moves, the content stays.
    #[track_caller]
    pub fn touch(&self, id: &str) {
        self.colleague(id, |state, id| {
            if let Some(item) = state.world.get_mut(id) {
                item.description.push('.');
            }
        });
    }

    /// Locks a file.
    #[track_caller]
    pub fn lock(&self, file_id: &str) {
        self.set_lock(file_id, Some(None));
    }

    /// Locks a file until so long from now, by the emulator's clock.
    #[track_caller]
    pub fn lock_for(&self, file_id: &str, time: Duration) {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let end = self.shared.lock().now().saturating_add(seconds);
        self.set_lock(file_id, Some(Some(end)));
    }

    /// Takes the lock away.
    #[track_caller]
    pub fn unlock(&self, file_id: &str) {
        self.set_lock(file_id, None);
    }

    /// A folder owned by the Colleague, with the service account's role on it.
    pub fn foreign_folder(&self, name: &str, access: Access) -> String {
        self.shared.change(|state| {
            let root = state.world.root(COLLEAGUE);
            let id = folders(state, root, name, COLLEAGUE);
            state.world.share(id, SERVICE, access);
            id.to_string()
        })
    }

    /// Changes the service account's role on a folder of the Colleague.
    #[track_caller]
    pub fn set_access(&self, folder_id: &str, access: Access) {
        let id = self.must(folder_id);
        self.shared
            .change(|state| state.world.share(id, SERVICE, access));
    }

    /// `None` takes the lock away, `Some(None)` is one without an end.
    #[track_caller]
    fn set_lock(&self, file_id: &str, lock: Option<Option<i64>>) {
        self.colleague(file_id, |state, id| {
            state.next_lock += 1;
            let lock = lock.map(|expires| Lock {
                id: state.next_lock,
                by: COLLEAGUE,
                at: state.now(),
                expires,
                no_download: false,
            });
            if let Some(Body::File(file)) = state.world.get_mut(id).map(|item| &mut item.body) {
                file.lock = lock;
            }
        });
    }

    /// An item that is not a root, its folder and its name.
    #[track_caller]
    fn place_of(&self, id: &str) -> (ItemId, ItemId, String) {
        let item = self.must(id);
        let state = self.shared.lock();
        let place = state.world.get(item);
        let place = place.and_then(|item| Some((item.parent?, item.name.clone())));
        drop(state);
        let (parent, name) = place.unwrap_or_else(|| panic!("a root stays where it is"));
        (item, parent, name)
    }

    /// Names are unique also for other people.
    #[track_caller]
    fn must_be_free(&self, folder: ItemId, name: &str, except: Option<ItemId>) {
        let taken = self.shared.lock().world.child(folder, name);
        assert!(
            taken.is_none() || taken == except,
            "the name '{name}' is taken there"
        );
    }

    /// A change by the Colleague, which moves the etag.
    #[track_caller]
    fn colleague(&self, id: &str, change: impl FnOnce(&mut State, ItemId)) {
        let id = self.must(id);
        self.shared.change(|state| {
            change(state, id);
            let now = state.now();
            if let Some(item) = state.world.get_mut(id) {
                item.touch(COLLEAGUE, now);
            }
        });
    }
}

fn folders(state: &mut State, from: ItemId, path: &str, by: UserId) -> ItemId {
    let mut at = from;
    for name in path.split('/').filter(|name| !name.is_empty()) {
        at = match state.world.child(at, name) {
            Some(child) => child,
            None => {
                let times = Times::all(state.now());
                let body = Body::Folder(FolderBody::default());
                state.world.add(at, name, by, times, body)
            }
        };
        debug_assert!(
            state
                .world
                .get(at)
                .is_some_and(|item| item.folder().is_some()),
            "'{}' is taken by something that is not a folder",
            key(name)
        );
    }
    at
}

fn wire(root: ItemId, id: ItemId) -> String {
    if id == root {
        "0".to_owned()
    } else {
        id.to_string()
    }
}
