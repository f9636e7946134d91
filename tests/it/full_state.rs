//! No room for the state: the disk that it is on is full, has no inodes left, takes no files
//! that long, or is read-only. Nothing is sent that cannot be recorded, and when there is
//! room the next run goes on.

use crate::rig::apart::apart;
use crate::rig::{Child, Finished, Rig, Run};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const FILES: usize = 200;

fn many(rig: &Rig) {
    for number in 0..FILES {
        let name = format!("{number:03} {}", "x".repeat(100));
        rig.write(&format!("dir{}/{name}", number % 7), format!("{number}"));
    }
}

#[track_caller]
fn mount(args: &[&str], dir: &Path) {
    let mounted = Command::new("mount").args(args).arg(dir).status();
    assert!(
        mounted.is_ok_and(|status| status.success()),
        "mount {args:?}"
    );
}

/// The state directory, on a disk of its own of so much.
fn small(rig: &Rig, size: &str) {
    std::fs::create_dir_all(rig.state()).expect("made");
    mount(
        &["-t", "tmpfs", "-o", &format!("mode=700,{size}"), "tmpfs"],
        &rig.state(),
    );
}

fn grow(rig: &Rig) {
    mount(&["-o", "remount,size=64m,nr_inodes=1k"], &rig.state());
}

fn unmount(rig: &Rig) {
    let done = Command::new("umount").arg("-l").arg(rig.state()).status();
    assert!(done.is_ok_and(|status| status.success()));
}

/// Whatever was done is recorded or in doubt; a run with room completes it, and nothing is
/// on Box twice.
#[track_caller]
fn is_made_good(rig: &Rig, files: usize) {
    rig.once_ok();
    rig.expect_same_as_disk();
    let tree = rig.cloud.tree(&rig.folder);
    for entry in tree.iter().filter(|entry| entry.sha1.is_some()) {
        assert_eq!(entry.versions, 1, "{}", entry.path);
    }
    rig.once_ok()
        .expect(&[("unchanged", files as u64), ("requests", 0)]);
}

#[track_caller]
fn says_so(finished: &Finished, words: &[&str]) {
    let Finished {
        code,
        stdout,
        stderr,
    } = finished;
    let said = format!("{stdout}{stderr}");
    assert_eq!(*code, 74, "{said}");
    assert!(!said.contains("panicked"), "{said}");
    assert!(words.iter().any(|words| said.contains(words)), "{said}");
}

#[test]
fn a_full_disk_ends_the_run_and_the_next_one_goes_on() {
    apart(
        "full_state::a_full_disk_ends_the_run_and_the_next_one_goes_on",
        || {
            let mut ended = 0;
            for kib in [8, 40, 72, 100, 132, 164, 200, 260] {
                let rig = Rig::new();
                many(&rig);
                small(&rig, &format!("size={kib}k"));
                let finished = rig.run(&["sync", "--once", "--json"]);
                if finished.code != 0 {
                    ended += 1;
                    says_so(&finished, &["is full", "No space left"]);
                }
                grow(&rig);
                is_made_good(&rig, FILES);
                unmount(&rig);
            }
            assert!(ended >= 4, "most of these disks are too small: {ended}");
        },
    );
}

#[test]
fn the_service_ends_with_that_and_goes_on_when_it_is_started_again() {
    let name = "full_state::the_service_ends_with_that_and_goes_on_when_it_is_started_again";
    apart(name, || {
        let rig = Rig::new();
        small(&rig, "size=400k");
        rig.write("first", "first");
        let service = rig.start();
        service.wait_ok(&rig);
        many(&rig);
        let run: Run = service.finish();
        assert_eq!(run.code, 74, "{run}");
        grow(&rig);
        is_made_good(&rig, FILES + 1);
        unmount(&rig);
    });
}

