//! `boxup verify`: where disk, mapping and Box have drifted apart, and making it good.

use crate::rig::{Child, Rig, not_run};
use serde_json::Value;
use std::fmt;

/// What it said.
struct Told {
    code: i32,
    lines: Vec<Value>,
    summary: Value,
    stderr: String,
}

impl Rig {
    #[track_caller]
    fn verify(&self, args: &[&str]) -> Told {
        let run = self.run(&[&["verify", "--json"], args].concat());
        let read = |line: &str| -> Value {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {run:?}"))
        };
        let mut lines: Vec<Value> = run.stdout.lines().map(read).collect();
        let summary = lines
            .pop()
            .unwrap_or_else(|| panic!("it said nothing: {run:?}"));
        assert_eq!(summary["event"], "summary", "{run:?}");
        assert_eq!(summary["exit_code"], run.code, "{run:?}");
        for kind in ["missing", "changed", "extra", "pending", "parked", "unread"] {
            let told = lines.iter().filter(|line| line["event"] == kind).count();
            assert_eq!(summary[kind], told, "{kind}: {run:?}");
        }
        let (code, stderr) = (run.code, run.stderr);
        Told {
            code,
            lines,
            summary,
            stderr,
        }
    }
}

impl Told {
    /// The exit code, and all lines as `event path`.
    #[track_caller]
    fn expect<const N: usize>(&self, code: i32, lines: [&str; N]) -> &Told {
        let word = |line: &Value, key: &str| line[key].as_str().unwrap_or("?").to_owned();
        let told = self.lines.iter().map(|line| {
            let ours = match &line["ours"] {
                Value::Bool(true) => " of ours",
                Value::Bool(false) => " of theirs",
                _ => "",
            };
            format!("{} {}{ours}", word(line, "event"), word(line, "path"))
        });
        let mut told: Vec<String> = told.collect();
        told.sort();
        assert_eq!(told, lines, "{self}");
        assert_eq!(self.code, code, "{self}");
        self
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exit code {}", self.code)?;
        for line in &self.lines {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "  {}\n{}", self.summary, self.stderr)
    }
}

fn synced(keys: &[&str]) -> Rig {
    let mut rig = Rig::new();
    for key in keys {
        rig = rig.mirror_key(key);
    }
    for name in ["a", "b", "c", "d/e", "d/f", "d/g/h"] {
        rig.write(name, format!("content of {name}"));
    }
    rig.mkdir("empty");
    rig.once_ok().expect(&[("uploaded", 6)]);
    rig
}

/// One of each kind.
fn drift(rig: &Rig) {
    rig.cloud.trash(&rig.entry("a").id);
    rig.cloud.put_file(&rig.folder, "b", b"theirs");
    rig.cloud.put_file(&rig.folder, "d/new on box", b"theirs");
    rig.remove("d/e");
    rig.write("d/f", "edited").write("new", "new");
}

const DRIFT: [&str; 6] = [
    "changed b",
    "extra d/e of ours",
    "extra d/new on box of theirs",
    "missing a",
    "pending d/f",
    "pending new",
];

#[test]
fn what_is_the_same_is_found_to_be_without_reading_or_changing_anything() {
    let rig = synced(&[]);
    // Renamed and moved on Box: followed by their IDs.
    rig.cloud.rename(&rig.entry("a").id, "renamed");
    rig.cloud.move_to(&rig.entry("b").id, &rig.entry("d").id);
    let (rows, before) = (rig.rows(), rig.cloud.tree(&rig.folder));
    rig.cloud.clear_requests();
    let told = rig.verify(&[]);
    told.expect(0, []);
    assert_eq!(told.summary["in_sync"], 6, "{told}");
    assert_eq!((rig.writes(), rig.calls("get_files_id_content")), (0, 0));
    assert_eq!(rig.calls("get_folders_id_items"), 4);
    assert_eq!((rig.rows(), rig.cloud.tree(&rig.folder)), (rows, before));
    let text = rig.run(&["verify"]);
    assert_eq!(text.stdout, "6 files compared: disk and Box are the same\n");
}

#[test]
fn every_kind_of_drift_is_told_with_its_path() {
    let rig = synced(&[]);
    drift(&rig);
    let (rows, before) = (rig.rows(), rig.cloud.tree(&rig.folder));
    rig.verify(&[]).expect(1, DRIFT);
    assert_eq!((rig.rows(), rig.cloud.tree(&rig.folder)), (rows, before));
    let text = rig.run(&["verify"]);
    assert_eq!(text.code, 1);
    assert!(
        text.stdout
            .contains("changed  mirror/b: Box has something else"),
        "{text:?}"
    );
    assert!(
        text.stdout
            .contains("1 missing, 1 changed, 2 extra, 2 pending"),
        "{text:?}"
    );
    let next = text.stdout.lines().last().unwrap_or_default();
    for way in ["boxup verify --repair", "boxup sync --once", "stays on Box"] {
        assert!(next.contains(way), "{way}: {text:?}");
    }
    rig.verify(&["--mirror", "other"]).expect(2, []);
}

