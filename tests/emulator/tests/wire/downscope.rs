//! Down-scoping: tokens in exchange for ones that may do less.

use std::time::Duration;

use box_emulator::BoxEmulator;
use serde_json::{Value, json};

use crate::client::{Answer, Client};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const KIND: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A folder with a file and a folder in it, and a file beside it.
struct Place {
    client: Client,
    token: String,
    folder: String,
    sub: String,
    file: String,
    beside: String,
}

impl Place {
    fn new() -> Place {
        Place::with(BoxEmulator::start())
    }

    fn with(emulator: BoxEmulator) -> Place {
        let client = Client::with(emulator);
        let token = client.token("enterprise", "877840855").access_token();
        let folder = client.folder("0", "Mirror");
        Place {
            sub: client.folder(&folder, "Sub"),
            file: client.file(&folder, "file", b"1"),
            beside: client.file("0", "beside", b"1"),
            client,
            token,
            folder,
        }
    }

    fn exchange(&self, token: &str, scope: &str, resource: Option<&str>) -> Answer {
        let mut form = vec![
            ("grant_type", GRANT),
            ("subject_token", token),
            ("subject_token_type", KIND),
            ("scope", scope),
        ];
        form.extend(resource.map(|url| ("resource", url)));
        self.client.form(&crate::client::encode(&form))
    }

    /// Goes on with a token restricted to the folder.
    fn restrict(&mut self, scope: &str) {
        let url = format!("https://api.box.com/2.0/folders/{}", self.folder);
        let token = self.exchange(&self.token, scope, Some(&url)).access_token();
        self.client.use_token(&token);
    }

    /// What all kinds of calls answer inside the folder.
    fn deeds(&self) -> Vec<(&'static str, Answer)> {
        let client = &self.client;
        let (file, sub) = (
            format!("/files/{}", self.file),
            format!("/folders/{}", self.sub),
        );
        let new = json!({"name": "new", "parent": {"id": self.folder}, "size": 1});
        vec![
            ("me", client.get("/users/me")),
            ("folder", client.get(&sub)),
            ("items", client.get(&format!("{sub}/items"))),
            ("file", client.get(&file)),
            ("content", client.get(&format!("{file}/content"))),
            ("preflight", client.send("OPTIONS", "/files/content", &new)),
            (
                "preflight version",
                client.send("OPTIONS", &format!("{file}/content"), &json!({})),
            ),
            (
                "make",
                client.send(
                    "POST",
                    "/folders",
                    &json!({"name": "made", "parent": {"id": self.folder}}),
                ),
            ),
            ("upload", client.upload(&self.folder, "new", b"1")),
            (
                "version",
                client.post(&format!("{file}/content"), "", &json!({}), b"2"),
            ),
            (
                "describe",
                client.send("PUT", &file, &json!({"description": "x"})),
            ),
            (
                "rename",
                client.send("PUT", &file, &json!({"name": "renamed"})),
            ),
            (
                "move",
                client.send("PUT", &file, &json!({"parent": {"id": self.sub}})),
            ),
            ("delete", client.delete(&format!("{sub}?recursive=true"))),
        ]
    }
}

#[test]
fn the_answer_has_the_documented_shape() {
    let place = Place::new();
    let url = format!(
        "{}/2.0/folders/{}",
        place.client.emulator.base_url(),
        place.folder
    );
    let answer = place.exchange(&place.token, "item_upload base_upload", Some(&url));
    let body = answer.ok(200);
    let object = json!({
        "type": "folder", "id": place.folder, "etag": "0", "sequence_id": "0", "name": "Mirror",
    });
    assert_eq!(
        body["restricted_to"],
        json!([
            {"scope": "item_upload", "object": object},
            {"scope": "base_upload", "object": object},
        ])
    );
    assert_eq!(body["issued_token_type"], KIND);
    assert_eq!(body["token_type"], "bearer");
    assert!(body.get("refresh_token").is_none());
    assert_eq!(client_me(&place, &answer), 200);
    let everywhere = place.exchange(&place.token, "item_upload", None).ok(200);
    assert_eq!(
        everywhere["restricted_to"],
        json!([{"scope": "item_upload"}])
    );
}

