//! `boxup history`: what was done, with its IDs, as one life of each file.

use crate::deletes::{LATER, pass, run_name, undo};
use crate::rig::{Child, Rig, Run, until};
use box_emulator::Fault;
use serde_json::Value;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The entries, and the summary.
fn history(rig: &Rig, args: &[&str]) -> (Vec<Value>, Value) {
    let run = rig.run(&[&["history", "--json"], args].concat());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    let lines = run.stdout.lines();
    let mut lines: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let summary = lines.pop().expect("a summary");
    assert_eq!(summary["event"], "summary");
    assert_eq!(summary["entries"], lines.len());
    (lines, summary)
}

/// As `event path`, sorted where one pass did several things at once.
fn told(entries: &[Value]) -> Vec<String> {
    let word = |entry: &Value, key: &str| entry[key].as_str().unwrap_or("?").to_owned();
    let one = |entry: &Value| format!("{} {}", word(entry, "event"), word(entry, "path"));
    entries.iter().map(one).collect()
}

fn sorted(mut told: Vec<String>) -> Vec<String> {
    told.sort();
    told
}

#[test]
fn what_was_done_is_told_with_its_ids_and_its_run() {
    let rig = Rig::new();
    rig.cloud.put_file(&rig.folder, "theirs.txt", b"same");
    rig.write("theirs.txt", "same").write("sub/a.txt", "first");
    let first = rig.once_ok();
    let (entries, _) = history(&rig, &[]);
    assert_eq!(
        sorted(told(&entries)),
        [
            "adopted theirs.txt",
            "folder_created sub",
            "uploaded sub/a.txt"
        ],
        "{first}"
    );
    rig.write("sub/a.txt", "second").once_ok();
    rig.rename("sub/a.txt", "b.txt").once_ok();
    let rows = rig.rows();
    rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
    assert_eq!(rig.rows(), rows);

    let entry = rig.entry("b.txt");
    for path in ["mirror/b.txt", rig.path("b.txt").to_str().expect("text")] {
        let (life, _) = history(&rig, &[path]);
        let expected = ["uploaded sub/a.txt", "new_version sub/a.txt", "moved b.txt"];
        assert_eq!(told(&life), expected);
        assert!(life.iter().all(|one| one["file_id"] == entry.id.as_str()));
        assert_eq!(life[1]["bytes"], 6);
        assert_eq!(life[1]["sha1"], crate::rig::sha1(b"second").as_str());
        assert_ne!(life[0]["version_id"], life[1]["version_id"]);
        assert_eq!(life[2]["from"], "sub/a.txt");
        assert_eq!(life[2]["undoable"], true);
        let run = life[2]["run"].as_str().expect("a run");
        let (of_run, _) = history(&rig, &["--run", run]);
        assert!(told(&of_run).contains(&"moved b.txt".to_owned()));
    }
    // Whoever reads over a shoulder.
    let text = rig.run(&["history", "mirror/b.txt"]);
    assert!(text.stdout.contains("to be taken back by: boxup undo "));
    let moved = format!(
        "moved     mirror/sub/a.txt -> mirror/b.txt  (file {})",
        entry.id
    );
    assert!(text.stdout.contains(&moved), "{text:?}");
}

#[test]
fn of_many_entries_the_newest_are_told_and_how_many_are_left_out() {
    let rig = Rig::new();
    let service = rig.start();
    for content in ["one", "two", "three"] {
        rig.write("a.txt", content);
        service.wait_ok(&rig);
    }
    // Beside the service, too.
    let (all, summary) = history(&rig, &["mirror"]);
    assert_eq!(
        told(&all),
        ["uploaded a.txt", "new_version a.txt", "new_version a.txt"]
    );
    assert_eq!(summary["older"], 0);
    let (last, summary) = history(&rig, &["--limit", "1", "--mirror", "mirror"]);
    assert_eq!((&last[..], &summary["older"]), (&all[2..], &2.into()));
    let text = rig.run(&["history", "--limit", "2"]);
    assert!(text.stdout.contains("1 older are not shown"), "{text:?}");
    assert_eq!(history(&rig, &["--limit", "0"]).0, all);
    assert_eq!(history(&rig, &["--since", "1d"]).0, all);
    assert_eq!(history(&rig, &["--since", "2001-01-01"]).0, all);
    assert_eq!(
        history(&rig, &["--since", "2200-01-01T00:00:00Z"]).0,
        [] as [Value; 0]
    );
    service.end();
}

