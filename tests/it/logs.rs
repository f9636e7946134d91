//! What happens is told, each thing once, and whoever takes the log stops nothing.

use crate::rig::{Child, Rig, Service, not_run, until};
use serde_json::Value;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Names that would forge a line, hide in one or end one.
const HOSTILE: [&str; 4] = [
    "a\nts=1 level=error forged",
    "\u{1b}[2J\u{7}cleared",
    "\u{202e}gnp.exe",
    "say \"hi\" \\ = {}, ü",
];

/// Each line is one object with what every record has.
#[track_caller]
fn records(text: &str) -> Vec<Value> {
    let is_harmless = |c: char| c == '\n' || (!c.is_control() && c != '\u{202e}');
    assert!(text.chars().all(is_harmless), "{text:?}");
    let read = |line: &str| {
        let record: Value = serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("{error}: {line:?} in\n{text}"));
        for key in ["ts", "level", "target", "message"] {
            assert!(record[key].is_string(), "no {key}: {line}");
        }
        let is_flat = |value: &Value| !value.is_object() && !value.is_array();
        assert!(
            record
                .as_object()
                .expect("one object")
                .values()
                .all(is_flat),
            "{line}"
        );
        record
    };
    text.lines().map(read).collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn lines_tell_how_long_it_took_and_by_which_request() {
    let rig = Rig::new();
    rig.write("new.txt", "new").write("sub/b.txt", "b");
    let run = rig.once();
    for path in ["new.txt", "sub", "sub/b.txt"] {
        let event = run.event(path);
        assert!(event["duration_ms"].is_u64(), "{event}");
        let id = event["request_id"].as_str().unwrap_or_default();
        assert_eq!(id.len(), 24, "{event}");
    }
    let ids = ["new.txt", "sub/b.txt"].map(|path| run.event(path)["request_id"].clone());
    assert_ne!(ids[0], ids[1], "{run}");
}

#[test]
fn as_json_each_thing_is_one_record_whatever_it_is_called() {
    let rig = Rig::new();
    rig.write("plain.txt", "plain").write("sub/b.txt", "b");
    for name in HOSTILE {
        rig.write(name, "x");
    }
    let run = rig.run(&["sync", "--once", "--log-format", "json"]);
    assert_eq!(run.stdout, "", "it is told once");
    let told = records(&run.stderr);
    let about = |path: &str| {
        let about: Vec<_> = told
            .iter()
            .filter(|record| record["path"] == path)
            .collect();
        let [record] = about[..] else {
            panic!("{path:?}: {about:?}\n{}", run.stderr);
        };
        record
    };
    for name in HOSTILE {
        let record = about(name);
        let expected = match record["event"].as_str() {
            Some("uploaded") => "info",
            Some("parked") => "warn",
            _ => panic!("{record}"),
        };
        assert_eq!(record["level"], expected, "{record}");
    }
    let plain = about("plain.txt");
    assert_eq!(plain["mirror"], "mirror", "{plain}");
    assert_eq!(plain["bytes"], 5, "{plain}");
    let entry = rig
        .cloud
        .entry(&rig.folder, "plain.txt")
        .expect("it is there");
    assert_eq!(plain["file_id"], entry.id.as_str(), "{plain}");
    for key in ["version_id", "request_id"] {
        assert!(plain[key].is_string(), "{key}: {plain}");
    }
    assert!(plain["duration_ms"].is_u64(), "{plain}");
    assert_eq!(about("sub")["event"], "folder_created");
    let last = told.last().expect("there is one");
    assert_eq!(
        (&last["event"], &last["exit_code"]),
        (&"summary".into(), &run.code.into())
    );
}

#[test]
fn a_mistake_is_a_record_where_the_log_has_its_place_on_standard_error() {
    let rig = Rig::new();
    let run = rig.run(&[
        "sync",
        "--once",
        "--mirror",
        "other",
        "--log-format",
        "json",
    ]);
    assert_eq!(run.code, 2, "{run:?}");
    let told = records(&run.stderr);
    let record = told.last().expect("it is said");
    assert_eq!(record["level"], "error", "{run:?}");
    let message = record["message"].as_str().unwrap_or_default();
    assert!(
        message.starts_with("no mirror is named \"other\""),
        "{message}"
    );
}

#[test]
fn quiet_tells_only_what_is_not_as_it_should_be() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let run = rig.run(&["sync", "--once", "-q"]);
    assert_eq!(
        (run.code, run.stdout.as_str(), run.stderr.as_str()),
        (0, "", "")
    );
    rig.write("b.txt", "b").write("bad\\name", "refused");
    let run = rig.run(&["sync", "--once", "-q"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.starts_with("parked "), "{run:?}");
    assert!(!run.stdout.contains("new   "), "{run:?}");
}

#[test]
fn a_filter_that_is_none_is_said_and_stops_nothing() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    let mut command = rig.command(&["sync", "--once"]);
    command.env("RUST_LOG", "boxup=loud,boxup::remote=debug");
    let run = Child::start(command).finish();
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.stderr
            .starts_with("warning: $RUST_LOG: \"boxup=loud\" is no filter"),
        "{run:?}"
    );
    assert!(
        run.stderr
            .contains("boxup::remote::client: answered operation="),
        "{run:?}"
    );
}

