//! Opening an upload session, and every refusal of it.

use box_emulator::{Access, BoxEmulator};
use serde_json::{Value, json};

use crate::chunked::client;
use crate::client::{Answer, Client};

const DENIED: &str = "access_denied_insufficient_permissions";
const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

impl Client {
    pub(crate) fn new_session(&self, body: &Value) -> Answer {
        self.upload_json("POST", "/upload_sessions", body)
    }

    fn new_session_in(&self, folder: &str, name: &str) -> Answer {
        self.new_session(&json!({"folder_id": folder, "file_size": 10, "file_name": name}))
    }

    pub(crate) fn version_session(&self, file: &str, body: &Value) -> Answer {
        self.upload_json("POST", &format!("/{file}/upload_sessions"), body)
    }
}

#[test]
fn each_field_has_its_own_refusal() {
    let client = client();
    let long = "x".repeat(256);
    for (field, value, code) in [
        ("folder_id", Value::Null, "missing_destination"),
        ("folder_id", json!("abc"), "invalid_folder_id"),
        ("folder_id", json!(""), "invalid_folder_id"),
        ("folder_id", json!(0), "invalid_folder_id"),
        ("file_size", Value::Null, "missing_file_size"),
        ("file_size", json!("10"), "invalid_file_size"),
        ("file_size", json!(-1), "invalid_file_size"),
        ("file_size", json!(1.5), "invalid_file_size"),
        ("file_size", json!(u64::MAX), "invalid_file_size"),
        ("file_size", json!(0), "file_size_too_small"),
        ("file_name", Value::Null, "missing_file_name"),
        ("file_name", json!(""), "missing_file_name"),
        ("file_name", json!(7), "item_name_invalid"),
        ("file_name", json!("a/b"), "item_name_invalid"),
        ("file_name", json!("a "), "item_name_invalid"),
        ("file_name", json!(".."), "item_name_invalid"),
        ("file_name", json!(long), "item_name_too_long"),
    ] {
        let mut body = json!({"folder_id": "0", "file_size": 10, "file_name": "a"});
        body[field] = value.clone();
        client.new_session(&body).refused(400, code);
        if value.is_null() {
            body.as_object_mut().unwrap().remove(field);
            client.new_session(&body).refused(400, code);
        }
    }
    client
        .new_session(&json!({}))
        .refused(400, "missing_destination");
    assert!(client.emulator.sessions().is_empty());
    let body = json!({"folder_id": "0", "file_size": 10, "file_name": "a", "colour": "red"});
    client.new_session(&body).ok(201);
    let remark = "post_files_upload_sessions: undocumented body field 'colour'";
    assert_eq!(client.emulator.remarks(), [remark]);
}

#[test]
fn sizes_have_bounds() {
    let client = Client::new();
    let ask = |size: u64| {
        client.new_session(&json!({"folder_id": "0", "file_size": size, "file_name": "a"}))
    };
    ask(19_999_999).refused(400, "file_size_too_small");
    ask(20_000_000).ok(201);
    ask(5_368_709_120).ok(201);
    ask(5_368_709_121).refused(403, "file_size_limit_exceeded");
    client.emulator.set_max_upload_size(20_000_000);
    ask(20_000_001).refused(403, "file_size_limit_exceeded");
    client.emulator.set_chunked_minimum(5);
    client.file("0", "there", b"12345");
    client.emulator.set_quota(Some(15));
    ask(10).ok(201);
    let body = ask(11).refused(403, "storage_limit_exceeded");
    assert_eq!(body["message"], "Account storage limit reached");
    client.emulator.set_quota(None);
    ask(11).ok(201);
    ask(4).refused(400, "file_size_too_small");
    // A file of no bytes has no parts.
    client.emulator.set_chunked_minimum(0);
    ask(0).refused(400, "file_size_too_small");
    ask(1).ok(201);
}

#[test]
fn the_owner_of_the_folder_pays() {
    let client = client();
    let folder = client.emulator.foreign_folder("Theirs", Access::Editor);
    client.emulator.put_file(&folder, "there", b"12345");
    client.emulator.set_quota(Some(12));
    client
        .new_session_in(&folder, "a")
        .refused(403, "storage_limit_exceeded");
    client.new_session_in("0", "a").ok(201);
}

#[test]
fn parts_grow_with_the_file() {
    let builder = BoxEmulator::builder().max_upload_size(u64::MAX).quota(None);
    let client = Client::with(builder.start().unwrap());
    for (size, part, parts) in [
        (20_000_000, 8 * MIB, 3),
        (24 * MIB, 8 * MIB, 3),
        (24 * MIB + 1, 8 * MIB, 4),
        (2 * GIB, 8 * MIB, 256),
        (2 * GIB + 1, 32 * MIB, 65),
        (4 * GIB, 32 * MIB, 128),
        // 4.786 GiB, as rclone's issue has it.
        (5_138_928_107, 64 * MIB, 77),
        (50 * GIB, 64 * MIB, 800),
    ] {
        let body = json!({"folder_id": "0", "file_size": size, "file_name": "a"});
        let session = client.new_session(&body).ok(201);
        assert_eq!(
            (&session["part_size"], &session["total_parts"]),
            (&json!(part), &json!(parts)),
            "{size}"
        );
    }
    client.emulator.set_part_size(Some(MIB));
    let chosen = client.open("a", 20_000_000);
    assert_eq!(chosen.object["total_parts"], 20);
}

