//! Which places of a root lie on file systems that the system does not tell everything
//! about.

use crate::local::root::Root;
use crate::model::mounts::{Mounts, tells_of_changes};
use crate::model::path::RelPath;
use crate::plan::sight::Mode;

/// All mounts; none where the system does not list them.
pub(crate) fn all() -> Mounts {
    std::fs::read("/proc/self/mountinfo").map_or_else(|_| Mounts::default(), |t| Mounts::parse(&t))
}

/// What lies below a root, and on what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ground {
    /// The root's file system, if it is one of which not everything is told.
    pub(crate) silent: Option<String>,
    /// What is mounted below the root: where, the device, and the kind.
    inner: Vec<(RelPath, String, String)>,
    /// Whether every file system is taken for one of which everything is told.
    trusts: bool,
}

impl Ground {
    /// As the mounts are.
    pub(crate) fn of(root: &Root, mounts: &Mounts, mode: Mode) -> Self {
        let trusts = mode == Mode::Native;
        let path = root.real_path();
        let of_root = mounts.holding(&path).map(|mount| mount.kind.clone());
        let inner = mounts.below(&path).filter_map(|mount| {
            let place = RelPath::below(&path, &mount.at)?;
            Some((place, mount.device.clone(), mount.kind.clone()))
        });
        Self {
            silent: of_root.filter(|kind| !trusts && !tells_of_changes(kind)),
            inner: inner.collect(),
            trusts,
        }
    }

    /// The silent file system that is mounted here, below the root.
    pub(crate) fn silent_at(&self, place: &RelPath) -> Option<&str> {
        let mut here = self.inner.iter().filter(|(at, ..)| at == place);
        let (_, _, kind) = here.next_back()?;
        (!self.trusts && !tells_of_changes(kind)).then_some(kind.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Ground;
    use crate::local::test_rig::{Rig, rel};
    use crate::model::mounts::Mounts;
    use crate::plan::sight::Mode;

    #[test]
    fn a_root_and_what_is_mounted_in_it_are_told_apart() {
        let rig = Rig::new().dir("net").dir("disk");
        let real = rig.root.real_path();
        let at = real.display();
        let text = format!(
            "1 0 8:1 / / rw - ext4 a rw\n2 1 0:50 / {at}/net rw - nfs4 b rw\n3 1 8:2 / {at}/disk \
             rw - xfs c rw\n"
        );
        let ground = Ground::of(&rig.root, &Mounts::parse(text.as_bytes()), Mode::Auto);
        assert_eq!(ground.silent, None);
        assert_eq!(ground.silent_at(&rel("net")), Some("nfs4"));
        assert_eq!(ground.silent_at(&rel("disk")), None);
        assert_eq!(ground.silent_at(&rel("other")), None);
        let silent = text.replace("ext4", "fuse.sshfs");
        let ground = Ground::of(&rig.root, &Mounts::parse(silent.as_bytes()), Mode::Auto);
        assert_eq!(ground.silent.as_deref(), Some("fuse.sshfs"));
        let ground = Ground::of(&rig.root, &Mounts::parse(silent.as_bytes()), Mode::Native);
        assert_eq!(
            (ground.silent.as_deref(), ground.silent_at(&rel("net"))),
            (None, None)
        );
    }
}