/// A service with its log in the file `logs/log`.
fn logging() -> (Rig, Service, PathBuf) {
    let rig = Rig::new();
    let dir = rig.temp().join("logs");
    std::fs::create_dir(&dir).expect("made");
    let form = ["--log-format", "json", "--log-file", "logs/log"];
    let command = rig.command(&[&["sync", "--json"][..], &form].concat());
    let service = Service::start_command(&rig, command);
    (rig, service, dir.join("log"))
}

/// Saves a file, and reads the log when it tells of it.
#[track_caller]
fn arrives(rig: &Rig, service: &Service, log: &Path, name: &str) -> Vec<Value> {
    rig.write(name, name);
    service.wait_ok(rig);
    // Lines are written beside the work that they tell of.
    let told = format!("\"path\":\"{name}\"");
    until("it is in the log", || read(log).contains(&told));
    records(&read(log))
}

#[test]
fn a_log_file_is_rotated_in_any_way_under_a_running_service() {
    let (rig, service, log) = logging();
    let old = log.with_extension("1");
    arrives(&rig, &service, &log, "first.txt");
    let mode = std::fs::metadata(&log).expect("there").permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);

    // create
    std::fs::rename(&log, &old).expect("renamed");
    let told = arrives(&rig, &service, &log, "second.txt");
    let is_there = |told: &[Value], name| told.iter().any(|record| record["path"] == name);
    assert!(!is_there(&told, "first.txt"), "{told:?}");
    assert!(!is_there(&records(&read(&old)), "second.txt"));

    // copytruncate
    std::fs::write(&log, "").expect("cut off");
    let told = arrives(&rig, &service, &log, "third.txt");
    assert!(!is_there(&told, "second.txt"), "{told:?}");

    // Put away by somebody who then says so.
    std::fs::rename(&log, &old).expect("renamed");
    crate::rig::signal(service.pid(), "HUP");
    until("it is there again", || log.exists());
    arrives(&rig, &service, &log, "fourth.txt");
    rig.expect_same_as_disk();
    service.end();
    let text = read(&log);
    let last = text.lines().last();
    assert!(
        last.is_some_and(|line| line.contains("\"summary\"")),
        "{text}"
    );
}

#[test]
fn a_log_file_that_goes_with_its_directory_comes_back_with_it() {
    let (rig, service, log) = logging();
    let dir = log.parent().expect("it has one");
    arrives(&rig, &service, &log, "first.txt");
    std::fs::remove_dir_all(dir).expect("removed");
    rig.write("second.txt", "2");
    service.wait_ok(&rig);
    until("it is said", || {
        let said = service.stderr();
        said.contains("the log cannot be written to")
    });
    std::fs::create_dir(dir).expect("made");
    let told = arrives(&rig, &service, &log, "third.txt");
    assert_eq!(told[0]["event"], "lost", "{told:?}");
    let lines = told[0]["lines"].as_u64();
    assert!(lines.is_some_and(|lines| lines > 0), "{told:?}");
    rig.expect_same_as_disk();
    service.end();
}

#[test]
fn a_full_disk_costs_lines_of_the_log_and_nothing_else() {
    let rig = Rig::new();
    let (log, kept) = (rig.temp().join("log"), rig.temp().join("kept"));
    symlink("/dev/full", &log).expect("linked");
    let command = rig.command(&["sync", "--json", "--log-file", "log", "-v"]);
    let service = Service::start_command(&rig, command);
    for name in ["a.txt", "b.txt"] {
        rig.write(name, name);
        service.wait_ok(&rig);
    }
    until("it is said", || service.stderr().contains("No space left"));
    let again = rig.temp().join("again");
    symlink(&kept, &again).expect("linked");
    std::fs::rename(&again, &log).expect("there is room again");
    rig.write("c.txt", "c");
    service.wait_ok(&rig);
    until("it is in the log", || {
        read(&kept).contains("uploaded mirror/c.txt")
    });
    let text = read(&kept);
    assert!(
        text.lines()
            .next()
            .is_some_and(|l| l.contains("of the log were lost")),
        "{text}"
    );
    assert_eq!(text.matches("were lost").count(), 1, "{text}");
    assert!(!text.contains("a.txt"), "{text}");
    assert_eq!(service.stderr().matches("No space left").count(), 1);
    rig.expect_same_as_disk();
    service.end();
}

#[test]
fn a_log_file_that_cannot_be_opened_is_said_before_anything_is_done() {
    let rig = Rig::new();
    rig.write("a.txt", "a");
    for (args, words) in [
        (
            &["--log-file", "nowhere/log"][..],
            "nowhere/log cannot be opened: ",
        ),
        (&["--log-file", "mirror"], "mirror cannot be opened: "),
        (
            &["--log-file", "l", "--log-format", "journald"],
            "use --log-format text or json",
        ),
    ] {
        let run = rig.run(&[&["sync", "--once"], args].concat());
        assert_eq!(run.code, 74, "{run:?}");
        assert!(
            run.stderr.contains(words) && run.stderr.lines().count() == 1,
            "{run:?}"
        );
    }
    assert_eq!(rig.cloud.total_requests(), 0);
}

