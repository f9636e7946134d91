//! What is mounted where, as `/proc/self/mountinfo` tells. Pure.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// A mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    /// The device's number, as the system writes it.
    pub(crate) device: String,
    /// Which directory of the file system is mounted.
    pub(crate) top: PathBuf,
    /// Where.
    pub(crate) at: PathBuf,
    /// The kind of file system: `ext4`, `nfs4`, `fuse.sshfs`.
    pub(crate) kind: String,
}

/// All mounts, in the order in which they were made. Empty where nobody tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mounts(Vec<Mount>);

/// A directory by the file system that it lies on, however it was reached: two paths that
/// a bind mount makes of one directory have one spot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    device: String,
    path: PathBuf,
}

impl Spot {
    /// Whether one of the two contains the other, or both are the same.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.device == other.device
            && (self.path.starts_with(&other.path) || other.path.starts_with(&self.path))
    }
}

impl Mounts {
    /// Reads the file's content; lines of another form are passed over.
    pub(crate) fn parse(text: &[u8]) -> Self {
        Self(
            text.split(|byte| *byte == b'\n')
                .filter_map(mount)
                .collect(),
        )
    }

    /// The mount that a path without links lies on.
    pub(crate) fn holding(&self, path: &Path) -> Option<&Mount> {
        let around = self.0.iter().filter(|mount| path.starts_with(&mount.at));
        // Of several at one place the last hides the others, and `max_by_key` takes it.
        around.max_by_key(|mount| mount.at.components().count())
    }

    /// What is mounted somewhere below a path without links.
    pub(crate) fn below<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = &'a Mount> {
        let is_below = move |mount: &&Mount| mount.at != path && mount.at.starts_with(path);
        self.0.iter().filter(is_below)
    }

    /// The spots that a directory, given by a path without links, reaches: its own, and
    /// those of what is mounted below it.
    pub(crate) fn spots(&self, path: &Path) -> Vec<Spot> {
        let own = self.holding(path).and_then(|mount| {
            Some(Spot {
                device: mount.device.clone(),
                path: mount.top.join(path.strip_prefix(&mount.at).ok()?),
            })
        });
        let inner = self.below(path).map(|mount| Spot {
            device: mount.device.clone(),
            path: mount.top.clone(),
        });
        own.into_iter().chain(inner).collect()
    }
}

/// Whether the system tells of every change on a file system of this kind. What another
/// machine, or the program behind a FUSE file system, changes goes untold. The disks of
/// `fuseblk` are this machine's own.
pub(crate) fn tells_of_changes(kind: &str) -> bool {
    const SILENT: [&str; 22] = [
        "9p",
        "acfs",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "fuse",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "orangefs",
        "prl_fs",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
    ];
    let family = kind.split('.').next().unwrap_or(kind);
    !SILENT.contains(&family) && kind != "vmhgfs"
}

/// `36 35 98:0 /top /at options… - kind source options`
fn mount(line: &[u8]) -> Option<Mount> {
    let mut words = line.split(|byte| *byte == b' ');
    let device = words.nth(2)?;
    let (top, at) = (words.next()?, words.next()?);
    let kind = words.skip_while(|word| *word != b"-").nth(1)?;
    let text = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
    Some(Mount {
        device: text(device),
        top: path(top),
        at: path(at),
        kind: text(kind),
    })
}

/// Space, tab, line feed and backslash are written as three octal digits.
fn path(word: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((first, after)) = rest.split_first() {
        let octal = after.get(..3).filter(|_| *first == b'\\');
        let octal = octal.and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::{Mounts, tells_of_changes};
    use std::path::Path;

    const TEXT: &str = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /home rw - nfs4 server:/home rw
31 30 0:41 / /home/anna/cloud rw master:2 - fuse.rclone rclone rw
32 22 8:1 /srv/data /mnt/a\\040b rw - ext4 /dev/sda1 rw
33 22 8:2 / /over rw - xfs /dev/sdb rw
34 33 8:3 / /over rw - btrfs /dev/sdc rw
broken
";

    fn mounts() -> Mounts {
        Mounts::parse(TEXT.as_bytes())
    }

    #[test]
    fn a_path_lies_on_the_innermost_and_last_mount() {
        for (path, kind) in [
            ("/", "ext4"),
            ("/homes", "ext4"),
            ("/home/anna", "nfs4"),
            ("/home/anna/cloud/x", "fuse.rclone"),
            ("/mnt/a b/c", "ext4"),
            ("/over/x", "btrfs"),
        ] {
            let mounts = mounts();
            let found = mounts.holding(Path::new(path));
            assert_eq!(found.map(|mount| mount.kind.as_str()), Some(kind), "{path}");
        }
        assert_eq!(Mounts::default().holding(Path::new("/")), None);
        let (mounts, home) = (mounts(), Path::new("/home"));
        let below: Vec<_> = mounts.below(home).map(|mount| &mount.kind).collect();
        assert_eq!(below, ["fuse.rclone"]);
    }

    #[test]
    fn a_bind_mount_makes_no_second_directory() {
        let mounts = mounts();
        let overlap = |a: &str, b: &str| {
            let (a, b) = (mounts.spots(Path::new(a)), mounts.spots(Path::new(b)));
            a.iter().any(|a| b.iter().any(|b| a.overlaps(b)))
        };
        for (a, b, expected) in [
            ("/srv/data", "/mnt/a b", true),
            ("/srv/data/x", "/mnt/a b/x/y", true),
            ("/srv", "/mnt/a b/x", true),
            ("/srv/data/x", "/mnt/a b/y", false),
            ("/srv/database", "/mnt/a b", false),
            // What is mounted within a root belongs to it.
            ("/mnt", "/srv/data/x", true),
            ("/mnt", "/srv/other", false),
            ("/home/anna", "/home/anna/cloud/x", true),
            ("/home/anna", "/over", false),
        ] {
            assert_eq!(overlap(a, b), expected, "{a} {b}");
            assert_eq!(overlap(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn what_others_change_is_told_by_local_disks_only() {
        for kind in [
            "ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "fuseblk", "vfat",
        ] {
            assert!(tells_of_changes(kind), "{kind}");
        }
        for kind in [
            "nfs4",
            "cifs",
            "smb3",
            "fuse",
            "fuse.sshfs",
            "9p",
            "virtiofs",
            "ceph",
        ] {
            assert!(!tells_of_changes(kind), "{kind}");
        }
    }
}
