//! Units for whatever a path can be called, and wherever the mirrors are.

use super::{boxup, configured, has, home};
use crate::rig::{Child, Rig, clean, not_run};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// Characters that mean something to systemd, to a shell or to XML, and some of others.
const ODD: [&str; 8] = [
    "with space",
    "100%",
    "%h",
    "$HOME",
    "a;b & c",
    "<b>",
    "\u{fc}\u{4e2d}\u{1f4e6}",
    "#a",
];

/// The unit for these mirrors.
fn unit(rig: &Rig, locals: &[&str], more: &str) -> String {
    rig.config.save_text(&configured(rig, locals, more));
    let unit = rig.run(&["service", "print", "--program", "/usr/bin/boxup"]);
    assert_eq!((unit.code, unit.stderr.as_str()), (0, ""), "{unit:?}");
    unit.stdout
}

#[test]
fn whatever_is_read_can_be_read() {
    let rig = Rig::new();
    let link = rig.temp().join("link");
    symlink("/home", &link).expect("made");
    let link = link.to_str().expect("text");
    let (home, no_home) = ("ProtectHome=read-only", "ProtectHome=yes");
    let secret = "[network]\nca_file = \"/home/ann/ca.pem\"\n";
    // The rig's own configuration is below /tmp.
    for (locals, more, expected) in [
        (&["/srv/a"][..], "", no_home),
        (&["/"], "", home),
        (&["/run"], "", home),
        (&["/srv/a", "/root"], "", home),
        (&[link], "", home),
        (&["/srv/a"], "[state]\ndir = \"/home/ann/state\"\n", home),
    ] {
        let text = unit(&rig, locals, more);
        assert!(
            text.lines().any(|line| line == expected),
            "{locals:?}: {text}"
        );
    }
    // Without its file a certificate is a mistake: it is told, and home stays open.
    rig.config.save_text(&configured(&rig, &["/srv/a"], secret));
    let told = rig.run(&["service", "print", "--program", "/usr/bin/boxup"]);
    assert!(told.stdout.contains(home), "{told:?}");
    let inside = rig.run(&["service", "print", "--program", "/home/ann/bin/boxup"]);
    assert!(inside.stderr.contains("/usr/local/bin"), "{inside:?}");
}

#[test]
fn what_systemd_cannot_be_told_is_refused() {
    let rig = Rig::new();
    for program in ["/a\"b", "/a'b", "/a\\b", "/a\nb", "/a\u{7f}b"] {
        let refused = rig.run(&["service", "print", "--program", program]);
        assert_eq!(
            (refused.code, refused.stdout.as_str()),
            (2, ""),
            "{refused:?}"
        );
        assert!(
            refused.stderr.contains("systemd starts no program"),
            "{refused:?}"
        );
    }
    let state = "[state]\ndir = \"/srv/a\\nb\"\n";
    rig.config.save_text(&configured(&rig, &["/srv/a"], state));
    let refused = rig.run(&["service", "print"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("[state] dir"), "{refused:?}");
    let state = "[state]\ndir = \"/nonexistent/../a\"\n";
    rig.config.save_text(&configured(&rig, &["/srv/a"], state));
    let refused = rig.run(&["service", "print"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    let state = "[state]\ndir = \"/usr/../srv/none/x\"\n";
    let text = unit(&rig, &["/srv/a"], state);
    assert!(text.contains("ReadWritePaths=-/srv/none/x\n"), "{text}");
    let args = [
        "service",
        "print",
        "--manager",
        "launchd",
        "--program",
        "/a\u{1b}b",
    ];
    let refused = rig.run(&args);
    assert_eq!(
        (refused.code, refused.stdout.as_str()),
        (2, ""),
        "{refused:?}"
    );
}

#[test]
fn systemd_takes_every_name() {
    if !has("systemd-analyze") {
        not_run("there is no systemd-analyze (of the package systemd)");
        return;
    }
    for (number, odd) in ODD.iter().enumerate() {
        let rig = Rig::new();
        let dir = rig.temp().join(odd);
        std::fs::create_dir(&dir).expect("made");
        let program = dir.join("program");
        std::fs::copy("/bin/true", &program).expect("copied");
        let state = format!("[state]\ndir = {:?}\n", dir.join("it's \"state\" \\"));
        std::fs::write(dir.join("sync.toml"), configured(&rig, &["/srv/a"], &state))
            .expect("written");
        for user in [&["--system"][..], &["--user"]] {
            let mut command = crate::rig::program(rig.temp());
            command
                .args(["service", "print", "--program"])
                .arg(&program);
            command
                .arg("--config")
                .arg(dir.join("sync.toml"))
                .args(user);
            let printed = Child::start(command).finish();
            assert_eq!(printed.code, 0, "{printed:?}");
            let name = format!("odd{number}.service");
            let path = rig.temp().join(&name);
            let text = printed.stdout.replace("Documentation=", "#");
            std::fs::write(&path, text).expect("written");
            expect_understood(&path, &name);
        }
    }
}

/// systemd finds the program, and has nothing to say.
#[track_caller]
fn expect_understood(path: &Path, name: &str) {
    let dir = path.parent().expect("it has one");
    let mut verify = clean(Command::new("systemd-analyze"), dir);
    verify.args(["verify", "--man=no"]).arg(path);
    let verified = Child::start(verify).finish();
    let about = |line: &&str| line.contains(name);
    let ours: Vec<_> = verified.stderr.lines().filter(about).collect();
    assert!(verified.code == 0 && ours.is_empty(), "{verified:?}");
}

#[test]
fn a_property_list_is_xml() {
    if !has("python3") {
        not_run("there is no python3, which reads property lists");
        return;
    }
    let temp = home();
    for odd in ODD {
        let program = format!("/opt/{odd}/it's \"boxup\"\n\u{202e}");
        for how in [&[][..], &["--user"], &["--timer", "weekly"]] {
            let args = [
                "service",
                "print",
                "--manager",
                "launchd",
                "--program",
                &program,
            ];
            let printed = boxup(temp.path(), &[&args, how].concat());
            let path = temp.path().join("boxup.plist");
            std::fs::write(&path, &printed.stdout).expect("written");
            let mut python = clean(Command::new("python3"), temp.path());
            let read = "import plistlib,sys,json;\
                        print(json.dumps(plistlib.load(open(sys.argv[1],'rb'))))";
            python.args(["-c", read]).arg(&path);
            let read = Child::start(python).finish();
            assert_eq!(read.code, 0, "{read:?}");
            let job: serde_json::Value = serde_json::from_str(&read.stdout).expect("an object");
            assert_eq!(job["ProgramArguments"][0], program.as_str(), "{job}");
            assert!(
                job["StandardErrorPath"]
                    .as_str()
                    .is_some_and(|path| path.ends_with("Library/Logs/boxup.log")),
                "{job}"
            );
            let is_timed = how.contains(&"--timer");
            assert_eq!(job["StartCalendarInterval"].is_object(), is_timed, "{job}");
            assert_eq!(job["KeepAlive"].is_object(), !is_timed, "{job}");
        }
    }
}
