//! Disks that come and go below a mirror: nothing is deleted for that, nothing is sent
//! over it, and it goes on by itself.

use crate::deletes::{deletes, pass};
use crate::rig::apart::apart;
use crate::rig::{Rig, Run, not_run};
use std::path::Path;
use std::process::Command;

const LATER: &str = "+2m";
const LATER_STILL: &str = "+4m";

/// A mirror whose deletes count as much as they can.
fn rig() -> Rig {
    Rig::new()
        .mirror_key("on_local_delete = \"trash\"")
        .mirror_key("max_deletes = \"100%\"")
}

#[track_caller]
fn mount(args: &[&str], path: &Path) {
    let done = Command::new("mount").args(args).arg(path).status();
    assert!(
        done.is_ok_and(|status| status.success()),
        "mount {args:?} {path:?}"
    );
}

#[track_caller]
fn umount(path: &Path) {
    let done = Command::new("umount").arg("-l").arg(path).status();
    assert!(done.is_ok_and(|status| status.success()), "umount {path:?}");
}

/// A directory beside the mirror, mounted at a path in it.
#[track_caller]
fn bind(rig: &Rig, disk: &str, path: &str) {
    let disk = rig.temp().join(disk);
    std::fs::create_dir_all(&disk).expect("made");
    std::fs::create_dir_all(rig.path(path)).expect("made");
    let disk = disk.to_str().expect("it is text");
    mount(&["--bind", disk], &rig.path(path));
}

fn halted(run: &Run) -> &str {
    run.summary["halted"][0]["reason"]
        .as_str()
        .unwrap_or_default()
}

/// Passes that must delete nothing, by clocks that are minutes apart.
#[track_caller]
fn passes(rig: &Rig, check: impl Fn(&Run)) -> bool {
    for clock in ["+0s", LATER, LATER_STILL] {
        let Some(run) = pass(rig, clock) else {
            return false;
        };
        check(&run);
        assert_eq!(deletes(rig), 0, "{run}");
    }
    true
}

#[test]
fn a_root_whose_disk_is_not_mounted_halts_and_goes_on_when_it_is() {
    apart(
        "mounts::a_root_whose_disk_is_not_mounted_halts_and_goes_on_when_it_is",
        || {
            let rig = rig();
            bind(&rig, "disk", "");
            rig.write("a.txt", "a").write("sub/b.txt", "b").once_ok();
            let rows = rig.rows();
            umount(&rig.local());
            let told = passes(&rig, |run| {
                run.expect_code(3);
                assert_eq!(halted(run), "root_replaced", "{run}");
            });
            if !told {
                return;
            }
            assert_eq!(rig.rows(), rows);
            bind(&rig, "disk", "");
            rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
            umount(&rig.local());
        },
    );
}

#[test]
fn another_disk_at_the_same_place_halts_until_it_is_approved() {
    apart(
        "mounts::another_disk_at_the_same_place_halts_until_it_is_approved",
        || {
            let rig = rig();
            mount(&["-t", "tmpfs", "first"], &rig.local());
            rig.write("a.txt", "a").write("b.txt", "b").once_ok();
            mount(&["-t", "tmpfs", "second"], &rig.local());
            rig.write("a.txt", "another");
            let told = passes(&rig, |run| {
                run.expect_code(3);
                assert_eq!(halted(run), "root_replaced", "{run}");
            });
            assert!(rig.has("a.txt", "a"), "nothing was sent over it");
            if told {
                umount(&rig.local());
                rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
                mount(&["-t", "tmpfs", "third"], &rig.local());
                rig.write("a.txt", "third").once().expect_code(3);
                let approved = rig.run(&["approve", "mirror"]);
                assert!(
                    approved.stdout.contains("the local directory"),
                    "{approved:?}"
                );
                rig.once_ok().expect(&[("new_versions", 1)]);
                assert!(rig.has("a.txt", "third") && rig.has("b.txt", "b"));
            }
            umount(&rig.local());
        },
    );
}

