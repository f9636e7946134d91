//! `boxup service`: the files that it prints, what they allow, and what installing does.

mod odd_hands;
mod odd_places;

use crate::rig::{Child, Finished, Rig, clean, not_run, program};
use std::path::Path;
use std::process::{Command, Stdio};

/// With a home of its own and nothing else.
fn boxup(temp: &Path, args: &[&str]) -> Finished {
    let mut command = program(temp);
    command.args(args);
    Child::start(command).finish()
}

fn home() -> tempfile::TempDir {
    let temp = tempfile::tempdir().expect("made");
    std::fs::create_dir(temp.path().join("home")).expect("made");
    temp
}

/// What is printed, with the home directory under a name that is the same everywhere.
#[track_caller]
fn printed(args: &[&str]) -> String {
    let temp = home();
    let all = [&["service", "print", "--program", "/usr/bin/boxup"], args].concat();
    let Finished {
        code,
        stdout,
        stderr,
    } = boxup(temp.path(), &all);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    let home = temp.path().join("home");
    stdout.replace(&home.display().to_string(), "/home/ann")
}

/// `BOXUP_GOLDEN=write` writes them anew.
#[track_caller]
fn expect_golden(path: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("BOXUP_GOLDEN").is_some() {
        std::fs::write(&path, found).expect("written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, golden, "{}", path.display());
}

#[test]
fn what_is_printed_is_what_is_packaged_and_what_is_known() {
    // What the package ships is what a person would print.
    expect_golden("packaging/boxup.service", &printed(&["--system"]));
    for (name, args) in [
        ("user.txt", &["--user"][..]),
        ("timer.txt", &["--timer", "hourly"]),
        (
            "user-timer.txt",
            &["--user", "--timer", "Mon..Fri 08..18:00"],
        ),
        ("launchd.txt", &["--manager", "launchd"]),
        (
            "launchd-user.txt",
            &["--manager", "launchd", "--user", "--timer", "daily"],
        ),
    ] {
        expect_golden(&format!("tests/it/units/{name}"), &printed(args));
    }
}

#[test]
fn a_users_own_configuration_is_not_the_machines() {
    let temp = home();
    configured_home(temp.path());
    let args = [
        "service",
        "print",
        "--system",
        "--program",
        "/usr/bin/boxup",
    ];
    let printed = boxup(temp.path(), &args);
    assert_eq!(
        (printed.code, printed.stderr.as_str()),
        (0, ""),
        "{printed:?}"
    );
}

#[test]
fn a_wrong_time_is_refused_in_a_sentence() {
    let temp = home();
    for args in [
        &["service", "print", "--timer", "a\nb"][..],
        &["service", "print", "--timer", " "],
        &["service", "print", "--timer", "nonsense"],
        &["service", "print", "--user", "--timer", "every day at 3"],
        &["service", "install", "--timer", "25:00 o'clock"],
        &[
            "service",
            "print",
            "--manager",
            "launchd",
            "--timer",
            "never",
        ],
        &["service", "print", "--user", "--system"],
        &["service", "install", "--manager", "launchd"],
    ] {
        let refused = boxup(temp.path(), args);
        assert_eq!(
            (refused.code, refused.stdout.as_str()),
            (2, ""),
            "{refused:?}"
        );
        assert!(refused.stderr.starts_with("error: "), "{refused:?}");
    }
}

/// A configuration whose mirrors are in these places.
fn configured(rig: &Rig, locals: &[&str], state: &str) -> String {
    let mut text = rig.config.access.clone();
    for (number, local) in locals.iter().enumerate() {
        text += &format!(
            "\n[[mirror]]\nname = \"{number}\"\nlocal = {local:?}\nfolder_id = \"{number}1\"\n"
        );
    }
    text + state
}

#[test]
fn the_unit_allows_what_the_mirrors_need() {
    let rig = Rig::new();
    let state = "[state]\ndir = \"/srv/my state\"\n";
    // The configuration itself is below /tmp here: it is shared.
    for (locals, state, expected) in [
        (&["/srv/a"][..], "", ["ProtectHome=yes", "PrivateTmp=no"]),
        (
            &["/srv/a", "/home/b"],
            "",
            ["ProtectHome=read-only", "PrivateTmp=no"],
        ),
        (&["/var/tmp/b"], "", ["ProtectHome=yes", "PrivateTmp=no"]),
        (
            &["/srv/a"],
            state,
            ["ProtectHome=yes", "ReadWritePaths=-\"/srv/my state\""],
        ),
    ] {
        rig.config.save_text(&configured(&rig, locals, state));
        let unit = rig.run(&["service", "print", "--program", "/usr/bin/boxup"]);
        assert_eq!((unit.code, unit.stderr.as_str()), (0, ""), "{unit:?}");
        let lines: Vec<&str> = unit.stdout.lines().collect();
        for line in expected {
            assert!(lines.contains(&line), "{line}: {}", unit.stdout);
        }
        assert_eq!(unit.stdout.contains("ReadWritePaths"), !state.is_empty());
        let config = rig.config.file.display();
        let start = format!("sync --config {config}");
        assert!(unit.stdout.contains(&start), "{}", unit.stdout);
    }
    // One that cannot be read is said, and the unit is printed all the same.
    rig.config.save_text("nonsense");
    let unit = rig.run(&["service", "print"]);
    assert_eq!(unit.code, 0, "{unit:?}");
    assert!(
        unit.stderr.contains("without knowing the mirrors"),
        "{unit:?}"
    );
    assert!(unit.stdout.contains("ProtectHome=read-only"));
}

fn has(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success())
}

#[test]
fn the_unit_of_the_machine_exposes_little_and_systemd_understands_all() {
    if !has("systemd-analyze") {
        not_run("there is no systemd-analyze (of the package systemd)");
        return;
    }
    let temp = home();
    for (name, args) in [
        ("boxup.service", &["--system"][..]),
        ("boxup-user.service", &["--user"]),
    ] {
        // It must be there for the check.
        let unit = printed(args).replace("/usr/bin/boxup", "/bin/sh");
        let unit = unit.replace("Documentation=", "#");
        let path = temp.path().join(name);
        std::fs::write(&path, unit).expect("written");
        let mut verify = clean(Command::new("systemd-analyze"), temp.path());
        verify.args(["verify", "--man=no"]).arg(&path);
        let verified = Child::start(verify).finish();
        assert_eq!(verified.code, 0, "{verified:?}");
        let ours: Vec<_> = verified
            .stderr
            .lines()
            .filter(|line| line.contains(name))
            .collect();
        assert!(ours.is_empty(), "{ours:?}");
    }
    // 12 is an exposure of 1.2.
    let mut security = clean(Command::new("systemd-analyze"), temp.path());
    security.args(["security", "--offline=true", "--no-pager", "--threshold=12"]);
    security.arg(temp.path().join("boxup.service"));
    let scored = Child::start(security).finish();
    assert_eq!(scored.code, 0, "{}", scored.stdout);
}

/// Notes how it was called, and says that all is well, or what `$SAYS` is the script of.
const SYSTEMCTL: &str = "#!/bin/sh
echo \"systemctl $*\" >>\"$LOG\"
eval \"$SAYS\"
case \"$*\" in
*show*) printf '%s\\n' UnitFileState=enabled ActiveState=active Result=success \\
    'StatusText=watching 1 mirror: everything is on Box' ;;
