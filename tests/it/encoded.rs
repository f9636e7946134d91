//! Names that Box would not take, where they are to be spelled so that it does.

use crate::rig::{Act, Plot, Rig, Run};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

const ENCODE: &str = "on_invalid_name = \"encode\"";

fn encoding() -> Rig {
    Rig::new().mirror_key(ENCODE)
}

/// Every kind of name: its bytes, what it is called on Box, and, where it is left alone,
/// the reason.
fn kinds() -> Vec<(Vec<u8>, String, Option<&'static str>)> {
    let invalid = Some("name_invalid");
    let text = |name: &str, on_box: &str, reason| (name.into(), on_box.to_owned(), reason);
    vec![
        text("plain 100% %20.txt", "plain 100% %20.txt", None),
        text("back\\slash", "back\u{ff05}5Cslash", invalid),
        text("new\nline", "new\u{ff05}0Aline", invalid),
        text("\u{1b}[2Jx\u{7f}", "\u{ff05}1B[2Jx\u{ff05}7F", invalid),
        text("trailing ", "trailing\u{ff05}20", invalid),
        text(" leading", "\u{ff05}20leading", Some("item_name_invalid")),
        text(" ", "\u{ff05}20", invalid),
        text("...", "...", None),
        text(".. ", "..\u{ff05}20", invalid),
        text("\u{202e}txt.exe", "\u{202e}txt.exe", None),
        text("\u{1f600}", "\u{1f600}", None),
        text("e\u{301}", "\u{e9}", None),
        text("looks\u{ff05}5Clike", "looks\u{ff05}255Clike", None),
        (
            b"\xff\xfe.txt".to_vec(),
            "\u{ff05}FF\u{ff05}FE.txt".to_owned(),
            invalid,
        ),
        (vec![b'l'; 255], "l".repeat(255), None),
    ]
}

fn write(rig: &Rig, name: &[u8]) {
    let path = rig.local().join(OsStr::from_bytes(name));
    std::fs::write(path, name).expect("written");
}

/// The events, each with the bytes of its path.
fn event_of<'a>(run: &'a Run, name: &[u8]) -> Option<&'a Value> {
    let hex: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
    run.events.iter().find(|event| {
        let is_text = event["path_hex"].is_null();
        match is_text {
            true => event["path"].as_str().map(str::as_bytes) == Some(name),
            false => event["path_hex"] == hex.as_str(),
        }
    })
}

#[test]
fn every_kind_of_name_is_encoded_told_and_kept() {
    let rig = encoding();
    let kinds = kinds();
    for (name, ..) in &kinds {
        write(&rig, name);
    }
    let run = rig.once_ok();
    run.expect(&[("uploaded", kinds.len() as u64)]);
    for (name, on_box, reason) in &kinds {
        let content = rig.cloud.content(&rig.entry(on_box).id);
        assert_eq!(content.as_ref(), Some(name), "{on_box}");
        let event = event_of(&run, name).unwrap_or_else(|| panic!("{on_box}: {run}"));
        let is_another = reason.is_some() || name.starts_with("looks".as_bytes());
        let told = is_another.then_some(on_box.as_str());
        assert_eq!(event["box_name"].as_str(), told, "{event}");
    }
    rig.once_ok()
        .expect(&[("unchanged", kinds.len() as u64), ("requests", 0)]);
    // A version goes to the same file, and renames nothing.
    let names = rig.names();
    for (name, ..) in &kinds {
        let path = rig.local().join(OsStr::from_bytes(name));
        std::fs::write(path, [name.as_slice(), b"2"].concat()).expect("written");
    }
    rig.once_ok()
        .expect(&[("new_versions", kinds.len() as u64)]);
    assert_eq!(rig.names(), names);
}

#[test]
fn every_kind_of_name_is_left_alone_with_its_reason_or_goes_as_it_is() {
    let rig = Rig::new();
    let kinds = kinds();
    for (name, ..) in &kinds {
        write(&rig, name);
    }
    let left = kinds.iter().filter(|(.., reason)| reason.is_some()).count() as u64;
    let run = rig.once();
    run.expect_code(1);
    run.expect(&[("uploaded", kinds.len() as u64 - left), ("parked", left)]);
    for (name, on_box, reason) in &kinds {
        let event = event_of(&run, name).unwrap_or_else(|| panic!("{on_box}: {run}"));
        assert_eq!(event["reason"].as_str(), *reason, "{event}");
        assert_eq!(event["box_name"].as_str(), None, "{event}");
    }
    // Then they are wanted after all.
    let rig = rig.mirror_key(ENCODE);
    rig.once_ok()
        .expect(&[("uploaded", left), ("unchanged", kinds.len() as u64 - left)]);
    // And not any more: what has a name keeps it.
    let names = rig.names();
    let rig = rig.configured(|config| config.mirrors[0].retain(|line| line != ENCODE));
    rig.once_ok()
        .expect(&[("unchanged", kinds.len() as u64), ("requests", 0)]);
    write(&rig, b"more\\");
    rig.once()
        .expect(&[("unchanged", kinds.len() as u64), ("parked", 1)]);
    assert_eq!(rig.names(), names);
}

