//! A client of upload sessions of a few lines.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use box_emulator::{BoxEmulator, Builder};

use crate::client::{Answer, Client};

/// The part size of these tests.
pub(crate) const PART: usize = 1000;

/// An emulator with small parts that takes small files.
pub(crate) fn small() -> Builder {
    BoxEmulator::builder()
        .part_size(PART as u64)
        .chunked_minimum(1)
}

/// A client of such an emulator.
pub(crate) fn client() -> Client {
    Client::with(small().start().unwrap())
}

/// Content that differs from part to part.
pub(crate) fn content(size: usize) -> Vec<u8> {
    (0..size)
        .map(|at| (at / PART * 7 + at % 251) as u8)
        .collect()
}

/// `sha=` and the SHA-1 in Base64.
pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha={}", STANDARD.encode(Sha1::digest(bytes)))
}

/// SHA-1 in hexadecimal.
pub(crate) fn sha1(bytes: &[u8]) -> String {
    let digest = Sha1::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An open session, seen from a client.
pub(crate) struct Opened {
    pub(crate) id: String,
    pub(crate) object: Value,
    size: usize,
}

impl Client {
    /// Sends JSON below `/api/2.0/files`.
    pub(crate) fn upload_json(&self, method: &str, path: &str, body: &Value) -> Answer {
        let headers = format!("{}Content-Type: application/json\r\n", self.auth());
        let target = format!("/api/2.0/files{path}");
        self.raw(method, &target, &headers, body.to_string().as_bytes())
            .unwrap()
    }

    /// Sends nothing but a head below `/api/2.0/files/upload_sessions`.
    pub(crate) fn session(&self, method: &str, path: &str) -> Answer {
        let target = format!("/api/2.0/files/upload_sessions/{path}");
        self.raw(method, &target, &self.auth(), b"").unwrap()
    }

    /// Opens a session for a new file in the root.
    #[track_caller]
    pub(crate) fn open(&self, name: &str, size: usize) -> Opened {
        let body = json!({"folder_id": "0", "file_size": size, "file_name": name});
        Opened::new(&self.upload_json("POST", "/upload_sessions", &body), size)
    }

    /// Opens a session for a version.
    #[track_caller]
    pub(crate) fn open_version(&self, file: &str, more: &Value, size: usize) -> Opened {
        let mut body = more.clone();
        body["file_size"] = json!(size);
        let path = format!("/{file}/upload_sessions");
        Opened::new(&self.upload_json("POST", &path, &body), size)
    }

    /// Puts bytes with the right headers at an offset.
    pub(crate) fn put(&self, session: &Opened, offset: usize, bytes: &[u8]) -> Answer {
        let range = session.range(offset, bytes.len());
        let headers = format!("Digest: {}\r\nContent-Range: {range}\r\n", digest(bytes));
        self.put_raw(&session.id, &headers, bytes).unwrap()
    }

    /// Puts bytes with these headers.
    pub(crate) fn put_raw(&self, id: &str, headers: &str, bytes: &[u8]) -> Option<Answer> {
        let kind = "Content-Type: application/octet-stream\r\n";
        let headers = format!("{}{kind}{headers}", self.auth());
        let target = format!("/api/2.0/files/upload_sessions/{id}");
        self.raw("PUT", &target, &headers, bytes)
    }

    /// Puts all parts; returns their records.
    #[track_caller]
    pub(crate) fn put_all(&self, session: &Opened, bytes: &[u8]) -> Vec<Value> {
        let parts = bytes.chunks(PART).enumerate();
        parts
            .map(|(index, part)| self.put(session, index * PART, part).ok(200)["part"].clone())
            .collect()
    }

    /// Commits with the right digest.
    pub(crate) fn commit(&self, session: &Opened, bytes: &[u8], body: &Value) -> Answer {
        self.commit_with(session, &format!("Digest: {}\r\n", digest(bytes)), body)
    }

    /// Commits with these headers.
    pub(crate) fn commit_with(&self, session: &Opened, headers: &str, body: &Value) -> Answer {
        let headers = format!("{}Content-Type: application/json\r\n{headers}", self.auth());
        let target = format!("/api/2.0/files/upload_sessions/{}/commit", session.id);
        self.raw("POST", &target, &headers, body.to_string().as_bytes())
            .unwrap()
    }
}

impl Opened {
    #[track_caller]
    pub(crate) fn new(answer: &Answer, size: usize) -> Opened {
        let object = answer.ok(201);
        let id = object["id"].as_str().unwrap().to_owned();
        Opened { id, object, size }
    }

    /// The `Content-Range` of so many bytes at an offset.
    pub(crate) fn range(&self, offset: usize, len: usize) -> String {
        format!("bytes {offset}-{}/{}", offset + len - 1, self.size)
    }
}
