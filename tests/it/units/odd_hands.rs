//! Installing where something is in the way: nothing is left half done, and all is told.

use super::{configured_home, home, where_it_says, with_systemctl};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What systemctl says in a container, or after `su`.
const NO_BUS: &str = "echo 'Failed to connect to bus: No medium found' >&2; exit 1";

const INSTALL: &[&str] = &["service", "install", "--user"];
const UNINSTALL: &[&str] = &["service", "uninstall", "--user"];
const STATUS: &[&str] = &["service", "status", "--user"];

fn units(temp: &Path) -> PathBuf {
    temp.join("home/.config/systemd/user")
}

/// All files where units are, with their text.
fn files(temp: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut dirs = vec![units(temp)];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            match entry.path().is_dir() {
                true => dirs.push(entry.path()),
                false => {
                    let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
                    found.insert(entry.path(), text);
                }
            }
        }
    }
    found
}

#[test]
fn an_install_that_cannot_be_finished_is_taken_back() {
    let temp = home();
    configured_home(temp.path());
    for says in [
        NO_BUS,
        "case \"$*\" in *enable*) echo 'Access denied' >&2; exit 1 ;; esac",
    ] {
        let (refused, _) = where_it_says(temp.path(), says, INSTALL);
        assert_eq!(
            (refused.code, refused.stdout.as_str()),
            (74, ""),
            "{refused:?}"
        );
        assert!(
            refused.stderr.contains("Nothing was installed"),
            "{refused:?}"
        );
        assert_eq!(files(temp.path()), BTreeMap::new());
        // And so there is nothing to remove.
        let (gone, _) = where_it_says(temp.path(), says, UNINSTALL);
        assert_eq!(gone.code, 0, "{gone:?}");
        assert_eq!(gone.stdout, "nothing was installed\n");
    }
    // What was there before is there again, and no timer.
    with_systemctl(temp.path(), INSTALL);
    let before = files(temp.path());
    assert_eq!(before.len(), 1);
    let timed = [INSTALL, &["--timer", "daily"]].concat();
    let (refused, _) = where_it_says(temp.path(), NO_BUS, &timed);
    assert_eq!(refused.code, 74, "{refused:?}");
    assert_eq!(files(temp.path()), before);
}

#[test]
fn removing_needs_nobody_to_be_asked_and_tells_what_it_could_not_do() {
    let temp = home();
    with_systemctl(temp.path(), INSTALL);
    let wants = units(temp.path()).join("default.target.wants");
    std::fs::create_dir(&wants).expect("made");
    let link = wants.join("boxup.service");
    std::os::unix::fs::symlink("../boxup.service", link).expect("made");
    let (gone, _) = where_it_says(temp.path(), NO_BUS, UNINSTALL);
    assert_eq!(gone.code, 74, "{gone:?}");
    assert!(gone.stdout.contains("removed "), "{gone:?}");
    assert!(gone.stderr.contains("No medium found"), "{gone:?}");
    assert!(
        gone.stderr.contains("If boxup.service runs, it goes on"),
        "{gone:?}"
    );
    assert_eq!(files(temp.path()), BTreeMap::new());
    assert!(std::fs::read_dir(wants).expect("there").next().is_none());
}

#[test]
fn what_was_changed_by_hand_masked_or_linked_is_left_alone() {
    let temp = home();
    with_systemctl(temp.path(), INSTALL);
    let unit = units(temp.path()).join("boxup.service");
    let text = std::fs::read_to_string(&unit).expect("there");
    let edited = text.replace("[Service]\n", "[Service]\nNice=5\n");
    let elsewhere = temp.path().join("mine.service");
    std::fs::write(&elsewhere, &text).expect("written");
    for (target, words) in [
        (None, "was changed since boxup wrote it"),
        (
            Some(Path::new("/dev/null")),
            "is masked: systemctl unmask boxup.service",
        ),
        (Some(elsewhere.as_path()), "is a link to "),
    ] {
        std::fs::remove_file(&unit).expect("removed");
        match target {
            None => std::fs::write(&unit, &edited).expect("written"),
            Some(target) => std::os::unix::fs::symlink(target, &unit).expect("made"),
        }
        for args in [INSTALL, UNINSTALL] {
            let (refused, log) = with_systemctl(temp.path(), args);
            assert_eq!((refused.code, log.as_str()), (74, ""), "{refused:?}");
            assert!(refused.stderr.contains(words), "{refused:?}");
        }
        let (told, _) = with_systemctl(temp.path(), STATUS);
        assert!(told.stdout.contains(words), "{told:?}");
        assert!(unit.symlink_metadata().is_ok());
    }
    assert_eq!(std::fs::read_to_string(&elsewhere).expect("there"), text);
}

