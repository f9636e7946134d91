//! `boxup init`: from credentials to a configuration that works, by flags or by hand.

mod by_hand;

use crate::rig::{Child, Finished, Rig, clean, program};
use box_emulator::Access;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const SECRET: &str = "c4n4ry-1n1t-5ecret";
const APP: &str = "l0ngclient1d";
const ENTERPRISE: &str = "877840855";

/// A Box whose app has these credentials, and no configuration anywhere.
fn rig() -> Rig {
    let rig = Rig::with(|builder| {
        builder
            .client_id(APP)
            .client_secret(SECRET)
            .enterprise_id(ENTERPRISE)
    });
    fs::remove_file(&rig.config.file).expect("removed");
    rig
}

fn file(rig: &Rig) -> PathBuf {
    rig.temp().join("home/.config/boxup/sync.toml")
}

fn read(rig: &Rig) -> String {
    fs::read_to_string(file(rig)).expect("it is there")
}

/// Where the emulator is.
fn endpoints(rig: &Rig) -> Vec<String> {
    let access = &rig.config.access;
    let section = access.split("[endpoints]\n").nth(1).expect("it has one");
    section
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once(" = "))
        .flat_map(|(name, url)| {
            let url = url.trim_matches('"');
            ["--endpoint".to_owned(), format!("{name}={url}")]
        })
        .collect()
}

/// `boxup init` with the emulator's endpoints and nothing else.
fn init(rig: &Rig, args: &[&str]) -> Command {
    let mut command = program(rig.temp());
    command.arg("init").args(endpoints(rig)).args(args);
    command
}

/// All that it takes, but for the secret and the folder.
fn app(rig: &Rig, args: &[&str]) -> Command {
    let mut command = init(rig, &["--client-id", APP, "--enterprise-id", ENTERPRISE]);
    command.arg("--local").arg(rig.local()).args(args);
    command
}

/// The same with the secret in the environment and the rig's folder.
fn whole(rig: &Rig, args: &[&str]) -> Command {
    let mut command = app(rig, &["--folder-id", &rig.folder]);
    command.env("BOXUP_CLIENT_SECRET", SECRET).args(args);
    command
}

#[track_caller]
fn ends(command: Command, code: i32) -> Finished {
    let finished = Child::start(command).finish();
    assert_eq!(finished.code, code, "{finished:?}");
    for text in [&finished.stdout, &finished.stderr] {
        assert!(!text.contains(SECRET), "the secret is shown: {text}");
    }
    finished
}

#[track_caller]
fn boxup(rig: &Rig, args: &[&str]) -> Finished {
    let mut command = program(rig.temp());
    command.args(args);
    ends(command, 0)
}

fn mode(path: &Path) -> u32 {
    let found = fs::metadata(path).expect("it is there");
    found.permissions().mode() & 0o7777
}

