//! A client of a few lines: one connection per request, nothing hidden.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use box_emulator::BoxEmulator;
use serde_json::{Value, json};

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Whether the body is as long as promised.
    pub(crate) whole: bool,
}

impl Answer {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"))
    }

    /// Asserts status and code of an error; returns its body.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        let body = self.json();
        assert_eq!(
            (self.status, body["code"].as_str()),
            (status, Some(code)),
            "{body}"
        );
        assert_eq!(body["type"], "error");
        assert_eq!(body["status"], status);
        assert!(body["message"].is_string() && body["help_url"].is_string());
        assert_ne!(body["request_id"].as_str(), self.header("box-request-id"));
        body
    }

    /// Asserts an error of the token endpoint.
    #[track_caller]
    pub(crate) fn denied(&self, status: u16, error: &str, description: &str) {
        assert_eq!(
            (self.status, self.json()),
            (
                status,
                json!({"error": error, "error_description": description})
            )
        );
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert!(self.header("date").is_some() && self.header("box-request-id").is_some());
    }

    /// Asserts a token; returns it.
    #[track_caller]
    pub(crate) fn access_token(&self) -> String {
        let body = self.ok(200);
        assert_eq!(body["token_type"], "bearer");
        assert_eq!(self.header("cache-control"), Some("no-store"));
        body["access_token"].as_str().unwrap().to_owned()
    }

    /// The time of the answer, in seconds since 1970.
    #[track_caller]
    pub(crate) fn date(&self) -> i64 {
        let date = httpdate::parse_http_date(self.header("date").unwrap()).unwrap();
        let since = date.duration_since(std::time::UNIX_EPOCH).unwrap();
        i64::try_from(since.as_secs()).unwrap()
    }

    /// Asserts the status; returns the body.
    #[track_caller]
    pub(crate) fn ok(&self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        self.json()
    }

    /// Asserts the status of an upload; returns its one entry.
    #[track_caller]
    pub(crate) fn entry(&self, status: u16) -> Value {
        let body = self.ok(status);
        assert_eq!(body["total_count"], 1);
        body["entries"][0].clone()
    }
}

/// A client with a token.
pub(crate) struct Client {
    pub(crate) emulator: BoxEmulator,
    token: String,
}

impl Client {
    /// A fresh emulator with the defaults.
    pub(crate) fn new() -> Client {
        Client::with(BoxEmulator::start())
    }

    /// A client without a token.
    pub(crate) fn bare(emulator: BoxEmulator) -> Client {
        Client {
            emulator,
            token: String::new(),
        }
    }

    /// A client of the service account.
    pub(crate) fn with(emulator: BoxEmulator) -> Client {
        let mut client = Client::bare(emulator);
        let answer = client.token("enterprise", "877840855");
        client.token = answer.ok(200)["access_token"].as_str().unwrap().to_owned();
        client
    }

    /// Asks for a token by client credentials.
    pub(crate) fn token(&self, kind: &str, subject: &str) -> Answer {
        self.form(&format!(
            "grant_type=client_credentials&client_id=emulated-client\
             &client_secret=emulated-secret&box_subject_type={kind}&box_subject_id={subject}"
        ))
    }

    /// Sends a form to the token endpoint.
    pub(crate) fn form(&self, form: &str) -> Answer {
        let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
        self.raw("POST", "/oauth2/token", headers, form.as_bytes())
            .unwrap()
    }

    /// Sends fields to the token endpoint, with the app's id and secret.
    pub(crate) fn ask(&self, fields: &[(&str, &str)]) -> Answer {
        let app = [
            ("client_id", "emulated-client"),
            ("client_secret", "emulated-secret"),
        ];
        self.form(&encode(&[&app, fields].concat()))
    }

    /// Revokes a token.
    pub(crate) fn revoke(&self, token: &str) -> Answer {
        let form = format!("client_id=emulated-client&client_secret=emulated-secret&token={token}");
        let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
        self.raw("POST", "/oauth2/revoke", headers, form.as_bytes())
            .unwrap()
    }

    /// Asks who one is with some token; returns the status.
    pub(crate) fn me(&self, token: &str) -> u16 {
        let headers = format!("Authorization: Bearer {token}\r\n");
        self.raw("GET", "/2.0/users/me", &headers, b"")
            .unwrap()
            .status
    }