/// A service manager starts it again and again.
#[test]
fn that_is_told_once_however_often_it_is_started_and_so_is_its_end() {
    let name = "full_state::that_is_told_once_however_often_it_is_started_and_so_is_its_end";
    apart(name, || {
        let rig = Rig::new().configured(|config| {
            config.notify = [
                "command = \"echo $BOXUP_EVENT $BOXUP_REASON >> told\"",
                "for = \"0s\"",
                "min_interval = \"0s\"",
            ]
            .map(str::to_owned)
            .to_vec();
        });
        small(&rig, "size=2m");
        rig.write("first", "first");
        let service = rig.start();
        service.wait_ok(&rig);
        let fill = rig.state().join("fill");
        let filled = std::fs::write(&fill, vec![0; 4 << 20]);
        assert!(filled.is_err(), "it has room for more");
        many(&rig);
        assert_eq!(service.finish().code, 74);
        for _ in 0..3 {
            says_so(&rig.run(&["sync"]), &["is full", "No space left"]);
        }
        says_so(&rig.run(&["sync", "--once"]), &["is full", "No space left"]);
        let told = || std::fs::read_to_string(rig.temp().join("told")).expect("told");
        assert_eq!(told(), "halted state\n");
        let status = rig.run(&["status"]).stdout;
        assert!(status.contains("disk is full"), "{status}");
        std::fs::remove_file(&fill).expect("removed");
        grow(&rig);
        is_made_good(&rig, FILES + 1);
        assert_eq!(told(), "halted state\nrecovered state\n");
        unmount(&rig);
    });
}

#[test]
fn a_disk_without_inodes_ends_the_run_and_the_next_one_goes_on() {
    let name = "full_state::a_disk_without_inodes_ends_the_run_and_the_next_one_goes_on";
    apart(name, || {
        for inodes in 2..7 {
            let rig = Rig::new();
            many(&rig);
            small(&rig, &format!("size=64m,nr_inodes={inodes}"));
            let finished = rig.run(&["sync", "--once", "--json"]);
            let said = format!("{}{}", finished.stdout, finished.stderr);
            assert!([0, 74, 77].contains(&finished.code), "{inodes}: {said}");
            assert!(!said.contains("panicked"), "{said}");
            grow(&rig);
            is_made_good(&rig, FILES);
            unmount(&rig);
        }
    });
}

/// `ulimit -f`, whose signal the program that starts boxup has turned off.
#[test]
fn files_that_may_not_grow_end_the_run_and_the_next_one_goes_on() {
    for blocks in [1, 64, 200] {
        let rig = Rig::new();
        many(&rig);
        let boxup = rig.command(&["sync", "--once", "--json"]);
        let mut shell = crate::rig::clean(Command::new("sh"), rig.temp());
        let line = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        shell.args(["-c", &line, "sh"]).arg(boxup.get_program());
        shell.args(boxup.get_args());
        let finished = Child::start(shell).finish();
        says_so(&finished, &["is full", "File too large"]);
        is_made_good(&rig, FILES);
    }
}

#[test]
fn a_state_that_cannot_be_written_is_refused_before_anything_is_sent() {
    type Close = fn(&Path);
    let ways: [(&str, Close, Close); 2] = [
        (
            "the directory",
            |state| mode(state, 0o500),
            |state| mode(state, 0o700),
        ),
        (
            "the database",
            |state| mode(&state.join("boxup.db"), 0o400),
            |state| mode(&state.join("boxup.db"), 0o600),
        ),
    ];
    for (what, close, open) in ways {
        let rig = Rig::new();
        rig.write("a.txt", "one").once_ok();
        rig.write("a.txt", "two").write("b.txt", "b");
        let Some(command) = rig.command_as_nobody(&["sync", "--once", "--json"]) else {
            return;
        };
        close(&rig.state());
        let writes = rig.writes();
        let finished = Child::start(command).finish();
        open(&rig.state());
        let said = format!("{}{}", finished.stdout, finished.stderr);
        assert!([74, 77].contains(&finished.code), "{what}: {said}");
        assert!(!said.contains("panicked"), "{said}");
        assert_eq!(rig.writes(), writes, "{what}: something was sent: {said}");
        rig.once_ok();
        rig.expect_versions("a.txt", &["one", "two"])
            .expect_same_as_disk();
    }
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
}
