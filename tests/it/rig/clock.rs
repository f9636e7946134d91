//! The program under another clock, by libfaketime: wrong, or in a hurry.

use super::{Rig, not_run};
use std::path::PathBuf;
use std::process::Command;

impl Rig {
    /// `boxup` whose clock says this: `-10y`, `@2001-01-01 00:00:00`, or `+0 x60` for one
    /// that makes an hour of a minute, timeouts included. `None` where there is no
    /// libfaketime.
    pub(crate) fn command_at(&self, clock: &str, args: &[&str]) -> Option<Command> {
        let mut command = self.command(args);
        command.envs(other_clock(clock)?);
        Some(command)
    }
}

/// A clock that is set while the program runs; the one that waiting is done by goes on evenly.
pub(crate) struct Settable(PathBuf);

impl Settable {
    /// From now on the clock is so much ahead of the machine's: `+1h`, `-3650d`.
    #[track_caller]
    pub(crate) fn set(&self, ahead: &str) {
        let next = self.0.with_extension("new");
        std::fs::write(&next, ahead).expect("written");
        std::fs::rename(&next, &self.0).expect("renamed");
    }
}

impl Rig {
    /// `boxup` with a clock that can be set.
    pub(crate) fn command_and_clock(&self, args: &[&str]) -> Option<(Command, Settable)> {
        let clock = Settable(self.temp().join("clock"));
        clock.set("+0");
        let [preload, _] = other_clock("+0")?;
        let mut command = self.command(args);
        command
            .env(preload.0, preload.1)
            .env("FAKETIME_TIMESTAMP_FILE", &clock.0)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        Some((command, clock))
    }
}

/// The variables that make a program see another clock.
pub(crate) fn other_clock(clock: &str) -> Option<[(&'static str, String); 2]> {
    let Some(library) = library() else {
        not_run("there is no libfaketime (Debian: faketime)");
        return None;
    };
    let library = library.to_string_lossy().into_owned();
    Some([("LD_PRELOAD", library), ("FAKETIME", clock.to_owned())])
}

/// Where Debian puts it, for whatever machine this is.
fn library() -> Option<PathBuf> {
    let dirs = std::fs::read_dir("/usr/lib").ok()?.flatten();
    let all = dirs.map(|dir| dir.path().join("faketime/libfaketimeMT.so.1"));
    all.into_iter().find(|file| file.exists())
}