#[test]
fn a_log_in_a_mirror_is_warned_of() {
    let rig = Rig::new();
    let run = rig.run(&["sync", "--once", "--log-file", "mirror/log"]);
    assert!(run.stderr.contains("lies in mirror \"mirror\""), "{run:?}");
}

#[test]
fn readers_that_take_nothing_hold_nothing_up() {
    let rig = Rig::new();
    // Several times what a pipe holds, in each of the streams.
    for number in 0..600 {
        rig.write(&format!("{number:0>120}.txt"), "x");
    }
    let mut command = rig.command(&["sync", "--json", "--log-format", "json", "-v"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut service = command.spawn().expect("it starts");
    until("it can be asked", || {
        rig.state().join("control.sock").exists()
    });
    let (code, answer) = crate::rig::ask(&rig, &["wait", "--timeout", "90s", "--json"]);
    assert_eq!(code, 0, "{answer}");
    rig.expect_same_as_disk();
    crate::rig::signal(service.id(), "TERM");
    until("it ends", || matches!(service.try_wait(), Ok(Some(_))));
    let status = service.wait().expect("it has ended");
    assert!(matches!(status.code(), Some(0 | 1)), "{status}");
}

/// `boxup` with nothing in /run but what is in `run`, and standard error in a file which it
/// is told to be the journal's; `None` where that cannot be done.
fn in_a_unit(rig: &Rig, run: &Path, args: &[&str]) -> Option<(i32, String, String)> {
    const PREPARE: &str = "
        mount -t tmpfs none /run
        mkdir -p /run/systemd/journal
        mount --bind \"$1\" /run/systemd/journal
        JOURNAL_STREAM=$(stat -c %d:%i \"$2\")
        export JOURNAL_STREAM
        exec 2>>\"$2\"
        shift 2
        exec \"$@\"
    ";
    let program = rig.command(args);
    let stderr = rig.temp().join("stderr");
    std::fs::write(&stderr, "").expect("made");
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-ec", PREPARE, "sh"]);
    command
        .arg(run)
        .arg(&stderr)
        .arg(program.get_program())
        .args(program.get_args());
    let done = command
        .current_dir(rig.temp())
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&done.stderr);
    if said.contains("unshare") || said.contains("mount:") {
        not_run(&format!("no mount namespace can be had: {said}"));
        return None;
    }
    let stdout = String::from_utf8_lossy(&done.stdout).into_owned();
    Some((done.status.code()?, stdout, read(&stderr)))
}

#[test]
fn under_systemd_the_journal_gets_fields_and_priorities() {
    let rig = Rig::new();
    rig.write("a b.txt", "hello").write("bad\\name", "refused");
    let run = rig.temp().join("run");
    std::fs::create_dir(&run).expect("made");
    let journal = UnixDatagram::bind(run.join("socket")).expect("bound");
    let Some((code, stdout, stderr)) = in_a_unit(&rig, &run, &["sync", "--once"]) else {
        return;
    };
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (1, "", ""));
    journal
        .set_read_timeout(Some(Duration::from_millis(1)))
        .expect("set");
    let mut records = Vec::new();
    let mut buffer = vec![0; 1 << 18];
    while let Ok(length) = journal.recv(&mut buffer) {
        records.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
    }
    let about = |path: &str| {
        let line = format!("BOXUP_PATH={path}\n");
        let about: Vec<_> = records
            .iter()
            .filter(|record| record.contains(&line))
            .collect();
        assert_eq!(about.len(), 1, "{path}: {records:?}");
        about[0].clone()
    };
    let uploaded = about("a b.txt");
    for field in [
        "PRIORITY=6\n",
        "SYSLOG_IDENTIFIER=boxup\n",
        "MESSAGE=uploaded mirror/a b.txt\n",
        "BOXUP_EVENT=uploaded\n",
        "BOXUP_MIRROR=mirror\n",
        "BOXUP_BYTES=5\n",
        "BOXUP_FILE_ID=",
        "BOXUP_VERSION_ID=",
        "BOXUP_REQUEST_ID=",
        "BOXUP_DURATION_MS=",
    ] {
        assert!(uploaded.contains(field), "{field}: {uploaded}");
    }
    assert!(
        about("bad\\name").starts_with("PRIORITY=4\n"),
        "{records:?}"
    );
}

#[test]
fn where_the_journal_does_not_listen_lines_have_its_priorities() {
    let rig = Rig::new();
    rig.write("a.txt", "hello");
    let run = rig.temp().join("run");
    std::fs::create_dir(&run).expect("made");
    let Some((code, stdout, stderr)) = in_a_unit(&rig, &run, &["sync", "--once"]) else {
        return;
    };
    assert_eq!((code, stdout.as_str()), (0, ""), "{stderr}");
    let line = stderr
        .lines()
        .find(|line| line.contains("uploaded"))
        .unwrap_or_default();
    assert!(
        line.starts_with("<6> INFO boxup::events: uploaded mirror/a.txt "),
        "{stderr}"
    );
}
