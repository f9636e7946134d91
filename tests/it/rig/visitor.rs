//! A browser of a few lines: it opens addresses, presses buttons, and follows nothing by
//! itself.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What came back.
#[derive(Debug)]
pub(crate) struct Visit {
    /// The status; 0 when nobody answered.
    pub(crate) status: u16,
    /// Where it leads.
    pub(crate) location: Option<String>,
    /// The page.
    pub(crate) page: String,
}

/// Opens an address on this machine.
pub(crate) fn visit(url: &str) -> Visit {
    ask("GET", url, "")
}

impl Visit {
    /// Presses a button of the consent page that was at `url`: `grant` or `deny`.
    #[track_caller]
    pub(crate) fn decide(&self, url: &str, decision: &str) -> Visit {
        let (ticket, action) = (
            self.between("name=\"request_token\" value=\""),
            self.between("action=\""),
        );
        let (Some(ticket), Some(action)) = (ticket, action) else {
            panic!("no form: {self:?}");
        };
        let host = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let form = format!("request_token={ticket}&consent={decision}");
        ask("POST", &format!("{host}{action}"), &form)
    }

    /// What stands in the page behind a text and before the next quote.
    fn between(&self, before: &str) -> Option<&str> {
        self.page.split(before).nth(1)?.split('"').next()
    }

    /// Where the browser is sent.
    #[track_caller]
    pub(crate) fn leads_to(&self) -> String {
        let location = self.location.clone();
        location.unwrap_or_else(|| panic!("it leads nowhere: {self:?}"))
    }
}

/// Opens an address with another method.
pub(crate) fn ask(method: &str, url: &str, body: &str) -> Visit {
    let rest = url.strip_prefix("http://").expect("plain http");
    let (host, path) = rest.split_at(rest.find('/').expect("it has a path"));
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nUser-Agent: boxup/test\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut answer = Vec::new();
    if let Ok(mut stream) = TcpStream::connect(host) {
        // A door that closes meanwhile is seen in the answer.
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.read_to_end(&mut answer);
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, page) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let header = |name: &str| {
        let line = head
            .lines()
            .find(|line| line.to_lowercase().starts_with(name))?;
        Some(line.split_once(": ")?.1.to_owned())
    };
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Visit {
        status: status.unwrap_or(0),
        location: header("location:"),
        page: page.to_owned(),
    }
}

/// A server that gives these answers in JSON one after the other, and then the last one
/// for ever; its port, and how often it answered.
pub(crate) fn answering(answers: &'static [&'static str]) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let number = counted.fetch_add(1, Ordering::Relaxed);
            let json = answers[number.min(answers.len() - 1)];
            // One read has the whole of a short request.
            let _ = stream.read(&mut [0; 16 << 10]);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
            let length = json.len();
            let _ = write!(stream, "{head}\r\nContent-Length: {length}\r\n\r\n{json}");
        }
    });
    (port, count)
}