#[test]
fn nothing_and_nonsense_are_answered() {
    let rig = Rig::new();
    assert_eq!(history(&rig, &[]).0, [] as [Value; 0]);
    assert!(!rig.state().exists(), "looking made something");
    let text = rig.run(&["history", "mirror/none"]);
    assert_eq!(text.stdout, "nothing is written down about mirror/none\n");
    for wrong in [
        &["/elsewhere"][..],
        &["--mirror", "none"],
        &["--since", "soon"],
    ] {
        let run = rig.run(&[&["history"], wrong].concat());
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
    }
}

#[test]
fn what_was_deleted_and_brought_back_is_told() {
    let rig = crate::deletes::rig();
    rig.write("gone/a", "a").write("gone/b", "b").once_ok();
    let id = rig.entry("gone").id;
    rig.remove("gone").once_ok();
    let Some(run) = pass(&rig, LATER) else {
        return;
    };
    let name = run_name(&run);
    assert_eq!(undo(&rig, &name).0, 0);
    let (life, _) = history(&rig, &["mirror/gone/a"]);
    assert_eq!(
        told(&life),
        ["uploaded gone/a", "trashed gone", "restored gone"]
    );
    assert_eq!(life[1]["folder_id"], id.as_str());
    assert_eq!(
        (&life[1]["files"], &life[1]["run"]),
        (&2.into(), &name.as_str().into())
    );
    assert_eq!(life[2]["undoable"], false);
}

#[test]
fn a_circle_of_names_is_told_as_it_is_seen_here() {
    let rig = Rig::new();
    rig.write("x", "1").write("y", "2").once_ok();
    rig.rename("x", "z")
        .rename("y", "x")
        .rename("z", "y")
        .once_ok();
    let (all, _) = history(&rig, &[]);
    assert_eq!(
        sorted(told(&all)),
        ["moved x", "moved y", "uploaded x", "uploaded y"],
        "{all:?}"
    );
    let from: Vec<_> = all[2..].iter().map(|one| &one["from"]).collect();
    assert!(
        from.contains(&&"x".into()) && from.contains(&&"y".into()),
        "{all:?}"
    );
}

#[test]
fn a_name_that_is_no_text_is_told_whole() {
    let rig = Rig::new().mirror_key("on_invalid_name = \"encode\"");
    let name = OsStr::from_bytes(b"a\xff.txt");
    std::fs::write(rig.local().join(name), "x").expect("written");
    rig.once_ok();
    let (all, _) = history(&rig, &[]);
    assert_eq!(all[0]["path_hex"], "61ff2e747874", "{all:?}");
}

#[test]
fn a_decision_is_told_with_what_became_of_it() {
    let rig = Rig::new();
    for name in ["a", "b"] {
        rig.write(name, "mine");
    }
    rig.once_ok();
    for name in ["a", "b"] {
        rig.cloud.put_file(&rig.folder, name, b"theirs");
        rig.write(name, "newer");
    }
    rig.once().expect_code(1);
    for (name, keep) in [("a", "local"), ("b", "box")] {
        let path = format!("mirror/{name}");
        assert_eq!(rig.run(&["resolve", &path, "--keep", keep]).code, 0);
        let (life, _) = history(&rig, &[&path]);
        let last = life.last().expect("there is one");
        assert_eq!(last["resolved"], keep, "{life:?}");
    }
}

#[test]
fn off_keeps_nothing_and_a_short_memory_is_kept_short() {
    let keep =
        |rig: Rig, line: &str| rig.configured(|config| config.history = Some(line.to_owned()));
    let rig = Rig::new();
    rig.write("a.txt", "a").once_ok();
    let rig = keep(rig, "off");
    // Nothing has happened: nothing is changed.
    rig.once_ok();
    assert_eq!(rig.row_count("history"), 1);
    rig.write("b.txt", "b").once_ok();
    assert_eq!(rig.row_count("history"), 0);
    let text = rig.run(&["history"]);
    assert!(text.stdout.contains("history is off"), "{text:?}");
    let rig = keep(rig, "30d");
    rig.write("c.txt", "c").once_ok();
    let old = "UPDATE history SET at = 0";
    assert_eq!(rig.database().execute(old, []).expect("changed"), 1);
    rig.once_ok();
    assert_eq!(rig.row_count("history"), 1);
    rig.write("d.txt", "d").once_ok();
    assert_eq!(told(&history(&rig, &[]).0), ["uploaded d.txt"]);
}

