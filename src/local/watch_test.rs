//! The watcher against a real file system: whoever follows its hints misses nothing.

use crate::local::descent::Descent;
use crate::local::hash::hash;
use crate::local::root::Root;
use crate::local::rules::Rules;
use crate::local::scan::{list, look};
use crate::local::test_rig::{Rig, rel, rules};
use crate::local::watch::Watcher;
use crate::model::path::RelPath;
use crate::model::stamp::{Nanos, Tolerated};
use crate::plan::debounce::{Hint, What};
use crate::plan::facts::LocalKind;
use crate::plan::sight::Mode;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(30);

/// Follows hints as the agent does, and remembers the files it has seen.
struct Follower {
    root: Arc<Root>,
    rules: Arc<Rules>,
    watcher: Watcher,
    hints: Receiver<Hint>,
    got: Vec<What>,
    files: BTreeSet<RelPath>,
}

impl Follower {
    fn new(rig: &Rig, patterns: &[&str], room: usize) -> Self {
        let (sender, hints) = channel(room);
        let (root, rules) = (Arc::clone(&rig.root), rules(patterns));
        let (own, also) = (Arc::clone(&root), Arc::clone(&rules));
        Self {
            root,
            rules,
            watcher: Watcher::start(0, own, also, Mode::Auto, sender).unwrap(),
            hints,
            got: Vec::new(),
            files: BTreeSet::new(),
        }
    }

    /// Follows hints until `done`; what is waited for must come in time.
    async fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let follow = async {
            while !done(self) {
                let hint = self.hints.recv().await.unwrap();
                self.follow(hint.what);
            }
        };
        let in_time = timeout(LONG, follow).await.is_ok();
        assert!(in_time, "{what} did not happen: {} files", self.files.len());
    }

    /// Writes a file and waits until hints have led to it.
    async fn reach(&mut self, mark: &str) {
        fs::write(self.root.path().join(mark), "x").unwrap();
        let path = rel(mark);
        self.until(mark, |this| this.files.contains(&path)).await;
    }

    fn follow(&mut self, what: What) {
        match &what {
            What::Everything => self.walk(&RelPath::root()),
            What::Tree(dir) => self.walk(dir),
            What::Path(path) => {
                let (dir, name) = path.split().unwrap();
                let mut descent = Descent::new(Arc::clone(&self.rules));
                let level = descent.level(&self.root, &dir);
                let found = level.and_then(|level| look(&self.root, &dir, &[name], level));
                let is_file = |kind: &LocalKind| matches!(kind, LocalKind::File(_));
                if found.is_ok_and(|found| found.iter().any(|entry| is_file(&entry.kind))) {
                    self.files.insert(path.clone());
                }
            }
        }
        self.got.push(what);
    }

    fn walk(&mut self, dir: &RelPath) {
        let mut descent = Descent::new(Arc::clone(&self.rules));
        let level = descent.level(&self.root, dir);
        let found = level.and_then(|level| list(&self.root, dir, level));
        for entry in found.unwrap_or_default() {
            let path = dir.join(&entry.name);
            match entry.kind {
                LocalKind::File(_) => drop(self.files.insert(path)),
                LocalKind::Directory(_) => self.walk(&path),
                LocalKind::Excluded(_) | LocalKind::Unreadable(_) => {}
            }
        }
    }

    fn hinted_below(&self, dir: &str) -> bool {
        let within = |what: &What| match what {
            What::Everything => true,
            What::Tree(path) | What::Path(path) => path.is_within(&rel(dir)) && *path != rel(dir),
        };
        self.got.iter().any(within)
    }
}

fn fill(dir: &Path, levels: usize, files: usize) {
    let mut dir = dir.to_path_buf();
    for _ in 0..levels {
        dir.push("level");
        fs::create_dir_all(&dir).unwrap();
        for file in 0..files {
            fs::write(dir.join(format!("{file}")), "x").unwrap();
        }
    }
}

