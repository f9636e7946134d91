//! What may happen between the opening of a session and its commit.

use box_emulator::{Access, BoxEmulator};
use serde_json::json;

use crate::chunked::{Opened, client, sha1};
use crate::sessions_commit::Ready;

const DENIED: &str = "access_denied_insufficient_permissions";

/// What happens in a folder of the Colleague's while a session is open.
type Happening = fn(&BoxEmulator, &str);

#[test]
fn much_may_happen_to_the_place_of_a_new_file() {
    let cases: [(Happening, u16, &str); 7] = [
        (
            |emulator, at| drop(emulator.put_file(at, "A", b"1")),
            409,
            "item_name_in_use",
        ),
        (|emulator, at| emulator.trash(at), 404, "trashed"),
        (|emulator, at| emulator.purge(at), 404, "not_found"),
        (
            |emulator, at| emulator.set_access(at, Access::None),
            404,
            "not_found",
        ),
        (
            |emulator, at| emulator.set_access(at, Access::Viewer),
            403,
            DENIED,
        ),
        (
            |emulator, _| emulator.set_quota(Some(2499)),
            403,
            "storage_limit_exceeded",
        ),
        (
            |emulator, _| emulator.set_max_upload_size(2499),
            403,
            "file_size_limit_exceeded",
        ),
    ];
    for (happen, status, code) in cases {
        let client = client();
        let folder = client.emulator.foreign_folder("Shared", Access::Editor);
        let body = json!({"folder_id": folder, "file_size": 2500, "file_name": "a"});
        let opened = client.upload_json("POST", "/upload_sessions", &body);
        let ready = Ready::of(client, Opened::new(&opened, 2500));
        happen(&ready.client.emulator, &folder);
        ready.commit().refused(status, code);
        // The session stays, for whoever can help it.
        assert_eq!(ready.client.emulator.sessions().len(), 1);
    }
}

#[test]
fn a_name_taken_meanwhile_is_told_and_may_be_changed() {
    let ready = Ready::new();
    let other = ready.client.emulator.put_file("0", "A", b"1");
    let body = ready.commit().refused(409, "item_name_in_use");
    let conflict = &body["context_info"]["conflicts"];
    assert_eq!(
        (&conflict["id"], &conflict["sha1"]),
        (&json!(other), &json!(sha1(b"1")))
    );
    let file = ready.with(&json!({"name": "b"})).entry(201);
    assert_eq!(file["name"], "b");
}

#[test]
fn much_may_happen_to_the_file_of_a_version() {
    let cases: [(Happening, u16, &str); 6] = [
        (|emulator, file| emulator.trash(file), 404, "trashed"),
        (|emulator, file| emulator.purge(file), 404, "not_found"),
        (
            |emulator, file| emulator.lock(file),
            403,
            "access_denied_item_locked",
        ),
        (
            |emulator, _| drop(emulator.put_file("0", "NEW", b"1")),
            409,
            "item_name_in_use",
        ),
        (
            |emulator, _| emulator.set_quota(Some(2499)),
            403,
            "storage_limit_exceeded",
        ),
        (
            |emulator, _| emulator.set_max_upload_size(2499),
            403,
            "file_size_limit_exceeded",
        ),
    ];
    for (happen, status, code) in cases {
        let client = client();
        let file = client.file("0", "old", b"1");
        let ready = Ready::version(client, &file, &json!({"file_name": "new"}));
        happen(&ready.client.emulator, &file);
        ready.commit().refused(status, code);
        assert!(ready.client.emulator.versions(&file).len() < 2, "{code}");
        assert_eq!(ready.client.emulator.sessions().len(), 1);
    }
}

#[test]
fn the_right_to_a_file_may_be_lost() {
    for (access, status, code) in [
        (Access::None, 404, "not_found"),
        (Access::Viewer, 403, DENIED),
        (Access::Uploader, 403, DENIED),
    ] {
        let client = client();
        let shared = client.emulator.foreign_folder("Shared", Access::Editor);
        let file = client.file(&shared, "a", b"1");
        let ready = Ready::version(client, &file, &json!({}));
        ready.client.emulator.set_access(&shared, access);
        ready.commit().refused(status, code);
        ready.client.emulator.set_access(&shared, Access::Editor);
        ready.commit().entry(201);
    }
}

#[test]
fn a_version_follows_its_file() {
    let client = client();
    let folder = client.folder("0", "Folder");
    let file = client.file("0", "a", b"1");
    let ready = Ready::version(client, &file, &json!({}));
    ready.client.emulator.rename(&file, "b");
    ready.client.emulator.move_to(&file, &folder);
    // One byte becomes free.
    ready.client.emulator.set_quota(Some(2500));
    let entry = ready.commit().entry(201);
    assert_eq!(
        (&entry["name"], &entry["parent"]["id"]),
        (&json!("b"), &json!(folder))
    );
}

#[test]
fn a_version_does_not_move_to_a_place_that_is_gone() {
    let client = client();
    let folder = client.folder("0", "Folder");
    let file = client.file("0", "a", b"1");
    let ready = Ready::version(client, &file, &json!({"folder_id": folder}));
    ready.client.emulator.trash(&folder);
    ready.commit().refused(404, "trashed");
    ready.client.emulator.untrash(&folder);
    ready.commit().entry(201);
    assert!(ready.client.emulator.entry(&folder, "a").is_some());
}
