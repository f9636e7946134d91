//! What the program is killed in the middle of.

use crate::rig::Rig;

/// A pass that has something to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scenario {
    /// A file goes up, and the state directory is made on the way.
    Start,
    /// A few files go up.
    First,
    /// Some of a few files have changed.
    Version,
    /// Directories in directories, with files in them.
    Tree,
}

impl Scenario {
    pub(super) const ALL: [Scenario; 4] = [
        Scenario::Start,
        Scenario::First,
        Scenario::Version,
        Scenario::Tree,
    ];

    /// What it is called in the environment and in reports.
    pub(super) fn name(self) -> &'static str {
        match self {
            Scenario::Start => "start",
            Scenario::First => "first",
            Scenario::Version => "version",
            Scenario::Tree => "tree",
        }
    }

    /// A rig on which one pass does what the scenario is about. But for one of them
    /// there is a mapping already, so that only its own thread writes it and every call
    /// has a number of its own.
    pub(super) fn rig(self) -> Rig {
        let rig = Rig::new();
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
            Scenario::Tree => {
                rig.once_ok();
                rig.write("a.txt", "a")
                    .write("d/b.txt", "b")
                    .write("d/e/c.txt", "c")
                    .write("d/e/f/d.txt", "d")
                    .write("g/e.txt", "e")
                    .mkdir("g/empty");
            }
        }
        rig
    }

    /// How many versions a file has when all is done, however often it was killed.
    pub(super) fn versions(self, path: &str) -> usize {
        match self {
            Scenario::Version if path != "same.txt" => 2,
            Scenario::Start | Scenario::First | Scenario::Version | Scenario::Tree => 1,
        }
    }
}
