//! What cannot or should not go to Box: named with its reason, counted once.

use crate::rig::{Child, Rig, Run};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

#[test]
fn links_pipes_and_odd_names_are_named_and_the_counts_add_up() {
    let rig = Rig::new();
    rig.write("plain.txt", "plain").write("sub/x", "x");
    rig.shell("mkfifo pipe");
    symlink("plain.txt", rig.path("link")).expect("linked");
    symlink("sub", rig.path("dirlink")).expect("linked");
    symlink("nowhere", rig.path("sub/dangling")).expect("linked");
    drop(UnixListener::bind(rig.path("sub/socket")).expect("bound"));
    rig.write("back\\slash", "b").write("new\nline", "n");
    rig.write("trailing ", "t");
    let not_text = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    std::fs::write(rig.local().join(not_text), "?").expect("written");
    let run = rig.once();
    run.expect_code(1);
    run.expect(&[("uploaded", 2), ("excluded", 5), ("parked", 4)]);
    rig.expect_counts_add_up(&run);
    for (path, expected) in [
        ("pipe", "excluded special_file"),
        ("link", "excluded symbolic_link"),
        ("dirlink", "excluded symbolic_link"),
        ("sub/dangling", "excluded symbolic_link"),
        ("sub/socket", "excluded special_file"),
        ("back\\slash", "parked name_invalid"),
        ("trailing ", "parked name_invalid"),
        ("new\nline", "parked name_invalid"),
        ("\\xff\\xfe", "parked name_invalid"),
    ] {
        run.expect_event(path, expected);
    }
    rig.expect_box(["plain.txt: plain", "sub/", "sub/x: x"]);
    // Nothing is asked of Box for what cannot go there.
    rig.cloud.clear_requests();
    let again = rig.once();
    again.expect_code(1);
    again.expect(&[("unchanged", 2), ("excluded", 5), ("parked", 4)]);
    assert_eq!(rig.cloud.total_requests(), 0, "{again}");
}

#[test]
fn only_links_and_excluded_files_is_all_on_box() {
    let rig = Rig::new().exclude(&["*.tmp"]);
    rig.write("a.txt", "a").write("b.tmp", "b");
    symlink("a.txt", rig.path("link")).expect("linked");
    let run = rig.once_ok();
    run.expect(&[("uploaded", 1), ("excluded", 2)]);
}

#[test]
fn excluded_files_stay_at_home_and_a_pruned_directory_counts_once() {
    let rig = Rig::new().exclude(&["*.tmp", "cache/", "/only-here", "!keep.tmp"]);
    for path in [
        "a.tmp",
        "keep.tmp",
        "sub/b.tmp",
        "sub/c.txt",
        "cache/1",
        "cache/2",
        "sub/cache/3",
        "only-here",
        "sub/only-here",
    ] {
        rig.write(path, path);
    }
    let run = rig.once_ok();
    run.expect(&[("uploaded", 3), ("excluded", 5)]);
    run.expect_event("cache", "excluded rule");
    run.expect_event("sub/cache", "excluded rule");
    rig.expect_box([
        "keep.tmp: keep.tmp",
        "sub/",
        "sub/c.txt: sub/c.txt",
        "sub/only-here: sub/only-here",
    ]);
}

#[test]
fn a_rule_added_later_removes_nothing_from_box() {
    let rig = Rig::new();
    rig.write("a.txt", "a").write("b.tmp", "b");
    rig.once_ok();
    let rig = rig.exclude(&["*.tmp"]);
    rig.write("b.tmp", "changed");
    let run = rig.once_ok();
    run.expect(&[("unchanged", 1), ("excluded", 1)]);
    rig.expect_box(["a.txt: a", "b.tmp: b"]);
}

#[test]
fn a_file_and_a_directory_that_cannot_be_read_fail_alone() {
    let rig = Rig::new();
    rig.write("good.txt", "good")
        .write("secret.txt", "secret")
        .write("closed/inside.txt", "inside")
        .write("sub/good.txt", "good too");
    let Some(command) = rig.command_as_nobody(&["sync", "--once", "--json"]) else {
        return;
    };
    let mode = |path: &str, mode| {
        std::fs::set_permissions(rig.path(path), PermissionsExt::from_mode(mode)).expect("set");
    };
    mode("secret.txt", 0o000);
    mode("closed", 0o000);
    let run = Run::of(Child::start(command).finish());
    run.expect_code(1);
    run.expect(&[("uploaded", 2), ("failed", 2)]);
    run.expect_event("secret.txt", "failed read_error");
    // Its folder is made before anybody looks into it.
    let is_closed = |event: &&serde_json::Value| event["path"] == "closed";
    let closed = run.events.iter().rfind(is_closed);
    let closed = closed.expect("it was told");
    assert_eq!(closed["reason"], "read_error", "{closed}");
    assert!(
        closed["message"].to_string().contains("ermission"),
        "{closed}"
    );
    assert!(rig.has("good.txt", "good") && rig.has("sub/good.txt", "good too"));
    mode("secret.txt", 0o644);
    mode("closed", 0o755);
    let command = rig.command_as_nobody(&["sync", "--once", "--json"]);
    let run = Run::of(Child::start(command.expect("it worked before")).finish());
    run.expect_code(0);
    run.expect(&[("uploaded", 2), ("unchanged", 2)]);
    rig.expect_same_as_disk();
}

#[test]
fn a_mapped_directory_that_became_unreadable_is_no_empty_directory() {
    let rig = Rig::new();
    rig.write("sub/a.txt", "a").write("b.txt", "b");
    let sync = ["sync", "--once", "--json"];
    let Some(command) = rig.command_as_nobody(&sync) else {
        return;
    };
    Run::of(Child::start(command).finish()).expect_code(0);
    let rows = rig.row_count("file");
    std::fs::set_permissions(rig.path("sub"), PermissionsExt::from_mode(0o000)).expect("set");
    let command = rig.command_as_nobody(&sync).expect("it worked before");
    let run = Run::of(Child::start(command).finish());
    std::fs::set_permissions(rig.path("sub"), PermissionsExt::from_mode(0o755)).expect("set");
    run.expect_code(1);
    run.expect(&[("unchanged", 1), ("failed", 1)]);
    assert_eq!(rig.row_count("file"), rows);
    rig.expect_same_as_disk();
}