#[tokio::test]
async fn no_file_in_new_nested_directories_is_lost() {
    let rig = Rig::in_memory();
    let mut follower = Follower::new(&rig, &[], 100_000);
    for round in 1..=10 {
        let top = rig.path(&format!("round{round}"));
        let writer = std::thread::spawn(move || fill(&top, 5, 1_000));
        let all = round * 5 * 1_000;
        let seen = |this: &Follower| this.files.len() == all;
        follower.until("seeing every file", seen).await;
        writer.join().unwrap();
    }
    assert!(!follower.got.contains(&What::Everything));
    assert_eq!(follower.watcher.unwatched(), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn a_filled_tree_that_is_moved_in_or_within_is_seen_and_watched() {
    let elsewhere = Rig::new();
    fill(&elsewhere.path("tree"), 3, 10);
    let rig = Rig::new();
    let mut follower = Follower::new(&rig, &[], 1_000);
    fs::rename(elsewhere.path("tree"), rig.path("here")).unwrap();
    let seen = |this: &Follower| this.files.len() == 30;
    follower.until("seeing the tree", seen).await;
    follower.reach("here/level/level/mark").await;
    fs::rename(rig.path("here"), rig.path("there")).unwrap();
    let moved = rel("there/level/level/level/9");
    let seen = |this: &Follower| this.files.contains(&moved);
    follower.until("seeing it moved", seen).await;
    follower.reach("there/level/level/mark").await;
}

#[tokio::test]
async fn directories_that_come_and_go_stay_watched() {
    let rig = Rig::new();
    let mut follower = Follower::new(&rig, &[], 10_000);
    for _ in 0..50 {
        fill(&rig.path("d"), 2, 1);
        fs::rename(rig.path("d"), rig.path("e")).unwrap();
        fill(&rig.path("d"), 1, 1);
        fs::remove_dir_all(rig.path("e")).unwrap();
        fs::remove_dir_all(rig.path("d")).unwrap();
    }
    fill(&rig.path("d"), 2, 1);
    let last = rel("d/level/level/0");
    let seen = |this: &Follower| this.files.contains(&last);
    follower.until("seeing the last one", seen).await;
    follower.reach("d/level/level/mark").await;
}

#[tokio::test]
async fn every_way_to_save_a_file_hints_at_its_final_name() {
    let rig = Rig::new().file("doc", "old");
    let path = |name: &str| rig.path(name);
    let dances: [&dyn Fn(); 4] = [
        &|| fs::write(path("doc"), "in place").unwrap(),
        &|| {
            fs::write(path(".doc.tmp"), "replaced").unwrap();
            fs::rename(path(".doc.tmp"), path("doc")).unwrap();
        },
        &|| {
            fs::rename(path("doc"), path("doc~")).unwrap();
            fs::write(path("doc"), "after a backup").unwrap();
        },
        &|| {
            fs::write(path("swap"), "exchanged").unwrap();
            let (cwd, flags) = (rustix::fs::CWD, rustix::fs::RenameFlags::EXCHANGE);
            rustix::fs::renameat_with(cwd, path("swap"), cwd, path("doc"), flags).unwrap();
        },
    ];
    for (number, dance) in dances.iter().enumerate() {
        let mut follower = Follower::new(&rig, &[], 1_000);
        dance();
        follower.reach("mark").await;
        let hint = What::Path(rel("doc"));
        assert!(follower.got.contains(&hint), "{number}: {:?}", follower.got);
    }
}

#[tokio::test]
async fn what_is_excluded_or_behind_a_link_is_not_watched() {
    let outside = Rig::new().file("f", "x");
    let rig = Rig::new().file("build/deep/f", "x").file("in/f", "x");
    symlink(outside.root.path(), rig.path("link")).unwrap();
    let mut follower = Follower::new(&rig, &["build/", "*.tmp"], 1_000);
    fs::write(rig.path("build/f"), "x").unwrap();
    fs::write(rig.path("build/deep/f"), "x").unwrap();
    fs::write(rig.path("in/x.tmp"), "x").unwrap();
    fs::write(outside.path("f"), "changed").unwrap();
    fs::create_dir_all(rig.path("new/build/deep")).unwrap();
    follower.reach("in/mark").await;
    fs::write(rig.path("new/build/deep/f"), "x").unwrap();
    follower.reach("in/mark2").await;
    for dir in ["build", "link", "new/build"] {
        assert!(!follower.hinted_below(dir), "{dir}: {:?}", follower.got);
    }
    assert!(!follower.got.contains(&What::Path(rel("in/x.tmp"))));
}

#[tokio::test]
async fn our_own_reading_makes_no_hints() {
    let rig = Rig::new().file("d/f", "x");
    let mut follower = Follower::new(&rig, &[], 1_000);
    hash(&rig.root, &rel("d/f"), Nanos(0), Tolerated::Nothing).unwrap();
    follower.walk(&RelPath::root());
    follower.reach("mark").await;
    assert!(!follower.hinted_below("d"), "{:?}", follower.got);
}

#[tokio::test]
async fn hints_that_find_no_room_become_everything() {
    let rig = Rig::new();
    let mut follower = Follower::new(&rig, &[], 1);
    fill(rig.root.path(), 2, 100);
    let all = |this: &Follower| this.files.len() == 200 && this.got.contains(&What::Everything);
    follower.until("seeing everything", all).await;
}

#[tokio::test]
async fn a_root_that_goes_away_is_told() {
    let rig = Rig::new();
    let away = rig.root.path().with_extension("away");
    let mut follower = Follower::new(&rig, &[], 10);
    fs::rename(rig.root.path(), &away).unwrap();
    let told = |this: &Follower| this.got.contains(&What::Everything);
    follower.until("the hint", told).await;
    assert!(follower.watcher.is_blind());
    fs::rename(&away, rig.root.path()).unwrap();
}

#[tokio::test]
async fn nothing_goes_on_after_the_watcher_is_dropped() {
    let rig = Rig::new();
    let Follower {
        watcher, mut hints, ..
    } = Follower::new(&rig, &[], 10);
    drop(watcher);
    // The only senders were the watcher's threads.
    assert_eq!(hints.recv().await, None);
}
