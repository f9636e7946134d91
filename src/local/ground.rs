//! Which directory lies at a path, and whether something is mounted there.

use crate::local::error::Error;
use crate::local::root::Root;
use crate::model::ground::Ground;
use crate::model::identity::Identity;
use crate::model::path::RelPath;
use crate::model::stamp::Nanos;
use rustix::fs::{fstat, fstatvfs};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd};

/// A directory as it is found now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// Which one it is. The file system's ID is told of roots and mount points only.
    pub(crate) ground: Ground,
    /// Whether something is mounted there.
    pub(crate) is_mount: bool,
}

/// Looks at a directory at or below the root.
pub(crate) fn look(root: &Root, dir: &RelPath) -> Result<Found, Error> {
    let fd = root.open_dir(dir)?;
    let failed = |errno| Error::of_directory(&root.on_disk(dir), errno);
    let (identity, is_mount) = examine(fd.as_fd(), root).map_err(failed)?;
    let fs = match is_mount || dir.is_root() {
        true => fstatvfs(&fd).map_err(failed)?.f_fsid,
        false => 0,
    };
    let ground = Ground { identity, fs };
    Ok(Found { ground, is_mount })
}

#[cfg(target_os = "linux")]
fn examine(fd: BorrowedFd<'_>, root: &Root) -> Result<(Identity, bool), Errno> {
    use rustix::fs::{AtFlags, StatxAttributes, StatxFlags, makedev, statx};
    let fields = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
    let found = match statx(fd, "", AtFlags::EMPTY_PATH, fields) {
        Ok(found) => found,
        Err(Errno::NOSYS) => return plain(fd, root),
        Err(errno) => return Err(errno),
    };
    let is_told = StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::BTIME);
    let born = Nanos::new(found.stx_btime.tv_sec, i64::from(found.stx_btime.tv_nsec));
    let identity = Identity {
        device: makedev(found.stx_dev_major, found.stx_dev_minor),
        inode: found.stx_ino,
        born: Some(born).filter(|born| is_told && born.0 > 0),
    };
    let mount = StatxAttributes::MOUNT_ROOT;
    let is_mount = match found.stx_attributes_mask.contains(mount) {
        true => found.stx_attributes.contains(mount),
        false => identity.device != root.identity().0,
    };
    Ok((identity, is_mount))
}

#[cfg(not(target_os = "linux"))]
fn examine(fd: BorrowedFd<'_>, root: &Root) -> Result<(Identity, bool), Errno> {
    plain(fd, root)
}

/// As [`examine`], where only the older call is to be had.
#[expect(
    clippy::useless_conversion,
    reason = "the fields' types differ between systems"
)]
fn plain(fd: BorrowedFd<'_>, root: &Root) -> Result<(Identity, bool), Errno> {
    let stat = fstat(fd)?;
    #[cfg(target_os = "macos")]
    let born = Some(Nanos::new(
        stat.st_birthtime,
        i64::from(stat.st_birthtime_nsec),
    ));
    #[cfg(not(target_os = "macos"))]
    let born = None;
    let identity = Identity {
        device: stat.st_dev as u64,
        inode: stat.st_ino.into(),
        born,
    };
    Ok((identity, identity.device != root.identity().0))
}

#[cfg(test)]
mod tests {
    use super::look;
    use crate::local::test_rig::{Rig, rel};

    #[test]
    fn a_directory_is_itself_and_no_mount() {
        let rig = Rig::new().dir("a/b");
        let (root, inner) = (look(&rig.root, &rel(".")), look(&rig.root, &rel("a/b")));
        let (root, inner) = (root.unwrap(), inner.unwrap());
        assert!(!inner.is_mount);
        assert!(!inner.ground.is_same(&root.ground));
        assert!(
            look(&rig.root, &rel("a/b"))
                .unwrap()
                .ground
                .is_same(&inner.ground)
        );
        assert!(look(&rig.root, &rel("a/c")).is_err());
    }
}