#[test]
fn folders_take_a_file_or_do_not() {
    let client = client();
    let file = client.file("0", "file", b"1");
    let trashed = client.folder("0", "Trashed");
    client.emulator.trash(&trashed);
    let purged = client.folder("0", "Purged");
    client.emulator.purge(&purged);
    let private = client.emulator.foreign_folder("Private", Access::None);
    for missing in ["4711", "99999999999999999999999", &file, &purged, &private] {
        let body = client
            .new_session_in(missing, "a")
            .refused(404, "invalid_parameter");
        let errors = &body["context_info"]["errors"][0];
        assert_eq!(errors["name"], "folder_id", "{body}");
    }
    client.new_session_in(&trashed, "a").refused(404, "trashed");
    for (access, status) in [
        (Access::Viewer, 403),
        (Access::Uploader, 201),
        (Access::Editor, 201),
    ] {
        let shared = client.emulator.foreign_folder("Shared", access);
        let answer = client.new_session_in(&shared, "a");
        match status {
            403 => drop(answer.refused(403, DENIED)),
            _ => drop(answer.ok(status)),
        }
    }
}

#[test]
fn a_taken_name_is_told_as_one_object() {
    let client = client();
    let file = client.file("0", "File", b"12");
    let folder = client.folder("0", "Folder");
    let link = client.emulator.put_web_link("0", "Link");
    for (name, kind, id) in [
        ("File", "file", &file),
        ("fILE", "file", &file),
        ("folder", "folder", &folder),
        ("link", "web_link", &link),
    ] {
        let body = client
            .new_session_in("0", name)
            .refused(409, "item_name_in_use");
        let conflict = &body["context_info"]["conflicts"];
        assert_eq!(
            (&conflict["type"], &conflict["id"]),
            (&json!(kind), &json!(id))
        );
    }
    client.emulator.trash(&file);
    client.new_session_in("0", "File").ok(201);
}

#[test]
fn files_take_a_version_or_do_not() {
    let client = client();
    let ask = |file: &str| client.version_session(file, &json!({"file_size": 10}));
    let there = client.file("0", "there", b"1");
    let body = ask(&there).ok(201);
    assert_eq!(body["type"], "upload_session");
    let folder = client.folder("0", "Folder");
    for missing in ["4711", &folder] {
        ask(missing).refused(404, "not_found");
    }
    ask("abc").refused(405, "method_not_allowed");
    client.emulator.lock(&there);
    ask(&there).refused(403, "access_denied_item_locked");
    client.emulator.unlock(&there);
    ask(&there).ok(201);
    client.emulator.trash(&there);
    ask(&there).refused(404, "trashed");
    client.emulator.purge(&there);
    ask(&there).refused(404, "not_found");
    let shared = client.emulator.foreign_folder("Shared", Access::Editor);
    let theirs = client.emulator.put_file(&shared, "a", b"1");
    ask(&theirs).ok(201);
    for access in [Access::Viewer, Access::Uploader] {
        client.emulator.set_access(&shared, access);
        ask(&theirs).refused(403, DENIED);
    }
    client.emulator.set_access(&shared, Access::None);
    ask(&theirs).refused(404, "not_found");
}

#[test]
fn bodies_of_versions_are_judged() {
    let client = client();
    let file = client.file("0", "a", b"12345");
    client.file("0", "taken", b"1");
    let folder = client.folder("0", "Folder");
    client.file(&folder, "A", b"1");
    let viewer = client.emulator.foreign_folder("Viewer", Access::Viewer);
    for (more, status, code) in [
        (json!({}), 201, ""),
        (json!({"file_name": null, "folder_id": null}), 201, ""),
        (json!({"file_name": "a"}), 201, ""),
        (json!({"file_name": "free"}), 201, ""),
        (json!({"file_name": "TAKEN"}), 409, "item_name_in_use"),
        (json!({"file_name": "a/b"}), 400, "item_name_invalid"),
        (json!({"file_name": ""}), 400, "missing_file_name"),
        (json!({"file_size": null}), 400, "missing_file_size"),
        (json!({"file_size": 0}), 400, "file_size_too_small"),
        (json!({"file_size": "1"}), 400, "invalid_file_size"),
        (json!({"folder_id": folder}), 409, "item_name_in_use"),
        (json!({"folder_id": folder, "file_name": "b"}), 201, ""),
        (json!({"folder_id": "x"}), 400, "invalid_folder_id"),
        (json!({"folder_id": "4711"}), 404, "invalid_parameter"),
        (json!({"folder_id": viewer}), 403, DENIED),
    ] {
        let mut body = json!({"file_size": 10});
        let fields = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(fields);
        let answer = client.version_session(&file, &body);
        match status {
            201 => drop(answer.ok(201)),
            _ => drop(answer.refused(status, code)),
        }
    }
    client.emulator.set_max_upload_size(9);
    let ask = || client.version_session(&file, &json!({"file_size": 10}));
    ask().refused(403, "file_size_limit_exceeded");
    client.emulator.set_max_upload_size(10);
    // Seven bytes are in use, and five of them become free.
    client.emulator.set_quota(Some(12));
    ask().ok(201);
    client.emulator.set_quota(Some(11));
    ask().refused(403, "storage_limit_exceeded");
}