esac
";

/// A configuration where a user has it: there is something to start.
fn configured_home(temp: &Path) {
    let dir = temp.join("home/.config/boxup");
    std::fs::create_dir_all(&dir).expect("made");
    std::fs::write(dir.join("sync.toml"), "").expect("written");
}

/// `boxup` where `systemctl` is this script; and what it was called with.
fn with_systemctl(temp: &Path, args: &[&str]) -> (Finished, String) {
    where_it_says(temp, "", args)
}

/// The same where systemctl does this first.
fn where_it_says(temp: &Path, says: &str, args: &[&str]) -> (Finished, String) {
    let bin = temp.join("bin");
    std::fs::create_dir_all(&bin).expect("made");
    for name in ["systemctl", "systemd-sysusers"] {
        let script = SYSTEMCTL.replace("echo \"systemctl", &format!("echo \"{name}"));
        crate::rig::script(&bin.join(name), &script);
    }
    let log = temp.join("log");
    std::fs::write(&log, "").expect("written");
    let mut command = program(temp);
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", bin.display()));
    command
        .env("LOG", &log)
        .env("SAYS", says)
        .env("BOXUP_CLIENT_SECRET", "canary");
    command.args(args);
    let finished = Child::start(command).finish();
    (finished, std::fs::read_to_string(&log).expect("read"))
}