/// No file, no temporary one, and no directory that was made for it.
#[track_caller]
fn nothing_left(rig: &Rig) {
    let home = rig.temp().join("home");
    let left: Vec<_> = fs::read_dir(home).expect("listed").flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn three_commands_lead_from_credentials_to_a_file_on_box() {
    let rig = rig();
    rig.write("a.txt", "a");
    let told = ends(whole(&rig, &[]), 0);
    assert!(told.stdout.contains("Signed in as "), "{told:?}");
    assert!(told.stdout.contains("boxup sync --once"), "{told:?}");
    assert_eq!(
        (
            mode(&file(&rig)),
            mode(file(&rig).parent().expect("a directory"))
        ),
        (0o600, 0o700)
    );
    let checked = boxup(&rig, &["config", "check"]);
    assert!(!checked.stdout.contains("warning"), "{checked:?}");
    boxup(&rig, &["sync", "--once"]);
    rig.expect_same_as_disk();
}

#[test]
fn the_umask_does_not_matter() {
    for umask in ["000", "0777"] {
        let rig = rig();
        let made = rig.temp().join("home/.config/boxup");
        fs::create_dir_all(made).expect("made");
        let command = whole(&rig, &[]);
        let mut shell = clean(Command::new("sh"), rig.temp());
        shell.args(["-c", "umask $0; exec \"$@\"", umask]);
        shell.arg(command.get_program()).args(command.get_args());
        shell.env("BOXUP_CLIENT_SECRET", SECRET);
        ends(shell, 0);
        assert_eq!(mode(&file(&rig)), 0o600, "{umask}");
    }
}

#[test]
fn a_secret_in_a_file_is_only_referred_to() {
    let rig = rig();
    let secret = rig.temp().join("secret");
    fs::write(&secret, format!("{SECRET}\n")).expect("written");
    let args = ["--folder-id", &rig.folder, "--client-secret-file", "secret"];
    let loose = ends(app(&rig, &args), 78);
    assert!(loose.stderr.contains("chmod 0640"), "{loose:?}");
    nothing_left(&rig);
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("set");
    // What stands elsewhere is not what is tried.
    let mut command = app(&rig, &args);
    command.env("BOXUP_CLIENT_SECRET", "another");
    ends(command, 0);
    assert!(
        read(&rig).contains(&format!("client_secret_file = {secret:?}")),
        "{}",
        read(&rig)
    );
    assert!(!read(&rig).contains(SECRET));
    boxup(&rig, &["sync", "--once"]);
}

#[test]
fn a_secret_from_standard_input_is_one_line() {
    let rig = rig();
    let command = app(&rig, &["--folder-id", &rig.folder, "--client-secret-stdin"]);
    let mut shell = clean(Command::new("sh"), rig.temp());
    shell.args(["-c", "printf '%s\\r\\nmore\\n' \"$0\" | \"$@\"", SECRET]);
    shell.arg(command.get_program()).args(command.get_args());
    ends(shell, 0);
    assert!(read(&rig).contains(&format!("client_secret = {SECRET:?}\n")));
}

#[test]
fn a_secret_on_the_command_line_is_refused() {
    let rig = rig();
    for args in [
        vec!["--client-secret", SECRET],
        vec!["--client-secret"],
        vec!["--developer-token", SECRET],
        vec!["--token=x"],
    ] {
        let refused = ends(whole(&rig, &args), 2);
        assert!(refused.stderr.contains("(ps)"), "{refused:?}");
        assert!(
            refused.stderr.contains("--client-secret-stdin"),
            "{refused:?}"
        );
    }
    nothing_left(&rig);
    assert_eq!(rig.cloud.total_requests(), 0);
}

#[test]
fn all_that_is_missing_is_told_at_once() {
    let rig = rig();
    let flags = [
        "--client-id",
        "$BOXUP_CLIENT_SECRET",
        "--enterprise-id",
        "--local",
        "--folder-id",
        "Developer Console",
    ];
    let told = ends(init(&rig, &[]), 2).stderr;
    for flag in flags {
        assert!(told.contains(flag), "{flag}: {told}");
    }
    let told = ends(init(&rig, &["--method", "jwt"]), 2).stderr;
    assert!(
        told.contains("--config-file") && !told.contains("--client-id"),
        "{told}"
    );
    let told = ends(init(&rig, &["--method", "developer_token"]), 2).stderr;
    assert!(told.contains("$BOXUP_DEVELOPER_TOKEN"), "{told}");
    let told = ends(app(&rig, &["--folder-path", "/A"]), 2).stderr;
    assert!(
        told.contains("$BOXUP_CLIENT_SECRET") && !told.contains("--local"),
        "{told}"
    );
    let told = ends(whole(&rig, &["--redirect-uri", "http://127.0.0.1/x"]), 2).stderr;
    assert!(
        told.contains("--redirect-uri is not used with --method ccg"),
        "{told}"
    );
    nothing_left(&rig);
}

#[test]
fn what_box_refuses_is_explained_and_not_written() {
    let rig = rig();
    let mut wrong = whole(&rig, &[]);
    wrong.env("BOXUP_CLIENT_SECRET", "wrong");
    let told = ends(wrong, 77).stderr;
    assert!(
        told.contains("What to do:") && told.contains("--no-check"),
        "{told}"
    );
    rig.cloud.set_app_authorized(false);
    let told = ends(whole(&rig, &[]), 77).stderr;
    assert!(told.contains("Authorize"), "{told}");
    nothing_left(&rig);
}

#[test]
fn a_box_that_is_not_there_is_another_exit_code() {
    let rig = rig();
    let port = rig.cloud.port();
    let mut command = program(rig.temp());
    let nowhere = whole(&rig, &[]);
    let moved = nowhere.get_args().map(|arg| {
        let text = arg.to_str().expect("plain");
        text.replace(&format!(":{port}/"), ":9/")
    });
    command.args(moved).env("BOXUP_CLIENT_SECRET", SECRET);
    ends(command, 69);
    nothing_left(&rig);
}

#[test]
fn a_folder_that_is_of_no_use_is_refused() {
    let rig = rig();
    let hidden = rig.cloud.foreign_folder("Hidden", Access::None);
    let look_only = rig.cloud.foreign_folder("Look", Access::Viewer);
    let with = |args: &[&str]| {
        let mut command = app(&rig, args);
        command.env("BOXUP_CLIENT_SECRET", SECRET);
        command
    };
    for (args, words) in [
        (["--folder-id", &*hidden], "invite AutomationUser_"),
        (
            ["--folder-id", &*look_only],
            "change its role there to Editor",
        ),
        (
            ["--folder-path", "/Look/Deeper"],
            "change its role there to Editor",
        ),
    ] {
        let told = ends(with(&args), 77).stderr;
        assert!(told.contains(words), "{args:?}: {told}");
    }
    nothing_left(&rig);
    let told = ends(with(&["--folder-id", &hidden, "--no-check"]), 0);
    assert!(told.stderr.contains("not tried at Box"), "{told:?}");
}

#[test]
fn a_service_accounts_own_tree_is_warned_of() {
    let rig = rig();
    rig.cloud.foreign_folder("Shared", Access::Editor);
    for (to, is_own) in [
        (["--folder-id", "0"], true),
        (["--folder-path", "/New/Folder"], true),
        (["--folder-path", "/Shared/New"], false),
    ] {
        let mut command = app(&rig, &to);
        command.env("BOXUP_CLIENT_SECRET", SECRET).arg("--force");
        let told = ends(command, 0).stderr;
        let warns = told.contains("own tree") && told.contains("AutomationUser_");
        assert_eq!(warns, is_own, "{to:?}: {told}");
    }
}

#[test]
fn a_finished_configuration_is_kept() {
    let rig = rig();
    ends(whole(&rig, &["--name", "first"]), 0);
    let first = read(&rig);
    let told = ends(whole(&rig, &["--name", "second"]), 78).stderr;
    assert!(told.contains("--force"), "{told}");
    assert_eq!(read(&rig), first);
    for name in ["second", "third"] {
        ends(whole(&rig, &["--name", name, "--force"]), 0);
    }
    let bak = file(&rig).with_extension("toml.bak");
    assert_eq!(fs::read_to_string(&bak).expect("kept"), first);
    assert_eq!(mode(&bak), 0o600);
    let later = fs::read_to_string(file(&rig).with_extension("toml.bak.1")).expect("kept");
    assert!(later.contains("\"second\"") && read(&rig).contains("\"third\""));
}

#[test]
fn no_check_asks_nobody() {
    let rig = rig();
    let mut command = whole(&rig, &["--no-check"]);
    command.env("BOXUP_CLIENT_SECRET", "not-known-yet");
    ends(command, 0);
    assert_eq!(rig.cloud.total_requests(), 0);
    boxup(&rig, &["config", "check"]);
}

#[test]
fn another_place_is_named_in_the_next_steps() {
    let rig = rig();
    let mut command = whole(&rig, &["--config", "here and there/my.toml"]);
    command.current_dir(rig.temp());
    let told = ends(command, 0).stdout;
    let place = rig.temp().join("here and there/my.toml");
    assert!(
        told.contains(&format!("--config '{}' sync", place.display())),
        "{told}"
    );
    let place = place.to_str().expect("plain");
    boxup(&rig, &["--config", place, "sync", "--once"]);
}

#[test]
fn odd_directories_come_back_as_they_are() {
    let rig = rig();
    for name in ["quo\"te", "back\\slash", "ümläut → 箱", "a\nb", "# hash"] {
        let local = rig.temp().join(name);
        fs::create_dir(&local).expect("made");
        fs::write(local.join("f"), "x").expect("written");
        let folder = rig.cloud.foreign_folder("To", Access::Editor);
        let mut command = init(&rig, &["--client-id", APP, "--enterprise-id", ENTERPRISE]);
        command.args(["--force", "--name", "odd", "--folder-id", &folder]);
        command.arg("--local").arg(&local);
        command.env("BOXUP_CLIENT_SECRET", SECRET);
        ends(command, 0);
        boxup(&rig, &["sync", "--once", "--dry-run"]);
        let text: toml::Table = read(&rig).parse().expect("it is TOML");
        assert_eq!(text["mirror"][0]["local"].as_str(), local.to_str());
    }
    let mut command = whole(&rig, &["--force"]);
    command.args([
        OsStr::new("--client-secret-file"),
        OsStr::from_bytes(b"f\xff"),
    ]);
    let told = ends(command, 2).stderr;
    assert!(told.contains("not UTF-8"), "{told}");
}

#[test]
fn a_developer_token_is_written_too() {
    let rig = rig();
    rig.cloud.add_developer_token(SECRET);
    let mut command = init(&rig, &["--method", "developer_token", "--folder-id", "0"]);
    command.arg("--local").arg(rig.local());
    command.env("BOXUP_DEVELOPER_TOKEN", SECRET);
    ends(command, 0);
    assert!(read(&rig).contains(&format!("developer_token = {SECRET:?}\n")));
    boxup(&rig, &["sync", "--once"]);
}

#[test]
fn a_login_comes_after_the_file() {
    let rig = rig();
    let mut command = init(&rig, &["--method", "oauth2", "--client-id", APP]);
    command.args(["--folder-id", "17", "--local", "mirror"]);
    command.env("BOXUP_CLIENT_SECRET", SECRET);
    let told = ends(command, 0).stdout;
    assert!(told.contains("boxup login"), "{told}");
    assert_eq!(rig.cloud.total_requests(), 0);
}

#[test]
fn a_key_file_signs_in_and_is_only_referred_to() {
    let (rig, _) = Rig::jwt(|builder| builder);
    fs::remove_file(&rig.config.file).expect("removed");
    let mut command = init(
        &rig,
        &["--config-file", "box.json", "--folder-id", &rig.folder],
    );
    command.arg("--local").arg(rig.local());
    let told = ends(command, 0).stdout;
    assert!(told.contains("the app's service account"), "{told}");
    let json = rig.temp().join("box.json");
    assert!(read(&rig).contains(&format!("config_file = {json:?}\n")));
    boxup(&rig, &["sync", "--once"]);
}

#[test]
fn a_command_that_prints_the_secret_is_only_referred_to() {
    let rig = rig();
    fs::write(rig.temp().join("secret"), SECRET).expect("written");
    let secret = format!("cat '{}'", rig.temp().join("secret").display());
    let args = [
        "--folder-id",
        &rig.folder,
        "--client-secret-command",
        &secret,
    ];
    ends(app(&rig, &args), 0);
    assert!(read(&rig).contains(&format!("client_secret_command = {secret:?}\n")));
    boxup(&rig, &["sync", "--once"]);
}
