//! Where an answer goes may be full, closed or gone: then the exit code tells, where nothing
//! worse is to be told.

use crate::rig::{Child, Finished, Rig};
use std::collections::BTreeSet;
use std::fs::File;
use std::process::{Command, Stdio};

/// What is said when an answer could not be written.
const UNSAID: &str = "error: standard output could not be written to (";

fn full() -> File {
    let full = File::options().write(true).open("/dev/full");
    full.expect("there is one")
}

/// A pipe that nobody reads any more.
fn left_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

/// The same with this redirection of a shell.
fn redirected(command: Command, how: &str) -> Finished {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec \"$@\" {how}"), "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    shell.env_clear();
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    shell.current_dir(command.get_current_dir().expect("it has one"));
    Child::start(shell).finish()
}

/// What this command does wherever its answer goes; it must do the same each time.
fn expect_told(rig: &Rig, args: &[&str]) {
    let usual = rig.run(args);
    assert!(!usual.stdout.is_empty(), "it says nothing: {usual:?}");
    let mut lost = Child::start_into(rig.command(args), full()).finish();
    let code = [usual.code, 74][usize::from(usual.code == 0)];
    assert_eq!(lost.code, code, "into a full disk: {lost:?}");
    assert_eq!(lost.stderr.matches(UNSAID).count(), 1, "{lost:?}");
    assert!(lost.stderr.contains("No space left on device"), "{lost:?}");
    lost = redirected(rig.command(args), "> /dev/full 2> /dev/full");
    assert_eq!(lost.code, code, "into two full disks: {lost:?}");
    let unheard = Child::start_into(rig.command(args), left_pipe()).finish();
    let closed = redirected(rig.command(args), ">&-");
    for (quiet, how) in [(unheard, "into a pipe"), (closed, "closed")] {
        assert_eq!(quiet.code, usual.code, "{how}: {quiet:?}");
        let has_complained = ["standard output", "roken pipe", "panic"]
            .iter()
            .any(|word| quiet.stderr.contains(word));
        assert!(!has_complained, "{how}: {quiet:?}");
    }
    let deaf = redirected(rig.command(args), "2> /dev/full");
    assert_eq!(deaf.code, usual.code, "no complaints: {deaf:?}");
    assert!(!deaf.stdout.is_empty(), "no complaints: {deaf:?}");
}

/// With JSON and without.
const BOTH: [&[&str]; 11] = [
    &["conflicts"],
    &["config", "check"],
    &["config", "path"],
    &["config", "show"],
    &["doctor"],
    &["explain", "mirror/a.txt"],
    &["history"],
    &["notify", "test"],
    &["token"],
    &["verify"],
    &["whoami"],
];
/// What else says something where no service runs.
const ONE: [&[&str]; 18] = [
    &["approve", "none", "--json"],
    &["bump", "mirror/a.txt", "--json"],
    &["completions", "bash"],
    &["help"],
    &["init", "--help"],
    &["login", "--help"],
    &["logout", "--help"],
    &["man"],
    &["resolve", "mirror/none", "--keep", "box", "--json"],
    &["retry", "--json"],
    &["service", "print"],
    &["service", "status", "--user", "--json"],
    &["status"],
    &["sync", "--once", "-v"],
    &["sync", "--once", "--json"],
    &["sync", "--dry-run", "--json"],
    &["undo", "none", "--json"],
    &["--version"],
];
/// What a service carries out.
const SERVED: [&[&str]; 6] = [
    &["bump", "mirror/a.txt"],
    &["pause"],
    &["resume"],
    &["retry"],
    &["status"],
    &["wait"],
];

fn with_json<'a>(commands: &[&[&'a str]]) -> Vec<Vec<&'a str>> {
    let both = |command: &&[&'a str]| [command.to_vec(), [*command, &["--json"]].concat()];
    commands.iter().flat_map(both).collect()
}

#[test]
fn an_answer_that_could_not_be_written_is_an_error_and_one_that_nobody_reads_is_none() {
    let rig = Rig::new().configured(|config| config.notify = vec!["command = \"true\"".into()]);
    rig.write("a.txt", "a").once_ok();
    for command in with_json(&BOTH) {
        expect_told(&rig, &command);
    }
    for command in ONE {
        expect_told(&rig, command);
    }
}

#[test]
fn the_same_holds_for_what_a_service_answers() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let service = rig.start();
    service.wait_ok(&rig);
    for command in with_json(&SERVED) {
        expect_told(&rig, &command);
    }
    let watched = ["status", "--watch", "--json"];
    let lost = Child::start_into(rig.command(&watched), full()).finish();
    assert_eq!(lost.code, 74, "{lost:?}");
    assert!(lost.stderr.contains(UNSAID), "{lost:?}");
    let left = Child::start_into(rig.command(&watched), left_pipe()).finish();
    assert_eq!((left.code, left.stderr.as_str()), (0, ""));
    service.end();
}

/// No command is forgotten above.
#[test]
fn each_command_is_among_them() {
    let rig = Rig::new();
    let help = rig.run(&["help"]).stdout;
    let (_, list) = help.split_once("Commands:\n").expect("commands");
    let (list, _) = list.split_once("\n\n").expect("an end");
    let listed = list
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let tried = [&BOTH[..], &ONE, &SERVED].concat();
    let tried: BTreeSet<_> = tried.iter().map(|command| command[0]).collect();
    let left: Vec<_> = listed.filter(|name| !tried.contains(name)).collect();
    assert!(help.contains("sync") && left.is_empty(), "{left:?}");
}

/// Mirroring does not depend on who is told.
#[test]
fn a_pass_goes_on_and_its_own_code_comes_first() {
    let rig = Rig::new();
    for number in 0..20 {
        rig.write(&format!("{number}.txt"), number.to_string());
    }
    let args = ["sync", "--once", "--json"];
    let lost = Child::start_into(rig.command(&args), full()).finish();
    assert_eq!(lost.code, 74, "{lost:?}");
    assert_eq!(lost.stderr.matches(UNSAID).count(), 1, "{lost:?}");
    rig.expect_same_as_disk();
    rig.write("21.txt", "more");
    let left = Child::start_into(rig.command(&args), left_pipe()).finish();
    assert_eq!(left.code, 0, "{left:?}");
    rig.expect_same_as_disk();
    rig.write("bad\\name", "parked").write("22.txt", "good");
    let worse = Child::start_into(rig.command(&args), full()).finish();
    assert_eq!(worse.code, 1, "{worse:?}");
    assert!(worse.stderr.contains(UNSAID), "{worse:?}");
    rig.expect_versions("22.txt", &["good"]);
}