#[test]
fn a_users_service_is_installed_told_of_and_removed() {
    let temp = home();
    configured_home(temp.path());
    let unit = temp.path().join("home/.config/systemd/user/boxup.service");
    let (none, _) = with_systemctl(temp.path(), &["service", "status", "--user"]);
    assert_eq!(none.code, 69, "{none:?}");
    let (done, log) = with_systemctl(temp.path(), &["service", "install", "--user"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(
        log,
        "systemctl --user daemon-reload\nsystemctl --user enable boxup.service\n\
         systemctl --user restart boxup.service\n"
    );
    let first = std::fs::read_to_string(&unit).expect("it is there");
    // Again is no mistake, and with a timer it is another service.
    let again = &["service", "install", "--user", "--timer", "daily"];
    let (done, log) = with_systemctl(temp.path(), again);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(log.ends_with("restart boxup.timer\n"), "{log}");
    assert_ne!(std::fs::read_to_string(&unit).expect("there"), first);
    let (told, _) = with_systemctl(temp.path(), &["service", "status", "--user"]);
    assert_eq!(told.code, 0, "{told:?}");
    assert!(told.stdout.contains("everything is on Box"), "{told:?}");
    let (gone, log) = with_systemctl(temp.path(), &["service", "uninstall", "--user"]);
    assert_eq!(gone.code, 0, "{gone:?}");
    assert!(log.contains("disable --now boxup.timer"), "{log}");
    let left = std::fs::read_dir(unit.parent().expect("it has one")).expect("listed");
    assert_eq!(left.count(), 0);
}

#[test]
fn a_unit_that_somebody_wrote_is_left_alone() {
    let temp = home();
    let dir = temp.path().join("home/.config/systemd/user");
    std::fs::create_dir_all(&dir).expect("made");
    std::fs::write(dir.join("boxup.service"), "[Unit]\n").expect("written");
    for verb in ["install", "uninstall"] {
        let (refused, log) = with_systemctl(temp.path(), &["service", verb, "--user"]);
        assert_eq!((refused.code, log.as_str()), (74, ""), "{refused:?}");
        assert!(
            refused.stderr.contains("not written by boxup"),
            "{refused:?}"
        );
    }
    let text = std::fs::read_to_string(dir.join("boxup.service")).expect("there");
    assert_eq!(text, "[Unit]\n");
}

#[test]
fn an_image_gets_its_unit_and_user_and_nothing_is_started() {
    let temp = home();
    let root = temp.path().join("image");
    let args = ["service", "install", "--root", root.to_str().expect("text")];
    let (done, log) = with_systemctl(temp.path(), &args);
    assert_eq!(done.code, 0, "{done:?}");
    for path in [
        "etc/systemd/system/boxup.service",
        "etc/sysusers.d/boxup.conf",
    ] {
        assert!(root.join(path).exists(), "{path}");
    }
    assert!(!log.contains("start") && log.contains("enable"), "{log}");
}

#[test]
fn completions_and_manual_pages_come_from_the_definition() {
    let temp = home();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = boxup(temp.path(), &["completions", shell]);
        assert_eq!((script.code, script.stderr.as_str()), (0, ""), "{shell}");
        assert!(script.stdout.contains("dry-run"), "{shell}");
    }
    let pages = temp.path().join("man");
    std::fs::create_dir(&pages).expect("made");
    let written = boxup(temp.path(), &["man", pages.to_str().expect("text")]);
    assert_eq!(written.code, 0, "{written:?}");
    for page in ["boxup.1", "boxup-sync.1", "boxup-service-install.1"] {
        assert!(pages.join(page).exists(), "{page}");
    }
    assert!(!pages.join("boxup-man.1").exists(), "it is hidden");
    let missing = boxup(temp.path(), &["man", "/nonexistent/dir"]);
    assert_eq!(missing.code, 74, "{missing:?}");
    assert!(missing.stderr.starts_with("error: "), "{missing:?}");
}

#[test]
fn bash_takes_its_completions() {
    if !has("bash") {
        not_run("there is no bash");
        return;
    }
    let temp = home();
    let script = boxup(temp.path(), &["completions", "bash"]);
    std::fs::write(temp.path().join("script"), script.stdout).expect("written");
    let mut bash = clean(Command::new("bash"), temp.path());
    bash.args([
        "-euc",
        "source ./script; COMP_WORDS=(boxup serv); COMP_CWORD=1; \
         _boxup boxup serv boxup; echo \"${COMPREPLY[@]}\"",
    ]);
    let completed = Child::start(bash).finish();
    assert_eq!(completed.stdout, "service\n", "{completed:?}");
}

#[test]
fn a_slip_is_understood() {
    let rig = Rig::new();
    for (slip, meant) in [
        (&["snyc"][..], "'sync'"),
        (&["sync", "--onec"], "'--once'"),
        (&["servic", "print"], "'service'"),
        (&["service", "instal"], "'install'"),
        (&["sync", "--color", "alwys"], "'always'"),
        (
            &["sync", "--once", "--mirror", "miror"],
            "did you mean \"mirror\"?",
        ),
        (
            &["conflicts", "--mirror", "miror"],
            "did you mean \"mirror\"?",
        ),
        (&["verify", "--mirror", "miror"], "did you mean \"mirror\"?"),
        (&["approve", "miror"], "did you mean \"mirror\"?"),
        (
            &["resolve", "--all", "--keep", "box", "--mirror", "miror"],
            "did you mean \"mirror\"?",
        ),
    ] {
        let refused = rig.run(slip);
        assert_eq!(
            (refused.code, refused.stdout.as_str()),
            (2, ""),
            "{refused:?}"
        );
        assert!(refused.stderr.contains(meant), "{refused:?}");
    }
    for (slip, meant) in [
        (
            "on_existing = \"new_verison\"",
            "did you mean \"new_version\"?",
        ),
        (
            "on_remot_change = \"park\"",
            "did you mean `on_remote_change`?",
        ),
    ] {
        let rig = Rig::new().mirror_key(slip);
        let refused = rig.run(&["config", "check"]);
        assert_eq!(refused.code, 78, "{refused:?}");
        assert!(refused.stderr.contains(meant), "{refused:?}");
    }
}

#[test]
fn colours_are_where_they_are_wanted() {
    let rig = Rig::new();
    let coloured = |args: &[&str], name: &str| {
        rig.write(name, name);
        let mut command = rig.command(&[&["sync", "--once"], args].concat());
        command.env("NO_COLOR", "1");
        let run = Child::start(command).finish();
        assert_eq!(run.code, 0, "{run:?}");
        run.stdout.contains('\u{1b}')
    };
    assert!(!coloured(&[], "a.txt"));
    assert!(coloured(&["--color", "always"], "b.txt"));
    assert!(!coloured(&["--color=never"], "c.txt"));
}
