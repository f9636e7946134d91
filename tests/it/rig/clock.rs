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
