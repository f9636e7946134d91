//! Running the program as somebody who may not read everything.

use super::{Rig, not_run};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Nobody's user and group.
const NOBODY: u32 = 65_534;

impl Rig {
    /// `boxup` as a user that permissions bind: this one, or nobody if this one is root,
    /// who then owns everything of this test. `None` where that cannot be had.
    pub(crate) fn command_as_nobody(&self, args: &[&str]) -> Option<Command> {
        if !is_root() {
            return Some(self.command(args));
        }
        // The build directory may be closed to nobody.
        let program = self.temp().join("boxup");
        let original = Path::new(env!("CARGO_BIN_EXE_boxup"));
        if !program.exists() {
            std::fs::copy(original, &program).expect("the program can be copied");
        }
        give_away(self.temp());
        let mut command = super::child::clean(Command::new(program), self.temp());
        command.uid(NOBODY).gid(NOBODY);
        command.arg("--config").arg(&self.config.file).args(args);
        let mut probe = super::child::clean(Command::new("true"), self.temp());
        if probe.uid(NOBODY).gid(NOBODY).status().is_err() {
            not_run("this root may not become another user");
            return None;
        }
        Some(command)
    }
}

/// Whether this is root, to whom no permission is refused.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|found| found.uid() == 0)
}

fn give_away(path: &Path) {
    chown_one(path);
    let is_dir = std::fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
    if is_dir {
        for entry in std::fs::read_dir(path).expect("root may list it") {
            give_away(&entry.expect("root may list it").path());
        }
    }
}

fn chown_one(path: &Path) {
    let is_link = std::fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    if !is_link {
        chown(path, Some(NOBODY), Some(NOBODY)).expect("root may give it away");
    }
}
