//! Answers that are not what was asked for: half, wrong, oddly written, or without an
//! end. Nothing of them is believed, and nothing of them does any harm.

use crate::rig::{Act, Child, Plot, Rig, Run, each};
use serde_json::{Value, json};

const UPLOAD: &str = "POST /api/2.0/files/";

/// The file that an upload's answer describes.
fn file(answer: &mut Value) -> &mut Value {
    &mut answer["entries"][0]
}

fn without(answer: &mut Value, key: &str) {
    if let Some(object) = file(answer).as_object_mut() {
        object.remove(key);
    }
}

/// What is changed, and how.
type Lie = (&'static str, fn(&mut Value));

/// What an upload's answer can say besides the truth.
fn lies() -> Vec<Lie> {
    vec![
        ("no entries", |answer| answer["entries"] = json!([])),
        ("entries of nothing", |answer| {
            answer["entries"] = json!([null])
        }),
        ("an empty entry", |answer| answer["entries"] = json!([{}])),
        ("entries that are none", |answer| {
            answer["entries"] = json!("one")
        }),
        ("no list at all", |answer| *answer = json!({})),
        ("another kind of answer", |answer| *answer = json!([1, 2])),
        ("null", |answer| *answer = Value::Null),
        ("another digest", |answer| {
            file(answer)["sha1"] = json!("0".repeat(40))
        }),
        ("no digest that is one", |answer| {
            file(answer)["sha1"] = json!(17)
        }),
        ("no digest", |answer| without(answer, "sha1")),
        ("another size", |answer| file(answer)["size"] = json!(1e300)),
        ("a negative size", |answer| file(answer)["size"] = json!(-1)),
        ("no size", |answer| without(answer, "size")),
        ("another name", |answer| {
            file(answer)["name"] = json!("other")
        }),
        ("no name", |answer| without(answer, "name")),
        ("no etag", |answer| without(answer, "etag")),
        ("no ID", |answer| without(answer, "id")),
    ]
}

#[test]
fn an_upload_that_is_described_wrongly_is_asked_about_and_not_sent_again() {
    let kinds = [false, true];
    let cases = kinds
        .iter()
        .flat_map(|is_version| lies().into_iter().map(|lie| (*is_version, lie)));
    each(&cases.collect::<Vec<_>>(), |(is_version, (_, lie))| {
        let (rig, middle) = Rig::behind();
        let before: &[&str] = if *is_version { &["one"] } else { &[] };
        if *is_version {
            rig.write("a.txt", "one").once_ok();
        }
        rig.write("a.txt", "two");
        middle.plot(Plot::once(UPLOAD, Act::Change(*lie)));
        let run = rig.once_ok();
        assert_eq!(middle.struck(), 1, "{run}");
        rig.expect_versions("a.txt", &[before, &["two"]].concat());
        rig.once_ok().expect(&[("unchanged", 1), ("requests", 0)]);
        // What was recorded is the file itself: the next version goes to it.
        rig.write("a.txt", "three").once_ok();
        rig.expect_versions("a.txt", &[before, &["two", "three"]].concat());
    });
}

/// A version of one file must not be recorded as another's.
#[test]
fn a_version_that_is_described_as_another_files_is_not_believed() {
    let (rig, middle) = Rig::behind();
    rig.write("a.txt", "one").once_ok();
    rig.write("a.txt", "two");
    let other: fn(&mut Value) = |answer| file(answer)["id"] = json!("424242");
    middle.plot(Plot::once(UPLOAD, Act::Change(other)));
    rig.once_ok().expect(&[("new_versions", 1)]);
    rig.expect_versions("a.txt", &["one", "two"]);
    middle.relent();
    rig.write("a.txt", "three").once_ok();
    rig.expect_versions("a.txt", &["one", "two", "three"]);
}

#[test]
fn text_that_is_no_text_is_no_answer() {
    let requests = [
        "POST /oauth2/token",
        "GET /2.0/users/me",
        "GET /2.0/folders/",
        "OPTIONS /2.0/files/content",
        UPLOAD,
        "POST /2.0/folders",
    ];
    let spoil: fn(Vec<u8>) -> Vec<u8> = |mut body| {
        // Within the first name or value.
        let at = body.iter().position(|byte| *byte == b'"');
        body.insert(at.map_or(0, |at| at + 1), 0xff);
        body
    };
    each(&requests, |request| {
        let (rig, middle) = Rig::behind();
        rig.write("a.txt", "a").write("sub/b.txt", "b");
        middle.plot(Plot::once(request, Act::Spoil(spoil)));
        let run = rig.once_ok();
        assert_eq!(middle.struck(), 1, "{run}");
        rig.expect_same_as_disk();
        assert_eq!(rig.entry("a.txt").versions, 1);
    });
}

/// IDs and etags as numbers, numbers as floats, fields that nobody knows.
fn spell_otherwise(value: &mut Value) {
    match value {
        Value::String(text) => {
            let is_number = text.len() < 16 && text.parse::<u64>().is_ok();
            if is_number && !text.starts_with('0') || text == "0" {
                *value = json!(text.parse::<u64>().unwrap_or_default());
            }
        }
        Value::Number(number) => *value = json!(number.as_f64()),
        Value::Array(all) => all.iter_mut().for_each(spell_otherwise),
        Value::Object(all) => {
            all.values_mut().for_each(spell_otherwise);
            all.insert(
                "new_at_box".to_owned(),
                json!({"deep": [[{}, null, 1.0034e14]]}),
            );
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// Only what cannot be done without is left.
fn leave_out(value: &mut Value) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(leave_out),
        Value::Object(all) => {
            for key in [
                "file_version",
                "sequence_id",
                "item_status",
                "total_count",
                "permissions",
            ] {
                all.remove(key);
            }
            all.values_mut().for_each(leave_out);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn other_spellings_and_fields_that_are_missing_or_new_change_nothing() {
    let changes: [fn(&mut Value); 2] = [spell_otherwise, leave_out];
    each(&changes, |change| {
        let (rig, middle) = Rig::behind();
        middle.plot(Plot::always("HTTP/1.1", Act::Change(*change)));
        rig.cloud.put_file(&rig.folder, "same.txt", b"same");
        rig.cloud.put_file(&rig.folder, "sub/old.txt", b"theirs");
        rig.write("same.txt", "same")
            .write("a.txt", "one")
            .write("sub/old.txt", "ours")
            .write("new/b.txt", "b");
        let run = rig.once_ok();
        run.expect(&[("uploaded", 2), ("adopted", 1), ("new_versions", 1)]);
        rig.cloud.touch(&rig.entry("a.txt").id);
        rig.write("a.txt", "two").once_ok();
        rig.expect_versions("a.txt", &["one", "two"])
            .expect_versions("sub/old.txt", &["theirs", "ours"])
            .expect_same_as_disk();
        rig.once_ok().expect(&[("unchanged", 4), ("requests", 0)]);
        assert!(middle.struck() > 10);
    });
}

/// What goes on for ever, by what it begins with and what it goes on with.
fn without_an_end() -> [Act; 4] {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let line = format!("X-More: {}\r\n", "x".repeat(60)).repeat(1_000);
    [
        Act::SayForEver(
            format!("{head}Content-Length: 1073741824\r\n\r\n{{\"id\":\"").into_bytes(),
            vec![b'7'; 0x10000],
        ),
        Act::SayForEver(
            format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes(),
            chunk.into_bytes(),
        ),
        Act::SayForEver(head.to_owned().into_bytes(), line.into_bytes()),
        Act::SayForEver(
            format!("{head}Content-Encoding: gzip\r\n\r\n").into_bytes(),
            vec![0x1f; 0x10000],
        ),
    ]
}

/// The most memory that it had, in KiB.
fn peak(child: &mut Child) -> u64 {
    let mut peak = 0;
    crate::rig::until("it ends", || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.pid()));
        let line = status.unwrap_or_default();
        let line = line.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(kib.unwrap_or(0));
        child.has_ended()
    });
    peak
}

#[test]
fn an_answer_without_an_end_is_cut_off_and_fills_no_memory() {
    let requests = [
        "POST /oauth2/token",
        "GET /2.0/folders/",
        "OPTIONS /2.0/files/content",
        UPLOAD,
    ];
    let cases = without_an_end().into_iter();
    let cases = cases.flat_map(|act| requests.map(|request| (request, act.clone())));
    let cases: Vec<_> = cases.enumerate().collect();
    each(&cases, |(_, (request, act))| {
        let (rig, middle) = Rig::behind();
        rig.write("a.txt", "a").write("sub/b.txt", "b");
        middle.plot(Plot::once(request, act.clone()));
        let mut run = rig.begin();
        let peak = peak(&mut run);
        let run = Run::of(run.finish());
        run.expect_code(0);
        assert_eq!(middle.struck(), 1, "{run}");
        assert!((1..=128 << 10).contains(&peak), "{peak} KiB: {run}");
        rig.expect_same_as_disk();
    });
}

/// Box takes some names for one that we hold apart. Whose the name is stays theirs.
#[test]
fn a_name_that_only_box_takes_for_another_overwrites_nothing() {
    for policy in ["new_version", "park"] {
        let (rig, middle) = Rig::behind();
        let rig = rig.mirror_key(&format!("on_existing = {policy:?}"));
        // A ligature, which compatibility takes apart.
        rig.write("fine.txt", "fine").once_ok();
        let theirs = rig.cloud.put_file(&rig.folder, "office.txt", b"theirs");
        rig.write("o\u{fb03}ce.txt", "ours");
        let conflict = json!({
            "type": "error", "status": 409, "code": "item_name_in_use",
            "message": "Item with the same name already exists",
            "context_info": {"conflicts": {
                "type": "file", "id": theirs, "etag": "0", "sequence_id": "0",
                "sha1": crate::rig::sha1(b"theirs"), "name": "office.txt",
            }},
        });
        let body = conflict.to_string();
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        middle.plot(Plot::always(
            "OPTIONS /2.0/files/content",
            Act::Say(answer.into_bytes()),
        ));
        let run = rig.once();
        run.expect_code(1);
        let event = run.expect_event("o\u{fb03}ce.txt", "parked name_taken");
        assert!(
            event["message"].to_string().contains("office.txt"),
            "{event}"
        );
        assert_eq!(rig.cloud.versions(&theirs).len(), 1);
        // Renamed at either end, it goes up.
        middle.relent();
        rig.once_ok().expect(&[("uploaded", 1), ("unchanged", 1)]);
    }
}