#[test]
fn what_is_parked_is_not_called_pending_until_it_changes() {
    let rig = synced(&[]);
    rig.write("a ", "no name for Box").mkdir("d ");
    assert_eq!(rig.once().code, 1);
    let told = rig.verify(&[]);
    told.expect(1, ["parked a ", "parked d "]);
    assert!(!told.lines[0]["message"].is_null(), "{told}");
    let text = rig.run(&["verify"]);
    assert!(
        text.stdout.contains("6 files the same; 2 parked\n"),
        "{text:?}"
    );
    rig.write("a ", "the name is still none").rename("d ", "d2");
    rig.verify(&[]).expect(1, ["pending a ", "pending d2"]);
}

#[test]
fn it_works_beside_a_service_and_the_service_repairs() {
    let keys = ["on_remote_change = \"new_version\""];
    let rig = synced(&keys);
    rig.cloud.trash(&rig.entry("a").id);
    rig.cloud.put_file(&rig.folder, "b", b"theirs");
    let service = rig.start();
    service.wait_ok(&rig);
    rig.verify(&[]).expect(1, ["changed b", "missing a"]);
    let told = rig.verify(&["--repair"]);
    told.expect(0, ["changed b", "missing a"]);
    assert_eq!(told.summary["repaired"], true, "{told}");
    rig.expect_versions("a", &["content of a"]);
    rig.expect_versions("b", &["content of b", "theirs", "content of b"]);
    rig.verify(&[]).expect(0, []);
    service.term();
}

#[test]
fn a_repair_does_what_the_policies_say_and_deletes_nothing() {
    let rig = synced(&["on_remote_change = \"new_version\""]);
    drift(&rig);
    rig.verify(&["--repair"]).expect(1, DRIFT);
    rig.expect_versions("a", &["content of a"]);
    rig.expect_versions("b", &["content of b", "theirs", "content of b"]);
    rig.expect_versions("d/f", &["content of d/f", "edited"]);
    assert!(rig.has("new", "new") && rig.has("d/e", "content of d/e"));
    rig.verify(&[])
        .expect(1, ["extra d/e of ours", "extra d/new on box of theirs"]);
}

#[test]
fn what_a_policy_parks_is_parked_by_a_repair_too() {
    let rig = synced(&["on_remote_change = \"park\"", "on_existing = \"park\""]);
    drift(&rig);
    let told = rig.verify(&["--repair"]);
    told.expect(1, DRIFT);
    let left = told.summary["left"].as_array().expect("a list");
    let mut paths: Vec<_> = left
        .iter()
        .map(|one| one["path"].as_str().unwrap_or("?"))
        .collect();
    paths.sort_unstable();
    assert_eq!(paths, ["a", "b"], "{told}");
    rig.expect_versions("b", &["content of b", "theirs"]);
    assert!(!rig.has("a", "content of a"));
    assert_eq!(rig.conflicts().lines.len(), 2);
}

#[test]
fn what_stands_in_the_way_is_told_with_the_code_that_it_has_everywhere() {
    let rig = synced(&[]);
    std::fs::rename(rig.local(), rig.temp().join("elsewhere")).expect("moved");
    rig.verify(&[]).expect(3, []);
    // An emptied root is a lost mount, not a tree of extras.
    std::fs::create_dir(rig.local()).expect("made");
    rig.verify(&[]).expect(3, []);
    std::fs::remove_dir(rig.local()).expect("removed");
    std::fs::rename(rig.temp().join("elsewhere"), rig.local()).expect("moved");
    rig.verify(&[]).expect(0, []);
    rig.cloud.trash(&rig.folder);
    rig.verify(&[]).expect(77, []);
}

#[test]
fn what_cannot_be_read_is_not_gone() {
    let rig = synced(&[]);
    let Some(command) = rig.command_as_nobody(&["verify", "--json"]) else {
        return not_run("this test needs somebody whom permissions bind");
    };
    rig.shell("chmod 000 d; chmod 600 a; echo more >> a; chmod 000 a");
    let run = Child::start(command).finish();
    rig.shell("chmod 755 d; chmod 644 a");
    assert!(run.stdout.contains("\"unread\""), "{run:?}");
    assert!(
        !run.stdout.contains("\"extra\",") && run.code == 1,
        "{run:?}"
    );
}

#[test]
fn a_service_verifies_by_itself_tells_what_it_finds_and_repairs_nothing() {
    let rig = synced(&["on_remote_change = \"new_version\""]);
    rig.cloud.trash(&rig.entry("a").id);
    let rig = rig.configured(|config| config.verify_every = Some("1s".to_owned()));
    let writes = rig.writes();
    let mut service = rig.start();
    service.told("what has drifted", |line| {
        line["event"] == "verified" && line["missing"] == 1 && line["in_sync"] == 5
    });
    let status = service.status(&rig);
    let verified = &status["mirrors"][0]["verified"];
    assert_eq!(
        (&verified["missing"], &verified["extra"]),
        (&1.into(), &0.into()),
        "{status}"
    );
    service.term();
    assert!(!rig.has("a", "content of a"));
    assert_eq!(rig.writes(), writes);
}
