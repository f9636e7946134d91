//! From which size on parts are better than one request: the same files, once as a whole
//! and once in parts, over lines of different kinds.
//!
//! ```text
//! cargo bench --bench whole_or_parts
//! ```
//!
//! A line is a proxy in front of the embedded Box that gives each connection so many
//! bytes a second and may break it after so many. The embedded Box is told to refuse
//! sessions, or not to: the program falls back to one request by itself. Figures are
//! ratios within one run.

use box_emulator::{BoxEmulator, Kind};
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Between the smallest file that goes in parts and the largest that may go whole.
const SIZES: [u64; 2] = [21 << 20, 46 << 20];

/// What a connection is like.
#[derive(Clone, Copy)]
struct Line {
    name: &'static str,
    bytes_per_second: u64,
    /// Every so many bytes in all, the connection that carries them breaks.
    breaks_after: Option<u64>,
}

const LINES: [Line; 3] = [
    Line {
        name: "loopback",
        bytes_per_second: u64::MAX,
        breaks_after: None,
    },
    Line {
        name: "10 MB/s a connection",
        bytes_per_second: 10_000_000,
        breaks_after: None,
    },
    Line {
        name: "10 MB/s, breaks every 40 MB",
        bytes_per_second: 10_000_000,
        breaks_after: Some(40_000_000),
    },
];

fn main() -> Result<()> {
    for line in LINES {
        for size in SIZES {
            let whole = measure(line, size, false)?;
            let parts = measure(line, size, true)?;
            let ratio = parts.took.as_secs_f64() / whole.took.as_secs_f64();
            say(&format!(
                "{:<28} {} MB: whole {whole}; parts {parts}; ratio {ratio:.2}",
                line.name,
                size / 1_000_000,
            ));
        }
    }
    Ok(())
}

struct Measured {
    took: Duration,
    sent: u64,
    /// Whether it got there at all.
    arrived: bool,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let end = if self.arrived { "" } else { ", given up" };
        let (took, sent) = (self.took.as_secs_f64(), self.sent / 1_000_000);
        write!(f, "{took:.2} s, {sent} MB sent{end}")
    }
}

/// Two files of this size, to an empty folder.
fn measure(line: Line, size: u64, in_parts: bool) -> Result<Measured> {
    let temp = tempfile::tempdir()?;
    let emulator = BoxEmulator::builder().start()?;
    emulator.set_chunked_minimum(if in_parts { 20_000_000 } else { u64::MAX });
    let folder = emulator.folder("/Bench");
    let mirror = temp.path().join("mirror");
    fs::create_dir(&mirror)?;
    for name in [1_u8, 2] {
        let mut rng = fastrand::Rng::with_seed(u64::from(name));
        let bytes: Vec<u8> = std::iter::repeat_with(|| rng.u8(..))
            .take(usize::try_from(size)?)
            .collect();
        fs::write(mirror.join(format!("{name}.bin")), bytes)?;
    }
    let direct = emulator.base_url();
    let target = direct.trim_start_matches("http://").to_owned();
    let proxy = proxy(line, target)?;
    let fragment = emulator.config_fragment().replace(&direct, &proxy);
    let config = configure(temp.path(), &fragment, &mirror, &folder)?;
    let began = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_boxup"))
        .args(["sync", "--once", "--json", "--config"])
        .arg(config)
        .stderr(Stdio::null())
        .output()?;
    let took = began.elapsed();
    let files = emulator.tree(&folder);
    let all_there = files.iter().filter(|file| file.kind == Kind::File).count() == 2;
    let arrived = output.status.success() && all_there;
    let last = String::from_utf8(output.stdout)?;
    let summary: serde_json::Value = serde_json::from_str(last.lines().last().unwrap_or(""))?;
    let sent = summary["bytes_sent"].as_u64().unwrap_or(0);
    Ok(Measured {
        took,
        sent,
        arrived,
    })
}

fn configure(dir: &Path, fragment: &str, mirror: &Path, folder: &str) -> Result<PathBuf> {
    let path = dir.join("sync.toml");
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    write!(
        file,
        "{fragment}\n[limits]\nuploads_per_minute = 10000000\nrequests_per_minute = 10000000\n\
         [state]\ndir = \"state\"\n[[mirror]]\nlocal = {mirror:?}\nfolder_id = {folder:?}\n"
    )?;
    Ok(path)
}

/// Where the line begins; what goes in comes out at `target`.
fn proxy(line: Line, target: String) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}", listener.local_addr()?);
    let carried = Arc::new(AtomicU64::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(std::result::Result::ok) {
            let Ok(far) = TcpStream::connect(&target) else {
                return;
            };
            let (Ok(near), Ok(back)) = (stream.try_clone(), far.try_clone()) else {
                return;
            };
            let carried = Arc::clone(&carried);
            std::thread::spawn(move || up(line, stream, far, &carried));
            std::thread::spawn(move || down(back, near));
        }
    });
    Ok(address)
}

/// From the program to Box, at the line's pace.
fn up(line: Line, mut from: TcpStream, mut to: TcpStream, carried: &AtomicU64) {
    let mut buffer = vec![0; 64 * 1024];
    let (began, mut passed) = (Instant::now(), 0);
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        passed += read as u64;
        let due = Duration::from_secs_f64(passed as f64 / line.bytes_per_second as f64);
        pause(due.saturating_sub(began.elapsed()));
        let before = carried.fetch_add(read as u64, Ordering::Relaxed);
        let is_broken = line
            .breaks_after
            .is_some_and(|most| before / most != (before + read as u64) / most);
        if is_broken || to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    // Gone already is fine.
    drop(to.shutdown(Shutdown::Both));
    drop(from.shutdown(Shutdown::Both));
}

fn down(mut from: TcpStream, mut to: TcpStream) {
    drop(std::io::copy(&mut from, &mut to));
    drop(to.shutdown(Shutdown::Both));
}

#[expect(
    clippy::disallowed_methods,
    reason = "a line of a certain width is made of waiting"
)]
fn pause(span: Duration) {
    std::thread::sleep(span);
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn say(text: &str) {
    println!("{text}");
}
