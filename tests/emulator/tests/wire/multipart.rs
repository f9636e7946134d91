//! The order and form of an upload's parts.

use box_emulator::BoxEmulator;

use crate::client::{Answer, Client, multipart};

const ATTRIBUTES: &str = "--B\r\nContent-Disposition: form-data; name=\"attributes\"\r\n\r\n{\"name\":\"a\",\"parent\":{\"id\":\"0\"}}\r\n";
const FILE: &str =
    "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nabc\r\n";

fn post(client: &Client, body: &str) -> Answer {
    client
        .post_raw("/files/content", "", body.as_bytes())
        .unwrap()
}

#[test]
fn attributes_come_first() {
    let client = Client::new();
    let swapped = post(&client, &format!("{FILE}{ATTRIBUTES}--B--\r\n"));
    swapped.refused(400, "metadata_after_file_contents");
    assert!(client.emulator.tree("0").is_empty());
    post(&client, &format!("{ATTRIBUTES}{FILE}--B--")).entry(201);
}

#[test]
fn malformed_bodies_are_refused() {
    let client = Client::new();
    let no_file_name = FILE.replace("; filename=\"a\"", "");
    let other_name = ATTRIBUTES.replace("attributes", "metadata");
    let broken_json = ATTRIBUTES.replace("}}", "}");
    for body in [
        String::new(),
        "--B--\r\n".to_owned(),
        FILE.to_owned() + "--B--\r\n",
        ATTRIBUTES.to_owned() + "--B--\r\n",
        format!("{ATTRIBUTES}{FILE}"),
        format!("{ATTRIBUTES}{FILE}--B"),
        format!("{ATTRIBUTES}{no_file_name}--B--\r\n"),
        format!("{other_name}{FILE}--B--\r\n"),
        format!("{broken_json}{FILE}--B--\r\n"),
        format!("{ATTRIBUTES}{FILE}{FILE}--B--\r\n"),
        format!("{ATTRIBUTES}{FILE}--B--\r\nmore"),
        format!("preamble\r\n{ATTRIBUTES}{FILE}--B--\r\n"),
        format!("{ATTRIBUTES}{FILE}--Bx\r\n--B--\r\n"),
        "--B\r\nno colon\r\n\r\nx\r\n--B--\r\n".to_owned(),
        format!("--B\r\nX: {}\r\n\r\n", "x".repeat(40_000)),
    ] {
        let answer = post(&client, &body);
        assert_eq!(answer.status, 400, "{body}");
    }
    assert!(client.emulator.tree("0").is_empty());
}

#[test]
fn the_content_may_look_like_a_boundary() {
    let client = Client::new();
    let content = b"\r\n--\r\n--A\r\n-\r\r\n--\r\r\n\r\n-B--\r\n";
    let id = client.file("0", "tricky", content);
    assert_eq!(client.emulator.content(&id).unwrap(), content);
}

#[test]
fn the_second_parts_name_does_not_matter() {
    let client = Client::new();
    let file = FILE.replace("name=\"file\"", "name=\"contents\"");
    post(&client, &format!("{ATTRIBUTES}{file}--B--\r\n")).entry(201);
}

#[test]
fn a_version_may_leave_the_attributes_out() {
    let client = Client::new();
    let id = client.file("0", "a", b"1");
    let body = format!("{FILE}--B--\r\n");
    let path = format!("/files/{id}/content");
    let answer = client.post_raw(&path, "", body.as_bytes()).unwrap();
    assert_eq!(answer.entry(200)["name"], "a");
}

#[test]
fn other_content_types_are_refused() {
    let client = Client::new();
    let send = |kind: &str| {
        let headers = format!("{}Content-Type: {kind}\r\n", client.auth());
        client
            .raw("POST", "/api/2.0/files/content", &headers, b"x")
            .unwrap()
    };
    send("application/json").refused(415, "unsupported_media_type");
    send("multipart/form-data").refused(400, "bad_request");
    send(&format!("multipart/form-data; boundary={}", "x".repeat(71))).refused(400, "bad_request");
}

#[test]
fn chunked_transfer_is_remarked_or_refused() {
    let body = multipart("{\"name\":\"a\",\"parent\":{\"id\":\"0\"}}", b"abc");
    let mut chunked = Vec::new();
    for piece in body.chunks(7) {
        chunked.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        chunked.extend_from_slice(piece);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let headers = "Transfer-Encoding: chunked\r\n";

    let client = Client::new();
    client
        .post_raw("/files/content", headers, &chunked)
        .unwrap()
        .entry(201);
    assert_eq!(
        client.emulator.remarks(),
        ["post_files_content: upload without Content-Length"]
    );
    let request = client.emulator.requests().pop().unwrap();
    assert_eq!(request.transfer_encoding.as_deref(), Some("chunked"));
    assert_eq!((request.content_length, request.content_bytes), (None, 3));

    let builder = BoxEmulator::builder().require_content_length(true);
    let client = Client::with(builder.start().unwrap());
    let refused = client
        .post_raw("/files/content", headers, &chunked)
        .unwrap();
    refused.refused(411, "length_required");
}