#[test]
fn with_sudo_nobody_means_roots_session() {
    let temp = home();
    if !crate::rig::is_root() {
        crate::rig::not_run("only root can be told by sudo who it is");
        return;
    }
    let says = "exit 0";
    for args in [INSTALL, UNINSTALL] {
        let mut command = crate::rig::program(temp.path());
        command.args(args).env("SUDO_USER", "ann").env("SAYS", says);
        let refused = crate::rig::Child::start(command).finish();
        assert_eq!(refused.code, 74, "{refused:?}");
        assert!(
            refused.stderr.contains("run it without sudo"),
            "{refused:?}"
        );
        assert_eq!(files(temp.path()), BTreeMap::new());
    }
}

#[test]
fn passes_by_the_clock_and_a_service_that_stays_take_turns() {
    let temp = home();
    configured_home(temp.path());
    with_systemctl(temp.path(), INSTALL);
    let timed = [INSTALL, &["--timer", "daily"]].concat();
    let (_, log) = with_systemctl(temp.path(), &timed);
    let order = |words: &[&str], log: &str| {
        let at: Vec<_> = words.iter().map(|word| log.find(word)).collect();
        assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{log}");
    };
    order(
        &[
            "daemon-reload",
            "enable boxup.timer",
            "disable --now boxup.service",
            "restart boxup.timer",
        ],
        &log,
    );
    let (_, log) = with_systemctl(temp.path(), INSTALL);
    order(
        &[
            "enable boxup.service",
            "disable --now boxup.timer",
            "restart boxup.service",
        ],
        &log,
    );
    assert!(!units(temp.path()).join("boxup.timer").exists());
}

#[test]
fn what_does_not_start_stays_installed_and_what_cannot_start_is_not_tried() {
    let temp = home();
    // There is no configuration: it would only fail.
    let (done, log) = with_systemctl(temp.path(), INSTALL);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(!log.contains("start"), "{log}");
    assert!(done.stdout.contains("\n  boxup init\n"), "{done:?}");
    assert!(!done.stdout.contains("sudo"), "{done:?}");
    configured_home(temp.path());
    let says = "case \"$*\" in *restart*) echo 'Job for boxup.service failed.' >&2; exit 1 ;; esac";
    let (failed, _) = where_it_says(temp.path(), says, INSTALL);
    assert_eq!(failed.code, 74, "{failed:?}");
    assert!(
        failed.stdout.contains("starts with your session"),
        "{failed:?}"
    );
    assert!(
        failed.stderr.contains("journalctl --user -u boxup"),
        "{failed:?}"
    );
    assert_eq!(files(temp.path()).len(), 1);
}

#[test]
fn status_tells_what_is_not_as_it_should_be() {
    let temp = home();
    configured_home(temp.path());
    let program = temp.path().join("a program");
    std::fs::copy("/bin/true", &program).expect("copied");
    let named = [INSTALL, &["--program", program.to_str().expect("text")]].concat();
    with_systemctl(temp.path(), &named);
    let problems = |says: &str, code: i32| {
        let (told, _) = where_it_says(temp.path(), says, &[STATUS, &["--json"]].concat());
        assert_eq!(told.code, code, "{told:?}");
        let object: serde_json::Value = serde_json::from_str(&told.stdout).expect("an object");
        let problems = object["problems"].as_array().expect("a list").clone();
        let (words, _) = where_it_says(temp.path(), says, STATUS);
        for problem in &problems {
            let problem = problem.as_str().expect("a text");
            assert!(
                words.stdout.contains(&format!("problem: {problem}\n")),
                "{words:?}"
            );
        }
        problems.iter().map(ToString::to_string).collect::<String>()
    };
    assert_eq!(problems("", 0), "");
    let failed = "printf '%s\\n' ActiveState=failed Result=exit-code ExecMainStatus=77; exit 0";
    let told = problems(failed, 69);
    assert!(told.contains("exit code 77 (not authorised"), "{told}");
    assert!(told.contains("journalctl --user -u boxup"), "{told}");
    let killed = "printf '%s\\n' ActiveState=activating Result=watchdog ExecMainStatus=6; exit 0";
    assert!(problems(killed, 0).contains("its last run failed: watchdog"));
    let old = "printf '%s\\n' ActiveState=active NeedDaemonReload=yes; exit 0";
    assert!(problems(old, 0).contains("systemctl --user daemon-reload"));
    assert!(problems(NO_BUS, 69).contains("No medium found"));
    std::fs::remove_file(&program).expect("removed");
    assert!(problems("", 0).contains("a program, which it starts"));
}
