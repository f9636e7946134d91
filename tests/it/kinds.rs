//! Entries of every kind, size and depth: mirrored rightly, or named and never opened.

use crate::rig::apart::apart;
use crate::rig::{Rig, sparse};
use rustix::fs::{Mode, OFlags, mkdirat, openat};
use rustix::io::Errno;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;

const MIB: u64 = 1 << 20;

/// Opening a pipe that nobody writes into waits for ever, and so does a device.
#[test]
fn pipes_sockets_and_devices_are_named_and_never_opened() {
    let rig = Rig::new();
    rig.write("plain", "p").shell("mkfifo pipe sub-pipe");
    drop(UnixListener::bind(rig.path("socket")).expect("bound"));
    let mut others = 3;
    // Making a device takes rights that not everybody has.
    let made = std::process::Command::new("mknod")
        .args(["tty", "c", "5", "0"])
        .current_dir(rig.local())
        .output();
    others += u64::from(made.is_ok_and(|made| made.status.success()));
    let service = rig.start();
    service.wait_ok(&rig);
    rig.expect_box(["plain: p"]);
    service.end();
    let run = rig.once_ok();
    run.expect(&[("unchanged", 1), ("excluded", others)]);
    run.expect_event("pipe", "excluded special_file");
    run.expect_event("socket", "excluded special_file");
    rig.expect_counts_add_up(&run);
}

/// A file of the kernel's has no size and content all the same; and what is mounted inside
/// a mirror belongs to it only where nobody said otherwise.
#[test]
fn what_is_mounted_inside_is_mirrored_or_left_out_and_what_the_kernel_makes_up_is_never_torn() {
    let test = "kinds::what_is_mounted_inside_is_mirrored_or_left_out_and_what_the_kernel_makes_up_is_never_torn";
    apart(test, || {
        let rig = Rig::new();
        rig.write("plain", "p")
            .write("version", "")
            .mkdir("disk")
            .mkdir("sub");
        rig.shell("mount -t tmpfs none disk; printf d > disk/f; mkdir disk/deep");
        rig.shell("mount --bind /proc/version version");
        let run = rig.once();
        run.expect_code(1);
        run.expect(&[("uploaded", 2), ("failed", 1)]);
        run.expect_event("version", "failed read_error");
        rig.expect_box(["disk/", "disk/deep/", "disk/f: d", "plain: p", "sub/"]);
        let rig = rig.mirror_key("one_file_system = true");
        rig.write("disk/f", "edited");
        let run = rig.once_ok();
        run.expect(&[("unchanged", 1), ("excluded", 2)]);
        run.expect_event("disk", "excluded other_file_system");
        run.expect_event("version", "excluded other_file_system");
        assert!(rig.has("disk/f", "d"), "what was mirrored stays");
        rig.shell("umount disk version");
    });
}

#[test]
fn every_size_takes_the_right_way_and_arrives_whole() {
    let rig = Rig::new();
    let part = 8 * MIB;
    let sizes = [
        0,
        1,
        20_000_000,
        20 * MIB - 1,
        20 * MIB,
        3 * part - 1,
        3 * part + 1,
        50_000_001,
    ];
    for size in sizes {
        sparse(&rig.path(&size.to_string()), size, 65_537);
    }
    let run = rig.once_ok();
    run.expect(&[("uploaded", sizes.len() as u64)]);
    rig.expect_same_as_disk();
    assert_eq!(rig.calls("post_files_content"), 4, "whole ones");
    assert_eq!(rig.calls("post_files_upload_sessions"), 4, "in parts");
}

/// It takes a moment to ask and hours to read.
#[test]
fn a_file_that_box_does_not_take_is_not_read_for_nothing() {
    let rig = Rig::new();
    let huge = File::create(rig.path("huge")).expect("made");
    if huge.set_len(1 << 40).is_err() {
        return crate::rig::not_run("this file system holds no file of 1 TiB");
    }
    rig.write("small", "s");
    let run = rig.once();
    run.expect_code(1);
    run.expect(&[("uploaded", 1), ("parked", 1)]);
    run.expect_event("huge", "parked file_size_limit_exceeded");
    let rig = rig.mirror_key("max_size = \"1 GiB\"");
    let run = rig.once_ok();
    run.expect(&[("unchanged", 1), ("excluded", 1)]);
    run.expect_event("huge", "excluded too_large");
}

/// Writes a file so many directories of this name deep, one step at a time.
fn inside(rig: &Rig, name: &str, levels: usize, content: &str) {
    let mut dir = OwnedFd::from(File::open(rig.local()).expect("opened"));
    for _ in 0..levels {
        let made = mkdirat(&dir, name, Mode::RWXU);
        assert!(matches!(made, Ok(()) | Err(Errno::EXIST)), "{made:?}");
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        dir = openat(&dir, name, flags, Mode::empty()).expect("it is there");
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC;
    let file = openat(&dir, "f", flags, Mode::RWXU).expect("made");
    File::from(file)
        .write_all(content.as_bytes())
        .expect("written");
}

/// Two hundred levels, and a path that is longer than the system takes at once.
#[test]
fn depth_and_length_of_a_path_are_no_limit() {
    let rig = Rig::new();
    let name = "n".repeat(200);
    inside(&rig, "d", 200, "deep");
    inside(&rig, &name, 25, "long");
    let (deep, long) = ("d/".repeat(200), format!("{name}/").repeat(25));
    assert!(long.len() > 4_096);
    let run = rig.once_ok();
    run.expect(&[("uploaded", 2), ("folders_created", 225)]);
    assert!(rig.has(&format!("{deep}f"), "deep") && rig.has(&format!("{long}f"), "long"));
    let again = rig.once_ok();
    again.expect(&[("unchanged", 2), ("requests", 0)]);
    inside(&rig, "d", 200, "edited");
    rig.once_ok()
        .expect(&[("new_versions", 1), ("unchanged", 1)]);
}

/// Two names of one file are two files on Box, and a change of it is a change of both.
#[test]
fn hard_links_are_files_of_their_own() {
    let rig = Rig::new();
    rig.write("a", "one")
        .mkdir("sub")
        .shell("ln a b; ln a sub/c");
    let run = rig.once_ok();
    run.expect(&[("uploaded", 3)]);
    rig.expect_same_as_disk();
    rig.shell("printf two > b");
    rig.once_ok().expect(&[("new_versions", 3)]);
    rig.expect_box(["a: two", "b: two", "sub/", "sub/c: two"]);
    // A new file in the place of one name is the other names' business no more.
    rig.shell("printf new > t; mv t b");
    rig.once_ok()
        .expect(&[("new_versions", 1), ("unchanged", 2)]);
    rig.expect_box(["a: two", "b: new", "sub/", "sub/c: two"]);
}