#[test]
fn a_renamed_mirror_takes_its_history_along() {
    let rig = Rig::new();
    rig.write("a.txt", "a").once_ok();
    let rig = rig.configured(|config| config.mirrors[0][0] = "name = \"other\"".to_owned());
    rig.once_ok();
    assert_eq!(told(&history(&rig, &["other/a.txt"]).0), ["uploaded a.txt"]);
}

/// The root page of its table, and the size of a page.
fn root_page(rig: &Rig) -> (u32, u32) {
    let database = rig.database();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'history'";
    let page: u32 = database
        .query_row(sql, [], |row| row.get(0))
        .expect("a table");
    let size = database.pragma_query_value(None, "page_size", |row| row.get(0));
    (page, size.expect("a size"))
}

#[test]
fn a_history_that_is_damaged_stops_nothing() {
    let rig = Rig::new();
    rig.write("a.txt", "a").once_ok();
    let (page, size) = root_page(&rig);
    let path = rig.state().join("boxup.db");
    let mut bytes = std::fs::read(&path).expect("read");
    let at = usize::try_from((page - 1) * size).expect("it fits");
    bytes[at..at + 100].fill(0xff);
    // In place: it is no copy.
    let file = std::fs::OpenOptions::new().write(true).open(&path);
    std::os::unix::fs::FileExt::write_all_at(&file.expect("opened"), &bytes, 0).expect("written");
    let told = rig.run(&["history"]);
    assert_eq!(told.code, 0, "{told:?}");
    assert!(told.stderr.contains("cannot be read"), "{told:?}");
    rig.write("a.txt", "newer").write("b.txt", "b");
    let run = rig.once_ok();
    run.expect(&[("uploaded", 1), ("new_versions", 1)]);
    assert!(run.stderr.contains("the history is damaged"), "{run}");
    rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
    rig.expect_same_as_disk();
}

#[test]
fn the_history_outlives_a_state_that_is_set_aside() {
    let rig = Rig::new();
    rig.write("a.txt", "a").once_ok();
    rig.database()
        .execute_batch("UPDATE file SET size = size + 1")
        .expect("changed");
    let run = rig.once().expect_code(74).words();
    assert!(run.contains("was set aside"), "{run}");
    let run = rig.once_ok();
    assert!(run.stderr.contains("could be saved from"), "{run}");
    let (all, _) = history(&rig, &[]);
    assert_eq!(told(&all), ["uploaded a.txt", "adopted a.txt"]);
    for entry in std::fs::read_dir(rig.state()).expect("listed").flatten() {
        if entry.file_name().to_string_lossy().starts_with("boxup.db") {
            std::fs::remove_file(entry.path()).expect("removed");
        }
    }
    let run = rig.once_ok();
    assert!(
        run.stderr.contains("What `boxup history` tells is lost"),
        "{run}"
    );
    assert_eq!(told(&history(&rig, &[]).0), ["adopted a.txt"]);
}

/// A move that was made and not recorded: the next run asks Box, and writes it down.
#[test]
fn a_move_that_a_kill_has_cut_off_is_told_by_the_run_that_finds_it() {
    let rig = Rig::new();
    rig.write("a.txt", "a").mkdir("to").once_ok();
    rig.rename("a.txt", "to/b.txt");
    // It is made, nobody hears of it, and nobody can ask.
    rig.cloud
        .inject(Fault::on("put_files_id").forever().drop_after());
    rig.cloud.inject(
        Fault::on("get_files_id")
            .forever()
            .status(503, "unavailable"),
    );
    let child = Child::start(rig.command(&["sync", "--once", "--json"]));
    until("it has moved on Box", || {
        rig.cloud
            .tree(&rig.folder)
            .iter()
            .any(|one| one.path == "to/b.txt")
    });
    child.kill();
    rig.cloud.clear_faults();
    let run: Run = rig.once_ok();
    let (life, _) = history(&rig, &["mirror/to/b.txt"]);
    assert_eq!(told(&life), ["uploaded a.txt", "moved to/b.txt"], "{run}");
    assert_eq!(life[1]["from"], "a.txt");
}