fn client_me(place: &Place, answer: &Answer) -> u16 {
    place.client.me(&answer.access_token())
}

#[test]
fn each_scope_allows_its_deeds() {
    let upload = "preflight, preflight version, make, upload, version";
    let all = format!("me, folder, items, file, content, {upload}, describe, rename, move, delete");
    for (scope, allowed) in [
        ("base_upload", format!("me, folder, items, {upload}")),
        ("item_upload", format!("me, folder, items, {upload}")),
        ("item_delete", "me, delete".to_owned()),
        ("item_download", "me, content".to_owned()),
        ("item_rename", "me, rename".to_owned()),
        ("item_preview", "me, file".to_owned()),
        (
            "base_explorer item_download",
            "me, folder, items, file, content".to_owned(),
        ),
        (
            "root_readonly",
            "me, folder, items, file, content".to_owned(),
        ),
        ("root_readwrite", all),
    ] {
        let mut place = Place::new();
        place.restrict(scope);
        let mut done = Vec::new();
        for (deed, answer) in place.deeds() {
            if answer.status < 400 {
                done.push(deed);
            } else {
                answer.refused(403, "insufficient_scope");
            }
        }
        assert_eq!(done.join(", "), allowed, "{scope}");
    }
}

#[test]
fn outside_is_out_of_reach() {
    for (status, code) in [(403, "insufficient_scope"), (404, "not_found")] {
        let builder = BoxEmulator::builder().restricted_answer(status);
        let mut place = Place::with(builder.start().unwrap());
        place.restrict("root_readwrite");
        let client = &place.client;
        let beside = format!("/files/{}", place.beside);
        let to_root = json!({"parent": {"id": "0"}});
        for answer in [
            client.get("/folders/0"),
            client.get("/folders/0/items"),
            client.get(&beside),
            client.get("/files/4711"),
            client.delete(&beside),
            client.upload("0", "x", b"1"),
            client.post(&format!("{beside}/content"), "", &json!({}), b"2"),
            client.send("PUT", &format!("/files/{}", place.file), &to_root),
            client.send(
                "POST",
                "/folders",
                &json!({"name": "x", "parent": {"id": "0"}}),
            ),
        ] {
            answer.refused(status, code);
        }
        let nowhere = client.send("OPTIONS", "/files/content", &json!({"name": "x"}));
        nowhere.refused(403, "insufficient_scope");
        client.get("/files/abc").refused(405, "method_not_allowed");
        client.file(&place.sub, "inside", b"1");
    }
}

#[test]
fn a_file_can_be_the_resource() {
    let mut place = Place::new();
    let url = format!("https://api.box.com/2.0/files/{}", place.file);
    let answer = place.exchange(&place.token, "root_readwrite", Some(&url));
    place.client.use_token(&answer.access_token());
    let client = &place.client;
    client.get(&format!("/files/{}", place.file)).ok(200);
    client
        .post(
            &format!("/files/{}/content", place.file),
            "",
            &json!({}),
            b"2",
        )
        .entry(200);
    client
        .get(&format!("/folders/{}", place.folder))
        .refused(403, "insufficient_scope");
    client
        .upload(&place.folder, "x", b"1")
        .refused(403, "insufficient_scope");
}