#[test]
fn a_lost_inner_mount_is_an_error_and_goes_on_when_it_is_back() {
    apart(
        "mounts::a_lost_inner_mount_is_an_error_and_goes_on_when_it_is_back",
        || {
            let rig = rig();
            rig.write("a.txt", "a");
            bind(&rig, "disk", "in/disk");
            rig.write("in/disk/b.txt", "b")
                .write("in/disk/sub/c.txt", "c")
                .once_ok();
            rig.once_ok().expect(&[("unchanged", 3), ("requests", 0)]);
            umount(&rig.path("in/disk"));
            // What is written behind it is not sent either.
            rig.write("in/disk/b.txt", "behind");
            let told = passes(&rig, |run| {
                run.expect_code(1)
                    .expect(&[("unchanged", 1), ("failed", 1)]);
                run.expect_event("in/disk", "failed hidden");
            });
            if told {
                rig.remove("in");
                passes(&rig, |run| {
                    run.expect_code(1);
                    run.expect_event("in", "failed hidden");
                });
            }
            assert!(rig.has("in/disk/b.txt", "b") && rig.has("in/disk/sub/c.txt", "c"));
            bind(&rig, "disk", "in/disk");
            rig.once_ok().expect(&[("unchanged", 3)]);
            umount(&rig.path("in/disk"));
        },
    );
}

#[test]
fn what_is_mounted_over_mapped_files_hides_them() {
    apart(
        "mounts::what_is_mounted_over_mapped_files_hides_them",
        || {
            let rig = rig();
            rig.write("a.txt", "a")
                .write("sub/b.txt", "b")
                .write("sub/c.txt", "c")
                .once_ok();
            mount(&["-t", "tmpfs", "over"], &rig.path("sub"));
            rig.write("sub/b.txt", "over it");
            passes(&rig, |run| {
                run.expect_code(1)
                    .expect(&[("unchanged", 1), ("failed", 1)]);
                run.expect_event("sub", "failed hidden");
            });
            assert!(rig.has("sub/b.txt", "b"));
            umount(&rig.path("sub"));
            rig.once_ok().expect(&[("unchanged", 3), ("requests", 0)]);
        },
    );
}

#[test]
fn a_service_notices_a_lost_mount_and_goes_on_when_it_is_back() {
    apart(
        "mounts::a_service_notices_a_lost_mount_and_goes_on_when_it_is_back",
        || {
            let rig = rig();
            bind(&rig, "disk", "");
            rig.write("a.txt", "a");
            let service = rig.start();
            service.wait_ok(&rig);
            umount(&rig.local());
            let (code, answer) = service.wait(&rig);
            assert_eq!(code, 3, "{answer}");
            bind(&rig, "disk", "");
            service.wait_ok(&rig);
            rig.write("b.txt", "b");
            service.wait_ok(&rig);
            rig.expect_box(["a.txt: a", "b.txt: b"]);
            assert_eq!(deletes(&rig), 0);
            service.end();
            umount(&rig.local());
        },
    );
}

/// What a file system does that its disk has left: everything that is not in memory is
/// `EIO`.
const DIE: &str = "import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))";

#[test]
fn a_disk_that_dies_deletes_nothing() {
    apart("mounts::a_disk_that_dies_deletes_nothing", || {
        let rig = rig();
        let image = rig.temp().join("image");
        std::fs::File::create(&image)
            .and_then(|file| file.set_len(32 << 20))
            .expect("made");
        let made = Command::new("mkfs.ext4").arg("-q").arg(&image).status();
        let mounted = Command::new("mount")
            .args(["-o", "loop"])
            .arg(&image)
            .arg(rig.local())
            .status();
        let is_there = [made, mounted]
            .iter()
            .all(|done| done.as_ref().is_ok_and(|s| s.success()));
        if !is_there {
            not_run("there is no mkfs.ext4, or no loop device");
            return;
        }
        for number in 0..50 {
            rig.write(&format!("{number}/in/a.txt"), format!("{number}"));
        }
        let before = rig.once().count("uploaded");
        let died = Command::new("python3")
            .args(["-c", DIE])
            .arg(rig.local())
            .status();
        if died.is_ok_and(|died| died.success()) {
            passes(&rig, |run| assert_eq!(run.count("uploaded"), 0, "{run}"));
        } else {
            not_run("there is no python3, or the file system cannot be shut down");
        }
        assert_eq!((before, rig.row_count("absent")), (50, 0));
        umount(&rig.local());
    });
}