    /// Uses another token from now on.
    pub(crate) fn use_token(&mut self, token: &str) {
        token.clone_into(&mut self.token);
    }

    /// The header that carries the token.
    pub(crate) fn auth(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.token)
    }

    /// Sends a request without a body below `/2.0`.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.call("GET", path, "", None)
    }

    /// Sends JSON below `/2.0`.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.call(method, path, "", Some(body))
    }

    /// Deletes.
    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, "", None)
    }

    /// The same with headers, each ended by a line break.
    pub(crate) fn call(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: Option<&Value>,
    ) -> Answer {
        let json = body.map_or("", |_| "Content-Type: application/json\r\n");
        let headers = format!("{}{json}{headers}", self.auth());
        let body = body.map(Value::to_string).unwrap_or_default();
        self.raw(method, &format!("/2.0{path}"), &headers, body.as_bytes())
            .unwrap()
    }

    /// Creates a folder; returns its id.
    #[track_caller]
    pub(crate) fn folder(&self, parent: &str, name: &str) -> String {
        let body = json!({"name": name, "parent": {"id": parent}});
        let made = self.send("POST", "/folders", &body).ok(201);
        made["id"].as_str().unwrap().to_owned()
    }

    /// Uploads a new file.
    pub(crate) fn upload(&self, parent: &str, name: &str, content: &[u8]) -> Answer {
        let attributes = json!({"name": name, "parent": {"id": parent}});
        self.post("/files/content", "", &attributes, content)
    }

    /// Uploads a new file that must succeed; returns its id.
    #[track_caller]
    pub(crate) fn file(&self, parent: &str, name: &str, content: &[u8]) -> String {
        let entry = self.upload(parent, name, content).entry(201);
        entry["id"].as_str().unwrap().to_owned()
    }

    /// Posts attributes and content below `/api/2.0`.
    pub(crate) fn post(
        &self,
        path: &str,
        headers: &str,
        attributes: &Value,
        content: &[u8],
    ) -> Answer {
        let body = multipart(&attributes.to_string(), content);
        self.post_raw(path, headers, &body).unwrap()
    }

    /// Posts a ready multipart body with the boundary `B`.
    pub(crate) fn post_raw(&self, path: &str, headers: &str, body: &[u8]) -> Option<Answer> {
        let kind = "Content-Type: multipart/form-data; boundary=B\r\n";
        let headers = format!("{}{kind}{headers}", self.auth());
        self.raw("POST", &format!("/api/2.0{path}"), &headers, body)
    }

    /// Sends anything; `None` when the connection ended without an answer.
    pub(crate) fn raw(
        &self,
        method: &str,
        target: &str,
        headers: &str,
        body: &[u8],
    ) -> Option<Answer> {
        let port = self.emulator.port();
        let length = if headers.contains("Transfer-Encoding") {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", body.len())
        };
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{length}{headers}\r\n"
        );
        exchange(port, &[head.as_bytes(), body].concat())
    }
}

/// A form.
pub(crate) fn encode(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| {
            let bytes = value.bytes().map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
                other => format!("%{other:02X}"),
            });
            format!("{name}={}", bytes.collect::<String>())
        })
        .collect();
    pairs.join("&")
}

/// Sends bytes and reads to the end.
pub(crate) fn exchange(port: u16, bytes: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    // The other side may hang up while this is still sending.
    let _ = stream.write_all(bytes);
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    let split = all.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&all[..split]).into_owned();
    let body = all[split + 4..].to_vec();
    let mut answer = Answer {
        status: head.get(9..12)?.parse().ok()?,
        head,
        body,
        whole: true,
    };
    let promised = answer
        .header("content-length")
        .map(|text| text.parse().unwrap());
    answer.whole = promised.is_none_or(|length: usize| length == answer.body.len());
    Some(answer)
}

/// A well-formed upload body with the boundary `B`.
pub(crate) fn multipart(attributes: &str, content: &[u8]) -> Vec<u8> {
    let before = format!(
        "--B\r\nContent-Disposition: form-data; name=\"attributes\"\r\n\r\n{attributes}\r\n\
         --B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    [before.as_bytes(), content, b"\r\n--B--\r\n"].concat()
}
