//! What the program is killed in the middle of.

use super::deletes;
use crate::deletes::LATER;
use crate::rig::Rig;

/// Bytes of a part, so that a file just long enough for parts has eleven.
pub(super) const PART: u64 = 2 << 20;

/// A pass that has something to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scenario {
    /// A file goes up, and the state directory is made on the way.
    Start,
    /// A few files go up.
    First,
    /// Some of a few files have changed.
    Version,
    /// A file goes up in parts.
    Chunked,
    /// A version of a file goes up in parts.
    ChunkedVersion,
    /// Directories in directories, with files in them.
    Tree,
    /// Files and directories have moved, some of them in circles.
    Moves,
    /// A directory and single files are gone, and go to the trash.
    Deletes,
}

impl Scenario {
    pub(super) const ALL: [Scenario; 8] = [
        Scenario::Start,
        Scenario::First,
        Scenario::Version,
        Scenario::Chunked,
        Scenario::ChunkedVersion,
        Scenario::Tree,
        Scenario::Moves,
        Scenario::Deletes,
    ];

    /// What it is called in the environment and in reports.
    pub(super) fn name(self) -> &'static str {
        match self {
            Scenario::Start => "start",
            Scenario::First => "first",
            Scenario::Version => "version",
            Scenario::Chunked => "chunked",
            Scenario::ChunkedVersion => "chunked-version",
            Scenario::Tree => "tree",
            Scenario::Moves => "moves",
            Scenario::Deletes => "deletes",
        }
    }

    /// A rig on which one pass does what the scenario is about. But for one of them
    /// there is a mapping already, so that only its own thread writes it and every call
    /// has a number of its own.
    pub(super) fn rig(self) -> Rig {
        let rig = Rig::with(|builder| builder.part_size(PART));
        match self {
            Scenario::Start => {
                rig.write("a.txt", "a");
            }
            Scenario::First => {
                rig.once_ok();
                for name in ["a.txt", "b.txt", "c.txt", "d.txt"] {
                    rig.write(name, format!("{name} one"));
                }
            }
            Scenario::Version => {
                for name in ["a.txt", "b.txt", "c.txt", "same.txt"] {
                    rig.write(name, format!("{name} one"));
                }
                rig.once_ok();
                for name in ["a.txt", "b.txt", "c.txt"] {
                    rig.write(name, format!("{name} two"));
                }
            }
            Scenario::Chunked => {
                rig.once_ok();
                rig.write("large.bin", noise(10 * PART as usize + 1_000));
            }
            Scenario::ChunkedVersion => {
                rig.write("large.bin", "still small").once_ok();
                rig.write("large.bin", noise(10 * PART as usize + 1_000));
            }
            Scenario::Tree => {
                rig.once_ok();
                rig.write("a.txt", "a")
                    .write("d/b.txt", "b")
                    .write("d/e/c.txt", "c")
                    .write("d/e/f/d.txt", "d")
                    .write("g/e.txt", "e")
                    .mkdir("g/empty");
            }
            Scenario::Moves => {
                let files = ["a", "b", "c1", "c2", "p/f", "q/g", "r/h", "d/e/i", "d/j"];
                for name in files {
                    rig.write(name, format!("{name} one"));
                }
                rig.once_ok();
                rig.shell("mv a t; mv b a; mv t b");
                rig.shell("mv c2 c3; mv c1 c2");
                rig.shell("mv p t; mv q p; mv r q; mv t r");
                rig.shell("mkdir n; mv d/e n/k; mv d n/l");
            }
            Scenario::Deletes => return deletes::rig(rig),
        }
        rig
    }

    /// By which clock its pass runs, if not the machine's.
    pub(super) fn clock(self) -> Option<&'static str> {
        (self == Scenario::Deletes).then_some(LATER)
    }

    /// How many versions a file has when all is done, however often it was killed.
    pub(super) fn versions(self, path: &str) -> usize {
        match self {
            Scenario::Version if path != "same.txt" => 2,
            Scenario::ChunkedVersion => 2,
            _ => 1,
        }
    }

    /// How many requests bring the content of a file to Box, and how many of them are
    /// under way at once.
    pub(super) fn transfers(self, path: &str) -> (usize, usize) {
        match self {
            Scenario::Chunked => (11, 4),
            Scenario::ChunkedVersion => (1 + 11, 4),
            _ => (self.versions(path), 1),
        }
    }
}

/// Bytes of which no two parts are the same.
fn noise(length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(1);
    let mut bytes = vec![0; length];
    random.fill(&mut bytes);
    bytes
}