/// What a terminal or a log shows has nothing in it that could confuse it, and JSON is
/// exact all the same.
#[test]
fn no_output_holds_what_could_confuse_a_terminal() {
    for policy in ["park", "encode"] {
        let rig = Rig::new().mirror_key(&format!("on_invalid_name = \"{policy}\""));
        let hostile: [&[u8]; 4] = [
            b"a\n\x1b[31mb ",
            "\u{202e}\u{2066}gpj.exe ".as_bytes(),
            "\u{9b}2J\u{7f}\\".as_bytes(),
            "\u{2028}\u{feff}\u{200b}\\".as_bytes(),
        ];
        for name in hostile {
            write(&rig, name);
        }
        rig.mkdir("\u{9b}2J\u{202e}dir");
        rig.write("\u{9b}2J\u{202e}dir/x\\", "x");
        let commands: [&[&str]; 7] = [
            &["sync", "--once", "--dry-run", "-v"],
            &["sync", "--once", "--dry-run", "--json"],
            &["sync", "--once", "-v"],
            &["sync", "--once", "--json"],
            &["status"],
            &["status", "--json"],
            &["conflicts"],
        ];
        for args in commands {
            let finished = rig.run(args);
            let is_bad = |c: &char| {
                c.is_control() && *c != '\n'
                    || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
                    || matches!(c, '\u{2060}'..='\u{2069}' | '\u{feff}')
            };
            for text in [&finished.stdout, &finished.stderr] {
                let found = text.chars().find(is_bad);
                assert_eq!(found, None, "{args:?} {policy}: {text:?}");
            }
        }
    }
}

#[test]
fn a_directory_whose_name_box_refuses_has_a_folder_and_what_is_in_it() {
    let rig = encoding();
    rig.write("in\\dir/deep\\er/a.txt", "a")
        .write("in\\dir/b ", "b");
    let run = rig.once_ok();
    assert_eq!(run.event("in\\dir")["box_name"], "in\u{ff05}5Cdir");
    let expected = [
        "in\u{ff05}5Cdir/",
        "in\u{ff05}5Cdir/deep\u{ff05}5Cer/",
        "in\u{ff05}5Cdir/deep\u{ff05}5Cer/a.txt: a",
        "in\u{ff05}5Cdir/b\u{ff05}20: b",
    ];
    rig.expect_box(expected);
    rig.once_ok().expect(&[("unchanged", 2), ("requests", 0)]);
    // A run that remembers nothing finds it all again.
    std::fs::remove_dir_all(rig.state()).expect("removed");
    rig.once_ok().expect(&[("adopted", 2)]);
    rig.expect_box(expected);
}

/// The names are 255 bytes, and three times as long when spelled out.
#[test]
fn a_name_that_gets_too_long_is_shortened_and_stays_its_own() {
    let rig = encoding();
    let names = [
        vec![0xff; 255],
        vec![0xfe; 255],
        [vec![0xfd; 251], b".txt".to_vec()].concat(),
    ];
    for name in &names {
        write(&rig, name);
    }
    rig.once_ok().expect(&[("uploaded", 3)]);
    let on_box = rig.names();
    assert!(
        on_box.iter().all(|name| name.chars().count() == 255),
        "{on_box:?}"
    );
    assert!(
        on_box.iter().any(|name| name.ends_with(".txt")),
        "{on_box:?}"
    );
    for name in &names {
        let path = rig.local().join(OsStr::from_bytes(name));
        std::fs::write(path, b"other").expect("written");
    }
    rig.once_ok().expect(&[("new_versions", 3)]);
    std::fs::remove_dir_all(rig.state()).expect("removed");
    rig.once_ok().expect(&[("adopted", 3)]);
    assert_eq!(rig.names(), on_box);
}

/// Box makes another name of ours.
#[test]
fn a_name_that_box_changes_is_recorded_told_once_and_never_changed_back() {
    let (rig, middle) = Rig::behind();
    // Whatever is told about it tells another name.
    let renamed: fn(&mut Value) = |answer| {
        for file in ["/entries/0/name", "/name"] {
            if let Some(name) = answer.pointer_mut(file) {
                *name = json!("A_.txt");
            }
        }
    };
    rig.write("a.txt", "one");
    middle.plot(Plot::always("/2.0/files/", Act::Change(renamed)));
    let run = rig.once_ok();
    assert_eq!(run.event("a.txt")["box_name"], "A_.txt", "{run}");
    let again = rig.once_ok();
    again.expect(&[("unchanged", 1), ("requests", 0)]);
    let is_about_it = |event: &Value| event["path"] == "a.txt";
    assert!(!again.events.iter().any(is_about_it), "{again}");
    rig.write("a.txt", "two");
    rig.once_ok().expect(&[("new_versions", 1)]);
    rig.expect_versions("A_.txt", &["one", "two"]);
}
