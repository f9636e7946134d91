//! A web server of a few lines, which notes what it is sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What came.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// Its first line without the version: `POST /path`.
    pub(crate) line: String,
    /// Its header fields, in lower case.
    pub(crate) head: String,
    /// Its body.
    pub(crate) body: String,
}

/// Listens until the test is over.
pub(crate) struct Recorder {
    port: u16,
    status: Arc<AtomicU16>,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Recorder {
    /// Answers everything with 200.
    pub(crate) fn start() -> Recorder {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let recorder = Recorder {
            port: listener.local_addr().expect("it is bound").port(),
            status: Arc::new(AtomicU16::new(200)),
            heard: Arc::default(),
        };
        let (status, heard) = (Arc::clone(&recorder.status), Arc::clone(&recorder.heard));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(request) = read(&stream) {
                    heard
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(request);
                }
                answer(stream, status.load(Ordering::Relaxed));
            }
        });
        recorder
    }

    /// Answers with this status from now on.
    pub(crate) fn answers(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    /// An address of it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// What came so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        let heard = self.heard.lock();
        heard.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn read(stream: &TcpStream) -> Option<Heard> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut head = String::new();
    loop {
        let mut field = String::new();
        reader.read_line(&mut field).ok()?;
        if field.trim().is_empty() {
            break;
        }
        head.push_str(&field.to_lowercase());
    }
    let length = head.lines().find_map(|field| {
        let value = field.strip_prefix("content-length:")?;
        value.trim().parse::<usize>().ok()
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Heard {
        line: line.rsplit_once(' ')?.0.to_owned(),
        head,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

fn answer(mut stream: TcpStream, status: u16) {
    let head = format!("HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close");
    let location = match status {
        300..400 => "\r\nLocation: /elsewhere",
        _ => "",
    };
    let _ = write!(stream, "{head}{location}\r\n\r\n");
}
