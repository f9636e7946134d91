//! One entry, examined with its time of birth.

use crate::model::identity::Identity;
use crate::model::path::LocalName;
use crate::model::stamp::{Nanos, Stamp};
use rustix::fs::FileType;
use rustix::io::Errno;
use std::os::fd::BorrowedFd;

/// What an entry is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Examined {
    /// Its type.
    pub(crate) kind: FileType,
    /// Which object it is.
    pub(crate) identity: Identity,
    /// Its state.
    pub(crate) stamp: Stamp,
}

/// Examines an entry of an open directory; a link is not followed.
///
/// # Errors
/// The system's.
#[cfg(target_os = "linux")]
pub(crate) fn examine(dir: BorrowedFd<'_>, name: &LocalName) -> Result<Examined, Errno> {
    use rustix::fs::{AtFlags, StatxFlags, makedev, statx};
    let fields = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
    let found = match statx(dir, name.as_os(), AtFlags::SYMLINK_NOFOLLOW, fields) {
        Ok(found) => found,
        Err(Errno::NOSYS) => return plain(dir, name),
        Err(errno) => return Err(errno),
    };
    let time = |at: rustix::fs::StatxTimestamp| Nanos::new(at.tv_sec, i64::from(at.tv_nsec));
    let is_told = StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::BTIME);
    let born = Some(time(found.stx_btime)).filter(|born| is_told && born.0 > 0);
    Ok(Examined {
        kind: FileType::from_raw_mode(found.stx_mode.into()),
        identity: Identity {
            device: makedev(found.stx_dev_major, found.stx_dev_minor),
            inode: found.stx_ino,
            born,
        },
        stamp: Stamp {
            size: found.stx_size,
            mtime: time(found.stx_mtime),
            ctime: time(found.stx_ctime),
            inode: found.stx_ino,
            created: born,
        },
    })
}

/// Examines an entry of an open directory; a link is not followed.
///
/// # Errors
/// The system's.
#[cfg(not(target_os = "linux"))]
pub(crate) fn examine(dir: BorrowedFd<'_>, name: &LocalName) -> Result<Examined, Errno> {
    plain(dir, name)
}

/// As [`examine`], where only the older call is to be had.
#[expect(
    clippy::useless_conversion,
    reason = "the fields' types differ between systems"
)]
fn plain(dir: BorrowedFd<'_>, name: &LocalName) -> Result<Examined, Errno> {
    use rustix::fs::{AtFlags, statat};
    let stat = statat(dir, name.as_os(), AtFlags::SYMLINK_NOFOLLOW)?;
    #[cfg(target_os = "macos")]
    let born = Some(Nanos::new(
        stat.st_birthtime,
        i64::from(stat.st_birthtime_nsec),
    ));
    #[cfg(not(target_os = "macos"))]
    let born = None;
    let mut stamp = super::scan::stamp(&stat);
    stamp.created = born;
    Ok(Examined {
        kind: FileType::from_raw_mode(stat.st_mode),
        identity: Identity {
            device: stat.st_dev as u64,
            inode: stat.st_ino.into(),
            born,
        },
        stamp,
    })
}
