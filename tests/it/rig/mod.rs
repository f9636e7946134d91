//! The rig: a Box, a folder, a configuration, and the program between them.
//!
//! Everything that a finished run owes to whoever reads its output is checked for every
//! run of every test, in [`run`]; everything that the client owes to Box is checked
//! when a [`Rig`] is dropped, in [`manners`].

pub(crate) mod apart;
mod asserts;
mod child;
mod clock;
mod config;
mod disk;
mod display;
pub(crate) mod fuse;
mod lines;
mod manners;
mod middle;
mod nobody;
mod recorder;
mod records;
mod run;
mod scrape;
mod service;
mod sign_in;
mod terminal;
pub(crate) mod tls;
mod visitor;

use box_emulator::{BoxEmulator, Builder};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) use child::{Child, Finished, clean, program, script, signal};
pub(crate) use clock::other_clock;
pub(crate) use config::Config;
pub(crate) use disk::{sha1, sparse};
pub(crate) use display::Display;
pub(crate) use lines::Lines;
pub(crate) use middle::{Act, Cut, Middle, Plot};
pub(crate) use nobody::is_root;
pub(crate) use recorder::Recorder;
pub(crate) use run::Run;
pub(crate) use scrape::{Monitored, told_address};
pub(crate) use service::{Service, ask};
pub(crate) use sign_in::{KeyPair, redirect_uri};
pub(crate) use terminal::{CTRL_C, DOWN, ENTER, Terminal};
pub(crate) use visitor::{Visit, answering, visit};

/// Longer than anything here takes; a test that gets there hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(100);

/// Waits until the condition holds.
#[track_caller]
pub(crate) fn until(what: &str, condition: impl FnMut() -> bool) {
    assert!(holds_within(PATIENCE, condition), "never: {what}");
}

/// Whether the condition holds before the time is over.
pub(crate) fn holds_within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() > end {
            return false;
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// Tells that a test could not do its work here. In CI that is a failure.
#[track_caller]
#[expect(
    clippy::print_stderr,
    reason = "the only way to tell whoever runs the tests"
)]
pub(crate) fn not_run(reason: &str) {
    eprintln!("NOT RUN: {reason}");
    assert!(std::env::var_os("CI").is_none(), "NOT RUN in CI: {reason}");
}

/// Tells a figure to whoever runs the tests with `--nocapture`.
#[expect(clippy::print_stdout, reason = "captured where nobody asked for it")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// A Box with the folder `/Mirror`, and a local directory that goes there.
pub(crate) struct Rig {
    /// The emulated Box.
    pub(crate) cloud: BoxEmulator,
    /// The ID of `/Mirror`.
    pub(crate) folder: String,
    /// What `sync.toml` says.
    pub(crate) config: Config,
    temp: TempDir,
}

impl Rig {
    /// With the emulator's defaults.
    pub(crate) fn new() -> Rig {
        Rig::with(|builder| builder)
    }

    /// With another Box.
    pub(crate) fn with(change: impl FnOnce(Builder) -> Builder) -> Rig {
        let temp = tempfile::Builder::new()
            .prefix("boxup-it-")
            .tempdir()
            .expect("a temporary directory can be made");
        let builder = BoxEmulator::builder().require_content_length(true);
        let cloud = change(builder).start().expect("the emulator starts");
        let folder = cloud.folder("/Mirror");
        let config = Config::new(&cloud, temp.path(), &folder);
        for dir in ["home", "mirror"] {
            std::fs::create_dir(temp.path().join(dir)).expect("a directory can be made");
        }
        let rig = Rig {
            cloud,
            folder,
            config,
            temp,
        };
        rig.config.save();
        rig
    }

    /// Changes the configuration.
    pub(crate) fn configured(mut self, change: impl FnOnce(&mut Config)) -> Rig {
        change(&mut self.config);
        self.config.save();
        self
    }

    /// Adds a key to the first mirror.
    pub(crate) fn mirror_key(self, line: &str) -> Rig {
        self.configured(|config| config.mirrors[0].push(line.to_owned()))
    }

    /// The first mirror goes to a path instead of an ID.
    pub(crate) fn folder_path(self, path: &str) -> Rig {
        self.configured(|config| {
            config.mirrors[0].retain(|line| !line.starts_with("folder_id"));
            config.mirrors[0].push(format!("folder_path = {path:?}"));
        })
    }

    /// The first mirror goes to this folder.
    pub(crate) fn folder_id(self, id: &str) -> Rig {
        self.configured(|config| {
            config.mirrors[0].retain(|line| !line.starts_with("folder_id"));
            config.mirrors[0].push(format!("folder_id = {id:?}"));
        })
    }

    /// Leaves these out.
    pub(crate) fn exclude(self, patterns: &[&str]) -> Rig {
        self.mirror_key(&format!("exclude = {patterns:?}"))
    }

    /// A second mirror beside the first; returns its folder's ID.
    pub(crate) fn add_mirror(&mut self, name: &str) -> String {
        let id = self.cloud.folder(&format!("/{name}"));
        let local = self.temp.path().join(name);
        std::fs::create_dir(&local).expect("a directory can be made");
        self.config.add_mirror(name, &local, &id);
        self.config.save();
        id
    }

    /// The temporary directory.
    pub(crate) fn temp(&self) -> &Path {
        self.temp.path()
    }

    /// The state directory.
    pub(crate) fn state(&self) -> PathBuf {
        self.config.state.clone()
    }

    /// `boxup` with this configuration and more arguments.
    pub(crate) fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = program(self.temp.path());
        command.arg("--config").arg(&self.config.file).args(args);
        command
    }

    /// Runs `boxup` with these arguments to its end.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Finished {
        Child::start(self.command(args)).finish()
    }

    /// One pass.
    #[track_caller]
    pub(crate) fn once(&self) -> Run {
        self.sync(&["--once"])
    }

    /// One pass that must put everything on Box.
    #[track_caller]
    pub(crate) fn once_ok(&self) -> Run {
        let run = self.once();
        assert_eq!(run.code, 0, "{run}");
        run
    }

    /// `boxup sync --json` with more arguments, to its end.
    #[track_caller]
    pub(crate) fn sync(&self, args: &[&str]) -> Run {
        Run::of(self.run(&[&["sync", "--json"], args].concat()))
    }

    /// `boxup sync --once --json`, under way.
    pub(crate) fn begin(&self) -> Child {
        Child::start(self.command(&["sync", "--once", "--json"]))
    }

    /// The service, running.
    #[track_caller]
    pub(crate) fn start(&self) -> Service {
        Service::start(self)
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        // One failure at a time.
        if !std::thread::panicking() {
            manners::check(&self.cloud);
        }
    }
}

/// Does this for every case, several at a time: most of them wait most of the time.
pub(crate) fn each<T: Sync + std::fmt::Debug>(cases: &[T], check: impl Fn(&T) + Sync) {
    side_by_side(cases, 8, check);
}

/// Does this for every case at the same time: all of them do little but wait.
pub(crate) fn each_at_once<T: Sync + std::fmt::Debug>(cases: &[T], check: impl Fn(&T) + Sync) {
    side_by_side(cases, 64, check);
}

fn side_by_side<T: Sync + std::fmt::Debug>(cases: &[T], most: usize, check: impl Fn(&T) + Sync) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..cases.len().min(most) {
            scope.spawn(|| {
                while let Some(case) =
                    cases.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                {
                    let done =
                        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(case)));
                    assert!(done.is_ok(), "this case failed: {case:?}");
                }
            });
        }
    });
}