#[test]
fn refusals_of_the_exchange() {
    let place = Place::new();
    let resource = "The target resource is invalid.";
    for bad in [
        "https://api.box.com/2.0/folders/4711".to_owned(),
        format!("https://api.box.com/2.0/files/{}", place.folder),
        format!("https://evil.example/2.0/folders/{}", place.folder),
        format!("https://api.box.com/2.0/folders/{}/items", place.folder),
        "123".to_owned(),
    ] {
        let answer = place.exchange(&place.token, "item_upload", Some(&bad));
        answer.denied(400, "invalid_resource", resource);
    }
    let scope = "An unsupported scope was requested";
    place
        .exchange(&place.token, "item_upload everything", None)
        .denied(400, "invalid_scope", scope);
    let invalid = "The access token provided is invalid.";
    place
        .exchange("nonsense", "item_upload", None)
        .denied(400, "invalid_token", invalid);
    let missing = "Invalid grant_type parameter or parameter missing";
    place
        .exchange(&place.token, "", None)
        .denied(400, "invalid_request", missing);
    let form = format!(
        "grant_type={GRANT}&subject_token={}&scope=item_upload",
        place.token
    );
    for kind in ["", "&subject_token_type=x"] {
        let answer = place.client.form(&format!("{form}{kind}"));
        answer.denied(400, "invalid_request", missing);
    }
    let wrong =
        format!("{form}&subject_token_type={KIND}&client_id=emulated-client&client_secret=x");
    let text = "The client credentials are invalid";
    place
        .client
        .form(&wrong)
        .denied(400, "invalid_client", text);
    let right = wrong.replace("secret=x", "secret=emulated-secret");
    place.client.form(&right).access_token();
}

#[test]
fn it_can_only_become_less() {
    let mut place = Place::new();
    let text = "The subject_token does not have all of the requested scopes";
    let inside = format!("https://api.box.com/2.0/folders/{}", place.folder);
    let small = place
        .exchange(&place.token, "item_upload base_upload", Some(&inside))
        .access_token();
    place
        .exchange(&small, "item_delete", None)
        .denied(401, "unauthorized", text);
    place
        .exchange(&small, "root_readwrite", None)
        .denied(401, "unauthorized", text);
    let outside = place.exchange(
        &small,
        "item_upload",
        Some("https://api.box.com/2.0/folders/0"),
    );
    outside.denied(400, "invalid_resource", "The target resource is invalid.");
    let smaller = place.exchange(&small, "item_upload", None).access_token();
    place.client.use_token(&smaller);
    place.client.file(&place.folder, "new", b"1");
    place
        .client
        .upload("0", "new", b"1")
        .refused(403, "insufficient_scope");
    // Nor does the As-User header lead out of it.
    let headers = format!("As-User: {}\r\n", place.client.emulator.colleague_id());
    let answer = place.client.call("GET", "/users/me", &headers, None);
    answer.refused(403, "insufficient_scope");
}

#[test]
fn it_lives_no_longer_than_its_parent() {
    let builder = BoxEmulator::builder().token_ttl(Duration::from_secs(100));
    let place = Place::with(builder.start().unwrap());
    let client = &place.client;
    client.emulator.set_token_ttl(Duration::from_secs(5000));
    let answer = place.exchange(&place.token, "item_upload", None);
    let seconds = answer.ok(200)["expires_in"].as_u64().unwrap();
    assert!((1..=100).contains(&seconds), "{seconds}");
    let child = answer.access_token();
    let grandchild = place.exchange(&child, "item_upload", None).access_token();
    assert_eq!(client.me(&grandchild), 200);
    // Revoking a child leaves the parent, revoking the parent leaves nothing.
    let other = place
        .exchange(&place.token, "item_upload", None)
        .access_token();
    client.revoke(&other);
    assert_eq!((client.me(&other), client.me(&place.token)), (401, 200));
    client.revoke(&place.token);
    assert_eq!((client.me(&child), client.me(&grandchild)), (401, 401));
    assert!(!client.emulator.is_alive(&grandchild));
}

#[test]
fn the_root_can_be_the_resource() {
    let mut place = Place::new();
    let shared = place
        .client
        .emulator
        .foreign_folder("Shared", box_emulator::Access::Editor);
    let url = "https://api.box.com/2.0/folders/0";
    let answer = place.exchange(&place.token, "root_readwrite", Some(url));
    let body: Value = answer.ok(200);
    assert_eq!(body["restricted_to"][0]["object"]["id"], "0");
    place.client.use_token(&answer.access_token());
    place.client.get(&format!("/folders/{shared}")).ok(200);
    place
        .client
        .get(&format!("/files/{}", place.beside))
        .ok(200);
}
